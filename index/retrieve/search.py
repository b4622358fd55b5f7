"""Searches chunks for a question: dense and BM25, fused, reranked, without near-copies."""

import time
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, replace

from index.articles import Chunk, Window
from index.embed.local import Embedder, Vectors
from index.hits import Hit, SearchResult
from index.retrieve.cross_encoder import Passage
from index.retrieve.fusion import reciprocal_rank_fusion
from index.retrieve.near_duplicates import one_of_each, without_copies
from index.retrieve.reader import Reader
from index.retrieve.rerank import Reranker
from index.store.catalog import Catalog
from index.store.chroma import Store
from index.store.records import Selection, version_of
from index.store.tantivy_index import LexicalIndex

Ranked = tuple[tuple[str, ...], tuple[str, ...]]  # row keys, best first, as the two searches find them
# The cross-encoder reads the best candidates first, and the next ones only as long as that may change the answer: while
# the best passage is among the last that were read, or does not answer well. Against reading all thirty, the newsroom's
# citation F1 changed by -.001 (-.020 … +.015), and against twelve first and ten next by +.004 (0 … +.015); n 166.
FIRST_READ, NEXT_READ = 8, 8
LAST_READ = 3  # so many at the end of what was read count as the last
ANSWERS_WELL = 4.0  # a logit
# Articles with so many chunks are compared one by one; of more, the others are left out of what is found among all.
COMPARED_CHUNKS = 5_000
SPARE = 2  # times as many rows are looked at as would do if those of the selected articles lay evenly among all
MOST_FOUND = 10_000
WIDEST = 8  # times as many candidates are looked at when copies of one report crowd out all others


@dataclass(frozen=True, slots=True)
class Searcher:
    """The search pipeline over one index."""

    catalog: Catalog
    store: Store
    lexical: LexicalIndex
    embedder: Embedder
    reranker: Reranker | None
    reader: Reader | None

    def search(self, question: str, *, k: int, candidates: int, selection: Selection) -> SearchResult:
        """The ``k`` best chunks for a question.

        Args:
            candidates: how many chunks each of the two searches gives, and how many are reranked.
            selection: only articles that it means.
        """
        started = time.perf_counter()
        vector = self.embedder.embed_query(question)
        embedded = time.perf_counter()

        hits, outdated = self._candidates(candidates, self._finder(question, vector, selection))
        fused = time.perf_counter()
        ranked = without_copies(self._rerank(question, hits))[:k]
        finished = time.perf_counter()
        timings = {
            "embed": (embedded - started) * 1000,
            "search": (fused - embedded) * 1000,
            "rerank": (finished - fused) * 1000,
        }
        return SearchResult(ranked, timings, outdated)

    def _finder(self, question: str, vector: Vectors, selection: Selection) -> Callable[[int], Ranked]:
        """The two searches among the selected articles, for as many rows as are asked for.

        Chroma's own filter is not used: in a folder it fails while another process writes, as it finds rows that the
        graph in memory does not know yet.
        """
        if selection == Selection():
            return lambda limit: (self.store.nearest(vector, limit), self.lexical.search(question, limit, Window()))
        selection = replace(selection, sources=self.catalog.sources(selection.sources) if selection.sources else ())
        window, source = selection.window, "".join(selection.sources)  # of no use where the catalog lists the articles

        def words(limit: int, among: Collection[str] | None = None) -> tuple[str, ...]:
            if selection.listed:
                return self.lexical.search(question, limit, window, among=among)
            return self.lexical.search(question, limit, window, source)

        chosen = self.catalog.counts(selection)[1]
        if chosen <= COMPARED_CHUNKS:
            rows = self.catalog.rows(selection)
            keys = {key for row in rows for key in row.keys}
            return lambda limit: (self.catalog.nearest(vector, rows, limit), words(limit, keys))
        share = chosen / self.catalog.counts()[1]

        def leave_out(limit: int) -> Ranked:
            dense = self._of(selection, limit, share, lambda several: self.store.nearest(vector, several))
            return dense, self._of(selection, limit, share, words) if selection.listed else words(limit)

        return leave_out

    def _of(
        self, selection: Selection, limit: int, share: float, find: Callable[[int], tuple[str, ...]]
    ) -> tuple[str, ...]:
        """The first of what a search finds that are of selected articles, which hold such a share of all chunks."""
        several = min(MOST_FOUND, int(SPARE * limit / share))
        while True:
            every = find(several)
            found = self.catalog.chosen(every, selection)[:limit]
            if len(found) == limit or len(every) < several or several == MOST_FOUND:
                return found
            several = min(MOST_FOUND, 4 * several)

    def _candidates(self, wanted: int, find: Callable[[int], Ranked]) -> tuple[tuple[Hit, ...], bool]:
        """The best chunks by the fused ranks, and whether some were outdated.

        Copies of a report count once, and others take their places.
        """
        limit = wanted
        while True:
            dense, lexical = find(limit)
            found, outdated = self.fuse(dense, lexical)
            hits = one_of_each(found)
            exhausted = len(dense) < limit and len(lexical) < limit
            if len(hits) >= wanted or exhausted or limit >= WIDEST * wanted:
                return hits[:wanted], outdated
            limit *= 2

    def fuse(self, dense: Sequence[str], lexical: Sequence[str]) -> tuple[list[Hit], bool]:
        """What two ranked lists of row keys find, best first, not yet reranked; and whether some rows were outdated."""
        fused = reciprocal_rank_fusion((dense, lexical))
        rows = {key: version_of(key) for key in fused}
        versions = self.catalog.versions(article for article, _ in rows.values())
        # A row of another version is waiting to be deleted, or of a commit that is not finished.
        current = [key for key, (article, version) in rows.items() if versions.get(article) == version]
        chunks = self.store.get(current)
        replaced = any(version < versions.get(article, 0) for article, version in rows.values())
        dense_ranks = {key: rank for rank, key in enumerate(dense, start=1)}
        lexical_ranks = {key: rank for rank, key in enumerate(lexical, start=1)}
        hits = [
            Hit(chunks[key], fused[key], None, dense_ranks.get(key), lexical_ranks.get(key))
            for key in current
            if key in chunks
        ]
        return hits, replaced or len(hits) < len(current)

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
