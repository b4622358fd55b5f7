"""``assistant index``: add articles, see how the index stands."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
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
    from index.readers import Reader, Reading, Sources

LISTED_KINDS = 5  # of files that were left out


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
        added = add_paths(assistant, paths, reading)
        click.echo(summary(added, assistant.settings.index))
    context.exit(1 if added.unread else 0)


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


@dataclass(frozen=True, slots=True)
class Added:
    """What adding paths did.

    Attributes:
        unread: how many files, lines and entries could not be read; each was told on standard error.
        left_out: the suffixes of files of other kinds in folders, with their number.
    """

    report: AddReport
    unread: int = 0
    left_out: tuple[tuple[str, int], ...] = ()


def add_paths(assistant: "Assistant", paths: Sequence[str], reading: "Reading | None" = None) -> Added:
    """Add files and folders, with a progress bar on standard error where that is a terminal.

    Raises:
        InputError: there is nothing to read.
    """
    from index.readers import Reader, Reading, good_articles

    chosen = reading or Reading(private=assistant.settings.allow_private)
    with Reader(chosen) as reader, _bar() as (bar, task):
        found = _found(reader, paths, assistant.settings.index)
        bar.update(task, total=len(found.items))
        unread = 0

        def tell(error: InputError) -> None:
            nonlocal unread
            unread += 1
            bar.console.print(fault_line(error), markup=False, soft_wrap=True)

        def articles() -> Iterator[Article]:
            for number, source in enumerate(found.items):
                bar.update(task, completed=number)
                yield from good_articles(reader.read([source]), tell)
            bar.update(task, completed=len(found.items))

        def show(report: AddReport) -> None:
            bar.update(task, description=f"adding: {report.articles} articles, {report.chunks} new chunks")

        return Added(assistant.library.add(articles(), show), unread, found.left_out)


def _found(reader: "Reader", paths: Sequence[str], index_folder: Path) -> "Sources":
    """What to read; not only errors."""
    found = reader.find(paths, skip=[index_folder])
    if not found.items:
        remedy = f"article files end in {', '.join(SUFFIXES)}; others are read when they are named or --include'd"
        raise InputError(f"no articles in {', '.join(paths)}", remedy)
    faults = [item for item in found.items if isinstance(item, InputError)]
    if len(faults) == len(found.items):
        raise faults[0]
    return found


def summary(added: Added, folder: Path) -> str:
    """What adding did, in one line; another one each for what was left out and what could not be read."""
    report = added.report
    counts = f"{report.added} added, {report.changed} changed, {report.unchanged} unchanged"
    lines = [f"{report.articles} articles: {counts}; {report.chunks} chunks embedded into {folder}"]
    if added.left_out:
        kinds = ", ".join(f"{number} {suffix}" for suffix, number in added.left_out[:LISTED_KINDS])
        more = "" if len(added.left_out) <= LISTED_KINDS else ", …"
        lines.append(f"{sum(number for _, number in added.left_out)} files of other kinds were left out: {kinds}{more}")
    if added.unread:
        lines.append(f"{added.unread} could not be read; the reasons stand above")
    return "\n".join(lines)


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
