"""``evals peers``: ask other systems the same questions, over the same articles and with the same models."""

import sys
from collections.abc import Sequence

import click

from assistant.console.output import show
from evals.commands.tally import Tally
from evals.peers.asking import ask_system, askable, prepare
from evals.peers.systems import NAMES, OURS, SYSTEMS, require_extra
from evals.peers.table import (
    Row,
    SystemScores,
    columns_of,
    difference_columns,
    difference_rows,
    reply_lines,
    score_systems,
    table_rows,
)
from evals.run.ledger import note_look
from evals.run.records import Record, Run
from evals.run.suite import find_suite, load_material, read_suite
from evals.score.tables import markdown_table, table_of
from index.errors import UsageError

EXIT_INCOMPLETE = 3


@click.command(
    "peers",
    epilog="""\b
Examples:
  python -m evals peers newsroom --limit 100
  python -m evals peers clapnq --systems langchain,ours --limit 20
  python -m evals peers newsroom --limit 100 --only table --markdown

Each system has a run of its own below .runs/. Run the same command again
after an interruption, or with a larger --limit: what is recorded is not asked
again.

Exit status: 0 well, 1 an error, 2 wrong usage, 3 a system was not asked all
of the questions yet.""",
)
@click.argument("suite")
@click.option("--systems", default=",".join(NAMES), show_default=True, help="Which ones, with commas between.")
@click.option("--limit", type=click.IntRange(min=1), help="Only the first so many, in an order that their ids decide.")
@click.option("--timeout", type=click.FloatRange(min=0, min_open=True), help="Most seconds for a question.")
@click.option("--only", type=click.Choice(("ask", "table")), help="Show no table, or ask nothing.")
@click.option("--markdown", is_flag=True, help="Print the tables in Markdown.")
def peers_command(
    suite: str, systems: str, limit: int | None, timeout: float | None, only: str | None, markdown: bool
) -> int:
    """Compare the assistant with LangChain and LlamaIndex on SUITE.

    Both as their documentation sets them up, and tuned; with the models that the assistant's settings name. Questions
    that belong to a conversation or to a day are left out: the peers know neither.
    """
    names = _names(systems)
    if only != "table":
        require_extra(tuple(SYSTEMS[name] for name in names if name in SYSTEMS))
    path = find_suite(suite)
    chosen = read_suite(path)
    if timeout:
        chosen = chosen.model_copy(update={"timeout_seconds": timeout})
    whole = load_material(chosen, path)
    material = askable(whole)
    runs = {name: prepare(name, chosen, material) for name in names}
    asked = len(material.questions[:limit])
    left_out = len(whole.questions) - len(material.questions)
    click.echo(f"{chosen.name}: {asked} of {len(material.questions)} questions; {left_out} left out", err=True)
    for name, run in () if only == "table" else runs.items():
        _ask(name, run, asked)
    if only != "ask":
        # The look that counts is one at the assistant's scores.
        if OURS in runs and (looked := note_look(runs[OURS], "peers")):
            click.echo(looked)
        _show(score_systems(runs, limit), markdown)
    complete = all(run.progress().records.keys() >= set(run.keys[:limit]) for run in runs.values())
    return 0 if complete else EXIT_INCOMPLETE


def _names(systems: str) -> tuple[str, ...]:
    names = tuple(dict.fromkeys(name.strip() for name in systems.split(",") if name.strip()))
    if unknown := [name for name in names if name not in NAMES]:
        raise UsageError(f"no system {unknown[0]!r}", f"there are {', '.join(NAMES)}")
    if not names:
        raise UsageError("no system is named", f"there are {', '.join(NAMES)}")
    return names


def _ask(name: str, run: Run, count: int) -> None:
    done = run.progress().records
    tally = Tally(run, (done[key] for key in run.keys[:count] if key in done))
    sys.stderr.write(f"{name}: {run.folder}, {tally.count} of {count} recorded before\n")

    def progress(record: Record) -> None:
        tally.add(record)
        said = " · ".join(
            filter(None, (f"{record.seconds:.1f} s", str(tally), tally.time_left(count - tally.count, 1)))
        )
        sys.stderr.write(f"{name}: {tally.count}/{count} · {said}\n")

    if tally.count < count:
        ask_system(name, run, count, progress)


def _show(systems: Sequence[SystemScores], markdown: bool) -> None:
    for system in systems:
        peer = SYSTEMS.get(system.name)
        packages = system.scores.run.info.provenance.packages if peer else {}
        versions = ", ".join(f"{name} {version}" for name, version in packages.items())
        settings = ", ".join(f"{name} {value}" for name, value in peer.settings.items()) if peer else ""
        source = peer.source if peer else "the assistant as it is"
        click.echo(f"{system.name}: {'; '.join(filter(None, (settings, source, versions, system.scores.run.name)))}")
    click.echo("".join(f"{line}\n" for line in reply_lines(systems)), nl=False)
    _table(columns_of(systems), table_rows(systems), markdown)
    if rows := difference_rows(systems):
        click.echo(f"\nEach peer minus {OURS} on the same questions; * where p < .05 after Holm's correction:\n")
        _table(difference_columns(systems), rows, markdown)


def _table(columns: Row, rows: Sequence[Row], markdown: bool) -> None:
    if markdown:
        click.echo(markdown_table(columns, rows))
    else:
        show(table_of(columns, rows))
