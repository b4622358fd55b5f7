"""The first start of the chat."""

import re
import shutil
from pathlib import Path

import pytest

from tests.parts import NEWSROOM, quoting_server
from tests.terminal import BRACKETED_PASTE, Terminal, piped


def test_an_empty_index_offers_the_sample_newsroom(chat_environment: pytest.MonkeyPatch, tmp_path: Path) -> None:
    with quoting_server() as server:
        chat_environment.setenv("OPENAI_BASE_URL", server.base_url)
        terminal = Terminal("--index", str(tmp_path / "index"), columns=300)
        offer = terminal.at_prompt()
        assert f"There are no articles in the index {tmp_path / 'index'}." in offer
        assert "press Enter for the sample newsroom (68 articles)" in offer
        terminal.until("articles:")
        ready = terminal.ask("")
        assert "68 articles: 68 added" in ready
        assert "Ask about 68 articles." in ready
        assert "Eight people have died" in terminal.ask("How many people died in the flood?")
        assert terminal.leave() == 0
        terminal = Terminal("--index", str(tmp_path / "index"))
        assert terminal.at_prompt().startswith("Ask about 68 articles.")
        assert terminal.leave() == 0


def test_an_empty_index_takes_a_path_and_asks_again_after_a_wrong_one(
    chat_environment: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    own = tmp_path / "my articles"
    own.mkdir()
    shutil.copy(NEWSROOM / "001-blinken-seoul-talks.md", own)
    terminal = Terminal("--index", str(tmp_path / "index"), columns=300)
    terminal.at_prompt()
    terminal.until("articles:")
    again = terminal.ask(str(tmp_path / "nowhere"))
    assert f"Error: {tmp_path / 'nowhere'}: no such file or folder – check the path" in again
    assert "There are no articles" in again
    assert "Ask about 1 article." in terminal.ask(f"'{own}'")
    assert terminal.leave() == 0


def test_leaving_at_once_leaves_nothing_behind(chat_environment: pytest.MonkeyPatch, tmp_path: Path) -> None:
    terminal = Terminal("--index", str(tmp_path / "index"))
    terminal.at_prompt()
    assert terminal.leave() == 0
    assert list(tmp_path.iterdir()) == []


def test_a_pipe_is_told_how_to_fill_the_index(chat_environment: pytest.MonkeyPatch, tmp_path: Path) -> None:
    outcome = piped("Who?", arguments=("--index", str(tmp_path / "index")))
    assert outcome.returncode == 1
    assert outcome.stdout == ""
    assert outcome.stderr.endswith("add some first: assistant index add PATH…\n")


def test_the_models_are_fetched_before_the_screen_moves(
    chat_environment: pytest.MonkeyPatch, newsroom_index: Path, tmp_path: Path
) -> None:
    """Where they cannot be fetched, that is one line, and the chat goes on."""
    empty = tmp_path / "models"
    empty.mkdir()
    chat_environment.setenv("ASSISTANT_MODELS_DIR", str(empty))
    chat_environment.setenv("ASSISTANT_PREFETCHED_MODELS", str(tmp_path / "nothing"))
    terminal = Terminal(columns=300)
    assert "/help lists the commands" in terminal.at_prompt()
    assert "Error: " in terminal.ask("Who did Blinken meet?")
    assert "/help" in terminal.ask("/help")
    assert terminal.leave() == 0


def test_loading_models_that_are_there_leaves_the_prompt_alone(chat_environment: pytest.MonkeyPatch) -> None:
    terminal = Terminal()
    shown = terminal.raw_until(re.escape(BRACKETED_PASTE))
    terminal.type("/articles moor")  # answered when the models are loaded
    shown += terminal.raw_until("of 68 articles")
    assert "\x1b[2K" not in shown  # how a progress bar is taken away; the prompt itself is drawn without it
    terminal.at_prompt()
    assert terminal.leave() == 0
