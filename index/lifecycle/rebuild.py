"""Rebuilds an index from its own articles: after damage, from an older format, or for another embedding model."""

import os
import shutil
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from index.embed.local import Embedder
from index.errors import DamagedError, IndexStateError
from index.lifecycle.adopt import Adoption, old_store
from index.lifecycle.commit import CATALOG, MANIFEST, NEXT_CATALOG, Parts, Prepared, remove_unused
from index.retrieve.pipeline import searchable_text
from index.split.chunks import split_chunks
from index.store.catalog import Catalog
from index.store.chroma import DATABASE
from index.store.chroma_server import Server, check_place
from index.store.fingerprint import Identity
from index.store.records import Stored

FLUSH_CHUNKS = 256  # chunks that are embedded and committed at once: a crash loses at most these


@dataclass(frozen=True, slots=True)
class Rebuilt:
    """What rebuilding did so far; ``total`` counts the articles that there are, ``chunks`` those embedded again.

    Attributes:
        lost: ids of articles of which parts are gone; they must be added again.
    """

    articles: int = 0
    total: int = 0
    chunks: int = 0
    lost: tuple[str, ...] = ()

    def plus(self, other: "Rebuilt") -> "Rebuilt":
        """With what was done in a part of the whole."""
        articles, chunks = self.articles + other.articles, self.chunks + other.chunks
        return replace(self, articles=articles, chunks=chunks, lost=(*self.lost, *other.lost))


class _Rebuilding:
    """The new index beside the old one.

    Args:
        embedder: embeds what has no usable vectors; None takes over vectors only.
        fresh: embed everything, whatever vectors there are.
    """

    def __init__(self, parts: Parts, embedder: Embedder | None, *, fresh: bool) -> None:
        self.parts = parts
        self.lost: list[str] = []
        self.chunks = 0
        self._embedder = embedder
        self._fresh = fresh
        self._known = {entry.info.id: entry.digest for entry in parts.catalog.select()}
        self._kept: set[str] = set()

    def take(self, group: Sequence[Stored]) -> None:
        """Write those articles that an interrupted rebuilding has not written before."""
        new = [stored for stored in group if self._known.get(stored.article.id) != stored.article.digest]
        prepared = [item for stored in new if (item := self._prepared(stored))]
        if prepared:
            self.parts.commit(prepared)
        self._kept |= {stored.article.id for stored in group}

    def finish(self) -> None:
        self.parts.commit((), sorted(self._known.keys() - self._kept))

    def _prepared(self, stored: Stored) -> Prepared | None:
        chunks = split_chunks(stored.article)
        if not self._fresh and len(chunks) == len(stored.vectors) and np.isfinite(stored.vectors).all():
            return Prepared(stored, chunks)
        if self._embedder is None or not chunks:
            self.lost.append(stored.article.id)
            return None
        vectors = self._embedder.embed_documents([searchable_text(chunk) for chunk in chunks])
        self.chunks += len(chunks)
        return Prepared(replace(stored, vectors=vectors), chunks)


def rebuild(
    folder: Path,
    embedder: Embedder | None = None,
    progress: Callable[[Rebuilt], None] | None = None,
    server: Server | None = None,
) -> Rebuilt:
    """Make an index anew beside the old one, which is replaced at the end in one step; the writer's lock is held.

    An interrupted rebuilding goes on where it stopped. Vectors are taken over where model and chunking are the same.

    Args:
        embedder: the model to embed with; None takes over vectors only.
        server: where the new vectors are put; None puts them into the folder.

    Raises:
        IndexStateError: there is nothing to rebuild from.
    """
    source = _source(folder, server)
    fresh = embedder is not None and not source.identity.fits(embedder)
    identity = Identity.of(embedder) if embedder is not None and fresh else source.identity
    try:
        work = _Rebuilding(_next_parts(folder, identity, server), embedder, fresh=fresh)
        done = Rebuilt(total=source.total)
        try:
            for group in _flushes(source.articles()):
                work.take(group)
                done = replace(done, articles=done.articles + len(group), chunks=work.chunks)
                if progress:
                    progress(done)
            work.finish()
        finally:
            work.parts.close()
    finally:
        source.close()
    _replace(folder, server)
    return replace(done, lost=(*source.lost, *work.lost))


def needs_adoption(folder: Path, server: Server | None = None) -> bool:
    """Whether a folder holds vectors but no catalog: made by an older version, or the catalog was lost."""
    if (folder / CATALOG).exists() or (folder / MANIFEST).exists():
        return False
    return _old_store(folder, server) is not None


class _FromCatalog:
    """The articles of an index whose catalog is sound."""

    def __init__(self, catalog: Catalog) -> None:
        self.identity = catalog.identity
        self.total = catalog.counts()[0]
        self.lost: list[str] = []
        self._catalog = catalog

    def articles(self) -> Iterator[Stored]:
        return self._catalog.stored()

    def close(self) -> None:
        pass


def _source(folder: Path, server: Server | None) -> "_FromCatalog | Adoption":
    with suppress(DamagedError):  # then from the vectors
        catalog = Catalog.open(folder / CATALOG)
        if catalog is not None:
            return _FromCatalog(catalog)
    place = _old_store(folder, server)
    if place is None:
        raise IndexStateError(f"there are no articles in the index {folder}", "add some: Library.add()")
    return Adoption(place, server)


def _old_store(folder: Path, server: Server | None) -> Path | None:
    """Vectors to start from; those of an unfinished rebuilding do not count."""
    following = None
    with suppress(DamagedError):
        following = Catalog.open(folder / NEXT_CATALOG)
    return old_store(folder, following.stamp.store if following else None, server)


def _next_parts(folder: Path, identity: Identity, server: Server | None) -> Parts:
    """Those of a rebuilding that was interrupted, or new ones."""
    path = folder / NEXT_CATALOG
    with suppress(DamagedError):
        catalog = Catalog.open(path)
        if catalog is not None and catalog.identity == identity:
            check_place(folder / f"vectors-{catalog.stamp.store}", server)
            parts = Parts.open(catalog, server)
            parts.undo()
            parts.mend_words()
            return parts
    for leftover in folder.glob(f"{NEXT_CATALOG}*"):
        leftover.unlink()
    return Parts.create(folder, NEXT_CATALOG, identity, server)


def _replace(folder: Path, server: Server | None) -> None:
    """Let the new index count, and delete the old one."""
    (folder / f"{CATALOG}-journal").unlink(missing_ok=True)  # of a transaction of the old one: never for the new one
    os.replace(folder / NEXT_CATALOG, folder / CATALOG)
    remove_unused(folder, [Catalog(folder / CATALOG)], server)
    _remove_first_format(folder)


def _remove_first_format(folder: Path) -> None:
    """Delete the files of an index of the first format, once it was taken over."""
    for leftover in folder.glob(f"{DATABASE}*"):
        leftover.unlink()
    for segment in folder.glob("*/data_level0.bin"):
        if segment.parent.name.count("-") == 4:  # a UUID: Chroma's name for a folder of vectors
            shutil.rmtree(segment.parent)
    shutil.rmtree(folder / "words", ignore_errors=True)


def _flushes(articles: Iterable[Stored]) -> Iterator[list[Stored]]:
    """Articles in groups of about FLUSH_CHUNKS chunks."""
    group: list[Stored] = []
    chunks = 0
    for stored in articles:
        group.append(stored)
        chunks += len(stored.vectors)
        if chunks >= FLUSH_CHUNKS:
            yield group
            group, chunks = [], 0
    if group:
        yield group
