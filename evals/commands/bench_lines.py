"""The lines of the benchmark's table: median, 95th percentile, and how many values there are."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from statistics import median, quantiles
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich.table import Table


@dataclass(frozen=True, slots=True)
class Line:
    """One row of the table: the median, the 95th percentile, and n; milliseconds unless the name says otherwise."""

    name: str
    p50: float
    p95: float
    n: int


def some(name: str, values: Sequence[float | None]) -> Iterator[Line]:
    """The line of the values that are known; none when no value is."""
    known = [value for value in values if value is not None]
    if known:
        yield line(name, known)


def line(name: str, values: Sequence[float]) -> Line:
    """The line of some values."""
    highest = quantiles(values, n=20, method="inclusive")[-1] if len(values) > 1 else values[0]
    return Line(name, float(median(values)), float(highest), len(values))


def table_of(lines: Sequence[Line], chunks: int) -> "Table":
    """All lines for people."""
    from rich.table import Table

    table = Table(box=None, pad_edge=False, title=f"milliseconds, over {chunks} chunks", title_justify="left")
    table.add_column("what", no_wrap=True)
    for heading in ("p50", "p95", "n"):
        table.add_column(heading, justify="right")
    for row in lines:
        digits = 2 if row.name.endswith("ratio") else 0
        table.add_row(row.name, f"{row.p50:.{digits}f}", f"{row.p95:.{digits}f}", str(row.n))
    return table
