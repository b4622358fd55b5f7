"""Opens files, standard input and web addresses as documents, uncompressed and with bounded size."""

import gzip
import io
import sys
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, cast

from index.errors import InputError
from index.formats.decoding import storable
from index.formats.limits import ALWAYS_EXPANDED_BYTES, MAX_EXPANSION, MAX_STREAM_BYTES, megabytes
from index.formats.sniff import CONTENT_TYPES, GZIP_MAGIC, SNIFFED_BYTES, Kind, kind_by_name, sniff
from index.read.fetch import Fetcher, is_address

STANDARD_INPUT = "-"
_BUFFER_BYTES = 1 << 16


@dataclass(frozen=True, slots=True)
class Document:
    """An open document.

    Attributes:
        name: how messages call it.
        kind: None when it is nothing that can be read.
        id: the identity of its article, when it holds one that states none.
        url: the address that it came from.
        charset: what a server says about its encoding.
    """

    name: str
    stream: io.BufferedReader
    kind: Kind | None
    id: str
    url: str = ""
    charset: str = ""

    def read(self, limit: int) -> bytes:
        """All of it.

        Raises:
            InputError: it is longer than ``limit`` bytes.
        """
        data = self.stream.read(limit + 1)
        if len(data) > limit:
            problem = f"{self.name}: longer than the {megabytes(limit)} that are read of such a file"
            raise InputError(problem, "split it into articles, for example as JSON Lines")
        return data


@contextmanager
def open_document(source: str | Path, fetcher: Fetcher, kind: Kind | None = None) -> Iterator[Document]:
    """Open a file, standard input (``-``) or a web address; what gzip compressed is expanded.

    Args:
        kind: what it is, when that need not be found out.

    Raises:
        InputError: there is no such thing, it is empty, or a server does not give it.
        OSError: the file cannot be read.
    """
    if source == STANDARD_INPUT:
        stream = _expanded(cast("BinaryIO", sys.stdin.buffer), "standard input")
        yield Document("standard input", stream, kind or _kind(stream, None), "")
    elif isinstance(source, str) and is_address(source):
        fetched = fetcher.fetch(source)
        stream = _expanded(io.BytesIO(fetched.data), source)
        expected = CONTENT_TYPES.get(fetched.content_type) or kind_by_name(fetched.path)
        yield Document(source, stream, kind or _kind(stream, expected), source, fetched.url, fetched.charset)
    else:
        path = Path(source)
        with path.open("rb", buffering=0) as file:
            stream = _expanded(cast("BinaryIO", file), str(path))
            identity = f"file:{storable(path.resolve().as_posix())}"
            yield Document(str(path), stream, kind or _kind(stream, kind_by_name(path.name)), identity)


def _kind(stream: io.BufferedReader, expected: Kind | None) -> Kind | None:
    return sniff(stream.peek(SNIFFED_BYTES)[:SNIFFED_BYTES], expected)


def _expanded(file: BinaryIO, name: str) -> io.BufferedReader:
    raw = _Bounded(file, name)
    stream: io.BufferedReader = io.BufferedReader(raw, _BUFFER_BYTES)
    if not stream.peek(1):
        raise InputError(f"{name}: empty", "leave it out")
    if not stream.peek(len(GZIP_MAGIC)).startswith(GZIP_MAGIC):
        return stream
    inner: io.BufferedReader = io.BufferedReader(_Expanded(stream, raw, name), _BUFFER_BYTES)
    head = inner.peek(len(GZIP_MAGIC))
    if not head:
        raise InputError(f"{name}: empty once it is expanded", "leave it out")
    if head.startswith(GZIP_MAGIC):
        raise InputError(f"{name}: a gzip file inside a gzip file", "expand it once")
    return inner


class _Bounded(io.RawIOBase):
    """A stream that ends with an error where it becomes longer than any article.

    A pipe gives little at a time; this gives as much as it is asked for, as far as there is so much.
    """

    def __init__(self, file: BinaryIO, name: str) -> None:
        self._file = file
        self._name = name
        self.count = 0

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        size = 0
        while size < len(buffer) and (data := self._read(len(buffer) - size)):
            buffer[size : size + len(data)] = data
            size += len(data)
        self.count += size
        self._check()
        return size

    def _read(self, size: int) -> bytes:
        return self._file.read(size)

    def _check(self) -> None:
        if self.count > MAX_STREAM_BYTES:
            raise InputError(f"{self._name}: does not end after {megabytes(MAX_STREAM_BYTES)}", "split it")


class _Expanded(_Bounded):
    """What gzip compressed; where that is damaged, everything before it is given out first."""

    def __init__(self, file: io.BufferedReader, compressed: _Bounded, name: str) -> None:
        super().__init__(cast("BinaryIO", file), name)
        self._expander = gzip.GzipFile(fileobj=file)
        self._compressed = compressed
        self._failure: InputError | None = None

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        size = super().readinto(buffer)
        if not size and self._failure:
            raise self._failure
        return size

    def _read(self, size: int) -> bytes:
        try:
            return b"" if self._failure else self._expander.read1(size)
        except (EOFError, zlib.error, gzip.BadGzipFile) as error:
            why = "ends early" if isinstance(error, EOFError) else "is damaged"
            self._failure = InputError(f"{self._name}: the gzip file {why}", "fetch or compress it again")
            return b""

    def _check(self) -> None:
        super()._check()
        if self.count > max(ALWAYS_EXPANDED_BYTES, MAX_EXPANSION * self._compressed.count):
            problem = f"{self._name}: expands to more than {MAX_EXPANSION} times its size, as no text of people does"
            raise InputError(problem, "leave it out")
