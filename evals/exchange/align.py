"""Finds the places of articles that citations of other systems mean.

A citation names an article, gives a quote, or offsets, or several of these. A quote is looked up exactly; then
normalised, which is without regard to case, accents, white space, kinds of quotation marks and dashes, and stops at its
ends, and with gaps where the quote has an ellipsis; then nearly, word for word in ``MIN_NEAR`` of a hundred characters.
"""

import re
import unicodedata
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache
from pathlib import PurePosixPath

from rapidfuzz.fuzz import partial_ratio_alignment

from evals.metrics.text import fold, words
from index.articles import Article

MIN_NEAR = 90.0  # of 100; one changed word of ten passes, another sentence about the same thing does not
MIN_NEAR_WORDS = 5  # fewer words are near to too much
MIN_SHARED_WORDS = 0.7  # of a quote's words, before its article is looked at character by character
MIN_WORDS_ANYWHERE = 5  # words of a quote that may stand in several articles: those are copies of one report
MAX_GAP = 600  # characters that an ellipsis may stand for
ALONE, NOTHING = "it names the article alone", "no source has this number, or it is empty"
CUT_WORD_CHARACTERS = 40  # shorter quotes are found at whole words only; splitters may cut long ones anywhere

_ELLIPSIS = re.compile(r"\s*[\[(]?(?:…|\.\.\.)[\])]?\s*")
_STOPS = ".,;:"  # a quote may end with one where the article goes on
_NUMBERED = re.compile(r"^\d+[-_. ]+")
_SOURCE_LABEL = re.compile(r"\ASource \d+:\n")  # LlamaIndex's CitationQueryEngine writes it into each source's text

Span = tuple[int, int]


class Fit(StrEnum):
    """How the place of a citation was found."""

    EXACT = "exact"
    NORMALISED = "normalised"
    NEAR = "near"
    ARTICLE = "article only"
    LOST = "not aligned"


@dataclass(frozen=True, slots=True)
class Pointer:
    """A citation, or a retrieved text, as another system gives it.

    Attributes:
        names: what may be the id, URL, title or file name of an article.
        quote: text of the article; may be one of ``names`` where the system does not say which it is.
        start, end: offsets in characters of the article's text.
    """

    names: tuple[str, ...] = ()
    quote: str = ""
    start: int | None = None
    end: int | None = None


@dataclass(frozen=True, slots=True)
class Aligned:
    """The place that a pointer means; without one, ``start`` and ``end`` are 0 and ``reason`` says why.

    Attributes:
        article: id; empty when not even the article is known.
    """

    fit: Fit
    article: str = ""
    start: int = 0
    end: int = 0
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Folded:
    """A text as it is compared; ``offsets`` has for each of its characters the place in the original."""

    text: str
    offsets: tuple[int, ...]


def folded(text: str) -> Folded:
    """Without case, accents, white space, quotation marks and control characters; every dash is a hyphen."""
    pairs = [(part, place) for place, character in enumerate(text) for part in _folded_character(character)]
    return Folded("".join(part for part, _ in pairs), tuple(place for _, place in pairs))


class Aligner:
    """Finds places in these articles."""

    def __init__(self, articles: Iterable[Article]) -> None:
        self._articles = {article.id: article for article in articles}
        self._names = _names(self._articles.values())
        self._folded = lru_cache(maxsize=None)(lambda name: folded(self._articles[name].text))
        self._words = lru_cache(maxsize=None)(lambda name: frozenset(words(self._articles[name].text)))

    def article(self, names: Iterable[str]) -> str:
        """Id of the article that the first known of these names means; empty when none is known."""
        found = (self._names.get(form, "") for name in names for form in _forms(name))
        return next(filter(None, found), "")

    def align(self, pointer: Pointer) -> Aligned:
        """The place that a pointer means."""
        article = self.article(pointer.names)
        quote = "" if article and pointer.quote in pointer.names else _SOURCE_LABEL.sub("", pointer.quote).strip()
        if not quote:
            return self._by_offsets(article, pointer)
        found = self._find(quote, (article,) if article else tuple(self._articles), pointer.start)
        if found.fit is Fit.LOST and article:
            return Aligned(Fit.ARTICLE, article, reason="its quote is not in that article")
        return found

    def _by_offsets(self, article: str, pointer: Pointer) -> Aligned:
        if not article:
            return Aligned(Fit.LOST, reason="no article has this name" if pointer.names else NOTHING)
        if pointer.start is None or pointer.end is None:
            return Aligned(Fit.ARTICLE, article, reason=ALONE)
        if 0 <= pointer.start < pointer.end <= len(self._articles[article].text):
            return Aligned(Fit.EXACT, article, pointer.start, pointer.end)
        return Aligned(Fit.ARTICLE, article, reason=f"the article has no text at {pointer.start}–{pointer.end}")

    def _find(self, quote: str, among: Sequence[str], near: int | None) -> Aligned:
        """The quote in the first of these articles that has it, at the place nearest to an offset."""
        stages: tuple[tuple[Fit, Callable[[str, str], list[Span]]], ...] = (
            (Fit.EXACT, self._exact),
            (Fit.NORMALISED, self._normalised),
        )
        for fit, look in stages:
            found = {name: places for name in among if (places := look(quote, name))}
            if len(found) > 1 and len(words(quote)) < MIN_WORDS_ANYWHERE:
                return Aligned(Fit.LOST, reason=f"so few words stand in {len(found)} articles")
            for name, places in found.items():
                return Aligned(fit, name, *min(places, key=lambda place: abs(place[0] - (near or 0))))
        return self._nearly(quote, among)

    def _exact(self, quote: str, name: str) -> list[Span]:
        text = self._articles[name].text
        found = ((start, start + len(quote)) for start in _occurrences(quote, text))
        return [place for place in found if _at_words(text, place, quote)]

    def _normalised(self, quote: str, name: str) -> list[Span]:
        pieces = [folded(piece).text for piece in _ELLIPSIS.split(quote)]
        return self._one_after_another(pieces, quote, name) or self._one_after_another(
            [piece.strip(_STOPS) for piece in pieces], quote, name
        )

    def _one_after_another(self, pieces: Sequence[str], quote: str, name: str) -> list[Span]:
        text, within = self._articles[name].text, self._folded(name)
        parts = [piece for piece in pieces if piece]
        if not parts:
            return []
        found = []
        for first in _occurrences(parts[0], within.text):
            end = first + len(parts[0])
            for part in parts[1:]:
                begin = within.text.find(part, end, end + MAX_GAP + len(part))
                end = begin + len(part) if begin >= 0 else -1
                if end < 0:
                    break
            if end > 0 and _at_words(text, place := (within.offsets[first], within.offsets[end - 1] + 1), quote):
                found.append(place)
        return found

    def _nearly(self, quote: str, among: Sequence[str]) -> Aligned:
        needle, asked = folded(quote).text, frozenset(words(quote))
        best = Aligned(Fit.LOST, reason="the quote is in no article")
        if len(words(quote)) < MIN_NEAR_WORDS:
            return best
        score = MIN_NEAR
        for name in among:
            within = self._folded(name)
            if len(asked & self._words(name)) < MIN_SHARED_WORDS * len(asked) or len(needle) > len(within.text):
                continue
            found = partial_ratio_alignment(needle, within.text, score_cutoff=score)
            if found is not None and found.dest_end > found.dest_start and (found.score > score or best.article == ""):
                place = within.offsets[found.dest_start], within.offsets[found.dest_end - 1] + 1
                score, best = found.score, Aligned(Fit.NEAR, name, *_whole_words(self._articles[name].text, place))
        return best


def _names(articles: Iterable[Article]) -> dict[str, str]:
    """Every name that means one article alone → its id; an id goes before any other name."""
    found: dict[str, set[str]] = {}
    ids: dict[str, str] = {}
    for article in articles:
        ids[_plain(article.id)] = article.id
        for name in (article.url, article.title):
            if name:
                found.setdefault(_plain(name), set()).add(article.id)
    return {name: min(meant) for name, meant in found.items() if len(meant) == 1} | ids


def _forms(name: str) -> Iterator[str]:
    """A name, and if it is a file's: that without folder, ending and leading number."""
    yield _plain(name)
    file = PurePosixPath(name.replace("\\", "/")).name
    for short in (file, PurePosixPath(file).stem if file else ""):
        yield _plain(short)
        yield _plain(_NUMBERED.sub("", short))


def _plain(name: str) -> str:
    return " ".join(fold(name).split()).rstrip("/")


@lru_cache(maxsize=4096)
def _folded_character(character: str) -> str:
    category = unicodedata.category(character)
    if character.isspace() or category[0] == "C" or category in {"Pi", "Pf"} or character in "\"'`´„‚":
        return ""
    return "-" if category == "Pd" or character == "−" else "".join(fold(character).split())


def _occurrences(text: str, within: str) -> Iterator[int]:
    start = within.find(text)
    while start >= 0:
        yield start
        start = within.find(text, start + 1)


def _at_words(text: str, place: Span, quote: str) -> bool:
    """Whether a place begins and ends where words do; of a long quote that is not asked."""
    return len(quote) >= CUT_WORD_CHARACTERS or place == _whole_words(text, place)


def _whole_words(text: str, place: Span) -> Span:
    """The place with the words whole that it cuts."""
    start, end = place
    while start and text[start - 1].isalnum() and text[start].isalnum():
        start -= 1
    while end < len(text) and text[end - 1].isalnum() and text[end].isalnum():
        end += 1
    return start, end
