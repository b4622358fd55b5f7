"""The chat as a person at a terminal meets it, and as a program that pipes questions in."""

import json
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pexpect
import pytest

from tests.openai_server import OpenAIServer, Request, Silence, Streamed, failure
from tests.parts import ROOT, quoting_server, reply_to

MET = "Who did Blinken meet?"
FLOOD = "How many people died in the flood?"
BOILING = "At what temperature does tungsten boil?"
ESCAPE = re.compile(r"\x1b(?:\[[0-9;?]*[a-zA-Z]|[()=>].?)")
BRACKETED_PASTE = "\x1b[?2004h"  # prompt-toolkit switches it on when a prompt begins
WAIT_SECONDS = 60


@pytest.fixture
def environment(monkeypatch: pytest.MonkeyPatch, newsroom_index: Path) -> pytest.MonkeyPatch:
    """A terminal over the newsroom; where the server is, the test says."""
    monkeypatch.setenv("TERM", "xterm-256color")
    # Where nobody answers the question for the cursor's position, prompt-toolkit would wait and warn.
    monkeypatch.setenv("PROMPT_TOOLKIT_NO_CPR", "1")
    monkeypatch.setenv("OPENAI_API_KEY", "sk-secret-0123456789abcd")
    monkeypatch.setenv("ASSISTANT_MODEL", "m")
    monkeypatch.setenv("ASSISTANT_RETRIES", "0")
    monkeypatch.setenv("ASSISTANT_CANDIDATES", "8")
    monkeypatch.setenv("ASSISTANT_INDEX", str(newsroom_index))
    return monkeypatch


@pytest.fixture
def server(environment: pytest.MonkeyPatch) -> Iterator[OpenAIServer]:
    with quoting_server() as server:
        environment.setenv("OPENAI_BASE_URL", server.base_url)
        yield server


class Terminal:
    """A chat in a pseudo-terminal."""

    def __init__(self) -> None:
        self._child = pexpect.spawn(
            sys.executable,
            ["-m", "assistant", "chat"],
            cwd=str(ROOT),
            encoding="utf-8",
            timeout=WAIT_SECONDS,
            dimensions=(50, 140),
        )

    def type(self, line: str, end: str = "\r") -> None:
        self._child.send(line + end)

    def press(self, key: str) -> None:
        self._child.sendcontrol(key)

    def until(self, pattern: str) -> str:
        """What was shown up to and with a pattern, without escapes."""
        self._child.expect(pattern)
        return ESCAPE.sub("", self._child.before + self._child.after)

    def at_prompt(self) -> None:
        """Until the chat reads the keyboard again; from then on, keys mean what the chat says."""
        self._child.expect_exact(BRACKETED_PASTE)

    def leave(self) -> int | None:
        self._child.expect(pexpect.EOF)
        self._child.close()
        status = self._child.exitstatus
        assert status is None or isinstance(status, int)
        return status


def test_a_conversation(environment: pytest.MonkeyPatch) -> None:
    hang = True

    def answer(request: Request) -> Streamed | Silence:
        nonlocal hang
        question = request.body["messages"][-1]["content"]
        if hang and FLOOD in question:
            hang = False
            return Silence()
        return Streamed([reply_to(question, lambda _, sentence: sentence)])

    with OpenAIServer(answer=answer) as server:
        environment.setenv("OPENAI_BASE_URL", server.base_url)
        terminal = Terminal()
        assert "Ask about the articles. /help lists the commands, Ctrl-D leaves." in terminal.until(r"leaves\.")
        terminal.type(MET)
        shown = terminal.until("November 2023")
        assert "Cho Tae-Yong" in shown
        assert "[1]" in shown
        terminal.type("/frobnicate now")
        terminal.until(r"There is no command /frobnicate; /help lists them")
        terminal.type("/help")
        terminal.until("/verbose  show or hide")
        terminal.until("Ctrl-D")
        terminal.type("/verbose")
        terminal.until("Details are shown")
        terminal.type(MET)
        terminal.until("Evidence considered")
        terminal.until("tokens read")
        terminal.type("/verbose")
        terminal.until("Details are hidden")
        terminal.type(FLOOD)
        terminal.until("writing")
        wait_for(server, FLOOD)
        terminal.press("c")
        terminal.until("Stopped")
        terminal.at_prompt()
        terminal.type("half a quest", end="")
        terminal.until("quest")
        terminal.press("c")
        terminal.at_prompt()
        terminal.type(FLOOD)
        assert "people died" in terminal.until(r"\[1\]")
        terminal.type(BOILING)
        terminal.until("The articles do not say")
        terminal.at_prompt()
        terminal.press("d")
        assert terminal.leave() == 0
    assert [FLOOD in request.prompt for request in server.requests] == [False, False, True, True]


def wait_for(server: OpenAIServer, question: str) -> None:
    """Until the server has the question and says nothing."""
    for _ in range(WAIT_SECONDS * 50):
        if any(question in request.prompt for request in server.requests):
            return
        server.closing.wait(0.02)
    pytest.fail("the question never reached the server")


def test_an_error_does_not_end_the_conversation(environment: pytest.MonkeyPatch) -> None:
    with OpenAIServer(failure(500, "oops")) as server:
        environment.setenv("OPENAI_BASE_URL", server.base_url)
        terminal = Terminal()
        terminal.until("leaves")
        terminal.type(MET)
        terminal.until("Error:")
        terminal.until("Try again later")
        terminal.type("/quit")
        assert terminal.leave() == 0


def piped(*lines: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "assistant", "chat"],
        input="\n".join(lines),
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
        timeout=WAIT_SECONDS,
    )


def test_piped_questions_get_plain_answers_and_the_last_ones_status(server: OpenAIServer) -> None:
    outcome = piped(MET, "", BOILING)
    assert outcome.returncode == 3
    assert outcome.stderr == ""
    first, _, second = outcome.stdout.partition("The articles do not say.")
    assert "Cho Tae-Yong" in first
    assert "[1]" in first
    assert second
    assert "\x1b" not in outcome.stdout
    assert "Ask about the articles" not in outcome.stdout
    assert len(server.requests) == 1


def test_piped_questions_go_on_after_an_error(environment: pytest.MonkeyPatch) -> None:
    with OpenAIServer(failure(500, "oops")) as server:
        environment.setenv("OPENAI_BASE_URL", server.base_url)
        outcome = piped(BOILING, MET, "/quit", MET)
    assert outcome.returncode == 1
    assert outcome.stdout.startswith("The articles do not say.")
    assert len(outcome.stderr.splitlines()) == 2
    assert len(server.requests) == 1


def test_a_follow_up_is_shown_as_it_was_understood_until_a_new_conversation(environment: pytest.MonkeyPatch) -> None:
    def answer(request: Request) -> Streamed:
        text = request.body["messages"][-1]["content"]
        if "Earlier question:" in text:
            return Streamed([json.dumps({"question": "When is Blinken to meet President Yoon?"})])
        return Streamed([reply_to(text, lambda _, sentence: sentence)])

    with OpenAIServer(answer=answer) as server:
        environment.setenv("OPENAI_BASE_URL", server.base_url)
        outcome = piped(MET, "And when is he to meet President Yoon?", "/new", "And when is he to meet President Yoon?")
    assert outcome.stdout.count("→ When is Blinken to meet President Yoon?") == 1
    assert "A new conversation." in outcome.stdout
    rewriting = [request.prompt for request in server.requests if "Earlier question:" in request.prompt]
    assert len(rewriting) == 1
    assert f"Earlier question: {MET}\nEarlier answer: " in rewriting[0]
