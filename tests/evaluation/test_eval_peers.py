"""Other systems: how their replies become records, what counts as a refusal, the table, and whole runs of theirs."""

import json
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest

from assistant.llm.reply_json import Usage
from evals.commands.main import main
from evals.peers.align import NOWHERE, cited, located, sentences_of, statements, unaligned
from evals.peers.asking import askable, prepare
from evals.peers.record import answer_of
from evals.peers.refusals import EMPTY, refusal_in
from evals.peers.reply import Quote, Reply, Source, reply_of
from evals.peers.systems import DECIDING, INSTALL, NAMES, SYSTEMS, origin_of
from evals.peers.table import columns_of, difference_rows, near_misses, reply_lines, score_systems, table_rows
from evals.questions.schema import Header, Turn
from evals.run.records import Run, find_run
from evals.run.suite import Material, load_material, read_suite
from evals.score.outcomes import Reader
from index.split.sentences import split_sentences
from tests.eval_outcomes import FIRST, SECOND, TEXT, THIRD
from tests.eval_runs import ARTICLE, RIGHT, make_run, meetings, mysteries, refused
from tests.evaluation.test_eval_run import write_suite
from tests.openai_server import OpenAIServer, Plain, Request

installed = pytest.mark.skipif(
    not all(map(find_spec, ("llama_index", "langchain_text_splitters"))), reason="the extra peers is not installed"
)
ARTICLES = {ARTICLE.id: ARTICLE}
WHOLE, HEAD = Source(1, "a", 0, len(TEXT)), Source(2, "a", 0, SECOND[1])


def places(reply: Reply, reading: Any) -> list[tuple[str, int, int]]:
    return [(item.article.id, item.start, item.end) for item in cited(reply, ARTICLES, reading)[1]]


@pytest.mark.parametrize(
    ("words", "found"),
    [
        ("Anna met Bo in Oslo.", ("a", 0, 20)),
        ("“They talked for 9.2 hours”", ("a", 44, 69)),
        ("she did  NOT\nmeet cara", ("a", 21, 42)),
        ("met Bo.", ("a", 5, 11)),  # a quote may end with a stop where the article goes on
        ("Anna met nobody.", None),
        ("…", None),
    ],
)
def test_a_quote_is_found_exactly_or_alike(words: str, found: tuple[str, int, int] | None) -> None:
    assert located(words, ARTICLE) == found


def test_a_place_stands_for_the_sentences_that_share_half_of_it() -> None:
    sentences = split_sentences(TEXT)
    assert [item.number for item in sentences_of(sentences, 5, 8)] == [0]
    assert [item.number for item in sentences_of(sentences, 0, len(TEXT))] == [0, 1, 2]
    assert [item.number for item in sentences_of(sentences, 5, 46)] == [0, 1]
    assert [item.number for item in sentences_of(sentences, 20, 21)] == []  # the blank between two of them


def test_marks_belong_to_the_sentence_before_them() -> None:
    found = statements("Anna met Bo [1, 2]. She went home. [3] According to Source 2, they talked [Source 1].")
    assert [(item.text, item.numbers) for item in found] == [
        ("Anna met Bo.", (1, 2)),
        ("She went home.", (3,)),
        ("According to Source 2, they talked.", (1, 2)),
    ]


def test_a_cited_chunk_is_one_place_or_its_sentences() -> None:
    reply = Reply("Anna met Bo [2].", (WHOLE, HEAD))
    assert places(reply, "given") == places(reply, "chunk") == [("a", 0, SECOND[1])]
    assert places(reply, "sentence") == [("a", *FIRST), ("a", *SECOND)]


def test_a_quote_stands_for_its_sentence_and_in_the_favourable_reading_for_its_chunk() -> None:
    quotes = (Quote(1, "met Bo"), Quote(2, "they talked for 9.2 hours"), Quote(1, "Anna met Dan"))
    reply = Reply("Anna met Bo. They talked.", (WHOLE, HEAD), quotes)
    assert places(reply, "given") == places(reply, "sentence") == [("a", *FIRST), ("a", *THIRD), NOWHERE]
    assert places(reply, "chunk") == [("a", 0, len(TEXT)), ("a", 0, SECOND[1])]
    assert [claim.citations for claim in cited(reply, ARTICLES, "given")[0]] == [(1, 2, 3), (1, 2, 3)]
    assert unaligned(reply, ARTICLES) == 1


def test_a_number_that_the_model_was_not_given_is_a_citation_of_nowhere() -> None:
    reply = Reply("Anna met Bo [7].", (WHOLE,))
    (claim,), (citation,) = cited(reply, ARTICLES, "given")
    assert claim.citations == (citation.n,)
    assert (citation.article.id, citation.sentence) == ("", "")


@pytest.mark.parametrize(
    ("said", "name"),
    [
        ("I don't know.", "I don't know"),
        ("I don’t know the answer.", "I don't know"),
        ("Empty Response", "Empty Response"),
        ("None of the provided sources are helpful.", "none of the sources"),
        ("The provided sources do not mention the depth of the reef [1].", "the sources do not say"),
        ("The articles don't say who won.", "the sources do not say"),
        ("There is no information about a strike in the sources.", "no information"),
        ("The depth is not mentioned.", "not mentioned"),
        ("His age is not given in the provided articles.", "not mentioned"),
        ("It cannot be determined from the text.", "cannot be told"),
        ("", EMPTY),
        (" . ", EMPTY),
        ("Anna did not meet Cara.", ""),
        ("The mayor said that she does not know the answer.", ""),
        ("The union did not give a date for the strike.", ""),
        ("No one was hurt.", ""),
        ("The document was signed on Monday.", ""),
        ("None of the ministers resigned.", ""),
    ],
)
def test_refusals_are_told_by_the_first_sentence(said: str, name: str) -> None:
    assert refusal_in(said) == name


def test_a_reply_becomes_a_record_that_is_scored_like_ours(tmp_path: Path) -> None:
    usage, seconds = Usage(80, 8, None, 1, 0.0), {"total": 2.0}
    reply = Reply("Anna met Bo [1].", (WHOLE,), usage=usage, seconds=seconds)
    answer = json.loads(json.dumps(answer_of("Whom?", reply, ARTICLES, "m")))
    assert reply_of(answer) == reply
    run = make_run(tmp_path / "run", meetings(1), [ARTICLE], {"q0": answer})
    (outcome,) = Reader(run).outcomes(run.completed())
    assert outcome.text == "Anna met Bo."
    assert [(item.start, item.end, item.text) for item in outcome.citations] == [(0, len(TEXT), TEXT)]
    assert [hit.place for hit in outcome.ranked or ()] == [("a", 0, len(TEXT))]
    assert (outcome.prompt_tokens, outcome.completion_tokens, outcome.seconds) == (80, 8, {"total": 2.0})
    assert outcome.confidence is None


@pytest.mark.parametrize("text", ["I don't know.", "", "The sources do not say. She may have met Bo [1]."])
def test_a_refusal_has_neither_claims_nor_citations(text: str) -> None:
    answer = answer_of("Whom?", Reply(text, (WHOLE,)), ARTICLES, "m")
    assert (answer["status"], answer["claims"], answer["citations"]) == ("insufficient", [], [])
    assert answer["peer"]["reply"]["text"] == text


def runs(folder: Path) -> dict[str, Run]:
    questions = (*meetings(3), *mysteries(1, question_type="near-miss"))
    ours = {"q0": RIGHT, "q1": RIGHT, "q2": RIGHT, "u0": refused()}
    usage, seconds = Usage(80, 8, None, 1, 0.0), {"total": 2.0}
    peer = answer_of("Whom?", Reply("Anna met Bo [1].", (WHOLE,), usage=usage, seconds=seconds), ARTICLES, "m")
    lost = Quote(1, "Bo met Anna in Bergen")
    quoting = answer_of("Whom?", Reply("Bo", (WHOLE,), (lost,), "schema", usage, seconds), ARTICLES, "m")
    theirs = {"q0": peer, "q1": quoting, "q2": "no answer within 60 s", "u0": peer}
    return {
        "llamaindex": make_run(folder / "theirs", questions, [ARTICLE], theirs),
        "ours": make_run(folder / "ours", questions, [ARTICLE], ours),
    }


def test_the_table_has_a_column_for_each_system(tmp_path: Path) -> None:
    systems = score_systems(runs(tmp_path), None)
    assert columns_of(systems) == ("", "llamaindex", "ours")
    rows = {row[0]: row[1:] for row in table_rows(systems)}
    assert rows["questions"] == ("4", "4")
    assert rows["answered"] == ("3", "3")
    assert rows["refused"] == ("0", "1")
    assert rows["errors, counted as wrong"] == ("1", "0")

    def starts(name: str) -> list[str]:
        return [cell.partition(" ")[0] for cell in rows[name]]

    # Of three answers one cites the chunk that holds the gold sentence, one quotes what stands nowhere, one failed.
    assert starts("citation f1 sentence") == ["0.333", "1.000"]
    assert starts("citation f1 sentence (whole chunks)") == ["0.667", "1.000"]
    assert starts("citation precision sentence (each sentence)") == ["0.111", "1.000"]
    assert starts("citation recall sentence (each sentence)") == ["0.333", "1.000"]
    assert starts("refused of near misses") == ["0.000", "1.000"]
    assert starts("over refusal") == ["0.333", "0.000"]
    assert starts("prompt tokens") == ["80", "100"]
    assert "vital nugget recall" not in rows
    assert reply_lines(systems) == ("llamaindex: replies by 2 × marks, 1 × schema; 1 of 1 quotes stand nowhere in their"
                                    " article",)  # fmt: skip


def test_differences_are_those_to_ours_on_the_same_questions(tmp_path: Path) -> None:
    rows = {row[0]: row[1:] for row in difference_rows(score_systems(runs(tmp_path), None))}
    (shown,) = rows["citation f1 sentence"]
    assert shown.startswith("-0.667 (")
    assert not difference_rows(score_systems({"langchain": runs(tmp_path / "other")["llamaindex"]}, None))


def test_only_questions_that_every_system_was_asked_are_compared(tmp_path: Path) -> None:
    both = runs(tmp_path)
    shorter = make_run(tmp_path / "shorter", both["ours"].questions, [ARTICLE], {"q0": RIGHT})
    systems = score_systems({**both, "ours": shorter}, None)
    assert [len(system.records) for system in systems] == [1, 1]
    assert [len(system.records) for system in score_systems(both, 2)] == [2, 2]


def test_without_near_misses_there_is_no_share_of_them(tmp_path: Path) -> None:
    run = make_run(tmp_path / "run", meetings(1), [ARTICLE], {"q0": RIGHT})
    assert near_misses(Reader(run).outcomes(run.completed())).value is None


def test_what_peers_cannot_be_asked_is_left_out_and_ids_decide_the_order() -> None:
    follow_up = meetings(1, history=(Turn(question="Who?", answer="Anna."),))[0].model_copy(update={"id": "f"})
    dated = meetings(1, as_of="2023-11-09")[0].model_copy(update={"id": "d"})
    questions = (*meetings(9), follow_up, dated)
    one = askable(Material(Header(name="made"), questions, (ARTICLE,)))
    other = askable(Material(Header(name="made"), questions[::-1], (ARTICLE,)))
    assert one.questions == other.questions
    assert {question.id for question in one.questions} == {f"q{i}" for i in range(9)}
    assert [question.id for question in one.questions] != [f"q{i}" for i in range(9)]


def test_every_system_says_where_its_setting_comes_from() -> None:
    assert (*SYSTEMS, "ours") == NAMES
    folder = Path(__file__).parents[2] / "evals" / "peers"
    assert all((folder / f"{item.module}.py").is_file() for item in SYSTEMS.values())
    assert all(find_spec(name) is not None for name in DECIDING)
    assert all(system.source for system in SYSTEMS.values())


def command(capsys: pytest.CaptureFixture[str], *arguments: str | Path) -> tuple[int, str, str]:
    with pytest.raises(SystemExit) as caught:
        main(["peers", *map(str, arguments)])
    printed = capsys.readouterr()
    assert "Traceback" not in printed.err
    return int(caught.value.code or 0), printed.out, printed.err


@pytest.mark.skipif(find_spec("llama_index") is not None, reason="the extra peers is installed")
def test_without_the_extra_the_command_says_how_to_install_it(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    status, _, said = command(capsys, write_suite(tmp_path / "suite", "http://127.0.0.1:1/v1"))
    assert status == 2
    assert "llama_index" in said
    assert INSTALL in said


@pytest.mark.parametrize("systems", ["haystack", ","])
def test_an_unknown_system_is_named(systems: str, capsys: pytest.CaptureFixture[str]) -> None:
    status, _, said = command(capsys, "smoke", "--systems", systems)
    assert status == 2
    assert "langchain, langchain-tuned" in said


def scripted(request: Request) -> Plain:
    """Quotes to LangChain, cites the first source to LlamaIndex; no schema for the second person, no answer at all."""
    prompt = request.prompt
    if "response_format" in request.body:
        text = json.dumps(
            {"answer": "The mayor.", "citations": [{"source_id": 0, "quote": "met the mayor of Port Berg"}]}
        )
        text = "not JSON" if "Bo Lund" in prompt.rpartition("human:")[2].rpartition("user:")[2] else text
    elif "<cited_answer>" in prompt:
        text = "<cited_answer><answer>I don't know.</answer><citations></citations></cited_answer>"
    else:
        text = "She met the mayor of Port Berg [1]."
    message = {"role": "assistant", "content": text}
    usage = {"prompt_tokens": 70, "completion_tokens": 7, "total_tokens": 77}
    return Plain(200, {"id": "1", "object": "chat.completion", "created": 1, "model": "m", "usage": usage,
                       "choices": [{"index": 0, "message": message, "finish_reason": "stop"}]})  # fmt: skip


@pytest.fixture
def server() -> Iterator[OpenAIServer]:
    with OpenAIServer(answer=scripted, models=["m"]) as server:
        yield server


@installed
@pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::UserWarning", "ignore::ResourceWarning")
def test_peers_are_asked_over_the_openai_protocol_and_recorded(
    tmp_path: Path, server: OpenAIServer, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    suite = write_suite(tmp_path / "suite", server.base_url, questions=2)
    status, shown, said = command(capsys, suite, "--systems", "langchain,llamaindex")
    assert status == 0, said
    assert "refusals: 1 × I don't know" in shown
    for name, text in (("langchain", "The mayor."), ("llamaindex", "She met the mayor of Port Berg.")):
        run = find_run(f"talks-peers-{name}")
        first = next(item for item in Reader(run).outcomes(run.completed()) if item.question.id == "q0")
        assert first.text == text
        assert [passage.article for passage in first.citations] == ["talks"]
        assert (first.prompt_tokens, first.completion_tokens) == (70, 7)
    asked = len(server.requests)
    status, again, _ = command(capsys, suite, "--systems", "langchain,llamaindex")
    assert len(server.requests) == asked
    assert again == shown


@installed
def test_a_setting_of_a_peer_decides_the_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    path = write_suite(tmp_path / "suite", "http://127.0.0.1:1/v1")
    suite = read_suite(path)
    folders = {name: prepare(name, suite, askable(load_material(suite, path))).folder for name in NAMES}
    assert len(set(folders.values())) == len(NAMES)
    assert origin_of(SYSTEMS["langchain"]).settings["peer.k"] == "4"
