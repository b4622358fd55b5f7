"""``assistant index export``: articles and sentences as JSON Lines."""

import sys
from collections.abc import Iterator
from contextlib import nullcontext
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from assistant.cli.index_list import selection_of, selection_options, tell_nothing_selected
from assistant.console.options import index_option, open_assistant
from assistant.console.streams import holds_all
from index.exports import new_file
from index.formats.article_fields import PLAIN
from index.printable import json_text

if TYPE_CHECKING:
    from index.articles import Article


@click.command(
    epilog="""\b
Examples:
  assistant index export > articles.jsonl
  assistant index export --sentences --since 2023-11-01 --output sentences.jsonl
  assistant index add articles.jsonl --index copy"""
)
@index_option
@selection_options
@click.option("--sentences", is_flag=True, help="One line for each sentence instead of one for each article.")
@click.option("--output", metavar="FILE", help="Write to this file instead of standard output.")
@click.option("--force", is_flag=True, help="Replace the file of --output when there is one.")
def export(index_folder: str | None, sentences: bool, output: str | None, force: bool, **options: Any) -> None:
    """Write the articles as JSON Lines that `index add` reads; `sentences` has their starts and ends in the text."""
    selection = selection_of(**options)
    lines = _sentence_lines if sentences else _article_lines
    remedy = "choose another --output, or replace it with --force"
    writable = nullcontext(sys.stdout) if output is None else new_file(Path(output), remedy, replace=force)
    with open_assistant(index_folder) as assistant, writable as file:
        tell_nothing_selected(assistant, selection)
        wanted = [entry.info.id for entry in assistant.library.list(selection)]
        for stored in assistant.library.get(wanted):
            ascii_only = not holds_all(file)
            file.writelines(json_text(line, ascii_only=ascii_only) + "\n" for line in lines(stored.article))


def _article_lines(article: "Article") -> Iterator[dict[str, object]]:
    from index.split.sentences import split_sentences

    spans = [[sentence.start, sentence.end] for sentence in split_sentences(article.text)]
    yield {**asdict(article), "content_type": PLAIN, "sentences": spans}


def _sentence_lines(article: "Article") -> Iterator[dict[str, object]]:
    from index.split.sentences import split_sentences

    known = {"article": article.id, **{name: value for name, value in asdict(article.info).items() if name != "id"}}
    for sentence in split_sentences(article.text):
        yield {**asdict(sentence), **known}
