"""Adds and removes articles: skips unchanged ones and replaces changed ones."""

from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from itertools import islice
from pathlib import Path
from typing import Protocol

import numpy as np

from index.articles import Chunk
from index.embed.local import Embedder, Vectors
from index.embed.processes import EmbeddingProcesses
from index.errors import InputError
from index.lifecycle.commit import CATALOG, Parts, Prepared
from index.lifecycle.namesakes import Incoming, family_of, told_apart
from index.lifecycle.rebuild import FLUSH_CHUNKS
from index.lifecycle.write_lock import open_catalog, open_for_writing
from index.retrieve.pipeline import searchable_text
from index.retrieve.reader import Reader
from index.retrieve.rerank import Reranker
from index.split.chunks import split_chunks
from index.store.chroma_server import Server
from index.store.fingerprint import Identity
from index.store.records import Entry, Stored

BATCHES_A_JOB = 2  # one that is embedded and one that waits
LOOK_UP_ARTICLES = 200  # articles whose digests are looked up at once


class Models(Protocol):
    """Gives the models when they are needed, so that unneeded ones are never fetched or loaded."""

    def embedder(self) -> Embedder: ...

    def reranker(self) -> Reranker | None: ...

    def reader(self) -> Reader | None: ...


@dataclass(frozen=True, slots=True)
class AddReport:
    """What adding articles did, in articles; ``chunks`` counts the newly embedded ones.

    Attributes:
        removed: ids of articles that were once read from the folders and are there no more, where those were pruned.
    """

    added: int = 0
    changed: int = 0
    unchanged: int = 0
    chunks: int = 0
    removed: tuple[str, ...] = ()

    @property
    def articles(self) -> int:
        return self.added + self.changed + self.unchanged

    def plus(self, other: "AddReport") -> "AddReport":
        return AddReport(
            self.added + other.added,
            self.changed + other.changed,
            self.unchanged + other.unchanged,
            self.chunks + other.chunks,
        )


@dataclass(slots=True)
class _Batch:
    """Articles that are committed together."""

    changes: list[tuple[Incoming, tuple[Chunk, ...]]] = field(default_factory=list)
    moved: list[tuple[str, tuple[str, ...]]] = field(default_factory=list)  # unchanged, but from another file
    added: int = 0
    unchanged: int = 0
    chunks: int = 0

    def take(self, incoming: Incoming, stored: Entry | None, known: Sequence[str]) -> None:
        article = incoming.article
        if stored is not None and stored.digest == article.digest:
            self.unchanged += 1
            if not set(incoming.origins) <= set(known):
                self.moved.append((article.id, incoming.origins))
            return
        chunks = split_chunks(article)
        if not chunks:
            raise InputError(f"article {article.id} has no text", "leave it out, or give it a text")
        self.changes.append((incoming, chunks))
        self.chunks += len(chunks)
        self.added += stored is None

    @property
    def report(self) -> AddReport:
        return AddReport(self.added, len(self.changes) - self.added, self.unchanged, self.chunks)


class Adding:
    """One writer at work; the writer's lock is held. Vectors, words and models are opened when they are needed.

    With several jobs, batches are embedded ahead in processes of their own, and committed in their order all the same.

    Args:
        jobs: processes that embed; 1 embeds in this one.
        seen: is given (article id, origin) of all that is added, changed or not, as the index calls it.

    Raises:
        IndexStateError: the index was made with another embedding model or another way of cutting texts.
    """

    def __init__(
        self,
        folder: Path,
        models: Models,
        server: Server | None = None,
        jobs: int = 1,
        seen: set[tuple[str, str]] | None = None,
    ) -> None:
        self.seen = seen
        self._folder = folder
        self._server = server
        self._models = models
        self._catalog = open_catalog(folder, server)
        self._parts: Parts | None = None
        self._jobs = jobs
        self._processes: EmbeddingProcesses | None = None
        self._ahead: deque[tuple[_Batch, Callable[[], Vectors]]] = deque()
        if self._catalog is not None:
            self._catalog.identity.check_name(models.embedder())

    def add(
        self,
        articles: Iterable[Incoming],
        progress: Callable[[AddReport], None] | None,
        stop: Callable[[], bool] | None,
    ) -> AddReport:
        """Add articles until there are no more, or until ``stop`` says so after a commit."""
        report = AddReport()
        for batch in self._committed(articles):
            report = report.plus(batch.report)
            if progress:
                progress(report)
            if stop and stop():
                break
        return report

    def close(self) -> None:
        """Close what was opened; what was embedded ahead and not committed is given up."""
        if self._processes:
            self._processes.close()
        if self._parts:
            self._parts.close()

    def _committed(self, articles: Iterable[Incoming]) -> Iterator[_Batch]:
        """Every batch, once it is committed."""
        for batch in self._batches(articles):
            if batch is not None:
                self._ahead.append((batch, self._embedding(batch)))
            while len(self._ahead) > (BATCHES_A_JOB * self._jobs if batch is not None and self._jobs > 1 else 0):
                yield self._commit(*self._ahead.popleft())
        while self._ahead:
            yield self._commit(*self._ahead.popleft())

    def _embedding(self, batch: _Batch) -> Callable[[], Vectors]:
        """Gives the batch's vectors; with several jobs they are on their way already."""
        texts = [
            searchable_text(chunk) for incoming, chunks in batch.changes for chunk in _unembedded(incoming, chunks)
        ]
        if not texts:
            return lambda: np.empty((0, self._models.embedder().dimension), dtype=np.float32)
        if self._jobs == 1:
            return lambda: self._models.embedder().embed_documents(texts)
        if self._processes is None:
            self._open()  # refuses another model before anything is embedded
            self._processes = EmbeddingProcesses(self._models.embedder(), self._jobs)
        return partial(self._processes.vectors, self._processes.embed(texts))

    def _batches(self, articles: Iterable[Incoming]) -> Iterator[_Batch | None]:
        """Batches to be committed; None asks that those before be committed first."""
        for several in batched(articles, LOOK_UP_ARTICLES):
            families = {family_of(incoming.article.id) for incoming in several}
            ahead = (incoming.article.id for batch, _ in self._ahead for incoming, _ in batch.changes)
            if any(family_of(identifier) in families for identifier in ahead):
                yield None
            group = _by_id(told_apart(several, self._catalog))
            if self.seen is not None:
                self.seen.update((name, place) for name, incoming in group.items() for place in incoming.origins)
            stored = self._catalog.entries(list(group)) if self._catalog else {}
            known = self._catalog.origins(list(group)) if self._catalog else {}
            batch = _Batch()
            for identifier, incoming in group.items():
                batch.take(incoming, stored.get(identifier), known.get(identifier, ()))
                if batch.chunks >= FLUSH_CHUNKS:
                    yield batch
                    batch = _Batch()
            yield batch

    def _commit(self, batch: _Batch, embedded: Callable[[], Vectors]) -> _Batch:
        if batch.moved and self._catalog:
            self._catalog.add_origins(batch.moved)
        if not batch.changes:
            return batch
        parts = self._open()
        vectors = embedded()
        prepared = []
        first = 0
        for incoming, chunks in batch.changes:
            further = len(_unembedded(incoming, chunks))
            own = vectors[first : first + further] if further or incoming.vectors is None else incoming.vectors
            prepared.append(Prepared(Stored(incoming.article, own, incoming.origins), chunks))
            first += further
        parts.commit(prepared)
        return batch

    def _open(self) -> Parts:
        if self._parts is None:
            embedder = self._models.embedder()
            if self._catalog is None:
                self._parts = Parts.create(self._folder, CATALOG, Identity.of(embedder), self._server)
            else:
                self._catalog.identity.check(embedder)
                self._parts = open_for_writing(self._catalog, self._server)
            self._catalog = self._parts.catalog
        return self._parts


def batched(articles: Iterable[Incoming], size: int) -> Iterator[list[Incoming]]:
    """Articles so many at a time, as they come."""
    several = iter(articles)
    while group := list(islice(several, size)):
        yield group


def _by_id(group: Iterable[Incoming]) -> dict[str, Incoming]:
    """Articles by id; of several with one id the last counts, with the files of all."""
    found: dict[str, Incoming] = {}
    for incoming in group:
        identifier = incoming.article.id
        earlier = found[identifier].origins if identifier in found else ()
        found[identifier] = replace(incoming, origins=tuple(dict.fromkeys((*earlier, *incoming.origins))))
    return found


def _unembedded(incoming: Incoming, chunks: Sequence[Chunk]) -> Sequence[Chunk]:
    """The chunks of an article that still have to be embedded: all or none."""
    return () if incoming.vectors is not None and len(incoming.vectors) == len(chunks) else chunks
