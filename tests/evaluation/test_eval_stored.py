"""Scores in a file of their own, as baselines for later runs."""

import json
from pathlib import Path
from typing import Any

import pytest

from evals.commands.main import main
from evals.run.provenance import articles_digest
from evals.run.records import Run
from evals.run.suite import find_suite, load_material, read_suite
from evals.score.comparison import Change, RunComparison, compare_runs, compare_slices
from evals.score.scoring import score_run
from evals.score.stored import StoredRun, save_scores, scores_of
from index.errors import InputError, UsageError
from tests.eval_runs import ARTICLE, RIGHT, WRONG, make_run, meetings, mysteries, refused
from tests.parts import ROOT

QUESTIONS = (*meetings(6, question_type="single", cluster="talks"), *meetings(40)[6:], *mysteries(4))
BEFORE = {**{f"q{i}": RIGHT for i in range(40)}, **{f"u{i}": refused() for i in range(4)}}
AFTER = {**BEFORE, **{f"q{i}": WRONG for i in range(30)}, "q31": "no answer within 60 s", "u0": RIGHT}


def make(folder: Path, answers: dict[str, Any]) -> Run:
    return make_run(folder, QUESTIONS, [ARTICLE], answers)


def stored(run: Run, path: Path) -> StoredRun:
    save_scores(score_run(run), path)
    return StoredRun(path)


def of_runs(changes: tuple[Change, ...]) -> list[Change]:
    """What a file of scores can tell as well as its run."""
    return [change for change in changes if change.name not in {"aurc", "coverage_at_0.05"}]


@pytest.fixture
def found(tmp_path: Path) -> tuple[RunComparison, RunComparison]:
    """A run compared with another one, and the file of the first compared with it."""
    first, second = make(tmp_path / "first", BEFORE), make(tmp_path / "second", AFTER)
    file = stored(first, tmp_path / "first.json")
    return compare_runs(score_run(first), score_run(second)), compare_runs(scores_of(file), score_run(second))


def test_a_file_compares_as_its_run_does(found: tuple[RunComparison, RunComparison]) -> None:
    of_run, of_file = found
    assert list(of_file.changes) == of_runs(of_run.changes)
    assert [item.name for item in of_file.uncompared if "file of scores" in item.reason] == ["aurc", "coverage_at_0.05"]
    verdicts = {change.name: change.verdict for change in of_file.changes}
    assert (verdicts["answer_correct"], verdicts["abstention_recall"]) == ("worse", "no difference shown")


def test_slices_are_compared_as_well(found: tuple[RunComparison, RunComparison]) -> None:
    of_run, of_file = (compare_slices(one, ("answer_correct",), ("type", "answerable"))[0] for one in found)
    assert {change.slice for change in of_file} == {"type:single", "answerable:yes", "answerable:no"}
    assert of_file == of_run


def test_the_file_has_no_text_of_the_set(tmp_path: Path) -> None:
    file = stored(make(tmp_path / "run", BEFORE), tmp_path / "scores.json")
    text = file.folder.read_text()
    assert "Anna" not in text
    assert "Whom" not in text
    assert json.loads(text)["schema"] == "news-assistant/scores"


def test_only_what_both_have_asked_is_compared(tmp_path: Path) -> None:
    file = stored(make(tmp_path / "first", BEFORE), tmp_path / "first.json")
    part = score_run(make(tmp_path / "second", {name: BEFORE[name] for name in ("q0", "q9", "u1")}))
    compared = compare_runs(scores_of(file), part)
    assert compared.questions == 3
    assert {change.name: change.n for change in compared.changes}["answer_correct"] == 3


def test_other_questions_are_refused(tmp_path: Path) -> None:
    file = stored(make(tmp_path / "first", BEFORE), tmp_path / "first.json")
    other = make_run(tmp_path / "second", meetings(2), [ARTICLE], {"q0": RIGHT})
    with pytest.raises(UsageError, match="cannot be compared"):
        compare_runs(scores_of(file), score_run(other))


def test_other_articles_are_refused(tmp_path: Path) -> None:
    file = stored(make(tmp_path / "first", BEFORE), tmp_path / "first.json")
    other = make_run(tmp_path / "second", QUESTIONS, [ARTICLE, ARTICLE.__class__("b", text="Bo.")], BEFORE)
    with pytest.raises(UsageError, match="other articles"):
        compare_runs(scores_of(file), score_run(other))


def test_a_broken_file_is_named(tmp_path: Path) -> None:
    path = tmp_path / "scores.json"
    path.write_text('{"schema": "news-assistant/scores", "version": 2}')
    with pytest.raises(InputError, match=r"scores\.json: field 'version'"):
        scores_of(StoredRun(path))


def test_the_command_line_saves_and_compares(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    make(tmp_path / "first", BEFORE)
    make(tmp_path / "second", AFTER)

    def run(*arguments: str) -> tuple[int, str]:
        with pytest.raises(SystemExit) as caught:
            main(arguments)
        return int(caught.value.code or 0), capsys.readouterr().out

    file = str(tmp_path / "first.json")
    assert run("score", str(tmp_path / "first"), "--save", file)[0] == 0
    before = Path(file).read_bytes()
    assert run("score", str(tmp_path / "second"), "--save", file)[0] == 2
    assert Path(file).read_bytes() == before
    assert run("score", str(tmp_path / "second"), "--save", file, "--force")[0] == 0
    assert Path(file).read_bytes() != before
    assert run("score", str(tmp_path / "first"), "--save", file, "--force")[0] == 0
    status, out = run("compare", file, str(tmp_path / "second"))
    assert status == 0
    assert "worse:\n  answer correct" in out
    status, out = run("compare", file, str(tmp_path / "second"), "--metric", "answer_correct", "--list")
    assert "lost  1.000 → 0.000  q0: Whom did Anna meet?" in out


BASELINES = sorted((ROOT / "evals" / "baselines").glob("*.json"))


@pytest.mark.parametrize("path", BASELINES, ids=lambda path: path.stem)
def test_our_baselines_are_complete_and_of_a_clean_commit(path: Path) -> None:
    run = StoredRun(path)
    assert scores_of(run).complete
    assert run.info.suite.name == path.stem
    assert run.info.provenance.commit
    assert run.info.provenance.dirty is False
    assert scores_of(run).measured["answer_correct"].metric.n == len(run.file.questions)


def test_there_is_a_baseline_of_the_newsroom_as_it_is_now() -> None:
    run = StoredRun(ROOT / "evals" / "baselines" / "newsroom.json")
    suite = read_suite(path := find_suite("newsroom"))
    material = load_material(suite, path)
    assert {question.id for question in run.questions} == {question.id for question in material.questions}
    assert run.info.provenance.articles == articles_digest(material.articles)
