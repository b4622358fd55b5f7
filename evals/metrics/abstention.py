"""Metrics of refusals and confidence: does the system answer when it can, and only then?"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from evals.metrics.answers import is_correct
from evals.metrics.outcome import Outcome
from evals.metrics.scores import Metric, Score, mean, scored, unscored

MAX_RISK = 0.05  # the share of wrong answers that a reader is taken to accept
MAX_OVER_REFUSAL = 0.1  # the share of answerable questions whose refusal is taken to be acceptable


def abstention_precision(outcomes: Iterable[Outcome]) -> Metric:
    """Share of the refusals that were right."""

    def score(outcome: Outcome) -> Score:
        if not outcome.refused:
            return unscored(outcome.question, "not refused", error=outcome.failed)
        return scored(outcome.question, float(not outcome.question.answerable))

    return mean("abstention_precision", map(score, outcomes))


def abstention_recall(outcomes: Iterable[Outcome]) -> Metric:
    """Share of the unanswerable questions that were refused; a failure is no refusal."""
    return mean("abstention_recall", (_of(outcome, answerable=False, value=outcome.refused) for outcome in outcomes))


def refused(outcomes: Iterable[Outcome]) -> Metric:
    """Share of the questions that were refused, rightly or not."""

    def score(outcome: Outcome) -> Score:
        if outcome.failed:
            return unscored(outcome.question, "failed", error=True)
        return scored(outcome.question, float(outcome.refused))

    return mean("refused", map(score, outcomes))


def over_refusal(outcomes: Iterable[Outcome]) -> Metric:
    """Share of the answerable questions that got no answer: refusals and failures."""
    return mean("over_refusal", (_of(outcome, answerable=True, value=not outcome.answered) for outcome in outcomes))


def false_answer_rate(outcomes: Iterable[Outcome]) -> Metric:
    """Share of the unanswerable questions that were not refused: answers and failures."""
    return mean(
        "false_answer_rate", (_of(outcome, answerable=False, value=not outcome.refused) for outcome in outcomes)
    )


def _of(outcome: Outcome, *, answerable: bool, value: bool) -> Score:
    if outcome.question.answerable is not answerable:
        reason = "not answerable" if answerable else "answerable"
        return unscored(outcome.question, reason, error=outcome.failed)
    return scored(outcome.question, float(value), error=outcome.failed)


Numbers = Sequence[float] | NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class RiskCoverage:
    """Wrong answers as a function of how many are given, the surest first.

    El-Yaniv & Wiener, "On the Foundations of Noise-free Selective Classification", JMLR 2010; the area is that of
    Geifman & El-Yaniv, "Selective Classification for Deep Neural Networks", NeurIPS 2017.

    Attributes:
        coverages: share of the questions answered, at each possible threshold; ascending.
        risks: share of wrong answers among them.
        area: mean risk over all coverages 1/n … 1 (AURC); lower is better.
    """

    coverages: tuple[float, ...]
    risks: tuple[float, ...]
    area: float

    def coverage_at(self, risk: float = MAX_RISK) -> float:
        """The largest coverage at which no larger share than ``risk`` is wrong; 0 when there is none."""
        fitting = (coverage for coverage, at in zip(self.coverages, self.risks, strict=True) if at <= risk)
        return max(fitting, default=0.0)


def risk_coverage(confidences: Numbers, wrong: Numbers) -> RiskCoverage:
    """The curve of a system that answers when its confidence reaches a threshold.

    Answers of equal confidence come together: no threshold parts them, and between their ends the area takes their
    mean, so that it does not depend on the order of the input.

    Raises:
        ValueError: there are no answers, or the two differ in length.
    """
    if not len(confidences) or len(confidences) != len(wrong):
        raise ValueError("one confidence for each answer, and at least one answer")
    sizes, errors = _levels(confidences, wrong)
    answered, mistakes = sizes.cumsum(), errors.cumsum()
    shares, risks = answered / len(wrong), mistakes / answered
    return RiskCoverage(tuple(shares.tolist()), tuple(risks.tolist()), _area(sizes, errors))


def _levels(confidences: Numbers, wrong: Numbers) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """How many answers each confidence has, and how many of them are wrong; the highest confidence first."""
    levels, group = np.unique(-np.asarray(confidences, dtype=float), return_inverse=True)
    sizes = np.bincount(group, minlength=len(levels))
    errors = np.bincount(group, weights=np.asarray(wrong, dtype=float), minlength=len(levels))
    return sizes, np.asarray(errors, dtype=float)


def _area(sizes: NDArray[np.int64], errors: NDArray[np.float64]) -> float:
    spread = np.repeat(errors / sizes, sizes).cumsum()  # mistakes after 1, 2, … answers, ties shared out evenly
    return float((spread / np.arange(1, len(spread) + 1)).mean())


def auroc(positives: Numbers, negatives: Numbers) -> float:
    """Probability that a positive ranks above a negative, ties half (Hanley & McNeil, Radiology 143, 1982).

    Raises:
        ValueError: one of the two is empty.
    """
    if not len(positives) or not len(negatives):
        raise ValueError("the area under the ROC curve needs positives and negatives")
    ordered: NDArray[np.float64] = np.sort(np.asarray(negatives, dtype=float))
    below = np.searchsorted(ordered, positives, side="left")
    not_above = np.searchsorted(ordered, positives, side="right")
    return float((below + not_above).sum() / 2 / (len(positives) * len(negatives)))


class Point(NamedTuple):
    """One observation of a threshold: how sure, and whether the event (a wrong answer, an answerable question) is so.

    Attributes:
        confidence: -inf for a failure.
    """

    confidence: float
    event: bool


Points = Sequence[Point] | NDArray[np.float64]  # or a row for each, of confidence and event


def risk_points(outcomes: Iterable[Outcome]) -> tuple[Point, ...]:
    """Each answer or failure and whether it was wrong; a failure is a wrong answer of the lowest confidence."""
    return tuple(_point(outcome, bool(value)) for outcome in outcomes if (value := _risk(outcome).value) is not None)


def answerable_points(outcomes: Iterable[Outcome]) -> tuple[Point, ...]:
    """Each question with a confidence, answered or refused, and whether it was answerable."""
    sound = (outcome for outcome in outcomes if not outcome.failed and outcome.confidence is not None)
    return tuple(_point(outcome, outcome.question.answerable) for outcome in sound)


def _point(outcome: Outcome, event: bool) -> Point:
    confidence = -np.inf if outcome.failed or outcome.confidence is None else outcome.confidence
    return Point(confidence, event)


def curve_of(points: Points) -> RiskCoverage:
    """The risk–coverage curve of these answers, of which there is one at least."""
    confidences, events = np.asarray(points, dtype=float).T
    return risk_coverage(confidences, events)


def area_of(points: Points) -> float:
    """The area of ``curve_of``, without the curve."""
    return _area(*_levels(*np.asarray(points, dtype=float).T))


def coverage_of(points: Points) -> float:
    """The coverage of ``curve_of`` at ``MAX_RISK``, without the curve."""
    sizes, errors = _levels(*np.asarray(points, dtype=float).T)
    answered = sizes.cumsum()
    fitting = np.flatnonzero(errors.cumsum() / answered <= MAX_RISK)
    return float(answered[fitting[-1]] / answered[-1]) if len(fitting) else 0.0


def auroc_of(points: Points) -> float | None:
    """How well confidence tells the event; None when it always or never happened."""
    true, false = _parted(points)
    return auroc(true, false) if len(true) and len(false) else None


def _parted(points: Points) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """The confidences of those where the event is so, and of the others."""
    confidences, events = np.asarray(points, dtype=float).reshape(-1, 2).T
    return confidences[events > 0], confidences[events == 0]


def refusal_of(points: Points) -> float | None:
    """Share of the unanswerable that the best threshold refuses with at most ``MAX_OVER_REFUSAL`` of the answerable.

    Equal confidences come together: a threshold refuses all below it. None without questions of both kinds.
    """
    answerable, others = _parted(points)
    answerable.sort()
    if not len(answerable) or not len(others):
        return None
    lost = int(np.floor(MAX_OVER_REFUSAL * len(answerable) + 1e-9))
    threshold = answerable[lost] if lost < len(answerable) else np.inf
    return float((others < threshold).mean())


def answer_curve(outcomes: Iterable[Outcome]) -> tuple[RiskCoverage | None, Metric]:
    """The risk–coverage curve over the questions that were answered or failed, and its area as a metric."""
    every = list(outcomes)
    kinds = (every, [outcome for outcome in every if not outcome.failed])
    # Where no answer has a confidence, failures alone make no curve.
    silent = {outcome.confidence is None for outcome in every if outcome.answered} == {True}
    curve, sound = (curve_of(points) if points and not silent else None for points in map(risk_points, kinds))
    area, sound_area = (found.area if found else None for found in (curve, sound))
    return curve, replace(mean("aurc", map(_risk, every)), value=area, without_errors=sound_area, scores=())


def _risk(outcome: Outcome) -> Score:
    question = outcome.question
    if outcome.failed:
        return scored(question, 1.0, error=True)
    if not outcome.answered:
        return unscored(question, "refused")
    if outcome.confidence is None:
        return unscored(question, "no confidence")
    correct = is_correct(outcome)
    return unscored(question, "the question has no gold answer") if correct is None else scored(question, not correct)


def coverage_at_risk(outcomes: Iterable[Outcome]) -> Metric:
    """Largest share of the answers that can be given while at most ``MAX_RISK`` of them are wrong."""
    curve, area = answer_curve(outcomes)
    value = curve.coverage_at(MAX_RISK) if curve else None
    return replace(area, name=f"coverage_at_{MAX_RISK:g}", value=value, without_errors=None)


def confidence_auroc(outcomes: Iterable[Outcome]) -> Metric:
    """How well the confidence tells answerable questions from unanswerable ones, answered or refused."""
    return _told_apart("confidence_auroc", outcomes, auroc_of)


def refusal_at_over_refusal(outcomes: Iterable[Outcome]) -> Metric:
    """Share of the unanswerable questions that a threshold on the confidence refuses at 10 % over-refusal."""
    return _told_apart(f"refused_at_{MAX_OVER_REFUSAL:g}_over_refusal", outcomes, refusal_of)


def _told_apart(name: str, outcomes: Iterable[Outcome], statistic: Callable[[Sequence[Point]], float | None]) -> Metric:
    every = list(outcomes)
    points = answerable_points(every)
    failed = sum(outcome.failed for outcome in every)
    missing = {"failed": failed, "no confidence": len(every) - failed - len(points)}
    value = statistic(points)
    if value is None:
        missing["only answerable or only unanswerable questions"] = len(points)
    counts = {reason: count for reason, count in missing.items() if count}
    return Metric(name, value, 0 if value is None else len(points), counts, failed)
