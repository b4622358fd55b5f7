"""Where answering sentences of different articles contradict each other. No model; a missed contradiction is better
than a false one.

Only what the question asks for is compared: figures for “how many”, dates for “when”, denials for “did …?”. Other
questions compare the figures of sentences that are nearly the same. Two figures contradict when

- they are of the same unit, narrowed down by the same words, of the same family of events (killed is not injured);
- their clauses name no different things, years or ordinals, and both are facts or both plans;
- no number can be both, however inexact they are (“about 100” and 98, “at least 10” and 12);
- neither looks back on an older figure, neither brings the other up to date (``assistant.succession``);
- their articles appeared on the same day, or no day is known; later figures may tell of a later state of affairs.
"""

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Generic, TypeVar

from assistant.answer import Evidence
from assistant.denial import contradicts
from assistant.quantities import MONEY, PERSON, quantities
from assistant.saidwhen import Dated, dated
from assistant.statements import (
    FAMILIES,
    GENERIC,
    Mention,
    days_apart,
    mentions,
    root,
    roots,
    same_topic,
    surroundings,
    without_families,
)
from assistant.succession import superseded
from assistant.support import unmentioned

CLOSE_DAYS = 0  # calendar days between two articles that may still report the same state of affairs
DENIAL_DAYS = 7  # a denial answers what was said before it
MIN_SHARED_WORDS = 2  # of two clauses without a family, besides the unit
MIN_SHARE = 0.6  # of the shorter clause's words, where the question does not say what to compare, or no day is known
MIN_ANCHORS = 0.6  # of the question's words that are no names

HOW_MANY = re.compile(r"\bhow many\s(?P<noun>[\w'’ -]+)|\bnumber of\s(?P<noun2>[\w'’ -]+)|\bdeath tolls?\b", re.I)
MEASURES = (
    (re.compile(r"\bhow (?:much|expensive|costly)\b|\b(?:price|cost|fee|sum|bill|damage)\b", re.I), MONEY),
    (re.compile(r"\bpercent(?:age)?\b|\bper cent\b|\bshare\b|\bturnout\b", re.I), {"percent"}),
    (re.compile(r"\bhow fast\b|\bspeed\b", re.I), {"knot", "kilometre", "mile"}),
    (
        re.compile(r"\bhow (?:long|far|deep|tall|high|wide|large)\b|\b(?:length|depth|height)\b", re.I),
        {"kilometre", "metre", "mile"},
    ),
    (re.compile(r"\bhow heavy\b|\bweigh\w*\b|\btonnes\b", re.I), {"tonne", "kilogram"}),
)
WHEN = re.compile(r"\bwhen\b|\b(?:what|which|on which) (?:date|day|year|month)\b", re.I)
POLAR = re.compile(
    r"^(?:and |but |so )?(?:is|are|was|were|am|do|does|did|has|have|had|will|would|can|could|should)(?:n['’]t)?\b", re.I
)
# What happens once: two dates of it cannot both be right.
ONCE = frozenset(
    root(word)
    for word in (
        "born die died found founded establish established open opened begin began start started end ended build built"
        " publish published invent invented discover discovered sign signed abolish abolished sink sank crash crashed"
        " erupt marry married complete completed inaugurate inaugurated arrest arrested launch launched"
    ).split()
)


Value = TypeVar("Value", Mention, Dated)


@dataclass(frozen=True, slots=True)
class Side:
    """A value and the labels of the sentences that give it."""

    value: str
    labels: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Disagreement:
    """Values of one thing that cannot all be right, smallest or earliest first; “yes” before “no”.

    Attributes:
        kind: ``number``, ``date`` or ``yes/no``.
    """

    kind: str
    sides: tuple[Side, ...]

    @property
    def description(self) -> str:
        """One line, such as ``Sources differ: 14 [S1] or 17 [S2]``."""
        told = (f"{side.value} {''.join(f'[{label}]' for label in side.labels)}" for side in self.sides)
        return f"Sources differ: {' or '.join(told)}"

    @property
    def labels(self) -> tuple[str, ...]:
        """Labels of all sides."""
        return tuple(label for side in self.sides for label in side.labels)


@dataclass(frozen=True, slots=True)
class _Told(Generic[Value]):
    """A value, the label of its sentence, how it is shown, and its place in the order of the sides."""

    label: str
    text: str
    order: float
    value: Value


def find_disagreements(question: str, evidence: Sequence[Evidence]) -> tuple[Disagreement, ...]:
    """What the articles that answer a question disagree about.

    Args:
        evidence: sentences that answer the question, in any order.
    """
    items = [item for item in sorted(evidence, key=lambda item: _natural(item.label)) if _is_about(question, item)]
    over = superseded(items)
    current = [item for item in items if item.label not in over]
    if POLAR.search(question):
        return tuple(_denials(question, current))
    if WHEN.search(question):
        dates = [_Told(item.label, one.date.text, one.date.order, one) for item in current for one in dated(item)]
        return tuple(_opposed("date", dates, lambda one, two: _dates_conflict(question, one, two)))
    figures = [
        _Told(item.label, one.quantity.text, one.quantity.value, one)
        for item in current
        for one in mentions(item)
        if _is_asked(question, one)
    ]
    return tuple(_opposed("number", figures, lambda one, two: _figures_conflict(question, one, two)))


def _opposed(
    kind: str, told: Sequence[_Told[Value]], conflict: Callable[[Value, Value], bool]
) -> Iterator[Disagreement]:
    """The disagreements among values: those that conflict, directly or by way of others, are sides of one."""
    ordered = sorted(told, key=lambda one: (one.order, _natural(one.label), one.text))
    pairs = [(one, two) for one, two in combinations(ordered, 2) if conflict(one.value, two.value)]
    groups = _connected([(ordered.index(one), ordered.index(two)) for one, two in pairs])
    for group in groups:
        yield Disagreement(kind, _sides([ordered[position] for position in group], conflict))


def _connected(pairs: Sequence[tuple[int, int]]) -> list[list[int]]:
    """The members of pairs, those together that pairs connect; all in ascending order."""
    groups: list[set[int]] = []
    for pair in pairs:
        touched = [group for group in groups if group & set(pair)]
        groups = [*(group for group in groups if group not in touched), set(pair).union(*touched)]
    return sorted(sorted(group) for group in groups)


def _sides(group: Sequence[_Told[Value]], conflict: Callable[[Value, Value], bool]) -> tuple[Side, ...]:
    sides: list[list[_Told[Value]]] = []
    for one in group:
        side = next((side for side in sides if not any(conflict(one.value, other.value) for other in side)), None)
        if side is None:
            sides.append([one])
        else:
            side.append(one)
    return tuple(Side(side[0].text, tuple(dict.fromkeys(one.label for one in side))) for side in sides)


def _figures_conflict(question: str, one: Mention, two: Mention) -> bool:
    if one.former or two.former or not _are_separate(one.item, two.item) or not one.quantity.excludes(two.quantity):
        return False
    days = days_apart(one.item, two.item)
    if (days or 0) > CLOSE_DAYS or not one.same_measure(two) or _knows(one.item, two) or _knows(two.item, one):
        return False
    shared, fewer = len(one.words & two.words), min(len(one.words), len(two.words))
    alike = shared >= max(MIN_SHARED_WORDS, MIN_SHARE * fewer)
    if days is None:
        return alike
    if not _asks_for_figure(question):
        return alike and shared > MIN_SHARED_WORDS
    return bool(one.family) or shared >= MIN_SHARED_WORDS or (shared >= 1 and HOW_MANY.search(question) is not None)


def _dates_conflict(question: str, one: Dated, two: Dated) -> bool:
    if one.former or two.former or one.bounded or two.bounded or one.planned != two.planned:
        return False
    if not _are_separate(one.item, two.item) or not one.date.excludes(two.date):
        return False
    if one.planned and (days_apart(one.item, two.item) or 0) > CLOSE_DAYS:
        return False
    asked = roots(question)
    shared = one.words & two.words
    return bool(shared & asked & ONCE) and one.names == two.names and same_topic(one.item, two.item)


def _denials(question: str, items: Sequence[Evidence]) -> Iterator[Disagreement]:
    pairs = [
        (yes, no)
        for yes in items
        for no in items
        if _are_separate(yes, no) and (days_apart(yes, no) or 0) <= DENIAL_DAYS and contradicts(question, yes, no)
    ]
    saying, denying = (sorted({pair[side].label for pair in pairs}, key=_natural) for side in (0, 1))
    if pairs and not set(saying) & set(denying):
        yield Disagreement("yes/no", (Side("yes", tuple(saying)), Side("no", tuple(denying))))


def _is_about(question: str, item: Evidence) -> bool:
    """Whether the sentence and the text around it have the question's names and most of its other words."""
    if unmentioned(question, [item]):
        return False
    asked = roots(without_families(question)) - GENERIC
    return len(asked & surroundings(item)) >= MIN_ANCHORS * len(asked)


def _asks_for_figure(question: str) -> bool:
    return bool(HOW_MANY.search(question)) or any(words.search(question) for words, _ in MEASURES)


def _is_asked(question: str, mention: Mention) -> bool:
    """Whether the figure is of what the question asks for; any is, when it asks for no figure."""
    asked = {name for name, words in FAMILIES.items() if words.search(question)}
    counted = HOW_MANY.search(question)
    if counted:
        if asked and mention.family not in asked:
            return False
        noun = _asked_unit(counted.group("noun") or counted.group("noun2") or "")
        return mention.quantity.unit == noun or (bool(mention.family) and {mention.quantity.unit, noun} <= {"", PERSON})
    measured = [units for words, units in MEASURES if words.search(question)]
    return not measured or any(mention.quantity.unit in units for units in measured)


def _asked_unit(noun: str) -> str:
    """The unit of “how many …”."""
    found = quantities(f"12 {noun}") if noun else ()
    return found[0].unit if found else PERSON


def _are_separate(one: Evidence, two: Evidence) -> bool:
    return (one.article.id, one.article.published) != (two.article.id, two.article.published)


def _knows(item: Evidence, other: Mention) -> bool:
    """Whether the sentence itself gives the other figure too: then it explains the difference."""
    return any(not figure.differs(other.quantity) for figure in quantities(item.sentence))


def _natural(label: str) -> tuple[int, str]:
    """Sorts S2 before S10."""
    return int(re.sub(r"\D", "", label) or 0), label
