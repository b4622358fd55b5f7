"""What one shard does for the whole: an interface of plain values, so that a shard may live in another process.

Everything that goes in and comes out can be pickled, but for the functions that are told of progress. Each call stands
by itself: it may be made again, and by another caller, after one that failed.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from index.articles import Article
from index.embed.local import Vectors
from index.lifecycle.add import AddReport
from index.lifecycle.check import CheckReport
from index.lifecycle.namesakes import Incoming
from index.lifecycle.rebuild import Rebuilt
from index.retrieve.pipeline import Current, Ranked
from index.store.bm25 import Bounds, WordStatistics
from index.store.fingerprint import Identity
from index.store.records import Entry, IndexStatus, Scored, Selection, Stored


@dataclass(frozen=True, slots=True)
class Made:
    """What a shard was made with.

    Attributes:
        store: numbers the rebuildings of the shard.
    """

    identity: Identity
    store: int


@dataclass(frozen=True, slots=True)
class Asked:
    """An embedded question.

    Attributes:
        vector: of shape (dimension,).
        limit: how many rows each of the two searches gives.
        shared: the word statistics of all shards that are asked, by which words are ranked.
    """

    text: str
    vector: Vectors = field(repr=False)
    limit: int
    selection: Selection = field(default_factory=Selection)
    shared: WordStatistics | None = None


@dataclass(frozen=True, slots=True)
class Candidates:
    """What a shard finds, and in which store of it.

    Attributes:
        ranked: all rows that can be among the best; the scores of words are within ``bounds`` of those by shared
            statistics.
    """

    ranked: Ranked = field(default_factory=Ranked)
    store: int = 0
    bounds: Bounds = field(default_factory=Bounds)


@dataclass(frozen=True, slots=True)
class Previewed:
    """What adding an article would do: “added”, “changed” or “unchanged”; the article has the id that it would get."""

    change: str
    article: Article


@dataclass(frozen=True, slots=True)
class Added:
    """What adding did.

    Attributes:
        seen: (article id, file) of all that was added, changed or not, as the index calls it.
    """

    report: AddReport = field(default_factory=AddReport)
    seen: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Counts:
    """What a shard has of a selection of articles."""

    articles: int = 0
    chunks: int = 0


class Shard(Protocol):
    """One shard; any method may raise ``AssistantError``, which then names the shard's folder."""

    @property
    def name(self) -> str:
        """The name of its folder."""
        ...

    def made(self) -> Made:
        """What it was made with; reads the catalog alone."""
        ...

    def statistics(self, question: str) -> WordStatistics:
        """What its words are worth, for those of a question."""
        ...

    def candidates(self, asked: Asked) -> Candidates:
        """The best rows for a question, with distances and BM25 scores."""
        ...

    def scores(self, asked: Asked, keys: Sequence[str]) -> dict[str, float]:
        """Row key → BM25 score by shared statistics, for the rows that are there."""
        ...

    def current(self, keys: Sequence[str], store: int) -> Current:
        """The chunks of rows that were found in a store, as far as they still count; outdated if that was replaced."""
        ...

    def near(self, vectors: Vectors, limit: int) -> tuple[tuple[Scored, ...], ...]:
        """For each vector, of shape (number, dimension), the rows nearest to it with their distances."""
        ...

    def preview(self, articles: Sequence[Incoming]) -> tuple[Previewed, ...]:
        """What ``add`` would do with each article, in their order; writes nothing."""
        ...

    def add(self, articles: Sequence[Incoming]) -> Added:
        """Add articles, with the vectors that they bring or else embedded here; commits them before it returns.

        The shard stays open for writing, and locked for other writers, until ``finish``.
        """
        ...

    def take(self, articles: Sequence[Stored]) -> int:
        """Copy articles of another index with their vectors and ids, those that are not there yet; their number.

        The shard stays open for writing until ``finish``.
        """
        ...

    def finish(self) -> None:
        """Let other writers in."""
        ...

    def list(self, selection: Selection | None = None) -> tuple[Entry, ...]:
        """The selected articles, oldest first."""
        ...

    def get(self, article_ids: Sequence[str]) -> tuple[Stored, ...]:
        """Articles with texts, vectors and origins, those that are there, in this order."""
        ...

    def known(self, article_ids: Sequence[str]) -> tuple[str, ...]:
        """Which of the ids are there."""
        ...

    def remove(self, article_ids: Sequence[str]) -> None:
        """Remove articles; those that are not there are gone already."""
        ...

    def origins_below(self, folders: Sequence[str]) -> tuple[tuple[str, str], ...]:
        """(article id, file) for all that was read from folders."""
        ...

    def forget(self, gone: Sequence[tuple[str, str]], *, dry_run: bool) -> tuple[str, ...]:
        """Note that articles are no longer in files; those that are in no other are removed, and their ids returned."""
        ...

    def counts(self, selection: Selection) -> Counts:
        """How many articles and chunks are selected."""
        ...

    def sources(self) -> tuple[str, ...]:
        """The names of the sources."""
        ...

    def days(self) -> tuple[str, str]:
        """The first and the last day of publication, ISO 8601; empty where no article has one."""
        ...

    def status(self) -> IndexStatus:
        """How it stands."""
        ...

    def check(self) -> CheckReport:
        """Compare all that is stored; an interrupted commit is undone first."""
        ...

    def rebuild(self, progress: Callable[[Rebuilt], None] | None = None) -> Rebuilt:
        """Make it anew from its own articles, for the embedding model of the settings."""
        ...

    def close(self) -> None:
        """Give back what it holds; the next call opens it again."""
        ...
