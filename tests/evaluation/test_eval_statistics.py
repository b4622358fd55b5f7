"""Intervals and tests against hand-computed cases and known distributions."""

from math import comb, sqrt

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from evals.metrics.scores import Score, mean
from evals.score.statistics import (
    bootstrap_interval,
    bootstrap_statistic,
    compare,
    holm,
    metric_intervals,
    minimum_detectable_effect,
    sign_flip_p_value,
    standard_error,
)


def test_the_bootstrap_gives_the_normal_interval_of_a_mean() -> None:
    values = np.random.default_rng(1).normal(0.3, 1, 400).tolist()
    interval = bootstrap_interval(values)
    assert interval is not None
    spread = 1.96 * np.std(values, ddof=1) / sqrt(400)
    assert interval.low == pytest.approx(np.mean(values) - spread, abs=0.01)
    assert interval.high == pytest.approx(np.mean(values) + spread, abs=0.01)
    assert interval.clusters == 400


def test_the_interval_covers_the_truth_as_often_as_it_says() -> None:
    random = np.random.default_rng(2)
    covered = 0
    for _ in range(200):
        interval = bootstrap_interval(random.binomial(1, 0.6, 100).tolist(), resamples=400)
        assert interval is not None
        covered += interval.low <= 0.6 <= interval.high
    assert 180 <= covered <= 199


def test_the_same_seed_gives_the_same_interval() -> None:
    values = [0.0, 1.0, 1.0, 0.0, 1.0]
    assert bootstrap_interval(values) == bootstrap_interval(values)
    assert bootstrap_interval(values, resamples=50) != bootstrap_interval(values, resamples=50, seed=1)


def test_values_that_stick_together_widen_the_interval() -> None:
    values = [0.0, 1.0] * 50
    clusters = [f"c{i % 2}{i // 20}" for i in range(100)]
    alone, together = bootstrap_interval(values), bootstrap_interval(values, clusters)
    assert alone is not None
    assert together is not None
    assert together.high - together.low > 1.5 * (alone.high - alone.low)
    assert together.clusters == 10


def test_an_empty_cluster_name_is_a_cluster_of_its_own() -> None:
    interval = bootstrap_interval([0.0, 1.0, 1.0], ["", "", "x"])
    assert interval is not None
    assert interval.clusters == 3


def test_one_cluster_has_no_interval() -> None:
    assert bootstrap_interval([]) is bootstrap_interval([1.0]) is bootstrap_interval([0.0, 1.0], ["c", "c"]) is None
    assert standard_error([1.0]) is None
    assert minimum_detectable_effect([1.0]) is None


def test_equal_values_have_an_interval_of_no_width() -> None:
    for clusters in ((), [*"aaaaaaaaaaaabbbbbccd"]):
        interval = bootstrap_interval([1.0] * 20, clusters)
        assert interval is not None
        assert (interval.low, interval.high) == (1, 1)


def test_any_statistic_can_be_bootstrapped() -> None:
    values = np.random.default_rng(3).normal(size=200)
    interval = bootstrap_statistic(lambda picks: float(np.median(values[picks])), [""] * 200)
    assert interval is not None
    assert interval.low < np.median(values) < interval.high
    assert bootstrap_statistic(lambda _: None, [""] * 5) is None
    assert bootstrap_statistic(lambda _: 1.0, ["c"] * 5) is None


@pytest.mark.parametrize(
    ("differences", "p_value"),
    [
        ([], 1),
        ([0.0, 0.0], 1),
        ([1.0], 1),
        ([1.0] * 5, 2 / 2**5),
        ([1.0, 1.0, 1.0, -1.0], 2 * (1 + 4) / 2**4),
        ([0.1, 0.2, 0.3], 2 / 2**3),
    ],
)
def test_few_differences_are_enumerated(differences: list[float], p_value: float) -> None:
    assert sign_flip_p_value(differences) == pytest.approx(p_value)


def test_many_differences_agree_with_the_sign_test() -> None:
    wins, losses = 28, 12
    tail = sum(comb(40, k) for k in range(wins, 41)) / 2**40
    assert sign_flip_p_value([1.0] * wins + [-1.0] * losses) == pytest.approx(2 * tail, abs=0.006)
    assert sign_flip_p_value([1.0] * 40) == pytest.approx(1 / 10_001)


def test_clusters_flip_together() -> None:
    assert sign_flip_p_value([1.0] * 10, ["c", "d"] * 5) == pytest.approx(2 / 4)


def test_p_values_are_uniform_when_nothing_differs() -> None:
    random = np.random.default_rng(4)
    values = [sign_flip_p_value(random.normal(size=30).tolist(), resamples=200) for _ in range(200)]
    assert 0.02 <= np.mean(np.asarray(values) < 0.1) <= 0.18


def test_holm_is_as_computed_by_hand() -> None:
    adjusted = holm({"a": 0.01, "b": 0.04, "c": 0.03, "d": 0.005})
    assert adjusted == pytest.approx({"a": 0.03, "b": 0.06, "c": 0.06, "d": 0.02})
    assert holm({}) == {}
    assert holm({"a": 0.7, "b": 0.9}) == {"a": 1, "b": 1}


@given(st.dictionaries(st.text(max_size=3), st.floats(0, 1), max_size=6))
def test_holm_only_raises_and_keeps_the_order(p_values: dict[str, float]) -> None:
    adjusted = holm(p_values)
    assert list(adjusted) == list(p_values)
    assert all(p_values[name] <= adjusted[name] <= 1 for name in p_values)
    ordered = [adjusted[name] for name in sorted(p_values, key=lambda name: p_values[name])]
    assert ordered == sorted(ordered)


def test_standard_errors_are_as_computed_by_hand() -> None:
    assert standard_error([0.0, 1.0, 1.0, 0.0]) == pytest.approx(sqrt((1 / 3) / 4))
    # two clusters with residual sums -1 and 1: sqrt(2 / 1 * 2) / 4
    assert standard_error([0.0, 0.0, 1.0, 1.0], ["a", "a", "b", "b"]) == pytest.approx(0.5)


def test_the_detectable_effect_is_2_8_standard_errors() -> None:
    values = [0.0, 1.0, 1.0, 0.0]
    error = standard_error(values)
    assert error is not None
    assert minimum_detectable_effect(values) == pytest.approx(2.8016 * error, rel=1e-4)


def test_a_comparison_pairs_questions_and_lists_what_changed() -> None:
    def run(**values: float | None) -> object:
        return mean("f1", (Score(q, v, "" if v is not None else "no gold") for q, v in values.items()))

    result = compare([(run(a=0.0, b=1.0, c=0.5, d=1.0), run(a=1.0, b=0.0, c=1.0, d=None, e=1.0))])[0]  # type: ignore[list-item]
    assert (result.wins, result.losses, result.unpaired, result.n) == (("a", "c"), ("b",), ("d", "e"), 3)
    assert result.difference == pytest.approx(1 / 6)
    assert result.interval is not None
    same = run(a=0.0, b=1.0)
    assert compare([(same, same)])[0].p_value == 1  # type: ignore[list-item]
    with pytest.raises(ValueError, match="no question has a score"):
        compare([(run(a=1.0), run(b=1.0))])  # type: ignore[list-item]


def test_repeats_must_be_averaged_before_they_are_compared() -> None:
    twice = mean("f1", [Score("a", 1.0), Score("a", 0.0)])
    with pytest.raises(ValueError, match="average repeats first"):
        compare([(twice, twice)])


def test_a_metric_has_the_interval_of_its_scores() -> None:
    metric = mean(
        "f1", [Score(str(i), i % 2.0, cluster=str(i // 2)) for i in range(10)] + [Score("x", None, "no gold")]
    )
    (interval,) = metric_intervals([metric])
    assert interval is not None
    assert (interval.low, interval.high, interval.clusters) == (0.5, 0.5, 5)
    assert metric_intervals([mean("f1", [])]) == [None]


def test_values_must_be_finite() -> None:
    with pytest.raises(ValueError, match="finite"):
        bootstrap_interval([1.0, float("nan")])
    with pytest.raises(ValueError, match="one cluster for each value"):
        bootstrap_interval([1.0, 0.0], ["a"])
