"""Chooses the thresholds of ``assistant.evidence.confidence`` by scanning them.

The constants that answer a question are fitted without its story; the thresholds are chosen on all stories, so that
what they are said to give is a little too good.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import product

import numpy as np

from assistant.evidence.confidence import Telling
from evals.reader.calibrate import Constants, Sets, f1, folds, told
from evals.reader.recorded import Recorded

BEARABLE = 0.09  # of the answerable questions of a set may be refused: a tenth with some room for chance
MINIMA = tuple(-step / 10 for step in range(3, 20))
# The least fits, ranges, fits that are told in any case, and ranges below a low best, that are tried together.
TELLINGS = tuple(
    Telling(*values) for values in product((-2.5, -2.0, -1.5, -1.0), (0.7, 1.0, 1.5), (0.0, 0.5), (0.3, 0.5, 0.7, 1.0))
)


@dataclass(frozen=True, slots=True)
class Thresholds:
    """What was chosen, and what it gives on each set.

    Attributes:
        minimum: the largest that refuses less than ``BEARABLE`` of the answerable questions of each set; None where
            all that were tried refuse more.
        telling: with the best mean over the sets of the citations' F1, at that minimum or the lowest tried.
        refused: set → shares of the answerable and of the other questions that are refused at it, where there are both.
        f1: set → F1.
    """

    minimum: float | None
    telling: Telling
    refused: Mapping[str, tuple[float, float]]
    f1: Mapping[str, float]


def scan(sets: Sets) -> Thresholds:
    """The best thresholds for sets that each have answerable questions."""
    fitted = folds(sets)
    mixed = {name: found for name, found in sets.items() if len({asked.answerable for asked in found}) == 2}
    logits = {name: [(one.answerable, fitted[one.fold].answer(one)) for one in found] for name, found in mixed.items()}
    refused = {minimum: {name: _refused(own, minimum) for name, own in logits.items()} for minimum in MINIMA}
    minimum = next((m for m in MINIMA if all(yes < BEARABLE for yes, _ in refused[m].values())), None)
    used = MINIMA[-1] if minimum is None else minimum
    scored = {telling: _f1(sets, fitted, used, telling) for telling in TELLINGS}
    best = max(TELLINGS, key=lambda telling: float(np.mean(list(scored[telling].values()))))
    return Thresholds(minimum, best, refused[used], scored[best])


def _refused(logits: Sequence[tuple[bool, float]], minimum: float) -> tuple[float, float]:
    yes, no = ([logit < minimum for answerable, logit in logits if answerable is wanted] for wanted in (True, False))
    return float(np.mean(yes)), float(np.mean(no))


def _f1(sets: Sets, fitted: Sequence[Constants], minimum: float, telling: Telling) -> dict[str, float]:
    def mean(found: Sequence[Recorded]) -> float:
        asked = [one for one in found if one.answerable]
        return float(np.mean([f1(one, told(one, fitted[one.fold], minimum, telling)) for one in asked]))

    return {name: mean(found) for name, found in sets.items()}
