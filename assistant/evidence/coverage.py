"""Finds sentences that repeat a better one, and words of the question that nothing found mentions."""

import re
from collections.abc import Collection, Iterable, Sequence
from functools import lru_cache
from unicodedata import normalize

from assistant.answer import Evidence
from assistant.text.claim_check import FUNCTION_WORDS, WORD, content_stems, word_stems

ECHO_SHARE = 0.8  # a sentence that has so few words beyond the question and a better sentence repeats that one
CHUNKS_KEPT = 128  # whose words are remembered
# The blocks of combining marks (https://www.unicode.org/Public/UNIDATA/Blocks.txt).
ACCENTS = re.compile("[\u0300-\u036f\u1ab0-\u1aff\u1dc0-\u1dff\u20d0-\u20ff\ufe20-\ufe2f]")

# Letters with a stroke and ligatures, which have no decomposition in Unicode.
UNDECOMPOSED = str.maketrans(
    {"ł": "l", "Ł": "L", "ø": "o", "Ø": "O", "đ": "d", "Đ": "D", "ð": "d", "þ": "th", "ß": "ss", "æ": "ae", "Æ": "Ae"}
    | {"œ": "oe", "Œ": "Oe", "ı": "i", "ħ": "h"}
)

# Different names of one thing, each as a pattern and the word that stands for all of them.
ALIASES = (
    (re.compile(r"\b(?:United States(?: of America)?|USA?\b|U\.S(?:\.A)?\b\.?|America(?:ns?)?\b)"), "unitedstates"),
    (re.compile(r"\b(?:United Kingdom|UK\b|U\.K\b\.?|Great Britain|Britain|British)"), "unitedkingdom"),
    (re.compile(r"\b(?:European Union|EU\b|E\.U\b\.?)"), "europeanunion"),
    (re.compile(r"\b(?:United Nations|UN\b|U\.N\b\.?)"), "unitednations"),
    (re.compile(r"\b(?:France|French)\b"), "France"),
    (re.compile(r"\b(?:Spain|Spanish|Spaniards?)\b"), "Spain"),
    (re.compile(r"\b(?:Netherlands|Dutch)\b"), "Netherlands"),
)


def distinct(question: str, answers: Sequence[Evidence], kept: Collection[str] = frozenset()) -> tuple[Evidence, ...]:
    """Those of the answering sentences that say something which no better one says already.

    Args:
        kept: labels of sentences that are needed in any case.
    """
    asked = content_stems(question)
    chosen: list[tuple[Evidence, frozenset[str]]] = []
    for item in answers:
        told = content_stems(item.reading) - asked
        repeats = any(len(told & other) >= ECHO_SHARE * len(told) for _, other in chosen)
        if item.label in kept or not repeats:
            chosen.append((item, told))
    return tuple(item for item, _ in chosen)


def missing_words(question: str, evidence: Sequence[Evidence]) -> tuple[str, ...]:
    """Words of the question that neither the sentences nor the text around them have, in its order, each once.

    Words without meaning of their own do not count, and a name may be written in another way.
    """
    known = frozenset().union(*map(_known, _around(evidence)))
    wanted = (word for word in WORD.findall(question) if word.lower() not in FUNCTION_WORDS)
    return tuple(dict.fromkeys(word for word in wanted if not content_stems(unified(word)) <= known))


def _around(evidence: Sequence[Evidence]) -> Iterable[str]:
    """The chunks that evidence stands in, with their articles' titles and sources, each once."""
    return dict.fromkeys(f"{item.article.title} {item.context} {item.article.source}" for item in evidence)


@lru_cache(maxsize=CHUNKS_KEPT)
def _known(text: str) -> frozenset[str]:
    """Stems of a text's words as they stand, and with one name for each thing; asked for several times a question."""
    return word_stems(unified(text)) | word_stems(without_accents(text))


def unified(text: str) -> str:
    """The text with one word for the different names of a thing, and without accents."""
    text = without_accents(text)
    for pattern, name in ALIASES:
        text = pattern.sub(name.capitalize(), text)
    return text


def without_accents(text: str) -> str:
    """The text with plain letters in place of accented ones."""
    return text if text.isascii() else ACCENTS.sub("", normalize("NFKD", text).translate(UNDECOMPOSED))
