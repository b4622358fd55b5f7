"""Searches the chunks of one index for a question: dense and BM25, among the selected articles."""

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, replace

from index.embed.local import Embedder, Vectors
from index.hits import SearchResult
from index.retrieve.pipeline import Current, Pipeline, Ranked, nearest_first
from index.retrieve.reader import Reader
from index.retrieve.rerank import Reranker
from index.store.bm25 import Bounds, WordStatistics
from index.store.catalog import Catalog
from index.store.chroma import Store
from index.store.records import Scored, Selection, version_of
from index.store.tantivy_index import LexicalIndex

# Articles with so many chunks are compared one by one; of more, the others are left out of what is found among all.
COMPARED_CHUNKS = 5_000
SPARE = 2  # times as many rows are looked at as would do if those of the selected articles lay evenly among all
MOST_FOUND = 10_000

Rows = tuple[Scored, ...]


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
        return Pipeline(self.embedder, self.reranker).search(
            question,
            k=k,
            candidates=candidates,
            finding=lambda vector: OneIndex(self.catalog, self.store, self.lexical, question, vector, selection),
        )


class OneIndex:
    """One question at one index.

    Args:
        shared: the word statistics of all indexes that are searched; None takes those of this one. With them ``ranked``
            gives all rows that can be among the best by words, with scores that are within ``bounds`` of theirs.
    """

    def __init__(
        self,
        catalog: Catalog,
        store: Store,
        lexical: LexicalIndex,
        question: str,
        vector: Vectors,
        selection: Selection,
        shared: WordStatistics | None = None,
    ) -> None:
        self._catalog = catalog
        self._store = store
        self._lexical = lexical
        self._question = question
        self._vector = vector
        self._selection = selection
        self._shared = shared
        self._find: Callable[[int], tuple[Rows, Rows]] | None = None

    def ranked(self, limit: int) -> Ranked:
        """So many rows of each of the two searches, where there are as many."""
        if self._find is None:
            self._find = self._finder()
        dense, lexical = self._find(limit)
        return Ranked(nearest_first(dense), lexical)

    @property
    def bounds(self) -> Bounds:
        """How far the scores of words are from those by shared statistics."""
        return self._lexical.bounds(self._shared) if self._shared is not None else Bounds()

    def current(self, keys: Sequence[str]) -> Current:
        """The chunks of rows that were found."""
        return current_chunks(self._catalog, self._store, keys)

    def _finder(self) -> Callable[[int], tuple[Rows, Rows]]:
        """The two searches among the selected articles, for as many rows as are asked for.

        Chroma's own filter is not used: in a folder it fails while another process writes, as it finds rows that the
        graph in memory does not know yet.
        """
        selection, catalog, vector = self._selection, self._catalog, self._vector
        if selection == Selection():
            return lambda limit: (self._store.scored(vector, limit), self._words(limit, selection))
        selection = replace(selection, sources=catalog.sources(selection.sources) if selection.sources else ())
        chosen = catalog.counts(selection)[1]
        if chosen <= COMPARED_CHUNKS:
            rows = catalog.rows(selection)
            keys = {key for row in rows for key in row.keys}
            return lambda limit: (catalog.scored(vector, rows, limit), self._words(limit, selection, keys))
        share = chosen / catalog.counts()[1]

        def words(limit: int) -> Rows:
            return self._words(limit, selection)

        def leave_out(limit: int) -> tuple[Rows, Rows]:
            dense = self._of(selection, limit, share, lambda several: self._store.scored(vector, several), _first)
            if not selection.listed:
                return dense, words(limit)
            return dense, self._of(selection, limit, share, words, self._best)

        return leave_out

    def _best(self, rows: Rows, limit: int) -> Rows:
        """Those of what words find that can be among so many best ones."""
        return _first(rows, limit) if self._shared is None else self.bounds.likely(rows, limit)

    def _words(self, limit: int, selection: Selection, among: Collection[str] | None = None) -> Rows:
        """What the words find in times and of one source; among rows where only the catalog knows what is selected."""
        source = "" if selection.listed else "".join(selection.sources)
        among = among if selection.listed else None
        return self._lexical.scored(self._question, limit, selection.window, source, among, self._shared)

    def _of(
        self,
        selection: Selection,
        limit: int,
        share: float,
        find: Callable[[int], Rows],
        first: Callable[[Rows, int], Rows],
    ) -> Rows:
        """The first of what a search finds that are of selected articles, which hold such a share of all chunks."""
        several = min(MOST_FOUND, int(SPARE * limit / share))
        while True:
            every = find(several)
            chosen = set(self._catalog.chosen([row.key for row in every], selection))
            found = first(tuple(row for row in every if row.key in chosen), limit)
            if len(found) >= limit or len(every) < several or several == MOST_FOUND:
                return found
            several = min(MOST_FOUND, 4 * several)


def _first(rows: Rows, limit: int) -> Rows:
    return rows[:limit]


def current_chunks(catalog: Catalog, store: Store, keys: Sequence[str]) -> Current:
    """The chunks of rows of the versions that count.

    A row of another version is waiting to be deleted, or of a commit that is not finished.
    """
    rows = {key: version_of(key) for key in keys}
    versions = catalog.versions(article for article, _ in rows.values())
    counting = [key for key, (article, version) in rows.items() if versions.get(article) == version]
    chunks = store.get(counting)
    replaced = any(version < versions.get(article, 0) for article, version in rows.values())
    return Current(chunks, replaced or len(chunks) < len(counting))
