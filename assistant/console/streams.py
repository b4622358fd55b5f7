"""Standard input, output and error for commands: any text can be written, whatever the encoding."""

import codecs
import logging
import sys
import warnings
from io import TextIOWrapper
from typing import TextIO

import click

from index.printable import json_text

# What stands for marks that an encoding lacks; letters are never changed.
PLAIN = {"“": '"', "”": '"', "‘": "'", "’": "'", "–": "-", "—": "--", "…": "...", "·": "|", "•": "*", "→": "->"}
PLAIN |= {"\xa0": " ", "\u202f": " ", "\u2060": ""}


def write_anything() -> None:
    """Let any text be printed: letters that a stream's encoding lacks as their codes, quotes and dashes as plain ones.

    What is piped in is kept byte for byte, whatever encoding it has; ``index.formats.decoding.mended`` reads it.
    """
    codecs.register_error("readable", _readable)
    if isinstance(sys.stdin, TextIOWrapper):
        sys.stdin.reconfigure(errors="surrogateescape")
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):
            stream.reconfigure(errors="readable")


def _readable(error: UnicodeError) -> tuple[str, int]:
    if not isinstance(error, UnicodeEncodeError):
        raise error
    letters = error.object[error.start : error.end]
    return "".join(PLAIN.get(letter) or _escape(letter) for letter in letters), error.end


def _escape(letter: str) -> str:
    units = letter.encode("utf-16-be", "surrogatepass").hex()
    return "".join(f"\\u{units[first : first + 4]}" for first in range(0, len(units), 4))


def echo_json(value: object, *, err: bool = False) -> None:
    """Print a value as JSON on standard output or error, whose encoding can hold it."""
    ascii_only = not holds_all(sys.stderr if err else sys.stdout)
    click.echo(json_text(value, indent=2, ascii_only=ascii_only), err=err)


def holds_all(stream: TextIO) -> bool:
    """Whether the encoding of a stream has every letter; None is that of a stream in memory."""
    return (stream.encoding or "utf-8").lower().replace("-", "").startswith(("utf8", "utf16", "utf32"))


def quiet_libraries() -> None:
    """Keep what libraries tell their programmers off the terminal; ``python -W`` shows it."""
    if not sys.warnoptions:
        warnings.simplefilter("ignore")
    # Else Python writes warnings that are logged, and that no handler takes, to standard error.
    root = logging.getLogger()
    if not root.handlers:
        root.addHandler(logging.NullHandler())
