"""Tuning and test lists are kept apart, and looks at test lists are counted."""

import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

from evals.commands.calibrate import calibrate_command
from evals.commands.score import score_command
from evals.run.ledger import LEDGER, ledger_of, looks_in, note_look, note_measured, require_tuning
from evals.run.records import RUNS
from evals.run.suite import SUITES, read_suite
from index.errors import InputError, UsageError
from tests.eval_runs import ARTICLE, RIGHT, make_run, meetings
from tests.parts import ROOT


@pytest.mark.parametrize("path", sorted(SUITES.glob("*.toml")), ids=lambda path: path.stem)
def test_our_suites_say_which_list_they_belong_to(path: Path) -> None:
    suite = read_suite(path)
    assert suite.list in {"tuning", "test"}
    over_ours = any("datasets/newsroom" in name or "datasets/attacks" in name for name in suite.articles)
    assert suite.in_house == over_ours


def test_marks_say_list_and_house() -> None:
    assert read_suite(SUITES / "newsroom.toml").marks == "tuning list, in-house"
    assert read_suite(SUITES / "news-test.toml").marks == "test list"


@pytest.mark.parametrize("name", ["news-test", "squad2", "practice-test"])
def test_nothing_is_fitted_on_a_test_list(name: str) -> None:
    with pytest.raises(UsageError, match=f"{name} is a test list: nothing is fitted on it"):
        require_tuning(name)
    require_tuning("newsroom")


def test_the_command_that_fits_constants_refuses_a_test_list() -> None:
    command = [sys.executable, "-m", "evals.reader", "calibrate", "--data", ".", "--suite", "news-test"]
    ended = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert ended.returncode == UsageError.exit_status
    assert ended.stderr.startswith(
        "Error: news-test is a test list: nothing is fitted on it\ntake tuning lists: attacks,"
    )


def test_a_state_of_the_system_is_counted_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    first = make_run(tmp_path / "first", meetings(2), [ARTICLE], {"q0": RIGHT}, list="test")
    for command in ("score", "report", "score"):
        assert note_look(first, command) == f"test list; 1 state of the system looked at so far: {RUNS / LEDGER}"
    second = make_run(tmp_path / "second", meetings(2), [ARTICLE], {"q0": RIGHT, "q1": RIGHT}, list="test")
    assert note_look(second, "compare").startswith("test list; 2 states of the system")
    assert [(look.command, look.scored) for look in looks_in(RUNS / LEDGER)] == [("score", 1), ("compare", 2)]


def test_looks_at_other_lists_are_not_written_down(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert note_look(make_run(tmp_path / "run", meetings(1), [ARTICLE], {}, list="tuning"), "score") == ""
    assert not (RUNS / LEDGER).exists()


def test_a_look_that_cannot_be_written_down_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    RUNS.write_text("a file where the folder should be", encoding="utf-8")
    run = make_run(tmp_path / "run", meetings(1), [ARTICLE], {"q0": RIGHT}, list="test")
    assert note_look(run, "score").startswith("test list; this look could not be written down: ")


def test_score_says_how_often_a_test_list_was_looked_at(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    run = make_run(tmp_path / "run", meetings(1), [ARTICLE], {"q0": RIGHT}, list="test")
    shown = CliRunner().invoke(score_command, [str(run.folder)]).output.splitlines()
    assert "run · test list · commit" in shown[0]
    assert shown[1].startswith("test list; 1 state of the system looked at so far")


def test_score_lists_the_looks_at_a_test_list_and_computes_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    run = make_run(tmp_path / "run", meetings(1), [ARTICLE], {"q0": RIGHT}, list="test")
    note_look(run, "compare")
    shown = CliRunner().invoke(score_command, [str(run.folder), "--ledger"]).output.splitlines()
    assert shown[0].endswith(": 1 state of the system looked at")
    assert shown[1].endswith("1 questions  compare")
    assert len(shown) == 2
    ours = CliRunner().invoke(score_command, ["practice-test", "--ledger"]).output.splitlines()  # without a run of it
    assert ours[0] == f"practice-test: {len(ours) - 1} states of the system looked at"
    assert len(ours) > 1


def test_labels_for_a_threshold_are_not_taken_from_a_test_list(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    run = make_run(tmp_path / "run", meetings(1), [ARTICLE], {"q0": RIGHT}, list="test")
    result = CliRunner().invoke(calibrate_command, ["labels.jsonl", "--pairs", str(run.folder)])
    assert isinstance(result.exception, UsageError)
    assert "is a test list: nothing is fitted on it" in str(result.exception)
    assert not Path("labels.jsonl").exists()


def test_our_own_looks_stand_beside_the_suites() -> None:
    assert ledger_of("news-test") == SUITES / LEDGER
    assert all(look.suite for look in looks_in(SUITES / LEDGER))


def test_a_broken_line_is_named(tmp_path: Path) -> None:
    (tmp_path / LEDGER).write_text("{}\n", encoding="utf-8")
    with pytest.raises(InputError, match=f"{LEDGER}:1"):
        looks_in(tmp_path / LEDGER)


def test_the_same_code_may_look_at_several_lists(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """One look at each is written down, and none twice."""
    monkeypatch.setattr("evals.run.ledger.ledger_of", lambda _: tmp_path / LEDGER)
    for name in ("squad2", "news-test", "squad2"):
        assert "1 state of the system looked at" in note_measured(name, "reader evaluate", "0" * 64, 3)
    assert [look.suite for look in looks_in(tmp_path / LEDGER)] == ["squad2", "news-test"]
