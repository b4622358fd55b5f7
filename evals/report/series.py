"""The numbers behind the plots, computed from the outcomes and the scores."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby

from evals.metrics.abstention import RiskCoverage, answer_curve
from evals.metrics.retrieval import KS
from evals.report.recorded import Recorded
from evals.score.scoring import Measured, RunScores
from evals.score.statistics import Interval, bootstrap_interval

BINS = 10
SERIES_BY_K = (("hit", "hit"), ("recall", "recall"), ("all_gold", "all gold"), ("ndcg", "nDCG"))


@dataclass(frozen=True, slots=True)
class Bubble:
    """How many questions have this citation precision and recall."""

    precision: float
    recall: float
    count: int


@dataclass(frozen=True, slots=True)
class Citations:
    """Citation precision and recall of the questions that were answered and have gold evidence.

    Attributes:
        precision, recall: the means as in the headline; the recall there is also over refused questions, as 0.
    """

    bubbles: tuple[Bubble, ...]
    precision: Measured
    recall: Measured


@dataclass(frozen=True, slots=True)
class Bin:
    """Neighbours by confidence: how sure the assistant was, and how often it had reason to be.

    Attributes:
        low, high: the lowest and highest confidence in it.
        interval: of the share that is answerable.
    """

    low: float
    high: float
    confidence: float
    answerable: float
    count: int
    interval: Interval | None


@dataclass(frozen=True, slots=True)
class Stage:
    """Time that a stage takes, in seconds; quartiles and tail."""

    name: str
    median: float
    tail: float
    count: int


@dataclass(frozen=True, slots=True)
class ByRank:
    """A retrieval metric as it grows with the number of hits."""

    name: str
    points: tuple[tuple[int, Measured], ...]


def citations_of(recorded: Recorded) -> Citations | None:
    """Bubbles of citation precision and recall; None when no answer has both."""
    pairs = (
        (item.value("citation_precision_sentence"), item.value("citation_recall_sentence")) for item in recorded.items
    )
    counts = Counter((one, other) for one, other in pairs if one is not None and other is not None)
    if not counts:
        return None
    measured = recorded.scores.measured
    return Citations(
        tuple(Bubble(*place, count) for place, count in sorted(counts.items())),
        measured["citation_precision_sentence"],
        measured["citation_recall_sentence"],
    )


def risk_of(scores: RunScores) -> RiskCoverage | None:
    """The risk–coverage curve; None when no answer can be judged."""
    return answer_curve(scores.outcomes)[0]


def reliability_of(scores: RunScores, bins: int = BINS) -> tuple[Bin, ...]:
    """Bins of about equally many questions, by confidence; equal confidences are never parted."""
    found = sorted(
        (outcome.confidence, outcome.question.answerable, outcome.question.cluster or outcome.question.id)
        for outcome in scores.outcomes
        if outcome.confidence is not None and not outcome.failed
    )
    size = max(1, len(found) / bins)
    groups: list[list[tuple[float, bool, str]]] = []
    for _, same in groupby(found, key=lambda item: item[0]):
        if not groups or sum(map(len, groups)) >= len(groups) * size:
            groups.append([])
        groups[-1] += same
    return tuple(map(_bin, groups))


def _bin(members: Sequence[tuple[float, bool, str]]) -> Bin:
    confidences = [confidence for confidence, _, _ in members]
    values = [float(answerable) for _, answerable, _ in members]
    interval = bootstrap_interval(values, [cluster for _, _, cluster in members])
    count = len(members)
    return Bin(confidences[0], confidences[-1], sum(confidences) / count, sum(values) / count, count, interval)


def stages_of(scores: RunScores) -> tuple[Stage, ...]:
    """Median and 95th percentile of each stage, in the order in which the stages run."""
    measured = scores.measured
    names = dict.fromkeys(name.partition("_seconds_")[0] for name in measured if "_seconds_" in name)
    found = []
    for name in names:
        half, most = (measured[f"{name}_seconds_p{percentile}"].metric for percentile in (50, 95))
        if half.value is not None and most.value is not None:
            found.append(Stage(name, half.value, most.value, half.n))
    return tuple(found)


def ranks_of(scores: RunScores, ks: Sequence[int] = KS) -> tuple[ByRank, ...]:
    """The retrieval metrics at each k; empty when no question has gold evidence."""
    measured = scores.measured
    lines = []
    for key, name in SERIES_BY_K:
        points = tuple((k, measured[f"{key}@{k}_sentence"]) for k in ks)
        if all(item.metric.value is not None for _, item in points):
            lines.append(ByRank(name, points))
    return tuple(lines)
