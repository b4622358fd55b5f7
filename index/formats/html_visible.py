"""Keeps only the text of an HTML page that readers see, and drops hidden elements.

Hidden text is where indirect prompt injections are put (Greshake et al., AISec 2023, section 3.2), and a citation of it
would show a sentence that is invisible on the page. What is struck through goes too. Only what stands at an element
itself is looked at: attributes and the ``style`` attribute, not style sheets and classes. ``aria-hidden`` hides from
screen readers alone, so such text stays; alternative texts of pictures are not shown beside them, so they go.
"""

import re
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from html.parser import HTMLParser
from math import isnan

# Elements whose content browsers do not show: HTML Standard, section 15.3.1, "Hidden elements", and fallback content.
NEVER_SHOWN = frozenset(
    "audio canvas datalist head iframe noembed noframes noscript object script style template title video".split()
)
# Elements that never have content: HTML Standard, section 13.1.2.
VOID = frozenset("area base br col embed hr img input link meta param source track wbr".split())
# Elements of the head; the start tag of any other ends it: HTML Standard, section 13.2.6.4.4.
IN_HEAD = frozenset("base basefont bgsound link meta noframes noscript script style template title".split())
# Elements that only change how text looks; old pages seldom close them: HTML Standard, section 13.2.4.3, but for links.
FORMATTING = frozenset("b big code em font i nobr s small strike strong tt u".split())
# Start tags that end an open paragraph: HTML Standard, section 13.1.2.4.
ENDS_PARAGRAPH = frozenset(
    (
        "address article aside blockquote details div dl fieldset figcaption figure footer form h1 h2 h3 h4 h5 h6"
        " header hr main menu nav ol p pre section table ul"
    ).split()
)
# Elements that the next one of their kind ends, with what was left open in them.
_TERM, _CELL, _ROW = frozenset({"p", "dt", "dd"}), frozenset({"p", "td", "th"}), frozenset({"p", "td", "th", "tr"})
ENDS_LIKE = {
    "li": frozenset({"p", "li"}),
    **dict.fromkeys(("dt", "dd"), _TERM),
    **dict.fromkeys(("td", "th"), _CELL),
    "tr": _ROW,
    **dict.fromkeys(("tbody", "tfoot", "thead"), _ROW | {"tbody", "tfoot", "thead"}),
}
REPLACED = frozenset({"audio", "canvas", "iframe", "object", "video"})  # something stands in their place
QUOTES = "“”"  # which browsers put around the element "q"
# What its writer took back: shown struck through, it is no statement any more.
STRUCK = frozenset({"del", "s", "strike"})
SMALLEST_POINTS = 1.0  # letters of one pixel or point are not read
FAR_AWAY = -999.0  # pixels left of or above the page

_COMMENT = re.compile(r"<!--(?:-?>|.*?(?:--!?>|\Z))", re.DOTALL)
_CSS_COMMENT = re.compile(r"/\*.*?(?:\*/|\Z)", re.DOTALL)
_SIZE = re.compile(r"(-?\d*\.?\d+)\s*(%|[a-z]*)")
_HEX = re.compile(r"#([0-9a-f]{3,4}|[0-9a-f]{6}|[0-9a-f]{8})")
_RGB = re.compile(r"rgba?\(([^)]*)\)")
_RAISED_NUMBER = re.compile(r"\s*[+−-]?\d+\s*")
_RAISED = str.maketrans("0123456789+-−", "⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻⁻")
_LOWERED = str.maketrans("0123456789+-−", "₀₁₂₃₄₅₆₇₈₉₊₋₋")
_NAMED = {"white": "ffffff", "black": "000000", "transparent": "transparent"}


@dataclass(frozen=True, slots=True)
class _Element:
    """An open element: what holds for the text in it.

    Attributes:
        gone: not shown, whatever the elements in it say.
        faint, tiny: made invisible in a way that an element in it can take back.
        colour, background: ``rrggbb`` or ``transparent``; empty when not known.
    """

    tag: str = ""
    gone: bool = False
    faint: bool = False
    tiny: bool = False
    colour: str = "000000"
    background: str = "ffffff"

    @property
    def hidden(self) -> bool:
        same = self.colour == "transparent" or (bool(self.colour) and self.colour == self.background)
        return self.gone or self.faint or self.tiny or same


class Page:
    """A page that is read piece by piece, in its order; elements stay open from one piece to the next."""

    def __init__(self) -> None:
        self._open = [_Element()]
        self._tags: Counter[str] = Counter()

    @property
    def depth(self) -> int:
        """How many elements are open, one in another, formatting apart."""
        return len(self._open) - 1 - sum(self._tags[tag] for tag in FORMATTING)

    @property
    def in_head(self) -> bool:
        """Whether the head of the page is open."""
        return self._tags["head"] > 0

    @property
    def hidden(self) -> bool:
        """Whether text that follows here is not shown."""
        return self._open[-1].hidden

    def lettered(self, data: str, before: str) -> str:
        """Text as it is shown: a raised number is none of the number before it, “10⁶” and not “106”.

        Args:
            before: the text before it, of which the last character counts.
        """
        if not _RAISED_NUMBER.fullmatch(data):
            return data
        if self._tags["sup"]:
            return data.translate(_RAISED)
        return data.translate(_LOWERED) if self._tags["sub"] and before[-1:].isdigit() else data

    def read(self, html: str) -> str:
        """The text of a piece that is shown; comments, scripts and attributes are not."""
        reader = _PieceReader(self)
        reader.feed(_COMMENT.sub("", html))
        reader.close()
        return "".join(reader.shown)

    @contextmanager
    def block(self) -> Iterator[None]:
        """A block of the document, at whose end everything is closed that was opened in it."""
        depth = len(self._open)
        yield
        self._close(max(depth, 1))

    def start(self, tag: str, attributes: Mapping[str, str]) -> None:
        """An element begins."""
        self._end_before(tag)
        if tag not in VOID:
            self._open.append(_opened(self._open[-1], tag, attributes))
            self._tags[tag] += 1

    def _end_before(self, tag: str) -> None:
        """End what a start tag ends, also below formatting that hides and shows nothing."""
        ends = ENDS_LIKE.get(tag, frozenset({"p"} if tag in ENDS_PARAGRAPH else ()))
        if tag not in IN_HEAD:
            ends = ends | {"head"}
        if not any(self._tags[name] for name in ends):
            return
        for depth in range(len(self._open) - 1, 0, -1):
            element, outer = self._open[depth], self._open[depth - 1]
            if element.tag in ends:
                self._close(depth)
            elif element.tag not in STRUCK and (
                element.tag not in FORMATTING or replace(element, tag=outer.tag) != outer
            ):
                return

    def end(self, tag: str) -> None:
        """An element ends, and those with it that were left open in it; an end without a start is no end."""
        if not self._tags[tag]:  # looking for it among all that is open would make a hostile page endless
            return
        depth = next(depth for depth in range(len(self._open) - 1, 0, -1) if self._open[depth].tag == tag)
        self._close(depth)

    def _close(self, depth: int) -> None:
        self._tags.subtract(element.tag for element in self._open[depth:])
        del self._open[depth:]


class LenientParser(HTMLParser):
    """Takes “<![anything” for a comment, as browsers do; Python's own raises an AssertionError for some of them."""

    def parse_marked_section(self, i: int, report: int = 1) -> int:
        return self.parse_bogus_comment(i)


class _PieceReader(LenientParser):
    def __init__(self, page: Page) -> None:
        super().__init__()
        self._page = page
        self.shown: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._page.start(tag, {name: value or "" for name, value in attrs})
        if tag in {"br", "q"} and not self._page.hidden:
            self.shown.append("\n" if tag == "br" else QUOTES[0])

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)  # the slash of <div/> means nothing in HTML

    def handle_endtag(self, tag: str) -> None:
        if tag == "q" and not self._page.hidden:
            self.shown.append(QUOTES[1])
        self._page.end(tag)

    def handle_data(self, data: str) -> None:
        if not self._page.hidden:
            self.shown.append(self._page.lettered(data, self.shown[-1] if self.shown else ""))


def _opened(parent: _Element, tag: str, attributes: Mapping[str, str]) -> _Element:
    style = _style(attributes.get("style", ""))
    element = replace(parent, tag=tag)
    if _is_gone(tag, attributes, style):
        return replace(element, gone=True)
    if visibility := style.get("visibility"):
        element = replace(element, faint=visibility in {"hidden", "collapse"})
    if (size := style.get("font-size")) is not None:
        element = replace(element, tiny=_is_tiny(size))
    if colour := style.get("color", attributes.get("color", "") if tag == "font" else ""):
        element = replace(element, colour=_colour(colour))
    background = style.get("background-color") or style.get("background") or attributes.get("bgcolor", "")
    if background and (filled := _colour(background)) != "transparent":
        element = replace(element, background=filled)
    return element


def _is_gone(tag: str, attributes: Mapping[str, str], style: Mapping[str, str]) -> bool:
    shut = tag == "dialog" and "open" not in attributes
    struck = tag in STRUCK or "line-through" in style.get("text-decoration", style.get("text-decoration-line", ""))
    return tag in NEVER_SHOWN or shut or struck or "hidden" in attributes or _is_cut_away(style)


def _is_cut_away(style: Mapping[str, str]) -> bool:
    """Not displayed, see-through, without room, or off the page."""
    if style.get("display") == "none" or _number(style.get("opacity", "")) == 0:
        return True
    if _number(style.get("text-indent", "")) <= FAR_AWAY:
        return True
    if style.get("position") in {"absolute", "fixed"}:
        clipped = re.match(r"rect\(\s*[01]", style.get("clip", ""))
        return bool(clipped) or any(_number(style.get(side, "")) <= FAR_AWAY for side in ("left", "top"))
    flat = any(_number(style.get(side, "")) == 0 for side in ("height", "width", "max-height", "max-width"))
    return flat and style.get("overflow", "") in {"hidden", "clip"}


def _is_tiny(size: str) -> bool:
    value = _number(size)
    return value == 0 or (value <= SMALLEST_POINTS and size.endswith(("px", "pt")))


def _style(text: str) -> dict[str, str]:
    declarations = (part.partition(":") for part in _CSS_COMMENT.sub("", text).lower().split(";"))
    return {name.strip(): value.replace("!important", "").strip() for name, _, value in declarations}


def _number(text: str) -> float:
    """The number that a size starts with; not a number, which equals and undercuts nothing, when there is none."""
    found = _SIZE.match(text)
    return float(found[1]) if found else float("nan")


def _colour(text: str) -> str:
    """``rrggbb`` or ``transparent``; empty for what is not understood, such as a picture."""
    name = text.strip().lower()
    if name in _NAMED:
        return _NAMED[name]
    if found := _HEX.fullmatch(name):
        digits = found[1] if len(found[1]) >= 6 else "".join(digit * 2 for digit in found[1])
        return "transparent" if digits[6:] == "00" else digits[:6]
    if found := _RGB.fullmatch(name):
        return _mixed([_number(part) for part in re.split(r"[\s,/]+", found[1].strip())])
    return ""


def _mixed(parts: list[float]) -> str:
    if len(parts) < 3 or any(isnan(part) for part in parts):
        return ""
    if len(parts) > 3 and parts[3] == 0:
        return "transparent"
    return "".join(f"{int(min(255.0, max(0.0, part))):02x}" for part in parts[:3])


def shown_text(html: str) -> str:
    """The text of a piece of a page without what is hidden: blocks with a blank line between, list items with ``•``."""
    reader = _BlockReader(Page())
    reader.feed(_COMMENT.sub("", html.replace("<![CDATA[", "").replace("]]>", "")))
    reader.close()
    blocks = "".join(reader.shown).split("\n\n")
    lines = ("\n".join(line for part in block.split("\n") if (line := " ".join(part.split()))) for block in blocks)
    return "\n\n".join(block for block in lines if block)


class _BlockReader(_PieceReader):
    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._break(tag)
        super().handle_starttag(tag, attrs)
        if tag == "li" and not self._page.hidden:
            self.shown.append("\n• ")

    def handle_endtag(self, tag: str) -> None:
        super().handle_endtag(tag)
        self._break(tag)

    def handle_data(self, data: str) -> None:
        super().handle_data(" ".join(data.split("\n")))

    def _break(self, tag: str) -> None:
        if tag in ENDS_PARAGRAPH:
            self.shown.append("\n\n")
        elif tag in ENDS_LIKE and tag != "li":
            self.shown.append("\n" if tag in {"dt", "dd", "tr"} else " ")
