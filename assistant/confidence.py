"""How sure it is that the articles answer a question."""

from collections.abc import Sequence
from math import tanh

from assistant.answer import Evidence
from assistant.expectation import expectation, holds_answer
from assistant.support import missing_words
from index.hits import Hit

# What each logit counts for beside the best sentence's in its passage, and what it costs when the best sentence holds
# no answer of the kind that is asked for, and for every word of the question that the evidence lacks. Among some such
# mixtures this one told answerable questions from others about best on the newsroom (n = 266), CLAPNQ (300) and a
# sample of SQuAD 2 (300) together, with heads that had not seen the question's stories: AUROC .880, .900 and .715;
# without the kind of answer .880, .900 and .702.
CHUNK = 0.3
ALONE = 0.25
MISSING_WORD = 0.6
WRONG_KIND = 2.0
# Platt's scaling (Platt, "Probabilistic Outputs for Support Vector Machines", 1999), fitted on the same questions with
# the three sets weighing the same; the expected calibration error over ten bins was .052 on them.
SLOPE, INTERCEPT = 0.327, -1.323
# The least logit with which a question is answered. It refuses 54 %, 61 % and 18 % of the sets' unanswerable questions,
# with the check of names, and 5 %, 6 % and 6 % of the others.
MIN_LOGIT = 0.5


def answer_logit(question: str, evidence: Sequence[Evidence], hits: Sequence[Hit]) -> float | None:
    """How well the best sentence answers, in its passage and alone, and the best chunk; less what is missing.

    A sentence alone may lack what its neighbours say, and a chunk may be near the subject without an answer. What was
    not judged counts for nothing.

    Returns:
        A logit; None when there is no reranker, or nothing was found.
    """
    alone = [item.relevance for item in evidence if item.relevance is not None]
    if not alone:
        return None
    in_context = max((item.in_context for item in evidence if item.in_context is not None), default=0.0)
    chunk = max((hit.relevance for hit in hits if hit.relevance is not None), default=0.0)
    loss = MISSING_WORD * len(missing_words(question, evidence))
    if not holds_answer(evidence[0].reading, question, expectation(question).kind):
        loss += WRONG_KIND
    return in_context + ALONE * max(alone) + CHUNK * chunk - loss


def confidence(question: str, evidence: Sequence[Evidence], hits: Sequence[Hit]) -> float | None:
    """The probability that the articles answer the question, in [0, 1]; None when there is no reranker.

    0 without evidence.
    """
    if not evidence:
        return 0.0
    logit = answer_logit(question, evidence, hits)
    return None if logit is None else (1 + tanh((SLOPE * logit + INTERCEPT) / 2)) / 2
