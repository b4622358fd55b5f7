"""An encrypted way to a server on loopback, with a certificate that nobody else has signed."""

import asyncio
import shutil
import ssl
import subprocess
import threading
from collections.abc import Iterator
from concurrent.futures import Future
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest


def make_certificate(folder: Path) -> tuple[Path, Path]:
    """A certificate for ``localhost`` and its key; the test is skipped where OpenSSL's command is missing."""
    if shutil.which("openssl") is None:
        pytest.skip("needs the command openssl to make a certificate")
    certificate, key = folder / "certificate.pem", folder / "key.pem"
    command = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=localhost"]
    command += ["-addext", "subjectAltName=DNS:localhost", "-keyout", str(key), "-out", str(certificate)]
    subprocess.run(command, check=True, capture_output=True)
    return certificate, key


@contextmanager
def tls_proxy(port: int, certificate: Path, key: Path) -> Iterator[int]:
    """Lets encrypted connections through to a port; gives the port that takes them."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    listening: Future[int] = Future()
    stop = asyncio.Event()
    loops: list[asyncio.AbstractEventLoop] = []

    async def serve() -> None:
        loops.append(asyncio.get_running_loop())
        server = await asyncio.start_server(lambda *client: _both_ways(port, *client), "localhost", 0, ssl=context)
        listening.set_result(int(server.sockets[0].getsockname()[1]))
        await stop.wait()
        server.close()

    thread = threading.Thread(target=lambda: asyncio.run(serve()))
    thread.start()
    try:
        yield listening.result()
    finally:
        loops[0].call_soon_threadsafe(stop.set)
        thread.join()


async def _both_ways(port: int, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    there, back = await asyncio.open_connection("127.0.0.1", port)
    with suppress(asyncio.CancelledError):  # the proxy ends
        await asyncio.gather(_copy(reader, back), _copy(there, writer))
    for end in (back, writer):
        end.close()
        with suppress(OSError):
            await end.wait_closed()


async def _copy(source: asyncio.StreamReader, target: asyncio.StreamWriter) -> None:
    with suppress(OSError):  # either side may hang up at any time
        while data := await source.read(65536):
            target.write(data)
            await target.drain()
        target.close()
