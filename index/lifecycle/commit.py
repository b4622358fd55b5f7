"""Commits changes to catalog, vectors and word index together, so that all or none of a change counts.

A commit goes through five steps, and a process may be killed between any two of them:

1. the catalog notes which rows are going to be written,
2. Chroma and the word index write them,
3. the catalog lets the new versions count, in one transaction, and notes which rows are outdated,
4. Chroma and the word index delete these,
5. the catalog strikes the note off.

Rows of a version that does not count are never shown, so that readers see all of an article or nothing of it, and
the next writer deletes the rows that a note is left of.
"""

import os
import re
import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
from filelock import FileLock

from index.articles import Chunk
from index.errors import DamagedError
from index.split.chunks import split_chunks
from index.store.catalog import Catalog
from index.store.chroma import Store
from index.store.chroma_server import Server
from index.store.fingerprint import Identity
from index.store.records import Rows, Stored
from index.store.tantivy_index import LexicalIndex

CATALOG = "catalog.sqlite3"
NEXT_CATALOG = "catalog-next.sqlite3"  # of a rebuilding that is not finished
MANIFEST = "shards.json"  # of an index that is divided into shards
COMMIT_LOCK = "commit.lock"
SOON_COUNTED = 100_000  # chunks; Chroma took 35 seconds to count a million rows that were not in memory
_NUMBERED = re.compile(r"(?:vectors|words)-(\d+)")


@dataclass(frozen=True, slots=True)
class Prepared:
    """An article ready to be written: its chunks, one for each row of the vectors."""

    stored: Stored
    chunks: tuple[Chunk, ...]

    @classmethod
    def of(cls, stored: Stored) -> "Prepared":
        """Cut a stored article again, as it was cut when it was stored.

        Raises:
            DamagedError: its vectors are not as many as its chunks.
        """
        chunks = split_chunks(stored.article)
        if len(chunks) != len(stored.vectors):
            problem = f"article {stored.article.id} has {len(stored.vectors)} vectors for {len(chunks)} chunks"
            raise DamagedError(problem, "add it again")
        return cls(stored, chunks)


@dataclass(frozen=True, slots=True)
class Parts:
    """The open parts of one index folder.

    Attributes:
        words_fit: whether the word index had as many rows as it should when it was opened.
        number: of the folders of vectors and words; each rebuilding makes new ones.
        copy: where the files were copied to because the folder cannot be written, which Chroma and Tantivy must.
    """

    folder: Path
    catalog: Catalog
    store: Store
    lexical: LexicalIndex
    number: int
    words_fit: bool = True
    copy: "TemporaryDirectory[str] | None" = None

    @classmethod
    def create(cls, folder: Path, name: str, identity: Identity, server: Server | None = None) -> "Parts":
        """Make an empty index, under folders that nothing uses yet."""
        number = 1 + max(_numbers(folder), default=0)
        # First the catalog: without it, vectors are taken for those of an older version.
        catalog = Catalog.create(folder / name, identity, number)
        store = Store.create(folder / f"vectors-{number}", identity, server)
        return cls(folder, catalog, store, LexicalIndex(folder / f"words-{number}"), number)

    @classmethod
    def open(cls, catalog: Catalog, server: Server | None = None) -> "Parts":
        """Open what belongs to a catalog, while no other process commits or opens.

        Raises:
            DamagedError: a part cannot be read, or they disagree.
        """
        folder = catalog.path.parent
        with committing(folder):
            copy = None if os.access(folder, os.W_OK) else TemporaryDirectory(prefix="news-index-")
            number = catalog.stamp.store
            vectors, words = (_usable(folder / f"{kind}-{number}", copy) for kind in ("vectors", "words"))
            store = Store.open(vectors, server)
            if store is None:
                raise DamagedError(f"{vectors} is missing", "mend it: Library.rebuild()")
            lexical = _opened_words(words)
            parts = cls(folder, catalog, store, lexical, number, copy=copy)
            return replace(parts, words_fit=parts._try_out())

    def refresh(self) -> None:
        """See what other processes have committed.

        Raises:
            DamagedError: a part cannot be read, or they disagree.
        """
        with committing(self.folder):
            self.store.reopen()
            self.lexical.reload()
            if not self._try_out():
                raise DamagedError(f"the word index in {self.folder} is not whole", "mend it: Library.rebuild()")

    def close(self) -> None:
        self.store.close()
        if self.copy:
            self.copy.cleanup()

    def commit(self, batch: Sequence[Prepared], removed: Sequence[str] = ()) -> None:
        """Write articles and remove others: all or nothing, whatever happens in between."""
        with committing(self.folder):
            if batch:
                rows = self.catalog.begin([(item.stored.article.id, len(item.chunks)) for item in batch])
                self._write(batch, rows[0].version)
            outdated = self.catalog.commit([item.stored for item in batch], removed)
            if outdated:
                self._delete(outdated)

    def undo(self) -> int:
        """Delete the rows of a commit that a crash interrupted; their number is returned."""
        pending = self.catalog.pending()
        if pending:
            with committing(self.folder):
                self._delete(pending)
        return sum(rows.chunks for rows in pending)

    def mend_words(self) -> None:
        """Build the word index anew where it disagrees with the catalog."""
        expected = self.catalog.counts()[1]
        if self.lexical.count() == expected:
            return
        with committing(self.folder):
            versions = {entry.info.id: entry.rows.version for entry in self.catalog.select()}
            chunks = (
                (chunk, versions[stored.article.id])
                for stored in self.catalog.stored()
                for chunk in split_chunks(stored.article)
            )
            self.lexical.rebuild(chunks)

    def _write(self, batch: Sequence[Prepared], version: int) -> None:
        chunks = [chunk for item in batch for chunk in item.chunks]
        vectors = np.concatenate([item.stored.vectors for item in batch])
        digests = {item.stored.article.id: item.stored.article.digest for item in batch}
        self.store.put(chunks, vectors, digests, version)
        self.lexical.put(chunks, version)

    def _delete(self, outdated: Sequence[Rows]) -> None:
        keys = [key for rows in outdated for key in rows.keys]
        self.store.delete(keys)
        self.lexical.delete(keys)
        self.catalog.settle()

    def _try_out(self) -> bool:
        """Have Chroma read its files, and compare the numbers of rows with the catalog's.

        The rows of very many chunks are counted only after an interrupted commit; ``Library.check`` always
        compares them all.

        Returns:
            Whether the word index has as many rows as it should.

        Raises:
            DamagedError: Chroma cannot, or it has not as many rows as it should.
        """
        expected = self.catalog.counts()[1]
        pending = sum(rows.chunks for rows in self.catalog.pending())
        if expected:
            self.store.tune(expected)  # before Chroma reads its graph
            self.store.nearest(np.ones(self.catalog.identity.dimension, dtype=np.float32), 1)
        if pending or expected <= SOON_COUNTED:
            found = self.store.count()
            if not expected <= found <= expected + pending:
                problem = f"{self.folder} holds the vectors of {found} chunks instead of {expected}"
                raise DamagedError(problem, "mend it: Library.rebuild()")
        return expected <= self.lexical.count() <= expected + pending


@contextmanager
def committing(folder: Path) -> Iterator[None]:
    """Hold the files for the moment of a commit or of an opening, so that no process opens what is half-written."""
    if not os.access(folder, os.W_OK):
        yield
        return
    with FileLock(folder / COMMIT_LOCK):
        yield


def remove_unused(folder: Path, keep: Sequence[Catalog], server: Server | None = None) -> None:
    """Delete numbered folders that no catalog names: what a rebuilding replaced, or what a killed one began."""
    used = {catalog.stamp.store for catalog in keep}
    for path in folder.glob("*-*"):
        match = _NUMBERED.fullmatch(path.name)
        if match and int(match[1]) not in used and Store.delete_all(path, server):
            shutil.rmtree(path, ignore_errors=True)  # tried again at the next writing


def _numbers(folder: Path) -> Iterator[int]:
    for path in folder.glob("*-*"):
        if match := _NUMBERED.fullmatch(path.name):
            yield int(match[1])


def _opened_words(folder: Path) -> LexicalIndex:
    """The word index; one that cannot be read is begun anew, as it is made from the catalog anyway."""
    try:
        return LexicalIndex(folder)
    except DamagedError:
        shutil.rmtree(folder)
        return LexicalIndex(folder)


def _usable(path: Path, copy: "TemporaryDirectory[str] | None") -> Path:
    if copy is None or not path.is_dir():
        return path
    usable = Path(copy.name) / path.name
    for file in path.rglob("*"):
        if file.is_file():
            place = usable / file.relative_to(path)
            place.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(file, place)  # without its permissions
    return usable
