"""Reads the articles of paths and addresses for adding, and notes where each one comes from."""

import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from types import TracebackType
from typing import Protocol

from index.errors import InputError, InputWarning, UsageError
from index.formats.decoding import stored_path
from index.formats.sniff import SUFFIXES
from index.lifecycle.namesakes import Incoming
from index.read.readers import Reader, Reading, Source, good_articles, is_remote, place_of


class Meter(Protocol):
    """Is told how far reading is."""

    def read(self, characters: int, size: int) -> None:
        """An article of so many characters was read from a file of so many bytes."""

    def finished(self, size: int) -> None:
        """A file of so many bytes was read to its end."""


class ArticleSource:
    """Reads files, folders, standard input and web addresses; counts what cannot be read.

    Attributes:
        seen: (article id, file or address) of the articles that were added, as the index calls them; filled by it.
        unread: how many files, lines and entries could not be read.
        left_out: the suffixes of files of other kinds in folders, with their number.

    Args:
        skip: a folder that is not searched: that of the index.

    Raises:
        InputError: there is nothing to read.
    """

    def __init__(self, paths: Sequence[Source], reading: Reading, skip: Path) -> None:
        self._reader = Reader(reading)
        self._paths = paths
        found = self._reader.find(paths, skip=[skip])
        if not found.items:
            kinds = f"article files end in {', '.join(SUFFIXES)}"
            remedy = f"{kinds}; others are read when they are named, or match Patterns.include"
            raise InputError(f"no articles in {', '.join(map(str, paths))}", remedy)
        faults = [item for item in found.items if isinstance(item, InputError)]
        if len(faults) == len(found.items):
            raise faults[0]
        self._items = found.items
        self._whole: set[str] = set()  # files that were read to their end, every line of them
        self.left_out = found.left_out
        self.seen: set[tuple[str, str]] = set()
        self.unread = 0

    @property
    def size(self) -> int | None:
        """Bytes of all files; None when there are only streams, whose size is unknown."""
        return sum(_size(item) for item in self._items) or None

    def folders(self) -> tuple[str, ...]:
        """The folders among the paths, as the origins of articles begin.

        Raises:
            UsageError: there are none.
        """
        folders = tuple(place_of(path) for path in self._paths if not is_remote(path) and Path(path).is_dir())
        if not folders:
            raise UsageError("pruning compares the index with a folder", "name the folder")
        return folders

    def articles(
        self, unreadable: Callable[[InputError | InputWarning], None] | None = None, meter: Meter | None = None
    ) -> Iterator[Incoming]:
        """Every article that can be read.

        Args:
            unreadable: is told of each file, line or entry that cannot be read, or not in all its parts; without it the
                first that cannot be read is raised.

        Raises:
            InputError: while iterating, where nobody is told.
        """
        for item in self._items:
            before, size = self.unread, _size(item)
            place = "" if isinstance(item, InputError) else place_of(item)
            for found in self._reader.read([item]):
                self.unread += isinstance(found, InputError)
                for article in good_articles([found], unreadable):
                    if meter:
                        meter.read(len(article.text), size)
                    yield Incoming(article, (place,))
            if meter:
                meter.finished(size)
            if self.unread == before:
                self._whole.add(place)

    def may_hold(self, place: str) -> bool:
        """Whether a file may still hold what once came from it: it is there, or may be, and was not read as a whole."""
        if place in self._whole:
            return False
        try:
            os.lstat(place if os.path.lexists(place) else stored_path(place))
        except (FileNotFoundError, NotADirectoryError):
            return False
        except OSError:
            return True
        return True

    def gone(self, origins: Iterable[tuple[str, str]]) -> list[tuple[str, str]]:
        """Those of (article id, file) that were not read this time, although nothing hindered it."""
        return [pair for pair in dict.fromkeys(origins) if pair not in self.seen and not self.may_hold(pair[1])]

    def __enter__(self) -> "ArticleSource":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._reader.close()


def refuse_pruning(source: ArticleSource | None, *, prune: bool) -> None:
    """Refuse to prune what has no folders, before anything is added.

    Raises:
        UsageError: there are none.
    """
    if prune and source is None:
        raise UsageError("articles without a source cannot be pruned", "name their folder")
    if source and prune:
        source.folders()


def _size(source: str | Path | InputError) -> int:
    """Bytes of a file; 0 for a stream, and for what cannot be read."""
    if isinstance(source, InputError) or is_remote(source):
        return 0
    try:
        return Path(source).stat().st_size
    except OSError:  # told when it is read
        return 0
