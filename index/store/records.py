"""The records of the catalog: an article's entry, its rows, and what selects articles."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from index.articles import Article, ArticleInfo, Window
from index.embed.local import Vectors


@dataclass(frozen=True, slots=True)
class Rows:
    """The rows of one version of an article in Chroma and in the word index, whether they are there or not."""

    article: str
    version: int
    chunks: int

    @property
    def keys(self) -> tuple[str, ...]:
        return tuple(row_key(self.article, number, self.version) for number in range(self.chunks))


@dataclass(frozen=True, slots=True)
class Entry:
    """An article as the catalog lists it."""

    info: ArticleInfo
    digest: str
    rows: Rows


@dataclass(frozen=True, slots=True)
class Stored:
    """An article with its vectors, of shape (number of chunks, dimension), and the files that it was read from."""

    article: Article
    vectors: Vectors
    origins: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Scored:
    """The key of a row that was found, with its score: a distance, or BM25."""

    key: str
    score: float


@dataclass(frozen=True, slots=True)
class Stamp:
    """Tells states of an index apart: ``store`` numbers the folders in use, ``generation`` the commits."""

    store: int
    generation: int


@dataclass(frozen=True, slots=True)
class Selection:
    """Which articles are meant; what is empty selects nothing out. Capital letters do not count.

    Attributes:
        sources: the names of their sources, one of them, whole.
        title, author: words or parts of words that stand there, all of them.
        tags: one of their tags is one of these.
    """

    sources: tuple[str, ...] = ()
    window: Window = field(default_factory=Window)
    title: str = ""
    author: str = ""
    tags: tuple[str, ...] = ()

    @property
    def listed(self) -> bool:
        """Whether only the catalog can tell which articles are meant; the word index knows one source, and times."""
        named = self.title.split() or self.author.split() or self.tags
        return bool(named or len(self.sources) > 1 or self.window.by_day)


def called_so(names: Sequence[str], called: Sequence[str]) -> tuple[str, ...]:
    """The sources called so but for capitals, as given where there are none; without names given, all of them."""
    folded = {name.casefold() for name in called}
    if not called:
        return tuple(name for name in names if name)
    return tuple(name for name in names if name.casefold() in folded) or tuple(called)


def row_key(article: str, number: int, version: int) -> str:
    """Key of a chunk in Chroma and in the word index; a new version of an article never overwrites the old one."""
    return f"{article}#{number}@{version}"


def version_of(key: str) -> tuple[str, int]:
    """Article id and version of a row's key."""
    chunk, _, version = key.rpartition("@")
    return chunk.rpartition("#")[0], int(version)


@dataclass(frozen=True, slots=True)
class IndexStatus:
    """How an index stands; ``disk_bytes`` counts all its files, ``pending`` the chunks of an unfinished commit.

    Attributes:
        shards: each of them by itself, where it is divided into shards.
    """

    folder: Path
    articles: int
    chunks: int
    embedder: str
    disk_bytes: int
    pending: int
    shards: "tuple[IndexStatus, ...]" = ()
