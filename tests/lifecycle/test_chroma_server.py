"""Vectors on a real Chroma server: as in a folder, through its death and return, and apart from other indexes."""

import socket
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from threading import Thread
from typing import ClassVar

import httpx
import pytest

from index.articles import Article
from index.embed.local import Embedder
from index.errors import AuthenticationError, IndexStateError, ServiceError, UnreachableError
from index.library import Library
from index.lifecycle.commit import CATALOG
from index.store.chroma import DATABASE
from index.store.chroma_server import NOTE, Server
from tests.chroma_server import ChromaServer
from tests.lifecycle.test_library import ARTICLES
from tests.parts import NEWSROOM, Loaded, Run
from tests.tls_proxy import make_certificate, tls_proxy

OnServer = Callable[[Path, ChromaServer | Server | None], Library]


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ChromaServer]:
    server = ChromaServer(tmp_path_factory.mktemp("server") / "data")
    server.start()
    yield server
    server.kill()


@pytest.fixture
def mortal(tmp_path: Path) -> Iterator[ChromaServer]:
    server = ChromaServer(tmp_path / "server")
    server.start()
    yield server
    server.kill()


@pytest.fixture
def on_server(embedder: Embedder) -> Iterator[OnServer]:
    """Makes libraries with their vectors on a server, or in the folder; all are closed in the end."""
    with ExitStack() as stack:

        def make(folder: Path, server: ChromaServer | Server | None) -> Library:
            where = Server(server.url) if isinstance(server, ChromaServer) else server
            library = Library(folder, Loaded(embedder), server=where)
            stack.callback(library.close)
            return library

        yield make


def collections(server: ChromaServer) -> list[str]:
    path = "/api/v2/tenants/default_tenant/databases/default_database/collections"
    return sorted(collection["name"] for collection in httpx.get(server.url + path).json())


def found(library: Library, question: str) -> list[str]:
    return [hit.chunk.article.id for hit in library.search(question, k=3, candidates=9).hits]


def test_articles_are_added_changed_and_removed(tmp_path: Path, on_server: OnServer, shared: ChromaServer) -> None:
    library = on_server(tmp_path / "index", shared)
    local = on_server(tmp_path / "local", None)
    for one in (library, local):
        one.add(ARTICLES)
        one.add([Article("wolf", "A wolf", text="The wolf has left Brackwater again.")])
        one.remove(["ferry"])
    for question in ("Who saw the wolf?", "How did the council of Vellin vote?", "What did the ferry strike?"):
        ours, theirs = (one.search(question, k=9, candidates=9).hits for one in (library, local))
        assert [(hit.chunk, hit.fused) for hit in ours] == [(hit.chunk, hit.fused) for hit in theirs]
    assert library.check().problems == ()
    assert not list((tmp_path / "index").rglob(DATABASE))
    assert list(library.get(["wolf"])) != []


def test_two_indexes_on_one_server_do_not_mix(tmp_path: Path, on_server: OnServer, shared: ChromaServer) -> None:
    one, other = (on_server(tmp_path / name, shared) for name in ("one", "other"))
    one.add([Article("same", text="The ferry struck the wall.")])
    other.add([Article("same", text="A wolf was seen."), Article("more", text="The vote was lost.")])
    assert found(one, "What struck the wall?") == ["same"]
    assert sorted(found(other, "What struck the wall?")) == ["more", "same"]
    one.remove(["same"])
    assert other.check().problems == ()
    assert other.search("What was seen?", k=1, candidates=9).hits[0].chunk.text == "A wolf was seen."


def test_an_open_reader_sees_what_others_write_and_a_rebuilt_index(
    tmp_path: Path, on_server: OnServer, shared: ChromaServer
) -> None:
    before = set(collections(shared))
    reader, writer = (on_server(tmp_path / "index", shared) for _ in range(2))
    writer.add(ARTICLES)
    assert found(reader, "Who saw the wolf?")[0] == "wolf"
    writer.add([Article("train", text="The train to Tolle was late.")])
    assert found(reader, "Which train was late?")[0] == "train"
    (old,) = set(collections(shared)) - before
    writer.rebuild()
    (new,) = set(collections(shared)) - before
    assert new != old  # and the old one is deleted
    assert found(reader, "Which train was late?")[0] == "train"


def test_the_server_dies_and_comes_back(tmp_path: Path, on_server: OnServer, mortal: ChromaServer, run: Run) -> None:
    library = on_server(tmp_path / "index", mortal)
    library.add(ARTICLES)
    assert found(library, "Who saw the wolf?")[0] == "wolf"
    mortal.kill()
    for use in (library, on_server(tmp_path / "index", mortal)):
        with pytest.raises(UnreachableError) as died:
            found(use, "Who saw the wolf?")
        assert died.value.problem == f"{mortal.url}: nothing listens there"
        with pytest.raises(UnreachableError):
            use.add([Article("late", text="This comes too late.")])
    outcome = run("index", "check", "--index", tmp_path / "index")
    assert (outcome.status, len(outcome.err.splitlines())) == (1, 2)
    mortal.start()
    assert found(library, "Who saw the wolf?")[0] == "wolf"
    library.add([Article("late", text="This comes in time.")])
    assert found(library, "What comes in time?")[0] == "late"
    assert library.check().problems == ()


def test_a_server_that_lost_its_data_is_filled_from_the_catalog(
    tmp_path: Path, on_server: OnServer, mortal: ChromaServer
) -> None:
    library = on_server(tmp_path / "index", mortal)
    library.add(ARTICLES)
    mortal.kill()
    mortal.folder = tmp_path / "empty"
    mortal.start()
    assert found(library, "Who saw the wolf?")[0] == "wolf"
    assert library.check().problems == ()
    assert len(collections(mortal)) == 1


def test_vectors_move_to_a_server_and_back_when_the_index_is_rebuilt(
    tmp_path: Path, on_server: OnServer, shared: ChromaServer
) -> None:
    before, folder = collections(shared), tmp_path / "index"
    local, remote = on_server(folder, None), on_server(folder, shared)
    local.add(ARTICLES)
    with pytest.raises(IndexStateError, match="the settings ask for the Chroma server"):
        found(remote, "Who saw the wolf?")
    assert remote.rebuild().chunks == 0  # nothing is embedded again
    assert found(remote, "Who saw the wolf?")[0] == "wolf"
    assert not list(folder.rglob(DATABASE))
    with pytest.raises(IndexStateError, match="on a Chroma server, and the settings name none"):
        local.check()
    local.close()
    assert local.rebuild().chunks == 0
    assert found(local, "Who saw the wolf?")[0] == "wolf"
    assert [path.parent.name for path in folder.rglob(NOTE)] == ["vectors-2"]  # cannot be deleted without the server
    assert local.check().problems == ()
    assert len(collections(shared)) == len(before) + 1


class _Refusing(BaseHTTPRequestHandler):
    """Answers everything with the status that its path begins with, and notes the headers."""

    seen: ClassVar[list[tuple[str | None, str | None]]] = []

    def do_GET(self) -> None:
        self.seen.append((self.headers["Authorization"], self.headers["X-Chroma-Token"]))
        self.send_response(int(self.path.split("/")[1]))
        self.end_headers()
        self.wfile.write(b"no")

    def log_message(self, *_: object) -> None:
        pass


@pytest.mark.parametrize(
    ("status", "error", "problem"),
    [
        (401, AuthenticationError, "did not accept the token"),
        (403, AuthenticationError, "did not accept the token"),
        (404, ServiceError, "there is no Chroma server of version 1 at"),
        (410, ServiceError, "there is no Chroma server of version 1 at"),
        (503, ServiceError, r"failed \(HTTP 503\): no"),
    ],
)
def test_a_server_that_refuses_is_told_in_one_line(
    tmp_path: Path, on_server: OnServer, status: int, error: type[ServiceError], problem: str
) -> None:
    with HTTPServer(("127.0.0.1", 0), _Refusing) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        url = f"http://127.0.0.1:{server.server_port}/{status}"
        library = on_server(tmp_path / "index", Server(url, "secret-token"))
        with pytest.raises(error, match=problem) as refused:
            library.add(ARTICLES)
        server.shutdown()
    assert "secret" not in str(refused.value)
    assert "\n" not in refused.value.problem
    assert _Refusing.seen[-1] == ("Bearer secret-token", "secret-token")


class _SomethingElse(BaseHTTPRequestHandler):
    """Answers with what the address begins with; from the version on, as a server of another make might."""

    replies: ClassVar[dict[str, tuple[str, str]]] = {
        "page": ("<html>hello</html>", "<html>hello</html>"),
        "number": ("7", "7"),
        "other": ('{"status": "ok"}', '"2.0"'),
        "old": ('{"nanosecond heartbeat": 1}', '"0.6.3"'),
        "shape": ('{"nanosecond heartbeat": 1}', '"1.5.9"'),
    }

    def do_GET(self) -> None:
        length = int(self.headers.get("Content-Length") or 0)
        self.rfile.read(length)
        beat, version = self.replies[self.path.split("/")[1]]
        self.send_response(200)
        self.end_headers()
        self.wfile.write((beat if self.path.endswith("heartbeat") else version).encode())

    do_POST = do_GET  # noqa: N815

    def log_message(self, *_: object) -> None:
        pass


@pytest.mark.parametrize(
    ("kind", "why"),
    [
        ("page", "what answers there is something else"),
        ("number", "what answers there is something else"),
        ("other", "what answers there is something else"),
        ("old", "it is of version 0.6.3"),
        ("shape", r"it answers with something else \(\w+\)"),
    ],
)
def test_something_else_at_the_address_is_told(tmp_path: Path, on_server: OnServer, kind: str, why: str) -> None:
    with HTTPServer(("127.0.0.1", 0), _SomethingElse) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        url = f"http://127.0.0.1:{server.server_port}/{kind}"
        library = on_server(tmp_path / "index", Server(url))
        with pytest.raises(ServiceError, match=rf"there is no Chroma server of version 1 at {url}: {why}"):
            library.add(ARTICLES)
        server.shutdown()


def test_a_server_that_is_silent_is_given_up(tmp_path: Path, on_server: OnServer) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"http://127.0.0.1:{silent.getsockname()[1]}"
        library = on_server(tmp_path / "index", Server(url, timeout_seconds=0.2))
        with pytest.raises(ServiceError, match=r"did not answer within 0\.2 seconds"):
            library.add(ARTICLES)


def test_the_settings_name_the_server(
    tmp_path: Path, shared: ChromaServer, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ASSISTANT_CHROMA_URL", shared.url)
    monkeypatch.setenv("ASSISTANT_CHROMA_TOKEN", "token-0123456789-secret")
    outcome = run("index", "add", next(NEWSROOM.iterdir()), "--index", tmp_path / "index")
    assert (outcome.status, outcome.err) == (0, "")
    assert list((tmp_path / "index").rglob(NOTE))
    assert (tmp_path / "index" / CATALOG).is_file()
    shown = run("config").out
    assert shared.url in shown
    assert "token-0123456789-secret" not in shown


def test_an_encrypted_connection_needs_a_certificate_that_is_trusted(
    tmp_path: Path, shared: ChromaServer, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    certificate, key = make_certificate(tmp_path)
    article, before = next(NEWSROOM.iterdir()), collections(shared)
    with tls_proxy(shared.port, certificate, key) as port:
        monkeypatch.setenv("ASSISTANT_CHROMA_URL", f"https://localhost:{port}")
        refused = run("index", "add", article, "--index", tmp_path / "refused")
        assert refused.status == 1
        assert "certificate" in refused.err
        assert collections(shared) == before
        monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
        added = run("index", "add", article, "--index", tmp_path / "index")
        assert (added.status, added.err) == (0, "")
        assert run("index", "check", "--index", tmp_path / "index").status == 0
