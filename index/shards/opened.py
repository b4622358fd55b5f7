"""Opens an index, divided into shards or not, and follows when it is divided anew."""

from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from pathlib import Path
from threading import RLock
from typing import TypeVar

from index.articles import Article, Chunk
from index.errors import DividedError, IndexStateError
from index.hits import SearchResult
from index.library import Library
from index.lifecycle.add import AddReport, Models
from index.lifecycle.article_source import ArticleSource
from index.lifecycle.check import CheckReport
from index.lifecycle.namesakes import Incoming
from index.lifecycle.rebuild import Rebuilt
from index.retrieve.near_duplicates import Link
from index.retrieve.reader import Reader
from index.shards.adding import Embedding, LocalEmbedding
from index.shards.create import create_shards
from index.shards.interface import AnyLibrary, Known
from index.shards.local import LocalShard
from index.shards.manifest import Manifest, read_manifest
from index.shards.reading import PAGE, Machines, ShardLimits
from index.shards.reshard import Resharded, Resharding
from index.shards.shard import Shard
from index.shards.sharded import ShardedLibrary
from index.store.chroma_server import Server
from index.store.records import Entry, IndexStatus, Selection, Stored

TRIES = 3  # an index is hardly divided three times while it is read once
Result = TypeVar("Result")


class ThisProcess:
    """All shards in this process, of folders of this machine."""

    def __init__(self, models: Models, waiting: Callable[[], None] | None = None, server: Server | None = None) -> None:
        self._models = models
        self._waiting = waiting
        self._server = server

    def shard(self, folder: Path) -> Shard:
        """What stands for the shard in a folder."""
        return LocalShard(folder, self._models, self._waiting, self._server)

    def embedding(self, jobs: int) -> Embedding:
        """Embeds in this process, or in so many beside it."""
        return LocalEmbedding(self._models.embedder, jobs)

    def end_unused(self, folder: Path, used: Collection[str]) -> None:
        """Nothing outlives this process."""


class OpenLibrary:
    """An index in a folder, whatever it is divided into at the moment. May be used from several threads.

    Methods are those of ``Library``. Another process may divide the index anew meanwhile: what fails by that is done
    again with the new shards.

    Args:
        folder, models, waiting, server: as those of ``Library``.
        machines: those of a cluster; None has all shards in this process.
    """

    def __init__(
        self,
        folder: Path,
        models: Models,
        waiting: Callable[[], None] | None = None,
        server: Server | None = None,
        limits: ShardLimits | None = None,
        machines: Machines | None = None,
    ) -> None:
        self.folder = folder
        self._models = models
        self._waiting = waiting
        self._server = server
        self._limits = limits
        self._machines = machines or ThisProcess(models, waiting, server)
        self._lock = RLock()
        self._library: AnyLibrary | None = None
        self._manifest: Manifest | None = None

    def library(self) -> AnyLibrary:
        """The library as the index is divided now; the same object until it is divided anew.

        Raises:
            IndexStateError: what says how it is divided cannot be read.
        """
        with self._lock:
            manifest = read_manifest(self.folder)
            if self._library is None or manifest != self._manifest:
                if self._library is not None:
                    self._library.close()
                self._library, self._manifest = self._opened(manifest), manifest
            return self._library

    def add(
        self,
        articles: Iterable[Article | Incoming],
        progress: Callable[[AddReport], None] | None = None,
        *,
        stop: Callable[[], bool] | None = None,
        jobs: int = 1,
        source: ArticleSource | None = None,
        prune: bool = False,
    ) -> AddReport:
        """Add articles; unchanged ones are skipped, changed ones replaced."""
        return self._use(lambda it: it.add(articles, progress, stop=stop, jobs=jobs, source=source, prune=prune))

    def preview(
        self, articles: Iterable[Article | Incoming], seen: set[tuple[str, str]] | None = None
    ) -> Iterator[tuple[str, Article]]:
        """What ``add`` would do with each article."""
        return self.library().preview(articles, seen)

    def remove(self, article_ids: Sequence[str]) -> None:
        """Remove articles."""
        self._use(lambda it: it.remove(article_ids))

    def prune(self, source: ArticleSource, *, dry_run: bool = False) -> tuple[str, ...]:
        """Remove the articles that were once read from a source's folders and are there no more."""
        return self._use(lambda it: it.prune(source, dry_run=dry_run))

    def search(self, question: str, *, k: int, candidates: int, selection: Selection | None = None) -> SearchResult:
        """The ``k`` best chunks for a question."""

        def find(it: AnyLibrary) -> SearchResult:
            found = it.search(question, k=k, candidates=candidates, selection=selection)
            if found.shards.missing and self.library() is not it:
                raise DividedError(f"the index {self.folder} was divided into other shards", "ask again")
            return found

        return self._use(find)

    def reader(self) -> Reader | None:
        """The model that reads what is found, if there is one."""
        return self._use(lambda it: it.reader())

    def chunks(self, keys: Sequence[str]) -> tuple[Chunk, ...]:
        """The chunks of rows that ``list`` tells, for those that are still there."""
        return self._use(lambda it: it.chunks(keys))

    def list(self, selection: Selection | None = None) -> tuple[Entry, ...]:
        """The selected articles, oldest first."""
        return self._use(lambda it: it.list(selection))

    def known(self) -> Known:
        """What there is to select from: sources, days and counts."""
        return self._use(lambda it: it.known())

    def get(self, article_ids: Sequence[str] | None = None) -> Iterator[Stored]:
        """Articles with their texts, vectors and origins; all of them when no ids are given."""
        if article_ids is None:
            wanted: Sequence[str] = [entry.info.id for entry in self.list()]
        else:
            self._use(lambda it: it.get(article_ids))  # refuses what is not there
            wanted = article_ids
        return self._pages(wanted)

    def stored(self, article_ids: Sequence[str]) -> Iterator[Stored]:
        """Those of the articles that are there."""
        return self._pages(article_ids)

    def copies(self, article_id: str) -> tuple[Link, ...]:
        """The articles that repeat an article or are repeated by it."""
        return self._use(lambda it: it.copies(article_id))

    def check(self) -> CheckReport:
        """Compare everything that is stored with everything else."""
        return self._use(lambda it: it.check())

    def rebuild(self, progress: Callable[[Rebuilt], None] | None = None) -> Rebuilt:
        """Make the index anew from its own articles."""
        return self._use(lambda it: it.rebuild(progress))

    def status(self) -> IndexStatus:
        """How the index stands."""
        return self._use(lambda it: it.status())

    def create(self, number: int) -> None:
        """Make an empty index of so many shards, where there is none.

        Raises:
            IndexStateError: there is one.
        """
        create_shards(self.folder, number, self._models.embedder(), self._waiting, self._server)

    def reshard(self, number: int, progress: Callable[[Resharded], None] | None = None) -> Resharded:
        """Divide the index into so many shards, while others read it; an interrupted call goes on when made again.

        Raises:
            IndexStateError: there is no index, a shard is missing or damaged, or the folder cannot be written.
        """
        end_unused = self._machines.end_unused
        return Resharding(self.folder, self._models, end_unused, self._waiting, self._server).run(number, progress)

    def close(self) -> None:
        """Give back what is held; the next use opens it again."""
        with self._lock:
            if self._library is not None:
                self._library.close()

    def _opened(self, manifest: Manifest | None) -> AnyLibrary:
        if manifest is None:
            return Library(self.folder, self._models, self._waiting, self._server)
        return ShardedLibrary(
            self.folder, manifest, self._models, self._machines, self._waiting, self._limits, self._server
        )

    def _use(self, use: Callable[[AnyLibrary], Result]) -> Result:
        for _ in range(TRIES):
            library = self.library()
            try:
                return use(library)
            except IndexStateError:
                if self.library() is library:
                    raise
        return use(self.library())

    def _pages(self, article_ids: Sequence[str]) -> Iterator[Stored]:
        for first in range(0, len(article_ids), PAGE):
            page = article_ids[first : first + PAGE]
            yield from self._use(lambda it, page=page: tuple(it.stored(page)))  # type: ignore[misc]
