"""Connects to a Chroma server in place of Chroma's files, and explains its errors.

A folder of vectors then holds nothing but a note that names the server's collection, which no other index and no other
generation of this one has. Where the server is, the settings say: it may move.
"""

import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from http import HTTPStatus
from pathlib import Path
from shutil import disk_usage
from typing import Any
from uuid import uuid4

import httpx

from index.embed.openai_errors import Service, causes, timed_out, unreachable
from index.errors import (
    AssistantError,
    AuthenticationError,
    DamagedError,
    IndexStateError,
    ServiceError,
    SettingError,
)

NOTE = "collection.json"
SHARD = "{shard}"  # in an address
NUMBER_OF_SHARD = re.compile(r"shard-(\d{3})")
HEARTBEAT, VERSION = "/api/v2/heartbeat", "/api/v2/version"  # of Chroma 1; most earlier servers do not know them
NO_SERVER = {HTTPStatus.NOT_FOUND, HTTPStatus.METHOD_NOT_ALLOWED, HTTPStatus.GONE}


@dataclass(frozen=True, slots=True)
class Server:
    """A Chroma server.

    Attributes:
        url: its address; ``https`` for an encrypted connection. ``{shard}`` stands for the three digits of a shard,
            where each has a server of its own.
        token: sent as ``Authorization: Bearer`` and as ``X-Chroma-Token``, whichever the server reads; None sends none.
        timeout_seconds: longest silence before a request is given up.
    """

    url: str
    token: str | None = field(default=None, repr=False)
    timeout_seconds: float = 120.0

    def of(self, vectors: Path) -> "Server":
        """The server for a folder of vectors, which lies in that of its shard.

        Raises:
            SettingError: each shard is to have a server, and this is no shard.
        """
        if SHARD not in self.url:
            return self
        shard = NUMBER_OF_SHARD.match(vectors.parent.name)
        if shard is None:
            problem = f"chroma_url names a server for each shard, and the index {vectors.parent} is not divided"
            raise SettingError(problem, f"name one without {SHARD}, or divide the index: Library.reshard()")
        return replace(self, url=self.url.replace(SHARD, shard[1]))

    @property
    def headers(self) -> dict[str, str]:
        """What every request carries."""
        return {"Authorization": f"Bearer {self.token}", "X-Chroma-Token": self.token} if self.token else {}

    @property
    def service(self) -> Service:
        """As messages speak of it."""
        return Service(
            self.url,
            "",
            self.timeout_seconds,
            (self.token,) if self.token else (),
            address_setting="chroma_url",
            key_setting="chroma_token",
        )


def note_collection(folder: Path) -> str:
    """Note, before it is made, the collection that the vectors of a folder are going to be in; its name is returned."""
    name = f"news-{uuid4().hex}"
    part = folder / f"{NOTE}.part"
    part.write_text(json.dumps({"collection": name}), encoding="utf-8")
    part.replace(folder / NOTE)
    return name


def noted_collection(folder: Path) -> str | None:
    """The collection that holds the vectors of a folder; None when the folder does."""
    path = folder / NOTE
    return str(json.loads(path.read_text(encoding="utf-8"))["collection"]) if path.is_file() else None


def check_place(folder: Path, server: Server | None) -> None:
    """Refuse vectors that are elsewhere than the settings say.

    Raises:
        IndexStateError: they are on a server and none is set, or the other way round.
    """
    name = noted_collection(folder)
    if name is None and server is not None:
        problem = f"the vectors are in {folder}, the settings ask for the Chroma server {server.service.shown}"
        raise IndexStateError(problem, "unset chroma_url, or move them to the server: Library.rebuild()")
    if name is not None and server is None:
        problem = f"the vectors of {folder.parent} are on a Chroma server, and the settings name none"
        raise IndexStateError(problem, "set chroma_url, or move them into the folder: Library.rebuild()")


def await_ready(server: Server) -> None:
    """Ask once whether a Chroma server answers.

    Raises:
        ServiceError: none does, it is of another version, or it wants another token.
    """
    with explained(server):
        beat = _asked(server, HEARTBEAT)
        if not isinstance(beat, dict) or "nanosecond heartbeat" not in beat:
            raise _no_chroma(server.service, "what answers there is something else")
        version = str(_asked(server, VERSION))
        if version.partition(".")[0] == "0":  # before 1.0 servers took other requests
            raise _no_chroma(server.service, f"it is of version {version}")


def _asked(server: Server, path: str) -> object:
    reply = httpx.get(server.url.rstrip("/") + path, headers=server.headers, timeout=server.timeout_seconds)
    reply.raise_for_status()
    try:
        return reply.json()
    except ValueError as error:
        raise _no_chroma(server.service, "what answers there is something else") from error


def _no_chroma(service: Service, why: str) -> ServiceError:
    problem = f"there is no Chroma server of version 1 at {service.shown}: {why}"
    return ServiceError(problem, f"Check {service.address_setting}, or update the server.")


@contextmanager
def explained(server: Server) -> Iterator[None]:
    """Errors of the connection and of the server in words for people.

    Raises:
        ServiceError: the server cannot be reached, wants another token, or failed.
    """
    try:
        yield
    except AssistantError:
        raise
    except Exception as error:  # Chroma's client raises bare exceptions for what a server answers
        found = _explanation(error, server.service)
        if found is None:
            raise
        raise found from error


def _explanation(error: Exception, service: Service) -> ServiceError | None:
    for cause in causes(error):
        if isinstance(cause, httpx.TimeoutException):
            return timed_out(service)
        if isinstance(cause, httpx.RequestError):
            return unreachable(cause, service)
        if isinstance(cause, httpx.HTTPStatusError):
            return _refused(cause.response, service)
    # What Chroma's client says when it cannot make sense of a reply.
    if isinstance(error, ValueError | KeyError | TypeError | AttributeError):
        return _no_chroma(service, f"it answers with something else ({type(error).__name__})")
    return None


def _refused(reply: httpx.Response, service: Service) -> ServiceError:
    if reply.status_code in {HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN}:
        problem = f"the Chroma server {service.shown} did not accept the token"
        return AuthenticationError(problem, f"Set {service.key_setting} to a valid one.")
    if reply.status_code in NO_SERVER:
        return _no_chroma(service, f"it answers with HTTP {reply.status_code}")
    words = service.quote(reply.text)
    return ServiceError(f"the Chroma server {service.shown} failed (HTTP {reply.status_code}): {words}", "Try again.")


def state_error(folder: Path, message: str) -> IndexStateError:
    """What Chroma says of its files in a folder, in words for people."""
    if not folder.exists():
        return DamagedError(f"{folder} is gone", "mend it: Library.rebuild()")
    if "full" in message or "No space left" in message or disk_usage(folder).free < 1 << 20:
        return IndexStateError(f"{folder}: the disk is full", "free some space, then run the same command again")
    if "readonly" in message or "Permission denied" in message or "unable to open database" in message:
        return IndexStateError(f"cannot write to {folder}: {message}", "choose another index folder")
    return DamagedError(f"the vectors in {folder} cannot be read: {message}", "mend it: Library.rebuild()")


def close_client(client: Any) -> None:
    """Close a client, and the connections to a server that Chroma leaves open."""
    client.close()
    for part in (client, client._admin_client):
        if session := getattr(part._server, "_session", None):
            session.close()
