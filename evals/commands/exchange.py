"""``evals import`` and ``evals export``: answers of other systems as runs, and runs as files for other programs."""

from collections.abc import Iterator, Mapping
from pathlib import Path

import click

from evals.commands.report import shown_size
from evals.commands.run_argument import RUN
from evals.commands.score import EXIT_INCOMPLETE
from evals.exchange.align import Fit
from evals.exchange.export import EXPORTS
from evals.exchange.formats import READERS, lines_of, read_records
from evals.exchange.importing import REFUSALS, Imported, import_records
from evals.run.records import Run
from evals.run.suite import find_suite, load_material, read_suite
from index.exports import new_file

MOST_NAMED = 10  # questions and citations that are named; the report has them all


@click.command(
    "import",
    epilog="""\b
Examples:
  python -m evals import smoke answers.jsonl --system mine
  python -m evals import smoke samples.jsonl --format ragas
  python -m evals import smoke antworten.jsonl --refusal "Das steht nicht"

A line is a record: plain, such as {"id": "q1", "answer": "Two [1].", "sources":
["…"]}; a reply of OpenAI's Responses API or of Anthropic, as {"id": "q1",
"response": {…}}; a run of LangSmith; or a sample of RAGAS. The docstrings of
evals/exchange/plain.py and vendors.py have examples.

Exit status: 0 well, 1 a fault in the records, 2 wrong usage, 3 some questions
have no record.""",
)
@click.argument("suite")
@click.argument("records", type=click.Path(path_type=Path))
@click.option("--format", "shape", type=click.Choice(["auto", *READERS]), default="auto", help="Shape of the records.")
@click.option("--system", help="What the other system is called; without it, as the file.")
@click.option("--out", "folder", type=click.Path(path_type=Path), help="Folder of the run; usually one below .runs/.")
@click.option(
    "--refusal",
    "refusals",
    multiple=True,
    metavar="TEXT",
    help=f"Answers that begin so are refusals; repeatable. Without it: {', '.join(REFUSALS)}. Empty ones always are.",
)
@click.option("--skip-unknown", is_flag=True, help="Leave out records that are broken, doubled, or of no question.")
def import_command(
    suite: str,
    records: Path,
    shape: str,
    system: str | None,
    folder: Path | None,
    refusals: tuple[str, ...],
    skip_unknown: bool,
) -> int:
    """Make a run of the answers that another system gave to the questions of SUITE.

    RECORDS is a JSON Lines file. Every metric, comparison and report works on the run. Citations are aligned with the
    articles of the suite.
    """
    path = find_suite(suite)
    chosen = read_suite(path)
    material = load_material(chosen, path)
    found = read_records(records, material.questions, shape, skip=skip_unknown)
    made = import_records(chosen, material, found, system or records.stem, refusals or REFUSALS, folder)
    shapes = ", ".join(f"{count} {name}" for name, count in sorted(found.formats.items()))
    click.echo(f"{made.run.folder}: {len(found.found)} of {len(material.questions)} questions have a record ({shapes})")
    click.echo("".join(f"{line}\n" for line in (*lines_of(found), *_said(made, len(material.questions)))), nl=False)
    click.echo(f"next: python -m evals score {made.run.folder}", err=True)
    return EXIT_INCOMPLETE if made.open else 0


def _said(made: Imported, asked: int) -> Iterator[str]:
    if made.open:
        yield f"{len(made.open)} of {asked} questions have no record and stay open: {_named(made.open)}"
    by = ", ".join(f"{count} by {how}" for how, count in made.refusals.most_common())
    yield f"refusals {sum(made.refusals.values())}" + (f": {by}" if by else "")
    yield f"citations {_fits(made.citations)}"
    if made.contexts:
        yield f"retrieved texts {_fits(made.contexts)}"
    yield from made.lost[:MOST_NAMED]
    if len(made.lost) > MOST_NAMED:
        yield f"and {len(made.lost) - MOST_NAMED} more, which the report names"


def _named(names: tuple[str, ...]) -> str:
    return ", ".join(names[:MOST_NAMED]) + (", …" if len(names) > MOST_NAMED else "")


def _fits(counts: Mapping[Fit, int]) -> str:
    said = ", ".join(f"{counts[fit]} {fit}" for fit in Fit if counts.get(fit))
    return f"{sum(counts.values())}" + (f": {said}" if said else "")


@click.command(
    "export",
    epilog="""\b
Examples:
  python -m evals export smoke --format trec --out trec/
  python -m evals export smoke --format csv --out tables/""",
)
@click.argument("run", metavar="RUN", type=RUN)
@click.option("--format", "kind", type=click.Choice(list(EXPORTS)), required=True, help="What is written.")
@click.option("--out", "folder", type=click.Path(path_type=Path), required=True, help="Folder for the files.")
@click.option("--force", is_flag=True, help="Replace files that are there already.")
def export_command(run: Run, kind: str, folder: Path, force: bool) -> None:
    """Write what RUN retrieved as TREC run files with qrels, or its answers as CSV with a row for each question.

    RUN is a folder, or the name of a suite, which stands for its newest run. Scores as CSV: `report --csv`.
    """
    files = EXPORTS[kind](run)
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in files.items():
        with new_file(folder / name, "choose another --out, or replace it with --force", replace=force) as file:
            file.write(text)
        click.echo(f"{folder / name}: {shown_size(len(text.encode()))}")
