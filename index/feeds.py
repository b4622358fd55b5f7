"""Articles from RSS and Atom: one for each entry."""

import re
from collections.abc import Iterator, Mapping
from io import BytesIO
from typing import Any

from index.errors import InputError
from index.visible import shown_text

# Atomic: a comment ends at its first -->, and where no end of the feed follows, nothing is tried again.
_END = re.compile(rb"</(?:rss|feed|rdf:RDF|\w+:(?:rss|feed|RDF))\s*+>\s*+(?><!--.*?-->\s*+)*+\Z", re.DOTALL)
_ENTRY_END = re.compile(rb"</(?:\w+:)?(?:item|entry)\s*>")
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

    if not data.startswith(_WIDE):
        data = data.translate(_BLANKED)  # an XML parser gives up at the first of them
    headers = {"content-type": f"application/xml; charset={charset}"} if charset else {}
    # Sanitizing would take away the attributes that say what is hidden, and we keep no markup anyway.
    feed = feedparser.parse(BytesIO(data), sanitize_html=False, resolve_relative_uris=False, response_headers=headers)
    if not feed.version and not feed.entries:
        raise InputError(f"{place}: not an RSS or Atom feed", "give the address or file of a feed, or a web page")
    entries = list(feed.entries)
    cut = feed.bozo and not _END.search(data[-_TAIL_BYTES:].rstrip(b"\0 \r\n\t"))
    if half := cut and len(_ENTRY_END.findall(data)) < len(entries):
        del entries[-1:]  # nobody knows how much of it is missing
    source = _line(feed.feed, "title")
    for number, entry in enumerate(entries, start=1):
        yield {"#": f"{place}: entry {number}", **_fields(entry), "source": source}
    if cut:
        line = getattr(feed.bozo_exception, "getLineNumber", lambda: None)()
        where = f"{place}:{line}" if line else place
        yield InputError(
            f"{where}: the feed ends early{'; its last entry is left out' if half else ''}", "fetch the feed again"
        )


def _fields(entry: Any) -> dict[str, object]:
    contents = [*entry.get("content", ()), entry.get("summary_detail", {})]
    text = next((text for content in contents if (text := _plain(content))), "")
    authors = [person.get("name", "") for person in entry.get("authors", ())]
    return {
        "id": entry.get("id", ""),
        "url": entry.get("link", ""),
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
    return shown_text(value) if content.get("type") in _MARKUP else value.strip()
