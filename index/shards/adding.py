"""Adds articles to shards: each goes to its own, and all are embedded by the same model or processes."""

from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, replace
from typing import Protocol

from index.embed.local import Embedder, Vectors
from index.embed.processes import EmbeddingProcesses
from index.lifecycle.add import BATCHES_A_JOB, LOOK_UP_ARTICLES, AddReport
from index.lifecycle.namesakes import Incoming
from index.lifecycle.rebuild import FLUSH_CHUNKS
from index.retrieve.pipeline import searchable_text
from index.shards.shard import Added, Shard
from index.split.chunks import split_chunks

BATCHES_A_SHARD = 2  # as many as about come of one shard in a row
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


class _Commits:
    """Commits to several shards at once, and to each in the order in which its batches came.

    A shard has a thread of its own, as the lock of a writer belongs to a thread, and commits one batch at a time.

    Args:
        most: how many commits may have begun or wait for their turn.
    """

    def __init__(self, most: int) -> None:
        self._most = most
        self._threads: dict[str, tuple[Shard, ThreadPoolExecutor]] = {}
        self._begun: deque[Future[Added]] = deque()

    def begin(self, shard: Shard, articles: Sequence[Incoming]) -> Iterator[Added]:
        """Begin a commit once there is room for it; what has been done by then comes first."""
        while len(self._begun) >= self._most:
            yield self._begun.popleft().result()
        if shard.name not in self._threads:
            self._threads[shard.name] = shard, ThreadPoolExecutor(1, f"writing {shard.name}")
        _, thread = self._threads[shard.name]
        self._begun.append(thread.submit(shard.add, articles))

    def rest(self) -> Iterator[Added]:
        """What was begun, in this order."""
        while self._begun:
            yield self._begun.popleft().result()

    def close(self) -> None:
        """Give up what waits for its turn, wait for what is being committed, and let other writers in."""
        for commit in self._begun:
            commit.cancel()
        finished = [thread.submit(shard.finish) for shard, thread in self._threads.values()]
        for _, thread in self._threads.values():
            thread.shutdown()
        for future in finished:
            future.result()


class ShardedAdding:
    """One writer at work on all shards.

    Articles are gathered for each shard, so that each commit of a shard is as large as that of an index: up to
    LOOK_UP_ARTICLES for each shard are in memory. A shard's articles are committed in the order in which they came,
    while other shards commit theirs.

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
        report, commits = AddReport(), _Commits(BATCHES_A_SHARD * len(self._shards))
        try:
            for added in self._committed(articles, commits, stop):
                if self._seen is not None:
                    self._seen.update(added.seen)
                report = report.plus(added.report)
                if progress:
                    progress(report)
        finally:
            commits.close()
        return report

    def _committed(
        self, articles: Iterable[Incoming], commits: _Commits, stop: Callable[[], bool] | None
    ) -> Iterator[Added]:
        """What every commit did; nothing more is begun once ``stop`` says so."""
        for batch in self._embedded(articles):
            yield from commits.begin(batch.shard, _with_vectors(batch))
            if stop and stop():
                break
        yield from commits.rest()

    def _embedded(self, articles: Iterable[Incoming]) -> Iterator[_Batch]:
        """Batches, with so many behind them on their way to be embedded."""
        waiting: deque[_Batch] = deque()
        for shard, group in self._gathered(articles):
            for batch in self._batches(shard, group):
                waiting.append(batch)
                while len(waiting) > self._embedding.ahead:
                    yield waiting.popleft()
        yield from waiting

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


def _with_vectors(batch: _Batch) -> tuple[Incoming, ...]:
    if batch.vectors is None:
        return batch.articles
    vectors, first, embedded = batch.vectors(), 0, []
    for incoming, size in zip(batch.articles, batch.sizes, strict=True):
        embedded.append(replace(incoming, vectors=vectors[first : first + size]) if size else incoming)
        first += size
    return tuple(embedded)
