"""Calibrates the reader's scores: how well a sentence answers, and how probable it is that any sentence does.

Both are logistic regressions (Cox, "The Regression Analysis of Binary Sequences", 1958) that
``python -m evals.reader calibrate`` fits on the tuning lists; those in use were fitted in the same way on all
sentences of recorded search results, where the command takes the ten best.
"""

from collections.abc import Sequence
from math import tanh

from assistant.answer import Evidence, Scores

# Fitted on the newsroom (n 266), CLAPNQ (300) and our own questions over Wikinews (320); the last, in people's own
# words, weigh 2.5 times as much as the others. Cross-validated over stories, a gold sentence is first for .712, .772
# and .806 of the answerable questions, the AUROC of answerable is .923, .875 and .877, and of the others .773, .689 and
# .725 are refused where a tenth of the answerable is. (The cross-encoder's head has seen the first two.)
SENTENCE = (0.505, 0.316, -0.211, 0.057)
SENTENCE_BIAS = -1.377
QUESTION = (0.803, 0.839, -0.249)
QUESTION_BIAS = -0.769
UNRANKED = 0.0  # stands for what a reranker would say where there is none
# The least log-odds with which a question is answered: the largest of -.5, -.7, -.9 and -1.1 that refuses less than a
# tenth of the answerable questions of each of these sets: .06, .04 and .09, and .64, .49 and .69 of the others.
MIN_LOGIT = -0.7
# The least fit with which a sentence is told beside the best, how far it may be behind that, and the fit with which it
# is told in any case. Of sixteen choices these gave the best mean of the citations' F1 over the three sets: .668, where
# -2, 2 and none give .652.
LEAST, RANGE, SURE = -1.5, 1.5, 0.0
# How far a sentence may be behind a best one that is below ``LEAST`` itself, as in accounts of several. The F1 of
# the long questions of ``practice`` (32) goes from .191 to .238, that of ours over Wikinews from .770 to .773; that
# of CLAPNQ stays .565. Of .2 to 1.5, those above .8 lose something.
NEAR = 0.7


def fit_of(scores: Scores) -> float:
    """The log-odds that a sentence answers."""
    return sum(w * x for w, x in zip(SENTENCE, of_sentence(scores), strict=True)) + SENTENCE_BIAS


def least_told(best: float) -> float:
    """The least fit with which a sentence is told beside one that fits best."""
    return min(max(min(LEAST, best - NEAR), best - RANGE), SURE)


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
    features = of_question(scores, max(map(fit_of, scores)))
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
    """What a sentence's fit is made of."""
    return (scores.sentence, UNRANKED if scores.reranked is None else scores.reranked, scores.behind, scores.passage)


def of_question(scores: Sequence[Scores], fit: float) -> tuple[float, ...]:
    """What the answer's log-odds are made of: the best sentence's fit, and the best of the passages."""
    return fit, max(one.passage for one in scores), max(one.span for one in scores)
