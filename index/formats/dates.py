"""Dates as people and programs write them, in one spelling: ISO 8601."""

import re
import warnings
from datetime import UTC, datetime, timedelta, timezone, tzinfo

from index.english import MONTH

# The first newspaper, the Relation of Strasbourg, is of 1605. Other years are slips or stand for "unknown".
YEARS = range(1605, 2200)
LONGEST_DATE = 100
# Hours from UTC. Those of RFC 5322, section 4.3, and those that stand for one zone in news; "IST" is used for three.
ZONES: dict[str, float] = {
    "UT": 0,
    "UTC": 0,
    "GMT": 0,
    "Z": 0,
    "EST": -5,
    "EDT": -4,
    "CST": -6,
    "CDT": -5,
    "MST": -7,
    "MDT": -6,
}
ZONES |= {"PST": -8, "PDT": -7, "AKST": -9, "AKDT": -8, "HST": -10, "AST": -4, "ADT": -3, "NST": -3.5, "NDT": -2.5}
ZONES |= {"WET": 0, "WEST": 1, "BST": 1, "CET": 1, "CEST": 2, "MET": 1, "MEST": 2, "EET": 2, "EEST": 3, "MSK": 3}
ZONES |= {"SAST": 2, "EAT": 3, "WAT": 1, "PKT": 5, "HKT": 8, "SGT": 8, "JST": 9, "KST": 9, "AWST": 8, "ACST": 9.5}
ZONES |= {"AEST": 10, "AEDT": 11, "ACDT": 10.5, "NZST": 12, "NZDT": 13, "BRT": -3, "ART": -3}
# Zones by the clock on the wall, whatever the season.
PLACES = {"ET": "America/New_York", "CT": "America/Chicago", "MT": "America/Denver", "PT": "America/Los_Angeles"}

_YEAR = re.compile(r"(?<!\d)\d{4}(?!\d)")
_LABEL = re.compile(
    r"(?:(?:first|last) )?(?:published|posted|updated|created|date|dated|filed|issued)\b(?: on)?:? +", re.I
)
_SHORT_YEARS = (  # RFC 822, section 5.1, and as people write them
    re.compile(rf"\b(\d{{1,2}}[ -]{MONTH}\.?,?[ -])['’]?(\d\d)(?![\d:])", re.I),
    re.compile(rf"\b({MONTH}\.? \d{{1,2}}, ?)['’]?(\d\d)(?![\d:])", re.I),
)
_CLOCK = r"(?P<hour>\d{1,2}):(?P<minute>\d\d)(?::(?P<second>\d\d)(?:[.,]\d+)?)?(?: ?(?P<half>[ap])\.?m\b\.?)?"
# Where the year stands first, the month comes next: year, day, month is not in use.
_YEAR_FIRST = re.compile(
    rf"(?P<year>\d{{4}})(?P<gap>[-/.])(?P<month>\d\d?)(?P=gap)(?P<day>\d\d?)\.?(?:(?:T|,? +){_CLOCK})?", re.I
)
_TIMED = re.compile(r"\d:\d\d|\d ?[ap]\.?m\b|T\d{4}|\bnoon\b", re.I)
_OFFSET = re.compile(r"(?: ?(?:GMT|UTC|UT))? ?([+-])(\d\d?):?(\d\d)?(?::?\d\d)?\Z", re.I)
_ZONE_NAME = re.compile(r"(?<![A-Za-z])([A-Z]{1,5})\Z")
_PLACE = re.compile(r" ?\[?([A-Z][A-Za-z]+/[A-Za-z_/+-]+)\]?\Z")  # “[Europe/Berlin]”
_BEFORE_YEAR = re.compile(r"(:\d\d) ([A-Z]{2,5}|[+-]\d{4}) (\d{4})\Z")  # “Tue May 7 08:00:00 CEST 2024”
_COMMENT = re.compile(r" ?(?:\([^()]*\)|\[[A-Z]+\])\Z")  # “(CEST)”, “[UTC]”
_COMPACT = {8: "%Y%m%d", 12: "%Y%m%d%H%M", 14: "%Y%m%d%H%M%S"}
_EPOCH_DIGITS = {9: 1, 10: 1, 12: 10**3, 13: 10**3, 16: 10**6, 19: 10**9}  # digits → units in a second


def iso_date(given: str) -> str:
    """ISO 8601 in one spelling: ``2023-11-09`` or ``2023-11-09T08:00:00+09:00`` (UTC when no zone is given).

    The zone stays as it was given, so that the local day of publication is kept. Of a time in a zone that is not known
    the day alone is kept. Dates of e-mail and feeds, seconds and milliseconds since 1970, and dates with the month in
    words are understood too.

    Raises:
        ValueError: it is no date, an incomplete one, one that can be read in two ways, or of a year out of ``YEARS``.
    """
    text = " ".join(given.replace("−", "-").split())
    if len(text) > LONGEST_DATE:
        raise ValueError("too long")
    moment, timed = _read(text)
    if moment.year not in YEARS:
        raise ValueError(f"the year {moment.year} is before the first newspaper or far ahead")
    if not timed:
        return moment.date().isoformat()
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).isoformat()


def _read(text: str) -> tuple[datetime, bool]:
    """The moment, and whether its time of day is known."""
    if re.fullmatch(r"\d{8,19}(?:\.\d+)?", text):
        return _numbered(text)
    try:
        return datetime.fromisoformat(text), len(text) > len("2023-11-09")
    except ValueError:
        plain, zone, known = _zoned(_plain(text))
    found = _YEAR_FIRST.fullmatch(plain)
    moment, timed = _year_first(found) if found else _worded(plain)
    if not timed or not known:
        return moment, False
    if isinstance(zone, str):
        return _at_place(moment, zone), True
    return moment.replace(tzinfo=zone or moment.tzinfo), True


def _numbered(text: str) -> tuple[datetime, bool]:
    """Figures alone: a day without marks between its parts, or what computers count since 1970."""
    whole = text.partition(".")[0]
    if whole == text and whole[:2] in {"19", "20"} and len(whole) in _COMPACT:
        try:
            return datetime.strptime(whole, _COMPACT[len(whole)]), len(whole) > len("20231109")
        except ValueError:
            pass  # then they are seconds
    units = _EPOCH_DIGITS.get(len(whole))
    if units is None:
        raise ValueError("not understood")
    return datetime.fromtimestamp(int(whole) / units, UTC).replace(microsecond=0), True


def _plain(text: str) -> str:
    """Without what says nothing, and with the year in full."""
    text = _LABEL.sub("", text, count=1) if _LABEL.match(text) else text
    while (shorter := _COMMENT.sub("", text)) != text:
        text = shorter
    text = re.sub(r"\b([ap])\.m\.?", r"\1m", text, flags=re.I)
    text = re.sub(r"(\d{4},? (?:at )?\d\d?)\.(\d\d)(?!\d)", r"\1:\2", text)
    text = re.sub(r"\bnoon\b", "12:00 pm", text, flags=re.I)
    text = re.sub(r"(\d{4})年(\d\d?)月(\d\d?)日", r"\1-\2-\3", text)
    text = _BEFORE_YEAR.sub(r"\1 \3 \2", text)
    for short in _SHORT_YEARS:
        text = short.sub(lambda found: f"{found[1]}{_century(found[2])}{found[2]}", text)
    return text


def _century(year: str) -> int:
    return 20 if int(year) < 50 else 19  # RFC 5322, section 4.3


def _zoned(text: str) -> tuple[str, tzinfo | str | None, bool]:
    """A date without its zone, the zone, and whether that is known; a zone only follows a time."""
    if offset := _OFFSET.search(text):
        rest = text[: offset.start()]
        hours, minutes = int(offset[2]), int(offset[3] or 0)
        if _TIMED.search(rest) and hours < 24 and minutes < 60:
            distance = timedelta(hours=hours, minutes=minutes)
            return rest, timezone(-distance if offset[1] == "-" else distance), True
    named = _PLACE.search(text) or _ZONE_NAME.search(text)
    if named is None or named[1] in {"AM", "PM"} or not _TIMED.search(text[: named.start()]):
        return text, None, True
    rest, zone, _ = _zoned(text[: named.start()].rstrip())
    if zone is not None:  # “+0200 (CEST)” and “+02:00[Europe/Berlin]” say it twice
        return rest, zone, True
    if named[1] in ZONES:
        return rest, timezone(timedelta(hours=ZONES[named[1]])), True
    place = PLACES.get(named[1], named[1] if "/" in named[1] else None)
    return rest, place, place is not None


def _at_place(moment: datetime, place: str) -> datetime:
    from zoneinfo import ZoneInfo

    try:
        local = moment.replace(tzinfo=ZoneInfo(place))
    except (KeyError, OSError) as error:
        raise ValueError(f"there is no time zone {place}") from error
    return local.replace(tzinfo=timezone(local.utcoffset() or timedelta()))


def _year_first(found: re.Match[str]) -> tuple[datetime, bool]:
    day = datetime(int(found["year"]), int(found["month"]), int(found["day"]))
    if found["hour"] is None:
        return day, False
    hour = int(found["hour"])
    if found["half"]:
        hour = hour % 12 + (12 if found["half"].lower() == "p" else 0)
    passed = timedelta(hours=hour, minutes=int(found["minute"]), seconds=int(found["second"] or 0))
    if passed > timedelta(days=1):  # ISO 8601 calls the end of a day 24:00
        raise ValueError("there is no such time")
    return day + passed, True


def _worded(given: str) -> tuple[datetime, bool]:
    """A date that is written out, and whether it has a time. Read with several defaults: what differs was not said."""
    from dateutil.parser import ParserError, parse

    def read(default: datetime, *, dayfirst: bool) -> datetime:
        return parse(given, default=default, dayfirst=dayfirst, tzinfos=_no_zone)

    if not _YEAR.search(given):
        raise ValueError("no year of four digits")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            first = read(datetime(2000, 1, 1), dayfirst=False)
            second = read(datetime(2004, 2, 2, 1), dayfirst=False)
            other = read(datetime(2000, 1, 1), dayfirst=True)
    except (ParserError, OverflowError, ValueError, TypeError, AttributeError, Warning) as error:
        raise ValueError("not understood") from error
    if f"{first.year:04}" not in _YEAR.findall(given):  # a year like 0023 is read as one of our century
        raise ValueError("no year of four digits")
    if first.date() != second.date():
        raise ValueError("incomplete")
    if first != other:
        raise ValueError("day and month can be taken for each other")
    return first, first.time() == second.time()


def _no_zone(name: str | None, offset: int | None) -> tzinfo | None:
    """Zones are read before; what is left of letters is none."""
    if offset is not None:
        return timezone(timedelta(seconds=offset))
    if name is None:
        return None
    raise ValueError(f"{name} is no part of a date")
