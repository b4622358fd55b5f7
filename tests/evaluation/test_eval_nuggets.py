"""Nuggets: the metrics, the reader that looks for them, TREC's files, and people's labels."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from evals.commands.main import main
from evals.judge.calibration import read_calibration
from evals.metrics.nuggets import NO_NUGGETS, NO_VITAL, nugget_f1, nugget_recall, vital_nugget_recall
from evals.metrics.outcome import Outcome
from evals.questions.files import read_questions, write_questions
from evals.questions.schema import Header, Nugget
from evals.run.records import Run
from evals.score.nuggets import FILE, stated
from evals.score.scoring import score_run
from index.errors import InputError
from index.retrieve.adapter import read_adapter
from index.retrieve.reader import ADAPTER, Reader
from tests.eval_outcomes import FIRST, ask, cite, fail, refuse, say, unanswerable
from tests.eval_runs import ARTICLE, RIGHT, WRONG, make_run, meetings, refused

MET, PLACE, HOURS = "Anna met Bo.", "The meeting was in Oslo.", "The talks took 9.2 hours."
DIGEST = read_adapter(ADAPTER).digest
NUGGETS = (Nugget(text=MET), Nugget(text=PLACE), Nugget(text=HOURS, vital=False))
LONG = ask(("Bo",), id="q0", answer_type="long", nuggets=NUGGETS)
THREE = {"q0": RIGHT, "q1": WRONG, "q2": refused()}


def told(*shares: float, text: str = "Anna met Bo.", cited: tuple[int, ...] = (1,)) -> Outcome:
    """An answer with the probabilities of its three nuggets."""
    matches = dict(zip((MET, PLACE, HOURS), shares, strict=True))
    return say(LONG, text, *cited, citations=(cite(1, FIRST),), matches=matches)


def run(capsys: pytest.CaptureFixture[str], *arguments: str | Path) -> tuple[int, str, str]:
    with pytest.raises(SystemExit) as caught:
        main([str(argument) for argument in arguments])
    printed = capsys.readouterr()
    assert "Traceback" not in printed.err
    return int(caught.value.code or 0), printed.out, printed.err


def values(run: Run) -> dict[str, float | None]:
    return {name: item.metric.value for name, item in score_run(run).measured.items() if "nugget" in name}


@pytest.fixture
def no_weights(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A machine on which no model was fetched."""
    monkeypatch.delenv("ASSISTANT_PREFETCHED_MODELS", raising=False)
    monkeypatch.setenv("ASSISTANT_MODELS_DIR", str(tmp_path / "none"))


# Metrics


def test_recall_counts_vital_nuggets_and_all_of_them() -> None:
    outcomes = [told(0.9, 0.5, 0.2), told(0.9, 0.49, 0.9), told(0.1, 0.1, 0.9)]
    assert [score.value for score in vital_nugget_recall(outcomes).scores] == [1, 0.5, 0]
    assert [score.value for score in nugget_recall(outcomes).scores] == pytest.approx([2 / 3, 2 / 3, 1 / 3])


def test_f1_weighs_vital_recall_against_support() -> None:
    unsupported = told(0.9, 0.9, 0.9, text="Anna met Dan.")
    half = told(0.9, 0.1, 0.9)
    dangling = told(0.9, 0.9, 0.9, cited=(7,))
    assert [score.value for score in nugget_f1([told(0.9, 0.9, 0.1), half, unsupported, dangling]).scores] == [
        *(1, pytest.approx(2 * 0.5 / 1.5)),  # recall 1/2, support 1
        *(0, 0),
    ]
    assert nugget_f1([told(0.1, 0.1, 0.9)]).value == 0


def test_refusals_and_failures_tell_nothing() -> None:
    for metric in (vital_nugget_recall, nugget_recall, nugget_f1):
        found = metric([refuse(LONG), fail(LONG)])
        assert (found.value, found.n, found.errors) == (0, 2, 1)


def test_what_has_no_nuggets_has_no_score() -> None:
    okay = ask(("Bo",), nuggets=(Nugget(text=HOURS, vital=False),))
    outcomes = [say(ask(("Bo",)), "Bo."), refuse(unanswerable()), say(okay, "Bo.", matches={HOURS: 0.9})]
    assert vital_nugget_recall(outcomes).unscored == nugget_f1(outcomes).unscored == {NO_NUGGETS: 2, NO_VITAL: 1}
    assert (nugget_recall(outcomes).value, nugget_recall(outcomes).n) == (1, 1)


def test_what_nobody_looked_for_has_no_score_even_of_refusals() -> None:
    outcomes = [say(LONG, "Bo.", unmatched="no reader"), refuse(LONG, unmatched="no reader")]
    for metric in (vital_nugget_recall, nugget_recall, nugget_f1):
        assert (metric(outcomes).value, metric(outcomes).unscored) == (None, {"no reader": 2})


# The reader


def test_statements_tell_a_nugget_alone_with_a_neighbour_or_together(reader: Reader) -> None:
    office, visit = "Ana Ortega took office in April.", "Two weeks later the minister visited Port Alder."
    apart = (office, "The weather was fine.", visit)
    alone, strange, both = stated(
        reader,
        ["Ortega took office.", "Ortega resigned.", "Ortega took office in April and visited Port Alder."],
        apart,
    )
    assert min(alone, both) > 0.5 > strange
    # The name is in one, the visit in the other; joined with ten more statements they are overlooked.
    long = (office, visit, *(f"The harbour has {count} berths." for count in range(3, 13)))
    visited = "Ana Ortega visited Port Alder."
    assert stated(reader, [visited], long)[0] > 0.5
    assert all(stated(reader, [visited], [said])[0] < 0.5 for said in (office, visit, " ".join(long)))


def test_scoring_looks_for_nuggets_once_and_keeps_what_it_finds(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    made = make_run(tmp_path / "run", meetings(3, nuggets=NUGGETS), [ARTICLE], THREE)
    status, out, err = run(capsys, "score", made.folder)
    assert status == 0
    assert "looking for nuggets" in err
    shown = {line.split("  ")[0]: line.split()[3] for line in out.splitlines() if line.startswith("vital nugget")}
    assert shown == {"vital nugget recall": "0.333"}
    lines = [json.loads(line) for line in (made.folder / FILE).read_text().splitlines()]
    assert [(line["question"], line["seed"], line["reader"]) for line in lines] == [
        *(("q0", 0, DIGEST), ("q1", 0, DIGEST)),
    ]
    assert [share > 0.5 for share in lines[0]["stated"].values()] == [True, True, False]
    monkeypatch.setenv("ASSISTANT_MODELS_DIR", str(tmp_path / "none"))
    monkeypatch.delenv("ASSISTANT_PREFETCHED_MODELS", raising=False)
    status, again, err = run(capsys, "score", made.folder)
    assert (status, again, err) == (0, out, "")
    assert run(capsys, "report", made.folder, "--markdown", tmp_path / "r.md")[0] == 0
    assert "| vital nugget recall | 0.333 |" in (tmp_path / "r.md").read_text(encoding="utf-8")


@pytest.mark.usefixtures("no_weights")
def test_without_the_reader_nuggets_are_not_scored_and_that_is_no_error(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    made = make_run(tmp_path / "run", meetings(3, nuggets=NUGGETS), [ARTICLE], THREE)
    status, out, err = run(capsys, "score", made.folder, "--json")
    assert status == 0
    metric = json.loads(out)["metrics"]["vital_nugget_recall"]
    assert (metric["value"], metric["n"]) == (None, 0)
    assert metric["unscored"] == {"the reader cannot be had: its model files are not there": 3}
    assert "nuggets of 2 answers are not looked for" in err
    assert "assistant models pull" in err
    assert not (made.folder / FILE).exists()


@pytest.mark.usefixtures("no_weights")
@pytest.mark.parametrize(
    "stale", [{"reader": "0" * 64}, {"answer": "0" * 64}, {"question": "q1"}, {"stated": {MET: 0.9}}]
)
def test_only_what_this_reader_found_in_this_answer_counts(tmp_path: Path, stale: dict[str, Any]) -> None:
    digest = "78a1f90475924a31b4c709efa3f6d20e08a65754a9b390d847c803ce81649aa2"  # of RIGHT's statement
    shares = {MET: 0.9, PLACE: 0.1, HOURS: 0.1}
    line = {"question": "q0", "seed": 0, "answer": digest, "reader": DIGEST, "stated": shares}
    made = make_run(tmp_path / "run", meetings(1, nuggets=NUGGETS), [ARTICLE], {"q0": RIGHT})
    (made.folder / FILE).write_text(f"{json.dumps(line | stale)}\n")
    assert values(made) == {"vital_nugget_recall": None, "nugget_recall": None, "nugget_f1": None}
    (made.folder / FILE).write_text(f"{json.dumps(line)}\n")
    assert values(made) == pytest.approx({"vital_nugget_recall": 1 / 2, "nugget_recall": 1 / 3, "nugget_f1": 2 / 3})


@pytest.mark.usefixtures("no_weights")
def test_a_run_without_nuggets_needs_no_reader(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    made = make_run(tmp_path / "run", meetings(3), [ARTICLE], THREE)
    status, out, err = run(capsys, "score", made.folder)
    assert (status, err) == (0, "")
    assert "nugget" not in out


def test_a_broken_line_is_named(tmp_path: Path) -> None:
    made = make_run(tmp_path / "run", meetings(1, nuggets=NUGGETS), [ARTICLE], {"q0": RIGHT})
    (made.folder / FILE).write_text('{"question": "q0"}\n')
    with pytest.raises(InputError, match=r"nuggets\.jsonl:1: field 'seed'"):
        score_run(made)


# TREC's files


@pytest.fixture
def convert(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Callable[[str], tuple[int, str, str]]:
    """Adds nuggets in a file of this text to three questions, of which one has a nugget and one is not answerable."""
    questions = (
        ask(("Bo",), id="q0", nuggets=(Nugget(text=MET),)),
        ask(("Bo",), id="q1"),
        unanswerable(id="u"),
    )
    write_questions(tmp_path / "q.jsonl", Header(name="talks", licence="CC0-1.0"), questions)

    def convert(text: str) -> tuple[int, str, str]:
        (tmp_path / "n.jsonl").write_text(text, encoding="utf-8")
        command = ("convert", "nuggets", tmp_path / "n.jsonl", "--questions", tmp_path / "q.jsonl")
        return run(capsys, *command, "--out", tmp_path / "out", "--force")

    return convert


AUTO = [
    {"qid": "q0", "query": "?", "nuggets": [{"text": PLACE, "importance": "okay", "assignment": "support"}]},
    {"qid": "q1", "query": "?", "nuggets": [{"text": HOURS, "importance": "vital"}]},
    {"qid": "u", "query": "?", "nuggets": [{"text": HOURS, "importance": "vital"}]},
]
TABBED = f"q0\t1\tokay\t{PLACE}\n\nq1\t1\tvital\t{HOURS}\nz\t1\tvital\t{HOURS}\n"


@pytest.mark.parametrize("text", ["".join(f"{json.dumps(line)}\n" for line in AUTO), TABBED])
def test_nuggets_of_trec_are_added_to_questions(
    convert: Callable[[str], tuple[int, str, str]], tmp_path: Path, text: str
) -> None:
    status, out, _ = convert(text)
    assert status == 0
    assert "note, 1 times: no answerable question has this id; its nuggets are left out" in out
    found = read_questions(tmp_path / "out" / "questions.jsonl")
    assert (found.header.name, found.header.licence) == ("talks", "CC0-1.0")
    assert [question.nuggets for question in found.questions] == [
        (Nugget(text=MET), Nugget(text=PLACE, vital=False)),
        (Nugget(text=HOURS),),
        (),
    ]


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        (json.dumps({**AUTO[0], "nuggets": [{"text": PLACE, "importance": "great"}]}), "1: importance 'great'"),
        (json.dumps({"qid": "q0"}), "1: field 'nuggets' is missing"),
        (json.dumps({**AUTO[0], "nuggets": [{"text": " ", "importance": "okay"}]}), "1: not a record of this format"),
        (f"{TABBED}q0 2 okay x\n", "5: not question, number, vital or okay, and text"),
    ],
)
def test_a_fault_of_a_nugget_file_is_named(
    convert: Callable[[str], tuple[int, str, str]], tmp_path: Path, text: str, problem: str
) -> None:
    status, _, err = convert(text)
    assert status == 1
    assert f"{tmp_path / 'n.jsonl'}:{problem}" in err


def test_nuggets_without_questions_are_wrong_usage(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    status, _, err = run(capsys, "convert", "nuggets", tmp_path / "n.jsonl", "--out", tmp_path)
    assert status == 2
    assert "--questions FILE" in err


# People's labels


def test_pairs_to_label_show_no_score_and_replace_no_labels(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    made = make_run(tmp_path / "run", meetings(3, nuggets=NUGGETS), [ARTICLE], THREE, repeats=2)
    path = tmp_path / "labels.jsonl"
    status, out, _ = run(capsys, "calibrate", path, "--pairs", made.folder)
    assert status == 0
    assert "6 nuggets beside answers" in out  # both seeds answered alike, and a refusal has no statements
    lines = [json.loads(line) for line in path.read_text().splitlines()]
    assert lines[0] == {
        "question": "Whom did Anna meet?",
        "nugget": MET,
        "statements": ["Anna met Bo in Oslo."],
        "told": "",
    }
    assert {line["nugget"] for line in lines} == {MET, PLACE, HOURS}
    status, _, err = run(capsys, "calibrate", path, "--pairs", made.folder)
    assert status == 2
    assert "exists already" in err
    status, _, err = run(capsys, "calibrate", path, "--grader", "reader")
    assert status == 1
    assert f"{path}:1: field 'told': Input should be 'yes', 'partly' or 'no'" in err
    assert run(capsys, "calibrate", tmp_path / "two.jsonl", "--pairs", made.folder, "--limit", "2")[0] == 0
    assert len((tmp_path / "two.jsonl").read_text().splitlines()) == 2
    bare = make_run(tmp_path / "bare", meetings(3), [ARTICLE], THREE)
    status, _, err = run(capsys, "calibrate", tmp_path / "none.jsonl", "--pairs", bare.folder)
    assert status == 1
    assert "no answer to a question with nuggets" in err
    assert not (tmp_path / "none.jsonl").exists()


def test_the_reader_is_compared_with_labels_and_its_threshold_fitted(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path, record = tmp_path / "labels.jsonl", tmp_path / "record.json"
    said = ["The reef was found on Monday.", "It lies 412 metres down."]
    labels = {
        "The reef was found on Monday.": "yes",
        "The reef lies 412 metres down.": "yes",
        "The reef was found on Monday by divers.": "partly",
        "The minister resigned in May.": "no",
    }
    lines = [
        {"question": f"{question} reef?", "nugget": nugget, "statements": said, "told": label}
        for question in ("Which", "What", "Whose")
        for nugget, label in labels.items()
    ]
    path.write_text("".join(f"{json.dumps(line)}\n" for line in lines))
    status, out, _ = run(capsys, "calibrate", path, "--grader", "reader", "--to", record)
    assert status == 0
    assert "labels.jsonl: 12 of 12 claims in 3 clusters: 6 supported, 3 partially, 3 not" in out
    assert "fits best" in out
    found = read_calibration(record)
    assert found.grader.model.startswith("local:reader")
    assert found.threshold is not None
    for name in ("accuracy", "kappa", "precision", "recall"):
        assert found.figures[f"{name}_cross_validated"].value == 1
        assert found.figures[f"{name}_cross_validated"].interval is not None
        assert found.figures[f"{name}_at_0.5"].n == 12
    assert found.figures["auroc_supported"].value == 1
