"""Articles from RSS and Atom: one for each entry."""

import re
from codecs import BOM_UTF8, BOM_UTF16_BE, BOM_UTF16_LE
from collections.abc import Iterator, Mapping
from html.entities import html5
from io import BytesIO
from typing import Any

from index.errors import InputError
from index.formats.decoding import decode
from index.formats.html_visible import shown_text

# Atomic: a comment ends at its first -->, and where no end of the feed follows, nothing is tried again.
_END = re.compile(rb"</(?:rss|feed|rdf:RDF|\w+:(?:rss|feed|RDF))\s*+>\s*+(?><!--.*?-->\s*+)*+\Z", re.DOTALL)
_ENTRY_END = re.compile(rb"</(?:\w+:)?(?:item|entry)\s*>")
_DECLARED = re.compile(r"\A(\s*<\?xml[^>]{0,100}?)\s+encoding=[\"'][\w.:-]*[\"']")
_CDATA = re.compile(rb"(<!\[CDATA\[.*?(?:\]\]>|\Z)|<!--.*?(?:-->|\Z)|<!DOCTYPE[^>\[]*\[.*?(?:\]\s*>|\Z))", re.DOTALL)
_AMPERSAND = re.compile(rb"&(?!(?:amp|lt|gt|quot|apos|#\d{1,7}|#x[0-9a-fA-F]{1,6});)([a-zA-Z][a-zA-Z0-9]{1,31};)?")
_MARKUP = frozenset({"text/html", "application/xhtml+xml"})
_TAIL_BYTES = 4096
_WIDE = (b"\xff\xfe", b"\xfe\xff", b"<\0", b"\0<")  # UTF-16, of which NUL bytes are a part
_BLANKED = bytes(0x20 if byte < 0x20 and byte not in b"\t\n\r" else byte for byte in range(256))


def feed_fields(data: bytes, place: str, charset: str = "") -> Iterator[Mapping[str, object] | InputError]:
    """The fields of each entry, its place in ``#``, in the feed's order; or why an entry is left out.

    The text is the entry's content, or its summary where there is none. Hidden text of it is left out, as in pages.

    Raises:
        InputError: it is no feed.
    """
    import feedparser

    data = _as_utf8(data, place)
    if not data.startswith(_WIDE):
        data = data.translate(_BLANKED)  # an XML parser gives up at the first of them
    data = _well_formed(data)
    headers = {"content-type": f"application/xml; charset={charset}"} if charset else {}
    # Sanitizing would take away the attributes that say what is hidden, and we keep no markup anyway.
    feed = feedparser.parse(BytesIO(data), sanitize_html=False, resolve_relative_uris=False, response_headers=headers)
    if not feed.version and not feed.entries:
        raise InputError(f"{place}: not an RSS or Atom feed", "give the address or file of a feed, or a web page")
    entries = list(feed.entries)
    cut = feed.bozo and not _END.search(data[-_TAIL_BYTES:].rstrip(b"\0 \r\n\t"))
    if half := cut and len(_ENTRY_END.findall(data)) < len(entries):
        del entries[-1:]  # how much of it is missing is unknown
    source = _line(feed.feed, "title")
    for number, entry in enumerate(entries, start=1):
        yield {"#": f"{place}: entry {number}", **_fields(entry), "source": source}
    if cut:
        line = getattr(feed.bozo_exception, "getLineNumber", lambda: None)()
        where = f"{place}:{line}" if line else place
        yield InputError(
            f"{where}: the feed ends early{'; its last entry is left out' if half else ''}", "fetch the feed again"
        )


def _as_utf8(data: bytes, place: str) -> bytes:
    """A feed that begins with a byte order mark, without it and without the encoding that it declares."""
    if not data.startswith((BOM_UTF8, BOM_UTF16_BE, BOM_UTF16_LE)):
        return data
    return _DECLARED.sub(r"\1", decode(data, place), count=1).encode()


def _well_formed(data: bytes) -> bytes:
    """With every ampersand that begins no reference of XML written out; without that, feedparser guesses at the feed.

    Feeds whose letters have several bytes each, as in UTF-16, stay as they are.
    """
    if b"\0" in data[:_TAIL_BYTES]:
        return data
    pieces = _CDATA.split(data)
    pieces[::2] = [_AMPERSAND.sub(_reference, piece) for piece in pieces[::2]]
    return b"".join(pieces)


def _reference(found: re.Match[bytes]) -> bytes:
    """“&#160;” for “&nbsp;”, which is one of HTML and not of XML; “&amp;” for an ampersand that is meant so."""
    known = html5.get((found[1] or b"").decode("ascii"))
    return "".join(f"&#{ord(letter)};" for letter in known).encode() if known else b"&amp;" + (found[1] or b"")


def _fields(entry: Any) -> dict[str, object]:
    contents = [*entry.get("content", ()), entry.get("summary_detail", {})]
    text = next((text for content in contents if (text := _plain(content))), "")
    authors = [person.get("name", "") for person in entry.get("authors", ())]
    return {
        "id": entry.get("id", ""),
        "url": link if ":" in (link := entry.get("link", "")) else "",  # a guid may be no address, whatever it says
        "title": _line(entry, "title"),
        "author": ", ".join(name for name in authors if name) or entry.get("author", ""),
        "published": entry.get("published", "") or entry.get("updated", ""),
        "tags": [str(tag.get("term") or "") for tag in entry.get("tags", ())],
        "text": text,
    }


def _line(values: Any, name: str) -> str:
    return " ".join(_plain(values.get(f"{name}_detail", {})).split())


def _plain(content: Mapping[str, Any]) -> str:
    value = content.get("value", "") or ""
    return shown_text(value) if content.get("type") in _MARKUP or "<![CDATA[" in value else value.strip()
