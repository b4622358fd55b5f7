"""Statistics: confidence intervals, paired tests, and the smallest difference that a set can show.

All draws are seeded: the same scores give the same interval.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from math import sqrt
from statistics import NormalDist

import numpy as np
from numpy.typing import NDArray

from evals.metrics.scores import Metric

RESAMPLES = 10_000
STATISTIC_RESAMPLES = 1_000  # of numbers that are no means, which take longer
SEED = 20231109
LEVEL = 0.95
ALPHA = 0.05
POWER = 0.8  # Cohen, Statistical Power Analysis for the Behavioral Sciences, 1988
MAX_EXACT_CLUSTERS = 14  # 2^14 sign patterns: all of them rather than a sample
_Sums = tuple[NDArray[np.float64], NDArray[np.int64]]  # sum and number of the values of each cluster
_Scores = dict[str, tuple[float, str]]  # question → score and cluster
BATCH = 500  # resamples drawn at a time, which bounds the memory to BATCH × clusters numbers


@dataclass(frozen=True, slots=True)
class Interval:
    """A confidence interval; ``clusters`` is the number of independent draws that it rests on."""

    low: float
    high: float
    clusters: int


@dataclass(frozen=True, slots=True)
class Comparison:
    """Two runs compared question by question.

    Attributes:
        difference: mean of second minus first over the questions that both have a score for.
        interval: its 95 % interval; None with fewer than two clusters.
        p_value: of the hypothesis that the runs do not differ (two-sided sign-flip test).
        n: questions compared.
        unpaired: questions with a score in one of the runs only.
        wins, losses: questions on which the second run is higher, and lower.
        detectable: the smallest difference that a set like this shows with a power of 80 %; None as for the interval.
    """

    difference: float
    interval: Interval | None
    p_value: float
    n: int
    unpaired: tuple[str, ...]
    wins: tuple[str, ...]
    losses: tuple[str, ...]
    detectable: float | None


def bootstrap_interval(
    values: Sequence[float], clusters: Sequence[str] = (), *, resamples: int = RESAMPLES, seed: int = SEED
) -> Interval | None:
    """95 % percentile interval of the mean, by drawing whole clusters with replacement.

    Efron & Tibshirani, An Introduction to the Bootstrap, 1993, chapter 13; clusters as in Cameron, Gelbach & Miller,
    "Bootstrap-Based Improvements for Inference with Clustered Errors", Review of Economics and Statistics 90, 2008.

    Args:
        clusters: a name for each value; the empty name is a cluster of its own. None given: all values independent.

    Returns:
        None with fewer than two clusters, which say nothing about the spread.
    """
    return _intervals([_cluster_sums(values, clusters)], resamples, seed)[0]


def metric_intervals(metrics: Sequence[Metric]) -> list[Interval | None]:
    """The interval of each metric that is a mean over questions; None where it is none, or rests on one cluster."""
    kept = [[(score.value, score.cluster) for score in metric.scores if score.value is not None] for metric in metrics]
    sums = [_cluster_sums([value for value, _ in rows], [cluster for _, cluster in rows]) for rows in kept]
    return _intervals(sums, RESAMPLES, SEED)


def _intervals(sums: Sequence[_Sums], resamples: int, seed: int) -> list[Interval | None]:
    """The intervals of means; those of as many clusters use the same draws, which take longest."""
    found: dict[int, Interval] = {}
    for count in {len(sizes) for _, sizes in sums} - {0, 1}:
        chosen = [i for i, (_, sizes) in enumerate(sums) if len(sizes) == count]
        totals, sizes = (np.column_stack([sums[i][part] for i in chosen]).astype(float) for part in (0, 1))
        drawn = (times.astype(float) for times in _times_drawn(count, resamples, seed))
        means = np.concatenate([(times @ totals) / (times @ sizes) for times in drawn])
        found |= {i: _percentiles(means[:, column], count) for column, i in enumerate(chosen)}
    return [found.get(i) for i in range(len(sums))]


def bootstrap_statistic(
    statistic: Callable[[NDArray[np.int64]], float | None], clusters: Sequence[str]
) -> Interval | None:
    """95 % percentile interval of a number that is no mean; as ``bootstrap_statistics``."""
    return bootstrap_statistics([statistic], clusters)[0]


def bootstrap_statistics(
    statistics: Sequence[Callable[[NDArray[np.int64]], float | None]], clusters: Sequence[str]
) -> list[Interval | None]:
    """95 % percentile intervals of numbers that are no means, such as areas under curves, over the same draws.

    Args:
        statistics: each gives the number for the observations with these indices (ascending, with repetitions), or
            None when it has none.
        clusters: a name for each observation, as in ``bootstrap_interval``.
    """
    members = _members(clusters)
    if len(members) < 2:
        return [None] * len(statistics)
    cluster_of = np.empty(len(clusters), dtype=np.int64)
    for number, indices in enumerate(members):
        cluster_of[indices] = number
    every = np.arange(len(clusters))
    drawn = (row for times in _times_drawn(len(members), STATISTIC_RESAMPLES, SEED) for row in times)
    samples = (np.repeat(every, times[cluster_of]) for times in drawn)
    found = zip(*([statistic(sample) for statistic in statistics] for sample in samples), strict=True)
    kept = [[value for value in values if value is not None] for values in found]
    return [_percentiles(np.asarray(values), len(members)) if values else None for values in kept]


def compare(pairs: Sequence[tuple[Metric, Metric]]) -> list[Comparison]:
    """Compare metrics of two runs over the same questions, each pair for itself.

    Raises:
        ValueError: the runs have no question with a score in common, or a question has two scores.
    """
    read = [(_by_question(first), _by_question(second)) for first, second in pairs]
    common = [[question for question in one if question in other] for one, other in read]
    for (first, _), names in zip(pairs, common, strict=True):
        if not names:
            raise ValueError(f"no question has a score for {first.name} in both runs")
    # Together, so that metrics of as many clusters share their draws.
    gains = [
        [other[name][0] - one[name][0] for name in names] for (one, other), names in zip(read, common, strict=True)
    ]
    clusters = [[one[name][1] for name in names] for (one, _), names in zip(read, common, strict=True)]
    intervals = _intervals(list(map(_cluster_sums, gains, clusters)), RESAMPLES, SEED)
    return list(map(_compared, read, common, gains, clusters, intervals))


def _compared(
    read: tuple[_Scores, _Scores],
    common: Sequence[str],
    differences: Sequence[float],
    clusters: Sequence[str],
    interval: Interval | None,
) -> Comparison:
    one, other = read
    return Comparison(
        difference=float(np.mean(differences)),
        interval=interval,
        p_value=sign_flip_p_value(differences, clusters),
        n=len(common),
        unpaired=tuple(sorted(one.keys() ^ other.keys())),
        wins=tuple(question for question, gain in zip(common, differences, strict=True) if gain > 0),
        losses=tuple(question for question, gain in zip(common, differences, strict=True) if gain < 0),
        detectable=minimum_detectable_effect(differences, clusters),
    )


def sign_flip_p_value(
    differences: Sequence[float], clusters: Sequence[str] = (), *, resamples: int = RESAMPLES, seed: int = SEED
) -> float:
    """Two-sided p-value of the mean difference when each cluster's sign is as good as tossed.

    Fisher's randomisation test; few clusters are enumerated, many sampled with the observed pattern counted in
    (Phipson & Smyth, "Permutation P-values Should Never Be Zero", 2010). No difference at all has p = 1.
    """
    totals, _ = _cluster_sums(differences, clusters)
    totals = totals[totals != 0]
    if not len(totals):
        return 1.0
    observed = abs(totals.sum()) * (1 - 1e-12)  # rounding may not make an equal sum smaller
    if len(totals) <= MAX_EXACT_CLUSTERS:
        signs = 1 - 2 * ((np.arange(2 ** len(totals))[:, None] >> np.arange(len(totals))) & 1)
        return float((np.abs(signs @ totals) >= observed).mean())
    random = np.random.default_rng(seed)
    extreme = 0
    for count in _batches(resamples):
        turned = random.integers(2, size=(count, len(totals))).astype(float)
        extreme += int((np.abs(totals.sum() - 2 * (turned @ totals)) >= observed).sum())
    return (extreme + 1) / (resamples + 1)


def holm(p_values: Mapping[str, float]) -> dict[str, float]:
    """P-values adjusted for how many there are (Holm, Scandinavian Journal of Statistics 6, 1979)."""
    adjusted: dict[str, float] = {}
    largest = 0.0
    for rank, (name, p_value) in enumerate(sorted(p_values.items(), key=lambda item: item[1])):
        largest = max(largest, min(1.0, p_value * (len(p_values) - rank)))
        adjusted[name] = largest
    return {name: adjusted[name] for name in p_values}


def standard_error(values: Sequence[float], clusters: Sequence[str] = ()) -> float | None:
    """Standard error of the mean with clusters (Miller, "Adding Error Bars to Evals", 2024, section 2.2).

    Like the usual sample variance it divides by one less than the number of clusters. None with fewer than two.
    """
    totals, sizes = _cluster_sums(values, clusters)
    count = len(sizes)
    if count < 2:
        return None
    residuals = totals - sizes * (totals.sum() / sizes.sum())
    return float(sqrt(count / (count - 1) * (residuals**2).sum()) / sizes.sum())


def minimum_detectable_effect(differences: Sequence[float], clusters: Sequence[str] = ()) -> float | None:
    """The smallest true difference that a two-sided test at ``ALPHA`` finds with probability ``POWER``.

    (z of 1 - ALPHA/2 plus z of POWER) standard errors; Bloom, "Minimum Detectable Effects", Evaluation Review 19, 1995.
    """
    error = standard_error(differences, clusters)
    normal = NormalDist()
    return None if error is None else (normal.inv_cdf(1 - ALPHA / 2) + normal.inv_cdf(POWER)) * error


def _by_question(metric: Metric) -> _Scores:
    scores = [score for score in metric.scores if score.value is not None]
    found = {score.question: (score.value, score.cluster) for score in scores if score.value is not None}
    if len(found) < len(scores):
        raise ValueError(f"a question has more than one score for {metric.name}: average repeats first")
    return found


def _members(clusters: Sequence[str]) -> list[NDArray[np.int64]]:
    """Indices of the observations of each cluster."""
    found: dict[object, list[int]] = {}
    for index, name in enumerate(clusters):
        found.setdefault(name or index, []).append(index)
    return [np.asarray(indices, dtype=np.int64) for indices in found.values()]


def _cluster_sums(values: Sequence[float], clusters: Sequence[str]) -> _Sums:
    """Sum and number of the values of each cluster, each of shape (clusters,)."""
    if clusters and len(clusters) != len(values):
        raise ValueError("one cluster for each value")
    array = np.asarray(values, dtype=float)
    if not np.isfinite(array).all():
        raise ValueError("a value is not a finite number")
    members = _members(clusters or [""] * len(values))
    sums = np.array([array[indices].sum() for indices in members], dtype=float)
    return sums, np.array([len(indices) for indices in members], dtype=np.int64)


def _times_drawn(count: int, resamples: int, seed: int) -> Iterator[NDArray[np.int64]]:
    """How often each of ``count`` clusters is drawn with replacement, in batches of shape (up to BATCH, count).

    So often each cluster's sum counts: one product with these numbers is the sum of every resample.
    """
    random = np.random.default_rng(seed)

    def times(size: int) -> NDArray[np.int64]:
        picks = random.integers(count, size=(size, count))
        return np.array([np.bincount(row, minlength=count) for row in picks])

    return map(times, _batches(resamples))


def _batches(total: int) -> Iterator[int]:
    return (min(BATCH, total - start) for start in range(0, total, BATCH))


def _percentiles(values: NDArray[np.float64], clusters: int) -> Interval:
    low, high = np.quantile(values, ((1 - LEVEL) / 2, (1 + LEVEL) / 2))
    return Interval(float(low), float(high), clusters)
