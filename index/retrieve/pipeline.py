"""From the ranked rows of one index or of several to the best chunks: fused, without near-copies, reranked."""

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Protocol

from index.articles import Chunk
from index.embed.local import Embedder, Vectors
from index.hits import Hit, SearchResult
from index.retrieve.cross_encoder import Passage
from index.retrieve.fusion import reciprocal_rank_fusion
from index.retrieve.near_duplicates import one_of_each, without_copies
from index.retrieve.rerank import Reranker
from index.store.records import Scored

# The cross-encoder reads the best candidates first, and the next ones only as long as that may change the answer: while
# the best passage is among the last that were read, or does not answer well. Against reading all thirty, the newsroom's
# citation F1 changed by -.001 (-.020 … +.015), and against twelve first and ten next by +.004 (0 … +.015); n 166.
FIRST_READ, NEXT_READ = 8, 8
LAST_READ = 3  # so many at the end of what was read count as the last
ANSWERS_WELL = 4.0  # a logit
WIDEST = 8  # times as many candidates are looked at when copies of one report crowd out all others
DECIMALS = 6  # of distances that are compared; they are 32-bit floats


@dataclass(frozen=True, slots=True)
class Ranked:
    """Rows as the two searches find them, each best first, without repeats.

    Attributes:
        dense: with cosine distances.
        lexical: with BM25 scores.
    """

    dense: tuple[Scored, ...] = ()
    lexical: tuple[Scored, ...] = ()


@dataclass(frozen=True, slots=True)
class Current:
    """The chunks of rows that count now.

    Attributes:
        chunks: row key → chunk.
        outdated: whether a row was left out because its article was replaced since the index was opened.
    """

    chunks: Mapping[str, Chunk] = field(default_factory=dict)
    outdated: bool = False


class Finding(Protocol):
    """One question at one index, or at several."""

    def ranked(self, limit: int) -> Ranked:
        """So many rows of each of the two searches, where there are as many."""
        ...

    def current(self, keys: Sequence[str]) -> Current:
        """The chunks of rows that were found."""
        ...


@dataclass(frozen=True, slots=True)
class Pipeline:
    """The models between a question and its best chunks."""

    embedder: Embedder
    reranker: Reranker | None

    def search(self, question: str, *, k: int, candidates: int, finding: Callable[[Vectors], Finding]) -> SearchResult:
        """The ``k`` best chunks for a question.

        Args:
            candidates: how many chunks each of the two searches gives, and how many are reranked.
            finding: begins the two searches, given the question's vector.
        """
        started = time.perf_counter()
        vector = self.embedder.embed_query(question)
        embedded = time.perf_counter()

        hits, outdated = _candidates(candidates, finding(vector))
        fused = time.perf_counter()
        ranked = without_copies(self._rerank(question, hits))[:k]
        finished = time.perf_counter()
        timings = {
            "embed": (embedded - started) * 1000,
            "search": (fused - embedded) * 1000,
            "rerank": (finished - fused) * 1000,
        }
        return SearchResult(ranked, timings, outdated)

    def _rerank(self, question: str, hits: Sequence[Hit]) -> list[Hit]:
        if self.reranker is None or not hits:
            return list(hits)
        judged: list[Hit] = []
        while len(judged) < len(hits) and not _settled(judged):
            part = hits[len(judged) :][: NEXT_READ if judged else FIRST_READ]
            judgements = self.reranker.read(question, [passage_of(hit.chunk) for hit in part])
            judged.extend(
                replace(hit, relevance=judgement.relevance, sentence_logits=judgement.sentences)
                for hit, judgement in zip(part, judgements, strict=True)
            )
        return sorted(judged, key=_relevance, reverse=True)


def nearest_first(found: Sequence[Scored]) -> tuple[Scored, ...]:
    """Rows by their distances, and by key where these are equal but for rounding."""
    return tuple(sorted(found, key=lambda row: (round(row.score, DECIMALS), row.key)))


def fuse(
    dense: Sequence[str], lexical: Sequence[str], current: Callable[[Sequence[str]], Current]
) -> tuple[list[Hit], bool]:
    """What two ranked lists of row keys find, best first, not yet reranked; and whether some rows were outdated."""
    fused = reciprocal_rank_fusion((dense, lexical))
    found = current(list(fused))
    dense_ranks = {key: rank for rank, key in enumerate(dense, start=1)}
    lexical_ranks = {key: rank for rank, key in enumerate(lexical, start=1)}
    hits = [
        Hit(found.chunks[key], score, None, dense_ranks.get(key), lexical_ranks.get(key))
        for key, score in fused.items()
        if key in found.chunks
    ]
    return hits, found.outdated


def _candidates(wanted: int, finding: Finding) -> tuple[tuple[Hit, ...], bool]:
    """The best chunks by the fused ranks, and whether some were outdated.

    Copies of a report count once, and others take their places.
    """
    limit = wanted
    while True:
        ranked = finding.ranked(limit)
        dense, lexical = ([row.key for row in rows] for rows in (ranked.dense, ranked.lexical))
        found, outdated = fuse(dense, lexical, finding.current)
        hits = one_of_each(found)
        exhausted = len(dense) < limit and len(lexical) < limit
        if len(hits) >= wanted or exhausted or limit >= WIDEST * wanted:
            return hits[:wanted], outdated
        limit *= 2


def _settled(judged: Sequence[Hit]) -> bool:
    """Whether reading more passages would hardly change the answer."""
    if not judged:
        return False
    best = max(range(len(judged)), key=lambda i: _relevance(judged[i]))
    return best < len(judged) - LAST_READ and _relevance(judged[best]) >= ANSWERS_WELL


def _relevance(hit: Hit) -> float:
    return hit.relevance or 0.0


def searchable_text(chunk: Chunk) -> str:
    """What embedder and reranker read: the chunk below its article's title, which is not citable text."""
    return f"{chunk.article.title}\n{chunk.text}" if chunk.article.title else chunk.text


def passage_of(chunk: Chunk) -> Passage:
    """What the reranker reads, with the places of the chunk's sentences in it."""
    text = searchable_text(chunk)
    shift = len(text) - len(chunk.text) - chunk.start
    return Passage(text, tuple((sentence.start + shift, sentence.end + shift) for sentence in chunk.sentences))
