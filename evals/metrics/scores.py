"""The types of a metric: a score for each question, and the mean with a count of what was not scored."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from evals.questions.schema import Question


@dataclass(frozen=True, slots=True)
class Score:
    """One question's score.

    Attributes:
        value: None when the question has no score.
        unscored: why there is none; empty when there is one.
        error: the question failed; its value, where it has one, is the worst possible.
        cluster: questions of one cluster are not independent; a question without one is its own.
        repeats: how many repetitions ``value`` is the mean of.
        spread: sum of their squared distances from it.
    """

    question: str
    value: float | None = None
    unscored: str = ""
    error: bool = False
    cluster: str = ""
    repeats: int = 1
    spread: float = 0.0

    def __post_init__(self) -> None:
        if (self.value is None) != bool(self.unscored):
            raise ValueError("a score has either a value or a reason for having none")
        if self.value is not None and self.value != self.value:
            raise ValueError("a score is never NaN: say why it cannot be computed")


@dataclass(frozen=True, slots=True)
class Metric:
    """A number over many questions.

    Attributes:
        value: the headline, in which failed questions count as wrong; None when nothing was scored.
        n: how many questions are in ``value``.
        unscored: reason → how many questions have no score for it.
        errors: how many of the questions failed, scored or not.
        without_errors: the value of those that did not fail; None when there are none.
        scores: one for each question; empty where the number is not a mean over questions.
    """

    name: str
    value: float | None
    n: int
    unscored: Mapping[str, int] = field(default_factory=dict)
    errors: int = 0
    without_errors: float | None = None
    scores: tuple[Score, ...] = field(default=(), repr=False)


def scored(question: Question, value: float, *, error: bool = False) -> Score:
    """A question's score."""
    return Score(question.id, value, "", error, question.cluster)


def unscored(question: Question, reason: str, *, error: bool = False) -> Score:
    """A question without score, and why."""
    return Score(question.id, None, reason, error, question.cluster)


def mean(name: str, scores: Iterable[Score]) -> Metric:
    """The mean of the scores that there are."""
    every = tuple(scores)
    values = [score.value for score in every if score.value is not None]
    sound = [score.value for score in every if score.value is not None and not score.error]
    return Metric(
        name,
        value=sum(values) / len(values) if values else None,
        n=len(values),
        unscored=dict(Counter(score.unscored for score in every if score.unscored)),
        errors=sum(score.error for score in every),
        without_errors=sum(sound) / len(sound) if sound else None,
        scores=every,
    )
