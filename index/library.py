"""The index as its users see it: add articles, search them, ask how it stands."""

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from filelock import FileLock, Timeout

from index.articles import Article, Chunk, Window
from index.chunks import split_chunks
from index.embedding import Embedder
from index.errors import IndexStateError, InputError
from index.lexical import LexicalIndex
from index.rerank import Reranker
from index.search import Searcher, SearchResult, searchable_text
from index.store import Store

LOOK_UP_ARTICLES = 200  # articles whose digests are looked up at once
LOCK_FILE = "writer.lock"
LOCK_SECONDS = 600  # how long a second writer waits for the first
FLUSH_CHUNKS = 256  # chunks that are embedded and committed at once: a crash loses at most these


class Models(Protocol):
    """Gives the models when they are needed, so that unneeded ones are never fetched or loaded."""

    def embedder(self) -> Embedder: ...

    def reranker(self) -> Reranker | None: ...


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

    def plus(self, added: int = 0, changed: int = 0, unchanged: int = 0, chunks: int = 0) -> "AddReport":
        return AddReport(self.added + added, self.changed + changed, self.unchanged + unchanged, self.chunks + chunks)


@dataclass(frozen=True, slots=True)
class IndexStatus:
    """How an index stands; ``disk_bytes`` counts all its files."""

    folder: Path
    articles: int
    chunks: int
    embedder: str
    disk_bytes: int


class Library:
    """An index folder and the models that read and write it.

    Args:
        folder: made at the first ``add``; reading never creates anything.
        models: the embedder and the reranker.
    """

    def __init__(self, folder: Path, models: Models) -> None:
        self.folder = folder
        self._models = models
        self._searcher: Searcher | None = None

    def add(self, articles: Iterable[Article], progress: Callable[[AddReport], None] | None = None) -> AddReport:
        """Add articles; unchanged ones are skipped, changed ones replaced.

        Whole articles are committed in batches, so that an interrupted call can simply be made again.

        Args:
            progress: called after each batch with the totals so far.

        Raises:
            InputError: an article without text.
            IndexStateError: the index was made with other models, or cannot be written.
        """
        report = AddReport()
        with _one_writer(self.folder):
            store = self._writable_store()
            lexical = LexicalIndex(self.folder / "words")
            _heal(store, lexical)
            for batch in self._changes(store, articles):
                if batch.chunks:
                    self._commit(store, lexical, batch)
                report = report.plus(batch.added, batch.changed, batch.unchanged, len(batch.chunks))
                if progress:
                    progress(report)
        self._searcher = None
        return report

    def search(self, question: str, *, k: int, candidates: int, window: Window | None = None) -> SearchResult:
        """The ``k`` best chunks for a question.

        Raises:
            IndexStateError: there is no index, or it was made with another embedding model.
        """
        return self.searcher().search(question, k=k, candidates=candidates, window=window or Window())

    def searcher(self) -> Searcher:
        """The search pipeline, opened once.

        Raises:
            IndexStateError: there is no index or nothing in it.
        """
        if self._searcher is None:
            store = self._readable_store()
            embedder = self._models.embedder()
            store.check_embedder(embedder)
            lexical = LexicalIndex(self.folder / "words")
            lock = FileLock(self.folder / LOCK_FILE, blocking=False)
            with suppress(Timeout), lock:  # held by a writer: it heals, and what it commits is seen at the next opening
                _heal(store, lexical)
            self._searcher = Searcher(store, lexical, embedder, self._models.reranker())
        return self._searcher

    def status(self) -> IndexStatus:
        """How the index stands.

        Raises:
            IndexStateError: there is no index.
        """
        store = self._readable_store()
        size = sum(path.stat().st_size for path in self.folder.rglob("*") if path.is_file())
        return IndexStatus(self.folder, store.article_count(), store.count(), store.embedder_name, size)

    def _readable_store(self) -> Store:
        store = Store.open(self.folder)
        if store is None or store.count() == 0:
            raise IndexStateError(
                f"there are no articles in the index {self.folder}", "add some first: assistant index add PATH…"
            )
        return store

    def _writable_store(self) -> Store:
        store = Store.open(self.folder)
        if store is None:
            return Store.create(self.folder, self._models.embedder())
        store.check_embedder(self._models.embedder())
        return store

    def _changes(self, store: Store, articles: Iterable[Article]) -> Iterator["_Batch"]:
        for group in _groups(articles, LOOK_UP_ARTICLES):
            stored = store.digests(list(group))
            batch = _Batch()
            for article in group.values():
                batch.take(article, stored.get(article.id))
                if len(batch.chunks) >= FLUSH_CHUNKS:
                    yield batch
                    batch = _Batch()
            yield batch

    def _commit(self, store: Store, lexical: LexicalIndex, batch: "_Batch") -> None:
        vectors = self._models.embedder().embed_documents([searchable_text(chunk) for chunk in batch.chunks])
        lexical.mark_stale()
        # Surplus chunks go first: chunk 0 then still has the old digest, so that adding again mends a crash here.
        for article_id, kept in batch.changed_articles.items():
            store.truncate(article_id, kept)
        store.put(batch.chunks, vectors, batch.digests)
        lexical.replace(batch.chunks, batch.digests)


class _Batch:
    """Articles that are committed together."""

    def __init__(self) -> None:
        self.chunks: list[Chunk] = []
        self.digests: dict[str, str] = {}
        self.changed_articles: dict[str, int] = {}  # id → number of chunks that it has now
        self.added = self.unchanged = 0

    @property
    def changed(self) -> int:
        return len(self.changed_articles)

    def take(self, article: Article, stored_digest: str | None) -> None:
        digest = article.digest
        if digest == stored_digest:
            self.unchanged += 1
            return
        chunks = split_chunks(article)
        if not chunks:
            raise InputError(f"article {article.id} has no text", "leave it out, or give it a text")
        self.chunks.extend(chunks)
        self.digests[article.id] = digest
        if stored_digest is None:
            self.added += 1
        else:
            self.changed_articles[article.id] = len(chunks)


@contextmanager
def _one_writer(folder: Path) -> Iterator[None]:
    """Hold the index for writing; one process at a time.

    Raises:
        IndexStateError: the folder cannot be written, or another process writes for longer than LOCK_SECONDS.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with FileLock(folder / LOCK_FILE, timeout=LOCK_SECONDS):
            yield
    except Timeout as error:
        raise IndexStateError(
            f"another process is writing to the index {folder}", "wait until it is done, then try again"
        ) from error
    except PermissionError as error:
        raise IndexStateError(f"cannot write to {folder}: {error.strerror}", "choose another --index folder") from error


def _heal(store: Store, lexical: LexicalIndex) -> None:
    """Build the word index anew when a crash left it behind the store."""
    if lexical.stale or lexical.count() != store.count():
        lexical.rebuild(store.all_chunks())


def _groups(articles: Iterable[Article], size: int) -> Iterator[dict[str, Article]]:
    """Articles by id, ``size`` at a time; of several with one id within a group the last counts."""
    group: dict[str, Article] = {}
    for article in articles:
        group[article.id] = article
        if len(group) >= size:
            yield group
            group = {}
    if group:
        yield group
