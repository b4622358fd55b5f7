"""Append-only JSON Lines files: each line is on disk before the program goes on.

A line that was cut off by the end of the program counts as not written.
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from io import FileIO
from pathlib import Path
from typing import TypeVar

from filelock import FileLock, Timeout
from pydantic import BaseModel, TypeAdapter, ValidationError

from assistant.cassettes.lines import whole_lines
from evals.questions.files import field_error
from index.errors import AssistantError, UsageError
from index.private import private_folder, tighten

Line = TypeVar("Line", bound=BaseModel)


class LineFile:
    """Adds lines; `open_line_file` makes it."""

    def __init__(self, file: FileIO) -> None:
        self._file = file

    def add(self, line: BaseModel) -> None:
        """Add one line; it is on the disk when this returns.

        Raises:
            AssistantError: it cannot be written.
        """
        left = memoryview(line.model_dump_json().encode() + b"\n")
        try:
            while left:
                left = left[self._file.write(left) :]
            os.fsync(self._file.fileno())
        except OSError as error:
            raise not_written(self._file.name, error) from error


@contextmanager
def open_line_file(path: Path, busy_remedy: str = "wait until it has ended") -> Iterator[LineFile]:
    """Hold a file for this process and take a cut-off last line away.

    Raises:
        UsageError: another process is adding to it.
    """
    if not path.parent.is_dir():
        private_folder(path.parent)
    lock = FileLock(path.with_name(f"{path.name}.lock"), blocking=False)
    try:
        lock.acquire()
    except Timeout as error:
        raise UsageError(f"another process is adding to {path}", busy_remedy) from error
    try:
        with path.open("ab+", buffering=0) as file:
            tighten(path)
            file.seek(0)
            file.truncate(len(whole_lines(file.read())))
            yield LineFile(file)
    finally:
        lock.release()


def not_written(path: object, error: OSError) -> AssistantError:
    """The error for people that stands for a failed writing of a run."""
    remedy = "free some space, or make it writable; the same command goes on where it stopped"
    return AssistantError(f"{path} cannot be written: {error.strerror or error}", remedy)


def read_lines(path: Path, kind: TypeAdapter[Line], remedy: str) -> Iterator[tuple[str, Line]]:
    """(place, line) of every whole line.

    Raises:
        InputError: a line is not of this kind; names file, line and field.
    """
    for number, text in enumerate(whole_lines(path.read_bytes()).splitlines(), start=1):
        place = f"{path}:{number}"
        try:
            yield place, kind.validate_json(text)
        except ValidationError as error:
            raise field_error(error, place, remedy) from error
