"""The class ``Library``: add articles to an index, search them, and report the state of the index."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from index.articles import Article, Chunk
from index.embed.local import Vectors
from index.errors import DamagedError, InputError
from index.hits import SearchResult
from index.lifecycle.add import LOOK_UP_ARTICLES, Adding, AddReport, Models, batched
from index.lifecycle.article_source import ArticleSource, refuse_pruning
from index.lifecycle.check import CheckReport, check_parts
from index.lifecycle.commit import CATALOG
from index.lifecycle.namesakes import Incoming, as_incoming, told_apart
from index.lifecycle.open_for_reading import Reader
from index.lifecycle.rebuild import Rebuilt, rebuild
from index.lifecycle.write_lock import one_writer, open_for_writing, refuse_divided
from index.retrieve.copies import copies_of
from index.retrieve.near_duplicates import Link
from index.retrieve.reader import Reader as TextReader
from index.retrieve.search import Searcher
from index.store.catalog import Catalog
from index.store.chroma_server import Server
from index.store.records import Entry, IndexStatus, Selection, Stored

SEARCHES = 5  # times that a search is made again because another process was changing what it found


class Library:
    """An index folder and the models that read and write it. May be used from several threads and processes.

    Attributes:
        reading: the parts of the index, opened for reading.

    Args:
        folder: made at the first ``add``; reading never creates anything.
        models: the embedder and the reranker.
        waiting: called when another process writes and this one has to wait.
        server: holds the vectors; None keeps them in the folder, where everything else is.
        may_be_empty: whether an index without articles can be read, instead of saying that there are none.
    """

    def __init__(
        self,
        folder: Path,
        models: Models,
        waiting: Callable[[], None] | None = None,
        server: Server | None = None,
        *,
        may_be_empty: bool = False,
    ) -> None:
        self.folder = folder
        self._models = models
        self._waiting = waiting
        self._server = server
        self.reading = Reader(folder, waiting, server, may_be_empty=may_be_empty)
        self._searcher: Searcher | None = None

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
        """Add articles; unchanged ones are skipped, changed ones replaced.

        Whole articles are committed in batches, so that an interrupted call can simply be made again.

        Args:
            articles: ``Incoming`` says which files an article comes from, within which its id counts.
            progress: called after each batch with the totals so far.
            stop: asked after each batch; True ends the call.
            jobs: processes that embed; 1 embeds in this one.
            source: where the articles are read.
            prune: also remove what was once read from its folders and is there no more; not after ``stop``.

        Raises:
            InputError: an article without text.
            UsageError: there is no folder to prune.
            IndexStateError: the index was made with other models, or cannot be written.
        """
        refuse_pruning(source, prune=prune)
        with self.adding(jobs, source.seen if source else None) as adding:
            report = adding.add(as_incoming(articles), progress, stop)
        stopped = stop is not None and stop()
        return replace(report, removed=self.prune(source)) if source and prune and not stopped else report

    @contextmanager
    def adding(self, jobs: int = 1, seen: set[tuple[str, str]] | None = None) -> Iterator[Adding]:
        """Hold the index for adding several times; raises as ``add``."""
        with self._writing():
            adding = Adding(self.folder, self._models, self._server, jobs, seen)
            try:
                yield adding
            finally:
                adding.close()

    def preview(
        self, articles: Iterable[Article | Incoming], seen: set[tuple[str, str]] | None = None
    ) -> Iterator[tuple[str, Article]]:
        """What ``add`` would do with each article: “added”, “changed” or “unchanged”. Nothing is written."""
        catalog = Catalog.open(self.folder / CATALOG)
        for group in batched(as_incoming(articles), LOOK_UP_ARTICLES):
            for incoming in told_apart(group, catalog):
                article = incoming.article
                if seen is not None:
                    seen.update((article.id, place) for place in incoming.origins)
                stored = catalog.entries([article.id]).get(article.id) if catalog else None
                same = stored is not None and stored.digest == article.digest
                yield "unchanged" if same else "changed" if stored else "added", article

    def remove(self, article_ids: Sequence[str]) -> None:
        """Remove articles.

        Raises:
            InputError: one of them is not there; then none is removed.
        """
        self.reading.catalog()
        with self._writing():
            wanted = list(dict.fromkeys(article_ids))
            self._known(wanted)
            self._remove(wanted)

    def prune(self, source: ArticleSource, *, dry_run: bool = False) -> tuple[str, ...]:
        """Remove the articles that were once read from a source's folders and are there no more.

        Args:
            source: it was added just now; what came from a file of it that could not be read stays.
            dry_run: only tell which articles those are.

        Returns:
            Their ids; without those that were also read from elsewhere.

        Raises:
            UsageError: the source has no folders.
        """
        folders, catalog = source.folders(), self.reading.catalog()
        with self._writing():
            return self._forget(catalog, source.gone(catalog.origins_below(folders)), dry_run=dry_run)

    def forget(self, gone: Sequence[tuple[str, str]], *, dry_run: bool = False) -> tuple[str, ...]:
        """Note that articles are no longer in files, given as (article id, file); as ``prune``."""
        catalog = self.reading.catalog()
        with self._writing():
            return self._forget(catalog, gone, dry_run=dry_run)

    def search(self, question: str, *, k: int, candidates: int, selection: Selection | None = None) -> SearchResult:
        """The ``k`` best chunks for a question, of the articles that are there now.

        Args:
            selection: which articles are searched; None takes all.

        Raises:
            IndexStateError: there is no index, or it was made with another embedding model.
        """
        selection = selection or Selection()
        for _ in range(SEARCHES):
            searcher = self.searcher()
            try:
                found = searcher.search(question, k=k, candidates=candidates, selection=selection)
                if not found.outdated and self.reading.holds(searcher.store):
                    return found
                self.reading.refresh()
            except DamagedError:  # another process has rebuilt the index meanwhile, or it is damaged: open it again
                self.reading.close(searcher.store)
        return self.searcher().search(question, k=k, candidates=candidates, selection=selection)

    def reader(self) -> TextReader | None:
        """The model that reads what is found, if there is one; raises as ``searcher``."""
        return self.searcher().reader

    def chunks(self, keys: Sequence[str]) -> tuple[Chunk, ...]:
        """The chunks of rows that ``list`` tells, for those that are still there; raises as ``searcher``."""
        return tuple(self.searcher().store.get(keys).values())

    def searcher(self) -> Searcher:
        """The search pipeline over the present state, mended first where it is damaged.

        Raises:
            IndexStateError: there is no index or nothing in it.
        """
        parts = self.reading.parts()
        searcher = self._searcher
        if searcher is None or searcher.store is not parts.store:
            embedder = self._models.embedder()
            parts.catalog.identity.check(embedder)
            models = self._models
            searcher = Searcher(parts.catalog, parts.store, parts.lexical, embedder, models.reranker(), models.reader())
            self._searcher = searcher
        return searcher

    def list(self, selection: Selection | None = None) -> tuple[Entry, ...]:
        """The selected articles, oldest first; raises ``IndexStateError`` without an index."""
        return self.reading.catalog().select(selection)

    def known(self) -> Catalog:
        """What there is to select from: sources, days and counts; raises ``IndexStateError`` without an index."""
        return self.reading.catalog()

    def get(self, article_ids: Sequence[str] | None = None) -> Iterator[Stored]:
        """Articles with their texts, vectors and origins; all of them when no ids are given.

        Raises:
            InputError: one of them is not there.
            IndexStateError: there is no index.
        """
        catalog = self.reading.catalog()
        if article_ids is not None:
            self._known(article_ids)
        return catalog.stored(article_ids)

    def stored(self, article_ids: Sequence[str]) -> Iterator[Stored]:
        """Those of the articles that are there; raises ``IndexStateError`` without an index."""
        return self.reading.catalog().stored(article_ids)

    def copies(self, article_id: str) -> tuple[Link, ...]:
        """The articles that repeat an article or are repeated by it, found by the vectors nearest to its own.

        Raises:
            InputError: there is no such article.
        """
        (stored,) = self.get([article_id])
        parts = self.reading.parts()

        def near(vectors: Vectors, limit: int) -> list[tuple[str, ...]]:
            return [parts.store.nearest(vector, limit) for vector in vectors]

        return copies_of(stored, near, parts.catalog.stored, parts.store.count())

    def check(self) -> CheckReport:
        """Compare everything that is stored with everything else; an interrupted commit is undone first.

        Raises:
            IndexStateError: there is no index.
        """
        self.reading.catalog()
        with self._writing():
            return check_parts(self.folder, self._server)

    def rebuild(self, progress: Callable[[Rebuilt], None] | None = None) -> Rebuilt:
        """Make the index anew from its own articles, for the embedding model of the settings.

        Vectors are kept where they still fit. An interrupted call goes on where it stopped when it is made again.

        Raises:
            IndexStateError: there is none, or it cannot be written.
        """
        if not self.folder.is_dir():
            self.reading.catalog()  # tells that there is nothing
        with self._writing():
            return rebuild(self.folder, self._models.embedder(), progress, self._server)

    def status(self) -> IndexStatus:
        """How the index stands; raises ``IndexStateError`` without one."""
        catalog = self.reading.catalog()
        size = sum(path.stat().st_size for path in self.folder.rglob("*") if path.is_file())
        pending = sum(rows.chunks for rows in catalog.pending())
        articles, chunks = catalog.counts()
        return IndexStatus(self.folder, articles, chunks, catalog.identity.embedder, size, pending)

    def close(self) -> None:
        """Give back what searching holds; the next search opens it again."""
        self._searcher = None
        self.reading.close()

    @contextmanager
    def _writing(self) -> Iterator[None]:
        with one_writer(self.folder, self._waiting):
            refuse_divided(self.folder)
            yield

    def _forget(self, catalog: Catalog, gone: Sequence[tuple[str, str]], *, dry_run: bool) -> tuple[str, ...]:
        orphans = catalog.orphans(gone)
        if not dry_run:
            self._remove(orphans)
            catalog.drop_origins(gone)
        return orphans

    def _remove(self, article_ids: Sequence[str]) -> None:
        catalog = Catalog.open(self.folder / CATALOG)
        if not article_ids or catalog is None:
            return
        parts = open_for_writing(catalog, self._server)
        try:
            for first in range(0, len(article_ids), LOOK_UP_ARTICLES):
                parts.commit((), article_ids[first : first + LOOK_UP_ARTICLES])
        finally:
            parts.close()

    def _known(self, article_ids: Sequence[str]) -> None:
        unknown = sorted(set(article_ids) - self.reading.catalog().entries(list(article_ids)).keys())
        if unknown:
            problem = f"no article of the index has the id {', '.join(unknown)}"
            raise InputError(problem, "Library.list() shows the ids")
