"""``assistant index list``, ``show`` and ``remove``: the articles of the index."""

from collections.abc import Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import click

from assistant.console.options import index_option, open_assistant, parse_window, with_options
from assistant.console.output import say
from assistant.console.streams import echo_json

if TYPE_CHECKING:
    from assistant.assistant import Assistant
    from index.retrieve.near_duplicates import Link
    from index.store.records import Selection, Stored


selection_options = with_options(
    click.option(
        "--source", "sources", metavar="NAME", multiple=True, help="Only of the source called so; repeatable."
    ),
    click.option("--since", metavar="DATE", help="Only articles published on or after this day."),
    click.option("--until", metavar="DATE", help="Only articles published on or before this day."),
    click.option("--author", metavar="WORDS", help="Only by authors whose name has all these words."),
    click.option("--title", metavar="WORDS", help="Only articles whose title has all these words."),
    click.option("--tag", "tags", metavar="TAG", multiple=True, help="Only filed under this tag; repeatable."),
)


def selection_of(
    sources: Sequence[str],
    since: str | None,
    until: str | None,
    author: str | None,
    title: str | None,
    tags: Sequence[str],
) -> "Selection":
    """What those options say.

    Raises:
        SettingError: a day is not a date.
    """
    from index.formats.decoding import mended
    from index.store.records import Selection

    sources, tags = ([mended(name) for name in names] for names in (sources, tags))
    return Selection(tuple(sources), parse_window(since, until), mended(title or ""), mended(author or ""), tuple(tags))


def tell_nothing_selected(assistant: "Assistant", selection: "Selection") -> None:
    """Say on standard error what there is, when nothing is selected."""
    from assistant.render.nothing_selected import nothing_selected

    if hint := nothing_selected(assistant.library, selection):
        click.echo(hint, err=True)


@click.command(
    "list",
    epilog="""\b
Examples:
  assistant index list
  assistant index list --source Courier --since 2023-11-01 --until 2023-11-30
  assistant index list --title ferry --json | jq -r '.[].id'""",
)
@index_option
@selection_options
@click.option("--json", "as_json", is_flag=True, help="Print a JSON array.")
def list_articles(index_folder: str | None, as_json: bool, **options: Any) -> None:
    """List the articles, oldest first: day, source, title, id."""
    selection = selection_of(**options)
    with open_assistant(index_folder) as assistant:
        entries = assistant.library.list(selection)
        tell_nothing_selected(assistant, selection)
    if as_json:
        echo_json([{**asdict(one.info), "chunks": one.rows.chunks, "digest": one.digest} for one in entries])
        return
    for entry in entries:
        day = entry.info.published[:10] or "no date"
        say("  ".join(part for part in (f"{day:<10}", entry.info.source, entry.info.title, entry.info.id) if part))


@click.command(
    "show",
    epilog="""\b
Examples:
  assistant index show ferry
  assistant index show ferry --json | jq .copies""",
)
@click.argument("identifier", metavar="ID")
@index_option
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def show_article(identifier: str, index_folder: str | None, as_json: bool) -> None:
    """Show an article: what is known of it, its sentences with their places, and its copies in other articles."""
    with open_assistant(index_folder) as assistant:
        (stored,) = assistant.library.get([identifier])
        links = assistant.library.copies(identifier)
    if as_json:
        echo_json(_article_dict(stored, links))
        return
    for name, value in asdict(stored.article.info).items():
        if value:
            say(f"{name:<10}  {value}")
    say(f"{'chunks':<10}  {len(stored.vectors)}")
    for origin in stored.origins:
        say(f"{'from':<10}  {origin}")
    for link in links:
        say(f"{'copy':<10}  {link.info.id}  {link.kind}, {link.overlap:.0%} of the words in common")
    click.echo()
    for sentence in _sentences(stored):
        say(f"{sentence['start']:>6}–{sentence['end']:<6} {' '.join(sentence['text'].split())}")


@click.command(
    epilog="""\b
Examples:
  assistant index remove ferry
  assistant index remove $(assistant index list --source Courier --json | jq -r '.[].id')"""
)
@click.argument("identifiers", metavar="ID...", nargs=-1, required=True)
@index_option
def remove(identifiers: tuple[str, ...], index_folder: str | None) -> None:
    """Remove articles. When one of them is not there, none is removed."""
    with open_assistant(index_folder) as assistant:
        assistant.library.remove(identifiers)
        say(f"{len(set(identifiers))} removed from {assistant.settings.index}")


def _article_dict(stored: "Stored", links: "Sequence[Link]") -> dict[str, object]:
    copies = [{"id": link.info.id, "kind": link.kind, "overlap": round(link.overlap, 3)} for link in links]
    return {
        **asdict(stored.article),
        "chunks": len(stored.vectors),
        "origins": list(stored.origins),
        "sentences": _sentences(stored),
        "copies": copies,
    }


def _sentences(stored: "Stored") -> list[dict[str, Any]]:
    from index.split.sentences import split_sentences

    return [asdict(sentence) for sentence in split_sentences(stored.article.text)]
