"""From a question to the chunks that bear on it: dense and BM25, fused, reranked, without near-copies."""

import re
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from index.articles import Chunk, Window
from index.embedding import Embedder
from index.fusion import reciprocal_rank_fusion
from index.lexical import LexicalIndex
from index.rerank import Passage, Reranker
from index.store import Store

COPY_OVERLAP = 0.8  # share of the shorter chunk's word triples; edited wire copies lie above, follow-ups far below
WORD = re.compile(r"\w+")


@dataclass(frozen=True, slots=True)
class Hit:
    """A chunk that was found.

    Attributes:
        fused: reciprocal-rank-fusion score.
        relevance: the cross-encoder's logit; None when no reranker is used.
        sentence_logits: for each sentence of the chunk the log-odds that it answers; empty without a reranker.
        dense_rank, lexical_rank: ranks from 1 in the two searches; None where it was not found.
    """

    chunk: Chunk
    fused: float
    relevance: float | None = None
    dense_rank: int | None = None
    lexical_rank: int | None = None
    sentence_logits: tuple[float, ...] = field(default=(), repr=False)


@dataclass(frozen=True, slots=True)
class SearchResult:
    """Hits, best first, and the milliseconds that each stage took."""

    hits: tuple[Hit, ...]
    timings_ms: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Searcher:
    """The search pipeline over one index."""

    store: Store
    lexical: LexicalIndex
    embedder: Embedder
    reranker: Reranker | None

    def search(self, question: str, *, k: int, candidates: int, window: Window) -> SearchResult:
        """The ``k`` best chunks for a question.

        Args:
            candidates: how many chunks each of the two searches gives, and how many are reranked.
        """
        started = time.perf_counter()
        vector = self.embedder.embed_query(question)
        embedded = time.perf_counter()
        dense = self.store.nearest(vector, candidates, window)
        lexical = self.lexical.search(question, candidates, window)
        hits = self.fuse(dense, lexical, candidates)
        fused = time.perf_counter()
        ranked = without_copies(self._rerank(question, hits))[:k]
        finished = time.perf_counter()
        timings = {
            "embed": (embedded - started) * 1000,
            "search": (fused - embedded) * 1000,
            "rerank": (finished - fused) * 1000,
        }
        return SearchResult(ranked, timings)

    def fuse(self, dense: Sequence[str], lexical: Sequence[str], limit: int) -> list[Hit]:
        """The ``limit`` best of two ranked lists of chunk ids, not yet reranked."""
        fused = reciprocal_rank_fusion((dense, lexical))
        best = list(fused)[:limit]
        chunks = self.store.get(best)
        dense_ranks = {identifier: rank for rank, identifier in enumerate(dense, start=1)}
        lexical_ranks = {identifier: rank for rank, identifier in enumerate(lexical, start=1)}
        return [Hit(chunks[i], fused[i], None, dense_ranks.get(i), lexical_ranks.get(i)) for i in best if i in chunks]

    def _rerank(self, question: str, hits: Sequence[Hit]) -> list[Hit]:
        if self.reranker is None or not hits:
            return list(hits)
        judgements = self.reranker.read(question, [passage_of(hit.chunk) for hit in hits])
        judged = [
            replace(hit, relevance=judgement.relevance, sentence_logits=judgement.sentences)
            for hit, judgement in zip(hits, judgements, strict=True)
        ]
        return sorted(judged, key=lambda hit: -(hit.relevance or 0.0))


def searchable_text(chunk: Chunk) -> str:
    """What embedder and reranker read: the chunk below its article's title, which is not citable text."""
    return f"{chunk.article.title}\n{chunk.text}" if chunk.article.title else chunk.text


def passage_of(chunk: Chunk) -> Passage:
    """What the reranker reads, with the places of the chunk's sentences in it."""
    text = searchable_text(chunk)
    shift = len(text) - len(chunk.text) - chunk.start
    return Passage(text, tuple((sentence.start + shift, sentence.end + shift) for sentence in chunk.sentences))


def without_copies(hits: Sequence[Hit]) -> tuple[Hit, ...]:
    """Leave out chunks that repeat a better-ranked one from another article, as syndicated copies do."""
    kept: list[tuple[Hit, frozenset[tuple[str, ...]]]] = []
    for hit in hits:
        shingles = word_triples(hit.chunk.text)
        if not any(
            other.chunk.article.id != hit.chunk.article.id and _overlap(shingles, seen) >= COPY_OVERLAP
            for other, seen in kept
        ):
            kept.append((hit, shingles))
    return tuple(hit for hit, _ in kept)


def word_triples(text: str) -> frozenset[tuple[str, ...]]:
    """Every three neighbouring words, lower-cased (shingles: Broder, 1997); the words themselves if fewer."""
    words = WORD.findall(text.lower())
    if len(words) < 3:
        return frozenset({tuple(words)}) if words else frozenset()
    return frozenset(zip(words, words[1:], words[2:], strict=False))


def _overlap(one: frozenset[tuple[str, ...]], other: frozenset[tuple[str, ...]]) -> float:
    shorter = min(len(one), len(other))
    return len(one & other) / shorter if shorter else 0.0
