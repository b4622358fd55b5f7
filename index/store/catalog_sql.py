"""The catalog's SQL: its tables, connections, and rows to and from records. The only module that imports sqlite3."""

import json
import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Any
from urllib.parse import quote

import numpy as np

from index.articles import Article, ArticleInfo
from index.errors import DamagedError, IndexStateError
from index.store.records import Entry, Rows, Selection, Stored

BUSY_SECONDS = 60  # how long a statement waits for another process's transaction, which takes milliseconds
PAGE = 500  # values in one statement; SQLite's oldest limit is 999

SCHEMA = """
CREATE TABLE meta (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE articles (
    id TEXT PRIMARY KEY, info TEXT NOT NULL, source TEXT NOT NULL, title TEXT NOT NULL, published_at INTEGER,
    digest TEXT NOT NULL, version INTEGER NOT NULL, chunks INTEGER NOT NULL
) WITHOUT ROWID;
CREATE TABLE bodies (article TEXT PRIMARY KEY, text TEXT NOT NULL, vectors BLOB NOT NULL);
CREATE TABLE origins (article TEXT NOT NULL, place TEXT NOT NULL, PRIMARY KEY (article, place)) WITHOUT ROWID;
CREATE TABLE pending (
    article TEXT NOT NULL, version INTEGER NOT NULL, chunks INTEGER NOT NULL, PRIMARY KEY (article, version)
) WITHOUT ROWID;
"""
# Without them every article's row is read to count chunks, or to find a source or days. Older catalogs have none.
INDEXES = """
CREATE INDEX IF NOT EXISTS articles_chunks ON articles (chunks);
CREATE INDEX IF NOT EXISTS articles_source ON articles (source, published_at);
CREATE INDEX IF NOT EXISTS articles_published ON articles (published_at);
"""
ENTRY = "info, digest, version, chunks"  # the columns of an entry

Connection = sqlite3.Connection


@contextmanager
def connection(path: Path, mode: str = "rw") -> Iterator[Connection]:
    """A connection for one operation, so that threads and forks share none.

    Raises:
        IndexStateError: the disk is full, or the file cannot be written or read.
        DamagedError: it is not sound.
    """
    with _explained(path), closing(_connect(f"file:{quote(str(path))}?mode={mode}")) as database:
        yield database


@contextmanager
def transaction(path: Path, *, new: bool = False) -> Iterator[Connection]:
    """A connection whose changes count all together, or not at all when something is raised; as ``connection``."""
    with connection(path, "rwc" if new else "rw") as database:
        database.execute("BEGIN IMMEDIATE")
        with database:
            yield database


def run_all(database: Connection, statements: str) -> None:
    """Run statements that semicolons part, within the transaction under way."""
    for statement in filter(str.strip, statements.split(";")):
        database.execute(statement)


def read_origins(database: Connection, article_ids: Sequence[str]) -> dict[str, tuple[str, ...]]:
    """Article id → the files that it was read from."""
    found: dict[str, tuple[str, ...]] = {}
    for ids in pages(article_ids):
        query = f"SELECT article, place FROM origins WHERE article IN ({marks(ids)}) ORDER BY place"
        for article, place in database.execute(query, ids):
            found[article] = (*found.get(article, ()), place)
    return found


def _connect(address: str) -> sqlite3.Connection:
    database = sqlite3.connect(address, uri=True, timeout=BUSY_SECONDS, isolation_level=None)
    database.create_function("folded", 1, str.casefold, deterministic=True)  # SQLite's own lower() knows ASCII only
    return database


@contextmanager
def _explained(path: Path) -> Iterator[None]:
    try:
        yield
    except sqlite3.OperationalError as error:
        raise IndexStateError(f"{path}: {error}", _remedy(str(error))) from error
    except sqlite3.DatabaseError as error:
        if type(error) is not sqlite3.DatabaseError:
            raise  # its subclasses mean a fault of ours
        raise DamagedError(f"{path} is damaged: {error}", "mend it: Library.rebuild()") from error


def _remedy(message: str) -> str:
    if "full" in message:
        return "free some space, then run the same command again: nothing is lost"
    if "readonly" in message or "unable to open" in message:
        return "check the folder's permissions, or choose another index folder"
    return "check the disk and the folder's permissions, then run the same command again"


def pages(values: Sequence[str]) -> Iterator[Sequence[str]]:
    """As many values at a time as one statement may have."""
    for first in range(0, len(values), PAGE):
        yield values[first : first + PAGE]


def marks(values: Sequence[object]) -> str:
    """A place for each of the values."""
    return ", ".join("?" * len(values))


def to_entry(row: tuple[Any, ...]) -> Entry:
    """The entry in the columns ENTRY."""
    info, digest, version, chunks = row
    found = ArticleInfo(**json.loads(info))
    return Entry(found, digest, Rows(found.id, version, chunks))


def to_stored(info: str, text: str, vectors: bytes, dimension: int, origins: tuple[str, ...]) -> Stored:
    """The article with the vectors that ``insert_articles`` wrote."""
    matrix = np.frombuffer(vectors, dtype=np.float32).reshape(-1, dimension)
    return Stored(Article(text=text, **json.loads(info)), matrix, origins)


def insert_articles(database: Connection, written: Sequence[Stored], version: int) -> None:
    """Write articles that are not there."""
    rows, bodies = [], []
    for stored in written:
        info = stored.article.info
        fields = (info.id, json.dumps(asdict(info), ensure_ascii=False), info.source, info.title, info.published_at)
        rows.append((*fields, stored.article.digest, version, len(stored.vectors)))
        vectors = np.ascontiguousarray(stored.vectors, dtype=np.float32).tobytes()
        bodies.append((info.id, stored.article.text, vectors))
    database.executemany(f"INSERT INTO articles VALUES ({marks('12345678')})", rows)
    database.executemany("INSERT INTO bodies VALUES (?, ?, ?)", bodies)
    add_origins(database, ((stored.article.id, stored.origins) for stored in written))


def add_origins(database: Connection, origins: Iterable[tuple[str, tuple[str, ...]]]) -> None:
    """Note the files that articles were read from."""
    rows = ((article, place) for article, places in origins for place in places)
    database.executemany("INSERT OR IGNORE INTO origins VALUES (?, ?)", rows)


def note_pending(database: Connection, rows: Iterable[Rows]) -> None:
    """Note rows that are going to be written or deleted."""
    noted = ((row.article, row.version, row.chunks) for row in rows)
    database.executemany("INSERT OR REPLACE INTO pending VALUES (?, ?, ?)", noted)


def condition(selection: Selection) -> tuple[str, list[object]]:
    """SQL condition of a selection, and its values."""
    parts, values = ["1"], list[object]()
    if selection.sources:
        # The names are few, so that comparing them all is quicker than folding the name of every article.
        folds = f"folded(source) IN ({marks(selection.sources)})"
        parts.append(f"source IN (SELECT source FROM (SELECT DISTINCT source FROM articles) WHERE {folds})")
        values += [source.casefold() for source in selection.sources]
    window, wide = selection.window, selection.window.wide
    own_day = "substr(json_extract(info, '$.published'), 1, 10)"
    bounds = (("published_at >=", wide.since), ("published_at <", wide.until))
    for comparison, bound in (*bounds, (f"{own_day} >=", window.first), (f"{own_day} <=", window.last)):
        if bound not in {None, ""}:
            parts.append(f"{comparison} ?")
            values.append(bound)
    for column, words in (("title", selection.title), ("json_extract(info, '$.author')", selection.author)):
        for word in words.split():
            parts.append(f"instr(folded({column}), folded(?))")
            values.append(word)
    if selection.tags:
        tags = "', ' || folded(coalesce(json_extract(info, '$.tags'), '')) || ','"
        parts.append(f"({' OR '.join(f'instr({tags}, folded(?))' for _ in selection.tags)})")
        values += [f", {' '.join(tag.split())}," for tag in selection.tags]
    return " AND ".join(parts), values


def delete_articles(database: Connection, replaced: Iterable[str], removed: Iterable[str]) -> None:
    """Delete what is known of articles; the files that they come from are forgotten only when they are removed."""
    for table, column, gone in (
        ("articles", "id", replaced),
        ("bodies", "article", replaced),
        ("origins", "article", removed),
    ):
        database.executemany(f"DELETE FROM {table} WHERE {column} = ?", [(identifier,) for identifier in gone])
