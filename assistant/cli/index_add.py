"""``assistant index add``, and the group ``assistant index``; its other commands have their own modules."""

from collections.abc import Callable, Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import click

from assistant.console.adding import add_source, summary
from assistant.console.lazy_commands import LazyGroup
from assistant.console.options import index_option, open_assistant
from assistant.console.output import say
from assistant.console.reading_options import fault_line, reading_of, reading_options
from assistant.console.streams import echo_json

if TYPE_CHECKING:
    from assistant.assistant import Assistant
    from index.lifecycle.article_source import ArticleSource

    Tell = Callable[[str], None]

INDEX_COMMANDS = {
    "add": "assistant.cli.index_add:add",
    "check": "assistant.cli.index_state:check",
    "create": "assistant.cli.index_shards:create",
    "export": "assistant.cli.index_export:export",
    "list": "assistant.cli.index_list:list_articles",
    "rebuild": "assistant.cli.index_state:rebuild",
    "remove": "assistant.cli.index_list:remove",
    "reshard": "assistant.cli.index_shards:reshard",
    "show": "assistant.cli.index_list:show_article",
    "status": "assistant.cli.index_state:status",
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
  assistant index add monday.jsonl report.pdf --index ~/newsroom
  assistant index add https://example.org/news.rss page.html
  assistant index add export.csv --field text=body --field published=day
  assistant index add archive/ --jobs 4
  assistant index add archive/ --include '*.html' --exclude drafts/
  assistant index add articles/ --prune --dry-run
  zcat dump.jsonl.gz | assistant index add -
  assistant index add articles/ --json | jq .added

Ctrl-C ends after the articles that are being embedded; run the same command again to go on.

Exit status: 0 all was added, 1 something could not be read (the rest was added), 2 wrong usage."""
)
@click.argument("paths", metavar="PATH...", nargs=-1, required=True)
@index_option
@click.option(
    "--prune", is_flag=True, help="Also remove what was added from these folders and is in their files no more."
)
@click.option("--dry-run", is_flag=True, help="Only say what would be added, changed and removed.")
@click.option("--jobs", type=click.IntRange(1, 64), default=1, show_default=True, help="Processes that embed.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object; it also names what could not be read.")
@reading_options
@click.pass_context
def add(  # noqa: PLR0913 -- one parameter for each option
    context: click.Context,
    /,
    paths: tuple[str, ...],
    index_folder: str | None,
    prune: bool,
    dry_run: bool,
    jobs: int,
    as_json: bool,
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
        with assistant.source(paths, reading) as source:
            folders = source.folders() if prune else ()
            unread: list[str] = []
            tell = unread.append if as_json else None
            if dry_run:
                done = _preview(assistant, source, folders, tell)
            else:
                done = _add_and_prune(assistant, source, folders, jobs, tell)
            if as_json:
                echo_json({**done, "unread": unread})
            if done.get("interrupted"):
                raise KeyboardInterrupt
    context.exit(1 if source.unread else 0)


def _add_and_prune(
    assistant: "Assistant", source: "ArticleSource", folders: Sequence[str], jobs: int, tell: "Tell | None"
) -> dict[str, Any]:
    """What was done, for programs; people are told unless ``tell`` is given."""
    from assistant.console.progress import stopping

    with stopping() as stop:
        added = add_source(assistant, source, stop, jobs, tell, prune=bool(folders))
    if tell is None:
        say(summary(added, assistant.settings.index))
        if folders and not stop.asked:
            say(f"{len(added.report.removed)} removed that are no longer in {', '.join(folders)}")
    done = {**asdict(added.report), "index": str(assistant.settings.index), "left_out": dict(added.left_out)}
    return {**done, "interrupted": True} if stop.asked else done


def _preview(
    assistant: "Assistant", source: "ArticleSource", folders: Sequence[str], tell: "Tell | None"
) -> dict[str, Any]:
    """What would be done, for programs; people are told unless ``tell`` is given."""
    counts = dict.fromkeys((*MARKS, "unchanged"), 0)
    named: dict[str, list[str]] = {change: [] for change in MARKS}

    def note(change: str, name: str, title: str = "") -> None:
        counts[change] += 1
        if change in MARKS:
            named[change].append(name)
            if tell is None:
                say(f"{MARKS[change]} {name}  {title}".rstrip())

    unread = tell or (lambda line: say(line, err=True))
    articles = source.articles(lambda error: unread(fault_line(error)))
    for change, article in assistant.library.preview(articles, source.seen):
        note(change, article.id, article.title)
    for name in assistant.library.prune(source, dry_run=True) if folders else ():
        note("removed", name)
    if tell is None:
        told = ", ".join(f"{number} {change}" for change, number in counts.items())
        say(f"{told}; this was a dry run: nothing was written")
    return {"dry_run": True, **counts, "named": named}
