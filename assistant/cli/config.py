"""``assistant config``: every setting, its value and where the value came from; and which files are trusted."""

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

import click

from assistant.console.output import say
from assistant.console.streams import echo_json

if TYPE_CHECKING:
    from rich.table import Table

    from assistant.settings import SettingOrigin


@click.group(
    "config",
    invoke_without_command=True,
    epilog="""\b
Examples:
  assistant config                         every setting and where it comes from
  assistant config trust                   let the assistant.toml of this folder set everything
  assistant config untrust                 let it set harmless settings only, again
  assistant config --json | jq '.[] | select(.name == "model")'""",
)
@click.option("--json", "as_json", is_flag=True, help="Print JSON instead of a table.")
@click.pass_context
def config(context: click.Context, as_json: bool) -> None:
    """Show every setting, its value and where it comes from; keys are masked."""
    if context.invoked_subcommand is None:
        _show(as_json)


@config.command("trust", epilog="Example:\n  assistant config trust")
@click.argument("path", metavar="[FILE]", required=False, type=click.Path(path_type=Path))
def trust_command(path: Path | None) -> None:
    """Let a settings file, as it is now, say where to connect and what to load; usually ./assistant.toml.

    A file that is changed afterwards must be trusted anew.
    """
    from assistant.setting_sources import CONFIG_FILE, shown_input
    from assistant.settings import settings_file
    from assistant.trust import trust

    file = settings_file((path or Path(CONFIG_FILE)).absolute())
    if file.own:
        say(f"{file.path} is your own settings file, and is always trusted.")
        return
    trust(file.path, file.content)
    say(f"Trusted, until it is changed: {file.path}")
    for name, value in file.values.items():
        say(f"  {name} = {shown_input(name, value)}")


@config.command("untrust", epilog="Example:\n  assistant config untrust")
@click.argument("path", metavar="[FILE]", required=False, type=click.Path(path_type=Path))
def untrust_command(path: Path | None) -> None:
    """Trust a settings file no more; usually ./assistant.toml."""
    from assistant.setting_sources import CONFIG_FILE
    from assistant.trust import distrust

    place = (path or Path(CONFIG_FILE)).absolute()
    was = distrust(place)
    say(f"{'Trusted no more' if was else 'Was not trusted'}: {place}")


def _show(as_json: bool) -> None:
    from assistant.settings import explain_settings

    origins = explain_settings()
    if as_json:
        echo_json([asdict(origin) for origin in origins])
    else:
        from assistant.embedded.download_progress import wide_console

        wide_console().print(_table(origins))


def _table(origins: "tuple[SettingOrigin, ...]") -> "Table":
    from rich.table import Table
    from rich.text import Text

    from index.printable import printable

    table = Table("setting", "value", "from", "what it is", box=None, pad_edge=False)
    for origin in origins:
        # As Text: a value such as "[red]" is not markup.
        cells = (origin.name, origin.value, origin.origin, origin.description)
        table.add_row(*(Text(printable(cell)) for cell in cells))
    return table
