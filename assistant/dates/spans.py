"""Spans of calendar days, and the English names and forms of dates that they are read from."""

import calendar
import re
from dataclasses import dataclass
from datetime import date, timedelta
from functools import lru_cache

from dateutil.parser import parserinfo
from dateutil.relativedelta import relativedelta, weekday

from index.english import NUMBER_WORDS, TO_TWELVE

# Patterns.
DAY = r"(?:3[01]|[12]\d|0?[1-9])(?:st|nd|rd|th)?"
YEAR = r"(?:1[5-9]|20)\d\d"
COUNT = rf"(?:\d{{1,3}}|an?|{'|'.join(TO_TWELVE)})"
LEADS = "by of since until till from before after to early late for".split()  # words before a time
UNIT = r"(?P<unit>day|week|month|year)"


@dataclass(frozen=True, slots=True)
class Days:
    """The days from ``first`` to ``last``, both included; ``first <= last``."""

    first: date
    last: date

    def __post_init__(self) -> None:
        if self.first > self.last:
            raise ValueError(f"a span of days begins on {self.first} and ends before, on {self.last}")

    @property
    def readable(self) -> str:
        """``11–12 November 2023``; a whole month is ``November 2023`` and a whole year ``2023``."""
        if self == year_of(self.first):
            return f"{self.first.year}"
        return f"{self.first:%B} {self.first.year}" if self == month_of(self.first) else self.days_written_out

    @property
    def days_written_out(self) -> str:
        """``1–30 November 2023``: first and last day, and only once what both have in common."""
        end = f"{self.last.day} {self.last:%B} {self.last.year}"
        if self.first == self.last:
            return end
        if self.first.year != self.last.year:
            return f"{self.first.day} {self.first:%B} {self.first.year} – {end}"
        if self.first.month != self.last.month:
            return f"{self.first.day} {self.first:%B} – {end}"
        return f"{self.first.day}–{end}"


def one_day(day: date) -> Days:
    """A span of a single day."""
    return Days(day, day)


def week_of(day: date) -> Days:
    """Monday to Sunday around a day (ISO 8601)."""
    monday = day - timedelta(day.weekday())
    return Days(monday, monday + timedelta(6))


def weekend_of(day: date) -> Days:
    """Saturday and Sunday of the week that a day lies in."""
    sunday = week_of(day).last
    return Days(sunday - timedelta(1), sunday)


def month_of(day: date) -> Days:
    """The calendar month that a day lies in."""
    return Days(day.replace(day=1), day.replace(day=calendar.monthrange(day.year, day.month)[1]))


def year_of(day: date) -> Days:
    """The calendar year that a day lies in."""
    return Days(date(day.year, 1, 1), date(day.year, 12, 31))


UNITS = {"day": one_day, "week": week_of, "weekend": weekend_of, "month": month_of, "year": year_of}


def unit_at(day: date, unit: str, distance: int) -> Days:
    """The day, week, weekend, month or year that is ``distance`` of them away: -1 is the last one, 1 the next.

    Raises:
        ValueError, OverflowError: beyond the calendar.
    """
    step = "weeks" if unit == "weekend" else f"{unit}s"
    return UNITS[unit](moved(day, step, distance))


def moved(day: date, step: str, count: int) -> date:
    """A day ``count`` days, weeks, months or years later, or earlier; the last of a month where it has no such day.

    Raises:
        ValueError, OverflowError: beyond the calendar.
    """
    return day + relativedelta(**{step: count})  # type: ignore[arg-type]


def weekday_before(day: date, name: str) -> date:
    """The nearest day of this name on or before a day."""
    return day + relativedelta(weekday=weekday(weekday_number(name))(-1))


def weekday_after(day: date, name: str) -> date:
    """The nearest day of this name on or after a day."""
    return day + relativedelta(weekday=weekday(weekday_number(name))(+1))


def weekday_number(name: str) -> int:
    """Monday is 0."""
    number = _names().weekday(name)
    if number is None:
        raise ValueError(f"no weekday is called {name}")
    return number


def month_number(name: str) -> int:
    """January is 1; ``Sept.`` and its like are known too."""
    number = _names().month(name.rstrip("."))
    if number is None:
        raise ValueError(f"no month is called {name}")
    return number


def day_number(text: str) -> int:
    """``9`` of ``9th``."""
    return int(re.sub(r"\D", "", text))


def count_of(text: str) -> int:
    """How many ``three``, ``a`` or ``12`` are."""
    return int(text if text.isdecimal() else NUMBER_WORDS.get(text.lower(), "1"))


@lru_cache(maxsize=1)
def _names() -> parserinfo:
    return parserinfo()
