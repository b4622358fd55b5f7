"""Remembers which settings files the user trusts, until one byte of a file changes."""

import hashlib
from pathlib import Path

import platformdirs

from index.errors import AssistantError
from index.private import private_file, private_folder

APPLICATION = "news-assistant"


def is_trusted(path: Path, content: bytes) -> bool:
    """Whether the user trusts this file with this content; another place or a changed byte is another file."""
    try:
        return _record(path).read_text(encoding="utf-8").splitlines()[:1] == [_digest(content)]
    except (FileNotFoundError, UnicodeDecodeError):
        return False
    except OSError as error:
        raise _unusable(path, error) from error


def trust(path: Path, content: bytes) -> None:
    """Note that the user trusts this file with this content, in place of what was noted of it before.

    Raises:
        AssistantError: the note cannot be written.
    """
    record = _record(path)
    try:
        private_folder(record.parent)
        with private_file(record) as file:
            file.write(f"{_digest(content)}\n{path.resolve()}\n".encode("utf-8", "surrogateescape"))
    except OSError as error:
        raise _unusable(path, error) from error


def distrust(path: Path) -> bool:
    """Forget that a file is trusted; whether it was.

    Raises:
        AssistantError: the note cannot be removed.
    """
    try:
        _record(path).unlink()
    except FileNotFoundError:
        return False
    except OSError as error:
        raise _unusable(path, error) from error
    return True


def _record(path: Path) -> Path:
    name = hashlib.sha256(str(path.resolve()).encode("utf-8", "surrogateescape")).hexdigest()
    return platformdirs.user_data_path(APPLICATION) / "trusted" / name


def _digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def _unusable(path: Path, error: OSError) -> AssistantError:
    folder = _record(path).parent
    return AssistantError(f"{folder}: what is trusted cannot be noted or read: {error.strerror}", "make it writable")
