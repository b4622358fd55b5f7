"""Searching the articles of one source only."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import cast

from index.articles import Window
from index.embedding import Vectors
from index.lexical import LexicalIndex
from index.search import Searcher
from index.store import Store

GROWTH = 4  # each further look takes in so many times as many chunks


def within_source(searcher: Searcher, source: str) -> Searcher:
    """The same search pipeline over the chunks of one source; exact, however rare the source is."""
    filtered = _Filtered(searcher.store, searcher.lexical, source)
    return replace(searcher, store=cast("Store", filtered), lexical=cast("LexicalIndex", filtered))


@dataclass(frozen=True, slots=True)
class _Filtered:
    """Both halves of the search, each asked for more until enough of what it finds is from the source."""

    store: Store
    lexical: LexicalIndex
    source: str

    def nearest(self, vector: Vectors, limit: int, window: Window) -> tuple[str, ...]:
        return self._enough(lambda many: self.store.nearest(vector, many, window), limit)

    def search(self, question: str, limit: int, window: Window) -> tuple[str, ...]:
        return self._enough(lambda many: self.lexical.search(question, many, window), limit)

    def get(self, ids: Sequence[str]) -> object:
        return self.store.get(ids)

    def _enough(self, find: Callable[[int], tuple[str, ...]], limit: int) -> tuple[str, ...]:
        many, everything = limit, self.store.count()
        while True:
            many = min(many * GROWTH, everything)
            found = find(many)
            chunks = self.store.get(found)
            kept = [name for name in found if name in chunks and chunks[name].article.source == self.source]
            if len(kept) >= limit or len(found) < many or many >= everything:
                return tuple(kept[:limit])
