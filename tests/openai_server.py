"""A real HTTP server on loopback that speaks the OpenAI protocol in scripted ways."""

import json
import select
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any, Self


@dataclass(frozen=True, slots=True)
class Request:
    """What a client sent."""

    path: str
    headers: dict[str, str]
    body: dict[str, Any]

    @property
    def prompt(self) -> str:
        return "\n".join(f"{message['role']}: {message['content']}" for message in self.body["messages"])


@dataclass(frozen=True, slots=True)
class Streamed:
    """A chat completion sent as server-sent events.

    Attributes:
        pieces: texts of the content events.
        usage: the ``usage`` object of the event after the last one.
        refusal: text sent as a refusal instead of content.
        error: an error event sent after the pieces, in place of an ending.
        cut: drop the connection after the pieces.
        hang: say nothing more after the pieces, and keep the connection open.
    """

    pieces: Sequence[str] = ()
    finish: str = "stop"
    usage: dict[str, Any] | None = None
    refusal: str = ""
    error: dict[str, Any] | None = None
    cut: bool = False
    hang: bool = False

    def events(self) -> list[dict[str, Any]]:
        deltas: list[dict[str, Any]] = [{"role": "assistant", "content": ""}]
        deltas += [{"content": piece} for piece in self.pieces]
        if self.refusal:
            deltas.append({"refusal": self.refusal})
        events = [self._event([{"index": 0, "delta": delta, "finish_reason": None}]) for delta in deltas]
        if self.error is not None:
            return [*events, {"error": self.error}]
        if self.cut or self.hang:
            return events
        events.append(self._event([{"index": 0, "delta": {}, "finish_reason": self.finish}]))
        return [*events, {**self._event([]), "usage": self.usage}] if self.usage else events

    @staticmethod
    def _event(choices: list[dict[str, Any]]) -> dict[str, Any]:
        return {"id": "c1", "object": "chat.completion.chunk", "created": 1, "model": "m", "choices": choices}


@dataclass(frozen=True, slots=True)
class Plain:
    """Any HTTP reply; a dict becomes JSON."""

    status: int
    body: dict[str, Any] | str = field(default_factory=dict)
    headers: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Raw:
    """Bytes as they are, in pieces, without a length: the end of the connection is the end of the reply.

    Attributes:
        promised: a length that is told and not kept, so that the reply seems to be cut.
    """

    pieces: Sequence[bytes]
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    promised: int | None = None


@dataclass(frozen=True, slots=True)
class Silence:
    """No reply at all until the server is closed."""


Reply = Streamed | Plain | Raw | Silence


def failure(status: int, message: str, *, code: str | None = None, param: str | None = None) -> Plain:
    """An error in OpenAI's form; the client is told to retry, where it does, without waiting."""
    body = {"error": {"message": message, "type": code or "error", "code": code, "param": param}}
    return Plain(status, body, {"retry-after-ms": "1"})


def vectors(*rows: Sequence[float]) -> Plain:
    """A reply of ``/embeddings``, in reverse order, as the protocol's ``index`` allows."""
    data = [{"object": "embedding", "index": index, "embedding": list(row)} for index, row in enumerate(rows)]
    return Plain(200, {"object": "list", "model": "m", "data": data[::-1]})


class OpenAIServer:
    """Serves scripted replies and records requests.

    Args:
        script: replies to POST requests, in order; the last one repeats.
        answer: makes the reply from the request instead.
        models: names under ``/models``; None answers 404 there.
    """

    def __init__(
        self,
        *script: Reply,
        answer: Callable[[Request], Reply] | None = None,
        models: Sequence[str] | None = None,
    ) -> None:
        self.requests: list[Request] = []
        self.closing = threading.Event()
        self.hung_up = threading.Event()
        self.models = models
        self._script = script
        self._answer = answer
        self._http = _Server(("127.0.0.1", 0), _Handler)
        self._http.scripted = self
        self._thread = threading.Thread(target=self._http.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)

    @property
    def base_url(self) -> str:
        return f"http://127.0.0.1:{self._http.server_address[1]}/v1"

    def reply_to(self, request: Request) -> Reply:
        self.requests.append(request)
        if self._answer is not None:
            return self._answer(request)
        return self._script[min(len(self.requests), len(self._script)) - 1]

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.closing.set()
        self._http.shutdown()
        self._http.server_close()
        self._thread.join()


class _Server(ThreadingHTTPServer):
    scripted: OpenAIServer
    daemon_threads = True

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that hangs up is part of the tests."""


class _Handler(BaseHTTPRequestHandler):
    server: _Server
    protocol_version = "HTTP/1.1"

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the base class's name
        """Tests read `OpenAIServer.requests` instead."""

    def do_GET(self) -> None:
        models = self.server.scripted.models
        if models is None or not self.path.endswith("/models"):
            self._send(failure(404, "Not Found"))
            return
        data = [{"id": name, "object": "model", "created": 1, "owned_by": "test"} for name in models]
        self._send(Plain(200, {"object": "list", "data": data}))

    def do_POST(self) -> None:
        content = self.rfile.read(int(self.headers["Content-Length"]))
        body = json.loads(content) if self.headers["Content-Type"] == "application/json" else {}
        headers = {name.lower(): value for name, value in self.headers.items()}
        reply = self.server.scripted.reply_to(Request(self.path, headers, body))
        if isinstance(reply, Silence):
            self._hang()
        elif isinstance(reply, Plain):
            self._send(reply)
        elif isinstance(reply, Raw):
            self._send_raw(reply)
        else:
            self._stream(reply)

    def _hang(self) -> None:
        while not self.server.scripted.closing.wait(0.02):
            # Readable without a request on its way: the client has closed the connection.
            if select.select([self.connection], [], [], 0)[0]:
                self.server.scripted.hung_up.set()
                break
        self.close_connection = True

    def _send(self, reply: Plain) -> None:
        text = reply.body if isinstance(reply.body, str) else json.dumps(reply.body)
        content = text.encode()
        self.send_response(reply.status)
        kind = "text/html" if isinstance(reply.body, str) else "application/json"
        for name, value in {"Content-Type": kind, "Content-Length": str(len(content)), **reply.headers}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(content)

    def _send_raw(self, reply: Raw) -> None:
        self.send_response(reply.status)
        told = {} if reply.promised is None else {"Content-Length": str(reply.promised)}
        for name, value in {"Connection": "close", **told, **reply.headers}.items():
            self.send_header(name, value)
        self.end_headers()
        self.close_connection = True
        for piece in reply.pieces:
            self.wfile.write(piece)
            self.wfile.flush()

    def _stream(self, reply: Streamed) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream")
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        for event in reply.events():
            self._chunk(f"data: {json.dumps(event)}\n\n")
        if reply.hang:
            self._hang()
        elif reply.cut:
            self.close_connection = True
        else:
            self._chunk("data: [DONE]\n\n")
            self._chunk("")

    def _chunk(self, text: str) -> None:
        content = text.encode()
        self.wfile.write(f"{len(content):x}\r\n".encode() + content + b"\r\n")
        self.wfile.flush()
