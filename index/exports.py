"""Writes files for other people: complete or not at all, without replacing a file unasked, and never through links."""

import os
import secrets
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TextIO

from index.errors import AssistantError, UsageError


@contextmanager
def new_file(path: Path, remedy: str, *, replace: bool = False) -> Iterator[TextIO]:
    """A text file, in UTF-8; when something goes wrong inside, there is none, and an earlier one is as it was.

    Args:
        remedy: what to do when there is something of that name already.
        replace: whether a file or link of that name may be replaced; what the link leads to stays as it is.

    Raises:
        UsageError: there is something of that name already.
        AssistantError: it cannot be written.
    """
    part = path.with_name(f".{path.name}.{secrets.token_hex(4)}.part")
    try:
        _check_name(path, remedy, replace=replace)
        with open(
            os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o666), "w", encoding="utf-8", newline=""
        ) as file:
            yield file
        _check_name(path, remedy, replace=replace)  # it may have come meanwhile
        part.replace(path)
    except OSError as error:
        raise AssistantError(f"{path} cannot be written: {error.strerror or error}", "choose another place") from error
    finally:
        with suppress(OSError):  # its folder is none
            part.unlink(missing_ok=True)


def _check_name(path: Path, remedy: str, *, replace: bool) -> None:
    try:
        mode = path.lstat().st_mode
    except FileNotFoundError:
        return
    if not stat.S_ISREG(mode) and not stat.S_ISLNK(mode):
        raise UsageError(f"{path} is no file", "name a file")
    if not replace:
        what = f"is a link to {path.readlink()}" if stat.S_ISLNK(mode) else "exists already"
        raise UsageError(f"{path} {what}", remedy)
