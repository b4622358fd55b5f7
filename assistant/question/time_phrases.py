"""Finds time expressions in questions, and the days that each allows; used by ``time_window``."""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from assistant.dates.relative_days import DAY_WORDS
from assistant.dates.spans import COUNT, DAY, UNIT, YEAR, Days, count_of, moved, one_day, unit_at, weekday_before
from assistant.question.date_phrases import POINT, point_days
from index.english import MONTH, WEEKDAY

# Days after an event's week, month or year in which newspapers still report on it first.
REPORTED_WITHIN = {"day": 1, "weekend": 2, "week": 2, "month": 7, "year": 92}


class Ordering(StrEnum):
    """Which of several articles the question asks for."""

    NONE = "none"
    NEWEST = "newest"
    OLDEST = "oldest"


@dataclass(frozen=True, slots=True)
class Limit:
    """Days that one expression allows; None is open."""

    first: date | None
    last: date | None
    strict: bool


Reader = Callable[[re.Match[str], date], Limit | Ordering | None] | Ordering


def as_of_day(match: re.Match[str], today: date) -> Limit | Ordering:
    """“as of 10 November”: that day is the present; “as of today” asks for what is newest."""
    days = one_day(today) if match["point"] in {"today", "now"} else point_days(match["point"], today)
    return Ordering.NEWEST if days.last == today else Limit(None, days.last, strict=True)


def _between(match: re.Match[str], today: date) -> Limit:
    """“between 3 and 9 November”, “from 2023-11-03 to 2023-11-09”."""
    days = _span(match["first"], match["last"], today)
    return Limit(days.first, days.last, strict=False)


def _published_between(match: re.Match[str], today: date) -> Limit:
    """“reports from 3 to 9 November”: these days of publication, and no others."""
    days = _span(match["first"], match["last"], today)
    return Limit(days.first, days.last, strict=not _ONE_ARTICLE.search(match.string[: match.start("first")]))


def _span(lead: str, end: str, today: date) -> Days:
    """The days from one to another; what one of them leaves out, month or year, the other one says."""
    month, year = re.search(MONTH, f"{end} {lead}"), re.search(rf"\b{YEAR}\b", lead)
    if month and re.fullmatch(DAY, end):
        end = f"{end} {month[0]}"
    if year and re.search(MONTH, end) and not re.search(rf"\b{YEAR}\b", end):
        end = f"{end} {year[0]}"
    if month and re.fullmatch(DAY, lead):
        lead = f"{lead} {month[0]}"
    last = point_days(end, today).last
    return Days(point_days(lead, last).first, last)


def _prepositional(match: re.Match[str], today: date) -> Limit:
    """“since Monday”, “before 9 November”, “in September”."""
    word = match["word"].lower()
    return _beside(word, point_days(match["point"], today), strict=word == "since")


def _published(match: re.Match[str], today: date) -> Limit:
    """An expression about publication: exactly these days, and no others.

    "The report published on 1 November" names one of the articles and does not limit the others.
    """
    strict = not _ONE_ARTICLE.search(match.string[: match.end()])
    return _beside(match["word"], point_days(match["point"], today), strict)


def _beside(word: str, days: Days, strict: bool) -> Limit:
    """The days that a preposition puts something on; by itself, a date is these days."""
    if word in {"since", "after"}:
        return Limit(days.first if word == "since" else moved(days.last, "days", 1), None, strict)
    if word in {"before", "prior to"}:
        return Limit(None, moved(days.first, "days", -1), strict)
    return Limit(None if word in {"until", "till", "up to"} else days.first, days.last, strict)


def _counted(match: re.Match[str], today: date) -> Limit | None:
    """“the last three days”, “the past month”: back from today."""
    if _LASTS.search(match.string[: match.start()]) and not match["the"]:
        return None
    count = count_of(match["count"]) if match["count"] else 1
    return Limit(moved(today, f"{match['unit']}s", -count), today, strict=True)


def _ago(match: re.Match[str], today: date) -> Limit:
    unit = match["unit"]
    day = moved(today, f"{unit}s", -count_of(match["count"]))
    around = one_day(day) if unit == "day" else unit_at(day, unit, 0)
    return _reported(around, unit, today)


def _unit(match: re.Match[str], today: date) -> Limit:
    distance = -1 if match["shift"] == "last" else 0
    return _reported(unit_at(today, match["unit"], distance), match["unit"], today)


def _last_weekday(match: re.Match[str], today: date) -> Limit:
    return _reported(one_day(weekday_before(moved(today, "days", -1), match["weekday"])), "day", today)


def _day_word(match: re.Match[str], today: date) -> Limit:
    return _reported(one_day(moved(today, "days", DAY_WORDS[match["word"]])), "day", today)


def _today(match: re.Match[str], today: date) -> Limit | Ordering:
    """The day when something happened, or only “nowadays”."""
    if _HAPPENED.search(match.string):
        return Limit(today, today, strict=True)
    return Ordering.NEWEST


def _reported(days: Days, unit: str, today: date) -> Limit:
    reported = moved(days.last, "days", REPORTED_WITHIN[unit])
    return Limit(days.first, max(days.first, min(reported, today)), strict=True)


_HAPPENED = re.compile(r"\b(?:did|was|were|has|have|had|happen\w*|happening|news|headlines?|said|says)\b")
# "How long did the talks last three weeks": the verb, not the adjective.
_LASTS = re.compile(r"\b(?:do|does|did|will|would|can|could|should|may|might|must|to)\b")
_NOT_OF = r"(?![\w-])(?! of\b)"
_ONE_ARTICLE = re.compile(r"\b(?:report|article|piece|story|column|interview|one)\b")
_PUBLISHED = r"(?:published|written|printed|articles|article|reports|stories|coverage|headlines|news)"
_RANGE_START = rf"(?:\d{{4}}-\d\d-\d\d|{MONTH} {DAY}|{DAY} {MONTH})(?=\s?[–-]\s?\w)"  # “March 1–5”
_PREPOSITION = r"(?P<word>in|on|from|of|since|before|after|until|during)"


def _windows() -> Iterator[tuple[str, Reader]]:
    point = rf"(?P<point>{POINT})"
    yield rf"\b[Aa]s of (?P<point>{POINT}|today\b|now\b)", as_of_day
    days = rf"(?P<first>{POINT}|{_RANGE_START}|{DAY})(?: (?:and|to|until|till|through) (?:the )?|\s?[–-]\s?)"
    days += rf"(?P<last>{POINT}|{DAY}(?![\w-]))"
    yield rf"\b{_PUBLISHED} (?:between|from|of|on|in) (?:the )?{days}", _published_between
    yield rf"\b{_PUBLISHED} {_PREPOSITION} (?:the )?{point}", _published
    yield rf"\b(?:[Bb]etween|[Ff]rom) (?:the )?{days}", _between
    yield rf"\b(?P<word>[Ss]ince) {point}", _prepositional
    yield rf"\b(?P<word>[Aa]fter) {point}", _prepositional
    yield rf"(?<!day )\b(?P<word>[Bb]efore|[Uu]ntil|[Tt]ill|[Uu]p to|[Pp]rior to) {point}", _prepositional
    yield from _relative_windows()
    yield rf"\b(?P<word>[Ii]n|[Dd]uring|[Oo]n|[Tt]hroughout) {point}", _prepositional


def _relative_windows() -> Iterator[tuple[str, Reader]]:
    count = rf"(?P<count>{COUNT})"
    within = r"(?P<the>\b(?:in|over|during|within|for|of) (?:the|these|this) )"
    yield rf"{within}(?:last|past) (?:{count} )?{UNIT}s?{_NOT_OF}", _counted
    yield rf"(?P<the>\b(?:the|these|those) )?\b(?:last|past) {count} {UNIT}s?{_NOT_OF}", _counted
    yield rf"(?P<the>\b(?:the|this) )(?P<count>)past {UNIT}{_NOT_OF}", _counted
    yield rf"\b{count} {UNIT}s? ago\b", _ago
    part = r"(?<!and )\b(?:(?:earlier|later|late|early) )?"
    yield rf"{part}(?P<shift>last|this) (?P<unit>week|weekend|month|year){_NOT_OF}", _unit
    yield rf"\b(?:on )?last (?P<weekday>{WEEKDAY}){_NOT_OF}", _last_weekday
    past = "|".join(word for word, distance in DAY_WORDS.items() if distance <= 0 and word != "today")
    yield rf"(?<![\w’'-])(?P<word>{past})(?![\w-])", _day_word
    yield r"(?<![\w’'-])(?:earlier )?today(?![\w-])", _today


def _orderings() -> Iterator[tuple[str, Reader]]:
    yield r"\b(?:as things stand|up to now)\b", Ordering.NEWEST
    yield r"\bso far\b(?! (?:as|away|from|off|apart|behind|ahead)\b)", Ordering.NEWEST
    yield r"(?<!at the )(?<!by the )\b(?:latest|newest|most recent(?:ly)?|up[- ]to[- ]date)(?!-)\b", Ordering.NEWEST
    yield r"\b(?:recently|lately)(?= *(?:\?|$))", Ordering.NEWEST
    yield r"(?<!, )\b(?:currently|at (?:the moment|present)(?! (?:of|when|that)\b))\b", Ordering.NEWEST
    yield r"\b(?:right now|these days|nowadays)\b", Ordering.NEWEST
    not_before = "".join(
        f"(?<!{word} )" for word in ("and is", "who is", "and are", *"until till by just and from".split())
    )
    yield rf"{not_before}\bnow\b(?! (?:and|that)\b)(?!-)", Ordering.NEWEST
    streams = r"(?! (?:account|affairs|in|of|at|is|was|flows?|through|runs?|from|and|or|on|under|along)\b)"
    yield rf"\b(?:the|his|her|their|its|what|which|[’']s) current(?= [a-z]){streams}", Ordering.NEWEST
    reports = r"(?:articles?|reports?|news|stor(?:y|ies)|coverage|headlines?)"
    yield rf"\b(?:[Ee]arliest|oldest) (?:news )?{reports}\b", Ordering.OLDEST


RULES = tuple((re.compile(pattern), read) for rules in (_windows, _orderings) for pattern, read in rules())
