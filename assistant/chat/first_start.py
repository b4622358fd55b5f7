"""The first start of the chat: an empty index is filled with the sample newsroom or the reader's own articles."""

from pathlib import Path
from typing import TYPE_CHECKING

from assistant.chat.commands import add_articles
from index.errors import AssistantError, IndexStateError

if TYPE_CHECKING:
    from assistant.chat.session import Chat

PROMPT = "articles: "


def filled(talk: "Chat", sample: Path) -> bool:
    """Whether there is something to ask about; asks for articles until there is, or until Ctrl-D.

    Args:
        sample: folder of the sample newsroom.
    """
    while True:
        try:
            talk.assistant.status()
        except IndexStateError as error:
            path = _asked_for(talk, error, sample)
        else:
            return True
        if path is None:
            return False
        with talk.surviving():
            add_articles(talk, path)


def _asked_for(talk: "Chat", error: AssistantError, sample: Path) -> str | None:
    """A path; None when the reader leaves."""
    from prompt_toolkit.completion import PathCompleter

    from assistant.chat.line_editor import typed_line

    count = sum(1 for _ in sample.glob("*.md"))
    talk.screen.say(f"{error.problem[:1].upper()}{error.problem[1:]}.")
    offer = f"press Enter for the sample newsroom ({count} articles)" if count else "Ctrl-D leaves"
    talk.screen.say(f"Type an article file, a folder or a web address, or {offer}.")
    try:
        typed = typed_line(PROMPT, PathCompleter(expanduser=True)).strip().strip("'\"")
    except (EOFError, KeyboardInterrupt):
        return None
    return typed or (str(sample) if count else "")
