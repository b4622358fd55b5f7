"""``assistant chat``: one question after another."""

import sys
from collections.abc import Iterator
from typing import TYPE_CHECKING

import click
import platformdirs

from assistant.cli import (
    EXIT_NOT_SAID,
    as_of_option,
    console,
    index_option,
    open_assistant,
    parse_as_of,
    show,
    show_error,
)
from assistant.settings import APPLICATION
from index.errors import AssistantError

if TYPE_CHECKING:
    from datetime import datetime

    from assistant.assistant import Assistant
    from assistant.conversation import Earlier

PROMPT = "? "
GREETING = "Ask about the articles. /help lists the commands, Ctrl-D leaves."
HELP = """/help     this list
/new      begin a new conversation: the next question stands alone
/verbose  show or hide evidence, rejected claims, tokens and timings
/quit     leave (also Ctrl-D)"""


@click.command(
    epilog="""\b
Example:
  assistant chat --as-of 2023-11-09"""
)
@index_option
@as_of_option
@click.pass_context
def chat(context: click.Context, index_folder: str | None, as_of: str | None) -> None:
    """Ask one question after another.

    Questions can also be piped in, one a line; the exit status then tells how the last one went.
    """
    present = parse_as_of(as_of)
    with open_assistant(index_folder) as assistant:
        assistant.status()  # an empty index is said now, not after the first question
        context.exit(Conversation(assistant, present).run())


class Conversation:
    """Reads lines until they end; a failed question does not end it.

    Args:
        as_of: the present of every question; None is when it is asked.
    """

    def __init__(self, assistant: "Assistant", as_of: "datetime | None" = None) -> None:
        self._assistant = assistant
        self._as_of = as_of
        self._console = console()
        self._verbose = False
        self._exit_status = 0
        self._history: tuple[Earlier, ...] = ()

    def run(self) -> int:
        """The exit status: of the last question when they were piped in, else 0."""
        interactive = sys.stdin.isatty()
        if interactive:
            self._console.print(GREETING, style="dim")
        for line in _typed_lines() if interactive else sys.stdin:
            if line.strip() == "/quit":
                break
            if line.strip():
                self._take(line.strip())
        return 0 if interactive else self._exit_status

    def _take(self, line: str) -> None:
        try:
            if line.startswith("/"):
                self._command(line)
            else:
                self._ask(line)
        except AssistantError as error:
            show_error(error)
            self._exit_status = error.exit_status
        except KeyboardInterrupt:
            self._console.print("Stopped.", style="dim")

    def _ask(self, question: str) -> None:
        from assistant.answer import Status
        from assistant.chain import Question
        from assistant.conversation import MOST_EARLIER, Earlier
        from assistant.render import answer_view

        asked = Question(question, history=self._history, as_of=self._as_of)
        with console(stderr=True).status("searching…") as status:
            for answer in self._assistant.stream(asked):
                status.update(f"reading {len(answer.evidence)} sentences, writing…")
        show(answer_view(answer, verbose=self._verbose))
        click.echo()
        told = " ".join(claim.text for claim in answer.claims)
        self._history = (*self._history, Earlier(answer.standalone or question, told))[-MOST_EARLIER:]
        self._exit_status = 0 if answer.status is not Status.INSUFFICIENT else EXIT_NOT_SAID

    def _command(self, line: str) -> None:
        if line == "/help":
            self._console.print(HELP)
        elif line == "/new":
            self._history = ()
            self._console.print("A new conversation.", style="dim")
        elif line == "/verbose":
            self._verbose = not self._verbose
            self._console.print(f"Details are {'shown' if self._verbose else 'hidden'}.", style="dim")
        else:
            self._console.print(
                f"There is no command {line.split(maxsplit=1)[0]}; /help lists them.", style="yellow", markup=False
            )


def _typed_lines() -> Iterator[str]:
    """Lines with editing and a history that lasts; Ctrl-C empties the line, Ctrl-D ends."""
    from prompt_toolkit import PromptSession
    from prompt_toolkit.history import FileHistory

    folder = platformdirs.user_state_path(APPLICATION, ensure_exists=True)
    session: PromptSession[str] = PromptSession(history=FileHistory(str(folder / "history")))
    while True:
        try:
            yield session.prompt(PROMPT)
        except KeyboardInterrupt:
            continue
        except EOFError:
            return
