"""The articles of paths and addresses on their way into the index, and where each of them comes from."""

import os
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING

from assistant.console.reading_options import fault_line
from index.errors import InputError, InputWarning, UsageError
from index.formats.decoding import stored_path
from index.formats.sniff import SUFFIXES
from index.lifecycle.namesakes import Incoming
from index.read.readers import Reader, Reading, good_articles, is_remote, place_of

if TYPE_CHECKING:
    from assistant.console.progress import Meter


class ArticleSource:
    """Reads files, folders, standard input and web addresses; what cannot be read is told and counted.

    Attributes:
        seen: (article id, file or address) of the articles that were added, as the index calls them; filled by it.
        unread: how many files, lines and entries could not be read.
        left_out: the suffixes of files of other kinds in folders, with their number.

    Args:
        skip: a folder that is not searched: that of the index.

    Raises:
        InputError: there is nothing to read.
    """

    def __init__(self, paths: Sequence[str], reading: Reading, skip: Path) -> None:
        self._reader = Reader(reading)
        self._paths = paths
        found = self._reader.find(paths, skip=[skip])
        if not found.items:
            remedy = f"article files end in {', '.join(SUFFIXES)}; others are read when they are named or --include'd"
            raise InputError(f"no articles in {', '.join(paths)}", remedy)
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
            raise UsageError("--prune compares the index with a folder", "name the folder: assistant index add FOLDER")
        return folders

    def articles(self, tell: Callable[[str], None], meter: "Meter | None" = None) -> Iterator[Incoming]:
        """Every article that can be read.

        Args:
            tell: is given a line for each file, line or entry that cannot be read, or not in all its parts.
        """

        def unreadable(error: InputError | InputWarning) -> None:
            self.unread += isinstance(error, InputError)
            tell(fault_line(error))

        for item in self._items:
            before, size = self.unread, _size(item)
            place = "" if isinstance(item, InputError) else place_of(item)
            for article in good_articles(self._reader.read([item]), unreadable):
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

    def __enter__(self) -> "ArticleSource":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._reader.close()


def _size(source: str | Path | InputError) -> int:
    """Bytes of a file; 0 for a stream, and for what cannot be read."""
    if isinstance(source, InputError) or is_remote(source):
        return 0
    try:
        return Path(source).stat().st_size
    except OSError:  # told when it is read
        return 0
