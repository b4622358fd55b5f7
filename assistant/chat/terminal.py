"""Shows the chat's output in a terminal, in a terminal that cannot move its cursor, or in a pipe."""

import base64
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Self

import click
from rich.console import Console, ConsoleOptions, RenderableType, RenderResult
from rich.live import Live
from rich.segment import Segment
from rich.spinner import Spinner
from rich.text import Text

from assistant.console.output import console, show, show_error
from assistant.console.remedies import in_commands
from assistant.render.answer import error_line
from assistant.render.chat import meanwhile_view, stage_of
from index.printable import printable

if TYPE_CHECKING:
    from assistant.answer import Answer
    from index.errors import AssistantError

FRAMES_A_SECOND = 8
ROOM_FOR_STAGE = 3  # lines: a stage may take two in a narrow terminal, and the cursor stands below it


class Screen:
    """Shows renderables.

    Attributes:
        interactive: whether a person types and reads; else lines come from a pipe or go into one.
    """

    def __init__(self) -> None:
        self.interactive = sys.stdin.isatty() and sys.stdout.isatty()

    @property
    def console(self) -> Console:
        """As wide as the terminal is now."""
        return console()

    @property
    def plain(self) -> bool:
        """Whether there are neither colours nor movements of the cursor."""
        return not self.console.is_terminal or self.console.is_dumb_terminal

    @property
    def colourless(self) -> bool:
        """Whether marks must be drawn with signs."""
        return self.plain or self.console.no_color

    def show(self, renderable: RenderableType) -> None:
        show(renderable)

    def blank(self) -> None:
        click.echo()

    def say(self, text: str) -> None:
        """Show a remark of the program's own, where a person reads the output."""
        if self.interactive:
            self.console.print(Text(printable(text), style="dim"))

    def error(self, error: "AssistantError") -> None:
        """An error on one line; on standard error where answers go into a pipe."""
        if self.interactive:
            self.console.print(error_line(error.problem, in_commands(error.remedy)))
        else:
            show_error(error)

    def page(self, renderable: RenderableType) -> None:
        """Show something long, in a pager where it does not fit the screen."""
        terminal = self.console
        lines = terminal.render_lines(renderable, pad=False)
        if self.plain or not self.interactive or len(lines) < terminal.height - 1:
            self.show(renderable)
            return
        with terminal.capture() as captured:
            terminal.print(renderable)
        click.echo_via_pager(captured.get())

    def copy(self, text: str) -> None:
        """Put a text on the clipboard: the machine's, and the terminal's, which may be on another machine."""
        if self.plain:
            self.show(Text(text))
            return
        # Control sequence OSC 52 of xterm, understood by most terminals and passed on by ssh; none of them answers.
        click.echo(f"\x1b]52;c;{base64.b64encode(text.encode()).decode()}\a", nl=False)
        self.say("Copied." if _copied(text) else "Copied, if this terminal lets programs use the clipboard.")

    @contextmanager
    def progress(self, *, follows: bool) -> "Iterator[Callable[[Answer], None]]":
        """Show what is going on until the answer is there; nothing in a pipe. Gives what is told how far it is."""
        if not self.interactive:
            yield lambda _: None
            return
        with _silent_keyboard():
            if self.plain:
                yield _Lines(self.console, follows=follows).update
                return
            with Moving(self.console, follows=follows) as moving:
                yield moving.update


def _copied(text: str) -> bool:
    """Whether the machine has a clipboard, which then holds the text."""
    import pyperclip

    try:
        pyperclip.copy(text)
    except pyperclip.PyperclipException:
        return False
    return True


@contextmanager
def _silent_keyboard() -> Iterator[None]:
    """Keys pressed meanwhile, Ctrl-D too, do not appear among what is shown but are read at the next prompt.

    Ctrl-C works.
    """
    try:
        import termios
    except ImportError:  # Windows shows nothing before it is read
        yield
        return
    keyboard = sys.stdin.fileno()
    before = termios.tcgetattr(keyboard)
    silent = [*before]
    silent[3] &= ~(termios.ECHO | termios.ICANON)  # by lines, Ctrl-D would be taken for the end of one
    termios.tcsetattr(keyboard, termios.TCSANOW, silent)
    try:
        yield
    finally:
        termios.tcsetattr(keyboard, termios.TCSANOW, before)


class _Lines:
    """A line whenever another stage begins, for terminals that cannot move the cursor."""

    def __init__(self, terminal: Console, *, follows: bool) -> None:
        self._terminal = terminal
        self._stage = ""
        self._say(stage_of(None, follows=follows))

    def update(self, answer: "Answer") -> None:
        self._say(stage_of(answer))

    def _say(self, stage: str) -> None:
        if stage != self._stage:
            self._stage = stage
            self._terminal.print(stage, markup=False)


class Moving:
    """A spinner with the stage, below it what is known so far; every state is drawn at once."""

    def __init__(self, terminal: Console, *, follows: bool) -> None:
        self._answer: Answer | None = None
        self._spinner = Spinner("dots", Text(stage_of(None, follows=follows)), style="cyan")
        self._live = Live(self, console=terminal, transient=True, refresh_per_second=FRAMES_A_SECOND)

    def update(self, answer: "Answer") -> None:
        self._answer = answer
        self._spinner.update(text=Text(stage_of(answer)))
        self._live.refresh()

    def __enter__(self) -> Self:
        self._live.start(refresh=True)
        return self

    def __exit__(self, *_: object) -> None:
        # What is taller than the screen cannot be taken back once it has been drawn in full.
        self._live.update(Text(), refresh=True)
        self._live.stop()

    def __rich_console__(self, terminal: Console, options: ConsoleOptions) -> RenderResult:
        lines = terminal.render_lines(meanwhile_view(self._answer), options, pad=False) if self._answer else []
        # On a low screen the newest claims, and what goes on.
        for line in lines[-max(1, terminal.height - ROOM_FOR_STAGE) :]:
            yield from (*line, Segment.line())
        yield self._spinner
