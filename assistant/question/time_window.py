"""Finds what a question says about time: when articles were published, and whether the newest come first.

No language model: patterns of news English, and a calendar. Two kinds of windows:

- A *strict* one is about publication ("in reports from September", "as of 10 November") or relative to the present
  ("yesterday", "last month", "since Monday"): other articles are no answer, so only these are searched.
- A *soft* one is a date that may just as well be the subject ("in September 2023", "on 7 October 1990"): an article
  about that day may be of any day, so nothing is excluded.

Events are reported afterwards, so that the window of "yesterday" reaches to today; see ``REPORTED_WITHIN`` in
``time_phrases``. Days are those of each article's own zone, as for ``--since`` and ``--until``.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime

from assistant.dates.spans import Days, one_day
from assistant.question.date_phrases import normal
from assistant.question.time_phrases import RULES, Limit, Ordering, Reader, as_of_day
from index.articles import Window


@dataclass(frozen=True, slots=True)
class QuestionTime:
    """What a question says about time; everything is empty for a question that says nothing.

    Attributes:
        window: publication times; None when the question names none.
        strict: whether only articles inside the window can answer.
        ordering: of articles that answer equally well, which come first.
        spans: starts and ends of the words that say so, in characters of the question, in order.
        period: the window for people: ``published 1–30 September 2023``, or ``about …`` when it is not strict.
    """

    window: Window | None = None
    strict: bool = False
    ordering: Ordering = Ordering.NONE
    spans: tuple[tuple[int, int], ...] = ()
    period: str = ""


def read_question_time(question: str, as_of: datetime) -> QuestionTime:
    """What a question says about the times of its articles.

    Args:
        as_of: the present; its calendar day counts, in its own zone (UTC where it has none).
    """
    text = normal(question)
    today = as_of.date()
    taken = [False] * len(text)
    limits: list[Limit] = []
    spans: list[tuple[int, int]] = []
    ordering = Ordering.NONE
    for match, found in _found(text, today, taken):
        spans.append(match.span())
        if isinstance(found, Ordering):
            ordering = found if ordering is Ordering.NONE else ordering
        else:
            limits.append(found)
    first, last, strict = _together(limits)
    return QuestionTime(
        window=_window(first, last),
        strict=strict,
        ordering=ordering,
        spans=tuple(sorted(spans)),
        period=_period("published" if strict else "about", first, last),
    )


def without_spans(question: str, spans: Sequence[tuple[int, int]]) -> str:
    """The question without its expressions of time, in the order in which they stand."""
    kept, end = [], 0
    for start, following in spans:
        kept.append(question[end:start].rstrip())
        end = following
    return "".join((*kept, question[end:]))


def overlap(one: Window, other: Window) -> Window | None:
    """The times in both windows; None when there are none."""
    both = Window(
        max((time for time in (one.since, other.since) if time is not None), default=None),
        min((time for time in (one.until, other.until) if time is not None), default=None),
        first=max(one.first, other.first),
        last=min((day for day in (one.last, other.last) if day), default=""),
    )
    wide = both.wide
    empty = wide.since is not None and wide.until is not None and wide.since >= wide.until
    return None if empty or (both.last and both.first > both.last) else both


def until_moment(moment: datetime) -> Window:
    """The window of what was published by a moment; without a zone it is taken as UTC."""
    known = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return Window(until=int(known.timestamp()) + 1)


def _found(text: str, today: date, taken: list[bool]) -> Iterator[tuple[re.Match[str], Limit | Ordering]]:
    """Expressions and what they say; "as of" is read first, because it moves the present."""
    for pattern, read in RULES:
        for match in pattern.finditer(text):
            start, end = match.span()
            if any(taken[start:end]):
                continue
            found = _read(read, match, today)
            if found is None:
                continue
            taken[start:end] = [True] * (end - start)
            if read is as_of_day and isinstance(found, Limit) and found.last:
                today = min(today, found.last)
            yield match, found


def _read(read: Reader, match: re.Match[str], today: date) -> Limit | Ordering | None:
    """None for what says nothing, and beyond the calendar."""
    try:
        return read if isinstance(read, Ordering) else read(match, today)
    except (ValueError, OverflowError):
        return None


def _together(limits: list[Limit]) -> tuple[date | None, date | None, bool]:
    """The days that all strict limits allow, or all soft ones where none is strict.

    Times that exclude each other are compared by the question: then all days from the first to the last, softly.
    """
    strict = any(limit.strict for limit in limits)
    deciding = [limit for limit in limits if limit.strict is strict]
    firsts = [limit.first for limit in deciding if limit.first]
    lasts = [limit.last for limit in deciding if limit.last]
    first, last = max(firsts, default=None), min(lasts, default=None)
    if first and last and first > last:
        return min(firsts), max(*lasts, *firsts), False
    return first, last, strict


def _window(first: date | None, last: date | None) -> Window | None:
    if first is None and last is None:
        return None
    return Window(first=first.isoformat() if first else "", last=last.isoformat() if last else "")


def _period(how: str, first: date | None, last: date | None) -> str:
    if first and last:
        return f"{how} {Days(first, last).days_written_out}"
    if first:
        return f"{how} {one_day(first).readable} or later"
    return f"{how} {one_day(last).readable} or earlier" if last else ""
