"""Files that may hold articles, among paths and in folders."""

import os
import stat
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from index.errors import InputError
from index.kinds import SNIFFED_BYTES, kind_by_name, sniff


@dataclass(frozen=True, slots=True)
class Patterns:
    """Which files of a folder are read, as lines of ``.gitignore`` say it, from the folder on.

    Attributes:
        include: only files that match one of these; whatever their suffix.
        exclude: no files that match one of these; no folders either.
    """

    include: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()


def find_files(paths: Sequence[Path], patterns: Patterns | None = None) -> tuple[Path, ...]:
    """Article files among ``paths``: files as named, folders searched recursively; sorted, each once.

    In folders only files with a known suffix count, those without any that look like articles, and those that a
    pattern includes; names that start with a dot are left out. Links to folders are followed, each folder once.

    Raises:
        InputError: a path does not exist, or a folder cannot be read.
    """
    found: list[Path] = []
    for item in search_files(paths, patterns):
        if isinstance(item, InputError):
            raise item
        found.append(item)
    return tuple(found)


def search_files(paths: Sequence[Path], patterns: Patterns | None = None) -> tuple[Path | InputError, ...]:
    """As ``find_files``, but with an error in the place of each path that cannot be read, before the files."""
    found: dict[str, Path] = {}
    faults: list[InputError] = []
    for item in (item for path in paths for item in _files_at(path, patterns or Patterns())):
        if isinstance(item, InputError):
            faults.append(item)
        else:
            found.setdefault(os.path.realpath(item), item)
    return (*faults, *sorted(found.values()))


def _files_at(path: Path, patterns: Patterns) -> Iterator[Path | InputError]:
    try:
        mode = path.stat().st_mode
    except (OSError, ValueError) as error:
        yield _unreachable(path, error)
        return
    if stat.S_ISDIR(mode):
        yield from _Search(path, patterns).files()
    else:
        yield path


def _unreachable(path: Path, error: OSError | ValueError) -> InputError:
    if isinstance(error, FileNotFoundError) and not path.is_symlink():
        return InputError(f"{path}: no such file or folder", "check the path")
    reason = (isinstance(error, OSError) and error.strerror) or str(error)
    return InputError(f"{path}: {reason}", "check the path and its permissions")


class _Search:
    """One walk through a folder."""

    def __init__(self, root: Path, patterns: Patterns) -> None:
        from pathspec import GitIgnoreSpec

        self._root = root
        self._include = GitIgnoreSpec.from_lines(patterns.include) if patterns.include else None
        self._exclude = GitIgnoreSpec.from_lines(patterns.exclude)
        self._seen: set[tuple[int, int]] = set()

    def files(self) -> Iterator[Path | InputError]:
        """Files and faults in any order."""
        waiting = [self._root]
        while waiting:
            folder = waiting.pop()
            try:
                entries = sorted(os.scandir(folder), key=lambda entry: entry.name)
            except OSError as error:
                yield _unreachable(folder, error)
                continue
            for entry in entries:
                path = Path(entry.path)
                try:
                    found = self._look_at(path)
                except OSError as error:
                    yield _unreachable(path, error)
                    continue
                if found is not None and stat.S_ISDIR(found.st_mode):
                    waiting.append(path)
                elif found is not None:
                    yield path

    def _look_at(self, path: Path) -> os.stat_result | None:
        """What a folder or a file to read is; None for others."""
        relative = path.relative_to(self._root).as_posix()
        if path.name.startswith(".") or self._exclude.match_file(relative):
            return None
        found = path.stat()
        if stat.S_ISDIR(found.st_mode):
            place = (found.st_dev, found.st_ino)
            if place in self._seen or self._exclude.match_file(f"{relative}/"):
                return None
            self._seen.add(place)
            return found
        wanted = self._include.match_file(relative) if self._include else _looks_like_articles(path, found)
        return found if wanted and stat.S_ISREG(found.st_mode) else None


def _looks_like_articles(path: Path, found: os.stat_result) -> bool:
    if kind_by_name(path.name):
        return True
    if path.suffix or not stat.S_ISREG(found.st_mode) or not found.st_size:
        return False
    with path.open("rb") as file:
        return sniff(file.read(SNIFFED_BYTES), None) is not None
