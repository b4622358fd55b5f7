"""A few headline metrics over parts of the questions."""

from dataclasses import dataclass

from evals.metrics.scores import mean
from evals.score.scoring import Measured, RunScores, measured_mean

COLUMNS = ("answer_correct", "citation_precision_sentence", "citation_recall_sentence", "recall@5_sentence")


@dataclass(frozen=True, slots=True)
class Slice:
    """A part of the questions.

    Attributes:
        count: how many outcomes are in it.
        cells: a metric for each of ``COLUMNS``.
    """

    name: str
    count: int
    cells: tuple[Measured, ...]


def slices_of(scores: RunScores) -> tuple[Slice, ...]:
    """Every slice of the run; the metrics are means over the scores that the whole run's metrics are means of."""
    return tuple(
        Slice(
            name,
            len(outcomes),
            tuple(_part(scores.measured[column], {outcome.question.id for outcome in outcomes}) for column in COLUMNS),
        )
        for name, outcomes in scores.slices().items()
    )


def _part(whole: Measured, questions: set[str]) -> Measured:
    return measured_mean(mean(whole.name, (score for score in whole.metric.scores if score.question in questions)))
