"""Articles from web pages: what a reader sees of the page, and of that the main text, with title, author and date."""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from copy import deepcopy
from html import escape
from typing import TYPE_CHECKING

from lxml.etree import iterwalk

from index.errors import InputError
from index.formats.dates import iso_date
from index.formats.decoding import decode
from index.formats.html_flow import paragraphed
from index.formats.html_visible import FORMATTING, QUOTES, REPLACED, LenientParser, Page

if TYPE_CHECKING:
    from lxml.etree import _Element

# A page of a newspaper has some 5,000 elements; more than this are made to keep a parser busy.
MAX_ELEMENTS = 50_000
# Elements within elements; what is deeper than this libxml2 would leave out without a word.
MAX_DEPTH = 256
MOST_STRAY = 0.05  # of a page's characters; what has more control characters is no text
_META_BYTES = 1024  # where browsers look for the declaration of an encoding: HTML Standard, section 13.2.3.2
_CHARSET = re.compile(rb"<meta[^>]{0,200}charset\s*+=\s*+(?:[\"']\s*+)?([\w.:-]{1,40})", re.I)
_STATEMENTS = frozenset(
    (
        "@context @graph @id @type author dateCreated dateModified datePublished headline mainEntity mainEntityOfPage"
        " name publisher url"
    ).split()
)
_WITHIN_WORDS = FORMATTING | {"ins", "q", "sub", "sup"}  # trafilatura would put blanks around their text
_HEAD_ELEMENTS = frozenset({"title", "meta", "link"})
_STRAY = re.compile(r"[\x00-\x08\x0b\x0e-\x1f\x7f]")  # control characters, which XML does not have
_NAME = re.compile(r"[a-z][\w:.-]*")
_TIMES = frozenset(
    (
        "article:published article:published_time date datepublished dc.date dc.date.issued dcterms.created"
        " dcterms.date dcterms.issued og:published_time parsely-pub-date pubdate publish-date publish_date publishdate"
        " sailthru.date"
    ).split()
)


def page_fields(data: bytes, place: str, charset: str = "", url: str = "") -> Iterator[Mapping[str, object]]:
    """The fields of the article of a web page.

    Args:
        charset: what the server says about the encoding.
        url: where the page comes from, when that is known.

    Raises:
        InputError: it is no text, or there is no main text in it.
    """
    declared = _CHARSET.search(data[:_META_BYTES])
    html = decode(data, place, charset or (declared[1].decode("ascii") if declared else ""))
    shown = _Shown(place)
    found = _extracted(shown.read(html), url)
    if not found.get("text"):
        raise InputError(f"{place}: no article text is shown on the page", "leave it out, or save its text as a file")
    yield {**found, "published": _with_time(found["published"], shown.all_times), "url": url or found["url"]}


def _with_time(day: str, times: Sequence[str]) -> str:
    """The day of publication with the hour that the page states for it; else what it states first."""
    for time in times:
        with suppress(ValueError):
            if (moment := iso_date(time.strip())).startswith(day):
                return moment
    return day or next(iter(times), "")


def _extracted(html: str, url: str) -> dict[str, str]:
    from trafilatura import bare_extraction
    from trafilatura.settings import DEFAULT_CONFIG, Document

    tree = paragraphed(html)
    if tree is None:
        return {}
    config = deepcopy(DEFAULT_CONFIG)
    # Below this many characters trafilatura takes all of the page as one paragraph; news in brief are short.
    config["DEFAULT"]["MIN_EXTRACTED_SIZE"] = "1"
    # The date that the page states, not one that stands anywhere on it.
    dates = {"original_date": True, "extensive_search": False, "outputformat": "%Y-%m-%d"}
    found = bare_extraction(
        tree, url=url or None, include_comments=False, with_metadata=True, config=config, date_extraction_params=dates
    )
    if not isinstance(found, Document) or found.body is None:
        return {}
    title, author = found.title or "", ", ".join((found.author or "").split("; "))
    blocks = [block for element in found.body if (block := _block(element))]
    if blocks and blocks[0] == title:
        del blocks[0]
    text = "\n\n".join(blocks)
    names = {"title": title, "author": author, "published": found.date, "source": found.sitename, "url": found.url}
    names["tags"] = ", ".join([*(found.categories or ()), *(found.tags or ())])
    return {"text": text, **{name: value or "" for name, value in names.items()}}


def _block(element: "_Element") -> str:
    """The text of a paragraph, list or table as trafilatura gives it (the tags are those of TEI), as Markdown's."""
    match element.tag:
        case "list":
            return "\n".join(f"• {text}" for item in element.iter("item") if (text := _line(item)))
        case "table":
            rows = (" | ".join(_line(cell) for cell in row.iter("cell")) for row in element.iter("row"))
            return "\n".join(row.rstrip(" |") for row in rows if row.strip(" |"))
        case _:
            return "\n".join(line for part in _lines(element) if (line := " ".join(part.split())))


def _line(element: "_Element") -> str:
    return " ".join(" ".join(element.itertext()).split())


def _lines(element: "_Element") -> list[str]:
    """The text of an element, broken at its line breaks."""
    lines = [""]
    for event, node in iterwalk(element, events=("start", "end")):
        if event == "start":
            if node.tag in {"lb", "p"}:
                lines.append("")
            lines[-1] += node.text or ""
        elif node is not element:
            lines[-1] += node.tail or ""
    return lines


class _Shown(LenientParser):
    """Writes a page anew without the elements that are not shown, and without scripts.

    Of the head the title, the meta elements and the links stay: title, author and date are taken from them.
    """

    def __init__(self, place: str) -> None:
        super().__init__()
        self._place = place
        self._page = Page()
        self._in_title = self._in_data = False
        self._elements = 0
        self._shown = ["<!doctype html>"]  # without it trafilatura takes a short page for no page
        self._times: list[str] = []
        self._stated_times: list[str] = []  # in linked data
        self._shown_times: list[str] = []

    @property
    def all_times(self) -> list[str]:
        """What the page states as the time of its publication, the surest first."""
        return [*self._times, *self._stated_times, *self._shown_times[:1]]

    def read(self, html: str) -> str:
        text = _STRAY.sub("", html.replace("\f", " "))
        if len(text) < (1 - MOST_STRAY) * len(html):
            raise InputError(f"{self._place}: no text, control characters all over it", "save its text as a file")
        self.feed(text)
        self.close()
        return "".join(self._shown)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._elements += 1
        if self._elements > MAX_ELEMENTS or self._page.depth > MAX_DEPTH:
            bound = (
                f"{MAX_ELEMENTS:,} elements" if self._elements > MAX_ELEMENTS else f"{MAX_DEPTH} elements in each other"
            )
            raise InputError(f"{self._place}: a page of more than {bound}", "save its text as a file")
        attributes = {name: value or "" for name, value in attrs}
        self._page.start(tag, attributes)
        self._note_time(tag, attributes)
        self._in_title = tag == "title" and self._page.in_head
        self._in_data = tag == "script" and attributes.get("type", "").lower() == "application/ld+json"
        if tag == "q" and not self._page.hidden:
            self._shown.append(QUOTES[0])
        if tag in _WITHIN_WORDS:
            return
        if tag in REPLACED:
            self._shown.append(" ")
        if not self._page.hidden or (self._page.in_head and tag in _HEAD_ELEMENTS):
            self._shown.append(_start_tag(tag, attributes))

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)

    def handle_endtag(self, tag: str) -> None:
        if tag == "q" and not self._page.hidden:
            self._shown.append(QUOTES[1])
        if tag not in _WITHIN_WORDS and (not self._page.hidden or self._in_title):
            self._shown.append(f"</{tag}>")
        self._in_title = self._in_data = False
        self._page.end(tag)

    def handle_data(self, data: str) -> None:
        if self._in_data:
            stated = _stated(data)
            self._stated_times.extend(_named_values(stated, "datePublished"))
            written = json.dumps(stated).replace("<", "\\u003c") if stated else ""
            self._shown.append(f'<script type="application/ld+json">{written}</script>')
        elif not self._page.hidden or self._in_title:
            self._shown.append(escape(self._page.lettered(data, self._shown[-1]), quote=False))

    def _note_time(self, tag: str, attributes: Mapping[str, str]) -> None:
        """Times of publication in meta elements: with them a date has its hour."""
        named = attributes.get("property") or attributes.get("name") or attributes.get("itemprop") or ""
        time = attributes.get("content") or attributes.get("datetime") or ""
        if time and named.lower() in _TIMES:
            self._times.append(time)
        elif time and tag == "time" and not self._page.hidden:
            self._shown_times.append(time)


def _start_tag(tag: str, attributes: Mapping[str, str]) -> str:
    # The reading of hidden text is over: no style or script is left that could change it.
    kept = ((name, value) for name, value in attributes.items() if name != "style" and not name.startswith("on"))
    written = (f' {name}="{escape(value)}"' for name, value in kept if _NAME.fullmatch(name))
    return f"<{tag}{''.join(written)}>"


def _stated(source: str) -> object:
    """Of linked data (JSON-LD) only what names the article: its text there is not what readers see of it."""

    def kept(value: object) -> object:
        if isinstance(value, dict):
            return {name: kept(inner) for name, inner in value.items() if name in _STATEMENTS}
        return [kept(inner) for inner in value] if isinstance(value, list) else value

    try:
        return kept(json.loads(source))
    except (ValueError, RecursionError):  # trafilatura would guess at it; the page itself is read all the same
        return None


def _named_values(value: object, name: str) -> Iterator[str]:
    """The texts of this name in linked data, wherever they stand."""
    if isinstance(value, dict):
        if isinstance(value.get(name), str):
            yield value[name]
        value = list(value.values())
    if isinstance(value, list):
        for inner in value:
            yield from _named_values(inner, name)
