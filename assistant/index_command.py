"""``assistant index``: add articles, see how the index stands."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import click

from assistant.cli import console, index_option, open_assistant
from index.adding import AddReport
from index.articles import Article
from index.errors import InputError

if TYPE_CHECKING:
    from rich.progress import Progress, TaskID

    from assistant.assistant import Assistant


@click.group()
def index() -> None:
    """Add articles to the index, and see how it stands."""


@index.command(
    epilog="""\b
Examples:
  assistant index add articles/
  assistant index add monday.jsonl report.md --index ~/newsroom"""
)
@click.argument("paths", metavar="PATH...", nargs=-1, required=True)
@index_option
def add(paths: tuple[str, ...], index_folder: str | None) -> None:
    """Add article files and folders (.jsonl, .md, .txt); unchanged articles are skipped, changed ones replaced."""
    with open_assistant(index_folder) as assistant:
        report = add_paths(assistant, paths)
        click.echo(summary(report, assistant.settings.index))


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


def add_paths(assistant: "Assistant", paths: Sequence[str]) -> AddReport:
    """Add files and folders, with a progress bar on standard error where that is a terminal."""
    from index.readers import SUFFIXES, find_files, read_articles

    files = find_files([Path(path) for path in paths])
    if not files:
        raise InputError(f"no articles in {', '.join(paths)}", f"article files end in {', '.join(SUFFIXES)}")
    with _bar(len(files)) as (bar, task):

        def articles() -> Iterator[Article]:
            for number, file in enumerate(files):
                bar.update(task, completed=number)
                yield from read_articles(file)
            bar.update(task, completed=len(files))

        def show(report: AddReport) -> None:
            bar.update(task, description=f"adding: {report.articles} articles, {report.chunks} new chunks")

        return assistant.library.add(articles(), show)


def summary(report: AddReport, folder: Path) -> str:
    """What adding did, in one line."""
    counts = f"{report.added} added, {report.changed} changed, {report.unchanged} unchanged"
    return f"{report.articles} articles: {counts}; {report.chunks} chunks embedded into {folder}"


@contextmanager
def _bar(files: int) -> "Iterator[tuple[Progress, TaskID]]":
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
        yield bar, bar.add_task("adding articles", total=files)
