"""``python -m evals``: check and convert question sets."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import click

from assistant.cli import run
from evals.anchors import Anchored, anchor_questions
from evals.convert import CONVERTERS, Report, convert
from evals.converters.source import Options
from evals.questions import check_questions, write_questions
from evals.run_command import run_command
from evals.schema import Header, Question
from index.articles import Article
from index.errors import InputError, UsageError
from index.readers import find_files, read_articles

EXIT_FAULTS = 1
SHOWN = 20  # faults listed in full; the rest are counted


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
def evals() -> None:
    """Measure how well questions are answered."""


@evals.command()
@click.argument("questions", type=click.Path(path_type=Path))
@click.option(
    "--articles",
    type=click.Path(path_type=Path),
    multiple=True,
    help="File or folder with the articles; checks that the evidence stands in them.",
)
@click.option("--write", is_flag=True, help="Write the offsets that evidence has in the articles now into the file.")
def validate(questions: Path, articles: tuple[Path, ...], write: bool) -> int:
    """Check a question file; every fault is named with its line. Exit status 1 when there is one."""
    if write and not articles:
        raise UsageError("--write needs the articles", "name them with --articles")
    header, good, errors = _checked(questions)
    faults = [error.problem for error in errors]
    faults += [f"{questions}: {problem}" for problem in _unlike_paraphrases(good)]
    if articles:
        anchored = anchor_questions(good, _articles(articles))
        faults += [f"{questions}: {failure}" for failure in anchored.failures]
        click.echo(_fits(anchored))
        if write and not errors:
            write_questions(questions, header, anchored.questions)
    click.echo(_summary(header, good))
    for fault in faults[:SHOWN]:
        click.echo(fault, err=True)
    if len(faults) > SHOWN:
        click.echo(f"… and {len(faults) - SHOWN} more", err=True)
    return EXIT_FAULTS if faults else 0


@evals.command("convert")
@click.argument("kind", type=click.Choice(sorted(CONVERTERS)))
@click.argument("source", type=click.Path(path_type=Path))
@click.option("--out", "folder", type=click.Path(path_type=Path), required=True, help="Folder for the files.")
@click.option("--name", help="Name of the set; without it, that of the source file.")
@click.option("--licence", default="", help="How the set may be used; goes into the header.")
@click.option("--paragraphs", is_flag=True, help="SQuAD: each paragraph is an article, instead of each page.")
@click.option("--corpus", type=click.Path(path_type=Path), help="MultiHop-RAG: the file with the articles.")
@click.option("--column", "columns", multiple=True, metavar="FIELD=COLUMN", help="Tables: where a field is.")
@click.option("--refuse", is_flag=True, help="For asking over other articles: no question is answerable.")
def convert_command(
    kind: str,
    source: Path,
    folder: Path,
    name: str | None,
    licence: str,
    refuse: bool,
    **options: Any,
) -> None:
    """Convert a published question set into questions.jsonl and, where it has them, articles.jsonl.

    `table` reads CSV and JSON Lines as RAGAS and LangSmith write them.
    """
    chosen = Options(options["paragraphs"], options["corpus"], dict(map(_column, options["columns"])))
    header = Header(name=name or source.stem, licence=licence, source=f"converted from {kind}: {source.name}")
    report = convert(CONVERTERS[kind], source, folder, header, chosen, refuse=refuse)
    click.echo("\n".join(_report(report)))


evals.add_command(run_command)


def main(arguments: Sequence[str] | None = None) -> None:
    """Run ``evals``."""
    run(evals, "evals", arguments)


def _checked(path: Path) -> tuple[Header, list[Question], list[InputError]]:
    """The header, the questions without fault, and the faults.

    ``check_questions`` hands on the header first or raises.
    """
    items = list(check_questions(path))
    (header,) = (item for item in items if isinstance(item, Header))
    good = [item for item in items if isinstance(item, Question)]
    return header, good, [item for item in items if isinstance(item, InputError)]


def _articles(paths: Sequence[Path]) -> Mapping[str, Article]:
    return {article.id: article for file in find_files(paths) for article in read_articles(file)}


def _unlike_paraphrases(questions: Sequence[Question]) -> Iterator[str]:
    """Paraphrases ask the same, so they have the same answers."""
    first: dict[str, Question] = {}
    for question in questions:
        like = first.setdefault(question.group, question) if question.group else question
        if (like.answerable, like.answers) != (question.answerable, question.answers):
            yield f"questions {like.id} and {question.id} are paraphrases ({question.group}) with different answers"


def _fits(anchored: Anchored) -> str:
    counts = [f"{count} {fit}" for fit, count in anchored.fits.items()]
    counts.append(f"{len(anchored.failures)} not found")
    return f"evidence spans: {', '.join(counts)}"


def _summary(header: Header, questions: Sequence[Question]) -> str:
    unanswerable = sum(not question.answerable for question in questions)
    no_gold = sum(question.answerable and not question.answers for question in questions)
    gaps = f", {no_gold} answerable ones without gold answer" if no_gold else ""
    return f"{header.name}: {len(questions)} questions, {unanswerable} of them unanswerable{gaps}"


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
