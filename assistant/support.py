"""Which evidence answers the question, and whether it answers it at all."""

import re
from collections.abc import Sequence

from assistant.answer import Evidence, best_relevance
from assistant.verification import content_stems, names, stem, word_stems
from index.search import Hit

# The least `best_relevance` with which a question is answered. Chosen on two sets: with 1.0 the newsroom's unanswerable
# questions are refused more often than with a sentence's logit of 0 (47 % against 36 %) and its answerable ones less
# (6 % against 10 %); CLAPNQ stays where it was (69 % and 9 % against 70 % and 12 %).
MIN_BEST_RELEVANCE = 1.0
# The logit below which a sentence other than the best one is not taken for an answer.
MIN_RELEVANCE = 0.0
# Sentences within this distance of the best one's logit answer too ("who did he meet?" has several answers).
ANSWER_RANGE = 1.5
MAX_CONSIDERED = 10
MAX_ANSWERS = 5  # claims; more are not a short answer
ECHO_SHARE = 0.8  # a sentence that has so few words beyond the question and a better sentence repeats that one
SAME_NAME_LETTERS = 4  # Korea and Korean, China and Chinese share at least so many first letters

# Different names of one thing, each as a pattern and the word that stands for all of them.
ALIASES = (
    (re.compile(r"\b(?:United States(?: of America)?|USA?\b|U\.S\.(?:A\.)?|Americans?\b|America\b)"), "unitedstates"),
    (re.compile(r"\b(?:United Kingdom|UK\b|U\.K\.|Great Britain|Britain|British)"), "unitedkingdom"),
    (re.compile(r"\b(?:European Union|EU\b|E\.U\.)"), "europeanunion"),
    (re.compile(r"\b(?:United Nations|UN\b|U\.N\.)"), "unitednations"),
    (re.compile(r"\b(?:France|French)\b"), "France"),
    (re.compile(r"\b(?:Spain|Spanish|Spaniards?)\b"), "Spain"),
    (re.compile(r"\b(?:Netherlands|Dutch)\b"), "Netherlands"),
)


def answering(question: str, evidence: Sequence[Evidence], hits: Sequence[Hit] = ()) -> tuple[Evidence, ...]:
    """The evidence that answers the question, best first; empty when the articles do not say.

    A sentence answers when its relevance is near the best one's and not too low; and the evidence as a whole, with
    the text around it, must be relevant enough and mention every name of the question.

    Args:
        hits: the chunks that the evidence was taken from.
    """
    if not evidence or unmentioned(question, evidence):
        return ()
    best, overall = evidence[0].relevance, best_relevance(evidence, hits)
    if best is None or overall is None:
        return tuple(evidence[:MAX_ANSWERS])
    if overall < MIN_BEST_RELEVANCE:
        return ()
    floor = min(best, max(MIN_RELEVANCE, best - ANSWER_RANGE))
    in_range = (item for item in evidence if item.relevance is not None and item.relevance >= floor)
    return tuple(in_range)[:MAX_CONSIDERED]


def distinct(question: str, answers: Sequence[Evidence]) -> tuple[Evidence, ...]:
    """Those of the answering sentences that say something which no better one says already."""
    asked = content_stems(question)
    chosen: list[tuple[Evidence, frozenset[str]]] = []
    for item in answers:
        told = content_stems(item.reading) - asked
        if not any(len(told & other) >= ECHO_SHARE * len(told) for _, other in chosen):
            chosen.append((item, told))
    return tuple(item for item, _ in chosen[:MAX_ANSWERS])


def unmentioned(question: str, evidence: Sequence[Evidence]) -> tuple[str, ...]:
    """Names of the question that neither the sentences nor the text around them mention, in order of the alphabet."""
    around = " ".join(f"{item.article.title} {item.context} {item.article.source}" for item in evidence)
    known = word_stems(_unified(around))
    # The first word of a question has its capital from there: "Name the people …" asks for no Name.
    asked = _unified(question).partition(" ")[2]
    return tuple(sorted(name for name in names(f"? {asked}") if not _mentioned(stem(name), known)))


def _mentioned(name: str, known: frozenset[str]) -> bool:
    if name in known:
        return True
    start = name[:SAME_NAME_LETTERS]
    return len(start) == SAME_NAME_LETTERS and any(word.startswith(start) for word in known)


def _unified(text: str) -> str:
    for pattern, name in ALIASES:
        text = pattern.sub(name.capitalize(), text)
    return text
