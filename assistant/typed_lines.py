"""Lines typed at a terminal: editing, history across sessions, completion, search, and lines with line breaks."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from prompt_toolkit.completion import Completer
    from prompt_toolkit.formatted_text import StyleAndTextTuples
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
    from prompt_toolkit import PromptSession
    from prompt_toolkit.auto_suggest import AutoSuggestFromHistory
    from prompt_toolkit.filters import Condition
    from prompt_toolkit.history import FileHistory, InMemoryHistory

    session: PromptSession[str] = PromptSession(
        history=FileHistory(str(history)) if history else InMemoryHistory(),
        completer=completer,
        # While a command is typed the list helps; while a question is typed it would jump about.
        complete_while_typing=Condition(lambda: session.default_buffer.text.startswith("/")),
        complete_in_thread=True,
        auto_suggest=AutoSuggestFromHistory(),
        key_bindings=_keys(),
        prompt_continuation=lambda width, number, wrapped: "" if wrapped else CONTINUED,
        multiline=False,
    )
    while True:
        try:
            yield session.prompt(lambda: _prompt(limits()))
        except KeyboardInterrupt:
            if not session.default_buffer.text:
                hint()
        except EOFError:
            return


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
