"""Tab completion: commands after a slash, and the titles and names of the index in questions."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import islice
from typing import TYPE_CHECKING

from prompt_toolkit.completion import Completer, Completion, PathCompleter
from prompt_toolkit.document import Document

from assistant.chat.commands import PATH
from assistant.chat.known_names import Phrases
from index.errors import AssistantError

if TYPE_CHECKING:
    from prompt_toolkit.completion import CompleteEvent

MOST_WORDS = 8  # the words before the cursor that may be the beginning of a title or a name
LEAST_CHARACTERS = 2
MOST_OFFERED = 20


class ChatCompleter(Completer):
    """Completes what is typed in the chat.

    Args:
        commands: name, with its slash → what its argument can be: ``PATH``, or a function that gives the choices.
        phrases: the titles and names of the index as far as they are known by now.
    """

    def __init__(
        self, commands: Mapping[str, str | Callable[[], Sequence[str]]], phrases: Callable[[], Phrases]
    ) -> None:
        self._commands = commands
        self._phrases = phrases
        self._paths = PathCompleter(expanduser=True)

    def get_completions(self, document: Document, complete_event: "CompleteEvent") -> Iterator[Completion]:
        """What could stand at the cursor."""
        text = document.text_before_cursor
        if not text.startswith("/"):
            yield from _phrases(text, self._phrases())
            return
        name, blank, argument = text.partition(" ")
        if not blank:
            yield from (Completion(known, -len(name)) for known in self._commands if known.startswith(name))
            return
        choices = self._commands.get(name)
        if choices == PATH:
            yield from self._paths.get_completions(Document(argument, len(argument)), complete_event)
        elif callable(choices):
            yield from (Completion(choice, -len(argument)) for choice in _choices(choices).beginning(argument))


def _choices(choices: Callable[[], Sequence[str]]) -> Phrases:
    try:
        return Phrases.of(choices())
    except AssistantError:
        return Phrases(())  # such as a server that is down: Tab offers nothing, and the command itself says why


def _phrases(text: str, phrases: Phrases) -> Iterator[Completion]:
    """Titles and names that begin with the last words of a text, with as many of them as any does."""
    words = text.split(" ")
    for first in range(max(0, len(words) - MOST_WORDS), len(words)):
        start = " ".join(words[first:])
        if len(start) < LEAST_CHARACTERS:
            return
        found = tuple(islice(phrases.beginning(start), MOST_OFFERED))
        if found:
            yield from (Completion(phrase, -len(start)) for phrase in found)
            return
