"""``assistant index status``, ``check`` and ``rebuild``: how the index stands, whether all is well, and mending it."""

import json
from dataclasses import asdict

import click

from assistant.cli import index_option, open_assistant

EXIT_PROBLEMS = 1


@click.command(
    epilog="""\b
Examples:
  assistant index status
  assistant index status --json | jq .articles"""
)
@index_option
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def status(index_folder: str | None, as_json: bool) -> None:
    """Show how many articles and chunks the index holds, and which model made it."""
    from rich.filesize import decimal

    with open_assistant(index_folder) as assistant:
        found = assistant.status()
    if as_json:
        click.echo(json.dumps({**asdict(found), "folder": str(found.folder)}, ensure_ascii=False, indent=2))
        return
    click.echo(f"index       {found.folder}")
    click.echo(f"articles    {found.articles}")
    click.echo(f"chunks      {found.chunks}")
    click.echo(f"embeddings  {found.embedder}")
    click.echo(f"on disk     {decimal(found.disk_bytes)}")
    if found.pending:
        click.echo(f"unfinished  {found.pending} chunks: being written now, or undone at the next writing")


@click.command(
    epilog="""\b
Examples:
  assistant index check
  assistant index check --json

Exit status: 0 all is well, 1 there are problems."""
)
@index_option
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
@click.pass_context
def check(context: click.Context, index_folder: str | None, as_json: bool) -> None:
    """Compare all that is stored: articles, vectors and words. Waits for a writer; undoes an interrupted write."""
    with open_assistant(index_folder) as assistant:
        found = assistant.library.check()
    if as_json:
        click.echo(json.dumps(asdict(found), ensure_ascii=False, indent=2))
    else:
        if found.undone:
            click.echo(f"{found.undone} chunks of an interrupted write were taken out")
        for problem in found.problems:
            click.echo(problem)
        verdict = "mend it: assistant index rebuild" if found.problems else "all parts agree"
        click.echo(f"{found.articles} articles, {found.chunks} chunks: {verdict}")
    context.exit(0 if found.clean else EXIT_PROBLEMS)


@click.command(
    epilog="""\b
Examples:
  assistant index rebuild
  ASSISTANT_EMBEDDINGS_MODEL=local assistant index rebuild   for another embedding model

The old index stays in use until the new one is complete. An interrupted rebuild goes on when it is run again."""
)
@index_option
@click.pass_context
def rebuild(context: click.Context, index_folder: str | None) -> None:
    """Make the index anew from its own articles: after damage, or for the embedding model of the settings."""
    from assistant.index_progress import add_meter

    with open_assistant(index_folder) as assistant:
        with add_meter(1, "rebuilding") as meter:
            report = assistant.library.rebuild(meter.show_rebuilt)
        click.echo(f"{report.articles} articles rebuilt in {assistant.settings.index}; {report.chunks} chunks embedded")
    for name in report.lost:
        click.echo(f"lost, add it again: {name}", err=True)
    context.exit(EXIT_PROBLEMS if report.lost else 0)
