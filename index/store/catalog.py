"""The catalog in SQLite: which articles an index holds, with texts and vectors. What it lists is what counts.

Chroma and the word index are made from it and can be made again.
"""

import json
from collections.abc import Iterable, Iterator, Sequence
from contextlib import AbstractContextManager
from heapq import nlargest
from pathlib import Path

import numpy as np

from index.embed.local import Vectors
from index.errors import DamagedError, UnfitError
from index.store.catalog_sql import (
    ENTRY,
    INDEXES,
    SCHEMA,
    Connection,
    add_origins,
    condition,
    connection,
    delete_articles,
    insert_articles,
    marks,
    note_pending,
    pages,
    read_origins,
    run_all,
    to_entry,
    to_stored,
    transaction,
)
from index.store.fingerprint import Identity
from index.store.records import Entry, Rows, Scored, Selection, Stamp, Stored, called_so, row_key, version_of

FORMAT = 2


class Catalog:
    """The catalog in one file. May be used from several threads and processes; writers hold the index's lock."""

    def __init__(self, path: Path) -> None:
        self.path = path

    @classmethod
    def create(cls, path: Path, identity: Identity, store: int) -> "Catalog":
        """Make an empty catalog."""
        catalog = cls(path)
        with transaction(path, new=True) as database:
            run_all(database, SCHEMA + INDEXES)
            values = {"format": FORMAT, "identity": json.dumps(identity.to_mapping()), "store": store, "generation": 0}
            database.executemany("INSERT INTO meta VALUES (?, ?)", [(name, str(v)) for name, v in values.items()])
        return catalog

    @classmethod
    def open(cls, path: Path) -> "Catalog | None":
        """The catalog in a file, or None when there is none, or none was finished.

        Raises:
            DamagedError: it cannot be read.
            UnfitError: it is of another format.
        """
        if not path.is_file():
            return None
        catalog = cls(path)
        with catalog._reading() as database:
            if not database.execute("SELECT 1 FROM sqlite_master WHERE name = 'meta'").fetchone():
                return None  # the process was killed before the first transaction ended
        found = catalog._meta("format")
        if found != str(FORMAT):
            raise UnfitError(
                f"the index in {path.parent} has format {found}; this version reads format {FORMAT}",
                "use the version that made it, or add the articles into a new folder: Library(FOLDER).add()",
            )
        return catalog

    @property
    def identity(self) -> Identity:
        return Identity.from_mapping(json.loads(self._meta("identity")))

    @property
    def stamp(self) -> Stamp:
        """The present state; one small read."""
        with self._reading() as database:
            rows = database.execute("SELECT name, value FROM meta WHERE name IN ('store', 'generation')")
            values = {name: int(value) for name, value in rows}
        return Stamp(values["store"], values["generation"])

    def add_indexes(self) -> None:
        """Make what speeds up reading, where an older version made none."""
        with self._writing() as database:
            run_all(database, INDEXES)

    def check(self) -> None:
        """Have SQLite read the whole file.

        Raises:
            DamagedError: it is not sound.
        """
        with self._reading() as database:
            (found,) = database.execute("PRAGMA quick_check(1)").fetchone()
        if found != "ok":
            raise DamagedError(f"{self.path} is damaged: {found}", "mend it: Library.rebuild()")

    def counts(self, selection: Selection | None = None) -> tuple[int, int]:
        """Number of articles and of chunks; of the selected ones, if some are."""
        where, values = condition(selection or Selection())
        with self._reading() as database:
            query = f"SELECT count(*), coalesce(sum(chunks), 0) FROM articles WHERE {where}"
            articles, chunks = database.execute(query, values).fetchone()
        return int(articles), int(chunks)

    def sources(self, called: Sequence[str] = ()) -> tuple[str, ...]:
        """The names of all sources; or of those called so but for capitals, as given where there are none."""
        with self._reading() as database:
            names = sorted(str(name) for (name,) in database.execute("SELECT DISTINCT source FROM articles"))
        return called_so(names, called)

    def days(self) -> tuple[str, str]:
        """The first and the last day of publication, ISO 8601; empty when no article has one."""
        day = "substr(json_extract(info, '$.published'), 1, 10)"
        with self._reading() as database:
            query = f"SELECT min({day}), max({day}) FROM articles WHERE published_at IS NOT NULL"
            first, last = database.execute(query).fetchone()
        return str(first or ""), str(last or "")

    def rows(self, selection: Selection) -> tuple[Rows, ...]:
        """The rows of the selected articles."""
        where, values = condition(selection)
        with self._reading() as database:
            query = f"SELECT id, version, chunks FROM articles WHERE {where}"
            return tuple(Rows(*row) for row in database.execute(query, values))

    def chosen(self, keys: Sequence[str], selection: Selection) -> tuple[str, ...]:
        """Those of the row keys, in their order, that are of selected articles; of whichever version."""
        where, values = condition(selection)
        articles = [version_of(key)[0] for key in keys]
        found: set[str] = set()
        with self._reading() as database:
            for ids in pages(sorted(set(articles))):
                query = f"SELECT id FROM articles WHERE id IN ({marks(ids)}) AND {where}"
                found.update(identifier for (identifier,) in database.execute(query, (*ids, *values)))
        return tuple(key for key, article in zip(keys, articles, strict=True) if article in found)

    def entries(self, article_ids: Sequence[str]) -> dict[str, Entry]:
        """Article id → entry, for those of the articles that are there."""
        found: dict[str, Entry] = {}
        with self._reading() as database:
            for ids in pages(article_ids):
                query = f"SELECT {ENTRY} FROM articles WHERE id IN ({marks(ids)})"
                found.update((entry.info.id, entry) for entry in map(to_entry, database.execute(query, ids)))
        return found

    def numbered(self, names: Iterable[str]) -> dict[str, Entry]:
        """Article id → entry, for those of the articles called ``NAME@2``, ``NAME@3`` and so on that are there."""
        found: dict[str, Entry] = {}
        with self._reading() as database:
            for name in names:
                query = f"SELECT {ENTRY} FROM articles WHERE id >= ? AND id < ?"
                entries = map(to_entry, database.execute(query, (f"{name}@", f"{name}A")))  # A comes after @
                found.update((e.info.id, e) for e in entries if e.info.id.removeprefix(f"{name}@").isdecimal())
        return found

    def versions(self, article_ids: Iterable[str]) -> dict[str, int]:
        """Article id → the version that counts."""
        with self._reading() as database:
            found: dict[str, int] = {}
            for ids in pages(sorted(set(article_ids))):
                query = f"SELECT id, version FROM articles WHERE id IN ({marks(ids)})"
                found.update(database.execute(query, ids))
        return found

    def select(self, selection: Selection | None = None) -> tuple[Entry, ...]:
        """The selected articles, oldest first, those without a date last."""
        where, values = condition(selection or Selection())
        order = "ORDER BY published_at IS NULL, published_at, id"
        with self._reading() as database:
            query = f"SELECT {ENTRY} FROM articles WHERE {where} {order}"
            return tuple(to_entry(row) for row in database.execute(query, values))

    def scored(self, vector: Vectors, rows: Sequence[Rows], limit: int) -> tuple[Scored, ...]:
        """The nearest among rows of these articles with their cosine distances, nearest first; compares with every one.

        Args:
            vector: of shape (dimension,) and length 1, as those that are stored.
        """
        versions = {row.article: row.version for row in rows}
        best: list[tuple[float, str]] = []
        with self._reading() as database:
            for ids in pages(list(versions)):
                query = f"SELECT article, vectors FROM bodies WHERE article IN ({marks(ids)})"
                found = database.execute(query, ids).fetchall()
                places = [
                    (article, number) for article, vectors in found for number in range(len(vectors) // vector.nbytes)
                ]
                matrix = np.frombuffer(b"".join(vectors for _, vectors in found), dtype=np.float32)
                likeness = matrix.reshape(-1, len(vector)) @ vector
                for place in np.argsort(-likeness, kind="stable")[:limit]:
                    article, number = places[place]
                    best.append((float(likeness[place]), row_key(article, number, versions[article])))
                best = nlargest(limit, best)
        return tuple(Scored(key, 1 - likeness) for likeness, key in best)

    def stored(self, article_ids: Sequence[str] | None = None) -> Iterator[Stored]:
        """Articles with texts and vectors, a page at a time; None means all that are there now."""
        wanted = [entry.info.id for entry in self.select()] if article_ids is None else article_ids
        dimension = self.identity.dimension
        for ids in pages(wanted):
            with self._reading() as database:
                both = "articles JOIN bodies ON article = id"
                query = f"SELECT id, info, text, vectors FROM {both} WHERE id IN ({marks(ids)})"
                rows = {row[0]: row[1:] for row in database.execute(query, ids)}
                origins = read_origins(database, ids)
            for identifier in (identifier for identifier in ids if identifier in rows):
                info, text, vectors = rows[identifier]
                yield to_stored(info, text, vectors, dimension, origins.get(identifier, ()))

    def pending(self) -> tuple[Rows, ...]:
        """Rows that a commit was about to write or to delete."""
        with self._reading() as database:
            return tuple(Rows(*row) for row in database.execute("SELECT article, version, chunks FROM pending"))

    def begin(self, sizes: Sequence[tuple[str, int]]) -> tuple[Rows, ...]:
        """Note which rows are going to be written, for articles with so many chunks; the first step of a commit."""
        version = self.stamp.generation + 1
        rows = tuple(Rows(article, version, chunks) for article, chunks in sizes)
        with self._writing() as database:
            note_pending(database, rows)
        return rows

    def commit(self, written: Sequence[Stored], removed: Sequence[str] = ()) -> tuple[Rows, ...]:
        """Let the written articles count, and the removed ones no more, all at once.

        Returns:
            The rows that are outdated now and wait to be deleted.
        """
        replaced = self.entries([*(stored.article.id for stored in written), *removed])
        outdated = tuple(entry.rows for entry in replaced.values())
        with self._writing() as database:
            database.execute("UPDATE meta SET value = value + 1 WHERE name = 'generation'")
            (version,) = database.execute("SELECT value FROM meta WHERE name = 'generation'").fetchone()
            delete_articles(database, replaced, removed)
            insert_articles(database, written, int(version))
            database.execute("DELETE FROM pending")
            note_pending(database, outdated)
        return outdated

    def settle(self) -> None:
        """Note that no row waits any more; the last step of a commit."""
        with self._writing() as database:
            database.execute("DELETE FROM pending")

    def origins(self, article_ids: Sequence[str]) -> dict[str, tuple[str, ...]]:
        """Article id → the files that it was read from."""
        with self._reading() as database:
            return read_origins(database, article_ids)

    def add_origins(self, origins: Iterable[tuple[str, tuple[str, ...]]]) -> None:
        """Note the files that articles were read from."""
        with self._writing() as database:
            add_origins(database, origins)

    def origins_below(self, folders: Sequence[str]) -> tuple[tuple[str, str], ...]:
        """(article id, file) for all that was read from folders."""
        prefixes = [folder.rstrip("/") + "/" for folder in folders]
        query = "SELECT article, place FROM origins WHERE substr(place, 1, ?) = ?"
        with self._reading() as database:
            return tuple(row for prefix in prefixes for row in database.execute(query, (len(prefix), prefix)))

    def orphans(self, gone: Sequence[tuple[str, str]]) -> tuple[str, ...]:
        """Ids of the articles that come from nowhere once these (article id, file) pairs are gone."""
        left = self.origins(sorted({article for article, _ in gone}))
        dropped = set(gone)
        return tuple(a for a, places in left.items() if all((a, place) in dropped for place in places))

    def drop_origins(self, origins: Sequence[tuple[str, str]]) -> None:
        """Forget that articles were read from files."""
        with self._writing() as database:
            database.executemany("DELETE FROM origins WHERE article = ? AND place = ?", origins)

    def _reading(self) -> AbstractContextManager[Connection]:
        return connection(self.path)

    def _writing(self) -> AbstractContextManager[Connection]:
        return transaction(self.path)

    def _meta(self, name: str) -> str:
        with self._reading() as database:
            row = database.execute("SELECT value FROM meta WHERE name = ?", (name,)).fetchone()
        return str(row[0]) if row else ""
