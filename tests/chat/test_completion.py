"""What Tab offers in the chat."""

from collections.abc import Callable, Sequence
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st
from prompt_toolkit.completion import CompleteEvent
from prompt_toolkit.document import Document

from assistant.chat.commands import PATH
from assistant.chat.completion import ChatCompleter
from assistant.chat.known_names import Phrases, names_in
from index.errors import UnreachableError

PHRASES = Phrases.of(
    ["Port Anselm", "Port Authority", "Annals", "Blinken in Seoul for talks", "Seoul", "Élan Vital", ""]
)
BLANK: Sequence[str] = ()


def unreachable() -> Sequence[str]:
    raise UnreachableError("nobody is there")


def offered(text: str, cursor: int | None = None) -> list[str]:
    """The whole lines that Tab would make of a text."""
    commands: dict[str, str | Callable[[], Sequence[str]]] = {
        "/source": lambda: ["The Gazette", "The Courier"],
        "/sources": lambda: BLANK,
        "/add": PATH,
        "/model": unreachable,
    }
    completer = ChatCompleter(commands, lambda: PHRASES)
    document = Document(text, len(text) if cursor is None else cursor)
    found = completer.get_completions(document, CompleteEvent(completion_requested=True))
    return [text[: document.cursor_position + one.start_position] + one.text for one in found]


def test_commands_are_completed_after_a_slash() -> None:
    assert offered("/so") == ["/source", "/sources"]
    assert offered("/x") == []
    assert "/sources" not in offered("what about /so")


def test_arguments_are_completed_as_their_command_says(tmp_path: Path) -> None:
    (tmp_path / "articles").mkdir()
    assert offered("/source the g") == ["/source The Gazette"]
    assert offered("/sources ") == []
    assert offered(f"/add {tmp_path}/art") == [f"/add {tmp_path}/articles"]
    assert offered("/model ") == []  # the server is down, and Tab says nothing
    assert offered("/nonsense x") == []


def test_titles_and_names_are_completed_anywhere_in_a_question() -> None:
    assert offered("Who sailed from port an") == ["Who sailed from Port Anselm"]
    assert offered("po") == ["Port Anselm", "Port Authority"]
    assert offered("what of Blinken in s") == ["what of Blinken in Seoul for talks"]
    assert offered("who is in se") == ["who is in Seoul"]
    assert offered("port a") == ["Port Anselm", "Port Authority"]  # and nothing for "a" alone
    assert offered("p") == []
    assert offered("Who left Seoul") == []
    assert offered("éla") == ["Élan Vital"]


@given(st.lists(st.text(max_size=8), max_size=12), st.text(max_size=4))
def test_every_phrase_that_begins_so_is_found(texts: list[str], start: str) -> None:
    begins = {text for text in texts if text.casefold().startswith(start.casefold()) and text}
    assert set(Phrases.of(texts).beginning(start)) == {text for text in begins if text.casefold() != start.casefold()}


def test_names_are_capitalised_words_that_do_not_merely_begin_a_sentence() -> None:
    names = names_in(
        [
            "The Anselm Courier met Dr. Hanna Corvey of the Harbour Alliance in Carrow’s port.",
            "Yesterday Élise Marchand’s ferry left Port Anselm.",
            "They said that Port Anselm is far.",
            "Until Hanna Okell resigned, they said no more.",
        ]
    )
    assert names[0] == "Port Anselm"
    assert {"Anselm Courier", "Dr. Hanna Corvey of the Harbour Alliance", "Carrow", "Hanna Okell"} <= set(names)
    assert "They" not in names
