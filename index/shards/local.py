"""A shard in this process: an index folder behind the interface of a shard."""

from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from threading import RLock
from typing import TypeVar

from index.embed.local import Vectors
from index.errors import DamagedError, IndexStateError, UnfitError
from index.library import SEARCHES, Library
from index.lifecycle.add import Adding, AddReport, Models
from index.lifecycle.check import CheckReport
from index.lifecycle.commit import CATALOG, Parts, Prepared
from index.lifecycle.namesakes import Incoming
from index.lifecycle.rebuild import Rebuilt
from index.lifecycle.write_lock import one_writer, open_for_writing
from index.retrieve.pipeline import Current
from index.retrieve.search import OneIndex, current_chunks
from index.shards.shard import Added, Asked, Candidates, Counts, Made, Previewed
from index.store.bm25 import WordStatistics
from index.store.catalog import Catalog
from index.store.chroma_server import Server
from index.store.fingerprint import REBUILD, Identity
from index.store.records import Entry, IndexStatus, Scored, Selection, Stored

Found = TypeVar("Found")


class LocalShard:
    """A shard in a folder of this machine. May be used from several threads.

    An empty shard is a whole index without articles: what has no catalog is missing or damaged.

    Args:
        folder, models, waiting, server: as those of ``Library``.
    """

    def __init__(
        self, folder: Path, models: Models, waiting: Callable[[], None] | None = None, server: Server | None = None
    ) -> None:
        self.name = folder.name
        self.folder = folder
        self._models = models
        self._waiting = waiting
        self._server = server
        self._library = Library(folder, models, waiting, server, may_be_empty=True)
        self._lock = RLock()  # of the two sessions
        self._adding: tuple[Adding, ExitStack] | None = None
        self._taking: tuple[Parts, ExitStack] | None = None

    @classmethod
    def create(cls, folder: Path, identity: Identity, server: Server | None = None) -> None:
        """Make an empty index, where there is none."""
        with one_writer(folder):
            if Catalog.open(folder / CATALOG) is None:
                Parts.create(folder, CATALOG, identity, server).close()

    def made(self) -> Made:
        """What it was made with; reads the catalog alone."""
        catalog = self.catalog()
        return Made(catalog.identity, catalog.stamp.store)

    def statistics(self, question: str) -> WordStatistics:
        """What its words are worth, for those of a question."""
        return self._use(lambda parts: parts.lexical.statistics(question))

    def candidates(self, asked: Asked) -> Candidates:
        """The best rows for a question, with distances and BM25 scores."""

        def find(parts: Parts) -> Candidates:
            identity = parts.catalog.identity
            if identity.dimension != len(asked.vector):  # rebuilt meanwhile for another model
                raise UnfitError(f"it was made with {identity.embedder} ({identity.dimension} dimensions)", REBUILD)
            stored = (parts.catalog, parts.store, parts.lexical)
            finding = OneIndex(*stored, asked.text, asked.vector, asked.selection, asked.shared)
            return Candidates(finding.ranked(asked.limit), parts.number, finding.bounds)

        return self._use(find)

    def scores(self, asked: Asked, keys: Sequence[str]) -> dict[str, float]:
        """Row key → BM25 score by shared statistics, for the rows that are there."""
        shared = asked.shared or self.statistics(asked.text)
        return self._use(lambda parts: parts.lexical.scores(asked.text, keys, shared))

    def current(self, keys: Sequence[str], store: int) -> Current:
        """The chunks of rows that were found in a store, as far as they still count; outdated if that was replaced."""

        def read(parts: Parts) -> Current:
            current = current_chunks(parts.catalog, parts.store, keys)
            return replace(current, outdated=current.outdated or parts.catalog.stamp.store != store)

        current = self._use(read)
        if current.outdated:
            self._library.reading.refresh()
        return current

    def near(self, vectors: Vectors, limit: int) -> tuple[tuple[Scored, ...], ...]:
        """For each vector the rows nearest to it with their distances."""
        return self._use(lambda parts: tuple(parts.store.scored(vector, limit) for vector in vectors))

    def preview(self, articles: Sequence[Incoming]) -> tuple[Previewed, ...]:
        """What ``add`` would do with each article, in their order; writes nothing."""
        return tuple(Previewed(*found) for found in self._library.preview(articles))

    def add(self, articles: Sequence[Incoming]) -> Added:
        """Add articles, with the vectors that they bring or else embedded here; commits them before it returns."""
        with self._lock:
            if self._adding is None:
                self.catalog()  # an index that is missing is not made
                with ExitStack() as stack:
                    adding = stack.enter_context(self._library.adding())
                    self._adding = (adding, stack.pop_all())
            adding, _ = self._adding
            adding.seen = set()
            report: AddReport = adding.add(iter(articles), None, None)
            return Added(report, tuple(sorted(adding.seen)))

    def take(self, articles: Sequence[Stored]) -> int:
        """Copy articles of another index with their vectors and ids, those that are not there yet; their number."""
        with self._lock:
            if self._taking is None:
                self.catalog()
                with ExitStack() as stack:
                    stack.enter_context(one_writer(self.folder, self._waiting))
                    opened = open_for_writing(self.catalog(), self._server)
                    stack.callback(opened.close)
                    self._taking = (opened, stack.pop_all())
            parts, _ = self._taking
            known = parts.catalog.entries([stored.article.id for stored in articles])
            origins = parts.catalog.origins(list(known))
            moved = [one.article.id for one in articles if set(one.origins) != set(origins.get(one.article.id, ()))]
            digests = {name: entry.digest for name, entry in known.items() if name not in set(moved)}
            new = [stored for stored in articles if digests.get(stored.article.id) != stored.article.digest]
            if new:  # where files changed, those that are known are forgotten first
                parts.commit([Prepared.of(stored) for stored in new], [name for name in moved if name in known])
            return len(new)

    def finish(self) -> None:
        """Let other writers in."""
        with self._lock:
            for session in (self._adding, self._taking):
                if session:
                    session[1].close()
            self._adding = self._taking = None

    def list(self, selection: Selection | None = None) -> tuple[Entry, ...]:
        """The selected articles, oldest first."""
        return self.catalog().select(selection)

    def get(self, article_ids: Sequence[str]) -> tuple[Stored, ...]:
        """Articles with texts, vectors and origins, those that are there, in this order."""
        return tuple(self.catalog().stored(article_ids))

    def known(self, article_ids: Sequence[str]) -> tuple[str, ...]:
        """Which of the ids are there."""
        return tuple(self.catalog().entries(article_ids))

    def remove(self, article_ids: Sequence[str]) -> None:
        """Remove articles; those that are not there are gone already."""
        if there := self.known(article_ids):
            self._library.remove(there)

    def origins_below(self, folders: Sequence[str]) -> tuple[tuple[str, str], ...]:
        """(article id, file) for all that was read from folders."""
        return self.catalog().origins_below(folders)

    def forget(self, gone: Sequence[tuple[str, str]], *, dry_run: bool) -> tuple[str, ...]:
        """Note that articles are no longer in files; those that are in no other are removed, and their ids returned."""
        return self._library.forget(gone, dry_run=dry_run) if gone else ()

    def counts(self, selection: Selection) -> Counts:
        """How many articles and chunks are selected."""
        return Counts(*self.catalog().counts(selection))

    def sources(self) -> tuple[str, ...]:
        """The names of the sources."""
        return self.catalog().sources()

    def days(self) -> tuple[str, str]:
        """The first and the last day of publication, ISO 8601; empty where no article has one."""
        return self.catalog().days()

    def status(self) -> IndexStatus:
        """How it stands."""
        self.catalog()
        return self._library.status()

    def check(self) -> CheckReport:
        """Compare all that is stored; an interrupted commit is undone first."""
        self._refuse_missing()
        return self._library.check()

    def rebuild(self, progress: Callable[[Rebuilt], None] | None = None) -> Rebuilt:
        """Make it anew from its own articles, for the embedding model of the settings."""
        self._refuse_missing()
        return self._library.rebuild(progress)

    def close(self) -> None:
        """Give back what it holds; the next call opens it again."""
        self.finish()
        self._library.close()

    def catalog(self) -> Catalog:
        """The catalog, put together again where it was lost.

        Raises:
            IndexStateError: the folder is missing, or there is no index in it.
        """
        self._refuse_missing()
        return self._library.reading.catalog()

    def _refuse_missing(self) -> None:
        if not self.folder.is_dir():
            problem, remedy = f"the folder {self.folder} is missing", "bring it back, from a backup if need be"
            raise IndexStateError(problem, remedy)

    def _use(self, use: Callable[[Parts], Found]) -> Found:
        """Use the open parts; they are opened again where another process has rebuilt the shard meanwhile."""
        self._refuse_missing()
        reading = self._library.reading
        for _ in range(SEARCHES):
            parts = reading.parts()
            try:
                return use(parts)
            except DamagedError:
                reading.close(parts.store)
        return use(reading.parts())
