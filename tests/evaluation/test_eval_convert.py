"""Converters: hand-written samples of each format, and the real files where they are at hand."""

import json
from pathlib import Path
from typing import Any

import pytest

from evals.commands.main import main
from evals.converters.convert import CONVERTERS, Report, convert
from evals.converters.source import Options
from evals.questions.anchors import anchor_questions
from evals.questions.files import QuestionSet, read_questions
from evals.questions.schema import Header, Question
from index.articles import Article
from index.errors import InputError, UsageError
from index.read.readers import read_articles

DATA = Path(__file__).parents[3] / "shared" / "data"


class Converted:
    """A conversion's report and what it wrote, read back."""

    def __init__(self, kind: str, source: Path, folder: Path, options: Options, refuse: bool) -> None:
        self.report: Report = convert(
            CONVERTERS[kind], source, folder, Header(name=kind), options, refuse=refuse, overwrite=True
        )
        self.set: QuestionSet = read_questions(folder / "questions.jsonl")
        file = folder / "articles.jsonl"
        self.articles: dict[str, Article] = {item.id: item for item in read_articles(file)} if file.exists() else {}

    @property
    def questions(self) -> dict[str, Question]:
        return {question.id: question for question in self.set.questions}

    def check(self) -> None:
        """Nothing is lost, and all evidence with offsets stands where it says, in the articles as we read them."""
        assert self.report.written == len(self.set.questions)
        assert self.report.articles == len(self.articles)
        anchored = [q for q in self.set.questions if all(s.start is not None for group in q.evidence for s in group)]
        result = anchor_questions(anchored, self.articles)
        assert not result.failures
        assert set(result.fits) <= {"in place"}


def run(
    tmp_path: Path,
    kind: str,
    content: object,
    options: Options | None = None,
    *,
    name: str = "in.json",
    refuse: bool = False,
) -> Converted:
    source = tmp_path / name
    lines = "\n".join(map(json.dumps, content)) if name.endswith(".jsonl") and isinstance(content, list) else None
    source.write_text(content if isinstance(content, str) else lines or json.dumps(content), encoding="utf-8")
    return Converted(kind, source, tmp_path / "out", options or Options(), refuse)


def squad(**changes: Any) -> dict[str, Any]:
    """One page of two paragraphs with three questions; ``changes`` are made to the last."""
    first = {"id": "1", "question": "Who spoke?", "answers": [{"text": "Bo", "answer_start": 0}] * 2}
    monday = [{"text": "Monday", "answer_start": 18}, {"text": "on Monday", "answer_start": 15}]
    second = {"id": "2", "question": "When?", "answers": monday}
    third = {"id": "3", "question": "Why?", "answers": [], "is_impossible": True, "plausible_answers": [{"text": "Bo"}]}
    paragraphs = [
        {"context": "Bo spoke.\r\nHe left.", "qas": [first]},
        {"context": "They will meet on Monday.", "qas": [second, {**third, **changes}]},
    ]
    return {"version": "v2.0", "data": [{"title": "Some_Page", "paragraphs": paragraphs}]}


def test_squad_pages_become_articles_of_their_paragraphs(tmp_path: Path) -> None:
    result = run(tmp_path, "squad", squad())
    result.check()
    assert result.articles["Some_Page"].text == "Bo spoke. \nHe left.\n\nThey will meet on Monday."
    assert result.articles["Some_Page"].title == "Some Page"
    assert result.questions["1"].answers == (("Bo",),)
    assert [span.text for span in result.questions["2"].evidence[0]] == ["Monday", "on Monday"]
    assert not result.questions["3"].answerable
    assert {question.cluster for question in result.set.questions} == {"Some_Page"}
    assert result.report.notes == {"field 'plausible_answers' has no place in a question and is left out": 1}


def test_squad_paragraphs_can_be_articles(tmp_path: Path) -> None:
    result = run(tmp_path, "squad", squad(), Options(paragraphs=True))
    result.check()
    assert list(result.articles) == ["Some_Page#0", "Some_Page#1"]
    assert result.questions["2"].evidence[0][0].article == "Some_Page#1"


def test_squad_faults_are_skipped_or_noted_with_their_place(tmp_path: Path) -> None:
    result = run(tmp_path, "squad", squad(is_impossible=False))
    assert (result.report.read, result.report.written) == (3, 2)
    assert result.report.skipped == {"answerable, but without an answer": 1}
    assert "item 1, question 3" in result.report.places["answerable, but without an answer"][0]
    wrong = squad(answers=[{"text": "Bo", "answer_start": 9}], is_impossible=False)
    result = run(tmp_path, "squad", wrong)
    assert result.report.notes["an answer does not stand at its offset; it is kept without a place"] == 1
    assert result.questions["3"].evidence == ()


def test_repeated_ids_are_skipped_and_counted(tmp_path: Path) -> None:
    result = run(tmp_path, "squad", squad(id="1"))
    assert result.report.skipped == {"an earlier question has the same id": 1}
    assert result.report.read == 3


def test_clapnq_needs_every_chosen_sentence(tmp_path: Path) -> None:
    spans = [
        {"article": "ca0", "start": 0, "end": 4, "text": "One."},
        {"article": "ca0", "start": 5, "end": 9, "text": "Two."},
    ]
    records = [
        {"id": "1", "question": "what", "answers": ["One and two."], "answerable": True, "evidence": spans},
        {"id": "2", "question": "who", "answers": [], "answerable": False, "evidence": [], "minimal": "x"},
        {"id": "3", "question": "how", "answers": [], "answerable": True, "evidence": spans[:1]},
    ]
    result = run(tmp_path, "clapnq", records, name="in.jsonl")
    assert [len(group) for group in result.questions["1"].evidence] == [1, 1]
    assert result.questions["1"].answer_type == "long"
    assert not result.questions["2"].answerable
    assert result.report.notes == {
        "field 'minimal' has no place in a question and is left out": 1,
        "answerable, but without an answer: answers to it cannot be scored": 1,
    }


def multihop(number: int, kind: str, answer: str, *facts: str) -> dict[str, Any]:
    evidence = [{"fact": fact, "url": "https://example.org/a", "title": "A"} for fact in facts]
    return {"id": str(number), "query": "Who?", "question_type": kind, "answer": answer, "evidence_list": evidence}


def test_multihop_facts_are_all_needed_and_placed_in_the_corpus(tmp_path: Path) -> None:
    corpus = tmp_path / "corpus.json"
    article = {
        "title": "A",
        "url": "https://example.org/a",
        "body": "Bo  spoke. Cara left.",
        "published_at": "2023-09-26T17:01:22+00:00",
    }
    corpus.write_text(json.dumps([article]))
    records = [
        multihop(1, "inference_query", "Yes", "Bo spoke.", "Cara left."),
        multihop(2, "null_query", "Insufficient information."),
    ]
    result = run(tmp_path, "multihop-rag", records, Options(corpus=corpus))
    result.check()
    assert result.questions["1"].answers == (("yes",),)
    assert [group[0].text for group in result.questions["1"].evidence] == ["Bo  spoke.", "Cara left."]
    assert not result.questions["2"].answerable
    result = run(
        tmp_path, "multihop-rag", [*records, multihop(3, "inference_query", "Bo", "Dan.")], Options(corpus=corpus)
    )
    assert result.report.notes == {"a fact has no offsets: the text is not in the article": 1}


def test_refusing_makes_every_question_unanswerable(tmp_path: Path) -> None:
    result = run(tmp_path, "squad", squad(), refuse=True)
    assert not any(question.answerable for question in result.set.questions)
    assert (result.report.unanswerable, result.articles) == (3, {})
    assert result.report.notes["made unanswerable, as --refuse says"] == 2
    assert result.report.notes["article left out, as --refuse says"] == 1


def test_hotpot_supporting_sentences_are_all_needed(tmp_path: Path) -> None:
    record = {
        "_id": "h1",
        "question": "Same town?",
        "answer": "yes",
        "type": "comparison",
        "level": "hard",
        "supporting_facts": [["Bo", 1], ["Cara", 0], ["Cara", 9]],
        "context": [["Bo", ["Bo sings.", " Bo lives in Oslo."]], ["Cara", ["Cara lives in Oslo."]], ["Dan", ["Dan."]]],
    }
    result = run(tmp_path, "hotpotqa", [record])
    result.check()
    question = result.questions["h1"]
    assert [group[0].text for group in question.evidence] == ["Bo lives in Oslo.", "Cara lives in Oslo."]
    assert (question.answer_type, question.question_type, question.tags) == ("yes_no", "comparison", ("hard",))
    assert len(result.articles) == 3
    assert result.report.notes == {"a supporting fact points at a sentence that is not there; it is left out": 1}


def test_rgb_documents_hold_the_answer_or_not(tmp_path: Path) -> None:
    records = [
        {
            "id": 0,
            "query": "When?",
            "answer": ["May 1", ["9 pm", "21:00"]],
            "positive": [["On May 1."], ["At 21:00."]],
            "negative": ["No."],
        },
        {
            "id": 1,
            "query": "Who?",
            "answer": "Bo",
            "positive": ["Bo won.", "He won."],
            "negative": [],
            "fakeanswer": "Dan",
            "positive_wrong": ["Dan won."],
        },
        {"id": 2, "query": "Where?", "answer": "Oslo", "positive": ["Bergen."], "negative": []},
    ]
    result = run(tmp_path, "rgb", records, name="en.jsonl")
    result.check()
    assert result.questions["0"].answers == (("May 1",), ("9 pm", "21:00"))
    assert [group[0].text for group in result.questions["0"].evidence] == ["May 1", "21:00"]
    assert result.questions["1"].attack is not None
    assert result.questions["1"].attack.says == ("Dan",)
    assert result.report.notes == {"an answer stands in no positive document; it has no evidence": 1}
    assert len(result.articles) == 7


def mtrag(kind: str, *turns: str, contexts: tuple[str, ...] = ()) -> dict[str, Any]:
    speakers = ("user", "agent")
    return {
        "task_id": f"{kind}<::>{len(turns)}",
        "conversation_id": "c",
        "input": [{"speaker": speakers[i % 2], "text": text} for i, text in enumerate(turns)],
        "targets": [{"text": "Because of it."}],
        "contexts": [{"document_id": f"d{text}", "text": f"\n{text}"} for text in contexts],
        "answerability": [kind],
        "Question Type": ["Factoid"],
        "Multi-Turn": ["Follow-up"],
        "Collection": "govt",
    }


def test_mtrag_turns_before_the_question_are_its_history(tmp_path: Path) -> None:
    records = [
        mtrag("ANSWERABLE", "Who?", "Bo.", "And why?", contexts=("One.", "Two.")),
        mtrag("UNANSWERABLE", "Who?"),
        mtrag("UNDERSPECIFIED", "What?", contexts=("One.",)),
        mtrag("CONVERSATIONAL", "Hello!"),
    ]
    result = run(tmp_path, "mtrag", records, name="in.jsonl")
    result.check()
    question = result.questions["ANSWERABLE<::>3"]
    assert [(turn.question, turn.answer) for turn in question.history] == [("Who?", "Bo.")]
    assert (question.question, [span.text for span in question.evidence[0]]) == ("And why?", ["One.", "Two."])
    assert (question.cluster, question.tags) == ("c", ("answerable", "govt", "follow-up"))
    assert [item.answerable for item in result.set.questions] == [True, False, False]
    assert result.report.skipped.total() == 1
    assert len(result.articles) == 2


def test_a_ragas_csv_is_read_under_its_own_column_names(tmp_path: Path) -> None:
    head = "user_input,reference,reference_contexts,response\n"
    table = head + "Who?,Bo,\"['Bo spoke.']\",Dan\nYes?,No,[],\nWhy?,,[],\n,x,[],\n"
    result = run(tmp_path, "table", table, name="ragas.csv")
    result.check()
    assert [question.question for question in result.set.questions] == ["Who?", "Yes?"]
    assert result.set.questions[0].answers == (("Bo",),)
    assert result.set.questions[0].evidence[0][0].text == "Bo spoke."
    assert result.set.questions[1].verdict == "no"
    assert result.report.skipped == {
        "no gold answer, and no column says that it is unanswerable": 1,
        "the question is blank": 1,
    }
    assert result.report.notes == {"column 'response' has no place in a question and is left out": 1}


def test_langsmith_lines_are_read_by_dotted_paths(tmp_path: Path) -> None:
    records: list[dict[str, Any]] = [
        {"id": "x", "inputs": {"question": "Who?"}, "outputs": {"answer": "Bo"}, "known": True},
        {"id": "y", "inputs": {"question": "Why?"}, "outputs": {"answer": "n/a"}, "known": False},
    ]
    options = Options(columns={"answerable": "known"})
    result = run(tmp_path, "table", records, options, name="in.jsonl")
    assert [(question.id, question.answerable) for question in result.set.questions] == [("x", True), ("y", False)]
    with pytest.raises(InputError, match="no column 'who'"):
        run(tmp_path, "table", records, Options(columns={"question": "who"}), name="in.jsonl")
    with pytest.raises(UsageError, match="not a field"):
        run(tmp_path, "table", records, Options(columns={"wording": "who"}), name="in.jsonl")
    with pytest.raises(InputError, match="no column with the question"):
        run(tmp_path, "table", [{"text": "x"}], name="in.jsonl")


BROKEN = {"id": 1, "question": "?", "answers": [{}]}


@pytest.mark.parametrize(
    ("kind", "content", "message"),
    [
        ("squad", '{"data": [{"title": "A", "paragraphs": [', "not valid JSON"),
        ("squad", '{"data": [{"title": "A"}]}', r"in\.json: item 1: field 'paragraphs' is missing"),
        ("squad", '{"data": [1]}', "item 1: not an object"),
        (
            "squad",
            json.dumps({"data": [{"title": "A", "paragraphs": [{"context": "x", "qas": [BROKEN]}]}]}),
            "item 1: not a record of this format: KeyError",
        ),
        ("clapnq", '{"id": "1"}\n', r"in\.json:1: field 'answers' is missing"),
        ("clapnq", '{"id": "1"', r"in\.json:1: not valid JSON"),
        ("hotpotqa", '[{"context": [1]}]', "item 1: not a record of this format: TypeError"),
    ],
)
def test_a_file_of_another_form_is_refused_and_writes_nothing(
    tmp_path: Path, kind: str, content: str, message: str
) -> None:
    with pytest.raises(InputError, match=message):
        run(tmp_path, kind, content)
    assert list((tmp_path / "out").iterdir()) == []


def test_a_conversion_does_not_overwrite_its_own_source(tmp_path: Path) -> None:
    source = tmp_path / "questions.jsonl"
    source.write_text("{}")
    with pytest.raises(UsageError, match="overwritten"):
        convert(CONVERTERS["clapnq"], source, tmp_path, Header(name="x"), Options())
    assert source.read_text() == "{}"


def test_an_earlier_conversion_is_replaced_only_when_that_is_asked_for(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    source = tmp_path / "rows.csv"
    source.write_text("question,answer\nWho?,Bo\n", encoding="utf-8")
    written = tmp_path / "out" / "questions.jsonl"

    def status(*more: str) -> Any:
        with pytest.raises(SystemExit) as caught:
            main(["convert", "table", str(source), "--out", str(written.parent), *more])
        return caught.value.code

    assert status() == 0
    before = written.read_bytes()
    written.write_text("mine", encoding="utf-8")
    assert status() == 2
    assert f"{written} exists already" in capsys.readouterr().err
    assert written.read_text(encoding="utf-8") == "mine"
    assert status("--force") == 0
    assert written.read_bytes() == before


@pytest.mark.parametrize(
    ("kind", "file", "written", "unanswerable", "articles"),
    [
        ("squad", "squad2/dev-16-articles.json", 6078, 3168, 16),
        ("clapnq", "clapnq/questions.jsonl", 300, 151, 0),
        ("multihop-rag", "multihop-rag/queries.jsonl", 500, 71, 0),
        ("mtrag", "mtrag/tasks.jsonl", 507, 175, 1152),
    ],
)
def test_real_files_are_converted_whole(
    tmp_path: Path, kind: str, file: str, written: int, unanswerable: int, articles: int
) -> None:
    if not (DATA / file).exists():
        pytest.skip(f"shared/data/{file} is not beside the checkout")
    result = Converted(kind, DATA / file, tmp_path, Options(), refuse=False)
    if kind == "clapnq":
        passages = {article.id: article for article in read_articles(DATA / "clapnq" / "articles.jsonl")}
        assert not anchor_questions(result.set.questions, passages).failures
    else:
        result.check()
    assert (result.report.written, result.report.unanswerable, result.report.articles) == (
        written,
        unanswerable,
        articles,
    )
    assert result.report.skipped.total() == 0
