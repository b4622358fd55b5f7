"""The chat in terminals of every kind: narrow, wide, without colours, without cursor, with every script."""

import re
from collections.abc import Iterator
from pathlib import Path

import platformdirs
import pytest

from assistant import Assistant
from assistant.settings import APPLICATION
from index.articles import Article
from tests.openai_server import OpenAIServer
from tests.parts import quoting_server
from tests.terminal import ESCAPE, Terminal, piped

FLOOD = "How many people died in the flood?"
EIGHT = "Eight people have died in the flood"
COLOUR = re.compile(r"\x1b\[[0-9;]*(?:3[0-7]|4[0-7]|9[0-7]|38;5|48;5|38;2|48;2)[0-9;]*m")


@pytest.fixture
def server(chat_environment: pytest.MonkeyPatch) -> Iterator[OpenAIServer]:
    with quoting_server() as server:
        chat_environment.setenv("OPENAI_BASE_URL", server.base_url)
        yield server


def words(text: str) -> str:
    return " ".join(text.split())


def test_lines_are_edited_remembered_searched_completed_and_broken(server: OpenAIServer) -> None:
    terminal = Terminal()
    terminal.at_prompt()
    terminal.ask("/articles moor")
    terminal.type("How many people died\x1b\rin the flood?", end="")  # Alt-Enter
    terminal.until("flood")
    assert EIGHT in terminal.ask("")
    terminal.paste("Where is Blinken\nto go next?")
    terminal.until("next")
    terminal.press("c")
    terminal.at_prompt()
    terminal.type("/articles flod\x1b[Do", end="")  # one to the left, and the letter that was missing
    assert "3 of 68 articles" in terminal.ask("")
    assert terminal.leave() == 0
    history = platformdirs.user_data_path(APPLICATION) / "chat" / "history"
    assert history.stat().st_mode & 0o777 == 0o600
    assert "+How many people died\n+in the flood?" in history.read_text(encoding="utf-8")

    terminal = Terminal()
    terminal.at_prompt()
    terminal.press("r")
    terminal.type("moor", end="")
    terminal.until(r"/articles \S*moor")  # Ctrl-R has found the line of the earlier chat
    terminal.type("")
    assert "of 68 articles" in terminal.ask("")
    terminal.type("Who is Governor Ingrid V\t", end="")
    terminal.until(f"Governor Ingrid V(?:{ESCAPE.pattern})*ass")  # the screen may have shown the letter before the Tab
    terminal.press("c")
    terminal.at_prompt()
    terminal.type("/sou\t\t", end="")
    terminal.until("/source")
    terminal.press("c")
    terminal.at_prompt()
    assert terminal.leave() == 0
    assert len(server.requests) == 1


def test_limits_stand_in_the_prompt(server: OpenAIServer) -> None:
    terminal = Terminal()
    terminal.at_prompt()
    terminal.ask("/since 2023-08-01")
    terminal.type("/source gazette")
    terminal.until(r"since 1 August 2023 · from Tolle Valley Gazette ")
    assert EIGHT in terminal.ask(FLOOD)
    terminal.ask("/since")
    terminal.type("/source")
    assert "Searching all articles." in terminal.at_prompt()
    assert terminal.leave() == 0


@pytest.mark.parametrize("columns", [40, 200])
def test_narrow_and_wide_terminals_lose_no_word_and_break_no_line(server: OpenAIServer, columns: int) -> None:
    terminal = Terminal(columns=columns)
    terminal.at_prompt()
    terminal.ask(FLOOD)
    shown = terminal.ask("/sources")
    lines = shown.split("/sources")[-1].splitlines()
    assert max(map(len, lines)) <= min(columns, 110)
    assert not [line for line in lines if line != line.rstrip()]
    assert "Eight people have died in the flood, the valley coroner, Dr. Wendel Pryce" in words(shown)
    assert terminal.leave() == 0


def test_a_terminal_that_cannot_move_its_cursor_gets_plain_lines(
    server: OpenAIServer, chat_environment: pytest.MonkeyPatch
) -> None:
    chat_environment.setenv("TERM", "dumb")
    terminal = Terminal()
    terminal.until(r"\? ")
    terminal.type(FLOOD)
    shown = terminal.raw_until(r"\r\n\r\n\? ")
    stages = [line for line in shown.splitlines() if line.endswith("…")]
    assert stages[0] == "searching…"
    assert re.fullmatch(r"read \d+ sentences, writing…", stages[-1])
    assert len(stages) == len(set(stages))
    assert EIGHT in shown
    assert "\x1b" not in shown
    terminal.type("/oben\x7f\x7f\x7fpen 1")  # Backspace, three times
    terminal.until("»Eight people have died")
    terminal.until(r"\? ")
    terminal.press("c")
    terminal.until("Ctrl-D leaves")
    assert terminal.leave() == 0
    history = platformdirs.user_data_path(APPLICATION) / "chat" / "history"
    assert "+/open 1\n" in history.read_text(encoding="utf-8")


def test_no_color_means_no_colour(server: OpenAIServer, chat_environment: pytest.MonkeyPatch) -> None:
    chat_environment.setenv("NO_COLOR", "1")
    terminal = Terminal()
    shown = terminal.raw_until(re.escape("\x1b[?2004h"))
    terminal.type(FLOOD)
    shown += terminal.raw_until(re.escape("\x1b[?2004h"))
    terminal.type("/open 1")
    shown += terminal.raw_until(re.escape("\x1b[?2004h"))
    assert not COLOUR.search(shown)
    assert "[1] »Eight people have died" in ESCAPE.sub("", shown)
    assert terminal.leave() == 0


def test_colours_are_there_otherwise(server: OpenAIServer) -> None:
    terminal = Terminal()
    terminal.at_prompt()
    terminal.ask(FLOOD)
    terminal.type("/open 1")
    assert "\x1b[30;43mEight people" in terminal.raw_until(re.escape("\x1b[?2004h"))
    assert terminal.leave() == 0


def test_wide_and_right_to_left_characters(
    server: OpenAIServer, chat_environment: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    text = "The ferry 「船」 called המעבורת sank off Brack.\n\n" + "船が沈んだ。" * 40
    with Assistant.open(tmp_path / "index") as assistant:
        assistant.add([Article("ferry", "船 המעבורת", "日本新聞", published="2023-11-09", text=text)])
    chat_environment.setenv("ASSISTANT_INDEX", str(tmp_path / "index"))
    terminal = Terminal(columns=40)
    terminal.at_prompt()
    shown = terminal.ask("What sank off Brack: 船 or המעבורת?")
    assert "The ferry 「船」 called המעבורת sank off Brack. [1]" in words(shown)
    assert "船が沈んだ。" * 40 in "".join(terminal.ask("/open 1").split())
    assert terminal.leave() == 0


def test_what_does_not_fit_the_screen_is_paged(server: OpenAIServer, chat_environment: pytest.MonkeyPatch) -> None:
    chat_environment.setenv("PAGER", "cat -n")
    terminal = Terminal(lines=16, columns=100)
    terminal.at_prompt()
    terminal.ask("Who did Blinken meet?")
    assert re.search(r"^ +1\t.*Blinken", terminal.ask("/open 1"), re.MULTILINE)
    assert not re.search(r"^ +1\t", terminal.ask("/new"), re.MULTILINE)
    assert terminal.leave() == 0


def test_copying_reaches_the_clipboard_of_the_terminal(server: OpenAIServer) -> None:
    import base64

    terminal = Terminal()
    terminal.at_prompt()
    terminal.ask(FLOOD)
    terminal.type("/copy")
    shown = terminal.raw_until("Copied")
    copied = base64.b64decode(re.findall(r"\x1b\]52;c;([A-Za-z0-9+/=]*)\a", shown)[0]).decode()
    assert copied.startswith(f"{FLOOD}\n\n{EIGHT}")
    assert "[1] “Eight people have died" in copied
    terminal.at_prompt()
    assert terminal.leave() == 0


def test_a_pipe_gets_plain_text_and_the_status_of_the_last_question(server: OpenAIServer) -> None:
    outcome = piped("Who did Blinken meet?", "", "At what temperature does tungsten boil?")
    assert outcome.returncode == 3
    assert outcome.stderr == ""
    first, _, second = outcome.stdout.partition("The articles do not say.")
    assert "Cho Tae-Yong" in first
    assert "[1]" in first
    assert second
    assert "\x1b" not in outcome.stdout
    assert "searching" not in outcome.stdout
    assert "/help" not in outcome.stdout
    assert piped(FLOOD).returncode == 0
    assert not (platformdirs.user_data_path(APPLICATION) / "chat").exists()  # a pipe leaves nothing behind


def test_a_failure_in_a_pipe_is_said_on_standard_error_and_the_rest_is_asked(
    chat_environment: pytest.MonkeyPatch,
) -> None:
    from tests.openai_server import failure

    with OpenAIServer(failure(500, "oops")) as server:
        chat_environment.setenv("OPENAI_BASE_URL", server.base_url)
        outcome = piped("At what temperature does tungsten boil?", FLOOD, "/quit", FLOOD)
    assert outcome.returncode == 1
    assert outcome.stdout.startswith("The articles do not say.")
    assert outcome.stderr.startswith("Error: ")
    assert len(outcome.stderr.splitlines()) == 2
    assert len(server.requests) == 1


def test_what_is_typed_during_an_answer_is_not_shown_in_it_and_read_after_it(server: OpenAIServer) -> None:
    terminal = Terminal()
    terminal.at_prompt()
    terminal.type(FLOOD)
    terminal.until("searching")
    terminal.type("/articles flood")
    answered = terminal.at_prompt()
    assert EIGHT in answered
    assert "/articles" not in answered
    assert "3 of 68 articles" in terminal.at_prompt()
    terminal.type(FLOOD)
    terminal.until("searching")
    assert terminal.leave() == 0  # Ctrl-D waits for its turn as well
