"""Calibrates the reader's scores: how well a sentence answers, and how probable it is that any sentence does.

Both are logistic regressions (Cox, "The Regression Analysis of Binary Sequences", 1958) that
``python -m evals.reader calibrate`` fits on the tuning lists, by the ten best sentences of each question.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from math import tanh

from assistant.answer import Evidence, Scores

# Fitted on the newsroom (n 266), CLAPNQ (300), our own questions over Wikinews (320) and ``practice`` (280); for the
# question's log-odds those over Wikinews, in people's own words, weigh twice as much. (The cross-encoder's head has
# seen the first two.) Cross-validated over stories, a gold sentence is first for .756, .792, .856 and .643 of the
# answerable questions, the AUROC of answerable is .926, .880, .906 and .839, and of the others .727, .642, .762 and
# .550 are refused where a tenth of the answerable is.
FIRST = (0.505, 0.316, -0.211, 0.057)  # what is read closely; fitted on all sentences found for the first three
FIRST_BIAS = -1.377
SENTENCE = (0.207, 0.248, -0.126, 0.024, 0.198, 0.089)
SENTENCE_BIAS = -1.371
QUESTION = (0.459, 0.214, -0.091, 0.222, 0.187, 0.050, 0.026)
QUESTION_BIAS = 0.114
UNRANKED = 0.0  # stands for what a reranker would say where there is none
UNREAD = 0.0  # stands for what a close reading would say where there was none
# The least log-odds with which a question is answered: of -.3, -.4 and so on the one that refuses as many of the others
# as the constants before these did, .565 on average, and fewer of the answerable questions, .055: of these .064, .034,
# .087 and .035 of the sets, of the others .700, .404, .725 and .431.
MIN_LOGIT = -0.9


@dataclass(frozen=True, slots=True)
class Telling:
    """Which sentences are told beside the best one.

    Attributes:
        least: the least fit.
        behind: how far one may be behind the best.
        sure: the fit with which it is told in any case.
        near: how far it may be behind a best one that is below ``least`` itself, as in accounts of several.
    """

    least: float
    behind: float
    sure: float
    near: float


# Of 96 choices these gave the best mean of the citations' F1 over the sets, cross-validated.
TELLING = Telling(least=-2.0, behind=1.0, sure=0.0, near=0.3)


def fit_of(scores: Scores) -> float:
    """The log-odds that a sentence answers; a first estimate where it was not read closely."""
    weights, bias = (FIRST, FIRST_BIAS) if scores.close is None else (SENTENCE, SENTENCE_BIAS)
    return sum(w * x for w, x in zip(weights, of_sentence(scores), strict=True)) + bias


def least_told(best: float, telling: Telling = TELLING) -> float:
    """The least fit with which a sentence is told beside one that fits best."""
    return min(max(min(telling.least, best - telling.near), best - telling.behind), telling.sure)


def scored(evidence: Sequence[Evidence]) -> dict[str, float] | None:
    """Label → fit; None where a sentence has none, because there is no reader."""
    fits = {item.label: item.fit for item in evidence if item.fit is not None}
    return fits if len(fits) == len(evidence) else None


def answer_logit(evidence: Sequence[Evidence]) -> float | None:
    """The log-odds that the evidence answers the question.

    Returns:
        None without a reader, or when nothing was found.
    """
    scores = [item.scores for item in evidence if item.scores is not None]
    if not scores or len(scores) < len(evidence):
        return None
    features = of_question(scores, [fit_of(one) for one in scores])
    return sum(w * x for w, x in zip(QUESTION, features, strict=True)) + QUESTION_BIAS


def confidence(evidence: Sequence[Evidence]) -> float | None:
    """The probability that the articles answer the question, in [0, 1]; None without a reader.

    0 without evidence.
    """
    if not evidence:
        return 0.0
    logit = answer_logit(evidence)
    return None if logit is None else (1 + tanh(logit / 2)) / 2


def of_sentence(scores: Scores) -> tuple[float, ...]:
    """What a sentence's fit is made of; the first four alone where it was not read closely."""
    first = (scores.sentence, UNRANKED if scores.reranked is None else scores.reranked, scores.behind, scores.passage)
    return first if scores.close is None else (*first, scores.close.sentence, scores.close.stated)


def of_question(scores: Sequence[Scores], fits: Sequence[float]) -> tuple[float, ...]:
    """What the answer's log-odds are made of.

    The best of the fits and of what speaks for any passage; whether the best sentence and its passage state what is
    asked; and that together with relevance: a passage about something else states nothing, and one about the same thing
    need not.
    """
    best = scores[max(range(len(fits)), key=lambda place: fits[place])]
    close = UNREAD if best.close is None else best.close.stated
    relevant = max(UNRANKED if one.reranked is None else one.reranked for one in scores)
    passage, span = max(one.passage for one in scores), max(one.span for one in scores)
    return max(fits), passage, span, best.stated, close, relevant, relevant * close
