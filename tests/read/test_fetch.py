"""Web addresses: what a server gives is read within bounds, and only machines of the public network are asked."""

import gzip
import socket
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from index.articles import Article
from index.errors import InputError
from index.formats.limits import MAX_DOWNLOAD_BYTES, MAX_REDIRECTS
from index.read.fetch import Fetcher, is_address, without_password
from index.read.public_network import is_public
from index.read.readers import Reader, Reading
from tests.files import ATOM, PAGE, RSS, pdf

CONTENTS = {
    "/ferry": ("text/html; charset=utf-8", PAGE.encode()),
    "/latin": ("text/html; charset=ISO-8859-1", b"<html><body><p>The caf\xe9 is shut for good.</p></body></html>"),
    "/news.rss": ("application/rss+xml", RSS.encode()),
    "/feed": ("text/xml", ATOM.encode()),
    "/report.pdf": ("application/octet-stream", pdf([["The ferry sails."]])),
    "/rows.csv": ("text/csv", b"title,text\nFerry,It sails.\n"),
    "/lines.jsonl.gz": ("application/gzip", gzip.compress(b'{"text": "It sails."}')),
    "/data": ("application/json", b'[{"text": "It sails."}]'),
    "/picture": ("image/png", b"\x89PNG\r\n\x1a\n\0\0"),
    "/empty": ("text/html", b""),
}


class Site(BaseHTTPRequestHandler):
    """A site with articles, redirects and servers that do not want to end."""

    hosts: list[str]

    def do_GET(self) -> None:
        site = type(self)
        site.hosts.append(self.headers["Host"])
        name, _, rest = self.path[1:].partition("/")
        if self.path in CONTENTS:
            kind, content = CONTENTS[self.path]
            self._answer(200, {"Content-Type": kind, "Content-Length": str(len(content))}, content)
        elif name == "redirect":
            self._answer(302, {"Location": f"/redirect/{int(rest) - 1}" if int(rest) else "/ferry"})
        elif name == "to":
            self._answer(301, {"Location": rest})
        elif name == "status":
            self._answer(int(rest), {"Content-Length": "0"})
        elif name == "zipped":
            self._answer(200, {"Content-Encoding": rest}, gzip.compress(PAGE.encode()))
        elif name == "endless":
            self._stream(b"x" * 1_000_000, 0)
        elif name == "drip":
            self._stream(b"x", 0.02)
        else:
            self._answer(404, {})

    def _answer(self, status: int, headers: dict[str, str], content: bytes = b"") -> None:
        self.send_response(status)
        for header, value in headers.items():
            self.send_header(header, value)
        self.end_headers()
        self.wfile.write(content)

    def _stream(self, block: bytes, seconds: float) -> None:
        """Write without end, until the client has gone."""
        self._answer(200, {"Content-Type": "text/html"})
        pause = threading.Event()
        try:
            while True:
                self.wfile.write(block)
                pause.wait(seconds)
        except OSError:
            self.close_connection = True

    def log_message(self, *_: object) -> None:
        """Say nothing on standard error."""


@pytest.fixture(scope="module")
def site() -> Iterator[str]:
    handler = type("OneSite", (Site,), {"hosts": []})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()
    thread.join()


def problem_of(address: str, *, private: bool = True, seconds: float = 30) -> str:
    with pytest.raises(InputError) as raised:
        Fetcher(private=private, seconds=seconds).fetch(address)
    assert raised.value.remedy
    assert raised.value.problem.startswith(f"{address}: ")
    return raised.value.problem.removeprefix(f"{address}: ")


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ("/latin", "The café is shut for good."),
        ("/feed", "The dredger came."),
        ("/report.pdf", "The ferry sails."),
        ("/rows.csv", "It sails."),
        ("/lines.jsonl.gz", "It sails."),
        ("/data", "It sails."),
        ("/to//data", "It sails."),
    ],
)
def test_what_a_server_gives_is_read(site: str, path: str, text: str) -> None:
    with Reader(Reading(private=True)) as reader:
        (article,) = reader.read(reader.find([site + path]).items)
    assert isinstance(article, Article)
    assert article.text == text


def test_the_address_is_the_identity_and_the_page_it_led_to_the_url(site: str) -> None:
    with Reader(Reading(private=True)) as reader:
        (article,) = reader.read([f"{site}/redirect/1"])
    assert isinstance(article, Article)
    assert (article.id, article.url) == (f"{site}/redirect/1", f"{site}/ferry")
    assert article.title == "Ferry returns to Brackwater"


def test_redirects_are_bounded(site: str) -> None:
    assert Fetcher(private=True).fetch(f"{site}/redirect/{MAX_REDIRECTS - 1}").url == f"{site}/ferry"
    assert problem_of(f"{site}/redirect/{MAX_REDIRECTS}") == f"redirected more than {MAX_REDIRECTS} times"


@pytest.mark.parametrize(
    ("path", "said"),
    [
        ("/none", "status 404"),
        ("/status/500", "status 500"),
        ("/status/304", "status 304"),
        ("/zipped/br", "compresses with br"),
        ("/endless", f"longer than {MAX_DOWNLOAD_BYTES / 1e6:.1f} MB"),
        ("/to/ftp://127.0.0.1/", "'ftp://127.0.0.1/' is not a web address"),
        ("/to/file:///etc/hostname", "'file:///etc/hostname' is not a web address"),
        ("/to/http://[", "is not a web address"),
        ("/to/http://127.0.0.1:1/", "cannot be fetched"),
    ],
)
def test_what_a_server_does_not_give_is_said(site: str, path: str, said: str) -> None:
    assert said in problem_of(site + path)


def test_compressed_answers_are_expanded(site: str) -> None:
    with Reader(Reading(private=True)) as reader:
        (article,) = reader.read([f"{site}/zipped/gzip"])
    assert isinstance(article, Article)


def test_time_is_bounded_however_slowly_bytes_drip(site: str) -> None:
    assert problem_of(f"{site}/drip", seconds=0.3) == "not fetched within 0.3 s"


def test_a_server_that_accepts_and_says_nothing_is_left() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        address = f"http://127.0.0.1:{server.getsockname()[1]}/"
        assert problem_of(address, seconds=0.3) == "not fetched within 0.3 s"


@pytest.mark.parametrize("address", ["http://", "https:///x", "http://a b", "http://x:99999/", "http://.../"])
def test_what_is_no_address_is_said(address: str) -> None:
    assert "is not a web address" in problem_of(address)
    assert is_address(address)


# The private network


@pytest.mark.parametrize(
    "address",
    [
        *(
            "127.0.0.1",
            "127.8.8.8",
            "0.0.0.0",
            "10.0.0.1",
            "172.16.0.1",
            "192.168.1.1",
            "169.254.169.254",
            "100.64.0.1",
        ),
        *("224.0.0.1", "240.0.0.1", "255.255.255.255", "198.18.0.1", "192.0.2.1", "::", "::1", "fe80::1", "fe80::1%1"),
        *("fc00::1", "ff02::1", "::ffff:127.0.0.1", "::ffff:10.0.0.1", "64:ff9b::7f00:1", "64:ff9b::a00:1"),
        *("2002:7f00:1::", "2001:db8::1", "2002:c0a8:101::1"),
        # They only look public: local NAT64, IPv4-compatible, site-local, protocol assignments, 6to4, Teredo, ISATAP.
        *("64:ff9b:1::7f00:1", "64:ff9b:1::808:808", "::127.0.0.1", "::8.8.8.8", "fec0::1", "feff::1"),
        *("192.0.0.1", "192.0.0.9", "192.0.0.170", "::ffff:192.0.0.9", "64:ff9b::c000:9", "2002:808:808::1"),
        *("2001:0:a9fe:a9fe::1", "2001::f5ff:fffe", "2606:4700::5efe:10.0.0.1", "2606:4700::200:5efe:7f00:1"),
        *("2606:4700::5efe:808:808", "100::1", "5f00::1", "3fff::1", "2001:20::1", "2001:2::1", "::ffff:0:127.0.0.1"),
    ],
)
def test_addresses_of_the_private_network(address: str) -> None:
    assert not is_public(address)


@pytest.mark.parametrize("address", ["1.1.1.1", "8.8.8.8", "2606:4700::1111", "::ffff:8.8.8.8", "64:ff9b::808:808"])
def test_addresses_of_the_public_network(address: str) -> None:
    assert is_public(address)


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "2130706433", "0x7f000001", "127.1", "0"])
def test_this_machine_is_not_asked_by_any_name(site: str, host: str, monkeypatch: pytest.MonkeyPatch) -> None:
    found = socket.getaddrinfo
    monkeypatch.setattr(socket, "getaddrinfo", look_up(lambda _: "127.0.0.1") if host != "127.0.0.1" else found)
    port = site.rpartition(":")[2]
    problem = problem_of(f"http://{host}:{port}/ferry", private=False)
    assert problem == f"{host} is a machine of this or the private network (127.0.0.1)"


def look_up(answer: Callable[[int], str]) -> Callable[..., list[tuple[object, ...]]]:
    """A name server that counts how often it is asked."""
    asked = 0

    def getaddrinfo(host: object, port: int, *_: object, **__: object) -> list[tuple[object, ...]]:
        nonlocal asked
        asked += 1
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (answer(asked), port))]

    return getaddrinfo


def test_the_name_is_looked_up_once_and_what_was_checked_is_asked(site: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A name server that gives a public address first and a private one then wins nothing."""
    monkeypatch.setattr(socket, "getaddrinfo", look_up(lambda asked: "192.88.99.1" if asked == 1 else "127.0.0.1"))
    connected: list[object] = []

    def connect(address: tuple[str, int], *_: object, **__: object) -> socket.socket:
        connected.append(address[0])
        raise ConnectionRefusedError("nobody there")

    monkeypatch.setattr(socket, "create_connection", connect)
    assert "cannot be fetched" in problem_of("http://news.example/", private=False)
    assert connected == ["192.88.99.1"]


def test_a_redirect_into_the_private_network_is_refused(site: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Only the first machine is taken for a public one here, as nothing else can be asked in a test."""
    port = site.rpartition(":")[2]
    monkeypatch.setattr("index.read.public_network.is_public", lambda address: address == "127.0.0.1")
    assert Fetcher().fetch(f"{site}/ferry").data == PAGE.encode()
    problem = problem_of(f"{site}/to/http://127.0.0.2:{port}/ferry", private=False)
    assert problem == "127.0.0.2 is a machine of this or the private network (127.0.0.2)"


def test_one_private_address_among_others_is_enough(monkeypatch: pytest.MonkeyPatch) -> None:
    def both(host: object, port: int, *_: object, **__: object) -> list[tuple[object, ...]]:
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (ip, port)) for ip in ("192.88.99.1", "10.0.0.1")]

    monkeypatch.setattr(socket, "getaddrinfo", both)
    assert problem_of("http://news.example/", private=False).endswith("private network (10.0.0.1)")


# Passwords


@pytest.mark.parametrize(
    ("address", "shown"),
    [
        ("https://reader:hidden@host/x", "https://host/x"),
        ("https://reader:hid/den@host/x", "https://host/x"),
        ("https://reader:hid#den@host/x", "https://host/x"),
        ("https://reader:hid@den@host/x", "https://host/x"),
        ("https://hidden@host", "https://host"),
        ("https://host/@user/1", "https://host/@user/1"),
        ("https://host:8080/@user?by=a@b", "https://host:8080/@user?by=a@b"),
        ("-", "-"),
        ("folder//reader@home", "folder//reader@home"),
    ],
)
def test_user_and_password_are_taken_out_of_addresses(address: str, shown: str) -> None:
    assert without_password(address) == shown


def test_a_password_in_an_address_is_neither_shown_nor_kept(site: str) -> None:
    address = site.replace("http://", "http://reader:hidden@")
    with Reader(Reading(private=True)) as reader:
        items = list(reader.read([f"{address}/ferry", f"{address}/gone", f"{address}/to/ftp://host/"]))
    assert isinstance(items[0], Article)
    assert items[0].id == f"{site}/ferry"
    assert all(isinstance(item, InputError) for item in items[1:])
    assert "hidden" not in repr(items)
    assert "hidden" not in "".join(map(str, items))
