"""Finds the evidence spans of questions in articles, also when the articles have changed since."""

import re
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from hashlib import sha256
from typing import Literal

from evals.questions.schema import DIGEST, Question, Span
from index.articles import Article

Field = Literal["evidence", "instead"]
FIELDS: tuple[Field, ...] = ("evidence", "instead")  # of a question: groups of spans
SHOWN = 60  # characters of a span's text in a message

_SPACE = re.compile(r"[\s\ufeff]+")  # byte order marks in the midst of a text are read as nothing


class Fit(StrEnum):
    """How a span was found."""

    IN_PLACE = "in place"
    FOUND = "found, offsets were missing"
    MOVED = "moved"
    RESPACED = "found with other white space"


class Miss(StrEnum):
    """Why a span was not found."""

    NO_ARTICLE = "no such article"
    CHANGED = "the article has another text at these offsets"
    NO_TEXT = "the text is not in the article"
    AMBIGUOUS = "the text is in the article more than once, and no offset says which"


@dataclass(frozen=True, slots=True)
class AnchorFailure:
    """A span of a question that has no place; it stays in the question as it was."""

    question: str
    field: Field
    group: int
    span: Span
    reason: Miss

    def __str__(self) -> str:
        text = f"{self.span.text[:SHOWN]}…" if len(self.span.text) > SHOWN else self.span.text
        return f"question {self.question}, {self.field}[{self.group}]: {self.reason}: {text!r} in {self.span.article!r}"


@dataclass(frozen=True, slots=True)
class Anchored:
    """Questions with offsets that fit the articles; ``fits`` counts the spans by how they were found."""

    questions: tuple[Question, ...]
    fits: Mapping[Fit, int]
    failures: tuple[AnchorFailure, ...]


def anchor_questions(questions: Iterable[Question], articles: Mapping[str, Article]) -> Anchored:
    """Give every evidence span the offsets that it has in ``articles`` (by id) now.

    A span is looked up where its offsets say, then by its exact text, then with any white space. Of several places the
    one nearest to the old offset is taken; without an old offset several places are a failure.
    """
    fits: Counter[Fit] = Counter()
    failures: list[AnchorFailure] = []

    def place(question: Question, field: Field, group: int, span: Span) -> Span:
        found = anchor_span(span, articles)
        if isinstance(found, Miss):
            failures.append(AnchorFailure(question.id, field, group, span, found))
            return span
        fits[found[1]] += 1
        return found[0]

    def placed_groups(question: Question, field: Field) -> tuple[tuple[Span, ...], ...]:
        groups = enumerate(getattr(question, field))
        return tuple(tuple(place(question, field, number, span) for span in group) for number, group in groups)

    def place_all(question: Question) -> Question:
        return question.model_copy(update={field: placed_groups(question, field) for field in FIELDS})

    placed = tuple(map(place_all, questions))
    return Anchored(placed, dict(fits), tuple(failures))


def anchor_span(span: Span, articles: Mapping[str, Article]) -> tuple[Span, Fit] | Miss:
    """The span with offsets and text as they are in its article, and how it was found; or why it was not."""
    article = articles.get(span.article)
    if article is None:
        return Miss.NO_ARTICLE
    if not span.text:
        return _by_digest(span, article)
    if span.start is not None and article.text[span.start : span.end] == span.text:
        return span, Fit.IN_PLACE
    exact = _occurrences(span.text, article.text)
    fit = Fit.FOUND if span.start is None else Fit.MOVED
    places = exact or _loose_occurrences(span.text, article.text)
    if not places:
        return Miss.NO_TEXT
    if len(places) > 1 and span.start is None:
        return Miss.AMBIGUOUS
    old = span.start or 0
    start, end = min(places, key=lambda place: abs(place[0] - old))
    moved = Span(article=span.article, start=start, end=end, text=article.text[start:end])
    return moved, fit if exact else Fit.RESPACED


def _by_digest(span: Span, article: Article) -> tuple[Span, Fit] | Miss:
    """The span with the text that stands at its offsets, if that is the text which its digest was made of."""
    text = article.text[span.start : span.end]
    if sha256(text.encode()).hexdigest()[:DIGEST] != span.digest:
        return Miss.CHANGED
    return span.model_copy(update={"text": text}), Fit.IN_PLACE


def _occurrences(text: str, within: str) -> list[tuple[int, int]]:
    """Places of the text, those that overlap too."""
    return [(found.start(), found.start() + len(text)) for found in re.finditer(f"(?={re.escape(text)})", within)]


def _loose_occurrences(text: str, within: str) -> list[tuple[int, int]]:
    """Places of the text when white space does not count at all."""
    offsets = [offset for offset, character in enumerate(within) if not _SPACE.match(character)]
    packed = "".join(within[offset] for offset in offsets)
    needle = _SPACE.sub("", text)
    return [(offsets[start], offsets[end - 1] + 1) for start, end in _occurrences(needle, packed)] if needle else []
