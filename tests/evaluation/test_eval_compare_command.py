"""``evals compare`` as a user runs it."""

import json
from pathlib import Path

import pytest

from tests.eval_runs import ARTICLE, RIGHT, WRONG, make_run, meetings, mysteries, refused
from tests.evaluation.test_eval_command import run
from tests.evaluation.test_eval_compare import Answers, all_of


def test_the_command_prints_what_differs(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    questions = [*meetings(20, question_type="single"), *mysteries(4, question_type="odd")]
    good = {**all_of(meetings(20), RIGHT), **all_of(mysteries(4), refused())}
    make_run(tmp_path / "a", questions, [ARTICLE], good)
    bad = {**good, **all_of(meetings(18), refused())}
    make_run(tmp_path / "b", questions, [ARTICLE], bad, provenance={"settings": {"k": "4"}})
    status, out, err = run(capsys, "compare", tmp_path / "a", tmp_path / "b", "--by", "type")
    lines = out.splitlines()
    assert (status, err) == (0, "")
    assert lines[0].startswith("first:  a · commit cccccccccccc · model local · 20 answered, 4 refused")
    assert "  settings.k: 8 → 4" in lines
    worse, same = lines.index("worse:"), lines.index("no difference shown:")
    row = next(line.split() for line in lines if line.startswith("  answer correct  "))
    assert worse < next(i for i, line in enumerate(lines) if line.startswith("  answer correct  ")) < same
    assert (row[2:6], row[-2]) == (["24", "1.000", "0.250", "-0.750"], "0/18")
    assert "\nOver all questions together, not tested:\n" in out
    assert "over refusal by slices" in out
    assert max(map(len, lines)) <= 100


def test_the_command_says_that_a_rerun_shows_nothing(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for name in "ab":
        make_run(tmp_path / name, meetings(9), [ARTICLE], all_of(meetings(9), RIGHT))
    status, out, _ = run(capsys, "compare", tmp_path / "a", tmp_path / "b", "--metric", "answer_correct")
    assert status == 0
    heading = out.splitlines().index("no difference shown:")
    row = out.splitlines()[heading + 1]
    assert row.split() == "answer correct 9 1.000 1.000 0.000 0.000 … 0.000 1.000 0/0 0.000".split()
    assert "made with the same code" in out


def test_the_command_lists_the_questions(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    first: Answers = {"q0": RIGHT, ("q1", 0): WRONG, ("q1", 1): RIGHT, "q2": WRONG, "q3": RIGHT}
    second = {"q0": WRONG, "q1": RIGHT, "q2": RIGHT, "q3": RIGHT}
    make_run(tmp_path / "a", meetings(4), [ARTICLE], first, repeats=2)
    make_run(tmp_path / "b", meetings(4), [ARTICLE], second, repeats=2)
    chosen = ("--metric", "answer_correct", "--metric", "aurc")
    _, out, _ = run(capsys, "compare", tmp_path / "a", tmp_path / "b", *chosen, "--list")
    assert out.splitlines()[-6:] == [
        "answer correct: 2 won, 1 lost, 0 in one run only",
        "  won   0.000 → 1.000  q2: Whom did Anna meet?",
        "  won   0.500 → 1.000  q1: Whom did Anna meet?",
        "  lost  1.000 → 0.000  q0: Whom did Anna meet?",
        "",
        "aurc is not a mean over questions, so none is won or lost",
    ]
    status, _, err = run(capsys, "compare", tmp_path / "a", tmp_path / "b", "--list")
    assert status == 2
    assert "--metric NAME" in err


def test_the_command_prints_json(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    make_run(tmp_path / "a", meetings(2), [ARTICLE], {"q0": RIGHT, "q1": WRONG})
    make_run(tmp_path / "b", meetings(2), [ARTICLE], {"q0": RIGHT})
    chosen = ("--metric", "answer_correct", "--metric", "total_seconds_p50")
    status, out, _ = run(capsys, "compare", tmp_path / "a", tmp_path / "b", *chosen, "--by", "answerable", "--json")
    told = json.loads(out)
    assert status == 3
    assert (told["questions"], told["missing"]) == (1, {"first": 0, "second": 1})
    assert told["metrics"][0]["scores"] == {"q0": [1, 1]}
    assert (told["metrics"][0]["interval"], told["metrics"][1]["p_value_holm"]) == (None, None)
    assert [item["slice"] for item in told["slices"]] == ["answerable:yes"] * 2


def test_an_incomplete_run_has_status_3_and_a_clear_note(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    make_run(tmp_path / "a", meetings(3), [ARTICLE], all_of(meetings(3), RIGHT))
    make_run(tmp_path / "b", meetings(3), [ARTICLE], {"q0": RIGHT, "q1": WRONG})
    status, out, _ = run(capsys, "compare", tmp_path / "a", tmp_path / "b")
    assert status == 3
    assert "NOT COMPLETE: 1 still to be asked in the second run;" in out
    assert "only the 2 questions that both runs have asked are compared" in out
    assert "answer correct" in out


def test_runs_that_cannot_be_compared_have_status_2(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    make_run(tmp_path / "a", meetings(3), [ARTICLE], all_of(meetings(3), RIGHT))
    make_run(tmp_path / "b", meetings(2), [ARTICLE], all_of(meetings(2), RIGHT))
    status, out, err = run(capsys, "compare", tmp_path / "a", tmp_path / "b")
    assert (status, out) == (2, "")
    assert "1 only in the first (such as 'q2')" in err
