"""``evals validate``: check a question set."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import click

from evals.questions.anchors import anchor_questions
from evals.questions.files import check_questions, write_questions
from evals.questions.schema import Header, Question
from index.articles import Article
from index.errors import InputError, UsageError
from index.read.readers import find_files, read_articles

EXIT_FAULTS = 1
SHOWN = 20  # faults listed in full; the rest are counted


@click.command(
    epilog="""\b
Example:
  python -m evals validate questions.jsonl --articles articles/"""
)
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
        counts = [f"{count} {fit}" for fit, count in anchored.fits.items()]
        click.echo(f"evidence spans: {', '.join((*counts, f'{len(anchored.failures)} not found'))}")
        if write and not errors:
            write_questions(questions, header, anchored.questions)
    click.echo(_summary(header, good))
    for fault in faults[:SHOWN]:
        click.echo(fault, err=True)
    if len(faults) > SHOWN:
        click.echo(f"… and {len(faults) - SHOWN} more", err=True)
    return EXIT_FAULTS if faults else 0


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


def _summary(header: Header, questions: Sequence[Question]) -> str:
    unanswerable = sum(not question.answerable for question in questions)
    no_gold = sum(question.answerable and not question.answers for question in questions)
    gaps = f", {no_gold} answerable ones without gold answer" if no_gold else ""
    return f"{header.name}: {len(questions)} questions, {unanswerable} of them unanswerable{gaps}"
