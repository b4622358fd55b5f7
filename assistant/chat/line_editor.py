"""Lines typed at a terminal: editing, history across sessions, completion, search, and lines with line breaks."""

import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from prompt_toolkit import PromptSession
    from prompt_toolkit.completion import Completer
    from prompt_toolkit.formatted_text import StyleAndTextTuples
    from prompt_toolkit.history import History
    from prompt_toolkit.key_binding import KeyBindings

MARK = "? "
CONTINUED = "… "


def typed_lines(
    history: Path | None, completer: "Completer", limits: Callable[[], str], hint: Callable[[], None]
) -> Iterator[str]:
    """What a person types, until Ctrl-D. Ctrl-C empties the line; Alt-Enter breaks it.

    Args:
        history: file of earlier lines; None keeps none.
        limits: words that stand before the prompt's mark.
        hint: called when Ctrl-C is pressed on an empty line.
    """
    from prompt_toolkit.history import FileHistory, InMemoryHistory
    from prompt_toolkit.utils import is_dumb_terminal

    earlier = FileHistory(str(history)) if history else InMemoryHistory()
    session = None if is_dumb_terminal() else _session(earlier, completer)
    while True:
        try:
            if session is None:
                yield _plain_line(f"{limits()} {MARK}".lstrip(), earlier)
            else:
                yield session.prompt(lambda: _prompt(limits()))
        except KeyboardInterrupt:
            if session is None or not session.default_buffer.text:
                hint()
        except EOFError:
            return


def typed_line(prompt: str, completer: "Completer") -> str:
    """One line that a person types; it is not kept.

    Raises:
        EOFError: Ctrl-D was pressed.
        KeyboardInterrupt: Ctrl-C was pressed.
    """
    from prompt_toolkit import PromptSession
    from prompt_toolkit.history import DummyHistory
    from prompt_toolkit.utils import is_dumb_terminal

    if is_dumb_terminal():
        return _plain_line(prompt, DummyHistory())
    session: PromptSession[str] = PromptSession(completer=completer, complete_while_typing=False)
    return session.prompt(prompt)


def _session(earlier: "History", completer: "Completer") -> "PromptSession[str]":
    """Reads lines at a terminal that can move its cursor."""
    from prompt_toolkit import PromptSession
    from prompt_toolkit.auto_suggest import AutoSuggestFromHistory
    from prompt_toolkit.filters import Condition

    session: PromptSession[str] = PromptSession(
        history=earlier,
        completer=completer,
        # While a command is typed the list helps; while a question is typed it would jump about.
        complete_while_typing=Condition(lambda: session.default_buffer.text.startswith("/")),
        complete_in_thread=True,
        auto_suggest=AutoSuggestFromHistory(),
        key_bindings=_keys(),
        prompt_continuation=lambda width, number, wrapped: "" if wrapped else CONTINUED,
        multiline=False,
    )
    return session


def _plain_line(prompt: str, earlier: "History") -> str:
    """A line from a terminal that cannot move its cursor: what Backspace does to it, the terminal's driver knows best.

    Raises:
        EOFError: Ctrl-D was pressed.
        KeyboardInterrupt: Ctrl-C was pressed.
    """
    sys.stdout.write(prompt)
    sys.stdout.flush()
    try:
        line = sys.stdin.readline()
    except KeyboardInterrupt:
        sys.stdout.write("\n")
        raise
    if not line:
        sys.stdout.write("\n")
        raise EOFError
    line = line.removesuffix("\n")
    if line.strip():
        earlier.append_string(line)
    return line


def _prompt(limits: str) -> "StyleAndTextTuples":
    before: StyleAndTextTuples = [("fg:ansimagenta", f"{limits} ")] if limits else []
    return [*before, ("bold fg:ansicyan", MARK)]


def _keys() -> "KeyBindings":
    from prompt_toolkit.key_binding import KeyBindings, KeyPressEvent

    keys = KeyBindings()

    @keys.add("escape", "enter")
    def _break_line(event: KeyPressEvent) -> None:
        event.current_buffer.insert_text("\n")

    return keys
