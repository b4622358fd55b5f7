"""Resolves relative dates in an article's sentence, such as "on Thursday", against the day of publication.

Only what needs that day is resolved; a full date says itself what it means. What two readers may take for different
days ("next Friday" on a Monday), what depends on the story rather than on the paper ("the next day", "that Sunday",
"the October 7 attacks") and what depends on the hemisphere ("last summer") is left alone.
"""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import date, datetime

from assistant.dates import relative_days
from assistant.dates.relative_days import DAY_WORDS
from assistant.dates.spans import COUNT, DAY, LEADS, UNIT, YEAR, Days
from index.english import MONTH, PAPERS, WEEKDAY


@dataclass(frozen=True, slots=True)
class ResolvedDate:
    """An expression of time in a sentence and the days that it stands for.

    Attributes:
        text: ``sentence[start:end]``.
        start, end: offsets in characters of the sentence.
        first, last: the days, both included.
        about: whether the days are only roughly these ("two weeks ago").
    """

    text: str
    start: int
    end: int
    first: date
    last: date
    about: bool = field(default=False)

    @property
    def readable(self) -> str:
        """``Thursday, 9 November 2023``, without the weekday where the expression names it; ``about August 2023``."""
        days = Days(self.first, self.last).readable
        if self.about:
            return f"about {days}"
        names_weekday = re.search(WEEKDAY, self.text) is not None
        return f"{self.first:%A}, {days}" if self.first == self.last and not names_weekday else days


def resolve_dates(sentence: str, published: str) -> tuple[ResolvedDate, ...]:
    """The relative dates of a sentence, in order, without overlaps.

    A weekday or a date without a year is the nearest one on or before the day of publication when its verb is past,
    on or after it when its verb is a plan or a future, and the nearest either way when no verb says it. The day of
    publication counts for both.

    Args:
        published: ISO 8601 date, or date-time, whose day is taken in its own zone.

    Returns:
        Nothing when ``published`` is empty or no date.
    """
    today = day_of(published)
    return () if today is None else tuple(sorted(_found(sentence, today), key=lambda item: item.start))


def day_of(published: str) -> date | None:
    """The calendar day of an ISO 8601 date or date-time, in its own zone; None for what is neither."""
    try:
        return datetime.fromisoformat(published).date()
    except ValueError:
        return None


def _found(sentence: str, today: date) -> Iterator[ResolvedDate]:
    plain, places = _single_spaced(sentence)
    taken = [False] * len(plain)
    for pattern, resolve in _RULES:
        for match in pattern.finditer(plain):
            start, end = match.span()
            if any(taken[start:end]):
                continue
            taken[start:end] = [True] * (end - start)
            days = _resolved(resolve, match, today)
            if days is not None:
                first, last = places[start], places[end - 1] + 1
                about = resolve is relative_days.ago and match["unit"] != "day"
                yield ResolvedDate(sentence[first:last], first, last, days.first, days.last, about)


def _single_spaced(text: str) -> tuple[str, list[int]]:
    """The text with every white space as one blank, as the patterns expect it, and where each character stands."""
    places = [
        place
        for place, character in enumerate(text)
        if not character.isspace() or place == 0 or not text[place - 1].isspace()
    ]
    return "".join(" " if text[place].isspace() else text[place] for place in places), places


def _resolved(resolve: "_Resolve | None", match: re.Match[str], today: date) -> Days | None:
    """None for what is left alone, and beyond the calendar."""
    try:
        return resolve(match, today) if resolve else None
    except (ValueError, OverflowError):
        return None


_Resolve = Callable[[re.Match[str], date], Days | None]

# The first rule that matches a stretch of text has it; a rule without a function leaves the text alone.
_TO = r"\s?(?:[-–]|to|and|through|until|till|&)\s?"
_DAY_MONTH = rf"{DAY} (?:of )?{MONTH}|{MONTH} {DAY}"
_NO_DIGITS = r"(?![\d%]|[,.:]\d|[-–]\d| per ?cent\b)"
_NO_NAME = r"(?! [A-Z][a-z])"  # "by August Wilson"
_WHOLE = r"(?![\w’'-])(?! \d)"
_NAMED_DAYS = (
    "Black|Good|Ash|Bloody|Super|Easter|Palm|Whit|Cyber|Holy|Shrove|Maundy|Sheffield|Ruby|Man|Wild|Giving|Blue|Mail on"
)
_STORY_DAYS = (
    "[Tt]he|[Tt]he (?:next|following|previous|same|first|last)|(?:his|her|their|its) last|[Tt]hat|[Aa]|[Aa]nother"
    "|[Aa]ny|[Ee]very|[Ee]ach|[Mm]ost|[Oo]ne|alternate|second|third|fourth"
)
_TITLE = rf"(?:Night (?:Football|Lights|Live|Fever)|{PAPERS})\b"
_LEADS = (*LEADS, *"during between and By Since From Until".split())
_BEFORE_MONTH = "(?:" + "|".join([rf"(?<=\b{word} )" for word in _LEADS]) + r"|(?<=\bmid-)|\b[Ii]n |\b[Tt]his )"


def _full_dates() -> Iterator[tuple[str, _Resolve | None]]:
    """Dates that need nothing, with what stands in front of a year that two dates share."""
    yield rf"(?:{WEEKDAY},? )?(?:{_DAY_MONTH})(?:{_TO}(?:{_DAY_MONTH}|{DAY}))?,? (?:of )?{YEAR}\b", None
    yield rf"(?:{WEEKDAY},? )?{DAY}{_TO}{DAY} (?:of )?{MONTH},? {YEAR}\b", None
    yield rf"\b{MONTH}(?:{_TO}{MONTH})?,? (?:of )?{YEAR}\b", None
    yield r"\b\d{4}-\d\d-\d\d\b", None


def _other_days() -> Iterator[tuple[str, _Resolve | None]]:
    """Days with a name of their own, those that come again and again, and those that belong to the story."""
    followed = r"(?= [a-z]+)(?! (?:and|to|until|when|that|which|at|in|by|for)\b)"
    yield rf"\b(?:[Tt]he|[Tt]his) (?:{_DAY_MONTH}){followed}", None
    yield r"\b(?:September|Sept\.?) 11(?:th)?(?= (?:\w+ )?(?:attack|hijack|memorial|victim))", None
    yield rf"\b{WEEKDAY}s\b|\b{WEEKDAY} {_TITLE}|\b{WEEKDAY}(?: (?:after|before|following)\b)", None
    yield rf"\b(?:{_NAMED_DAYS}|{_STORY_DAYS}) {WEEKDAY}\b", None
    of_story = r"(?:next|following|previous|same|last|past|coming)"
    yield rf"\b(?:[Tt]he|[Tt]hat|[Ee]very|[Aa]|per|each) {of_story} {UNIT}s?\b", None
    yield rf"\b(?:more|less|fewer|longer) than {COUNT} {UNIT}s? ago\b", None


def _month_dates() -> Iterator[tuple[str, _Resolve | None]]:
    """Dates and months without a year."""
    span = r"\b(?:[Ff]rom|[Bb]etween) "
    month, to_month = rf"(?P<month>{MONTH})", rf"(?P<to_month>{MONTH})"
    first, last = rf"(?P<day>{DAY})", rf"(?P<to>{DAY})"
    yield rf"(?:{span})?\b{month} {first}{_TO}{to_month} {last}(?!\w)", relative_days.month_days
    yield rf"{span}{first} {month}{_TO}{last} {to_month}(?!\w)", relative_days.month_days
    yield rf"{span}{month}{_TO}{to_month}{_WHOLE}", relative_days.months
    lead = rf"\b(?:[Oo]n )?(?:{WEEKDAY},? (?:the )?)?"
    days = rf"{first}(?:{_TO}{last}\b{_NO_DIGITS})?"
    yield rf"{lead}{month} {days}(?!\w){_NO_DIGITS}(?! {MONTH})", relative_days.month_day
    yield rf"(?<![\d.,:$£€-]){lead}(?:the )?{days} (?:of )?{month}(?!\w)", relative_days.month_day
    yield rf"\b(?P<shift>[Ll]ast|[Nn]ext) {month}(?!\w)", relative_days.shifted_month
    yield rf"{_BEFORE_MONTH}{month}{_WHOLE}{_NO_NAME}", relative_days.month


def _counted_days() -> Iterator[tuple[str, _Resolve | None]]:
    """Days, weeks, months and years counted from the paper."""
    words = sorted(DAY_WORDS, key=len, reverse=True)
    yield rf"(?<![\w’'-])(?P<word>{'|'.join(words)})(?![\w-])", relative_days.day_word
    opening = "|".join(word.capitalize() for word in words)
    yield rf"(?:^|(?<=[“\"(]))(?P<word>{opening})(?![\w-])(?! [A-Z])", relative_days.day_word
    yield r"\b(?P<shift>[Tt]his|[Ll]ast|[Tt]he) weekend(?![\w-])(?! (?:of|after|before|in)\b)", relative_days.weekend
    shift = r"(?:(?P<part>[Ee]arlier|[Ll]ater) )?(?P<shift>[Tt]his|[Ll]ast|[Nn]ext)"
    yield rf"\b{shift} (?!day){UNIT}(?![\w-])(?! (?:of|in|long)\b)", relative_days.unit
    yield rf"\b(?P<count>{COUNT}) {UNIT}s? ago\b", relative_days.ago


def _shifted_weekdays() -> Iterator[tuple[str, _Resolve | None]]:
    weekday = rf"(?P<weekday>{WEEKDAY})"
    yield rf"\b(?:[Oo]n )?{weekday}(?: of)? (?P<shift>last|this|next) week\b", relative_days.weekday_of_week
    yield rf"\b(?:[Oo]n )?(?:[Tt]his )?(?P<shift>coming) {weekday}\b", relative_days.shifted_weekday
    yield rf"(?<![Tt]he )\b(?P<shift>[Ll]ast|[Nn]ext) {weekday}\b(?! (?:of|in)\b)", relative_days.shifted_weekday


def _weekdays() -> Iterator[tuple[str, _Resolve | None]]:
    weekday = rf"(?P<weekday>{WEEKDAY})"
    yield rf"\b[Oo]n {weekday}\b", relative_days.weekday
    yield rf"\b{weekday}(?![\w-])(?! (?!(?:Night|Morning|Afternoon|Evening)\b)[A-Z])", relative_days.weekday


_RULES = tuple(
    (re.compile(pattern), resolve)
    for rules in (_full_dates, _other_days, _shifted_weekdays, _month_dates, _counted_days, _weekdays)
    for pattern, resolve in rules()
)
