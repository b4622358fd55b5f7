"""Two runs compared: what differs, whether it is luck, and what cannot be compared."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from evals.questions.schema import Question
from evals.score.comparison import Change, RunComparison, compare_runs, compare_slices
from evals.score.comparison_tables import shown_change, shown_change_interval, shown_p_value
from evals.score.scoring import HEADLINE, score_run
from evals.score.statistics import Interval, holm
from evals.score.whole_run import statistic_of
from index.errors import UsageError
from tests.eval_outcomes import FIRST, span
from tests.eval_runs import ARTICLE, RIGHT, WRONG, answered, make_run, meetings, mysteries, refused

Answers = Mapping[Any, Any]


def compared(
    tmp_path: Path, questions: Sequence[Question], first: Answers, second: Answers, *names: str, **suite: Any
) -> RunComparison:
    ours = score_run(make_run(tmp_path / "first", questions, [ARTICLE], first, **suite))
    theirs = score_run(make_run(tmp_path / "second", questions, [ARTICLE], second, **suite))
    return compare_runs(ours, theirs, names)


def one(found: RunComparison) -> Change:
    (change,) = found.changes
    return change


def by_name(found: RunComparison) -> dict[str, Change]:
    return {change.name: change for change in found.changes}


def all_of(questions: Sequence[Question], answer: Any) -> dict[str, Any]:
    return {question.id: answer for question in questions}


def test_a_change_is_as_computed_by_hand(tmp_path: Path) -> None:
    first = {"q0": RIGHT, "q1": WRONG, "q2": RIGHT, "q3": WRONG, "q4": WRONG}
    second = {"q0": RIGHT, "q1": RIGHT, "q2": WRONG, "q3": RIGHT, "q4": RIGHT}
    change = one(compared(tmp_path, meetings(5), first, second, "answer_correct"))
    assert (change.first, change.second) == pytest.approx((2 / 5, 4 / 5))
    assert change.n == 5
    assert change.difference == pytest.approx(2 / 5)
    assert (change.won, change.lost) == (("q1", "q3", "q4"), ("q2",))
    assert change.p_value == pytest.approx(10 / 16)  # of 4 signs, at least 3 alike: 2 · (1 + 4) of 16
    assert change.scores["q1"] == (0.0, 1.0)
    assert change.tested is not None
    assert change.tested.detectable is not None
    assert change.interval is not None
    assert change.interval.low < 2 / 5 < change.interval.high


def test_a_worse_variant_is_called_worse_and_the_same_one_is_not(tmp_path: Path) -> None:
    questions = [*meetings(20), *mysteries(5)]
    good = {**all_of(meetings(20), RIGHT), **all_of(mysteries(5), refused())}
    bad = {**good, **all_of(meetings(16), WRONG)}
    worse = by_name(compared(tmp_path / "worse", questions, good, bad))["answer_correct"]
    assert worse.verdict == "worse"
    assert worse.p_value is not None
    assert worse.p_value < 0.05
    assert by_name(compared(tmp_path / "better", questions, bad, good))["answer_correct"].verdict == "better"
    same = compared(tmp_path / "same", questions, bad, bad)
    tested = [change for change in same.changes if change.tested]
    assert len(tested) > 10
    assert {(change.p_value, change.verdict, change.difference) for change in tested} == {(1, "no difference shown", 0)}


def test_where_lower_is_better_more_is_worse(tmp_path: Path) -> None:
    questions = meetings(12)
    found = compared(tmp_path, questions, all_of(questions, RIGHT), all_of(questions, refused()), "over_refusal")
    change = one(found)
    assert (change.difference, change.better, change.verdict) == (1, "lower", "worse")
    assert (len(change.won), len(change.lost)) == (0, 12)


def test_p_values_are_adjusted_for_the_metrics_that_are_compared(tmp_path: Path) -> None:
    questions = meetings(6)
    ours, theirs = all_of(questions, WRONG), all_of(questions, RIGHT)
    alone = one(compared(tmp_path / "alone", questions, ours, theirs, "answer_correct"))
    assert alone.p_value == pytest.approx(2 / 2**6)
    assert alone.verdict == "better"
    among = compared(tmp_path / "among", questions, ours, theirs)
    raw = {change.name: change.tested.p_value for change in among.changes if change.tested}
    assert {change.name: change.p_value for change in among.changes if change.tested} == holm(raw)
    assert by_name(among)["answer_correct"].verdict == "no difference shown"


def test_repetitions_of_a_question_are_averaged(tmp_path: Path) -> None:
    first = {("q0", 0): RIGHT, ("q0", 1): WRONG, "q1": RIGHT}
    second = {"q0": RIGHT, "q1": RIGHT}
    change = one(compared(tmp_path, meetings(2), first, second, "answer_correct", repeats=2))
    assert (change.n, change.first, change.second) == (2, 0.75, 1)
    assert change.scores == {"q0": (0.5, 1), "q1": (1, 1)}


def test_numbers_that_are_no_means_are_those_of_the_runs_and_have_no_p_value(tmp_path: Path) -> None:
    questions = [*meetings(8), *mysteries(4)]
    first = {f"q{i}": answered("Bo.", span(FIRST), confidence=0.5 + i / 20, milliseconds=1000 + i) for i in range(8)}
    first |= {f"u{i}": refused(confidence=0.3 + i / 10) for i in range(4)}
    second = {**first, "q0": WRONG, "q1": refused(), "u0": WRONG, "q7": "no answer within 60 s"}
    found = compared(tmp_path, questions, first, second)
    untested = [change for change in found.changes if not change.tested]
    assert {change.name for change in untested} == {name for name in HEADLINE if statistic_of(name)}
    for change in untested:
        for value, scores in ((change.first, found.first), (change.second, found.second)):
            assert value == pytest.approx(scores.measured[change.name].metric.value), change.name
        assert change.difference == pytest.approx(change.second - change.first)
        assert (change.p_value, change.verdict, change.won, change.lost) == (None, "not tested", (), ())
        assert change.interval is not None
        assert change.interval.low <= change.difference <= change.interval.high


def test_both_runs_are_drawn_together(tmp_path: Path) -> None:
    """Drawn apart, the interval of the difference of a run from itself would have a width."""
    questions = [*meetings(6), *mysteries(6)]
    answers = {f"q{i}": answered("Bo.", span(FIRST), confidence=0.4 + i / 10) for i in range(6)}
    answers |= {f"u{i}": refused(confidence=0.2 + i / 10) for i in range(6)}
    for change in compared(tmp_path, questions, answers, answers).changes:
        assert change.interval is not None, change.name
        assert (change.difference, change.interval.low, change.interval.high) == (0, 0, 0), change.name


def test_refusals_are_not_compared_in_pairs(tmp_path: Path) -> None:
    """What both runs refuse is equally right in both."""
    questions = [*meetings(2), *mysteries(2)]
    careful = all_of(questions, refused())
    change = one(compared(tmp_path, questions, {**careful, "q0": RIGHT, "q1": RIGHT}, careful, "abstention_precision"))
    assert (change.first, change.second, change.n, change.verdict) == (1, 0.5, 4, "not tested")


def test_paraphrases_are_compared_by_their_group(tmp_path: Path) -> None:
    questions = [*meetings(2, group="met", question_type="single"), *mysteries(1, group="why", question_type="odd")]
    questions.append(mysteries(1)[0].model_copy(update={"id": "u-again", "group": "why", "question_type": "odd"}))
    first = {"q0": RIGHT, "q1": refused(), "u0": refused(), "u-again": refused()}
    found = compared(tmp_path, questions, first, {**first, "q1": RIGHT}, "paraphrase_agreement")
    assert one(found).scores == {"met": (0, 1), "why": (1, 1)}
    changes, _ = compare_slices(found, ["paraphrase_agreement"], ["type"])
    assert {change.slice: (change.n, change.difference) for change in changes} == {
        "type:odd": (1, 0),
        "type:single": (1, 1),
    }


def test_slices_have_their_own_numbers_and_their_own_adjustment(tmp_path: Path) -> None:
    lists = tuple(q.model_copy(update={"id": f"l-{q.id}"}) for q in meetings(6, question_type="list", tags=("t:1",)))
    questions = [*meetings(8, question_type="single"), *lists, *mysteries(2)]
    first = {**all_of(questions, RIGHT), **all_of(mysteries(2), refused())}
    second = {**first, **all_of(lists, WRONG), "q0": WRONG, "q1": WRONG, "q2": WRONG}
    found = compared(tmp_path, questions, first, second)
    changes, uncompared = compare_slices(found, ["answer_correct", "over_refusal"], ["type", "tag", "answerable"])
    ours = {change.slice: change for change in changes if change.name == "answer_correct"}
    sizes = {name: (change.n, round(change.difference * change.n)) for name, change in ours.items()}
    assert sizes == {
        "type:list": (6, -6),
        "tag:t": (6, -6),
        "type:single": (8, -3),
        "answerable:yes": (14, -9),
        "answerable:no": (2, 0),
    }
    raw = {name: change.tested.p_value for name, change in ours.items() if change.tested}
    assert raw["type:list"] == pytest.approx(2 / 2**6)
    assert {name: change.p_value for name, change in ours.items()} == holm(raw)
    assert ours["answerable:yes"].verdict == "worse"
    assert uncompared == ()


def test_numbers_that_are_no_means_have_slices_too(tmp_path: Path) -> None:
    questions = [*meetings(4, question_type="single"), *mysteries(4, question_type="odd")]
    first = {**all_of(meetings(4), RIGHT), **all_of(mysteries(4), refused(milliseconds=500))}
    slow = {**first, **all_of(mysteries(4), refused(milliseconds=2500))}
    changes, _ = compare_slices(compared(tmp_path, questions, first, slow), ["total_seconds_p50"], ["type"])
    assert {change.slice: change.difference for change in changes} == {"type:odd": 2, "type:single": 0}


def test_one_cluster_has_no_interval(tmp_path: Path) -> None:
    questions = meetings(3, cluster="story")
    found = compared(tmp_path, questions, all_of(questions, WRONG), all_of(questions, RIGHT), "answer_correct")
    assert (one(found).interval, one(found).p_value, one(found).difference) == (None, 1, 1)


def test_a_metric_that_only_one_run_has_is_named(tmp_path: Path) -> None:
    questions = [*meetings(2), *mysteries(2)]
    found = compared(tmp_path, questions, all_of(questions, RIGHT), all_of(questions, refused()))
    reasons = {item.name: item.reason for item in found.uncompared}
    assert reasons["citation_coverage"] == "no question has a score in both runs: 4 in the first, 0 in the second"
    assert reasons["abstention_precision"] == "the first run has no value for it"
    assert reasons["aurc"] == "the second run has no value for it"
    assert not reasons.keys() & by_name(found).keys()
    assert "attack_success" not in reasons  # there is nothing to score in either


def test_a_change_of_a_metric_without_better_is_only_different(tmp_path: Path) -> None:
    questions = meetings(6)
    change = one(compared(tmp_path, questions, all_of(questions, WRONG), all_of(questions, RIGHT), "answer_correct"))
    assert replace(change, better="").verdict == "different"


def test_only_questions_that_both_have_asked_are_compared(tmp_path: Path) -> None:
    questions = meetings(4)
    found = compared(tmp_path, questions, {"q0": RIGHT, "q1": RIGHT, "q2": WRONG}, {"q1": RIGHT, "q2": RIGHT})
    assert (found.questions, found.complete) == (2, False)
    assert by_name(found)["answer_correct"].scores == {"q1": (1, 1), "q2": (0, 1)}
    assert by_name(found)["total_seconds_p50"].n == 2
    with pytest.raises(UsageError, match="no question has been asked in both runs yet"):
        compared(tmp_path / "apart", questions, {"q0": RIGHT}, {"q1": RIGHT})


def test_other_questions_or_articles_cannot_be_compared(tmp_path: Path) -> None:
    two, three = meetings(2), meetings(3)
    changed = (two[0], two[1].model_copy(update={"question": "Who was met?"}))
    ours = score_run(make_run(tmp_path / "ours", two, [ARTICLE], all_of(two, RIGHT)))
    for name, questions, said in (
        ("more", three, "questions: 1 only in the second (such as 'q2')"),
        ("changed", changed, "questions: 1 not the same in both (such as 'q1')"),
    ):
        theirs = score_run(make_run(tmp_path / name, questions, [ARTICLE], {}))
        with pytest.raises(UsageError) as caught:
            compare_runs(ours, theirs)
        assert said in caught.value.problem
        assert caught.value.remedy
    longer = [ARTICLE, replace(ARTICLE, id="b")]
    theirs = score_run(make_run(tmp_path / "articles", two, longer, all_of(two, RIGHT)))
    with pytest.raises(UsageError, match=r"articles: 1 only in the second \(such as 'b'\)"):
        compare_runs(ours, theirs)
    with pytest.raises(UsageError, match="articles: 1 only in the first"):
        compare_runs(theirs, ours)


def test_what_made_the_runs_different_is_listed(tmp_path: Path) -> None:
    questions = meetings(1)
    other = {"commit": "9" * 40, "dirty": True, "settings": {"k": "4", "seed": "7"}, "packages": {"numpy": "2.5"}}
    other |= {"prompts": {"answer": "1" * 64, "judge": "2" * 64}, "model": "gpt"}
    ours = make_run(tmp_path / "a", questions, [ARTICLE], {"q0": RIGHT})
    theirs = make_run(tmp_path / "b", questions, [ARTICLE], {"q0": RIGHT}, provenance=other, seed=3)
    found = compare_runs(score_run(ours), score_run(theirs))
    assert {item.name: (item.first, item.second) for item in found.differences} == {
        "commit": ("c" * 12, "9" * 12 + " with changes"),
        "model": ("local", "gpt"),
        "seeds": ("0", "3"),
        "prompts.answer": ("e" * 12, "1" * 12),
        "prompts.judge": ("none", "2" * 12),
        "settings.k": ("8", "4"),
        "packages.numpy": ("2.4", "2.5"),
    }


def test_an_unknown_metric_or_kind_is_told_with_what_there_is(tmp_path: Path) -> None:
    questions = meetings(1)
    with pytest.raises(UsageError) as caught:
        compared(tmp_path, questions, {"q0": RIGHT}, {"q0": RIGHT}, "citation_f1")
    assert caught.value.problem == "no metric 'citation_f1'"
    assert "citation_f1_sentence" in caught.value.remedy
    found = compared(tmp_path, questions, {"q0": RIGHT}, {"q0": RIGHT})
    with pytest.raises(UsageError, match="no slices by 'colour'"):
        compare_slices(found, ["answer_correct"], ["colour"])


@pytest.mark.parametrize(
    ("name", "change", "shown"),
    [
        ("f1", 0.25, "+0.250"),
        ("f1", -0.25, "-0.250"),
        ("f1", -0.0001, "0.000"),
        ("total_seconds_p50", -1.5, "-1.50 s"),
        ("prompt_tokens", 12.4, "+12"),
        ("f1", None, "–"),
    ],
)
def test_changes_are_shown_with_sign_and_unit(name: str, change: float | None, shown: str) -> None:
    assert shown_change(name, change) == shown


def test_intervals_and_p_values_are_shown() -> None:
    assert shown_change_interval("f1", Interval(-0.1, 0.2, 9)) == "-0.100 … +0.200"
    assert shown_change_interval("f1", None) == shown_p_value(None) == "–"
    assert (shown_p_value(0.0004), shown_p_value(0.0314), shown_p_value(1)) == ("<0.001", "0.031", "1.000")
