"""Connects only to machines of the public network, and only until a deadline, however slowly bytes arrive."""

import ipaddress
import socket
from collections.abc import Iterable
from ssl import SSLContext
from time import monotonic
from typing import Any

from httpcore2 import ConnectError, NetworkBackend, NetworkStream, ReadTimeout, SyncBackend

from index.errors import InputError

# From IANA's registries of special addresses (RFC 6890), for what Python's ``is_global`` says differs between versions.
_NOT_PUBLIC = tuple(
    map(
        ipaddress.ip_network,
        """
        0.0.0.0/8 10.0.0.0/8 100.64.0.0/10 127.0.0.0/8 169.254.0.0/16 172.16.0.0/12 192.0.0.0/24 192.0.2.0/24
        192.168.0.0/16 198.18.0.0/15 198.51.100.0/24 203.0.113.0/24 224.0.0.0/3
        2001::/23 2001:db8::/32 2002::/16 3fff::/20
        """.split(),
    )
)
_PUBLIC_V6 = ipaddress.IPv6Network("2000::/3")  # all that was given out; Teredo and 6to4 are excepted above
# The last 32 bits are the address that these lead to: IPv4-mapped addresses, and NAT64 of RFC 6052.
_BRIDGES = (ipaddress.IPv6Network("::ffff:0:0/96"), ipaddress.IPv6Network("64:ff9b::/96"))
_ISATAP = (0x00005EFE, 0x02005EFE)  # RFC 5214: before the IPv4 address of a machine within an organisation


def is_public(address: str) -> bool:
    """Whether an IP address belongs to the public network, and the one that it is a bridge to as well."""
    found: ipaddress.IPv4Address | ipaddress.IPv6Address = ipaddress.ip_address(address.partition("%")[0])
    if isinstance(found, ipaddress.IPv6Address):
        if any(found in bridge for bridge in _BRIDGES):
            found = ipaddress.IPv4Address(int(found) & 0xFFFFFFFF)
        elif found not in _PUBLIC_V6 or int(found) >> 32 & 0xFFFFFFFF in _ISATAP:
            return False
    return not any(found in network for network in _NOT_PUBLIC)


class CheckedNetwork(NetworkBackend):
    """Looks a name up once, checks every address that it has, and connects to one of these.

    Args:
        place: what is fetched, for messages.
        deadline: when everything ends, on the monotonic clock, in seconds.
        private: whether machines of the private network and this machine may be asked.
    """

    def __init__(self, place: str, deadline: float, *, private: bool) -> None:
        self._place = place
        self._deadline = deadline
        self._private = private

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> NetworkStream:
        """Connect to the first address that answers.

        Raises:
            InputError: one of the host's addresses is private.
            ConnectError: none answers.
        """
        failure = ConnectError(f"{host} has no address")
        for address in self._addresses(host, port):
            try:
                left = _left(self._deadline, timeout)
                stream = SyncBackend().connect_tcp(address, port, left, local_address, socket_options)
                return _TimedStream(stream, self._deadline)
            except ConnectError as error:
                failure = error
        raise failure

    def _addresses(self, host: str, port: int) -> tuple[str, ...]:
        try:
            found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
        except OSError as error:
            raise ConnectError(f"{host} is not known: {error.strerror or error}") from error
        addresses = tuple(dict.fromkeys(str(info[4][0]) for info in found))
        barred = next((address for address in addresses if not is_public(address)), None)
        if barred and not self._private:
            problem = f"{self._place}: {host} is a machine of this or the private network ({barred})"
            raise InputError(problem, "if you trust it, allow it with Reading.private")
        return addresses


class _TimedStream(NetworkStream):
    def __init__(self, inner: NetworkStream, deadline: float) -> None:
        self._inner = inner
        self._deadline = deadline

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        return self._inner.read(max_bytes, _left(self._deadline, timeout))

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        self._inner.write(buffer, _left(self._deadline, timeout))

    def close(self) -> None:
        self._inner.close()

    def start_tls(
        self, ssl_context: SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> NetworkStream:
        left = _left(self._deadline, timeout)
        return _TimedStream(self._inner.start_tls(ssl_context, server_hostname, left), self._deadline)

    def get_extra_info(self, info: str) -> Any:
        return self._inner.get_extra_info(info)


def _left(deadline: float, timeout: float | None) -> float:
    remaining = deadline - monotonic()
    if remaining <= 0:
        raise ReadTimeout("the time is over")
    return remaining if timeout is None else min(timeout, remaining)
