"""Gates: each way to pass and to fail, and that nothing passes for want of a measurement."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

from evals.questions.schema import Question
from evals.score.gates import GateResult, check_gates, gate_line
from evals.score.scoring import RunScores, score_run
from index.errors import UsageError
from tests.eval_runs import ARTICLE, RIGHT, WRONG, make_run, meetings, mysteries, refused
from tests.evaluation.test_eval_command import run

COUNT = 40


def made(folder: Path, questions: Sequence[Question], answers: Mapping[str, Any], **suite: Any) -> RunScores:
    return score_run(make_run(folder, questions, [ARTICLE], answers, **suite))


def gated(folder: Path, right: int, *gates: dict[str, Any]) -> RunScores:
    """Forty questions, so many of them answered rightly and the others wrongly."""
    answers = {f"q{i}": RIGHT if i < right else WRONG for i in range(COUNT)}
    return made(folder, meetings(COUNT), answers, gates=gates)


def refusing(folder: Path, refusals: int, *gates: dict[str, Any]) -> RunScores:
    answers = {f"q{i}": refused() if i < refusals else RIGHT for i in range(COUNT)}
    return made(folder, meetings(COUNT), answers, gates=gates)


def only(scores: RunScores, baseline: RunScores | None = None) -> GateResult:
    (result,) = check_gates(scores, baseline)
    return result


def test_the_lower_end_of_the_interval_must_reach_min(tmp_path: Path) -> None:
    scores = gated(tmp_path, 30, {"metric": "answer_correct", "min": 0.5}, {"metric": "answer_correct", "min": 0.7})
    enough, too_little = check_gates(scores)
    assert enough.passed
    assert not too_little.passed  # 0.75 is more than 0.7, but the interval begins below
    assert (too_little.value, too_little.reason) == (0.75, "")
    assert too_little.interval is not None
    assert 0.5 < too_little.interval.low < 0.7


def test_the_upper_end_of_the_interval_must_not_exceed_max(tmp_path: Path) -> None:
    scores = refusing(tmp_path, 10, {"metric": "over_refusal", "max": 0.5}, {"metric": "over_refusal", "max": 0.3})
    little, too_much = check_gates(scores)
    assert little.passed
    assert not too_much.passed  # 0.25 is less than 0.3, but the interval ends above


def test_an_end_that_is_the_limit_passes(tmp_path: Path) -> None:
    scores = gated(tmp_path, COUNT, {"metric": "answer_correct", "min": 1}, {"metric": "over_refusal", "max": 0})
    assert [result.passed for result in check_gates(scores)] == [True, True]


@pytest.mark.parametrize(("right", "limit", "passed"), [(36, 0.25, True), (36, 0.12, False), (40, 0, True)])
def test_a_drop_counts_at_the_bad_end(tmp_path: Path, right: int, limit: float, passed: bool) -> None:
    before = gated(tmp_path / "before", COUNT)
    result = only(gated(tmp_path / "after", right, {"metric": "answer_correct", "max_drop": limit}), before)
    assert result.passed is passed  # with 36 of 40 the drop is 0.1; its interval goes to about 0.2
    assert result.value == pytest.approx(right / COUNT - 1)


def test_a_gain_is_no_drop(tmp_path: Path) -> None:
    before = gated(tmp_path / "before", 10)
    assert only(gated(tmp_path / "after", 30, {"metric": "answer_correct", "max_drop": 0}), before).passed


def test_where_lower_is_better_a_rise_is_the_drop(tmp_path: Path) -> None:
    few = refusing(tmp_path / "few", 0, {"metric": "over_refusal", "max_drop": 0.1})
    many = refusing(tmp_path / "many", 20, {"metric": "over_refusal", "max_drop": 0.1})
    assert not only(many, few).passed
    assert only(few, many).passed


def test_numbers_that_are_no_means_have_gates_too(tmp_path: Path) -> None:
    gates = ({"metric": "total_seconds_p95", "max": 2}, {"metric": "total_seconds_p95", "max_drop": 0.5})
    slow = {f"q{i}": refused(milliseconds=3000) for i in range(4)}
    fast = {f"q{i}": refused(milliseconds=1000) for i in range(4)}
    slower, faster = (made(tmp_path / str(i), meetings(4), a, gates=gates) for i, a in enumerate((slow, fast)))
    assert [result.passed for result in check_gates(slower, faster)] == [False, False]
    assert [result.passed for result in check_gates(faster, slower)] == [True, True]


def test_an_unknown_metric_is_wrong_usage_with_the_nearest_names(tmp_path: Path) -> None:
    with pytest.raises(UsageError) as caught:
        check_gates(gated(tmp_path, 30, {"metric": "answer_corect", "min": 0.5}))
    assert caught.value.problem == "no metric 'answer_corect'"
    assert "nearest: answer_correct" in caught.value.remedy


def test_a_drop_without_baseline_is_wrong_usage(tmp_path: Path) -> None:
    with pytest.raises(UsageError) as caught:
        check_gates(gated(tmp_path, 30, {"metric": "answer_correct", "max_drop": 0.1}))
    assert "--baseline RUN" in caught.value.remedy


@pytest.mark.parametrize("limit", [{"min": 0}, {"max": 1}, {"max_drop": 1}])
def test_without_a_value_a_gate_fails(tmp_path: Path, limit: dict[str, float]) -> None:
    scores = gated(tmp_path, 30, {"metric": "attack_success", **limit})
    result = only(scores, scores)
    assert (result.passed, result.value) == (False, None)
    assert result.reason in {"no question has a score: 40 × not attacked", "neither run has a value for it"}


@pytest.mark.parametrize("limit", [{"min": 0}, {"max": 1}, {"max_drop": 1}])
def test_one_cluster_fails_and_is_named(tmp_path: Path, limit: dict[str, float]) -> None:
    gates = [{"metric": "answer_correct", **limit}]
    questions = meetings(3, cluster="story")
    scores = made(tmp_path, questions, {f"q{i}": RIGHT for i in range(3)}, gates=gates)
    result = only(scores, scores)
    assert not result.passed
    assert "rests on one cluster" in result.reason


def test_a_latency_fails_when_every_question_failed(tmp_path: Path) -> None:
    gates = [{"metric": "total_seconds_p95", "max": 100}]
    scores = made(tmp_path, meetings(2), {"q0": "time-out", "q1": "time-out"}, gates=gates)
    result = only(scores)
    assert (result.passed, result.reason) == (False, "nothing was measured")


def test_a_metric_of_one_run_only_fails(tmp_path: Path) -> None:
    questions = mysteries(3)
    gates = [{"metric": "citation_validity", "max_drop": 1}]
    before = made(tmp_path / "a", questions, {f"u{i}": RIGHT for i in range(3)})
    after = made(tmp_path / "b", questions, {f"u{i}": refused() for i in range(3)}, gates=gates)
    assert only(after, before).reason == "no question has a score in both runs: 3 in the first, 0 in the second"


def test_a_line_says_what_is_demanded_and_what_was_measured(tmp_path: Path) -> None:
    limits = ({"min": 0.9}, {"max": 1}, {"max_drop": 0.5})
    scores = gated(tmp_path / "after", COUNT, *({"metric": "answer_correct", **limit} for limit in limits))
    lines = [gate_line(result) for result in check_gates(scores, gated(tmp_path / "before", COUNT))]
    assert lines == [
        "✓ answer correct at least 0.9: 1.000 (1.000 … 1.000)",
        "✓ answer correct at most 1: 1.000 (1.000 … 1.000)",
        "✓ answer correct drops by at most 0.5: 0.000 (0.000 … 0.000)",
    ]
    rising = refusing(tmp_path / "rising", COUNT, {"metric": "over_refusal", "max_drop": 0.5})
    (line,) = map(gate_line, check_gates(rising, refusing(tmp_path / "none", 0)))
    assert line == "✗ over refusal rises by at most 0.5: +1.000 (+1.000 … +1.000)"


def test_gates_decide_the_status_of_score(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    gated(tmp_path / "good", COUNT, {"metric": "answer_correct", "min": 0.9})
    gated(tmp_path / "bad", 20, {"metric": "answer_correct", "min": 0.9}, {"metric": "answer_correct", "min": 0.1})
    status, out, _ = run(capsys, "score", tmp_path / "good")
    assert (status, out.splitlines()[-1]) == (0, "✓ answer correct at least 0.9: 1.000 (1.000 … 1.000)")
    status, out, _ = run(capsys, "score", tmp_path / "bad")
    assert status == 1
    assert [line[0] for line in out.splitlines()[-2:]] == ["✗", "✓"]
    gated(tmp_path / "none", 20)
    assert run(capsys, "score", tmp_path / "none")[0] == 0


def test_score_takes_a_baseline(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    gated(tmp_path / "before", COUNT)
    gated(tmp_path / "after", 20, {"metric": "answer_correct", "max_drop": 0.1})
    status, out, err = run(capsys, "score", tmp_path / "after")
    assert status == 2
    assert "--baseline RUN" in err
    assert "answer correct" in out  # the table is there all the same
    status, out, _ = run(capsys, "score", tmp_path / "after", "--baseline", tmp_path / "before")
    assert status == 1
    assert out.splitlines()[-1].startswith("✗ answer correct drops by at most 0.1: -0.500 (-0.")
    status, out, _ = run(capsys, "score", tmp_path / "after", "--baseline", tmp_path / "before", "--json")
    assert status == 1
    (gate,) = json.loads(out)["gates"]
    assert (gate["metric"], gate["max_drop"], gate["passed"], gate["value"]) == ("answer_correct", 0.1, False, -0.5)


def test_incomplete_wins_over_gates(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    gates = [{"metric": "answer_correct", "min": 0.9}]
    questions = meetings(3)
    made(tmp_path / "part", questions, {"q0": WRONG, "q1": WRONG}, gates=gates)
    status, out, _ = run(capsys, "score", tmp_path / "part")
    assert (status, out.splitlines()[-1][0]) == (3, "✗")
    drop = [{"metric": "answer_correct", "max_drop": 0.9}]
    made(tmp_path / "whole", questions, {f"q{i}": RIGHT for i in range(3)}, gates=drop)
    status, out, _ = run(capsys, "score", tmp_path / "whole", "--baseline", tmp_path / "part")
    assert (status, out.splitlines()[-1][0]) == (3, "✓")
