"""Creates folders and files that only their user can read."""

import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

FOLDER_MODE, FILE_MODE = 0o700, 0o600


def private_folder(folder: Path) -> Path:
    """Make a folder, and those above it that are missing, for this user alone; a loose one is tightened.

    Raises:
        OSError: it cannot be made.
    """
    missing = [place for place in (folder, *folder.parents) if not place.exists()]
    for place in reversed(missing):
        place.mkdir(FOLDER_MODE, exist_ok=True)
    folder.mkdir(exist_ok=True)  # raises where something else has the name
    tighten(folder.resolve())
    return folder


def is_private(found: os.stat_result) -> bool:
    """Whether this is a file of this user that no other user may touch."""
    return stat.S_ISREG(found.st_mode) and not stat.S_IMODE(found.st_mode) & 0o077 and _is_own(found)


def tighten_tree(folder: Path) -> None:
    """Make a folder and what is in it private. Links, and files of other owners, are left as they are."""
    tighten(folder)
    for place, folders, files in os.walk(folder):
        for name in (*folders, *files):
            tighten(Path(place, name))


def tighten(path: Path) -> None:
    """Take others' rights to a file or folder of this user away, where it is still there and no link."""
    try:
        found = path.lstat()
        loose = stat.S_IMODE(found.st_mode) & 0o077
        if loose and _is_own(found) and not stat.S_ISLNK(found.st_mode):
            path.chmod(stat.S_IMODE(found.st_mode) & ~0o077)
    except (FileNotFoundError, PermissionError):
        return  # removed meanwhile; or a file system whose files have no modes of their own


@contextmanager
def private_file(path: Path) -> Iterator[BinaryIO]:
    """A file for this user alone, which appears under its name, in place of an earlier one, when it is complete.

    A link of that name is replaced, never written through.

    Raises:
        OSError: it cannot be written.
    """
    part = path.with_name(f".{path.name}.{os.getpid()}.part")
    part.unlink(missing_ok=True)
    try:
        # O_EXCL: never through a link that another user made there.
        with open(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, FILE_MODE), "wb") as file:
            yield file
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)


def _is_own(found: os.stat_result) -> bool:
    return not hasattr(os, "geteuid") or found.st_uid == os.geteuid()
