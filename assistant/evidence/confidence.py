"""Calibrates the reader's scores: how well a sentence answers, and how probable it is that any sentence does.

Both are logistic regressions (Cox, "The Regression Analysis of Binary Sequences", 1958) that
``python -m evals.reader calibrate`` fits on the tuning lists; those in use were fitted in the same way on all
sentences of recorded search results, where the command takes the ten best.
"""

from collections.abc import Sequence
from itertools import combinations_with_replacement
from math import tanh

from assistant.answer import Evidence, Scores

# Fitted on the newsroom (n 266), CLAPNQ (300) and our own questions over Wikinews (320); for the question's log-odds
# the last, in people's own words, weigh twice as much, for the cross-encoder's head has seen the others.
# Cross-validated over stories, a gold sentence is first for .712, .752 and .838 of the answerable questions, the AUROC
# of answerable is .920, .899 and .889, and of the others .736, .728 and .750 are refused where a tenth of the
# answerable is.
FIRST = (0.505, 0.316, -0.211, 0.057)  # which sentences are read closely; fitted on all that were found
FIRST_BIAS = -1.377
SENTENCE = (0.247, 0.293, -0.133, 0.035, 0.110, 0.037)
SENTENCE_BIAS = -1.514
QUESTION = (0.474, 0.223, -0.095, 0.258, -0.025, 0.254, 0.005, 0.007, -0.014, -0.018, 0.033, -0.051)
QUESTION_BIAS = 0.158
UNRANKED = 0.0  # stands for what a reranker would say where there is none
UNREAD = 0.0  # stands for what a close reading would say where there was none
# The least log-odds with which a question is answered: of -.4, -.5, -.55, -.6, -.65 and -.7 the largest that refuses
# less than a tenth of the answerable questions of each of these sets: .096, .047 and .075, and .736, .464 and .719 of
# the others.
MIN_LOGIT = -0.55
# The least fit with which a sentence is told beside the best, how far it may be behind that, and the fit with which it
# is told in any case; how far it may be behind a best one that is below ``LEAST`` itself, as in accounts of several.
# Of 300 choices these gave the best mean of the citations' F1 over the three sets, cross-validated, without refusing:
# .718.
LEAST, RANGE, SURE, NEAR = -2.0, 1.0, 0.0, 0.3


def fit_of(scores: Scores) -> float:
    """The log-odds that a sentence answers; a first estimate where it was not read closely."""
    weights, bias = (FIRST, FIRST_BIAS) if scores.close is None else (SENTENCE, SENTENCE_BIAS)
    return sum(w * x for w, x in zip(weights, of_sentence(scores), strict=True)) + bias


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
    asked; and products, as a passage about something else states nothing, and one about the same thing need not.
    """
    best = scores[max(range(len(fits)), key=lambda place: fits[place])]
    close = UNREAD if best.close is None else best.close.stated
    span = max(one.span for one in scores)
    reranked = max(UNRANKED if one.reranked is None else one.reranked for one in scores)
    products = (one * other for one, other in combinations_with_replacement((span, reranked, close), 2))
    return max(fits), max(one.passage for one in scores), span, best.stated, close, reranked, *products
