"""The table of compared runs: each run's metrics, and its paired differences to the first, as text."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from evals.score.comparison import Change, RunComparison, Verdict
from evals.score.comparison_tables import shown_change, shown_change_interval, shown_p_value
from evals.score.scoring import HEADLINE, Better, Measured, RunScores
from evals.score.tables import NOTHING, shown_interval, shown_name, shown_value


@dataclass(frozen=True, slots=True)
class Value:
    """A metric of one run, as text."""

    value: str
    interval: str
    n: str


@dataclass(frozen=True, slots=True)
class Paired:
    """A run's paired difference to the first, as text; ``reason`` in its place where the two cannot be compared."""

    difference: str
    interval: str
    p_value: str
    n: str
    won: str
    verdict: Verdict
    reason: str = ""


@dataclass(frozen=True, slots=True)
class MetricRow:
    """A metric: of the first run its value, of each other one its value and the difference."""

    name: str
    better: Better
    first: Value
    others: tuple[tuple[Value, Paired], ...]


def metric_rows(runs: Sequence[RunScores], found: Sequence[RunComparison], names: Sequence[str]) -> Iterable[MetricRow]:
    """The rows of the table.

    Args:
        found: the first run compared with each of the others.
        names: metrics; none given: those of the headline for which a run has a value.
    """
    for name in dict.fromkeys(names or HEADLINE):
        measured = [of.measured.get(name) for of in runs]
        if all(item is None or item.metric.value is None for item in measured):
            continue
        better = next(item.better for item in measured if item)
        first, *others = map(_value, measured)
        pairs = (_paired(name, pair) for pair in found)
        yield MetricRow(shown_name(name), better, first, tuple(zip(others, pairs, strict=True)))


def _value(item: Measured | None) -> Value:
    if item is None:
        return Value(NOTHING, "", "0")
    name, metric = item.name, item.metric
    interval = shown_interval(name, item.interval) if item.interval else ""
    return Value(shown_value(name, metric.value), interval, str(metric.n))


def _paired(name: str, pair: RunComparison) -> Paired:
    for change in pair.changes:
        if change.name == name:
            return _changed(change)
    reason = next((item.reason for item in pair.uncompared if item.name == name), "neither run has a score")
    return Paired(NOTHING, "", "", "0", "", "not tested", reason)


def _changed(change: Change) -> Paired:
    won = f"{len(change.won)} won, {len(change.lost)} lost" if change.tested else ""
    return Paired(
        difference=shown_change(change.name, change.difference),
        interval=shown_change_interval(change.name, change.interval) if change.interval else "",
        p_value=shown_p_value(change.p_value) if change.tested else "",
        n=str(change.n),
        won=won,
        verdict=change.verdict,
    )
