"""Adding and removing articles: what is unchanged is skipped, what has changed is replaced."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from index.articles import Article, Chunk
from index.chunks import split_chunks
from index.embedding import Embedder
from index.entries import Entry, Stored
from index.errors import InputError
from index.identity import Identity
from index.parts import CATALOG, Parts, Prepared
from index.rebuilding import FLUSH_CHUNKS
from index.rerank import Reranker
from index.search import searchable_text
from index.writing import open_catalog, open_for_writing

LOOK_UP_ARTICLES = 200  # articles whose digests are looked up at once


class Models(Protocol):
    """Gives the models when they are needed, so that unneeded ones are never fetched or loaded."""

    def embedder(self) -> Embedder: ...

    def reranker(self) -> Reranker | None: ...


@dataclass(frozen=True, slots=True)
class Incoming:
    """An article on its way into the index, and the files that it was read from."""

    article: Article
    origins: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class AddReport:
    """What adding articles did, in articles; ``chunks`` counts the newly embedded ones."""

    added: int = 0
    changed: int = 0
    unchanged: int = 0
    chunks: int = 0

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

    Raises:
        IndexStateError: the index was made with another embedding model or another way of cutting texts.
    """

    def __init__(self, folder: Path, models: Models) -> None:
        self._folder = folder
        self._models = models
        self._catalog = open_catalog(folder)
        self._parts: Parts | None = None
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
        for batch in self._batches(articles):
            self._commit(batch)
            report = report.plus(batch.report)
            if progress:
                progress(report)
            if stop and stop():
                break
        return report

    def close(self) -> None:
        if self._parts:
            self._parts.close()

    def _batches(self, articles: Iterable[Incoming]) -> Iterator[_Batch]:
        for group in _groups(articles):
            stored = self._catalog.entries(list(group)) if self._catalog else {}
            known = self._catalog.origins(list(group)) if self._catalog else {}
            batch = _Batch()
            for identifier, incoming in group.items():
                batch.take(incoming, stored.get(identifier), known.get(identifier, ()))
                if batch.chunks >= FLUSH_CHUNKS:
                    yield batch
                    batch = _Batch()
            yield batch

    def _commit(self, batch: _Batch) -> None:
        if batch.moved and self._catalog:
            self._catalog.add_origins(batch.moved)
        if not batch.changes:
            return
        parts = self._open()
        texts = [searchable_text(chunk) for _, chunks in batch.changes for chunk in chunks]
        vectors = self._models.embedder().embed_documents(texts)
        prepared = []
        first = 0
        for incoming, chunks in batch.changes:
            own = vectors[first : first + len(chunks)]
            prepared.append(Prepared(Stored(incoming.article, own, incoming.origins), chunks))
            first += len(chunks)
        parts.commit(prepared)

    def _open(self) -> Parts:
        if self._parts is None:
            embedder = self._models.embedder()
            if self._catalog is None:
                self._parts = Parts.create(self._folder, CATALOG, Identity.of(embedder))
            else:
                self._catalog.identity.check(embedder)
                self._parts = open_for_writing(self._catalog)
            self._catalog = self._parts.catalog
        return self._parts


def _groups(articles: Iterable[Incoming]) -> Iterator[dict[str, Incoming]]:
    """Articles by id, LOOK_UP_ARTICLES at a time; of several with one id within a group the last counts."""
    group: dict[str, Incoming] = {}
    for incoming in articles:
        identifier = incoming.article.id
        earlier = group[identifier].origins if identifier in group else ()
        group[identifier] = Incoming(incoming.article, tuple(dict.fromkeys((*earlier, *incoming.origins))))
        if len(group) >= LOOK_UP_ARTICLES:
            yield group
            group = {}
    if group:
        yield group
