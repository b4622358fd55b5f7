"""Computes the days that matched time expressions mean, from the day of publication; see ``article_dates``.

Each function takes a match with the groups that its name needs, and the day of publication. None means that two readers
may take the expression for different days.
"""

import re
from datetime import date, timedelta

from assistant.dates.spans import (
    LEADS,
    Days,
    count_of,
    day_number,
    month_number,
    month_of,
    moved,
    one_day,
    unit_at,
    weekday_after,
    weekday_before,
    weekday_number,
    weekend_of,
)
from assistant.dates.tense import Tense, looking

# Newspapers leave the year out only when it is plain: when a past verb points so far and the other date is so near, as
# in "approved the plan for the fair on December 3", it is not.
NEAR, FAR = timedelta(45), timedelta(180)
AROUND_WEEKS = timedelta(3)  # "two weeks ago" is seldom meant to the day
DAY_WORDS = {
    "the day before yesterday": -2,
    "yesterday": -1,
    "last night": -1,
    "today": 0,
    "tonight": 0,
    "this morning": 0,
    "this afternoon": 0,
    "this evening": 0,
    "tomorrow": 1,
    "the day after tomorrow": 2,
}
_PREPOSITION = re.compile(rf"\b(?:{'|'.join(LEADS)}|through) $", re.IGNORECASE)
_OF = re.compile(r"(?<!end|ing|dle|art) of $")  # "the article of June 20", not "by the end of June"
_SINCE = re.compile(r"\b[Ss]ince(?: about| early| late)? $")


def weekday(match: re.Match[str], today: date) -> Days | None:
    """“on Thursday”; a bare one without any verb, as in a list, says too little."""
    tense = looking(match.string, *match.span()).tense
    listed = match.group() == match["weekday"] and not _PREPOSITION.search(match.string[: match.start()])
    if listed and tense is Tense.UNSAID:
        return None
    back, ahead = weekday_before(today, match["weekday"]), weekday_after(today, match["weekday"])
    return one_day(_chosen(match, tense, today, back, ahead))


def shifted_weekday(match: re.Match[str], today: date) -> Days | None:
    """“last Wednesday” and “next Wednesday”, where the week leaves no doubt which one that is."""
    name, passed = match["weekday"], weekday_number(match["weekday"]) - today.weekday()
    if match["shift"].lower() == "last":
        return one_day(weekday_before(today - timedelta(1), name)) if passed >= 0 else None
    if match["shift"].lower() == "next":
        return one_day(weekday_after(today + timedelta(1), name)) if passed <= 0 else None
    return one_day(weekday_after(today + timedelta(1), name))


def weekday_of_week(match: re.Match[str], today: date) -> Days:
    """“Thursday of last week”."""
    distance = {"last": -1, "this": 0, "next": 1}[match["shift"]]
    return one_day(weekday_after(unit_at(today, "week", distance).first, match["weekday"]))


def month_day(match: re.Match[str], today: date) -> Days | None:
    """“Nov. 9” and “Nov. 2–10” without a year."""
    month, first = month_number(match["month"]), day_number(match["day"])
    last = day_number(match["to"]) if match["to"] else first
    if first > last:
        return None
    near = [day for year in _years(today) if (day := _date(year, month, first)) is not None]
    chosen = _nearest_by_tense(match, today, near)
    return None if chosen is None else Days(chosen, chosen.replace(day=last))


def month_days(match: re.Match[str], today: date) -> Days | None:
    """“from November 20 to December 11”: the verb says when it ends, and it begins before that."""
    firsts = [_date(year, month_number(match["month"]), day_number(match["day"])) for year in _years(today)]
    lasts = [_date(year, month_number(match["to_month"]), day_number(match["to"])) for year in _years(today)]
    last = _nearest_by_tense(match, today, [day for day in lasts if day])
    first = max((day for day in firsts if day and last and day <= last), default=None)
    return Days(first, last) if first and last else None


def months(match: re.Match[str], today: date) -> Days | None:
    """“from April to June”."""
    lasts = [date(year, month_number(match["to_month"]), 1) for year in _years(today)]
    last = _nearest_by_tense(match, today.replace(day=1), lasts)
    if last is None:
        return None
    first = month_number(match["month"])
    return Days(date(last.year - (first > last.month), first, 1), month_of(last).last)


def month(match: re.Match[str], today: date) -> Days | None:
    """“in September”."""
    month = month_number(match["month"])
    this = today.replace(day=1)
    firsts = [day for year in _years(today) if (day := _date(year, month, 1)) is not None]
    chosen = _nearest_by_tense(match, this, firsts)
    return None if chosen is None else month_of(chosen)


def shifted_month(match: re.Match[str], today: date) -> Days | None:
    """“last May” and “next May”, where no May of the same year is in the way."""
    month, last = month_number(match["month"]), match["shift"].lower() == "last"
    unclear = month < today.month if last else month > today.month
    return None if unclear else month_of(date(today.year + (-1 if last else 1), month, 1))


def unit(match: re.Match[str], today: date) -> Days:
    """“last week”, “this year”; “earlier this month” ends on the day of publication."""
    shift, unit = match["shift"].lower(), match["unit"]
    whole = unit_at(today, unit, {"last": -1, "this": 0, "next": 1}[shift])
    part = (match["part"] or "").lower()
    if shift == "this" and part == "earlier":
        return Days(whole.first, today)
    if shift == "this" and part == "later":
        return Days(today, whole.last)
    return whole


def weekend(match: re.Match[str], today: date) -> Days | None:
    """What “the weekend” and “this weekend” are: the last one when told as past before Saturday."""
    this = weekend_of(today)
    if match["shift"].lower() == "last":
        return unit_at(today, "weekend", -1)
    if today < this.first and looking(match.string, *match.span()).tense is Tense.PAST:
        return unit_at(today, "weekend", -1)
    return this


def day_word(match: re.Match[str], today: date) -> Days:
    """“yesterday”."""
    return one_day(today + timedelta(DAY_WORDS[match["word"].lower()]))


def ago(match: re.Match[str], today: date) -> Days:
    """“three days ago”; weeks, months and years ago are about that time."""
    count, unit = count_of(match["count"]), match["unit"]
    day = moved(today, f"{unit}s", -count)
    if unit == "day":
        return one_day(day)
    if unit == "week":
        return Days(day - AROUND_WEEKS, day + AROUND_WEEKS)
    return unit_at(day, "month" if unit == "month" or count == 1 else "year", 0)


def _years(today: date) -> range:
    return range(today.year - 4, today.year + 5)  # long enough for 29 February


def _date(year: int, month: int, day: int) -> date | None:
    try:
        return date(year, month, day)
    except ValueError:
        return None


def _nearest_by_tense(match: re.Match[str], today: date, days: list[date]) -> date | None:
    """The day of two neighbouring years that the verb means; None where the verb points far away from a near one."""
    back = max((day for day in days if day <= today), default=None)
    ahead = min((day for day in days if day >= today), default=None)
    if back is None or ahead is None:
        return back or ahead
    told = looking(match.string, *match.span())
    nearer = _nearer(today, back, ahead)
    if not told.by_own_clause or _OF.search(match.string[: match.start()]):
        return back if _after_since(match) else nearer
    chosen = _chosen(match, told.tense, today, back, ahead)
    unclear = abs(nearer - today) <= NEAR and abs(chosen - today) > FAR
    return None if unclear and told.tense is Tense.PAST and not _after_since(match) else chosen


def _chosen(match: re.Match[str], tense: Tense, today: date, back: date, ahead: date) -> date:
    """The day before or the day after publication, by the verb; the nearer one where no verb says it."""
    if _after_since(match) or tense is Tense.PAST:
        return back
    if tense is Tense.FUTURE:
        return ahead
    if tense is Tense.OPEN:
        return ahead if 2 * (ahead - today) < today - back else back
    return _nearer(today, back, ahead)


def _nearer(today: date, back: date, ahead: date) -> date:
    return back if today - back <= ahead - today else ahead


def _after_since(match: re.Match[str]) -> bool:
    return _SINCE.search(match.string[: match.start()]) is not None
