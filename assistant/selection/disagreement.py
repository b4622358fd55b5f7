"""Finds reports of one day with different figures for the same question.

Reports of different days may both be right: they are told side by side, each with its day.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations

from assistant.answer import Evidence
from assistant.evidence.independent_sources import same_report
from assistant.text.claim_check import content_stems, numbers
from index.english import ABOUT, BOUNDS, NEARLY

# A figure that is said to be inexact contradicts no other.
INEXACT = re.compile(rf"\b(?:{'|'.join((*ABOUT, *NEARLY, *BOUNDS))}|at most|under|some|between)\b", re.IGNORECASE)
BEFORE = 14  # characters before the answering words in which “at least” and the like are looked for


@dataclass(frozen=True, slots=True)
class Side:
    """A value and the labels of the sentences that give it."""

    value: str
    labels: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Disagreement:
    """Values of one thing that cannot all be right, in the order of the answers that give them."""

    sides: tuple[Side, ...]

    @property
    def labels(self) -> tuple[str, ...]:
        return tuple(label for side in self.sides for label in side.labels)


@dataclass(frozen=True, slots=True)
class _Figure:
    """A number, the stems of the words beside it, and how it is written."""

    item: Evidence
    number: str
    words: frozenset[str]
    text: str

    def contradicts(self, other: "_Figure") -> bool:
        """Whether both cannot be right: other numbers of the same thing, in separate reports of the same day."""
        if self.number == other.number or (self.words and other.words and self.words != other.words):
            return False
        days = {figure.item.article.published[:10] for figure in (self, other)}
        return len(days) == 1 and not same_report(self.item, other.item)


def find_disagreements(answers: Sequence[Evidence]) -> tuple[Disagreement, ...]:
    """What the answers disagree about: nothing, or one figure.

    Args:
        answers: the sentences that answer, best first.
    """
    figures = [figure for item in answers if (figure := _figure(item))]
    opposed = [pair for pair in combinations(figures, 2) if pair[0].contradicts(pair[1])]
    numbers_told = dict.fromkeys(figure.number for pair in opposed for figure in pair)
    sides = [[figure for figure in figures if figure.number == number] for number in numbers_told]
    if not sides:
        return ()
    return (Disagreement(tuple(Side(side[0].text, tuple(one.item.label for one in side)) for side in sides)),)


def _figure(item: Evidence) -> _Figure | None:
    """The one exact number among the words that answer; None when there is none, or more than one."""
    if item.words is None:
        return None
    start, end = (place - item.context_start for place in item.words)
    text = item.context[start:end]
    found = numbers(text)
    if len(found) != 1 or INEXACT.search(item.context[max(start - BEFORE, 0) : end]):
        return None
    words = frozenset(stem for stem in content_stems(text) if not numbers(stem))
    return _Figure(item, next(iter(found)), words, text)
