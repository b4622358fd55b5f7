"""A cassette: a folder of recorded replies of chat models, which can be played back.

replies.jsonl   a reply a line, found by the digest of its request; of two with one digest the last counts
requests.jsonl  requests that wait for a reply, each once

A request is the model's name, the messages and the JSON schema; how a reply is sampled is no part of it. Lines are
added whole and under a lock, so that several processes may record; a line that was cut off counts as not written.
"""

import os
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Literal, TypeVar

from filelock import FileLock
from pydantic import ValidationError

from assistant.cassettes.lines import Reply, Request, Waiting, append, fault, whole_lines
from assistant.settings import Settings
from index.errors import CassetteMissError, InputError, PendingReplyError, SettingError
from index.private import FILE_MODE, private_file, private_folder

Kind = TypeVar("Kind", Reply, Waiting)
Mode = Literal["record", "replay", "pending"]
REPLIES, REQUESTS, LOCK = "replies.jsonl", "requests.jsonl", ".lock"
MISSING = (
    "Record it (ASSISTANT_CASSETTE_MODE=record), or have it written down to be answered "
    "(ASSISTANT_CASSETTE_MODE=pending). The model's name (ASSISTANT_MODEL) is part of a request."
)
WAITING = "Answer it (assistant cassette import FILE), then run the same command again."


class Cassette:
    """The replies in a folder; may be used from several threads and processes. Playing writes nothing there.

    Its methods raise `SettingError` where a file cannot be read or written, or a line is broken; names it.
    """

    def __init__(self, folder: Path, mode: Mode = "replay") -> None:
        self.folder = folder
        self.mode = mode
        self._replies: dict[str, Reply] = {}
        self._bytes_read = self._lines_read = 0
        self._guard = threading.Lock()

    @property
    def plays(self) -> bool:
        """Whether replies come from the folder alone, and no model is asked."""
        return self.mode != "record"

    @property
    def requests_path(self) -> Path:
        return self.folder / REQUESTS

    def reply_to(self, request: Request) -> Reply:
        """The reply to a request.

        Raises:
            CassetteMissError: there is none; with mode ``pending`` `PendingReplyError`, and it is written down.
        """
        if (found := self.replies().get(request.digest)) is not None:
            return found
        if self.mode == "pending":
            self._write_down(request)
            raise PendingReplyError(f"the request {request.digest} waits for a reply in {self.requests_path}", WAITING)
        problem = f"the cassette {self.folder} has no reply of {request.model} to the request {request.digest}"
        raise CassetteMissError(problem, MISSING)

    def replies(self) -> Mapping[str, Reply]:
        """Digest → reply, with what other processes have added meanwhile."""
        path = self.folder / REPLIES
        with self._guard, self._usable():
            if not path.exists():
                return {}
            with path.open("rb") as file:
                if file.seek(0, os.SEEK_END) < self._bytes_read:  # somebody has put another file there
                    self._replies, self._bytes_read, self._lines_read = {}, 0, 0
                file.seek(self._bytes_read)
                data = whole_lines(file.read())
            for number, line in enumerate(data.splitlines(), start=self._lines_read + 1):
                reply = self._read(Reply, line, f"{path}:{number}")
                self._replies[reply.digest] = reply
            self._bytes_read += len(data)
            self._lines_read += data.count(b"\n")
            return dict(self._replies)

    def add(self, *replies: Reply) -> None:
        """Keep replies, on the disk when this returns; requests that are answered by them wait no more."""
        known = self.replies()
        new = [reply for reply in replies if not reply.says_as(known.get(reply.digest))]
        with self._held():
            append(self.folder / REPLIES, (f"{reply.model_dump_json()}\n".encode() for reply in new))
            lines = self._request_lines()
            answered = {reply.digest for reply in replies} | known.keys()
            left = [line for line, waiting in lines if waiting.digest not in answered]
            if len(left) < len(lines):
                with private_file(self.requests_path) as file:
                    file.writelines(left)

    def waiting(self) -> Mapping[str, str]:
        """Digest → model of the requests that wait for a reply, in the order in which they were made."""
        with self._usable():
            lines, answered = self._request_lines(), self.replies()
        return {waiting.digest: waiting.model for _, waiting in lines if waiting.digest not in answered}

    def _write_down(self, request: Request) -> None:
        with self._held():
            path = self.requests_path
            if not path.exists() or request.digest.encode() not in path.read_bytes():
                append(path, [request.line])

    def _request_lines(self) -> list[tuple[bytes, Waiting]]:
        path = self.requests_path
        data = whole_lines(path.read_bytes()) if path.exists() else b""
        lines = enumerate(data.splitlines(keepends=True), start=1)
        return [(line, self._read(Waiting, line, f"{path}:{number}")) for number, line in lines]

    @staticmethod
    def _read(kind: type[Kind], line: bytes, place: str) -> Kind:
        try:
            return kind.model_validate_json(line)
        except ValidationError as error:
            raise SettingError(f"{place}: {fault(error)}", "Correct the line, or take it out.") from error

    @contextmanager
    def _held(self) -> Iterator[None]:
        """Keep other processes from writing; the folder is made."""
        with self._usable():
            if not self.folder.is_dir():
                private_folder(self.folder)
            with FileLock(self.folder / LOCK, mode=FILE_MODE):
                yield

    @contextmanager
    def _usable(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            problem = f"the cassette {self.folder} cannot be used: {error.strerror or error}"
            raise SettingError(problem, "Correct ASSISTANT_CASSETTE.") from error


def cassette_of(settings: Settings) -> Cassette | None:
    """The cassette that the settings name; nothing is read yet."""
    return None if settings.cassette is None else Cassette(settings.cassette, settings.cassette_mode)


def import_replies(cassette: Cassette, file: Path, tell: Callable[[InputError], None], *, force: bool = False) -> int:
    """Add the replies in a file of JSON lines; lines that cannot be taken are told, and the rest is added.

    Args:
        force: take replies to requests that nobody has made, and in place of other replies.

    Returns:
        How many replies were taken.

    Raises:
        InputError: the file cannot be read.
    """
    try:
        lines = file.read_bytes().splitlines()
    except OSError as error:
        raise InputError(f"{file}: {error.strerror}", "give a file of JSON lines with digest and reply") from error
    taken: dict[str, Reply] = dict(cassette.replies())
    waiting = cassette.waiting()
    found: list[Reply] = []
    for number, line in enumerate(lines, start=1):
        if not line.strip():
            continue
        try:
            reply = _importable(line, taken, waiting, force=force)
        except ValueError as fault:
            tell(InputError(f"{file}:{number}: {fault}"))
        else:
            taken[reply.digest] = reply
            found.append(reply)
    cassette.add(*found)
    return len(found)


def _importable(line: bytes, taken: Mapping[str, Reply], waiting: Mapping[str, str], *, force: bool) -> Reply:
    """The reply of a line; a ValueError says why it cannot be taken."""
    try:
        reply = Reply.model_validate_json(line)
    except ValidationError as error:
        raise ValueError(fault(error)) from error
    earlier = taken.get(reply.digest)
    if earlier is None and reply.digest not in waiting and not force:
        raise ValueError(f"no request with the digest {reply.digest} waits; --force takes it all the same")
    if earlier is not None and not reply.says_as(earlier) and not force:
        raise ValueError(f"the request {reply.digest} has another reply already; --force replaces it")
    model = reply.model or waiting.get(reply.digest, "")
    return reply.model_copy(update={"model": model, "imported": True})
