"""Refusals and confidence."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evals.metrics.abstention import (
    abstention_precision,
    abstention_recall,
    answer_curve,
    auroc,
    confidence_auroc,
    coverage_at_risk,
    false_answer_rate,
    over_refusal,
    refusal_at_over_refusal,
    risk_coverage,
)
from tests.eval_outcomes import ask, fail, refuse, say, unanswerable

GOLD = ask(("Bo",))
NONE = unanswerable()
MIXED = [say(GOLD, "Bo"), refuse(GOLD), refuse(GOLD), say(NONE, "Bo"), refuse(NONE), refuse(NONE), refuse(NONE)]


def test_refusals_are_counted_both_ways() -> None:
    assert abstention_precision(MIXED).value == 3 / 5
    assert abstention_recall(MIXED).value == 3 / 4
    assert over_refusal(MIXED).value == 2 / 3
    assert false_answer_rate(MIXED).value == 1 / 4
    assert (over_refusal(MIXED).n, false_answer_rate(MIXED).n) == (3, 4)


def test_a_system_that_never_refuses_has_no_abstention_precision() -> None:
    result = abstention_precision([say(GOLD, "Bo"), say(NONE, "Bo")])
    assert (result.value, result.n, dict(result.unscored)) == (None, 0, {"not refused": 2})


def test_errors_are_neither_refusals_nor_answers_and_count_as_wrong() -> None:
    both = [fail(GOLD), fail(NONE)]
    assert abstention_precision(both).n == 0
    assert abstention_recall(both).value == 0
    assert over_refusal(both).value == false_answer_rate(both).value == 1
    assert over_refusal(both).errors == 2
    assert over_refusal(both).without_errors is None


def test_risk_coverage_is_as_computed_by_hand() -> None:
    curve = risk_coverage([0.9, 0.8, 0.7, 0.6], [False, True, False, False])
    assert curve.coverages == (0.25, 0.5, 0.75, 1.0)
    assert curve.risks == pytest.approx((0, 1 / 2, 1 / 3, 1 / 4))
    assert curve.area == pytest.approx((0 + 1 / 2 + 1 / 3 + 1 / 4) / 4)
    assert curve.coverage_at(0.05) == 0.25
    assert curve.coverage_at(0.25) == 1
    assert risk_coverage([1, 2], [True, True]).coverage_at(0.05) == 0


def test_equal_confidences_come_together() -> None:
    curve = risk_coverage([1, 1, 1, 1], [True, False, False, False])
    assert (curve.coverages, curve.risks, curve.area) == ((1.0,), (0.25,), 0.25)


@given(st.lists(st.tuples(st.integers(0, 4).map(float), st.booleans()), min_size=1, max_size=12), st.randoms())
def test_the_area_does_not_depend_on_the_order(pairs: list[tuple[float, bool]], random: object) -> None:
    shuffled = list(pairs)
    random.shuffle(shuffled)  # type: ignore[attr-defined]
    areas = [risk_coverage([c for c, _ in order], [w for _, w in order]).area for order in (pairs, shuffled)]
    assert areas[0] == pytest.approx(areas[1])
    assert 0 <= areas[0] <= 1


def test_auroc_counts_pairs() -> None:
    assert auroc([3, 4], [1, 2]) == 1
    assert auroc([1], [2, 3]) == 0
    assert auroc([1, 3], [2, 2]) == 0.5
    assert auroc([2, 2], [2]) == 0.5
    with pytest.raises(ValueError, match="positives and negatives"):
        auroc([], [1])


@given(st.lists(st.integers(0, 5), min_size=1, max_size=8), st.lists(st.integers(0, 5), min_size=1, max_size=8))
def test_auroc_is_the_share_of_pairs_in_order(positives: list[int], negatives: list[int]) -> None:
    pairs = [(p > n) + (p == n) / 2 for p in positives for n in negatives]
    assert auroc(positives, negatives) == pytest.approx(sum(pairs) / len(pairs))


def test_the_answer_curve_takes_failures_as_wrong_and_last() -> None:
    outcomes = [
        say(GOLD, "Bo", confidence=-5.0),
        say(GOLD, "Cara", confidence=-9.0),
        fail(GOLD),
        refuse(GOLD),
        say(GOLD, "Bo"),
    ]
    curve, area = answer_curve(outcomes)
    assert curve is not None
    assert curve.risks == pytest.approx((0, 1 / 2, 2 / 3))
    assert area.value == pytest.approx((0 + 1 / 2 + 2 / 3) / 3)
    assert area.without_errors == pytest.approx((0 + 1 / 2) / 2)
    assert (area.n, area.errors, dict(area.unscored)) == (3, 1, {"refused": 1, "no confidence": 1})
    assert coverage_at_risk(outcomes).value == pytest.approx(1 / 3)


def test_without_answers_there_is_no_curve() -> None:
    curve, area = answer_curve([refuse(GOLD)])
    assert (curve, area.value, area.n) == (None, None, 0)
    assert coverage_at_risk([]).value is None


def test_confidence_is_measured_over_answers_and_refusals() -> None:
    outcomes = [
        say(GOLD, "Cara", confidence=2.0),
        refuse(GOLD, confidence=0.5),
        refuse(NONE, confidence=1.0),
        fail(NONE),
    ]
    result = confidence_auroc(outcomes)
    assert (result.value, result.n, result.errors, dict(result.unscored)) == (0.5, 3, 1, {"failed": 1})
    alone = confidence_auroc([replace(outcomes[0], confidence=1.0)])
    assert (alone.value, alone.n) == (None, 0)
    assert dict(alone.unscored) == {"only answerable or only unanswerable questions": 1}


def test_refusals_are_counted_at_the_threshold_that_loses_a_tenth_of_the_answerable() -> None:
    answerable = [say(GOLD, "Bo", confidence=level / 10) for level in range(1, 11)]
    others = [refuse(NONE, confidence=level) for level in (0.05, 0.15, 0.2, 0.9)]
    result = refusal_at_over_refusal([*answerable, *others])
    assert (result.value, result.n) == (0.5, 14)  # the threshold is 0.2: refused are 0.1 and, below it, two of four
    assert refusal_at_over_refusal([*answerable[:9], *others]).value == 0.25  # of nine none may be lost
    assert refusal_at_over_refusal(answerable).value is None
