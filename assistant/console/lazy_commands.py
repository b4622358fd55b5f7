"""Imports commands only when they are run, and explains when one cannot be imported."""

from collections.abc import Mapping
from typing import Any

import click

from index.errors import AssistantError

# Packages that commands need and that are not always installed, and the extra that brings each.
EXTRAS = {"ir_measures": "evals", "matplotlib": "evals", "rapidfuzz": "evals"}


class LazyGroup(click.Group):
    """A group whose commands are imported when they are run or when their help is shown.

    Args:
        homes: command → ``module:name``.
    """

    def __init__(self, *args: Any, homes: Mapping[str, str], **options: Any) -> None:
        super().__init__(*args, **options)
        self._homes = homes

    def list_commands(self, ctx: click.Context) -> list[str]:
        return sorted(self._homes)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in self._homes:
            return None
        from importlib import import_module

        module, _, name = self._homes[cmd_name].partition(":")
        try:
            command: click.Command = getattr(import_module(module), name)
        except ModuleNotFoundError as error:
            return _unavailable(cmd_name, of_an_extra(error))
        return command


def of_an_extra(error: ModuleNotFoundError) -> AssistantError:
    """What to install, when a package of one of our extras is missing; other errors are raised."""
    package = (error.name or "").partition(".")[0]
    if package not in EXTRAS:
        raise error
    remedy = f"pip install 'news-assistant[{EXTRAS[package]}]'"
    return AssistantError(f"this needs the package {package}, which is not installed", remedy)


def _unavailable(name: str, reason: AssistantError) -> click.Command:
    """A command in place of one that cannot be loaded; it says why."""

    def refuse() -> None:
        raise reason

    return click.Command(
        name,
        callback=refuse,
        short_help=f"not available: {reason.remedy}",
        add_help_option=False,
        context_settings={"ignore_unknown_options": True, "allow_extra_args": True},
    )
