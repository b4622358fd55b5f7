"""Comparisons as text; pure functions, the same words in the terminal, in Markdown and in HTML."""

from collections.abc import Sequence
from typing import Literal

from rich.table import Table

from evals.score.comparison import Change, Verdict
from evals.score.statistics import Interval
from evals.score.tables import NOTHING, shown_name, shown_value

SMALLEST_SHOWN = 0.001  # smaller p-values are shown as smaller than this
UNTESTED_COLUMNS = ("metric", "n", "first", "second", "change", "95 % interval")
TESTED_COLUMNS = (*UNTESTED_COLUMNS, "p\n(Holm)", "won/\nlost", "can\nshow")
VERDICTS: tuple[Verdict, ...] = ("better", "worse", "different", "no difference shown", "not tested")


def shown_change(name: str, change: float | None) -> str:
    """A difference with its sign and unit; one that is shown as zero has no sign."""
    if change is None:
        return NOTHING
    size = shown_value(name, abs(change))
    if not any(digit in size for digit in "123456789"):
        return size
    return f"{'+' if change > 0 else '-'}{size}"


def shown_change_interval(name: str, interval: Interval | None) -> str:
    """Both ends of a difference's interval."""
    if interval is None:
        return NOTHING
    return f"{shown_change(name, interval.low)} … {shown_change(name, interval.high)}"


def shown_p_value(p_value: float | None) -> str:
    """Three digits."""
    if p_value is None:
        return NOTHING
    return f"<{SMALLEST_SHOWN:g}" if p_value < SMALLEST_SHOWN else f"{p_value:.3f}"


def untested_row(change: Change) -> tuple[str, ...]:
    """The cells of ``UNTESTED_COLUMNS``."""
    name = change.name
    return (
        shown_name(name),
        str(change.n),
        shown_value(name, change.first),
        shown_value(name, change.second),
        shown_change(name, change.difference),
        shown_change_interval(name, change.interval),
    )


def tested_row(change: Change) -> tuple[str, ...]:
    """The cells of ``TESTED_COLUMNS``; what is missing is ``NOTHING``."""
    detectable = change.tested.detectable if change.tested else None
    return (
        *untested_row(change),
        shown_p_value(change.p_value),
        f"{len(change.won)}/{len(change.lost)}" if change.tested else NOTHING,
        shown_value(change.name, detectable),
    )


def tested_table(changes: Sequence[Change]) -> Table:
    """Metrics that were tested, below their verdicts; within a verdict in the order given."""
    return _by_verdict(TESTED_COLUMNS, [(change.verdict, tested_row(change)) for change in changes])


def luck_line(changes: Sequence[Change]) -> str:
    """What share of the differences' variance comes from luck."""
    known = {shown_name(change.name): change.luck for change in changes if change.luck is not None}
    if not known:
        return "luck: which share of a difference's variance it explains is not known: run with --repeats"
    shares = ", ".join(f"{share:.0%} ({name})" for name, share in known.items())
    return f"luck explains of a difference's variance: {shares}"


def slices_table(changes: Sequence[Change]) -> Table:
    """One metric by slices; their names stand in the place of the metric's."""
    rows = [(change.verdict, (change.slice, *tested_row(change)[1:])) for change in changes]
    return _by_verdict(("slice", *TESTED_COLUMNS[1:]), rows)


def untested_table(changes: Sequence[Change]) -> Table:
    """Metrics that are not means over questions."""
    table = _table(UNTESTED_COLUMNS)
    for change in changes:
        table.add_row(*untested_row(change))
    return table


def _by_verdict(columns: Sequence[str], rows: Sequence[tuple[Verdict, tuple[str, ...]]]) -> Table:
    """A verdict has a line of its own, which leaves room for the rows in 100 columns."""
    table = _table(columns)
    for verdict in VERDICTS:
        ours = [row for said, row in rows if said == verdict]
        if ours:
            table.add_row(f"{verdict}:", style="bold")
        for name, *cells in ours:
            table.add_row(f"  {name}", *cells)
    return table


def _table(columns: Sequence[str]) -> Table:
    table = Table(box=None, pad_edge=False)
    for position, name in enumerate(columns):
        justify: Literal["left", "right"] = "right" if position else "left"
        table.add_column(name, justify=justify, no_wrap=bool(position), overflow="fold")
    return table
