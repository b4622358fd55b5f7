"""Runs a group of commands: prints output, reports errors, sets the exit status."""

import os
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from errno import EDQUOT, EFBIG, ENOSPC
from typing import TYPE_CHECKING

import click

from assistant.console.lazy_commands import of_an_extra
from assistant.console.remedies import in_commands
from assistant.console.streams import echo_json, quiet_libraries, write_anything
from index.errors import AssistantError
from index.telemetry import switch_tracing_off

if TYPE_CHECKING:
    from rich.console import Console, RenderableType
    from rich.segment import Segment

FULL = frozenset({ENOSPC, EDQUOT, EFBIG})  # what a disk says that takes no more
EXIT_NOT_SAID = 3
EXIT_INTERRUPTED = 130  # what shells expect after Ctrl-C: 128 + SIGINT


def _show_version(context: click.Context, _: click.Parameter, wanted: bool) -> None:
    if wanted and not context.resilient_parsing:
        from assistant import __version__

        click.echo(f"{context.info_name}, version {__version__}")
        context.exit()


version_option = click.option(
    *("-V", "--version"),
    is_flag=True,
    expose_value=False,
    is_eager=True,
    callback=_show_version,
    help="Show the version and exit.",
)


def run(group: click.Group, name: str, arguments: Sequence[str] | None = None) -> None:
    """Run a command line; errors for people become one or two lines on standard error and an exit status.

    With ``--json`` among the arguments they become one JSON object on standard error.
    """
    words = list(sys.argv[1:] if arguments is None else arguments)
    as_json = "--json" in (words[: words.index("--")] if "--" in words else words)
    quiet_libraries()
    switch_tracing_off()
    write_anything()
    try:
        with _full_disk_told():
            status = group.main(arguments, prog_name=name, standalone_mode=False)
            sys.stdout.flush()
        sys.exit(status or 0)
    except click.exceptions.Exit as exit_:
        sys.exit(exit_.exit_code)
    except click.ClickException as error:
        if as_json:
            _echo_error("UsageError", error.format_message(), "", error.exit_code)
        else:
            error.show()
        sys.exit(error.exit_code)
    except AssistantError as error:
        show_error(error, as_json=as_json)
        sys.exit(error.exit_status)
    except ModuleNotFoundError as missing:
        show_error(of_an_extra(missing), as_json=as_json)
        sys.exit(AssistantError.exit_status)
    except (click.Abort, KeyboardInterrupt):
        if as_json:
            _echo_error("Interrupted", "interrupted", "run the same command again", EXIT_INTERRUPTED)
        else:
            sys.stderr.write("\nInterrupted. Nothing is lost: run the same command again.\n")
        sys.exit(EXIT_INTERRUPTED)


@contextmanager
def _full_disk_told() -> Iterator[None]:
    try:
        yield
    except OSError as error:
        if error.errno not in FULL:
            raise
        if error.filename is None:
            _discard_output()
        what = f"{error.filename or 'the output'} cannot be written: {error.strerror}"
        raise AssistantError(what, "free some space, then run the same command again") from error


def _discard_output() -> None:
    """Let what is still to be printed go nowhere: Python would try again at its end, with a status of its own."""
    with suppress(OSError):  # there is no file behind it
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def show_error(error: AssistantError, *, as_json: bool = False) -> None:
    """Print what happened and what to do on standard error."""
    remedy = in_commands(error.remedy)
    if as_json:
        _echo_error(type(error).__name__, error.problem, remedy, error.exit_status)
        return
    from assistant.render.answer import error_view

    console(stderr=True).print(error_view(error.problem, remedy), highlight=False, soft_wrap=True)


def _echo_error(kind: str, problem: str, remedy: str, status: int) -> None:
    told = {"kind": kind, "problem": problem, "remedy": remedy, "exit_status": status}
    echo_json({"error": told}, err=True)


def console(*, stderr: bool = False) -> "Console":
    """The terminal; without one, plain text whose lines are not broken."""
    from rich.console import Console

    terminal = Console(stderr=stderr, highlight=False)
    return terminal if terminal.is_terminal else Console(stderr=stderr, highlight=False, width=100)


def say(text: str, *, err: bool = False) -> None:
    """Print a line that holds names or words of others, without what a terminal would obey instead of showing it."""
    from index.printable import printable

    click.echo(printable(text), err=err)


def show(renderable: "RenderableType") -> None:
    """Print for people, without the blanks that fill up lines: they would break when the window is made smaller."""
    from rich.segment import Segment, Segments

    terminal = console()
    lines = [_stripped(line) for line in terminal.render_lines(renderable, pad=False)]
    while lines and not lines[-1]:
        lines.pop()
    terminal.print(Segments([part for line in lines for part in (*line, Segment.line())]), end="")


def _stripped(line: "list[Segment]") -> "list[Segment]":
    """The segments of a line without blanks at its end."""
    parts = list(line)
    while parts and not parts[-1].text.strip():
        parts.pop()
    if parts:
        parts[-1] = parts[-1]._replace(text=parts[-1].text.rstrip())
    return parts
