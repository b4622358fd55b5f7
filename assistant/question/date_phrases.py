"""Finds dates in questions: "9 November", "September 2023", "Monday", "last week"."""

import re
from datetime import date

from assistant.dates.spans import (
    DAY,
    YEAR,
    Days,
    day_number,
    month_number,
    month_of,
    one_day,
    unit_at,
    weekday_before,
    year_of,
)
from index.english import MONTH, MONTHS, PAPERS, WEEKDAY, WEEKDAYS

_END = r"(?![\w’'-])"
# After "before" and the like, these may be people; then a year or the end of the phrase must follow.
_NAME_LIKE = r"(?:April|May|June|August)"
_PHRASE_END = r"(?= *(?:$|[?.,;:!)]| (?:and|to|in|on|at|until|till|through|by|that|did|was|were|is|the)\b))"
_MONTH_ALONE = rf"(?:(?!{_NAME_LIKE}\b){MONTH}|{_NAME_LIKE}{_PHRASE_END})(?! [A-Z][a-z])"
_WEEKDAY_ALONE = rf"(?:last )?{WEEKDAY}(?! (?:{PAPERS}|Night|prayers)\b)"
_YEAR_ALONE = (
    rf"(?<!\d){YEAR}(?![\d%]|[,.]\d)(?! (?!was\b|is\b|has\b|does\b)(?:[a-z]+s|dollars|men|women|people|miles|feet)\b)"
)
POINT = (
    rf"(?:\d{{4}}-\d\d-\d\d"
    rf"|(?:{WEEKDAY},? )?(?:the )?{DAY} (?:of )?{MONTH}(?:,? {YEAR})?"
    rf"|(?:{WEEKDAY},? )?{MONTH} {DAY}(?!\w)(?:,? {YEAR})?"
    rf"|{MONTH},? {YEAR}|{_MONTH_ALONE}|{_YEAR_ALONE}|{_WEEKDAY_ALONE}"
    rf"|yesterday|(?:last|this) (?:week|month|year)){_END}"
)

_WORDS = {"may", "march", "august"}  # as well as months
_LOWER_NAME = re.compile(
    rf"(?<![\w-])(?:{'|'.join(name.lower() for name in (*MONTHS, *WEEKDAYS) if name.lower() not in _WORDS)})(?![\w-])"
)
_LOWER_WORD = re.compile(
    r"(?:(?<=\bin )|(?<=\bsince )|(?<=\buntil )|(?<=\bduring )|(?<=\bfrom )|(?<=\bto )|(?<=\bbefore )|(?<=\bafter )"
    r"|(?<=\bbetween )|(?<=\band )|(?<=\bon )|(?<=\d ))(?:may|march|august)(?= \d|[?.,!]|$| and\b| to\b)"
)
_OPENING = re.compile(
    r"(?:Latest|Newest|Most recent|Most recently|Recently|Lately|Currently|Now|Right now|So far|As of"
    r"|Yesterday|Today|Tonight|This|Last|Past|Earlier|At the moment|At present|As things stand|Up to now)\b"
)


def normal(question: str) -> str:
    """The question with capitals where the patterns expect them, character for character as long as before."""
    text = question
    if text.isupper() and len(text.lower()) == len(text):
        text = text.lower()
    text = _LOWER_NAME.sub(lambda match: match[0].capitalize(), text)
    text = _LOWER_WORD.sub(lambda match: match[0].capitalize(), text)
    opening = _OPENING.match(text)
    return text[0].lower() + text[1:] if opening else text


def point_days(text: str, today: date) -> Days:
    """The days that a date of a question means; without a year, the latest such days that have begun by today.

    Raises:
        ValueError, OverflowError: it is no date, or there is no such day.
    """
    if re.fullmatch(r"\d{4}-\d\d-\d\d", text):
        return one_day(date.fromisoformat(text))
    if text == "yesterday":
        return unit_at(today, "day", -1)
    shifted = re.fullmatch(r"(last|this) (week|month|year)", text)
    if shifted:
        return unit_at(today, shifted[2], -1 if shifted[1] == "last" else 0)
    weekday = re.fullmatch(rf"(last )?({WEEKDAY})", text)
    if weekday:
        return one_day(weekday_before(unit_at(today, "day", -1).first if weekday[1] else today, weekday[2]))
    return _dated(text, today)


def _dated(text: str, today: date) -> Days:
    month, year = re.search(MONTH, text), re.search(rf"\b{YEAR}\b", text)
    if month is None:
        if year is None:
            raise ValueError(f"{text!r} is no date")
        return year_of(date(int(year[0]), 1, 1))
    rest = text.replace(year[0], "") if year else text
    day = re.search(rf"\b{DAY}\b", rest)
    number, month_is = day_number(day[0]) if day else 1, month_number(month[0])
    first = date(int(year[0]), month_is, number) if year else _latest(month_is, number, today)
    return one_day(first) if day else month_of(first)


def _latest(month: int, day: int, today: date) -> date:
    """The latest such day on or before today."""
    for year in range(today.year, today.year - 8, -1):  # leap years are at most eight years apart
        try:
            found = date(year, month, day)
        except ValueError:
            continue
        if found <= today:
            return found
    raise ValueError(f"there was no day {day} of month {month}")
