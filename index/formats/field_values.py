"""Knows the names that exports use for the fields of an article, and turns field values into plain text."""

import re
from collections.abc import Iterator, Mapping
from html import unescape
from types import MappingProxyType

from index.formats.html_visible import shown_text

# Our field → names that others give it, compared without capitals, blanks, hyphens and underscores; the first that has
# a value counts. Newest first of each kind: what the full text is called, then what only holds its beginning.
NAMES: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "id": ("id", "guid", "_id", "uuid", "article_id"),
        "title": ("title", "headline", "web_title", "heading"),
        "source": ("source", "publisher", "publication", "source_name", "site_name", "outlet", "newspaper", "domain"),
        "url": ("url", "link", "web_url", "permalink", "source_url", "href"),
        "author": ("author", "authors", "byline", "creator", "writer"),
        "published": (
            "published", "date", "published_at", "date_published", "pub_date", "published_date", "publish_date",
            "publication_date", "web_publication_date", "release_date", "posted_at", "created_at", "datetime",
            "timestamp",
        ),
        "tags": ("tags", "keywords", "categories", "category", "section", "topics", "subjects"),
        "text": (
            "text", "body", "content", "article_body", "full_text", "body_text", "content_text", "body_html",
            "content_html", "html", "article", "story", "paragraphs", "fields.body_text", "fields.body", "maintext",
            "description", "summary", "abstract", "excerpt", "lead_paragraph",
        ),
    }
)  # fmt: skip
# Where an object keeps what it is about: {"source": {"id": null, "name": "Courier"}}, {"title": {"rendered": "…"}}.
_INNER = (
    "name",
    "title",
    "rendered",
    "main",
    "text",
    "value",
    "content",
    "html",
    "label",
    "#text",
    "$t",
    "$oid",
    "$date",
)
_INNER_TEXT = (
    "text",
    "content",
    "html",
    "rendered",
    "value",
    "body",
    "paragraphs",
    "blocks",
    "children",
    "data",
    "#text",
)
MAX_DEPTH = 8  # objects within each other

_MARKUP = re.compile(r"</[a-z][a-z0-9]{0,15}\s*>|<(?:br|p|img|hr)\b[^<>]{0,2000}>|<!--|<!\[CDATA\[", re.I)
_CUT = re.compile(r"\s{0,3}\[\+\d{1,9} chars\]\s{0,3}\Z")  # what newsapi.org puts where it leaves out the rest
_REFERENCE = re.compile(r"&(?:#\d{1,7}|#x[0-9a-f]{1,6}|[a-z][a-z0-9]{1,31});", re.I)


def plain_line(value: object) -> str | None:
    """The one line that a value holds: several are joined by commas; empty for nothing, None for what is no text."""
    texts = list(_texts(value, _INNER, MAX_DEPTH))
    return None if None in texts else ", ".join(line for text in texts if (line := _unmarked(str(text)).strip()))


def plain_text(value: object) -> str | None:
    """The text that a value holds, with its paragraphs; empty for nothing, None for what is no text."""
    if isinstance(value, str):
        return _CUT.sub("", _unmarked(value))
    if isinstance(value, bool | int | float):
        return None
    texts = list(_texts(value, _INNER_TEXT, MAX_DEPTH))
    return None if None in texts else "\n\n".join(text for each in texts if (text := _unmarked(str(each)).strip()))


def folded_name(name: str) -> str:
    """A name of a field without what its writers vary."""
    return re.sub(r"[\s_-]", "", name.strip().strip("\ufeff")).casefold() or name


def _texts(value: object, inner: tuple[str, ...], depth: int) -> Iterator[str | None]:
    """The texts within a value, in order; None for what is none."""
    if value is None or value in ({}, []):
        return
    if depth == 0 or isinstance(value, bool):
        yield None
    elif isinstance(value, str | int | float):
        yield str(value)
    elif isinstance(value, list):
        for item in value:
            yield from _texts(item, inner, depth - 1)
    elif isinstance(value, Mapping):
        found = next((value[name] for name in inner if value.get(name) not in (None, "")), None)
        yield from _texts(found, inner, depth - 1) if found is not None else [None]
    else:
        yield None


def _unmarked(text: str) -> str:
    """A text without the markup of pages, which many exports hold."""
    if _MARKUP.search(text):
        return shown_text(text)
    return unescape(text) if _REFERENCE.search(text) else text
