"""How far adding and rebuilding are, and stopping them between two commits."""

import signal
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType
from typing import TYPE_CHECKING

import click

from assistant.cli import console

if TYPE_CHECKING:
    from rich.progress import Progress, TaskID

    from index.adding import AddReport
    from index.rebuilding import Rebuilt


class Meter:
    """A bar over the bytes of all files, with articles and chunks a second.

    Within a file it goes by the length of the texts that were read, which is a little less than the file's.
    """

    def __init__(self, bar: "Progress", task: "TaskID") -> None:
        self._bar = bar
        self._task = task
        self._started = time.monotonic()
        self._finished = 0
        self._within = 0

    def read(self, characters: int) -> None:
        """An article of so many characters was read."""
        self._within += characters

    def finished(self, size: int) -> None:
        """A file of so many bytes was read to its end."""
        self._finished += size
        self._within = 0

    def show(self, report: "AddReport") -> None:
        """Show what is committed."""
        self._update(self._finished + self._within, report.articles, report.chunks)

    def show_rebuilt(self, report: "Rebuilt") -> None:
        """Show what is rebuilt; the bar counts articles."""
        self._bar.update(self._task, total=report.total)
        self._update(report.articles, report.articles, report.chunks)

    def _update(self, completed: int, articles: int, chunks: int) -> None:
        seconds = max(time.monotonic() - self._started, 1e-3)
        told = f"{articles} articles, {chunks} chunks embedded"
        speed = f"{articles / seconds:.0f} articles/s, {chunks / seconds:.0f} chunks/s"
        self._bar.update(self._task, completed=completed, description=f"{told} · {speed}")


@contextmanager
def add_meter(size: int, first: str = "adding articles") -> Iterator[Meter]:
    """A meter over ``size`` bytes, on standard error where that is a terminal."""
    from rich.progress import (
        BarColumn,
        Progress,
        TaskProgressColumn,
        TextColumn,
        TimeElapsedColumn,
        TimeRemainingColumn,
    )

    columns = (
        TextColumn("{task.description}"),
        BarColumn(bar_width=20),
        TaskProgressColumn(),
        TimeElapsedColumn(),
        TextColumn("left"),
        TimeRemainingColumn(),
    )
    terminal = console(stderr=True)
    with Progress(*columns, console=terminal, transient=True, disable=not terminal.is_terminal) as bar:
        yield Meter(bar, bar.add_task(first, total=size))


@contextmanager
def stopping() -> Iterator[Callable[[], bool]]:
    """Let the first Ctrl-C ask to stop, which the function that is given tells, and the second one interrupt."""
    asked: list[int] = []

    def ask(number: int, frame: FrameType | None) -> None:
        if asked:
            raise KeyboardInterrupt
        asked.append(number)
        click.echo("Stopping after this batch; Ctrl-C again stops at once.", err=True)

    before = signal.signal(signal.SIGINT, ask)
    try:
        yield lambda: bool(asked)
    finally:
        signal.signal(signal.SIGINT, before)
