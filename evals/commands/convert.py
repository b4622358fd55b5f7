"""``evals convert``: published question sets in our form."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click

from evals.converters.convert import CONVERTERS, Report, convert
from evals.converters.source import Options
from evals.questions.files import read_questions
from evals.questions.schema import Header
from index.errors import UsageError


@click.command(
    "convert",
    epilog="""\b
Examples:
  python -m evals convert squad dev-v2.0.json --out squad/
  python -m evals convert table rows.csv --out mine/ --column question=user_input
  python -m evals convert nuggets nuggets.jsonl --questions questions.jsonl --out mine/""",
)
@click.argument("kind", type=click.Choice(sorted(CONVERTERS)))
@click.argument("source", type=click.Path(path_type=Path))
@click.option("--out", "folder", type=click.Path(path_type=Path), required=True, help="Folder for the files.")
@click.option("--name", help="Name of the set; without it, that of --questions or the source file.")
@click.option("--licence", default="", help="How the set may be used; goes into the header.")
@click.option("--paragraphs", is_flag=True, help="SQuAD: each paragraph is an article, instead of each page.")
@click.option("--corpus", type=click.Path(path_type=Path), help="MultiHop-RAG: the file with the articles.")
@click.option("--questions", type=click.Path(path_type=Path), help="Nuggets: our file of the questions they are for.")
@click.option("--column", "columns", multiple=True, metavar="FIELD=COLUMN", help="Tables: where a field is.")
@click.option("--force", is_flag=True, help="Replace files of an earlier conversion.")
@click.option("--refuse", is_flag=True, help="For asking over other articles: no question is answerable.")
def convert_command(
    kind: str,
    source: Path,
    folder: Path,
    name: str | None,
    licence: str,
    refuse: bool,
    force: bool,
    **options: Any,
) -> None:
    """Convert a published question set into questions.jsonl and, where it has them, articles.jsonl.

    `table` reads CSV and JSON Lines as RAGAS and LangSmith write them. `nuggets` reads those of TREC, and writes the
    questions of --questions with them.
    """
    chosen = Options(**{**options, "columns": dict(map(_column, options["columns"]))})
    old = read_questions(chosen.questions).header if chosen.questions else Header(name=source.stem)
    origin = "; ".join(filter(None, (old.source, f"converted from {kind}: {source.name}")))
    header = Header(name=name or old.name, licence=licence or old.licence, source=origin)
    report = convert(CONVERTERS[kind], source, folder, header, chosen, refuse=refuse, overwrite=force)
    click.echo("\n".join(_report(report)))


def _column(assignment: str) -> tuple[str, str]:
    field, equals, column = assignment.partition("=")
    if not (field and equals and column):
        raise UsageError(f"--column {assignment}: not of the form FIELD=COLUMN", "write --column question=user_input")
    return field, column


def _report(report: Report) -> Iterator[str]:
    unanswerable = f"{report.unanswerable} of them unanswerable"
    yield f"{report.read} questions read, {report.written} written ({unanswerable}), {report.skipped.total()} skipped"
    yield f"{report.articles} articles written"
    for title, counts in (("skipped", report.skipped), ("note", report.notes)):
        for reason, count in counts.most_common():
            yield f"{title}, {count} times: {reason}; first in {', '.join(report.places[reason])}"
