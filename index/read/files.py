"""Finds the files that may hold articles, among paths and in folders."""

import os
import stat
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from index.errors import InputError
from index.formats.sniff import GZIP_MAGIC, GZIP_SUFFIX, SNIFFED_BYTES, kind_by_name, sniff


@dataclass(frozen=True, slots=True)
class Patterns:
    """Which files of a folder are read, as lines of ``.gitignore`` say it, from the folder on.

    Attributes:
        include: only files that match one of these; whatever their suffix.
        exclude: no files that match one of these; no folders either.
        follow_links: read what links lead to that leave the folders; else they are faults. Others are followed.
    """

    include: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()
    follow_links: bool = False


@dataclass(frozen=True, slots=True)
class Found:
    """What a search found.

    Attributes:
        files: sorted, each once.
        faults: paths that cannot be read.
        left_out: the suffixes of files of other kinds in the folders, with their number, the most frequent first.
    """

    files: tuple[Path, ...]
    faults: tuple[InputError, ...] = ()
    left_out: tuple[tuple[str, int], ...] = ()


def find_files(paths: Sequence[Path], patterns: Patterns | None = None) -> tuple[Path, ...]:
    """Article files among ``paths``, as ``search_files`` finds them.

    Raises:
        InputError: a path does not exist, or a folder cannot be read.
    """
    found = search_files(paths, patterns)
    if found.faults:
        raise found.faults[0]
    return found.files


def search_files(paths: Sequence[Path], patterns: Patterns | None = None, skip: Sequence[Path] = ()) -> Found:
    """Article files among ``paths``: files as named, folders searched recursively, but not the folders to ``skip``.

    In folders only files with a known suffix count, those without any that look like articles, and those that a
    pattern includes; names that start with a dot are left out. Links within a folder are followed, each folder once;
    those that leave it only where the patterns say so, for their author may lack the right to read what is behind them.
    """
    files: dict[str, Path] = {}
    faults: list[InputError] = []
    left_out: Counter[str] = Counter()
    for path in paths:
        search = _Search(path, paths, patterns or Patterns(), left_out, skip)
        for item in search.files():
            if isinstance(item, InputError):
                faults.append(item)
            else:
                files.setdefault(os.path.realpath(item), item)
    faults.sort(key=lambda fault: fault.problem)  # the system lists folders in no order
    kinds = sorted(left_out.items(), key=lambda kind: (-kind[1], kind[0]))
    return Found(tuple(sorted(files.values())), tuple(faults), tuple(kinds))


def _unreachable(path: Path, error: OSError | ValueError) -> InputError:
    if isinstance(error, FileNotFoundError):
        what = "a link to nothing" if path.is_symlink() else "no such file or folder"
        return InputError(f"{path}: {what}", "check the path")
    reason = (isinstance(error, OSError) and error.strerror) or str(error)
    return InputError(f"{path}: {reason}", "check the path and its permissions")


class _Search:
    """One walk through a folder that is one of the paths."""

    def __init__(
        self, root: Path, paths: Sequence[Path], patterns: Patterns, left_out: Counter[str], skip: Sequence[Path]
    ) -> None:
        from pathspec import GitIgnoreSpec

        self._root = root
        self._homes = tuple(map(_real, paths))
        self._patterns = patterns
        self._include = GitIgnoreSpec.from_lines(patterns.include) if patterns.include else None
        self._exclude = GitIgnoreSpec.from_lines(patterns.exclude)
        self._left_out = left_out
        self._seen = {_place(folder.stat()) for folder in skip if folder.exists()}

    def files(self) -> Iterator[Path | InputError]:
        """Files and faults in any order."""
        waiting = [self._root]
        while waiting:
            path = waiting.pop()
            try:
                found = path.stat()
                if path != self._root and self._leaves(path):
                    yield _outside(path)
                elif stat.S_ISDIR(found.st_mode):
                    waiting += self._inside(path, found)
                elif path == self._root or self._is_wanted(path, found):
                    yield path
            except (OSError, ValueError) as error:
                yield _unreachable(path, error)
            except InputError as error:
                yield error

    def _inside(self, folder: Path, found: os.stat_result) -> list[Path]:
        """What to look at in a folder that was not seen yet."""
        if _place(found) in self._seen:  # a link back to it
            return []
        self._seen.add(_place(found))
        return [path for path in folder.iterdir() if not path.name.startswith(".") and not self._is_excluded(path)]

    def _leaves(self, path: Path) -> bool:
        """Whether this is a link to none of the paths; as none is followed, nothing else can leave them."""
        if self._patterns.follow_links or not path.is_symlink():
            return False
        return not any(_real(path).is_relative_to(home) for home in self._homes)

    def _is_excluded(self, path: Path) -> bool:
        relative = path.relative_to(self._root).as_posix()
        return self._exclude.match_file(relative) or (path.is_dir() and self._exclude.match_file(f"{relative}/"))

    def _is_wanted(self, path: Path, found: os.stat_result) -> bool:
        if self._include is not None:
            wanted = self._include.match_file(path.relative_to(self._root).as_posix())
        else:
            wanted = _looks_like_articles(path, found)
        if wanted and not stat.S_ISREG(found.st_mode):
            raise InputError(f"{path}: a pipe or device in a folder", "name it itself to have it read")
        if not wanted and self._include is None:
            self._left_out[path.suffix.lower() or "no suffix"] += 1
        return wanted


def _real(path: Path) -> Path:
    try:
        return Path(os.path.realpath(path))
    except ValueError:  # no path at all, which is told where it is opened
        return path


def _outside(path: Path) -> InputError:
    problem = f"{path}: a link out of the folder, to {_real(path)}"
    return InputError(problem, "to follow such links: Patterns.follow_links")


def _place(found: os.stat_result) -> tuple[int, int]:
    return found.st_dev, found.st_ino


def _looks_like_articles(path: Path, found: os.stat_result) -> bool:
    if kind_by_name(path.name):
        return True
    name = path.with_suffix("") if path.suffix.lower() == GZIP_SUFFIX else path
    if name.suffix or not stat.S_ISREG(found.st_mode):
        return False
    with path.open("rb") as file:
        head = file.read(SNIFFED_BYTES)
    return name != path or head.startswith(GZIP_MAGIC) or (bool(head) and sniff(head, None) is not None)
