"""``assistant index status``, ``check`` and ``rebuild``: report the state of the index, and repair it."""

from dataclasses import asdict, replace
from typing import TYPE_CHECKING

import click

from assistant.console.options import index_option, open_assistant
from assistant.console.output import say
from assistant.console.streams import echo_json

if TYPE_CHECKING:
    from index.store.records import IndexStatus

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
        echo_json({**_status_dict(found), "shards": [_status_dict(shard) for shard in found.shards]})
        return
    say(f"index       {found.folder}")
    say(f"articles    {found.articles}")
    say(f"chunks      {found.chunks}")
    say(f"embeddings  {found.embedder}")
    say(f"on disk     {decimal(found.disk_bytes)}")
    if found.pending:
        say(f"unfinished  {found.pending} chunks: being written now, or undone at the next writing")
    for shard in found.shards:
        unfinished = f", {shard.pending} chunks unfinished" if shard.pending else ""
        held = f"{shard.articles} articles, {shard.chunks} chunks, {decimal(shard.disk_bytes)}"
        say(f"{shard.folder.name:<11} {held}{unfinished}")


def _status_dict(found: "IndexStatus") -> dict[str, object]:
    """What is told of an index, or of one shard, to programs."""
    return {**asdict(replace(found, shards=())), "folder": str(found.folder)}


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
        echo_json(asdict(found))
    else:
        if found.undone:
            say(f"{found.undone} chunks of an interrupted write were taken out")
        for problem in found.problems:
            say(problem)
        verdict = "mend it: assistant index rebuild" if found.problems else "all parts agree"
        say(f"{found.articles} articles, {found.chunks} chunks: {verdict}")
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
    from assistant.console.progress import add_meter

    with open_assistant(index_folder) as assistant:
        with add_meter(1, "rebuilding") as meter:
            report = assistant.library.rebuild(meter.show_rebuilt)
        say(f"{report.articles} articles rebuilt in {assistant.settings.index}; {report.chunks} chunks embedded")
    for name in report.lost:
        say(f"lost, add it again: {name}", err=True)
    context.exit(EXIT_PROBLEMS if report.lost else 0)
