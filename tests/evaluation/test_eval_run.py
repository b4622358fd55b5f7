"""Runs: what is recorded, what happens when something fails, and going on after the program has ended."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from assistant.cassettes.cassette import Cassette, import_replies
from evals.commands.main import main
from evals.run.append_only import open_line_file
from evals.run.records import Begun, Run, find_run
from evals.run.runner import Shard, execute, prepare_run
from evals.run.suite import load_material, read_suite
from evals.score.scoring import score_run
from index.errors import InputError, UnreachableError, UsageError
from tests.openai_server import OpenAIServer, Reply, Request, Streamed
from tests.parts import KEY, ROOT, reply_to

WAIT_SECONDS = 120
PEOPLE = ("Anna Berg", "Bo Lund", "Cara Holm", "Dan Eriksson", "Eva Strand", "Finn Dahl")
TEXT = "\n".join(
    f"On Monday {name} met the mayor of Port {name.split()[1]} about ferry {i}." for i, name in enumerate(PEOPLE)
)


def question(number: int) -> dict[str, Any]:
    name = PEOPLE[number]
    sentence = TEXT.split("\n")[number]
    evidence = [[{"article": "talks", "text": sentence}]]
    fields = {"id": f"q{number}", "question": f"Whom did {name} meet about ferry {number}?", "answerable": True}
    return {**fields, "answer_type": "span", "answers": [f"the mayor of Port {name.split()[1]}"], "evidence": evidence}


def write_suite(folder: Path, address: str, questions: int = len(PEOPLE), **fields: str | int | float) -> Path:
    """A suite of questions over one article, to be answered by the chat server at the address."""
    folder.mkdir(exist_ok=True)
    header = {"schema": "news-assistant/questions", "version": 1, "name": "talks"}
    lines = [header, *map(question, range(questions))]
    (folder / "questions.jsonl").write_text("".join(f"{json.dumps(line)}\n" for line in lines))
    (folder / "articles.jsonl").write_text(json.dumps({"id": "talks", "title": "Talks", "text": TEXT}) + "\n")
    top = {"name": "talks", **fields}
    settings = {"base_url": address, "model": "m", "retries": 0, "candidates": 4, "k": 2}
    toml = [f"{name} = {json.dumps(value)}" for name, value in top.items()]
    toml += ['questions = { file = "questions.jsonl" }', 'articles = ["articles.jsonl"]', "[settings]"]
    toml += [f"{name} = {json.dumps(value)}" for name, value in settings.items()]
    path = folder / "talks.toml"
    path.write_text("\n".join(toml))
    return path


def begin(path: Path, folder: Path, **settings: str | int) -> Run:
    suite = read_suite(path)
    changed = suite.with_settings({**suite.settings, **settings})
    return prepare_run(folder, changed, load_material(changed, path))


def quote(request: Request) -> Streamed:
    text = reply_to(request.body["messages"][-1]["content"], lambda _, sentence: sentence)
    return Streamed([text], usage={"prompt_tokens": 90, "completion_tokens": 5, "total_tokens": 95})


def unless(word: str, reply: Reply) -> Callable[[Request], Reply]:
    """Quotes, but gives this reply to questions that have the word."""
    return lambda request: reply if word in request.prompt.rpartition("Question:")[2] else quote(request)


@pytest.fixture
def server() -> Iterator[OpenAIServer]:
    with OpenAIServer(answer=quote, models=["m"]) as server:
        yield server


def run(capsys: pytest.CaptureFixture[str], *arguments: str | Path) -> tuple[int, str, str]:
    with pytest.raises(SystemExit) as caught:
        main([str(argument) for argument in arguments])
    printed = capsys.readouterr()
    assert "Traceback" not in printed.err
    return int(caught.value.code or 0), printed.out, printed.err


def refuse(error: InputError) -> None:
    raise error


def means(folder: Path) -> Mapping[str, float | None]:
    """Every metric but those of time."""
    measured = score_run(Run(folder)).measured
    return {name: item.metric.value for name, item in measured.items() if "_seconds_" not in name}


def test_every_question_gets_a_record_that_scores_can_be_computed_from(
    tmp_path: Path, server: OpenAIServer, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "run"
    status, _, err = run(capsys, "run", write_suite(tmp_path / "s", server.base_url), "--to", folder)
    assert status == 0
    assert f"{folder}: 6 questions, 0 of them recorded before" in err
    assert "6/6 · 6 answered · 0 refused · correct 1.00 · citation F1 " in err
    records = Run(folder).completed()
    assert [record.question for record in records] == [f"q{i}" for i in range(6)]
    assert all(record.answer and record.answer["hits"] and record.answer["usage"] for record in records)
    status, out, _ = run(capsys, "score", folder)
    assert status == 0
    assert "model m · 6 answered" in out
    values = means(folder)
    assert (values["citation_recall_sentence"], values["answer_recall"], values["hit@1_sentence"]) == (1, 1, 1)
    assert values["prompt_tokens"] == 90


@pytest.mark.parametrize("named", [False, True])
def test_a_key_goes_to_a_suites_address_only_where_the_user_names_it_too(
    tmp_path: Path,
    server: OpenAIServer,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    named: bool,
) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", KEY)
    if named:
        monkeypatch.setenv("OPENAI_BASE_URL", server.base_url)
    suite = write_suite(tmp_path / "s", server.base_url, questions=1)
    status, _, err = run(capsys, "run", suite, "--to", tmp_path / "run")
    assert status == 0
    assert server.requests
    assert {f"Bearer {KEY}" == request.headers.get("authorization") for request in server.requests} == {named}
    assert named or not any(KEY in str(request) for request in server.requests)
    notice = f"Warning: api_key (from environment OPENAI_API_KEY) is not sent to {server.base_url}"
    assert (notice in err) is not named
    assert KEY not in err


def test_a_run_says_where_its_numbers_come_from(tmp_path: Path, server: OpenAIServer) -> None:
    provenance = begin(write_suite(tmp_path / "s", server.base_url), tmp_path / "run").info.provenance
    assert len(provenance.code) == len(provenance.articles) == 64
    assert "answer" in provenance.prompts
    assert provenance.packages["chromadb"]
    assert provenance.settings["k"] == "2"
    assert not {"api_key", "embeddings_api_key"} & provenance.settings.keys()
    assert set(provenance.weights) == {"embeddings", "reranker", "reader"}
    assert provenance.machine["cores"]


def test_running_again_asks_nothing_that_is_recorded(tmp_path: Path, server: OpenAIServer) -> None:
    path, folder = write_suite(tmp_path / "s", server.base_url), tmp_path / "run"
    execute(begin(path, folder), limit=2)
    assert len(server.requests) == 2
    execute(begin(path, folder))
    assert len(server.requests) == 6
    execute(begin(path, folder))
    assert len(server.requests) == 6
    assert score_run(Run(folder)).complete


def test_shards_together_are_the_whole(tmp_path: Path, server: OpenAIServer) -> None:
    path, folder = write_suite(tmp_path / "s", server.base_url), tmp_path / "run"
    for number in (1, 2):
        execute(begin(path, folder), shard=Shard(number, 2))
    assert len(list(folder.glob("records-?-of-2.jsonl"))) == 2
    assert len(server.requests) == 6
    assert score_run(Run(folder)).complete


def test_several_workers_record_the_same(tmp_path: Path, server: OpenAIServer) -> None:
    path = write_suite(tmp_path / "s", server.base_url)
    for workers in (1, 3):
        execute(begin(path, tmp_path / str(workers)), workers=workers)
    assert means(tmp_path / "1") == means(tmp_path / "3")


def test_repetitions_have_seeds_of_their_own_and_count_once(tmp_path: Path, server: OpenAIServer) -> None:
    folder = tmp_path / "run"
    execute(begin(write_suite(tmp_path / "s", server.base_url, 2, repeats=2, seed=5), folder))
    assert [request.body["seed"] for request in server.requests] == [5, 5, 6, 6]
    assert Run(folder).keys == (("q0", 5), ("q1", 5), ("q0", 6), ("q1", 6))
    interval = score_run(Run(folder)).measured["citation_f1_sentence"].interval
    assert interval is not None
    assert interval.clusters == 2


def test_one_question_without_answer_in_time_is_a_record(tmp_path: Path) -> None:
    with OpenAIServer(answer=unless("ferry 1", Streamed(["{"], hang=True)), models=["m"]) as server:
        folder = tmp_path / "run"
        execute(begin(write_suite(tmp_path / "s", server.base_url, 3, timeout_seconds=12), folder))
    failed = [record for record in Run(folder).completed() if record.error]
    assert [(record.question, record.error, record.error_kind) for record in failed] == [
        ("q1", "no answer within 12 s", "time-out")
    ]
    measured = score_run(Run(folder)).measured["answer_correct"].metric
    assert measured.value == pytest.approx(2 / 3)
    assert (measured.errors, measured.without_errors) == (1, 1)


def test_a_server_that_is_gone_stops_the_run_and_loses_nothing(tmp_path: Path) -> None:
    path, folder = tmp_path / "s", tmp_path / "run"
    with OpenAIServer(answer=quote, models=["m"]) as server:
        suite = write_suite(path, server.base_url)
        execute(begin(suite, folder), limit=2)
    with pytest.raises(UnreachableError):
        execute(begin(suite, folder))
    assert len(Run(folder).completed()) == 2
    assert Run(folder).progress().unfinished == {("q2", 0): 1}


def test_what_ends_the_program_again_and_again_is_recorded_as_a_crash(tmp_path: Path, server: OpenAIServer) -> None:
    folder = tmp_path / "run"
    opened = begin(write_suite(tmp_path / "s", server.base_url, 2), folder)
    with open_line_file(folder / "records.jsonl") as file:
        for _ in range(3):
            file.add(Begun(question="q0", seed=0))
    execute(opened)
    first, second = Run(folder).completed()
    assert (first.error_kind, second.error_kind) == ("crash", "")
    assert first.error == "the program ended 3 times while it answered this question"


def test_another_run_in_the_same_folder_is_refused(tmp_path: Path, server: OpenAIServer) -> None:
    path, folder = write_suite(tmp_path / "s", server.base_url), tmp_path / "run"
    begin(path, folder)
    with pytest.raises(UsageError, match="holds a run with other settings"):
        begin(path, folder, k=1)
    with pytest.raises(UsageError, match="holds a run with other questions"):
        begin(write_suite(tmp_path / "s", server.base_url, 3), folder)


def test_evidence_that_is_not_in_the_articles_is_named(tmp_path: Path, server: OpenAIServer) -> None:
    path = write_suite(tmp_path / "s", server.base_url)
    (path.parent / "articles.jsonl").write_text('{"id": "talks", "text": "Nothing."}\n')
    with pytest.raises(InputError, match="6 spans of evidence are not in the articles; first: question q0"):
        begin(path, tmp_path / "run")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda text: text.replace('"seed"', '"sead"', 1), r"records\.jsonl:1: field 'begun\.seed'"),
        (lambda text: text.replace('"q0"', '"x"'), r"records\.jsonl:1: the run has no question 'x' with seed 0"),
        (lambda text: "{}\n" + text, r"records\.jsonl:1"),
    ],
)
def test_a_broken_record_is_named(
    tmp_path: Path, server: OpenAIServer, change: Callable[[str], str], message: str
) -> None:
    folder = tmp_path / "run"
    execute(begin(write_suite(tmp_path / "s", server.base_url, 1), folder))
    path = folder / "records.jsonl"
    path.write_text(change(path.read_text()))
    with pytest.raises(InputError, match=message):
        Run(folder).completed()


def test_changed_questions_are_not_scored(tmp_path: Path, server: OpenAIServer) -> None:
    folder = tmp_path / "run"
    begin(write_suite(tmp_path / "s", server.base_url, 1), folder)
    path = folder / "questions.jsonl"
    path.write_text(path.read_text().replace("Whom", "Who"))
    with pytest.raises(InputError, match=r"questions\.jsonl: changed since the run began"):
        score_run(Run(folder))


def test_a_line_that_was_cut_off_counts_as_not_written(tmp_path: Path, server: OpenAIServer) -> None:
    path, folder = write_suite(tmp_path / "s", server.base_url, 2), tmp_path / "run"
    execute(begin(path, folder))
    file = folder / "records.jsonl"
    file.write_bytes(file.read_bytes()[:-40])
    assert len(Run(folder).completed()) == 1
    execute(begin(path, folder))
    assert len(Run(folder).completed()) == 2


def test_two_programs_cannot_add_to_one_file(tmp_path: Path, server: OpenAIServer) -> None:
    folder = tmp_path / "run"
    opened = begin(write_suite(tmp_path / "s", server.base_url, 1), folder)
    with open_line_file(folder / "records.jsonl"), pytest.raises(UsageError, match="another process is adding to"):
        execute(opened)
    assert not server.requests


def test_a_dry_run_asks_nothing(tmp_path: Path, server: OpenAIServer, capsys: pytest.CaptureFixture[str]) -> None:
    suite, folder = write_suite(tmp_path / "s", server.base_url), tmp_path / "run"
    status, out, _ = run(capsys, "run", suite, "--to", folder, "--dry-run")
    assert status == 0
    assert out.startswith("6 questions to ask; refusals need no call\nat most 6 calls and ")
    assert not server.requests
    run(capsys, "run", suite, "--to", folder, "--limit", "2")
    out = run(capsys, "run", suite, "--to", folder, "--dry-run")[1]
    assert out.splitlines()[-1] == "as so far: 4 calls, 360 prompt and 20 completion tokens"


def test_an_incomplete_run_has_status_3(
    tmp_path: Path, server: OpenAIServer, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "run"
    run(capsys, "run", write_suite(tmp_path / "s", server.base_url), "--to", folder, "--limit", "2")
    status, out, _ = run(capsys, "score", folder)
    assert status == 3
    assert "4 not asked yet, 2 answered" in out
    status, out, _ = run(capsys, "score", folder, "--json")
    data = json.loads(out)
    assert (status, data["recorded"], data["missing"]) == (3, 2, 4)
    assert data["metrics"]["answer_correct"]["scores"] == {"q0": 1, "q1": 1}


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (("--shard", "3/2"), "--shard 3/2: not a part of a whole"),
        (("--set", "k"), "--set k: not of the form NAME=VALUE"),
        (("--set", "speed=1"), "'speed' is not a setting"),
    ],
)
def test_wrong_options_have_status_2(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], options: tuple[str, ...], message: str
) -> None:
    status, _, err = run(capsys, "run", write_suite(tmp_path / "s", "http://127.0.0.1:9/v1"), *options)
    assert status == 2
    assert message in err


def test_no_run_in_the_folder_is_told_in_two_lines(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    status, _, err = run(capsys, "score", tmp_path)
    assert status == 1
    assert f"no run {tmp_path}" in err
    assert "give the folder of a run, or the name of a suite. Runs: " in err


def test_usually_whatever_decides_the_answers_names_the_folder(
    tmp_path: Path, server: OpenAIServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    suite = read_suite(path := write_suite(tmp_path / "s", server.base_url))
    material = load_material(suite, path)
    first = prepare_run(None, suite, material)
    assert first.folder.parent == Path(".runs")
    assert prepare_run(None, suite, material) == first
    other = prepare_run(None, suite.with_settings({**suite.settings, "k": 1}), material)
    assert other != first
    assert find_run("talks") == other
    assert find_run(str(first.folder)) == first


def start(suite: Path, folder: Path) -> "subprocess.Popen[bytes]":
    command = [sys.executable, "-m", "evals", "run", str(suite), "--to", str(folder)]
    return subprocess.Popen(command, cwd=ROOT, stderr=subprocess.DEVNULL, env=dict(os.environ))


def kill_after(process: "subprocess.Popen[bytes]", server: OpenAIServer, requests: int) -> None:
    """Wait until the server has had so many requests, then kill the process where it stands."""
    deadline = time.monotonic() + WAIT_SECONDS
    while len(server.requests) < requests:
        assert time.monotonic() < deadline, "the run took too long"
        assert process.poll() is None, "the run ended before it could be killed"
        time.sleep(0.01)
    process.send_signal(signal.SIGKILL)
    assert process.wait(WAIT_SECONDS) == -signal.SIGKILL


def test_a_run_killed_twice_scores_as_one_that_was_not(tmp_path: Path) -> None:
    def slowly(request: Request) -> Streamed:
        time.sleep(0.2)
        return quote(request)

    with OpenAIServer(answer=slowly, models=["m"]) as server:
        suite = write_suite(tmp_path / "s", server.base_url)
        kill_after(start(suite, tmp_path / "killed"), server, 2)
        kill_after(start(suite, tmp_path / "killed"), server, len(server.requests) + 2)
        assert 0 < len(Run(tmp_path / "killed").completed()) < len(PEOPLE)
        assert start(suite, tmp_path / "killed").wait(WAIT_SECONDS) == 0
        assert start(suite, tmp_path / "whole").wait(WAIT_SECONDS) == 0
    assert Run(tmp_path / "killed").keys == Run(tmp_path / "whole").keys
    assert means(tmp_path / "killed") == means(tmp_path / "whole")


def test_a_run_whose_replies_come_from_somebody_else(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    suite, folder, tape = write_suite(tmp_path / "s", "http://127.0.0.1:9/v1", 3), tmp_path / "run", tmp_path / "tape"
    monkeypatch.setenv("ASSISTANT_CASSETTE", str(tape))
    monkeypatch.setenv("ASSISTANT_CASSETTE_MODE", "pending")
    for _ in range(4):  # more often than a question may end the program
        status, _, err = run(capsys, "run", suite, "--to", folder)
        assert status == 3
        assert err.endswith(f"3 questions wait for replies: {tape / 'requests.jsonl'}\n")
    assert Run(folder).completed() == ()
    assert Run(folder).progress().unfinished == {}
    asked = [json.loads(line) for line in (tape / "requests.jsonl").read_text().splitlines()]
    assert len(asked) == 3
    given = [{**item, "reply": reply_to(item["messages"][-1]["content"], lambda _, text: text)} for item in asked]

    replies = tmp_path / "replies.jsonl"
    replies.write_text(f"{json.dumps(given[0])}\n")
    import_replies(Cassette(tape), replies, refuse)
    monkeypatch.setenv("ASSISTANT_CASSETTE_MODE", "replay")  # the same run
    status, _, err = run(capsys, "run", suite, "--to", folder)
    assert (status, len(Run(folder).completed())) == (3, 1)
    assert "2 questions wait for replies; ASSISTANT_CASSETTE_MODE=pending" in err
    assert run(capsys, "score", folder)[0] == 3

    replies.write_text("".join(f"{json.dumps(item)}\n" for item in given))
    import_replies(Cassette(tape), replies, refuse)
    assert run(capsys, "run", suite, "--to", folder)[0] == 0
    assert score_run(Run(folder)).complete
    assert means(folder)["answer_recall"] == 1
    assert Run(folder).info.provenance.settings["cassette"] == str(tape)
