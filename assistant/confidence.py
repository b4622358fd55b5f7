"""How well a sentence answers, and how sure it is that anything does: calibrated from what the reader says.

Both are logistic regressions (Cox, "The Regression Analysis of Binary Sequences", 1958) that
``python -m evals.reader calibrate`` fits on the tuning lists, weighing the sets the same.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from math import tanh
from typing import TYPE_CHECKING

from assistant.support import unmentioned

if TYPE_CHECKING:
    from assistant.answer import Evidence


@dataclass(frozen=True, slots=True)
class Scores:
    """What was read of a sentence and of the passage that it stands in; logits.

    Attributes:
        sentence: the reader's, that the sentence answers.
        reranked: the head's on the cross-encoder as it is, for the same; None without a reranker.
        behind: how far its passage's relevance is behind the best one's.
        relevance: of its passage; None without a reranker.
        passage: the reader's, that the passage answers.
        span: the reader's, that the passage's best words answer rather than none.
        spanned: whether these words stand in the sentence.
    """

    sentence: float
    reranked: float | None
    behind: float
    relevance: float | None
    passage: float
    span: float
    spanned: bool


# The weights of SENTENCE and of QUESTION, in the order of of_sentence and of_question.
SENTENCE = (0.45, 0.35, -0.12, 0.2, 0.5)
SENTENCE_BIAS = -1.5
QUESTION = (0.5, 0.4, 0.2, 0.1, -0.5)
QUESTION_BIAS = 0.0
UNRANKED = 0.0  # stands for what a reranker would say where there is none
MIN_LOGIT = 0.0  # the least with which a question is answered
LEAST = -1.0  # the least fit with which a sentence is told beside the best
RANGE = 3.0  # and how far it may be behind the best one


def fit_of(scores: Scores) -> float:
    """The log-odds that a sentence answers."""
    return sum(w * x for w, x in zip(SENTENCE, of_sentence(scores), strict=True)) + SENTENCE_BIAS


def scored(evidence: "Sequence[Evidence]") -> dict[str, float] | None:
    """Label → fit; None where a sentence has none, because there is no reader."""
    fits = {item.label: item.fit for item in evidence if item.fit is not None}
    return fits if len(fits) == len(evidence) else None


def answer_logit(question: str, evidence: "Sequence[Evidence]") -> float | None:
    """The log-odds that the evidence answers the question.

    Returns:
        None without a reader, or when nothing was found.
    """
    scores = [item.scores for item in evidence if item.scores is not None]
    if not scores or len(scores) < len(evidence):
        return None
    features = of_question(scores, len(unmentioned(question, evidence)))
    return sum(w * x for w, x in zip(QUESTION, features, strict=True)) + QUESTION_BIAS


def confidence(question: str, evidence: "Sequence[Evidence]") -> float | None:
    """The probability that the articles answer the question, in [0, 1]; None without a reader.

    0 without evidence.
    """
    if not evidence:
        return 0.0
    logit = answer_logit(question, evidence)
    return None if logit is None else (1 + tanh(logit / 2)) / 2


def of_sentence(scores: Scores) -> tuple[float, ...]:
    """What a sentence's fit is made of."""
    return (
        scores.sentence,
        UNRANKED if scores.reranked is None else scores.reranked,
        scores.behind,
        scores.passage,
        max(scores.span, 0.0) if scores.spanned else 0.0,
    )


def of_question(scores: Sequence[Scores], strange: int) -> tuple[float, ...]:
    """What the answer's log-odds are made of.

    Args:
        strange: how many names of the question nothing of the evidence has.
    """
    relevance = [one.relevance for one in scores if one.relevance is not None]
    return (
        max(map(fit_of, scores)),
        max(one.passage for one in scores),
        max(one.span for one in scores),
        max(relevance, default=UNRANKED),
        float(min(strange, 2)),
    )
