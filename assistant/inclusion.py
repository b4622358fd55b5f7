"""Which sentences belong to the answer beside the best one.

A number is told by one sentence; "who did she meet?" and "how does it work?" take several. Whether a further sentence
answers too is told by logistic regression (Cox, "The Regression Analysis of Binary Sequences", 1958) from what the
question asks for and from how the sentence compares with the best one.
"""

import re
from collections.abc import Mapping, Sequence
from math import exp

from assistant.answer import Evidence
from assistant.expectation import QUOTATION_MARK, AnswerKind, Expectation
from assistant.lists import in_list

ONE_FACT = frozenset({AnswerKind.NUMBER, AnswerKind.DATE, AnswerKind.QUOTATION, AnswerKind.YES_NO})
# Fitted on the newsroom (n = 166), CLAPNQ (149) and a sample of SQuAD 2 (150), the sets weighing the same, with the
# in-context logits of heads that had not seen the question's stories.
WEIGHTS: Mapping[str, float] = {
    "one fact": -0.07,
    "person": 0.46,
    "several": 0.15,
    "open": -1.17,
    "gap, one fact": -0.17,
    "gap, person": -0.18,
    "gap, several": -0.16,
    "gap, open": -0.04,
    "alone": 0.02,
    "in context": 0.31,
    "gap in context": -0.22,
    "open, in the passage of the best": 0.98,
    "rank": -0.77,
    "best": -0.13,
}
# The least probability with which a sentence is told: lower where several things are asked for, because one that is
# missing then counts for more, and lower still where the question says how many there are. Chosen by the F1 of the
# citations and by how complete the lists are.
LEAST: Mapping[str, float] = {"one fact": 0.38, "person": 0.33, "several": 0.3, "open": 0.45}
LEAST_OF_COUNTED = 0.1
LEAST_OF_LISTED = 0.1  # an item of a list says little by itself, and brings its list with it
# Where several things are asked for, those within so many logits of the best answer too, as long as they answer rather
# than not: reports that repeat one meeting come between it and the next.
LIST_RANGE = 4.0


def answering(evidence: Sequence[Evidence], expected: Expectation) -> list[Evidence]:
    """The first sentence and those that answer too, in the order of the evidence.

    Args:
        evidence: of at least one sentence, each with a fit.
    """
    ordered = sorted(evidence, key=fit_of, reverse=True)
    ranks = {item.label: rank for rank, item in enumerate(ordered)}
    scattered = expected.count is not None and not _tells_all(ordered[0].sentence, expected)
    least = LEAST_OF_COUNTED if scattered else LEAST[kind_of(expected)]
    floor = max(fit_of(ordered[0]) - LIST_RANGE, 0.0) if expected.several and not expected.count else float("inf")

    def answers(item: Evidence) -> bool:
        enough = LEAST_OF_LISTED if in_list(item) else least
        return fit_of(item) >= floor or also(item, ordered[0], ranks[item.label], expected) >= min(enough, least)

    first, *others = evidence
    return [first, *filter(answers, others)]


def _tells_all(sentence: str, expected: Expectation) -> bool:
    """Whether a sentence lists as many things as are asked for: "Seamen, patients and pupils are exempt"."""
    if expected.kind is AnswerKind.NUMBER:  # "213 million, 29 million more than planned, and late" lists no prices
        return False
    others = max((expected.count or 0) - 2, 0)
    return re.search(rf"(?:[^,;.]+[,;] ){{{others}}}[^,;.]+[,;]? and ", sentence) is not None


def with_words_spoken(answers: Sequence[Evidence], evidence: Sequence[Evidence]) -> list[Evidence]:
    """The answers, and after each the words in quotation marks that follow it: "He denied it. ‘Never,’ he said."

    Args:
        evidence: where these are looked for.
    """
    spoken = {(item.article.id, item.start): item for item in evidence if QUOTATION_MARK.match(item.sentence.lstrip())}
    told: dict[str, Evidence] = {}
    for answer in answers:
        told[answer.label] = answer
        between = re.match(r"\s*", answer.context[answer.end - answer.context_start :])
        following = spoken.get((answer.article.id, answer.end + (between.end() if between else 0)))
        if following is not None:
            told[following.label] = following
    return list(told.values())


def also(item: Evidence, best: Evidence, rank: int, expected: Expectation) -> float:
    """The probability that a sentence answers as well as the best one does.

    Args:
        rank: of the sentence by fit; the best one's is 0.
    """
    features = features_of(item, best, rank, expected)
    return 1 / (1 + exp(-sum(WEIGHTS[name] * value for name, value in features.items())))


def features_of(item: Evidence, best: Evidence, rank: int, expected: Expectation) -> Mapping[str, float]:
    """What the probability is told from; logits, but for ``rank`` (in fours, at most 2) and yes or no as 1 or 0."""
    kind = kind_of(expected)
    in_context, of_best = item.in_context or 0.0, best.in_context or 0.0
    together = (item.article.id, item.context_start) == (best.article.id, best.context_start)
    return {
        kind: 1.0,
        f"gap, {kind}": fit_of(best) - fit_of(item),
        "alone": item.relevance or 0.0,
        "in context": in_context,
        "gap in context": of_best - in_context,
        "open, in the passage of the best": float(kind == "open" and together),
        "rank": min(rank, 8) / 4,
        "best": fit_of(best),
    }


def fit_of(item: Evidence) -> float:
    """How well a sentence answers; below every other where that is unknown."""
    return float("-inf") if item.fit is None else item.fit


def kind_of(expected: Expectation) -> str:
    """What a question asks for, as far as it decides how many sentences answer."""
    if expected.several:
        return "several"
    if expected.kind in ONE_FACT:
        return "one fact"
    return "person" if expected.kind is AnswerKind.PERSON else "open"
