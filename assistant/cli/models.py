"""``assistant models``: list, fetch, check and stop the embedded models."""

import json
from typing import TYPE_CHECKING, get_args

import click

from assistant.console.output import say
from index.errors import AssistantError, ModelError
from index.weights.registry import Role

if TYPE_CHECKING:
    from collections.abc import Iterable

    from index.weights.folder import AssetStatus, Weights


@click.group(
    "models",
    invoke_without_command=True,
    epilog="""\b
Examples:
  assistant models
  assistant models --json | jq '.models[].state'
  assistant models pull""",
)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
@click.pass_context
def models(context: click.Context, as_json: bool) -> None:
    """Show the local models: role, model, licence, size, state and place."""
    if context.invoked_subcommand is not None:
        return
    if as_json:
        rows = [_for_programs(row) for row in _weights().status()]
        click.echo(json.dumps({"models": rows}, ensure_ascii=False, indent=2))
    else:
        from assistant.embedded.download_progress import wide_console

        console = wide_console()
        console.print(_table(_weights().status()))


@models.command(
    "pull",
    epilog="""\b
Examples:
  assistant models pull
  assistant models pull --only embeddings --only reranker""",
)
@click.option("--only", "roles", type=click.Choice(get_args(Role)), multiple=True, help="Only this role; repeatable.")
def pull(roles: tuple[Role, ...]) -> None:
    """Fetch the models that are missing or damaged; an interrupted download continues where it stopped."""
    from assistant.embedded.download_progress import fetch
    from index.weights.folder import ASSETS

    wanted = tuple(asset for asset in ASSETS if not roles or asset.role in roles)
    for role, path in fetch(_weights(), wanted, mend=True).items():
        say(f"{role}: {path}")


@models.command("verify", epilog="\b\nExample:\n  assistant models verify && echo whole")
def verify() -> None:
    """Read every model in full and compare its digest; a wrong file is set aside."""
    from index.weights.folder import ASSETS

    weights = _weights()
    errors: list[AssistantError] = []
    for asset in ASSETS:
        try:
            weights.verify(asset)
            say(f"{asset.role}: {asset.name} is whole")
        except ModelError as error:
            say(f"{asset.role}: {error.problem}")
            errors.append(error)
    if errors:
        raise errors[0]


@models.command("stop", epilog="\b\nExample:\n  assistant models stop")
def stop() -> None:
    """Let go of the language model that is kept loaded for the next command; it ends within seconds."""
    from assistant.embedded.daemon import stop_all
    from assistant.embedded.provider import warm_path

    stopped = stop_all(warm_path())
    plural = "loaded model is" if stopped == 1 else "loaded models are"
    click.echo(f"{stopped} {plural} let go" if stopped else "no model is kept loaded")


def _weights() -> "Weights":
    from assistant.embedded.download_progress import weights_of
    from assistant.settings import load_settings

    return weights_of(load_settings())


def _table(rows: "Iterable[AssetStatus]") -> object:
    from rich.filesize import decimal
    from rich.table import Table

    table = Table(box=None, pad_edge=False)
    for heading in ("role", "model", "licence", "size", "state", "place"):
        table.add_column(heading, overflow="fold", justify="right" if heading == "size" else "left")
    for row in rows:
        asset = row.asset
        place = row.path or "-"
        if row.path is not None and not row.is_ours:
            table.add_row(asset.role, row.path.name, "-", decimal(row.path.stat().st_size), "ready", str(place))
        else:
            table.add_row(asset.role, asset.model, asset.licence, decimal(asset.disk_bytes), _state(row), str(place))
    return table


def _for_programs(row: "AssetStatus") -> dict[str, object]:
    """A row of the table; sizes are bytes, and what is not known of a model that the person chose is null."""
    asset = row.asset
    return {
        "role": asset.role,
        "model": asset.model if row.is_ours else row.path and row.path.name,
        "licence": asset.licence if row.is_ours else None,
        "bytes": asset.disk_bytes if row.is_ours else None,
        "present_bytes": row.present_bytes,
        "state": row.state,
        "path": row.path and str(row.path),
    }


def _state(row: "AssetStatus") -> str:
    return f"{row.state} {row.present_share:.0%}" if row.state == "partly downloaded" else row.state
