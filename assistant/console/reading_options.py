"""The options of commands that read articles, and the report of what could not be read."""

from collections.abc import Iterable
from typing import TYPE_CHECKING

import click

from assistant.console.options import with_options
from assistant.console.remedies import in_commands
from index.errors import InputError, UsageError
from index.formats.sniff import Kind

if TYPE_CHECKING:
    from index.errors import InputWarning
    from index.formats.article_fields import FieldNames
    from index.read.readers import Reading

reading_options = with_options(
    click.option(
        "--field",
        "fields",
        metavar="OURS=THEIRS",
        multiple=True,
        help="What JSON and CSV files call a field: text=body; meta.title reaches into an object. Repeatable.",
    ),
    click.option("--include", metavar="PATTERN", multiple=True, help="In folders, only such files: 'news/**/*.html'."),
    click.option("--exclude", metavar="PATTERN", multiple=True, help="In folders, no such files and folders: drafts/."),
    click.option("--follow-links", is_flag=True, help="In folders, also follow links that leave them."),
    click.option(
        "--format",
        "kind",
        type=click.Choice([kind.value for kind in Kind]),
        help="What every file is, instead of what its content and name say.",
    ),
    click.option(
        "--allow-private",
        is_flag=True,
        default=None,
        help="Fetch web addresses of this machine and the private network too.",
    ),
)


def reading_of(
    fields: tuple[str, ...],
    include: tuple[str, ...],
    exclude: tuple[str, ...],
    follow_links: bool,
    kind: str | None,
    *,
    allow_private: bool,
) -> "Reading":
    """How to read, as the options say it.

    Raises:
        UsageError: a field is none of ours, or a pattern is none.
    """
    from index.read.files import Patterns
    from index.read.readers import Reading

    return Reading(
        field_names(fields), Kind(kind) if kind else None, Patterns(include, exclude, follow_links), allow_private
    )


def field_names(given: Iterable[str]) -> "FieldNames":
    """From pairs like ``text=body``.

    Raises:
        UsageError: one is no pair, or names a field that articles do not have.
    """
    from index.formats.article_fields import ARTICLE_FIELDS, FieldNames

    pairs = []
    for pair in given:
        ours, equals, theirs = (part.strip() for part in pair.partition("="))
        if not equals or not theirs or ours not in ARTICLE_FIELDS:
            remedy = f"write --field OURS=THEIRS, where OURS is one of {', '.join(ARTICLE_FIELDS)}"
            raise UsageError(f"--field {pair} names no field", remedy)
        pairs.append((ours, theirs))
    return FieldNames(tuple(pairs))


def fault_line(error: "InputError | InputWarning") -> str:
    """What could not be read and why, in one line that a terminal shows as it is."""
    told = "not read" if isinstance(error, InputError) else "noted"
    remedy = f" ({in_commands(error.remedy)})" if error.remedy else ""
    line = f"{told}: {error.problem}{remedy}"
    return "".join(letter if letter.isprintable() else "\ufffd" for letter in line)
