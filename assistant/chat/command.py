"""``assistant chat``: one question after another; on the first start, articles to ask about."""

import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import click

from assistant.console.options import as_of_option, index_option, open_assistant, parse_as_of
from index.errors import AssistantError, IndexStateError

if TYPE_CHECKING:
    from assistant.chat.session import Chat

SAMPLE = Path(__file__).parents[2] / "evals" / "datasets" / "newsroom" / "articles"
HINT = "Ctrl-D leaves."
PROMPT = "articles: "


@click.command(
    epilog="""\b
Examples:
  assistant chat
  assistant chat --resume
  assistant chat --as-of 2023-11-09
  printf 'Who did Blinken meet?\\n' | assistant chat

Exit status of piped questions: that of the last one, as with ask."""
)
@index_option
@as_of_option
@click.option("--resume", is_flag=True, help="Go on with the conversation that was left last.")
@click.pass_context
def chat(context: click.Context, index_folder: str | None, as_of: str | None, resume: bool) -> None:
    """Ask one question after another.

    Questions can also be piped in, one a line; the exit status then tells how the last one went.
    """
    present = parse_as_of(as_of)
    with open_assistant(index_folder, asking=True) as assistant:
        from assistant.chat.session import Chat
        from assistant.chat.terminal import Screen

        screen = Screen()
        talk = Chat(assistant, screen, present)
        if resume and not talk.resume():
            screen.say("There is no conversation to go on with; this is a new one.")
        context.exit(_at_a_terminal(talk) if screen.interactive else _from_a_pipe(talk))


def _from_a_pipe(talk: "Chat") -> int:
    """Exit status of the last question."""
    talk.assistant.status()  # an empty index is said once, not after every question
    _converse(talk, sys.stdin)
    return talk.exit_status


def _at_a_terminal(talk: "Chat") -> int:
    if not _filled(talk):
        return 0
    talk.warm_up()
    talk.greet()
    _converse(talk, _lines(talk))
    return 0


def _filled(talk: "Chat") -> bool:
    """Whether there is something to ask about; asks for articles until there is, or until Ctrl-D."""
    from assistant.chat.commands import add_articles

    while True:
        try:
            talk.assistant.status()
        except IndexStateError as error:
            path = _asked_for(talk, error)
        else:
            return True
        if path is None:
            return False
        with talk.surviving():
            add_articles(talk, path)


def _asked_for(talk: "Chat", error: AssistantError) -> str | None:
    """A path; None when the reader leaves."""
    from prompt_toolkit.completion import PathCompleter

    from assistant.chat.line_editor import typed_line

    count = sum(1 for _ in SAMPLE.glob("*.md"))
    talk.screen.say(f"{error.problem[:1].upper()}{error.problem[1:]}.")
    offer = f"press Enter for the sample newsroom ({count} articles)" if count else "Ctrl-D leaves"
    talk.screen.say(f"Type an article file, a folder or a web address, or {offer}.")
    try:
        typed = typed_line(PROMPT, PathCompleter(expanduser=True)).strip().strip("'\"")
    except (EOFError, KeyboardInterrupt):
        return None
    return typed or (str(SAMPLE) if count else "")


def _converse(talk: "Chat", lines: Iterable[str]) -> None:
    """Run the commands and answer the questions, until somebody leaves."""
    from assistant.chat.commands import run_command
    from index.formats.decoding import mended

    for line in lines:
        text = line.strip("\ufeff").strip()
        with talk.surviving():
            if text.startswith("/"):
                run_command(talk, text)
            elif text:
                talk.ask(mended(text))
        if talk.left:
            return


def _lines(talk: "Chat") -> Iterator[str]:
    from assistant.chat.commands import commands
    from assistant.chat.completion import ChatCompleter
    from assistant.chat.history_files import history_file
    from assistant.chat.line_editor import typed_lines

    choices = {name: command.choices_in(talk) for name, command in commands().items()}
    history = None
    try:
        history = history_file()
    except AssistantError as error:
        talk.screen.error(error)
    completer = ChatCompleter(choices, lambda: talk.known.phrases)
    return typed_lines(history, completer, lambda: talk.limits.words, lambda: talk.screen.say(HINT))
