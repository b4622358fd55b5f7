"""A package index on the loopback interface: counts what is fetched, and can hold a wheel back in the middle."""

import hashlib
import io
import select
import threading
import time
import zipfile
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

HELD_SECONDS = 60  # then a held client is let go, so that a test fails and does not hang


@dataclass
class PackageIndex:
    """What the index offers, what was asked of it, and the wheel it holds back.

    Attributes:
        stalled: distribution whose wheels are sent only half until ``released`` is set.
        reached: set when a client is being held.
        hung_up: set when a held client closes its connection.
    """

    url: str = ""
    wheels: dict[str, bytes] = field(default_factory=dict)
    requests: Counter[str] = field(default_factory=Counter)
    stalled: str = ""
    reached: threading.Event = field(default_factory=threading.Event)
    released: threading.Event = field(default_factory=threading.Event)
    hung_up: threading.Event = field(default_factory=threading.Event)

    def add(self, distribution: str, members: dict[str, bytes]) -> str:
        """Builds a wheel, offers it, and gives the line that pins it."""
        wheel = self.wheels[_file_name(distribution)] = _wheel(distribution, members)
        return f"{distribution}==1.0 --hash=sha256:{hashlib.sha256(wheel).hexdigest()}\n"

    def fetched(self, distribution: str) -> int:
        """How often the wheel of a distribution was asked for."""
        return self.requests[_file_name(distribution)]

    def holds_back(self, name: str) -> bool:
        return bool(self.stalled) and name == _file_name(self.stalled)


@contextmanager
def package_index() -> Iterator[PackageIndex]:
    """Serves an empty index until the block ends."""
    index = PackageIndex()
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(_Handler, index))
    server.daemon_threads = True
    index.url = f"http://127.0.0.1:{server.server_address[1]}/simple"
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield index
    finally:
        index.released.set()
        server.shutdown()
        server.server_close()
        thread.join()


class _Handler(BaseHTTPRequestHandler):
    def __init__(self, index: PackageIndex, *arguments: Any) -> None:
        self.index = index
        super().__init__(*arguments)

    def do_GET(self) -> None:
        name = self.path.rstrip("/").rpartition("/")[2]
        if name.endswith(".whl"):
            self.index.requests[name] += 1
            self._send(self.index.wheels[name], held=self.index.holds_back(name))
            return
        wheels = [wheel for wheel in self.index.wheels if wheel.startswith(f"{name.replace('-', '_')}-")]
        links = "".join(f'<a href="/files/{wheel}">{wheel}</a>' for wheel in wheels)
        self._send(f"<!DOCTYPE html><html><body>{links}</body></html>".encode(), held=False)

    def _send(self, body: bytes, *, held: bool) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "text/html")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        half = len(body) // 2
        self.wfile.write(body[:half])
        if not held or self._is_released():
            self.wfile.write(body[half:])

    def _is_released(self) -> bool:
        self.index.reached.set()
        patience = time.monotonic() + HELD_SECONDS
        while not self.index.released.wait(0.05) and time.monotonic() < patience:
            readable, _, _ = select.select([self.connection], [], [], 0)
            if readable and self._hung_up():
                self.index.hung_up.set()
                return False
        return True

    def _hung_up(self) -> bool:
        try:
            return not self.connection.recv(1)
        except ConnectionResetError:  # a client that is killed with bytes unread says it so
            return True

    def log_message(self, format: str, *arguments: Any) -> None:  # noqa: A002 - the base class's name
        """Says nothing."""


def _file_name(distribution: str) -> str:
    return f"{distribution.replace('-', '_')}-1.0-py3-none-any.whl"


def _wheel(distribution: str, members: dict[str, bytes]) -> bytes:
    information = f"{distribution.replace('-', '_')}-1.0.dist-info"
    files = {
        **members,
        f"{information}/METADATA": f"Metadata-Version: 2.1\nName: {distribution}\nVersion: 1.0\n".encode(),
        f"{information}/WHEEL": b"Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
    }
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as archive:
        for name, data in files.items():
            archive.writestr(name, data)
        archive.writestr(f"{information}/RECORD", "".join(f"{name},,\n" for name in files))
    return content.getvalue()
