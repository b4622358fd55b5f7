"""Adds articles to shards: each goes to its own, and all are embedded by the same model or processes."""

from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Protocol

from index.embed.local import Embedder, Vectors
from index.embed.processes import EmbeddingProcesses
from index.lifecycle.add import BATCHES_A_JOB, LOOK_UP_ARTICLES, AddReport
from index.lifecycle.namesakes import Incoming
from index.lifecycle.rebuild import FLUSH_CHUNKS
from index.retrieve.pipeline import searchable_text
from index.shards.shard import Shard
from index.split.chunks import split_chunks

Pending = Callable[[], Vectors]  # gives vectors, when they are needed or ready


class Embedding(Protocol):
    """Embeds the texts of a commit, somewhere."""

    def embed(self, texts: Sequence[str]) -> Pending:
        """Begin to embed texts."""
        ...

    @property
    def ahead(self) -> int:
        """How many commits' texts may be on their way; 0 embeds one after the other."""
        ...

    def close(self) -> None:
        """Give up what was not fetched."""
        ...


class LocalEmbedding:
    """Embeds in this process, or in several beside it, which all shards share."""

    def __init__(self, embedder: Callable[[], Embedder], jobs: int = 1) -> None:
        self._embedder = embedder
        self._jobs = jobs
        self._processes: EmbeddingProcesses | None = None

    @property
    def ahead(self) -> int:
        return BATCHES_A_JOB * self._jobs if self._jobs > 1 else 0

    def embed(self, texts: Sequence[str]) -> Pending:
        """Texts' vectors; in this process they are made when they are asked for."""
        if self._jobs == 1:
            return lambda: self._embedder().embed_documents(texts)
        if self._processes is None:
            self._processes = EmbeddingProcesses(self._embedder(), self._jobs)
        processes = self._processes
        begun = processes.embed(texts)
        return lambda: processes.vectors(begun)

    def close(self) -> None:
        if self._processes:
            self._processes.close()


@dataclass(frozen=True, slots=True)
class _Batch:
    """Articles of one shard that are committed together.

    Attributes:
        sizes: for each article the number of its chunks that are embedded on the way; 0 for an unchanged one.
    """

    shard: Shard
    articles: tuple[Incoming, ...]
    sizes: tuple[int, ...]
    vectors: Pending | None = None


class ShardedAdding:
    """One writer at work on all shards.

    Articles are gathered for each shard, so that each commit of a shard is as large as that of an index: up to
    LOOK_UP_ARTICLES for each shard are in memory. A shard's articles are committed in the order in which they came.

    Args:
        place_of: the number of the shard for an article id.
        seen: is given (article id, origin) of all that is added, changed or not, as the index calls it.
    """

    def __init__(
        self,
        shards: Sequence[Shard],
        place_of: Callable[[str], int],
        embedding: Embedding,
        seen: set[tuple[str, str]] | None = None,
    ) -> None:
        self._shards = shards
        self._place_of = place_of
        self._embedding = embedding
        self._seen = seen

    def add(
        self,
        articles: Iterable[Incoming],
        progress: Callable[[AddReport], None] | None,
        stop: Callable[[], bool] | None,
    ) -> AddReport:
        """Add articles until there are no more, or until ``stop`` says so after a commit."""
        report = AddReport()
        for done in self._committed(articles):
            report = report.plus(done)
            if progress:
                progress(report)
            if stop and stop():
                break
        return report

    def _committed(self, articles: Iterable[Incoming]) -> Iterator[AddReport]:
        waiting: deque[_Batch] = deque()
        for shard, group in self._gathered(articles):
            for batch in self._batches(shard, group):
                waiting.append(batch)
                while len(waiting) > self._embedding.ahead:
                    yield self._commit(waiting.popleft())
        while waiting:
            yield self._commit(waiting.popleft())

    def _gathered(self, articles: Iterable[Incoming]) -> Iterator[tuple[Shard, Sequence[Incoming]]]:
        """Articles of one shard at a time, in the order in which they came."""
        groups: list[list[Incoming]] = [[] for _ in self._shards]
        for incoming in articles:
            place = self._place_of(incoming.article.id)
            groups[place].append(incoming)
            if len(groups[place]) == LOOK_UP_ARTICLES:
                yield self._shards[place], groups[place]
                groups[place] = []
        yield from ((shard, group) for shard, group in zip(self._shards, groups, strict=True) if group)

    def _batches(self, shard: Shard, group: Sequence[Incoming]) -> Iterator[_Batch]:
        """What is committed together, its texts on their way to be embedded.

        What is unchanged is only known for sure when it is committed; what the preview missed is embedded by the shard.
        """
        articles: list[Incoming] = []
        sizes: list[int] = []
        texts: list[str] = []
        for incoming, previewed in zip(group, shard.preview(group), strict=True):
            changes = previewed.change != "unchanged" and incoming.vectors is None
            own = [searchable_text(chunk) for chunk in split_chunks(incoming.article)] if changes else []
            articles.append(incoming)
            sizes.append(len(own))
            texts += own
            if len(texts) >= FLUSH_CHUNKS:
                yield _Batch(shard, tuple(articles), tuple(sizes), self._embedding.embed(tuple(texts)))
                articles, sizes, texts = [], [], []
        if articles:
            begun = self._embedding.embed(tuple(texts)) if texts else None
            yield _Batch(shard, tuple(articles), tuple(sizes), begun)

    def _commit(self, batch: _Batch) -> AddReport:
        added = batch.shard.add(_with_vectors(batch))
        if self._seen is not None:
            self._seen.update(added.seen)
        return added.report


def _with_vectors(batch: _Batch) -> tuple[Incoming, ...]:
    if batch.vectors is None:
        return batch.articles
    vectors, first, embedded = batch.vectors(), 0, []
    for incoming, size in zip(batch.articles, batch.sizes, strict=True):
        embedded.append(replace(incoming, vectors=vectors[first : first + size]) if size else incoming)
        first += size
    return tuple(embedded)
