"""Luck: how much of a run's numbers comes from the seeds that were drawn, as its repetitions tell."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from math import sqrt

from evals.metrics.abstention import refused
from evals.metrics.scores import Metric
from evals.score.scoring import RunScores, average_repeats
from evals.score.statistics import standard_error

OF_MEANS = ("answer_correct", "citation_f1_sentence")  # and ``refused``, which is neither good nor bad


@dataclass(frozen=True, slots=True)
class Components:
    """What a score varies with: the question, and the seed with which the same question is asked again.

    One-way random-effects analysis of variance, with as many repetitions as each question has (Searle, Casella &
    McCulloch, Variance Components, 1992, chapter 3).

    Attributes:
        between: variance between questions; an estimate below 0 counts as 0.
        within: variance within questions, which is luck.
        correlation: the share of ``between`` in both, ICC(1) of Shrout & Fleiss, "Intraclass Correlations",
            Psychological Bulletin 86, 1979; None when nothing varies.
        standard_error: of the mean over these questions, as far as it comes from luck alone.
    """

    between: float
    within: float
    correlation: float | None
    standard_error: float


def components_of(metric: Metric) -> Components | None:
    """The components of a metric whose repetitions are averaged; None without repetitions or with one question."""
    kept = [(score.value, score.repeats, score.spread) for score in metric.scores if score.value is not None]
    count, total = len(kept), sum(repeats for _, repeats, _ in kept)
    if count < 2 or total == count:
        return None
    within = sum(spread for *_, spread in kept) / (total - count)
    mean = sum(value * repeats for value, repeats, _ in kept) / total
    square = sum(repeats * (value - mean) ** 2 for value, repeats, _ in kept) / (count - 1)
    size = (total - sum(repeats**2 for _, repeats, _ in kept) / total) / (count - 1)
    between = max(0.0, (square - within) / size)
    both = between + within
    error = sqrt(within * sum(1 / repeats for _, repeats, _ in kept)) / count
    return Components(between, within, between / both if both else None, error)


def luck_of(scores: RunScores) -> Mapping[str, tuple[Metric, Components]]:
    """The main metrics with their components, by name; empty for a run without repetitions."""
    metrics = [scores.measured[name].metric for name in OF_MEANS if name in scores.measured]
    metrics.append(average_repeats(refused(scores.outcomes)))
    found = ((metric, components_of(metric)) for metric in metrics)
    return {metric.name: (metric, parts) for metric, parts in found if parts}


def luck_share(first: Metric, second: Metric) -> float | None:
    """The share of a difference's variance that comes from luck; None unless both runs have repetitions.

    The difference is that of the means over the questions that both have a score for. Its variance is the square of its
    standard error; luck's part of it is the sum of what luck adds to either mean. Seeds are taken as independent.
    """
    one, other = (
        {score.question: score for score in metric.scores if score.value is not None} for metric in (first, second)
    )
    common = [name for name in one if name in other]
    changes = [(other[name].value or 0.0) - (one[name].value or 0.0) for name in common]
    error = standard_error(changes, [one[name].cluster for name in common])
    parts = [components_of(replace(first, scores=tuple(run[name] for name in common))) for run in (one, other)]
    luck = [item.standard_error**2 for item in parts if item]
    return min(1.0, sum(luck) / error**2) if error and len(luck) == len(parts) else None
