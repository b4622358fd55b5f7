"""Fetching model files with a progress bar that a person sees on standard error."""

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from index.weights.folder import Asset, Progress, Role, Weights

if TYPE_CHECKING:
    from rich.console import Console

    from assistant.settings import Settings

_PLAIN_STEP = 0.1  # without a terminal: a line whenever a model is another tenth further
_PLAIN_WIDTH = 240  # characters; without a terminal a row stays on one line


def fetch(weights: Weights, assets: Iterable[Asset], *, mend: bool = False) -> Mapping[Role, Path]:
    """Makes sure that the models are there, showing on standard error what is fetched and how far it is.

    Args:
        mend: read every file in full, and fetch damaged ones again.

    Raises:
        AssistantError: see ``Weights.ensure``.
    """
    from assistant.settings import cache_path
    from index.private import private_folder

    if weights.folder.is_relative_to(cache_path()):
        private_folder(cache_path())
    console = wide_console(stderr=True)
    with _bars(console) if console.is_terminal else _lines(console) as progress:
        return weights.ensure(
            assets, progress, lambda text: console.print(text, markup=False, highlight=False), mend=mend
        )


def weights_of(settings: "Settings") -> Weights:
    """The model files that the settings point at."""
    return Weights(settings.models_dir, settings.prefetched_models, settings.local_model)


def wide_console(*, stderr: bool = False) -> "Console":
    """A console that, without a terminal, does not break rows."""
    from rich.console import Console

    console = Console(stderr=stderr)
    return console if console.is_terminal else Console(stderr=stderr, width=_PLAIN_WIDTH)


@contextmanager
def _bars(console: "Console") -> Iterator[Progress]:
    """One progress bar for each model, added when it is first heard of; until then the screen is left alone."""
    from rich import progress as rich

    columns = (
        rich.TextColumn("{task.description}"),
        rich.BarColumn(),
        rich.DownloadColumn(),
        rich.TransferSpeedColumn(),
        rich.TimeRemainingColumn(),
    )
    tasks: dict[str, rich.TaskID] = {}
    bars = rich.Progress(*columns, console=console)

    def show(name: str, done: int, total: int) -> None:
        bars.start()
        if name not in tasks:
            tasks[name] = bars.add_task(name)
        bars.update(tasks[name], completed=done, total=total)

    try:
        yield show
    finally:
        if tasks:
            bars.stop()


@contextmanager
def _lines(console: "Console") -> Iterator[Progress]:
    """A plain line for each tenth of each model."""
    from rich.filesize import decimal

    shown: dict[str, int] = {}

    def show(name: str, done: int, total: int) -> None:
        step = int(done / total / _PLAIN_STEP)
        if step > shown.get(name, -1):
            shown[name] = step
            text = f"{name}: {decimal(done)} of {decimal(total)} ({done / total:.0%})"
            console.print(text, markup=False, highlight=False)

    yield show
