"""A run as Markdown, CSV and JUnit XML."""

import csv
import io
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest

from evals.questions.schema import Question
from evals.report.exports import csv_report, junit_report, markdown_report
from evals.report.recorded import read_recorded
from evals.report.slices import slices_of
from evals.run.records import Run
from evals.score.scoring import HEADLINE
from tests.eval_outcomes import ask
from tests.eval_runs import ARTICLE, RIGHT, WRONG, make_run, meetings, mysteries, refused


def made(folder: Path, questions: Sequence[Question], answers: Mapping[Any, Any], **suite: Any) -> Run:
    return make_run(folder, questions, [ARTICLE], answers, **suite)


@pytest.fixture
def mixed(tmp_path: Path) -> Run:
    """A right, a wrong and a failed answer, a right refusal, one without gold, and one that is missing."""
    questions = (*meetings(4, question_type="single", tags=("core", "late")), *mysteries(1), ask(id="open"))
    answers = {"q0": RIGHT, "q1": WRONG, "q2": "no answer within 60 s", "u0": refused(), "open": RIGHT}
    return made(tmp_path / "run", questions, answers)


def rows_of(run: Run) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(csv_report(read_recorded(run)), newline="")))


def test_csv_has_a_row_for_each_recorded_question(mixed: Run) -> None:
    rows = rows_of(mixed)
    assert [(row["id"], row["status"], row["correct"]) for row in rows] == [
        ("q0", "answered", "true"),
        ("q1", "answered", "false"),
        ("q2", "failed", "false"),
        ("u0", "refused", "true"),
        ("open", "answered", ""),
    ]
    first, _, failed, refusal, unknown = rows
    assert (first["type"], first["tags"], first["answerable"], first["seed"]) == ("single", "core; late", "true", "0")
    assert (first["citation_f1_sentence"], first["confidence"]) == ("1.0", "0.9")
    assert (first["seconds"], first["seconds_total"], first["prompt_tokens"]) == ("1.0", "1.0", "100.0")
    assert (failed["error_kind"], failed["error"], failed["citation_f1_sentence"]) == (
        "time-out",
        "no answer within 60 s",
        "0.0",
    )
    assert (refusal["answerable"], refusal["citation_f1_sentence"], refusal["prompt_tokens"]) == ("false", "", "")
    assert unknown["answer_correct"] == ""


def test_csv_has_every_metric_that_is_of_one_question(mixed: Run) -> None:
    measured = read_recorded(mixed).scores.measured
    of_questions = {name for name, item in measured.items() if item.metric.scores and "_seconds_" not in name}
    assert of_questions - {"paraphrase_agreement"} <= rows_of(mixed)[0].keys()
    assert "paraphrase_agreement" not in rows_of(mixed)[0]


def test_csv_has_a_row_for_each_seed(tmp_path: Path) -> None:
    run = made(tmp_path / "run", meetings(1), {("q0", 3): RIGHT, ("q0", 4): WRONG}, seed=3, repeats=2)
    assert [(row["seed"], row["correct"]) for row in rows_of(run)] == [("3", "true"), ("4", "false")]


def test_no_text_is_a_formula_in_a_spreadsheet(tmp_path: Path) -> None:
    questions = (ask(("Bo",), id='=HYPERLINK("x")', question_type="@SUM(1)", tags=("+1", 'a,"b"\nc')),)
    (row,) = rows_of(made(tmp_path / "run", questions, {'=HYPERLINK("x")': "-2+3"}))
    assert (row["id"], row["type"], row["tags"]) == ('\'=HYPERLINK("x")', "'@SUM(1)", '\'+1; a,"b"\nc')
    assert row["error"] == "'-2+3"


def test_junit_tells_wrong_from_failed_from_not_judged(mixed: Run) -> None:
    suite = ElementTree.fromstring(junit_report(read_recorded(mixed)))
    counts = {name: suite.get(name) for name in ("name", "tests", "failures", "errors", "skipped")}
    assert counts == {"name": "run", "tests": "5", "failures": "1", "errors": "1", "skipped": "1"}
    cases = {case.get("name"): [child.tag for child in case] for case in suite.iter("testcase")}
    assert cases == {"q0": [], "q1": ["failure"], "q2": ["error"], "u0": [], "open": ["skipped"]}
    failure, error = suite.find(".//failure"), suite.find(".//error")
    assert failure is not None
    assert error is not None
    assert failure.get("message") == "expected Bo; got She did not meet Cara."
    assert (error.get("type"), error.get("message")) == ("time-out", "no answer within 60 s")
    assert suite.find(".//testcase[@classname='made.single']") is not None


def test_junit_says_what_was_expected_of_refusals(tmp_path: Path) -> None:
    questions = (*meetings(1), *mysteries(1))
    run = made(tmp_path / "run", questions, {"q0": refused(), "u0": RIGHT})
    suite = ElementTree.fromstring(junit_report(read_recorded(run)))
    assert [found.get("message") for found in suite.iter("failure")] == [
        "expected Bo; got a refusal",
        "expected a refusal; got Anna met Bo in Oslo.",
    ]


def test_junit_holds_whatever_a_run_says(tmp_path: Path) -> None:
    name = "a\x1b]<&>\x00\ufffe\u2028"
    questions = (ask(("Bo",), id=name, question_type=name, question=name),)
    suite = ElementTree.fromstring(junit_report(read_recorded(made(tmp_path / "run", questions, {name: name}))))
    (case,) = suite.iter("testcase")
    assert case.get("name") == "a\ufffd]<&>\ufffd\ufffd\u2028"
    assert case[0].text == case.get("name")


def test_junit_names_the_seed_of_repeated_questions(tmp_path: Path) -> None:
    run = made(tmp_path / "run", meetings(1), {"q0": RIGHT}, repeats=2)
    suite = ElementTree.fromstring(junit_report(read_recorded(run)))
    assert [case.get("name") for case in suite.iter("testcase")] == ["q0 seed 0", "q0 seed 1"]


def test_markdown_has_the_headline_the_slices_and_the_provenance(mixed: Run) -> None:
    recorded = read_recorded(mixed)
    lines = markdown_report(recorded).splitlines()
    assert lines[0] == "## run"
    assert "3 answered, 1 failed, 1 not asked yet, 1 refused" in lines[2]
    assert lines[4].startswith("5 questions: ")
    assert lines[4].endswith(" at least 300 tokens read, 30 written, cost unknown")
    assert lines[6] == "| metric | value | 95 % interval | n | not scored | errors |"
    assert sum(line.startswith("| ") for line in lines[8:]) > len(recorded.scores.headline)
    assert (
        "| answer correct | 0.500 | 0.000 … 1.000 | 4 | 1 × the question has no gold answer | 1 (0.667 without) |"
        in lines
    )
    assert any(line.startswith("| tag:core | 3 | 0.333 (0.000 … 1.000; n 3) |") for line in lines)
    assert "| Code | commit | cccccccccccccccccccccccccccccccccccccccc, without changes |" in lines
    assert "| Settings | k | 8 |" in lines
    assert {len(line.split(" | ")) for line in lines if line.startswith("| tag:")} == {6}


def test_markdown_shows_the_texts_of_a_run_as_they_are(tmp_path: Path) -> None:
    tag = "<img src=x>|*b*[c](d)"
    text = markdown_report(read_recorded(made(tmp_path / "run", meetings(1, tags=(tag,)), {"q0": RIGHT})))
    assert r"| tag:&lt;img src=x&gt;\|\*b\*\[c\](d) | 1 |" in text


def test_exports_of_a_run_without_records_are_empty_tables(tmp_path: Path) -> None:
    recorded = read_recorded(made(tmp_path / "run", meetings(1), {}))
    assert len(csv_report(recorded).splitlines()) == 1
    assert ElementTree.fromstring(junit_report(recorded)).get("tests") == "0"
    assert "### Slices" in markdown_report(recorded)


def test_slices_are_means_over_the_same_scores_as_the_whole(mixed: Run) -> None:
    scores = read_recorded(mixed).scores
    slices = {part.name: part for part in slices_of(scores)}
    single = slices["type:single"]
    assert (single.count, single.cells[0].metric.n) == (3, 3)
    assert single.cells[0].metric.value == pytest.approx(1 / 3)
    assert single.cells[0].metric.errors == 1
    assert slices["answerable:no"].cells[1].metric.value is None
    assert {cell.name for cell in single.cells} <= set(HEADLINE)
