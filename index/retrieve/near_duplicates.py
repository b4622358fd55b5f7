"""Finds articles that are copies of one report: syndicated, edited or updated.

Copies have nearly the same vectors, and those are in the index anyway: near ones are candidates, the share of common
word triples decides. Fingerprints (MinHash) kept beside them would find nothing more: of 200 copies of 40 made-up
articles (word for word, cut to 60 %, with an addition, with 2.5 % of the words changed, with paragraphs in another
order) all are found this way, and none wrongly (``python -m evals.index_bench copies --articles 40``).
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache

from index.articles import Article, ArticleInfo
from index.hits import Hit

COPY_OVERLAP = 0.8  # share of the shorter text's word triples; edited wire copies lie above, follow-ups far below
WORD = re.compile(r"\w+")

Triples = frozenset[tuple[str, ...]]


@dataclass(frozen=True, slots=True)
class Link:
    """An article that has much of its text in common with another one.

    Attributes:
        kind: “same text” word for word, “version” where neither has much of its own, “excerpt” where the shorter one
            stands in the longer one.
        overlap: share of the shorter text's word triples that the other one has too.
    """

    info: ArticleInfo
    kind: str
    overlap: float


@lru_cache(maxsize=128)  # what a search finds is compared before and after it is reranked
def word_triples(text: str) -> Triples:
    """Every three neighbouring words, lower-cased (shingles: Broder, 1997); the words themselves if fewer."""
    words = WORD.findall(text.lower())
    if len(words) < 3:
        return frozenset({tuple(words)}) if words else frozenset()
    return frozenset(zip(words, words[1:], words[2:], strict=False))


def repeats(one: Triples, other: Triples) -> bool:
    """Whether the shorter of two texts stands in the other, as copies and excerpts do."""
    return _repeats(len(one & other), len(one), len(other))


def same_text(one: Triples, other: Triples) -> bool:
    """Whether two texts are versions of one: neither has much that the other lacks."""
    return _same_text(len(one & other), len(one), len(other))


def links(article: Article, others: Iterable[Article]) -> Iterator[Link]:
    """Which of the others are copies of an article."""
    mine = word_triples(article.text)
    for other in others:
        its = word_triples(other.text)
        if other.id != article.id and repeats(mine, its):
            kind = "version" if same_text(mine, its) else "excerpt"
            overlap = len(mine & its) / min(len(mine), len(its))
            yield Link(other.info, "same text" if mine == its else kind, overlap)


def one_of_each(hits: Sequence[Hit]) -> tuple[Hit, ...]:
    """Of versions of one text in several articles, the one that counts, at the place and with the ranks of the best.

    Of texts that are the same word for word the original counts, which was published first; of others the newest, which
    corrects or updates the rest. An article without a date gives way to one with a date.
    """
    kept: list[tuple[Hit, _Bits]] = []
    bits = _numbered(hits)
    for hit, mine in zip(hits, bits, strict=True):
        same = (n for n, (other, its) in enumerate(kept) if _elsewhere(hit, other) and mine.same_text(its))
        place = next(same, None)
        if place is None:
            kept.append((hit, mine))
        elif _counts_more(hit, kept[place][0], same=mine == kept[place][1]):
            kept[place] = (replace(kept[place][0], chunk=hit.chunk), mine)
    return tuple(hit for hit, _ in kept)


def without_copies(hits: Sequence[Hit]) -> tuple[Hit, ...]:
    """Leave out chunks that repeat a better-ranked one from another article, as excerpts do."""
    kept: list[tuple[Hit, _Bits]] = []
    for hit, mine in zip(hits, _numbered(hits), strict=True):
        if not any(_elsewhere(hit, other) and mine.repeats(its) for other, its in kept):
            kept.append((hit, mine))
    return tuple(hit for hit, _ in kept)


@dataclass(frozen=True, slots=True)
class _Bits:
    """A set of word triples as the bits of a number: some dozens of texts are compared with each other in no time."""

    bits: int
    size: int

    def repeats(self, other: "_Bits") -> bool:
        return _repeats((self.bits & other.bits).bit_count(), self.size, other.size)

    def same_text(self, other: "_Bits") -> bool:
        return _same_text((self.bits & other.bits).bit_count(), self.size, other.size)


def _numbered(hits: Sequence[Hit]) -> list[_Bits]:
    """What each hit's text has of all word triples that they have together."""
    bits: dict[tuple[str, ...], int] = {}
    found = []
    for hit in hits:
        number, triples = 0, word_triples(hit.chunk.text)
        for triple in triples:
            number |= bits.setdefault(triple, 1 << len(bits))
        found.append(_Bits(number, len(triples)))
    return found


def _repeats(common: int, one: int, other: int) -> bool:
    return common > 0 and common >= COPY_OVERLAP * min(one, other)


def _same_text(common: int, one: int, other: int) -> bool:
    return common > 0 and common >= COPY_OVERLAP * max(one, other)


def _elsewhere(hit: Hit, other: Hit) -> bool:
    return other.chunk.article.id != hit.chunk.article.id


def _counts_more(hit: Hit, other: Hit, *, same: bool) -> bool:
    mine, its = hit.chunk.article.published_at, other.chunk.article.published_at
    if mine is None or its is None:
        return its is None and mine is not None
    return mine < its if same else mine > its
