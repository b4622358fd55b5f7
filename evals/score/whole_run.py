"""Metrics that are not means over questions, as functions of outcomes, so that they can be resampled."""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from evals.metrics.abstention import (
    MAX_OVER_REFUSAL,
    MAX_RISK,
    answerable_points,
    area_of,
    auroc_of,
    coverage_of,
    refusal_of,
    risk_points,
)
from evals.metrics.outcome import Outcome

LATENCY = re.compile(r"(?P<stage>.+)_seconds_p(?P<percentile>\d+)")


@dataclass(frozen=True, slots=True)
class Statistic:
    """A number that is not a mean over questions.

    Attributes:
        observe: what of these outcomes counts, in numbers; outcome by outcome it gives the same.
        summarise: the number over an array of what counts, of which there is something; None when it has no value.
    """

    observe: Callable[[Sequence[Outcome]], Sequence[Any]]
    summarise: Callable[[NDArray[np.float64]], float | None]


def statistic_of(name: str) -> Statistic | None:
    """How a metric is computed that is not a mean over questions; None for one that is."""
    if latency := LATENCY.fullmatch(name):
        percentile = int(latency["percentile"])
        return Statistic(partial(_seconds, latency["stage"]), lambda seen: float(np.percentile(seen, percentile)))
    return {
        "confidence_auroc": Statistic(answerable_points, auroc_of),
        f"refused_at_{MAX_OVER_REFUSAL:g}_over_refusal": Statistic(answerable_points, refusal_of),
        "aurc": Statistic(risk_points, area_of),
        f"coverage_at_{MAX_RISK:g}": Statistic(risk_points, coverage_of),
        # A refusal is right or wrong by its question alone, so pairs of refusals never differ: what differs between
        # runs is which questions they refuse.
        "abstention_precision": Statistic(_refusals, lambda seen: float(np.mean(seen))),
    }.get(name)


def _seconds(stage: str, outcomes: Sequence[Outcome]) -> list[float]:
    return [item.seconds[stage] for item in outcomes if not item.failed and stage in item.seconds]


def _refusals(outcomes: Sequence[Outcome]) -> list[bool]:
    return [not item.question.answerable for item in outcomes if item.refused]
