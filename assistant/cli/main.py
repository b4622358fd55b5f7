"""The command line: ``assistant ask``, ``chat``, ``index``, ``models``, ``config``, ``completion``."""

import sys
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import click

from assistant.cli.lazy_commands import LazyGroup, of_an_extra
from assistant.cli.streams import echo_json, quiet_libraries, write_anything
from index.errors import AssistantError, SettingError
from index.telemetry import switch_tracing_off

if TYPE_CHECKING:
    from datetime import datetime

    from rich.console import Console, RenderableType
    from rich.segment import Segment

    from assistant.answer import Answer
    from assistant.assistant import Assistant
    from index.articles import Window

EXIT_NOT_SAID = 3
EXIT_INTERRUPTED = 130  # what shells expect after Ctrl-C: 128 + SIGINT

LAZY_COMMANDS = {
    "ask": "assistant.cli.ask:ask",
    "chat": "assistant.chat.command:chat",
    "completion": "assistant.cli.completion:completion",
    "config": "assistant.cli.config:config",
    "index": "assistant.cli.index_add:index",
    "models": "assistant.cli.models:models",
}


def version_option(command: Callable[..., Any]) -> Callable[..., Any]:
    """Give a command line the option ``-V, --version``."""
    return click.option(
        "-V",
        "--version",
        is_flag=True,
        expose_value=False,
        is_eager=True,
        callback=_show_version,
        help="Show the version and exit.",
    )(command)


def _show_version(context: click.Context, _: click.Parameter, wanted: bool) -> None:
    if wanted and not context.resilient_parsing:
        from assistant import __version__

        click.echo(f"{context.info_name}, version {__version__}")
        context.exit()


@click.group(
    cls=LazyGroup,
    homes=LAZY_COMMANDS,
    context_settings={"help_option_names": ["-h", "--help"]},
    epilog="""\b
Examples:
  assistant index add articles/            add every article of a folder
  assistant ask "Who did Blinken meet?"    answer with citations
  assistant ask "…" --since 2023-11-01     only from articles since that day
  assistant chat                           ask several questions
  assistant models pull                    fetch the embedded models now

Exit status: 0 answered, 3 the articles do not say, 1 error, 2 wrong usage.""",
)
@version_option
def cli() -> None:
    """Answer questions about news articles; every statement points at the sentence that says so."""


def main(arguments: Sequence[str] | None = None) -> None:
    """Run ``assistant``."""
    run(cli, "assistant", arguments)


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
        sys.exit(group.main(arguments, prog_name=name, standalone_mode=False) or 0)
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


def show_error(error: AssistantError, *, as_json: bool = False) -> None:
    """Print what happened and what to do on standard error."""
    if as_json:
        _echo_error(type(error).__name__, error.problem, error.remedy, error.exit_status)
        return
    from assistant.render.answer import error_view

    console(stderr=True).print(error_view(error.problem, error.remedy), highlight=False, soft_wrap=True)


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


def index_option(command: Callable[..., Any]) -> Callable[..., Any]:
    """Give a command the option ``--index DIR``."""
    return click.option(
        "--index", "index_folder", metavar="DIR", help="Index folder; the setting `index` says the usual one."
    )(command)


def as_of_option(command: Callable[..., Any]) -> Callable[..., Any]:
    """Give a command the option ``--as-of DATE``."""
    return click.option(
        "--as-of",
        metavar="DATE",
        help="Answer as on this day, or at this time: what “yesterday” means, and nothing published later.",
    )(command)


def open_assistant(index_folder: str | None, *, asking: bool = False, **settings: object) -> "Assistant":
    """The assistant for a command's options; options that were not given are None.

    Args:
        asking: questions will come: the embedded language model begins to load beside what is imported here, and stays
            loaded for the next command.
    """
    from assistant.embedded.provider import ModelProvider
    from assistant.settings import load_settings

    chosen = load_settings(index=index_folder, **settings)
    models = ModelProvider(chosen, warm=asking)
    models.begin()

    from assistant.assistant import Assistant

    def waiting() -> None:
        click.echo("Another process is writing to this index; waiting until it is done …", err=True)

    return Assistant(chosen, models, waiting)


def status_of(answer: "Answer") -> int:
    """Exit status for an answer."""
    from assistant.answer import Status

    return 0 if answer.status is not Status.INSUFFICIENT else EXIT_NOT_SAID


def parse_window(since: str | None, until: str | None) -> "Window":
    """The window that the options ``--since`` and ``--until`` say; both days are inside.

    Raises:
        SettingError: one of them is neither an ISO date nor a date-time.
    """
    from index.articles import window_of

    for name, text in (("since", since), ("until", until)):
        try:
            window_of(text or "")
        except ValueError as error:
            raise _no_date(name, text or "") from error
    return window_of(since or "", until or "")


def parse_as_of(text: str | None) -> "datetime | None":
    """The moment that ``--as-of`` says, in UTC where it names no zone; a day stands for its last second.

    Raises:
        SettingError: it is neither an ISO date nor a date-time.
    """
    from datetime import UTC, datetime, time

    if text is None:
        return None
    try:
        moment = datetime.fromisoformat(text)
    except ValueError as error:
        raise _no_date("as-of", text) from error
    if len(text) <= len("2023-11-09"):
        moment = datetime.combine(moment, time(23, 59, 59))
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _no_date(name: str, text: str) -> SettingError:
    return SettingError(f"--{name} {text} is not a date", f"write it as --{name} 2023-11-09")
