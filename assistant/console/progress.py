"""Shows the progress of adding and rebuilding, and stops them between two commits."""

import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import TYPE_CHECKING

import click

from assistant.console.output import console

if TYPE_CHECKING:
    from rich.progress import Progress, TaskID

    from index.lifecycle.add import AddReport
    from index.lifecycle.namesakes import Incoming
    from index.lifecycle.rebuild import Rebuilt
    from index.shards.reshard import Resharded


class Meter:
    """A bar over the bytes of all files, with articles and chunks a second.

    Within a file it goes by the length of the texts that were read, which is not quite the file's.
    """

    def __init__(self, bar: "Progress", task: "TaskID") -> None:
        self._bar = bar
        self._task = task
        self._started = time.monotonic()
        self._finished = 0
        self._within = 0

    def read(self, characters: int, size: int) -> None:
        """An article of so many characters was read from a file of so many bytes."""
        self._within = min(self._within + characters, size)

    def finished(self, size: int) -> None:
        """A file of so many bytes was read to its end."""
        self._finished += size
        self._within = 0

    def say(self, line: str) -> None:
        """Write a line above the bar, as it is."""
        self._bar.console.print(line, markup=False, soft_wrap=True)

    def show(self, report: "AddReport") -> None:
        self._update(self._finished + self._within, report.articles, report.chunks)

    def show_rebuilt(self, report: "Rebuilt") -> None:
        """Show what is rebuilt; the bar counts articles."""
        self._bar.update(self._task, total=report.total)
        self._update(report.articles, report.articles, report.chunks)

    def show_resharded(self, report: "Resharded") -> None:
        """Show what is copied to new shards; the bar counts articles."""
        told = f"{report.articles} of {report.total} articles in {report.shards} new shards"
        self._bar.update(self._task, total=report.total, completed=report.articles, description=told)

    def _update(self, completed: int, articles: int, chunks: int) -> None:
        seconds = max(time.monotonic() - self._started, 1e-3)
        told = f"{articles} articles, {chunks} chunks embedded"
        speed = f"{articles / seconds:.0f} articles/s, {chunks / seconds:.0f} chunks/s"
        self._bar.update(self._task, completed=completed, description=f"{told} · {speed}")


@contextmanager
def add_meter(size: int | None, first: str = "adding articles") -> Iterator[Meter]:
    """A meter over ``size`` bytes (None: unknown), on standard error where that is a terminal."""
    from rich import progress as rich

    columns = (
        rich.TextColumn("{task.description}"),
        rich.BarColumn(bar_width=20),
        rich.TaskProgressColumn(),
        rich.TimeElapsedColumn(),
        rich.TextColumn("left"),
        rich.TimeRemainingColumn(),
    )
    terminal = console(stderr=True)
    with rich.Progress(*columns, console=terminal, transient=True, disable=not terminal.is_terminal) as bar:
        yield Meter(bar, bar.add_task(first, total=size))


class Stop:
    """Whether Ctrl-C was pressed. What is being read is let go at once, what is being embedded is finished first."""

    def __init__(self) -> None:
        self.asked = False
        self._reading = False

    def __call__(self) -> bool:
        return self.asked

    def ask(self, number: int, frame: FrameType | None) -> None:
        """Handle the signal; a second one interrupts whatever is going on."""
        if self.asked:
            raise KeyboardInterrupt
        self.asked = True
        click.echo("Stopping after this batch; Ctrl-C again stops at once.", err=True)
        if self._reading:
            raise KeyboardInterrupt

    def until_asked(self, items: "Iterator[Incoming]") -> "Iterator[Incoming]":
        """What is read, until Ctrl-C."""
        while not self.asked:
            try:
                self._reading = True
                item = next(items, None)
                self._reading = False
            except KeyboardInterrupt:
                return
            if item is None:
                return
            yield item


@contextmanager
def stopping() -> Iterator[Stop]:
    """Let the first Ctrl-C ask to stop, and the second one interrupt."""
    stop = Stop()
    before = signal.signal(signal.SIGINT, stop.ask)
    try:
        yield stop
    finally:
        signal.signal(signal.SIGINT, before)
