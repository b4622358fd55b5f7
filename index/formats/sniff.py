"""Detects the format of a file by its first bytes, and by its name where the bytes do not decide."""

import json
import re
from collections.abc import Mapping
from enum import StrEnum
from pathlib import PurePath
from types import MappingProxyType


class Kind(StrEnum):
    """The formats that can be read; the values are their names for people."""

    TEXT = "text"
    MARKDOWN = "markdown"
    HTML = "html"
    PDF = "pdf"
    JSONL = "jsonl"
    JSON = "json"
    CSV = "csv"
    FEED = "feed"


SUFFIXES: Mapping[str, Kind] = MappingProxyType(
    {
        ".atom": Kind.FEED,
        ".csv": Kind.CSV,
        ".htm": Kind.HTML,
        ".html": Kind.HTML,
        ".json": Kind.JSON,
        ".jsonl": Kind.JSONL,
        ".markdown": Kind.MARKDOWN,
        ".md": Kind.MARKDOWN,
        ".ndjson": Kind.JSONL,
        ".pdf": Kind.PDF,
        ".rss": Kind.FEED,
        ".tsv": Kind.CSV,
        ".txt": Kind.TEXT,
        ".xhtml": Kind.HTML,
        ".xml": Kind.FEED,
    }
)
CONTENT_TYPES: Mapping[str, Kind] = MappingProxyType(
    {
        "application/atom+xml": Kind.FEED,
        "application/json": Kind.JSON,
        "application/jsonl": Kind.JSONL,
        "application/pdf": Kind.PDF,
        "application/rdf+xml": Kind.FEED,
        "application/rss+xml": Kind.FEED,
        "application/x-ndjson": Kind.JSONL,
        "application/xhtml+xml": Kind.HTML,
        "text/csv": Kind.CSV,
        "text/html": Kind.HTML,
        "text/markdown": Kind.MARKDOWN,
        "text/tab-separated-values": Kind.CSV,
    }
)
GZIP_SUFFIX = ".gz"
GZIP_MAGIC = b"\x1f\x8b"
PDF_MAGIC = b"%PDF-"
SNIFFED_BYTES = 8192
# The header of a PDF may stand anywhere in its first 1024 bytes: ISO 32000-1, annex H, implementation note 13.
PDF_HEADER_BYTES = 1024

# Of a page or feed: what may stand before the first element.
_PROLOGUE = re.compile(
    rb"(?:\s+|<\?[^>]*>|<!--.*?-->|<!(?!doctype\s+html)[^\[>]*(?:\[[^\]]*\]\s*)?>)*", re.DOTALL | re.I
)
_PAGE = re.compile(rb"<(?:!doctype\s+html|html|head|body|title|meta)\b", re.I)
_FEED = re.compile(rb"<(?:rss|feed|rdf:RDF)\b")
_JSON_START = re.compile(rb"\[\s*\{\s*\"|\{\s*\"|\[\s*\]")
_MARKS = {b"\xef\xbb\xbf": "utf-8", b"\xff\xfe": "utf-16-le", b"\xfe\xff": "utf-16-be"}


def kind_by_name(name: str) -> Kind | None:
    """What the last suffix but ``.gz`` says."""
    path = PurePath(name)
    return SUFFIXES.get((path.with_suffix("") if path.suffix.lower() == GZIP_SUFFIX else path).suffix.lower())


def sniff(head: bytes, expected: Kind | None) -> Kind | None:
    """The kind of a file.

    Args:
        head: its first bytes, uncompressed, as many as there are up to ``SNIFFED_BYTES``.
        expected: what its name, or the server that it comes from, says.

    Returns:
        None when it is nothing that can be read.
    """
    start = _as_utf8(head).lstrip(b"\xef\xbb\xbf \t\r\n\v\f")
    if start.startswith(PDF_MAGIC) or (expected is Kind.PDF and PDF_MAGIC in head[:PDF_HEADER_BYTES]):
        return Kind.PDF
    if marked_up := _markup(start):
        return marked_up
    if expected in {Kind.JSON, Kind.JSONL} or (expected is None and start[:1] in {b"{", b"["}):
        return _json_kind(start, expected or Kind.JSONL)
    if expected is Kind.CSV and _JSON_START.match(start):
        return _json_kind(start, Kind.JSON if start.startswith(b"[") else Kind.JSONL)
    if expected is not None:
        return expected
    if b"\0" in start:
        return None
    return Kind.MARKDOWN if start.startswith(b"---\n") else Kind.TEXT


def _as_utf8(head: bytes) -> bytes:
    for mark, encoding in _MARKS.items():
        if head.startswith(mark):
            return head[len(mark) :].decode(encoding, "ignore").encode("utf-8", "ignore")
    return head


def _markup(start: bytes) -> Kind | None:
    if not start.startswith(b"<"):
        return None
    prologue = _PROLOGUE.match(start)
    element = start[prologue.end() :] if prologue else start
    return Kind.FEED if _FEED.match(element) else Kind.HTML if _PAGE.match(element) else None


def _json_kind(start: bytes, expected: Kind) -> Kind:
    """JSON Lines where the first line is an object of its own and another follows; JSON where it cannot be one."""
    line, ended, rest = start.partition(b"\n")
    if line.strip() in {b"{", b"["} or start.startswith(b"["):
        return Kind.JSON
    if not ended:  # longer than what was looked at, or the only line
        return expected
    return Kind.JSONL if _is_object(line) and rest.strip() else expected


def _is_object(line: bytes) -> bool:
    try:
        return isinstance(json.loads(line), dict)
    except (ValueError, RecursionError):
        return False
