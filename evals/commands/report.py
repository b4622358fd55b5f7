"""``evals report``: a run as a page to read, and as Markdown, CSV and JUnit XML."""

from collections.abc import Callable
from contextlib import suppress
from functools import partial
from pathlib import Path

import click

from evals.commands.run_argument import RUN
from evals.commands.score import EXIT_INCOMPLETE
from evals.report.exports import csv_report, junit_report, markdown_report
from evals.report.page import page_of, render_page
from evals.report.recorded import Recorded, read_recorded
from evals.run.ledger import note_look
from evals.run.records import Run
from index.exports import new_file

KILOBYTE, MEGABYTE = 1_000, 1_000_000
FILE = click.Path(path_type=Path, dir_okay=False)


@click.command(
    "report",
    epilog="""\b
Examples:
  python -m evals report smoke
  python -m evals report smoke --html report.html --markdown report.md
  python -m evals report smoke --csv questions.csv --junit junit.xml

Exit status: 0 well, 2 wrong usage, 3 the run is not complete.""",
)
@click.argument("run", metavar="RUN", type=RUN)
@click.option("--html", type=FILE, help="A page with every question; without any option, RUN/report.html.")
@click.option("--markdown", type=FILE, help="The tables, for pasting.")
@click.option("--csv", type=FILE, help="One row for each question.")
@click.option("--junit", type=FILE, help="One test case for each question.")
@click.option("--force", is_flag=True, help="Replace files that are there already.")
def report_command(
    run: Run, html: Path | None, markdown: Path | None, csv: Path | None, junit: Path | None, force: bool
) -> int:
    """Write what RUN says into one file of each kind that is asked for.

    RUN is a folder, or the name of a suite, which stands for its newest run.
    """
    recorded = read_recorded(run)
    if looked := note_look(run, "report"):
        click.echo(looked)
    asked = any((html, markdown, csv, junit))
    if not asked:
        html = run.folder / "report.html"
    makers: tuple[Callable[[Recorded], str], ...] = (
        lambda of: render_page(page_of(of)),
        markdown_report,
        csv_report,
        junit_report,
    )
    for path, make in zip((html, markdown, csv, junit), makers, strict=True):
        if path is not None:
            click.echo(write_file(path, partial(make, recorded), replace=force or not asked))
    return 0 if recorded.scores.complete else EXIT_INCOMPLETE


def write_file(path: Path, make: Callable[[], str], *, replace: bool) -> str:
    """Write a file and say where it is and how large; a file that may not be replaced is told before the work.

    Raises:
        UsageError: there is such a file already.
        AssistantError: it cannot be written there.
    """
    with suppress(OSError):  # told below
        path.parent.mkdir(parents=True, exist_ok=True)
    with new_file(path, "choose another, or replace it with --force", replace=replace) as file:
        text = make()
        file.write(text)
    return f"{path}: {shown_size(len(text.encode()))}"


def shown_size(count: int) -> str:
    """``850 B``, ``12 kB``, ``1.4 MB``."""
    if count < KILOBYTE:
        return f"{count} B"
    return f"{count / KILOBYTE:.0f} kB" if count < MEGABYTE else f"{count / MEGABYTE:.1f} MB"
