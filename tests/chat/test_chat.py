"""A whole conversation as a person at a terminal has it: answers, follow-ups, commands, faults, coming back."""

import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.openai_server import OpenAIServer, Request, Silence, Streamed, failure
from tests.parts import listed, quoting_server, reply_to
from tests.terminal import Terminal

MET = "Who did Blinken meet?"
WHERE = "And where did they meet?"
WHERE_ALONE = "Where did Blinken meet Cho Tae-Yong?"
FLOOD = "How many people died in the flood?"
HOUSES = "And how many houses were destroyed?"
HOUSES_ALONE = "How many houses were destroyed in the flood?"
BOILING = "At what temperature does tungsten boil?"
MEANT = {WHERE: WHERE_ALONE, HOUSES: HOUSES_ALONE}
NUMBERED = re.compile(r"^  \[(\d+)\] (.*)$", re.MULTILINE)


def prompt_of(request: Request) -> str:
    return str(request.body["messages"][-1]["content"])


def understanding(request: Request) -> Streamed:
    """Rewrites the follow-ups, and gives every label its own sentence."""
    text = prompt_of(request)
    if "Earlier question:" in text:
        return Streamed([json.dumps({"question": MEANT[text.rpartition("Question: ")[2].strip()]})])
    reply = reply_to(text, lambda _, sentence: sentence)
    return Streamed([reply[start : start + 20] for start in range(0, len(reply), 20)])


@pytest.fixture
def server(chat_environment: pytest.MonkeyPatch) -> Iterator[OpenAIServer]:
    with OpenAIServer(answer=understanding, models=["m", "other"]) as server:
        chat_environment.setenv("OPENAI_BASE_URL", server.base_url)
        yield server


def last_screen(shown: str) -> str:
    """What stands there after the last redrawing of the moving part."""
    return re.split(r"[⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏] \S.*…", shown)[-1].strip()


def numbered(shown: str) -> dict[int, str]:
    """Citation number → how its sentence begins."""
    return {int(number): sentence.strip() for number, sentence in NUMBERED.findall(last_screen(shown))}


def with_sources(before: dict[int, str], shown: str) -> dict[int, str]:
    """What a conversation has cited by now: a sentence keeps its number, and new ones get the next numbers."""
    now = numbered(shown)
    new = [number for number in now if number not in before]
    assert now
    assert {number: now[number] for number in now if number in before}.items() <= before.items()
    assert not {now[number] for number in new} & set(before.values())
    assert new == list(range(len(before) + 1, len(before) + len(new) + 1))
    return before | now


def test_five_questions_two_of_them_follow_ups_one_refused(server: OpenAIServer, tmp_path: Path) -> None:
    terminal = Terminal("--as-of", "2023-11-16", lines=200)
    greeting = terminal.at_prompt()
    assert greeting.startswith("Ask about 68 articles. Answers come from m at http://127")
    assert "/help lists the commands, Ctrl-D leaves." in greeting

    shown = terminal.ask(MET)
    assert "searching…" in shown
    assert "Best evidence so far:" in shown
    first = last_screen(shown)
    assert "Blinken met" in first.splitlines()[0]
    assert "Cho Tae-Yong" in first
    assert "Newsroom World Desk · 9 November 2023 · 1 week ago" in " ".join(first.split())
    assert "“on Thursday” = 9 November 2023" in first
    known = with_sources({}, shown)
    met = next(number for number, sentence in known.items() if sentence.startswith("U.S. Secretary of State"))

    shown = terminal.ask(WHERE)
    assert "understanding the question…" in shown
    assert last_screen(shown).startswith(f"→ {WHERE_ALONE}\n")
    assert met in numbered(shown)
    known = with_sources(known, shown)

    shown = terminal.ask(FLOOD)
    assert any(sentence.startswith("Eight people have died in the flood") for sentence in numbered(shown).values())
    known = with_sources(known, shown)
    shown = terminal.ask(HOUSES)
    assert last_screen(shown).startswith(f"→ {HOUSES_ALONE}\n")
    known = with_sources(known, shown)

    refused = last_screen(terminal.ask(BOILING))
    assert re.match(r"The articles do not say\.\nNothing that was found mentions: .*tungsten\.\n", refused)
    assert "The nearest sentences, which do not answer it:\n  – " in refused
    assert not NUMBERED.search(refused)

    article = terminal.ask(f"/open {met}")
    assert "Blinken in Seoul for talks on North Korea’s arms ties with Russia\n" in article
    assert f"[{met}] U.S. Secretary of State Antony Blinken met South Korea’s national" in article

    why = terminal.ask("/why")
    assert "Evidence considered" in why
    assert "language model not asked · ms: " in why

    assert numbered(terminal.ask("/sources")) == known
    page = tmp_path / "talk.html"
    assert f"Saved: {page}" in terminal.ask(f"/save {page}").replace("\n", "")
    assert page.read_text(encoding="utf-8").count("<section class=") == 5
    assert terminal.leave() == 0
    asked = [prompt_of(request) for request in server.requests]
    assert [text.count("Earlier question:") for text in asked] == [0, 1, 0, 0, 2, 0][: len(asked)]


def test_what_was_left_can_be_gone_on_with(server: OpenAIServer) -> None:
    terminal = Terminal(lines=200)
    terminal.at_prompt()
    known = with_sources({}, terminal.ask(MET))
    assert terminal.leave() == 0

    terminal = Terminal("--resume", lines=200)
    assert f"Going on after 1 question; the last one was:\n  {MET}" in terminal.at_prompt()
    assert numbered(terminal.ask("/sources")) == known
    shown = terminal.ask(WHERE)
    assert last_screen(shown).startswith(f"→ {WHERE_ALONE}")
    assert numbered(shown).keys() & known.keys()
    with_sources(known, shown)
    terminal.ask("/new")
    with_sources({}, terminal.ask(FLOOD))
    assert terminal.leave() == 0

    terminal = Terminal("--resume")
    assert FLOOD in terminal.at_prompt()
    terminal.leave()


def test_without_an_earlier_conversation_resuming_begins_one(server: OpenAIServer) -> None:
    terminal = Terminal("--resume")
    assert "There is no conversation to go on with; this is a new one." in terminal.at_prompt()
    assert terminal.leave() == 0


# What goes wrong


def test_ctrl_c_stops_the_answer_keeps_what_is_verified_and_the_conversation(
    chat_environment: pytest.MonkeyPatch,
) -> None:
    def answer(request: Request) -> Streamed | Silence:
        text = prompt_of(request)
        if FLOOD in text and len(slow.requests) == 1:
            return Silence()
        (first, sentence), *_ = listed(text).items()
        if MET in text:  # the first claim and the beginning of another one, then nothing more
            return Streamed([f'{{"{first}": {json.dumps(sentence)}, "S9": "Bl'], hang=True)
        return Streamed([reply_to(text, lambda _, sentence: sentence)])

    with OpenAIServer(answer=answer) as slow:
        chat_environment.setenv("OPENAI_BASE_URL", slow.base_url)
        terminal = Terminal()
        terminal.at_prompt()
        terminal.type(FLOOD)
        terminal.until(r"reading \d+ sentences")
        terminal.press("c")
        assert terminal.at_prompt().rstrip().endswith("Stopped.")
        assert "Nothing has been cited yet." in terminal.ask("/sources")
        terminal.type(MET)
        terminal.until(r"\[1\]")
        terminal.press("c")
        stopped = terminal.at_prompt()
        assert "Stopped; what stands above is verified, but there may be more." in stopped
        assert 1 in numbered(stopped)
        assert "Eight people have died" in terminal.ask(FLOOD)
        assert terminal.leave() == 0


def test_ctrl_c_empties_the_line_and_says_how_to_leave(server: OpenAIServer) -> None:
    terminal = Terminal()
    terminal.at_prompt()
    terminal.type("half a quest", end="")
    terminal.until("quest")
    terminal.press("c")
    assert "Ctrl-D leaves." not in terminal.at_prompt()
    terminal.press("c")
    assert "Ctrl-D leaves." in terminal.at_prompt()
    assert terminal.leave() == 0
    assert server.requests == []


def test_a_server_that_dies_is_said_on_one_line_and_another_one_is_used(chat_environment: pytest.MonkeyPatch) -> None:
    with OpenAIServer(answer=lambda request: Streamed(['{"S1": "Blinken'], cut=True), models=["m"]) as dying:
        chat_environment.setenv("OPENAI_BASE_URL", dying.base_url)
        terminal = Terminal(columns=300)
        terminal.at_prompt()
        cut = error_line(terminal.ask(MET))
        assert dying.base_url in cut
    gone = error_line(terminal.ask("/retry"))
    assert dying.base_url in gone
    assert " – " in gone
    assert "Traceback" not in gone
    assert "4 of 68 articles" in terminal.ask("/articles blinken")
    assert terminal.leave() == 0


@pytest.mark.parametrize(
    ("status", "message", "says"),
    [(401, "Incorrect API key provided", "key"), (404, "no such model", "model"), (500, "oops", "Try again")],
)
def test_every_failure_of_the_server_is_one_line_with_what_to_do(
    chat_environment: pytest.MonkeyPatch, status: int, message: str, says: str
) -> None:
    with OpenAIServer(failure(status, message)) as server:
        chat_environment.setenv("OPENAI_BASE_URL", server.base_url)
        terminal = Terminal(columns=400)
        terminal.at_prompt()
        line = error_line(terminal.ask(MET))
        assert says in line
        assert terminal.leave() == 0


def error_line(shown: str) -> str:
    """The one line of an error; nothing else is said."""
    lines = [line for line in last_screen(shown).splitlines() if line.strip()]
    assert len(lines) == 1, lines
    assert lines[0].startswith("Error: ")
    return lines[0]


def test_an_index_that_vanishes_is_said_and_survived(
    chat_environment: pytest.MonkeyPatch, newsroom_index: Path, tmp_path: Path
) -> None:
    import shutil

    index = tmp_path / "index"
    shutil.copytree(newsroom_index, index)
    with quoting_server() as server:
        chat_environment.setenv("OPENAI_BASE_URL", server.base_url)
        terminal = Terminal("--index", str(index), columns=400)
        terminal.at_prompt()
        terminal.ask(FLOOD)
        shutil.rmtree(index)
        assert "Error: " in terminal.ask("/add nowhere")
        terminal.ask(MET)
        assert "Commands" not in terminal.ask("/help")
        assert terminal.leave() == 0
