"""What callers may ask of an index, divided into shards or not."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Protocol, runtime_checkable

from index.articles import Article, Chunk
from index.hits import SearchResult
from index.lifecycle.add import AddReport
from index.lifecycle.article_source import ArticleSource
from index.lifecycle.check import CheckReport
from index.lifecycle.namesakes import Incoming
from index.lifecycle.rebuild import Rebuilt
from index.retrieve.near_duplicates import Link
from index.retrieve.reader import Reader
from index.store.records import Entry, IndexStatus, Selection, Stored


class Known(Protocol):
    """What there is to select from."""

    def counts(self, selection: Selection | None = None) -> tuple[int, int]:
        """Number of articles and of chunks; of the selected ones, if some are."""
        ...

    def sources(self, called: Sequence[str] = ()) -> tuple[str, ...]:
        """The names of all sources; or of those called so but for capitals, as given where there are none."""
        ...

    def days(self) -> tuple[str, str]:
        """The first and the last day of publication, ISO 8601; empty when no article has one."""
        ...


@runtime_checkable
class AnyLibrary(Protocol):
    """The interface of ``index.library.Library``, where each method is described."""

    @property
    def folder(self) -> Path: ...

    def add(
        self,
        articles: Iterable[Article | Incoming],
        progress: Callable[[AddReport], None] | None = None,
        *,
        stop: Callable[[], bool] | None = None,
        jobs: int = 1,
        source: ArticleSource | None = None,
        prune: bool = False,
    ) -> AddReport: ...

    def preview(
        self, articles: Iterable[Article | Incoming], seen: set[tuple[str, str]] | None = None
    ) -> Iterator[tuple[str, Article]]: ...

    def remove(self, article_ids: Sequence[str]) -> None: ...

    def prune(self, source: ArticleSource, *, dry_run: bool = False) -> tuple[str, ...]: ...

    def search(self, question: str, *, k: int, candidates: int, selection: Selection | None = None) -> SearchResult: ...

    def reader(self) -> Reader | None: ...

    def chunks(self, keys: Sequence[str]) -> tuple[Chunk, ...]: ...

    def list(self, selection: Selection | None = None) -> tuple[Entry, ...]: ...

    def known(self) -> Known: ...

    def get(self, article_ids: Sequence[str] | None = None) -> Iterator[Stored]: ...

    def stored(self, article_ids: Sequence[str]) -> Iterator[Stored]: ...

    def copies(self, article_id: str) -> tuple[Link, ...]: ...

    def check(self) -> CheckReport: ...

    def rebuild(self, progress: Callable[[Rebuilt], None] | None = None) -> Rebuilt: ...

    def status(self) -> IndexStatus: ...

    def close(self) -> None: ...
