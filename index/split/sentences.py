"""Sentences of an article, with exact character offsets.

Layout decides first: a line is a paragraph unless the text shows that it was hard-wrapped. Inside such a block the
conventions of English news (``RULES``) decide where they are sure, and nupunkt decides the rest: Kiss & Strunk,
"Unsupervised Multilingual Sentence Boundary Detection", Computational Linguistics 32(4), 2006.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import lru_cache
from itertools import pairwise
from typing import TYPE_CHECKING

from index.articles import Sentence
from index.english import MONTH, OPENERS, TITLES, WEEKDAY

if TYPE_CHECKING:
    from nupunkt import PunktSentenceTokenizer

# No sentence of news has so many characters; what has is a table or a list on one line, or was made to keep us busy.
# Each is read by many rules, whose time must have a bound.
MAX_SENTENCE_CHARACTERS = 1000

# Plain text is wrapped at 65 to 80 columns by habit; a line beyond 100 is a paragraph, lines below 40 are a list.
WRAP_COLUMNS = range(40, 101)

# Abbreviations that may or may not end a sentence; nupunkt weighs the word that follows. They replace the list of its
# default model, which was learnt from scanned court papers and holds ordinary words ("port", "bank", "century").
ABBREVIATIONS = frozenset(
    (
        "amb assn asst atty bros cf co comdr cong corp cos dept det dist ed eds esq etc ft govt hon inc insp intl"
        " jr llc ltd mt natl plc pres prof rev sr st supt univ v vs apt ave bldg blvd hwy rd rte jan feb apr jun"
        " jul aug sep sept oct nov dec mon tue tues wed thu thur thurs fri ala ariz calif colo conn fla mich minn"
        " mont neb nev okla penn tenn tex vt wis wyo a.k.a a.m b.a b.sc d.c e.g e.u i.e l.a m.a m.d m.sc n.c n.h"
        " n.j n.m n.y p.m p.o ph.d r.i s.c u.a.e u.k u.n u.s w.va"
    ).split()
)

_LINE_END = re.compile(r"\r\n?|[\n\v\f\x85\u2028\u2029]")
_LETTER_OR_DIGIT = re.compile(r"[^\W_]")
_NO_SPACE = re.compile(r"\S")
_LONE_BULLET = re.compile(r"[•‣◦▪●■○·*–—-]")
_LIST_ITEM = re.compile(r"(?:[•‣◦▪●■○·*–-]|\(?\d{1,3}[.)]|\(?[a-z]\))\s+\S")
_LIST_NUMBER = re.compile(r"\(?(?:\d{1,3}|[A-Za-z]|[ivxIVX]{1,4})[.)]")

# Where a sentence may end: a stop, what closes after it (quotes, brackets, footnote marks), white space.
_GAP = re.compile(r"[.!?…](?:[\"'”’»)\]*⁰¹²³⁴⁵⁶⁷⁸⁹]|\[\d+\])*(\s+)")
# A stop with nothing after it, as copying a page leaves it: “on Sunday.Drivers get”. Names have other shapes:
# “Node.js”, “U.S.The”, “J.Smith”, “Booking.Com”.
_GLUED = re.compile(
    r"(?:(?<=[a-z][a-z])|(?<=[\d%”’\"»)])|(?<=\b[ap]\.m))[.!?…][\"”’»)]*"
    r"(?=[“‘\"(]?(?!(?:Com|Org|Net|Edu|Gov|Co|Io|Ai|Tv|Info)\b)(?:[A-Z][a-z]{1,30}|[AI])[’'-]?[a-z]{0,30}(?:,?\s|[?!;:]))"
)
_LAST_WORD = re.compile(r"[^\W\d_]+\Z")
_NEVER_FIRST = frozenset(".,;:!?…)]}”’»%")
_CAMEL_CASE = re.compile(r"[a-z]+[A-Z]")
_REACH = 60  # characters that are looked at on either side of a gap; the longest rule needs 21


@dataclass(frozen=True, slots=True)
class Span:
    """A half-open range of characters."""

    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Rule:
    """Whether a sentence ends between a text that ends like ``before`` and one that starts like ``after``."""

    ends: bool
    before: re.Pattern[str]
    after: re.Pattern[str]


def _rule(ends: bool, before: str, after: str) -> Rule:
    return Rule(ends, re.compile(rf"(?:{before})\Z"), re.compile(after))


_CAPITAL = r"[\"'“‘«(\[]*[^\W\d_a-z]"
_DAY_OR_ZONE = (
    rf"{WEEKDAY}|(?!(?:May|June|July)\w){MONTH}"
    r"|[A-Z]{1,3}T\b|UTC\b|[A-Z]\w+ (?:[SD]\w+ |Mean )?[Tt]ime\b"
)
# With a hyphen or stop after them they may start a proper name: "On-Line", "J. A. Ross".
_OPENER = rf"[\"'“‘«(\[]*(?:{'|'.join(OPENERS)})\b(?![-.])|[A-Z]\w+:\s"

# “Car no. 7”, but “The answer is no. 47 members abstained.”
_NOT_AFTER_VERB = "".join(
    rf"(?<!\b{verb} )" for verb in "is was say says said vote voted answer answered reply".split()
)
_TITLE = re.compile(rf"(?:{'|'.join(TITLES)}|mrs?|MRS?|MS|M[Mm]e|DR|St|Mt|Ft)\.")
# The first rule that fits decides.
RULES = (
    # A title belongs to the name after it.
    _rule(False, rf"(?<![\w.]){_TITLE.pattern}", r"[^\W_]"),
    # A number belongs to what it counts.
    _rule(
        False,
        rf"(?:(?<!\w){_NOT_AFTER_VERB}nos?|(?<!\w)(?:Nos?|Nr|Art|Sec|[Cc]h|[Pp]p?|[Ff]igs?|[Vv]ols?|[Pp]aras?|Rte|Hwy|Rm|Flt|Op|approx|ca|est|[bcdr]))\.",
        r"[$€£]?\d",
    ),
    # "e.g. The Guardian", "Hale v. The Crown"
    _rule(False, r"(?<![\w.])(?:e\.g|i\.e|cf|vs?)\.", r"."),
    # After a time comes its day or its zone, or the next sentence.
    _rule(False, r"\b[ap]\.m\.", _DAY_OR_ZONE),
    _rule(True, r"\b[ap]\.m\.", _CAPITAL),
    # "plan B. The buses", "in the U.S. He", "Halm Inc. In May"
    _rule(True, r"\.[\"'”’»)\]]*", _OPENER),
    # "U.S. Senate", "K.C. Maurer": in doubt two sentences stay together, for a torn name is the worse fault.
    _rule(False, r"(?<![\w.°])(?:[A-Z]\.)+", r"[A-Z]"),
    # A state, where the word is one of English too: "Peoria, Ill. Police"
    _rule(False, r", (?:Ark|Ill|Ind|Mass|Miss|Ore|Pa|Wash)\.", r"[A-Z]"),
    # A dateline goes on after the agency: "Peoria, Ill. (AP) — Police"
    _rule(False, r"\.", r"\([A-Z]\w+\) ?[—–-]"),
    _rule(False, r"\.", r"[—–-]+ ?[a-z]"),
    # News puts a comma, not a full stop, before the quotation mark when the sentence goes on.
    _rule(True, r"\.[\"'”’»]+", _CAPITAL),
    _rule(True, r"[.!?…][\"'”’»)]*(?:\[\d+\]|[⁰¹²³⁴⁵⁶⁷⁸⁹])+", _CAPITAL),
)


def split_sentences(text: str) -> tuple[Sentence, ...]:
    """Split a text into sentences, in time linear in its length.

    ``text[s.start:s.end] == s.text`` for each; they are in order, do not overlap, neither start nor end with white
    space, and only white space lies outside them. Each holds a letter or a digit unless the text has none: a bullet
    that stands alone belongs to the item after it, any other stray mark to the sentence before it. What has more than
    ``MAX_SENTENCE_CHARACTERS`` is cut at white space, or, where there is none, after so many, whatever the parts hold.
    """
    starts = [start for block in split_blocks(text) for start in _sentence_starts(text, block)]
    pieces = [_stripped(text, start, end) for start, end in pairwise([*starts, len(text)])]
    spans = [part for span in _attach_wordless(text, pieces) for part in _bounded(text, span)]
    return tuple(Sentence(i, span.start, span.end, text[span.start : span.end]) for i, span in enumerate(spans))


def split_blocks(text: str) -> tuple[Span, ...]:
    """Paragraphs, headings and list items of a text, without surrounding white space; no sentence crosses them."""
    lines = [line for line in _lines(text) if line.start < line.end]
    width = _wrap_width(text, lines)
    blocks = lines[:1]
    for previous, line in pairwise(lines):
        if _continues(text, previous, line, width):
            blocks[-1] = Span(blocks[-1].start, line.end)
        else:
            blocks.append(line)
    return tuple(blocks)


def _lines(text: str) -> Iterator[Span]:
    start = 0
    for end in _LINE_END.finditer(text):
        yield _stripped(text, start, end.start())
        start = end.end()
    yield _stripped(text, start, len(text))


def _stripped(text: str, start: int, end: int) -> Span:
    piece = text[start:end].rstrip()
    return Span(start + len(piece) - len(piece.lstrip()), start + len(piece))


def _wrap_width(text: str, lines: list[Span]) -> int | None:
    """Columns at which the text was hard-wrapped, or None.

    A greedily wrapped line leaves no room for the first word of the next one. A text counts as wrapped when at least
    two of its line breaks, and half of all, are of that kind, and a third of those stand before a lower-case letter.
    """
    breaks = [(a, b) for a, b in pairwise(lines) if _adjacent(text, a, b) and not _LIST_ITEM.match(text, b.start)]
    width = max((line.end - line.start for line in lines if " " in text[line.start : line.end]), default=0)
    full = [b for a, b in breaks if _is_full(text, a, b, width)]
    lower = sum(text[line.start].islower() for line in full)
    wrapped = width in WRAP_COLUMNS and len(full) >= max(2, len(breaks) / 2) and lower >= len(full) / 3
    return width if wrapped else None


def _adjacent(text: str, line: Span, following: Span) -> bool:
    return len(_LINE_END.findall(text, line.end, following.start)) == 1


def _is_full(text: str, line: Span, following: Span, width: int) -> bool:
    word = text[following.start : following.end].split(maxsplit=1)[0]
    return line.end - line.start + 1 + len(word) > width


def _continues(text: str, line: Span, following: Span, width: int | None) -> bool:
    """Whether the block that ``line`` ends goes on in the line after it."""
    if _LONE_BULLET.fullmatch(text, line.start, line.end):
        return True
    if not _adjacent(text, line, following) or _LIST_ITEM.match(text, following.start):
        return False
    if text[following.start].islower():
        return text[line.end - 1] != ":"
    return width is not None and _is_full(text, line, following, width)


def _sentence_starts(text: str, block: Span) -> Iterator[int]:
    """Offsets at which the sentences of a block start."""
    line = _LINE_END.sub(lambda end: " " * len(end[0]), text[block.start : block.end])
    yield block.start
    word, number = _LETTER_OR_DIGIT.search(line), _LIST_NUMBER.match(line)
    first = max(word.start() if word else len(line), number.end() if number else 0)
    starts = [glued.end() for glued in _GLUED.finditer(line, first) if not _is_abbreviation(line, glued.start())]
    starts += [gap.end() for gap in _GAP.finditer(line, first) if _ends(*_around(line, gap))]
    yield from (block.start + start for start in sorted(starts))


def _around(line: str, gap: re.Match[str]) -> tuple[str, str]:
    return line[max(0, gap.start(1) - _REACH) : gap.start(1)], line[gap.end() : gap.end() + _REACH]


def _is_abbreviation(line: str, stop: int) -> bool:
    """Whether the word before a stop is one that is written with it."""
    word = _LAST_WORD.search(line[max(0, stop - _REACH) : stop])
    return word is not None and (word[0].lower() in ABBREVIATIONS or _TITLE.fullmatch(f"{word[0]}.") is not None)


def _ends(before: str, after: str) -> bool:
    """Whether a sentence ends between the two; white space that stood there is left out."""
    if not after or after[0] in _NEVER_FIRST or (after[0].islower() and not _CAMEL_CASE.match(after)):
        return False
    decided = next((rule.ends for rule in RULES if rule.before.search(before) and rule.after.match(after)), None)
    if decided is None:
        # Only the surroundings are shown: the algorithm needs no more, and takes quadratic time for odd long texts.
        return any(start == len(before) + 1 for start, _ in _base().spans(f"{before} {after}"))
    return decided


def _attach_wordless(text: str, spans: list[Span]) -> list[Span]:
    """Join spans without a letter or digit to the one before them; at the start to the one after them."""
    joined: list[Span] = []
    complete = False  # whether the last span of joined has a letter or digit
    for span in spans:
        worded = _LETTER_OR_DIGIT.search(text, span.start, span.end) is not None
        if not joined or (worded and complete):
            joined.append(span)
        else:
            joined[-1] = Span(joined[-1].start, span.end)
        complete = complete or worded
    return joined


def _bounded(text: str, span: Span) -> Iterator[Span]:
    """The span, or parts of it that are not too long and neither start nor end with white space."""
    start = span.start
    while span.end - start > MAX_SENTENCE_CHARACTERS:
        piece = text[start : start + MAX_SENTENCE_CHARACTERS + 1]
        end = start + min(len(_up_to_space(piece)), MAX_SENTENCE_CHARACTERS)
        yield Span(start, end)
        following = _NO_SPACE.search(text, end, span.end)
        start = following.start() if following else span.end
    yield Span(start, span.end)


def _up_to_space(piece: str) -> str:
    """The piece up to the last white space that follows a word; all of it where there is none."""
    whole = piece.rstrip()
    return whole if len(whole) < len(piece) else piece.rsplit(maxsplit=1)[0]


@lru_cache(maxsize=1)
def _base() -> "PunktSentenceTokenizer":
    from nupunkt import PunktSentenceTokenizer
    from nupunkt.models import load_default_model

    parameters = load_default_model().parameters
    return PunktSentenceTokenizer(replace(parameters, abbrev_types=set(ABBREVIATIONS)))
