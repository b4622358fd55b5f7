"""Dates that a sentence names, as exactly as it names them, and what they are the dates of."""

import re
from dataclasses import dataclass
from functools import lru_cache

from assistant.answer import Evidence
from assistant.quantities import MONTH, MONTHS
from assistant.statements import FORMER, KEPT, PLANNED, clauses, root, roots, stated
from assistant.verification import names

DATE = re.compile(
    rf"\b(?P<month>{MONTH})\s(?P<day>\d{{1,2}})(?:st|nd|rd|th)?(?!\d)(?:,?\s(?P<year>\d{{4}}))?"
    rf"|\b(?P<day2>\d{{1,2}})(?:st|nd|rd|th)?\s(?P<month2>{MONTH})(?:,?\s(?P<year2>\d{{4}}))?"
    rf"|\b(?P<month3>{MONTH}),?\s(?P<year3>\d{{4}})"
    r"|\b(?:in|since|until|of|by)\s(?P<year4>(?:1[0-9]|20)\d\d)\b(?![,\d])"
)
BOUND = re.compile(
    r"\b(?:before|after|by|until|till|since|from|about|around|between|early|late|mid)[\s-]?(?:the\s)?$", re.I
)
DATE_WORDS = frozenset(root(word) for word in [*MONTHS, "summer", "spring", "autumn", "winter", "early", "late", "mid"])


@dataclass(frozen=True, slots=True)
class Date:
    """A date as it is told; what is not told is None.

    Attributes:
        text: as the sentence says it.
        month: 1 to 12.
    """

    text: str
    year: int | None
    month: int | None
    day: int | None

    @property
    def order(self) -> float:
        """Grows with time."""
        return (self.year or 0) * 10_000 + (self.month or 0) * 100 + (self.day or 0)

    def excludes(self, other: "Date") -> bool:
        """Whether no day can be both."""
        mine, theirs = (self.year, self.month, self.day), (other.year, other.month, other.day)
        return any(one is not None and two is not None and one != two for one, two in zip(mine, theirs, strict=True))


@dataclass(frozen=True, slots=True)
class Dated:
    """What a clause says of a date.

    Attributes:
        words, names: stems of the clause's other words, and those that are names.
        planned, former: whether it is a plan; whether the sentence looks back on an earlier plan.
        bounded: whether it is only a limit (“not before October”).
    """

    item: Evidence
    date: Date
    words: frozenset[str]
    names: frozenset[str]
    planned: bool
    former: bool
    bounded: bool


@lru_cache(maxsize=KEPT)
def dated(item: Evidence) -> tuple[Dated, ...]:
    """The dates that a sentence tells, one for each clause that has exactly one."""
    found: list[Dated] = []
    for start, end in _spans(item.sentence):
        clause = item.sentence[start:end]
        matches = list(DATE.finditer(clause))
        if len(matches) != 1:
            continue
        rest = stated(DATE.sub(" ", clause))
        found.append(
            Dated(
                item=item,
                date=_date(matches[0]),
                words=roots(rest) - DATE_WORDS,
                names=frozenset(root(name) for name in names(f"x {rest}")) - DATE_WORDS,
                planned=bool(PLANNED.search(clause)),
                former=bool(FORMER.search(clause)),
                bounded=bool(
                    BOUND.search(clause[: matches[0].start()]) or re.match(r"(?:since|until|by)\s", matches[0].group())
                ),
            )
        )
    return tuple(found)


def planned_dates(item: Evidence) -> tuple[Dated, ...]:
    """The dates for which a sentence says that something is planned."""
    return tuple(one for one in dated(item) if (one.planned or "put off" in item.sentence) and not one.former)


def _spans(sentence: str) -> list[tuple[int, int]]:
    """Clauses, those joined again whose cut lies inside a date (“March 3, 2024”)."""
    joined: list[tuple[int, int]] = []
    inside = [(match.start(), match.end()) for match in DATE.finditer(sentence)]
    for start, end in clauses(sentence):
        if joined and any(first < start < last for first, last in inside):
            joined[-1] = (joined[-1][0], end)
        else:
            joined.append((start, end))
    return joined


def _date(match: re.Match[str]) -> Date:
    parts = match.groupdict()
    year = next((parts[key] for key in ("year", "year2", "year3", "year4") if parts[key]), None)
    month = next((parts[key] for key in ("month", "month2", "month3") if parts[key]), None)
    day = parts["day"] or parts["day2"]
    number = next((n for n, name in enumerate(MONTHS, start=1) if month and name.startswith(month[:3])), None)
    text = re.sub(r"^(?:in|since|until|of|by)\s", "", match.group())
    return Date(text, int(year) if year else None, number, int(day) if day else None)
