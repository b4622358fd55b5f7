"""Conversations kept in the user's data folder, for ``assistant chat --resume``; only the user can read them."""

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path

import platformdirs
from pydantic import TypeAdapter, ValidationError

from assistant.render.transcript import Transcript
from assistant.settings import APPLICATION
from index.errors import AssistantError, InputError
from index.hits import Hit
from index.private import FILE_MODE, private_file, private_folder, tighten

MOST_KEPT = 50  # conversations of one index; older ones are deleted


def history_file() -> Path:
    """The file of typed lines, made when it is missing.

    Raises:
        AssistantError: it cannot be made.
    """
    file = _private_folder("chat") / "history"
    with _keeping(file):
        file.touch(FILE_MODE)
        tighten(file)
    return file


def save_conversation(transcript: Transcript, index: Path) -> Path:
    """Keep a conversation, in place of its earlier state; the file is whole at every moment.

    Raises:
        AssistantError: it cannot be written.
    """
    folder = _private_folder("chat", _name_of(index))
    file = folder / f"{transcript.started.replace(':', '')}.json"
    with _keeping(file):
        with private_file(file) as out:
            out.write(_adapter().dump_json(transcript))
        for old in _by_use(folder)[:-MOST_KEPT]:
            old.unlink()
    return file


def error_file(trace: str) -> Path:
    """Keep the trace of a fault of the program, in place of the one before, so that it can be reported.

    Raises:
        AssistantError: it cannot be written.
    """
    file = _private_folder("chat") / "last-fault.txt"
    with _keeping(file), private_file(file) as out:
        out.write(trace.encode("utf-8", "backslashreplace"))
    return file


def last_conversation(index: Path) -> Transcript | None:
    """The conversation about this index that went on last; None when there is none.

    Raises:
        InputError: its file cannot be read.
    """
    files = _by_use(platformdirs.user_data_path(APPLICATION) / "chat" / _name_of(index))
    if not files:
        return None
    try:
        return _adapter().validate_json(files[-1].read_bytes())
    except (OSError, ValidationError) as error:
        raise InputError(
            f"the last conversation cannot be read: {files[-1]}", "delete that file, or chat without --resume"
        ) from error


@cache
def _adapter() -> TypeAdapter[Transcript]:
    adapter = TypeAdapter(Transcript)
    adapter.rebuild(_types_namespace={"Hit": Hit})  # what the annotations name without importing it
    return adapter


def _by_use(folder: Path) -> list[Path]:
    """Files of conversations, the one that was written last at the end."""
    return sorted(folder.glob("*.json"), key=lambda file: (file.stat().st_mtime_ns, file.name))


def _name_of(index: Path) -> str:
    return hashlib.sha256(str(index.resolve()).encode()).hexdigest()[:16]


def _private_folder(*names: str) -> Path:
    folder = platformdirs.user_data_path(APPLICATION)
    for name in names:
        folder /= name
        with _keeping(folder):
            private_folder(folder)
    return folder


@contextmanager
def _keeping(place: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise AssistantError(
            f"the conversation cannot be kept in {place}: {error.strerror}", "make that folder writable, or /save FILE"
        ) from error
