"""``assistant index``: add articles, see how the index stands."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from assistant.cli import console, index_option, open_assistant
from assistant.reading_options import fault_line, reading_of, reading_options
from index.articles import Article
from index.errors import InputError
from index.kinds import SUFFIXES
from index.library import AddReport

if TYPE_CHECKING:
    from rich.progress import Progress, TaskID

    from assistant.assistant import Assistant
    from index.readers import Reader, Reading


@click.group()
def index() -> None:
    """Add articles to the index, and see how it stands."""


@index.command(
    epilog="""\b
Examples:
  assistant index add articles/
  assistant index add monday.jsonl report.pdf --index ~/newsroom
  assistant index add https://example.org/news.rss page.html
  assistant index add export.csv --field text=body --field published=day
  assistant index add archive/ --include '*.html' --exclude drafts/
  zcat dump.jsonl.gz | assistant index add -

Exit status: 0 all was added, 1 something could not be read (the rest was added), 2 wrong usage."""
)
@click.argument("paths", metavar="PATH...", nargs=-1, required=True)
@index_option
@reading_options
@click.pass_context
def add(
    context: click.Context,
    /,
    paths: tuple[str, ...],
    index_folder: str | None,
    allow_private: bool | None,
    **options: Any,
) -> None:
    """Add articles; unchanged ones are skipped, changed ones replaced.

    PATH is a file, a folder, an http or https address, or - for standard input. Read are text, Markdown, HTML, PDF,
    JSON Lines, JSON, CSV, RSS and Atom, each of them also as .gz, by content and by name. Whatever cannot be read is
    named in one line on standard error, with the reason, and the rest is added.
    """
    with open_assistant(index_folder, allow_private=allow_private) as assistant:
        reading = reading_of(**options, allow_private=assistant.settings.allow_private)
        report, unread = add_paths(assistant, paths, reading)
        click.echo(summary(report, assistant.settings.index, unread))
    context.exit(1 if unread else 0)


@index.command()
@index_option
def status(index_folder: str | None) -> None:
    """Show how many articles and chunks the index holds, and which model made it."""
    from rich.filesize import decimal

    with open_assistant(index_folder) as assistant:
        found = assistant.status()
    click.echo(f"index       {found.folder}")
    click.echo(f"articles    {found.articles}")
    click.echo(f"chunks      {found.chunks}")
    click.echo(f"embeddings  {found.embedder}")
    click.echo(f"on disk     {decimal(found.disk_bytes)}")


def add_paths(assistant: "Assistant", paths: Sequence[str], reading: "Reading | None" = None) -> tuple[AddReport, int]:
    """Add files and folders, with a progress bar on standard error where that is a terminal.

    Returns:
        What was done, and how many files, lines and entries could not be read; each was told on standard error.

    Raises:
        InputError: there is nothing to read.
    """
    from index.readers import Reader, Reading, good_articles

    chosen = reading or Reading(private=assistant.settings.allow_private)
    with Reader(chosen) as reader, _bar() as (bar, task):
        sources = _found(reader, paths)
        bar.update(task, total=len(sources))
        unread = 0

        def tell(error: InputError) -> None:
            nonlocal unread
            unread += 1
            bar.console.print(fault_line(error), markup=False, soft_wrap=True)

        def articles() -> Iterator[Article]:
            for number, source in enumerate(sources):
                bar.update(task, completed=number)
                yield from good_articles(reader.read([source]), tell)
            bar.update(task, completed=len(sources))

        def show(report: AddReport) -> None:
            bar.update(task, description=f"adding: {report.articles} articles, {report.chunks} new chunks")

        return assistant.library.add(articles(), show), unread


def _found(reader: "Reader", paths: Sequence[str]) -> "tuple[Path | str | InputError, ...]":
    """What to read; not only errors."""
    sources = reader.find(paths)
    if not sources:
        remedy = f"article files end in {', '.join(SUFFIXES)}; others are read when they are named or --include'd"
        raise InputError(f"no articles in {', '.join(paths)}", remedy)
    if all(isinstance(source, InputError) for source in sources):
        raise next(source for source in sources if isinstance(source, InputError))
    return sources


def summary(report: AddReport, folder: Path, unread: int = 0) -> str:
    """What adding did, in one line; a second one when something could not be read."""
    counts = f"{report.added} added, {report.changed} changed, {report.unchanged} unchanged"
    line = f"{report.articles} articles: {counts}; {report.chunks} chunks embedded into {folder}"
    return f"{line}\n{unread} could not be read; the reasons stand above" if unread else line


@contextmanager
def _bar() -> "Iterator[tuple[Progress, TaskID]]":
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("files"),
        TimeElapsedColumn(),
    )
    terminal = console(stderr=True)
    with Progress(*columns, console=terminal, transient=True, disable=not terminal.is_terminal) as bar:
        yield bar, bar.add_task("adding articles", total=None)
