"""Checks that the parts of an index agree: the catalog with itself, with Chroma and with the word index."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from index.errors import DamagedError, IndexStateError
from index.lifecycle.commit import CATALOG, Parts
from index.split.chunks import split_chunks
from index.store.catalog import Catalog
from index.store.chroma_rows import Row
from index.store.chroma_server import Server
from index.store.records import Entry, row_key

SHOWN = 3  # ids that a problem names
# Chroma keeps vectors as 32-bit floats and may scale them to length 1, which ours have: only rounding may differ.
VECTOR_TOLERANCE = 1e-4
ARTICLES_AT_ONCE = 200


@dataclass(frozen=True, slots=True)
class CheckReport:
    """What a check found.

    Attributes:
        undone: rows of an interrupted commit that were deleted before checking.
        problems: each in one line; none when all is well.
    """

    articles: int
    chunks: int
    undone: int
    problems: tuple[str, ...]

    @property
    def clean(self) -> bool:
        return not self.problems


def check_parts(folder: Path, server: Server | None = None) -> CheckReport:
    """Read all that is stored, and compare; the writer's lock is held.

    Raises:
        IndexStateError: there is no index, or the folder cannot be read.
    """
    try:
        catalog = Catalog.open(folder / CATALOG)
        if catalog is None:
            raise IndexStateError(f"there are no articles in the index {folder}", "add some: Library.add()")
        catalog.check()
    except DamagedError as error:
        return CheckReport(0, 0, 0, (error.problem,))
    articles, chunks = catalog.counts()
    try:
        parts = Parts.open(catalog, server)
    except DamagedError as error:
        return CheckReport(articles, chunks, 0, (error.problem, *_of_articles(catalog)))
    try:
        undone = parts.undo()
        return CheckReport(articles, chunks, undone, tuple(_problems(parts)))
    except DamagedError as error:
        return CheckReport(articles, chunks, 0, (error.problem,))
    finally:
        parts.close()


def _problems(parts: Parts) -> Iterator[str]:
    yield from _of_articles(parts.catalog)
    entries = parts.catalog.select()
    expected = {key for entry in entries for key in entry.rows.keys}
    for name, found in (("vectors", list(parts.store.keys())), ("words", list(parts.lexical.keys()))):
        yield from _named(f"chunks are missing among the {name}", sorted(expected - set(found)))
        yield from _named(f"chunks of no article are among the {name}", sorted(set(found) - expected))
        if len(found) > len(set(found)):
            yield f"{len(found) - len(set(found))} chunks are twice among the {name}"
    wrong = (key for page in _pages(entries) for key in _wrong_rows(parts, page))
    yield from _named("chunks differ from their articles", list(wrong))


def _of_articles(catalog: Catalog) -> Iterator[str]:
    digests = {entry.info.id: entry.digest for entry in catalog.select()}
    changed, uncut = [], []
    seen = set()
    for stored in catalog.stored():
        seen.add(stored.article.id)
        if stored.article.digest != digests[stored.article.id]:
            changed.append(stored.article.id)
        if len(split_chunks(stored.article)) != len(stored.vectors):
            uncut.append(stored.article.id)
    yield from _named("articles have no text", sorted(digests.keys() - seen))
    yield from _named("articles differ from their digests", changed)
    yield from _named("articles have not one vector for each chunk", uncut)


def _wrong_rows(parts: Parts, entries: Sequence[Entry]) -> Iterator[str]:
    versions = {entry.info.id: entry.rows.version for entry in entries}
    rows = {row.key: row for row in parts.store.rows([key for entry in entries for key in entry.rows.keys])}
    for stored in parts.catalog.stored([entry.info.id for entry in entries]):
        for chunk, vector in zip(split_chunks(stored.article), stored.vectors, strict=False):
            key = row_key(chunk.article.id, chunk.number, versions[chunk.article.id])
            expected = Row(key, chunk, stored.article.digest, vector)
            if key in rows and not _same(rows[key], expected):
                yield key


def _same(row: Row, expected: Row) -> bool:
    if (row.chunk, row.digest) != (expected.chunk, expected.digest):
        return False
    return bool(np.allclose(row.vector, expected.vector, atol=VECTOR_TOLERANCE))


def _named(problem: str, names: Sequence[str]) -> Iterator[str]:
    if names:
        more = f" and {len(names) - SHOWN} more" if len(names) > SHOWN else ""
        yield f"{len(names)} {problem}: {', '.join(names[:SHOWN])}{more}"


def _pages(entries: Sequence[Entry]) -> Iterable[Sequence[Entry]]:
    return (entries[first : first + ARTICLES_AT_ONCE] for first in range(0, len(entries), ARTICLES_AT_ONCE))
