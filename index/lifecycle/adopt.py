"""Restores the articles from stored vectors when the catalog is missing: after a loss, or in the oldest format."""

import re
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from pathlib import Path

import numpy as np

from index.articles import Article
from index.errors import IndexStateError
from index.store.chroma import Store, holds_vectors
from index.store.chroma_rows import Row
from index.store.chroma_server import Server
from index.store.fingerprint import Identity
from index.store.records import Stored, version_of

ARTICLES_AT_ONCE = 100
_NUMBERED = re.compile(r"vectors-(\d+)")


def old_store(folder: Path, unfinished: int | None = None, server: Server | None = None) -> Path | None:
    """The folder with the newest vectors: numbered ones, or the index folder itself, as in the first format.

    Args:
        unfinished: a number that does not count.
    """
    matches = [match for path in folder.glob("vectors-*") if (match := _NUMBERED.fullmatch(path.name))]
    numbers = [int(match[1]) for match in matches if int(match[1]) != unfinished]
    places = [*(folder / f"vectors-{number}" for number in sorted(numbers, reverse=True)), folder]
    return next((place for place in places if _is_store(place, server)), None)


def _is_store(place: Path, server: Server | None) -> bool:
    if not holds_vectors(place):
        return False
    store = Store.open(place, server)
    if store is None:  # the process was killed before it had made one
        return False
    store.close()
    return True


class Adoption:
    """The whole articles of a store, put together from their chunks.

    An article whose digest is not the one that its chunks name has lost some of them: ``lost`` has its id, and it must
    be added again.
    """

    def __init__(self, place: Path, server: Server | None = None) -> None:
        store = Store.open(place, server)
        if store is None:
            raise IndexStateError(f"there are no articles in {place}", "add some first: Library.add()")
        self.place = place
        self.identity: Identity = store.identity
        self.lost: list[str] = []
        self._store = store
        self._versions = _versions(store.keys())

    @property
    def total(self) -> int:
        return len(self._versions)

    def articles(self) -> Iterator[Stored]:
        """Every article that is whole, in its newest version that is."""
        names = sorted(self._versions)
        for first in range(0, len(names), ARTICLES_AT_ONCE):
            page = names[first : first + ARTICLES_AT_ONCE]
            keys = [key for name in page for version in self._versions[name].values() for key in version]
            rows = {row.key: row for row in self._store.rows(keys)}
            for name in page:
                newest_first = sorted(self._versions[name].items(), reverse=True)
                whole = (_whole([rows[key] for key in keys]) for _, keys in newest_first)
                stored = next((stored for stored in whole if stored), None)
                if stored:
                    yield stored
                else:
                    self.lost.append(name)

    def close(self) -> None:
        self._store.close()


def _versions(keys: Iterator[str]) -> dict[str, dict[int, list[str]]]:
    """Article id → version → row keys; the first format knew no versions, which counts as version 0."""
    found: dict[str, dict[int, list[str]]] = defaultdict(lambda: defaultdict(list))
    for key in keys:
        article, version = version_of(key) if re.search(r"#\d+@\d+$", key) else (key.rpartition("#")[0], 0)
        found[article][version].append(key)
    return found


def _whole(rows: Sequence[Row]) -> Stored | None:
    ordered = sorted(rows, key=lambda row: row.chunk.number)
    info = ordered[0].chunk.article
    text = "".join(row.chunk.text for row in ordered)
    article = Article(**asdict(info), text=text)
    if {row.digest for row in ordered} != {article.digest}:
        return None
    return Stored(article, np.stack([row.vector for row in ordered]))
