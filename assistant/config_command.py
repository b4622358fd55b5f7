"""``assistant config``: every setting, its value and where the value came from."""

import json
from dataclasses import asdict
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from rich.table import Table

    from assistant.settings import SettingOrigin


@click.command("config")
@click.option("--json", "as_json", is_flag=True, help="Print JSON instead of a table.")
def config(as_json: bool) -> None:
    """Show every setting, its value and where it comes from; keys are masked."""
    from assistant.settings import explain_settings

    origins = explain_settings()
    if as_json:
        click.echo(json.dumps([asdict(origin) for origin in origins], indent=2, ensure_ascii=False))
    else:
        from assistant.download import wide_console

        wide_console().print(_table(origins))


def _table(origins: "tuple[SettingOrigin, ...]") -> "Table":
    from rich.table import Table
    from rich.text import Text

    table = Table("setting", "value", "from", "what it is", box=None, pad_edge=False)
    for origin in origins:
        # As Text: a value such as "[red]" is not markup.
        table.add_row(*map(Text, (origin.name, origin.value, origin.origin, origin.description)))
    return table
