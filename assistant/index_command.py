"""``assistant index``: add articles; the other commands have modules of their own."""

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from assistant.cli import LazyGroup, index_option, open_assistant
from index.errors import InputError, UsageError

if TYPE_CHECKING:
    from assistant.assistant import Assistant
    from assistant.index_progress import Meter
    from index.adding import AddReport, Incoming

INDEX_COMMANDS = {
    "add": "assistant.index_command:add",
    "check": "assistant.index_state_command:check",
    "export": "assistant.index_export_command:export",
    "list": "assistant.index_list_command:list_articles",
    "rebuild": "assistant.index_state_command:rebuild",
    "remove": "assistant.index_list_command:remove",
    "show": "assistant.index_list_command:show_article",
    "status": "assistant.index_state_command:status",
}
MARKS = {"added": "+", "changed": "~", "removed": "-"}


@click.group(
    cls=LazyGroup,
    homes=INDEX_COMMANDS,
    epilog="""\b
Examples:
  assistant index add articles/ --prune    as the folder is now
  assistant index list --since 2023-11-01  what was published since that day
  assistant index show ID                  an article, its sentences and its copies
  assistant index check                    whether all is well""",
)
def index() -> None:
    """Add articles to the index, look at them, take them out, and see how it stands."""


@click.command(
    epilog="""\b
Examples:
  assistant index add articles/
  assistant index add monday.jsonl report.md --index ~/newsroom
  assistant index add articles/ --prune --dry-run

Ctrl-C ends after the articles that are being embedded; run the same command again to go on."""
)
@click.argument("paths", metavar="PATH...", nargs=-1, required=True)
@index_option
@click.option("--prune", is_flag=True, help="Also remove what was added from these folders and is in them no more.")
@click.option("--dry-run", is_flag=True, help="Only say what would be added, changed and removed.")
def add(paths: tuple[str, ...], index_folder: str | None, prune: bool, dry_run: bool) -> None:
    """Add article files and folders (.jsonl, .md, .txt); unchanged articles are skipped, changed ones replaced."""
    from assistant.index_progress import stopping

    with open_assistant(index_folder) as assistant:
        source = _Source(paths)
        folders = source.folders(prune)
        if dry_run:
            _preview(assistant, source, folders)
            return
        with stopping() as stopped:
            report = _add(assistant, source, stopped)
        click.echo(summary(report, assistant.settings.index))
        if stopped():
            raise KeyboardInterrupt
        removed = [name for folder in folders for name in assistant.library.prune(folder, source.seen)]
        if prune:
            click.echo(f"{len(removed)} removed that are no longer in {', '.join(folders)}")


def add_paths(assistant: "Assistant", paths: Sequence[str]) -> "AddReport":
    """Add files and folders, with a progress bar on standard error where that is a terminal."""
    return _add(assistant, _Source(paths))


def summary(report: "AddReport", folder: Path) -> str:
    """What adding did, in one line."""
    counts = f"{report.added} added, {report.changed} changed, {report.unchanged} unchanged"
    return f"{report.articles} articles: {counts}; {report.chunks} chunks embedded into {folder}"


class _Source:
    """The articles of files and folders; ``seen`` has (article id, file) of those that were read."""

    def __init__(self, paths: Sequence[str]) -> None:
        from index.readers import SUFFIXES, find_files

        self._paths = [Path(path) for path in paths]
        self._files = find_files(self._paths)
        if not self._files:
            raise InputError(f"no articles in {', '.join(paths)}", f"article files end in {', '.join(SUFFIXES)}")
        self.seen: set[tuple[str, str]] = set()

    @property
    def size(self) -> int:
        """Bytes of all files."""
        return sum(file.stat().st_size for file in self._files)

    def folders(self, prune: bool) -> tuple[str, ...]:
        """The folders that are pruned, as origins of articles begin."""
        folders = tuple(path.resolve().as_posix() for path in self._paths if path.is_dir())
        if prune and not folders:
            raise UsageError("--prune compares the index with a folder", "name the folder: assistant index add FOLDER")
        return folders if prune else ()

    def articles(self, meter: "Meter | None" = None) -> "Iterator[Incoming]":
        from index.adding import Incoming
        from index.readers import read_articles

        for file in self._files:
            place = file.resolve().as_posix()
            for article in read_articles(file):
                self.seen.add((article.id, place))
                if meter:
                    meter.read(len(article.text))
                yield Incoming(article, (place,))
            if meter:
                meter.finished(file.stat().st_size)


def _add(assistant: "Assistant", source: _Source, stopped: Callable[[], bool] | None = None) -> "AddReport":
    from assistant.index_progress import add_meter

    with add_meter(source.size) as meter:
        return assistant.library.add(source.articles(meter), meter.show, stop=stopped)


def _preview(assistant: "Assistant", source: _Source, folders: Sequence[str]) -> None:
    counts = dict.fromkeys((*MARKS, "unchanged"), 0)
    articles = (incoming.article for incoming in source.articles())
    for change, article in assistant.library.preview(articles):
        counts[change] += 1
        if change in MARKS:
            click.echo(f"{MARKS[change]} {article.id}  {article.title}".rstrip())
    for folder in folders:
        for name in assistant.library.prune(folder, source.seen, dry_run=True):
            counts["removed"] += 1
            click.echo(f"{MARKS['removed']} {name}")
    told = ", ".join(f"{number} {change}" for change, number in counts.items())
    click.echo(f"{told}; this was a dry run: nothing was written")
