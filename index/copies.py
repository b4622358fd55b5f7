"""Copies of one report: syndicated, edited or updated, in articles of their own.

Copies have nearly the same vectors, and those are in the index anyway: near ones are candidates, the share of common
word triples decides. Fingerprints (MinHash) kept beside them would find nothing more: of 200 copies of 40 made-up
articles (word for word, cut to 60 %, with an addition, with 2.5 % of the words changed, with paragraphs in another
order) all are found this way, and none wrongly (``python -m evals.index_bench copies --articles 40``).
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

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


def word_triples(text: str) -> Triples:
    """Every three neighbouring words, lower-cased (shingles: Broder, 1997); the words themselves if fewer."""
    words = WORD.findall(text.lower())
    if len(words) < 3:
        return frozenset({tuple(words)}) if words else frozenset()
    return frozenset(zip(words, words[1:], words[2:], strict=False))


def repeats(one: Triples, other: Triples) -> bool:
    """Whether the shorter of two texts stands in the other, as copies and excerpts do."""
    shorter = min(len(one), len(other))
    return bool(shorter) and len(one & other) >= COPY_OVERLAP * shorter


def same_text(one: Triples, other: Triples) -> bool:
    """Whether two texts are versions of one: neither has much that the other lacks."""
    needed = COPY_OVERLAP * max(len(one), len(other))
    return 0 < needed <= min(len(one), len(other)) and len(one & other) >= needed


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
    kept: list[tuple[Hit, Triples]] = []
    for hit in hits:
        triples = word_triples(hit.chunk.text)
        place = next((n for n, (other, seen) in enumerate(kept) if _versions(hit, triples, other, seen)), None)
        if place is None:
            kept.append((hit, triples))
        elif _counts_more(hit, triples, *kept[place]):
            kept[place] = (replace(kept[place][0], chunk=hit.chunk), triples)
    return tuple(hit for hit, _ in kept)


def without_copies(hits: Sequence[Hit]) -> tuple[Hit, ...]:
    """Leave out chunks that repeat a better-ranked one from another article, as excerpts do."""
    kept: list[tuple[Hit, Triples]] = []
    for hit in hits:
        triples = word_triples(hit.chunk.text)
        if not any(_elsewhere(hit, other) and repeats(triples, seen) for other, seen in kept):
            kept.append((hit, triples))
    return tuple(hit for hit, _ in kept)


def _elsewhere(hit: Hit, other: Hit) -> bool:
    return other.chunk.article.id != hit.chunk.article.id


def _versions(hit: Hit, triples: Triples, other: Hit, seen: Triples) -> bool:
    return _elsewhere(hit, other) and same_text(triples, seen)


def _counts_more(hit: Hit, triples: Triples, other: Hit, seen: Triples) -> bool:
    mine, its = hit.chunk.article.published_at, other.chunk.article.published_at
    if mine is None or its is None:
        return its is None and mine is not None
    return mine < its if triples == seen else mine > its
