"""Fetches web documents: bounded in size, time and redirects, and only from the public network.

An address that a colleague gives may lead to a machine behind the firewall, by its name, by a redirect, or by a name
server that changes its mind (server-side request forgery). So the machine is checked where the connection is made,
after its name was looked up, and the connection goes to exactly the address that was checked.
"""

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from email.message import Message
from time import monotonic
from typing import TYPE_CHECKING
from urllib.parse import quote, urldefrag, urljoin, urlsplit, urlunsplit

from index.errors import InputError
from index.formats.limits import DOWNLOAD_SECONDS, MAX_DOWNLOAD_BYTES, MAX_REDIRECTS, SILENCE_SECONDS, megabytes

if TYPE_CHECKING:
    from httpcore2 import Response

SCHEMES = ("http", "https")
REDIRECTS = frozenset({301, 302, 303, 307, 308})
_ACCEPT = "text/html, application/xhtml+xml, application/rss+xml, application/atom+xml, application/pdf, */*;q=0.5"
_AGENT = "news-assistant"
_HOST = re.compile(r"[\w.:%-]+", re.ASCII)
_SAFE = "/%:=&?~#+!$,;'@()*[]"


@dataclass(frozen=True, slots=True)
class Fetched:
    """What a server gave.

    Attributes:
        url: where it came from after redirects.
        content_type: in lower case, without parameters; empty when the server says none.
    """

    url: str
    data: bytes
    content_type: str = ""
    charset: str = ""

    @property
    def path(self) -> str:
        return urlsplit(self.url).path


def is_address(source: str) -> bool:
    """Whether this is a web address and no path."""
    return source.lower().startswith(tuple(f"{scheme}://" for scheme in SCHEMES))


def without_password(address: str) -> str:
    """A web address without user name and password, which are neither sent nor kept; anything else as it is."""
    return _without_login(address) if is_address(address) else address


def _without_login(address: str) -> str:
    head, slashes, rest = address.partition("//")
    host = re.split(r"[/?#]", rest, maxsplit=1)[0]
    if not slashes or "@" not in rest:
        return address
    # Where a slash or the like stands in the password, the host ends later than a parser thinks.
    inside = ":" in host and not host.rpartition(":")[2].isdigit()
    end = host.rindex("@") if "@" in host else rest.index("@") if inside else -1
    return f"{head}{slashes}{rest[end + 1 :]}"


class Fetcher:
    """Fetches documents, one after another, without proxy.

    Args:
        private: whether machines of the private network and this machine may be asked.
        seconds: most seconds for one document, redirects included.
    """

    def __init__(self, *, private: bool = False, seconds: float = DOWNLOAD_SECONDS) -> None:
        self._private = private
        self._seconds = seconds

    def fetch(self, address: str) -> Fetched:
        """The document at an address.

        Raises:
            InputError: the address is none or not allowed, or the server does not give the document within the bounds.
        """
        deadline = monotonic() + self._seconds
        place = without_password(address)
        url = _normal(address, place)
        for _ in range(MAX_REDIRECTS + 1):
            with self._answer(url, place, deadline) as response:
                headers = {name.decode().lower(): value.decode("latin-1") for name, value in response.headers}
                if response.status in REDIRECTS and "location" in headers:
                    url = _normal(headers["location"], place, url)
                    continue
                return _fetched(response, headers, url, place)
        raise InputError(f"{place}: redirected more than {MAX_REDIRECTS} times", "give the address that it leads to")

    @contextmanager
    def _answer(self, url: str, place: str, deadline: float) -> "Iterator[Response]":
        import httpcore2

        from index.read.public_network import CheckedNetwork

        timeout = dict.fromkeys(("connect", "read", "write", "pool"), SILENCE_SECONDS)
        host = urlsplit(url).netloc
        headers = [("Host", host), ("User-Agent", _AGENT), ("Accept", _ACCEPT), ("Accept-Encoding", "identity")]
        network = CheckedNetwork(place, deadline, private=self._private)
        try:
            with (
                httpcore2.ConnectionPool(network_backend=network) as pool,
                pool.stream("GET", url, headers=headers, extensions={"timeout": timeout}) as response,
            ):
                yield response
        except httpcore2.TimeoutException as error:
            late = f"not fetched within {self._seconds:g} s" if monotonic() >= deadline else "the server falls silent"
            raise InputError(f"{place}: {late}", "try again later") from error
        except (httpcore2.NetworkError, httpcore2.ProtocolError, httpcore2.UnsupportedProtocol) as error:
            detail = " ".join(str(error).split()) or type(error).__name__
            raise InputError(f"{place}: cannot be fetched: {detail}", "check the address and the network") from error


def _normal(address: str, place: str, base: str = "") -> str:
    """The address, seen from another one, in ASCII, without user, password and fragment."""
    try:
        parts = urlsplit(urldefrag(urljoin(base, address.strip())).url)
        host, port = parts.hostname or "", parts.port
        if parts.scheme not in SCHEMES or not host:
            raise ValueError("no http or https address")
        name = host if ":" in host else host.encode("idna").decode("ascii")
        if not _HOST.fullmatch(name):
            raise ValueError("no name of a machine")
    except ValueError as error:  # UnicodeError is one
        shown = _without_login(address)[:200]
        raise InputError(f"{place}: {shown!r} is not a web address", "write https://host/path") from error
    shown = f"[{name}]" if ":" in name else name
    netloc = shown if port is None else f"{shown}:{port}"
    return urlunsplit((parts.scheme, netloc, quote(parts.path or "/", _SAFE), quote(parts.query, _SAFE), ""))


def _fetched(response: "Response", headers: Mapping[str, str], url: str, place: str) -> Fetched:
    if response.status != 200:
        raise InputError(f"{place}: the server answers with status {response.status}", "check the address")
    encoding = headers.get("content-encoding", "identity").lower()
    if encoding not in {"identity", "gzip", "x-gzip", ""}:
        raise InputError(f"{place}: the server compresses with {encoding}", "fetch it with a browser and give the file")
    data = bytearray()
    for block in response.iter_stream():
        data += block
        if len(data) > MAX_DOWNLOAD_BYTES:
            raise InputError(f"{place}: longer than {megabytes(MAX_DOWNLOAD_BYTES)}", "fetch it and give the file")
    content = Message()
    content["content-type"] = headers.get("content-type", "")
    kind = content.get_content_type() if "content-type" in headers else ""
    return Fetched(url, bytes(data), kind, content.get_content_charset() or "")
