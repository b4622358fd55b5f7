"""BM25 over several word indexes as if they were one: their statistics together, and scores made of these.

An index ranks by its own number of rows, word frequencies and lengths, so that the same words have other scores in two
indexes. Summed over all indexes these numbers are those of one index that holds everything, and so are the scores.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from math import log
from typing import TypeVar

from index.store.records import Scored

K1, B = 1.2, 0.75  # Tantivy's, which cannot be set
DECIMALS = 3  # of scores that are compared; Tantivy adds up 32-bit floats in any order
Term = tuple[str, str]  # field and word, as the index has it
Name = TypeVar("Name")
# What is told of a term, piece by piece; the term itself comes last.
_PIECE = re.compile(
    r'"value": ([^,]+),\s+"description": "(N|freq|dl|avgdl),|"Term=Term\(field=(\d+), type=Str, \\"(.*?)\\"\)"'
)
_ESCAPED = re.compile(r"\\\\u\{([0-9a-f]+)\}")  # how Rust prints accents that stand by themselves


@dataclass(frozen=True, slots=True)
class WordStatistics:
    """What BM25 needs to know of an index, or of several together.

    Attributes:
        rows: how many there are.
        lengths: field → words in all rows together.
        found_in: term → rows that have it.
    """

    rows: int = 0
    lengths: Mapping[str, int] = field(default_factory=dict)
    found_in: Mapping[Term, int] = field(default_factory=dict)

    def plus(self, other: "WordStatistics") -> "WordStatistics":
        """Those of both together."""
        return WordStatistics(
            self.rows + other.rows, _sum(self.lengths, other.lengths), _sum(self.found_in, other.found_in)
        )

    def average(self, name: str) -> float:
        """Words of a field in a row, on average; 0 where there are none."""
        return self.lengths.get(name, 0) / self.rows if self.rows else 0.0

    def idf(self, term: Term) -> float:
        """Inverse document frequency: log(1 + (N - n + 0.5) / (n + 0.5))."""
        n = self.found_in.get(term, 0)
        return log(1 + (self.rows - n + 0.5) / (n + 0.5))


@dataclass(frozen=True, slots=True)
class Occurrence:
    """A term of the question in one row.

    Attributes:
        times: how often it stands there.
        length: words of the field in the row, rounded as the index rounds them.
        average: words of the field in a row of the index, on average.
        rows: rows of the index.
    """

    term: Term
    times: float
    length: float
    average: float
    rows: int


def score(occurrences: Iterable[Occurrence], shared: WordStatistics) -> float:
    """The BM25 score of a row by shared statistics.

    For each occurrence idf · (k1 + 1) · f / (f + k1 · (1 - b + b · length / average)), summed up (Robertson & Zaragoza,
    2009, as Tantivy has it).
    """
    total = 0.0
    for found in occurrences:
        average = shared.average(found.term[0]) or found.average  # none where the rows came after the statistics
        norm = K1 * (1 - B + B * found.length / average)
        total += shared.idf(found.term) * (K1 + 1) * found.times / (found.times + norm)
    return total


@dataclass(frozen=True, slots=True)
class Bounds:
    """How far a score by an index's own average lengths is from the one by shared ones.

    Attributes:
        least, most: the shared one is at least and at most so many times the own one.
    """

    least: float = 1.0
    most: float = 1.0

    @classmethod
    def between(cls, own: WordStatistics, shared: WordStatistics) -> "Bounds":
        """Those of an index.

        Of f / (f + k1 · (1 - b + b · length / average)) only the last part of the divisor changes, and by the ratio of
        the averages at most.
        """
        ratios = [shared.average(name) / own.average(name) for name in own.lengths if own.average(name)]
        return cls(min((1.0, *ratios)), max((1.0, *ratios)))

    def estimate(self, row: Scored) -> "Estimate":
        """What is known of a row's score by shared statistics."""
        rounded = 10**-DECIMALS
        return Estimate(row.key, row.score * self.least - rounded, row.score * self.most + rounded)

    def likely(self, rows: Sequence[Scored], limit: int) -> tuple[Scored, ...]:
        """Those of an index's rows that can be among so many best ones by shared statistics."""
        best = {row.key for row in among_best(map(self.estimate, rows), limit)}
        return tuple(row for row in rows if row.key in best)


@dataclass(frozen=True, slots=True)
class Estimate:
    """Between which scores that of a row lies."""

    key: str
    least: float
    most: float

    @property
    def middle(self) -> float:
        return (self.least + self.most) / 2


def among_best(rows: Iterable[Estimate], limit: int) -> list[Estimate]:
    """The rows that can be among so many best ones, the probably best first."""
    ordered = sorted(rows, key=lambda row: row.middle, reverse=True)
    if len(ordered) <= limit:
        return ordered
    needed = sorted((row.least for row in ordered), reverse=True)[limit - 1]
    return [row for row in ordered if row.most >= needed]


def undecided(rows: Iterable[Estimate]) -> set[str]:
    """The keys of rows whose order is not certain: another one's score may be the same, or the other way round."""
    found: set[str] = set()
    highest: Estimate | None = None  # of those that begin below
    for row in sorted(rows, key=lambda row: row.least):
        if highest is not None and row.least <= highest.most:
            found |= {row.key, highest.key}
        if highest is None or row.most > highest.most:
            highest = row
    return found


def occurrences_in(explanation: str, fields: Sequence[str]) -> tuple[Occurrence, ...]:
    """The occurrences that Tantivy's explanation of a score tells of.

    Args:
        explanation: in Tantivy's JSON, which is read as text: dozens are read for a question, and that is ten times as
            quick.
        fields: names of the fields, in the order of the schema.
    """
    found, told = [], dict[str, float]()
    for value, name, number, word in _PIECE.findall(explanation):
        if name:
            told[name] = float(value)
        else:
            term = (fields[int(number)], _ESCAPED.sub(lambda match: chr(int(match[1], 16)), word))
            found.append(Occurrence(term, told["freq"], told["dl"], told["avgdl"], round(told["N"])))
    return tuple(found)


def _sum(one: Mapping[Name, int], other: Mapping[Name, int]) -> dict[Name, int]:
    return {name: one.get(name, 0) + other.get(name, 0) for name in (*one, *other)}
