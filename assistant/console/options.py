"""Options that several commands share, and how they become filters and settings."""

from collections.abc import Callable
from functools import reduce
from typing import TYPE_CHECKING, Any

import click

from index.errors import SettingError

if TYPE_CHECKING:
    from datetime import datetime

    from assistant.assistant import Assistant
    from index.articles import Window


index_option = click.option(
    "--index", "index_folder", metavar="DIR", help="Index folder; the setting `index` says the usual one."
)
as_of_option = click.option(
    "--as-of",
    metavar="DATE",
    help="Answer as on this day, or at this time: what “yesterday” means, and nothing published later.",
)


def with_options(*options: Callable[[Callable[..., Any]], Callable[..., Any]]) -> Callable[..., Any]:
    """A decorator that gives a command these options, in this order."""

    def decorate(command: Callable[..., Any]) -> Callable[..., Any]:
        return reduce(lambda decorated, option: option(decorated), reversed(options), command)

    return decorate


def open_assistant(index_folder: str | None, *, asking: bool = False, **settings: object) -> "Assistant":
    """The assistant for a command's options; options that were not given are None.

    Args:
        asking: questions will come: the embedded language model begins to load beside what is imported here, and stays
            loaded for the next command.
    """
    from assistant.embedded.provider import ModelProvider
    from assistant.settings import load_settings

    chosen = load_settings(index=index_folder, **settings)
    models = ModelProvider(chosen, warm=asking)
    models.begin()

    from assistant.assistant import Assistant

    def waiting() -> None:
        click.echo("Another process is writing to this index; waiting until it is done …", err=True)

    return Assistant(chosen, models, waiting)


def parse_window(since: str | None, until: str | None) -> "Window":
    """The window that the options ``--since`` and ``--until`` say; both days are inside.

    Raises:
        SettingError: one of them is neither an ISO date nor a date-time.
    """
    from index.articles import window_of

    for name, text in (("since", since), ("until", until)):
        try:
            window_of(text or "")
        except ValueError as error:
            raise _no_date(name, text or "") from error
    return window_of(since or "", until or "")


def parse_as_of(text: str | None) -> "datetime | None":
    """The moment that ``--as-of`` says, in UTC where it names no zone; a day stands for its last second.

    Raises:
        SettingError: it is neither an ISO date nor a date-time.
    """
    from datetime import UTC, datetime, time

    if text is None:
        return None
    try:
        moment = datetime.fromisoformat(text)
    except ValueError as error:
        raise _no_date("as-of", text) from error
    if len(text) <= len("2023-11-09"):
        moment = datetime.combine(moment, time(23, 59, 59))
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _no_date(name: str, text: str) -> SettingError:
    return SettingError(f"--{name} {text} is not a date", f"write it as --{name} 2023-11-09")
