"""Marks cited and gold sentences in an article's text; pure functions of text and offsets."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Literal

Mark = Literal["", "cited", "gold", "both"]

CONTEXT = 320  # characters shown on either side of a mark, at most to the end of its paragraph
MOST_GAP = 160  # a shorter piece between two excerpts is shown rather than left out
PARAGRAPH = re.compile(r"\n\s*\n")


@dataclass(frozen=True, slots=True)
class Place:
    """A piece of a text to be marked: as a citation with this number, or as gold of this group; both from 1."""

    start: int
    end: int
    cited: int = 0
    gold: int = 0


@dataclass(frozen=True, slots=True)
class Piece:
    """A run of characters that are marked alike; the pieces of a text join to the text.

    Attributes:
        cited: numbers of the citations that it is part of.
        gold: numbers of the evidence groups that it is part of.
        first: those of them that begin here.
    """

    text: str
    cited: tuple[int, ...] = ()
    gold: tuple[int, ...] = ()
    first: tuple[int, ...] = ()

    @property
    def mark(self) -> Mark:
        if self.cited:
            return "both" if self.gold else "cited"
        return "gold" if self.gold else ""

    @property
    def label(self) -> str:
        """What the mark means, for those who do not see its colour: ``[1]``, ``gold 2``, ``[1] gold 2``."""
        return " ".join((*(f"[{number}]" for number in self.cited), *(f"gold {number}" for number in self.gold)))


@dataclass(frozen=True, slots=True)
class Excerpt:
    """A part of a text around marks; ``before`` is how many characters are left out between the last one and this."""

    before: int
    pieces: tuple[Piece, ...]


@dataclass(frozen=True, slots=True)
class Excerpts:
    """What is shown of a text; ``after`` is how many characters are left out behind the last excerpt."""

    parts: tuple[Excerpt, ...]
    after: int


def highlight(text: str, places: Iterable[Place]) -> tuple[Piece, ...]:
    """The whole text in pieces; places that reach beyond the text are cut."""
    return _pieces(text, _inside(text, places), 0, len(text))


def excerpts(text: str, places: Iterable[Place], *, context: int = CONTEXT) -> Excerpts:
    """The parts of a text that are marked, with what stands around them in the same paragraphs."""
    marked = _inside(text, places)
    parts, shown = [], 0
    for start, end in _windows(text, marked, context):
        parts.append(Excerpt(start - shown, _pieces(text, marked, start, end)))
        shown = end
    return Excerpts(tuple(parts), len(text) - shown)


def _inside(text: str, places: Iterable[Place]) -> tuple[Place, ...]:
    cut = (Place(max(0, place.start), min(len(text), place.end), place.cited, place.gold) for place in places)
    return tuple(place for place in cut if place.start < place.end)


def _pieces(text: str, places: Sequence[Place], start: int, end: int) -> tuple[Piece, ...]:
    edges = {edge for place in places for edge in (place.start, place.end) if start < edge < end}
    return tuple(_piece(text, places, *span) for span in pairwise(sorted({start, end, *edges})))


def _piece(text: str, places: Sequence[Place], start: int, end: int) -> Piece:
    over = [place for place in places if place.start <= start and end <= place.end]
    cited = sorted({place.cited for place in over if place.cited})
    gold = sorted({place.gold for place in over if place.gold})
    first = sorted({place.cited for place in over if place.cited and place.start == start})
    return Piece(text[start:end], tuple(cited), tuple(gold), tuple(first))


def _windows(text: str, places: Sequence[Place], context: int) -> list[tuple[int, int]]:
    """Where the excerpts are: in order, apart from each other, each mark inside one."""
    paragraphs = _paragraphs(text)
    found: list[tuple[int, int]] = []
    for start, end in sorted(_window(text, paragraphs, place, context) for place in places):
        if found and start - found[-1][1] <= MOST_GAP:
            found[-1] = (found[-1][0], max(end, found[-1][1]))
        else:
            found.append((start, end))
    return found


def _window(text: str, paragraphs: Sequence[tuple[int, int]], place: Place, context: int) -> tuple[int, int]:
    opening = max((start for start, _ in paragraphs if start <= place.start), default=0)
    closing = min((end for _, end in paragraphs if end >= place.end), default=len(text))
    start, end = max(opening, place.start - context), min(closing, place.end + context)
    if start > opening:  # begin with a whole word
        start = text.rfind(" ", opening, start) + 1 or start
    if end < closing:
        space = text.find(" ", end, closing)
        end = closing if space < 0 else space
    return start, end


def _paragraphs(text: str) -> list[tuple[int, int]]:
    """Spans of the paragraphs, without the empty lines between them."""
    breaks = [match.span() for match in PARAGRAPH.finditer(text)]
    starts = [0, *(end for _, end in breaks)]
    ends = [*(start for start, _ in breaks), len(text)]
    return list(zip(starts, ends, strict=True))
