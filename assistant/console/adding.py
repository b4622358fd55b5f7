"""Adding paths and addresses to an index, with a progress bar, for commands and for the chat."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from assistant.assistant import Assistant
    from assistant.console.progress import Stop
    from index.lifecycle.add import AddReport
    from index.lifecycle.article_source import ArticleSource

    Tell = Callable[[str], None]

LISTED_KINDS = 5  # of files that were left out


@dataclass(frozen=True, slots=True)
class Added:
    """What adding paths did.

    Attributes:
        unread: how many files, lines and entries could not be read; each was told on standard error.
        left_out: the suffixes of files of other kinds in folders, with their number.
    """

    report: "AddReport"
    unread: int = 0
    left_out: tuple[tuple[str, int], ...] = ()


def add_paths(assistant: "Assistant", paths: Sequence[str]) -> Added:
    """Add files, folders and addresses, with a progress bar on standard error where that is a terminal.

    Raises:
        InputError: there is nothing to read.
    """
    with assistant.source(paths) as source:
        return add_source(assistant, source)


def typed_source(text: str) -> str:
    """What people type in the chat, for ``add_paths``: an address as it is, a path without quotes and ``~``."""
    from index.read.fetch import is_address

    typed = text.strip("'\"")
    if is_address(typed):
        return typed
    path = str(Path(typed).expanduser())
    return "./-" if path == "-" else path  # the chat itself reads standard input


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


def add_source(
    assistant: "Assistant",
    source: "ArticleSource",
    stop: "Stop | None" = None,
    jobs: int = 1,
    tell: "Tell | None" = None,
    prune: bool = False,
) -> Added:
    """Add the articles of a source.

    Args:
        stop: set when no further article is to be read.
        jobs: processes that embed.
        tell: gets what could not be read; None shows it on standard error.
        prune: also remove what has left the source's folders.
    """
    from assistant.console.progress import add_meter
    from assistant.console.reading_options import fault_line

    with add_meter(source.size) as meter:
        say = tell or meter.say
        articles = source.articles(lambda error: say(fault_line(error)), meter)
        asked_for = stop.until_asked(articles) if stop else articles
        report = assistant.library.add(asked_for, meter.show, stop=stop, jobs=jobs, source=source, prune=prune)
    return Added(report, source.unread, source.left_out)
