"""The chat's commands, typed at a terminal and piped in."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from assistant import Assistant
from assistant.chat.commands import commands
from tests.openai_server import OpenAIServer, Request, Streamed, failure
from tests.parts import NEWSROOM, reply_to
from tests.terminal import piped

MET = "Who did Blinken meet?"
FLOOD = "How many people died in the flood?"


@pytest.fixture
def server(chat_environment: pytest.MonkeyPatch) -> Iterator[OpenAIServer]:
    def answer(request: Request) -> Streamed:
        return Streamed([reply_to(request.body["messages"][-1]["content"], lambda _, sentence: sentence)])

    with OpenAIServer(answer=answer, models=["m", "other"]) as server:
        chat_environment.setenv("OPENAI_BASE_URL", server.base_url)
        yield server


def test_help_lists_every_command_with_one_line(server: OpenAIServer) -> None:
    lines = piped("/help").stdout.splitlines()
    for command in commands().values():
        (line,) = (line for line in lines if line.split()[:1] == [command.name])
        assert line.endswith(command.meaning)
    assert all(len(line) <= 100 for line in lines)


def entries(file: Path) -> list[dict[str, Any]]:
    """The questions and answers of a conversation that was saved as JSON."""
    found: list[dict[str, Any]] = json.loads(file.read_text(encoding="utf-8"))["entries"]
    return found


FAILING = {
    "/svae talk.md": "there is no command /svae\ndid you mean /save?",
    "/xyzzy": "there is no command /xyzzy\n/help lists the commands",
    "/open": "there is no source without a number\nnothing has been cited yet; /sources lists them",
    "/open 7": "there is no source 7\nnothing has been cited yet; /sources lists them",
    "/why": "nothing has been asked yet\nask a question first",
    "/retry": "nothing has been asked yet\nask a question first",
    "/copy": "there is no answer yet\nask a question first",
    "/save": "/save needs a file name\nwrite it as /save conversation.html (or .md, .json)",
    "/save talk.md": "there is nothing to save yet\nask a question first",
    "/add": "/add needs a file, a folder or an address\nwrite it as /add path/to/articles",
    "/add nowhere": "nowhere: no such file or folder\ncheck the path",
    "/since soon": "soon is not a date\nwrite it as /since 2023-11-09",
    "/source Gazete": "there is no source Gazete\nname one of: Tolle Valley Gazette",
    "/new please": "/new takes nothing after it\ntype /new alone",
}


def test_a_command_that_cannot_be_done_says_what_to_do(server: OpenAIServer) -> None:
    outcome = piped(*FAILING)
    assert outcome.stderr == "".join(f"Error: {said}\n" for said in FAILING.values())
    assert outcome.stdout == ""
    assert outcome.returncode == 2
    assert server.requests == []


def test_sources_open_and_why_show_where_an_answer_comes_from(server: OpenAIServer, tmp_path: Path) -> None:
    data = tmp_path / "talk.json"
    outcome = piped(MET, FLOOD, "/sources", "/open 1", "/open [1]", "/why", "/open 99", f"/save {data}")
    shown = outcome.stdout
    cited = {cited["n"]: cited["article"]["id"] for entry in entries(data) for cited in entry["citations"]}
    listed = [int(number) for number in re.findall(r"^  \[(\d+)\] ", shown, re.MULTILINE)]
    assert listed == [*cited, *cited]  # after the answers, and once more by /sources
    titles = {cited["n"]: cited["article"]["title"] for entry in entries(data) for cited in entry["citations"]}
    article = shown[shown.index(f"{titles[1]}\n") :]
    of_the_article = [number for number, identifier in cited.items() if identifier == cited[1]]
    assert of_the_article
    # Every cited sentence of the article is marked, not only the one asked for.
    marked = [int(number) for number in re.findall(r"\[(\d+)\] »", article)]
    assert sorted(marked) == sorted([*of_the_article, *of_the_article])
    first = next(cited for entry in entries(data) for cited in entry["citations"] if cited["n"] == 1)
    assert f"[1] »{first['sentence'][:30]}" in article
    assert "Evidence considered" in shown
    assert "S1 " in shown
    assert "ms: " in shown
    assert f"there is no source 99\nthere are 1 to {max(cited)}; /sources lists them" in outcome.stderr


def test_cost_sums_up_the_conversation_with_the_rewriting_of_follow_ups(chat_environment: pytest.MonkeyPatch) -> None:
    def answer(request: Request) -> Streamed:
        text = reply_to(request.body["messages"][-1]["content"], lambda _, sentence: sentence)
        rewriting = json.dumps({"question": "Who did Blinken meet in Seoul?"})
        uncounted = "flood" in request.prompt
        usage = None if uncounted else {"prompt_tokens": 1000, "completion_tokens": 100, "total_tokens": 1100}
        return Streamed([rewriting if "Earlier question:" in request.prompt else text], usage=usage)

    with OpenAIServer(answer=answer) as server:
        chat_environment.setenv("OPENAI_BASE_URL", server.base_url)
        chat_environment.setenv("ASSISTANT_MODEL", "gpt-4.1-mini")
        told = piped("/cost", MET, "And who else?", "/cost", FLOOD, "/cost", "/new", "/cost").stdout
    assert len(server.requests) == 4
    assert re.findall(r"\d+ answers: [^$]+\S+(?: \(.*?\)\.)?", " ".join(told.split())) == [
        "0 answers: 0 calls, 0 tokens read, 0 written, $0.",
        "2 answers: 3 calls, 3,000 tokens read, 300 written, $0.0017.",
        "3 answers: 4 calls, at least 3,000 tokens read, 300 written, at least $0.0017 (1 answer of unknown cost).",
        "0 answers: 0 calls, 0 tokens read, 0 written, $0.",
    ]


def test_a_failed_answer_has_an_unknown_cost(chat_environment: pytest.MonkeyPatch) -> None:
    with OpenAIServer(failure(400, "no")) as server:
        chat_environment.setenv("OPENAI_BASE_URL", server.base_url)
        chat_environment.setenv("ASSISTANT_MODEL", "gpt-4.1-mini")
        told = piped(MET, "/cost").stdout
    assert told == "1 answer: 1 call, at least 0 tokens read, 0 written, cost unknown.\n"


def test_limits_of_time_and_source_hold_until_they_are_taken_away(server: OpenAIServer) -> None:
    outcome = piped("/until 2020-01-01", FLOOD, "/until", "/source gazette", FLOOD, "/source", "/since 2023-09-01", MET)
    refused, _, answered = outcome.stdout.partition("\n\n\n")
    assert refused.startswith("The articles do not say.")
    sources = re.findall(r" · (.*?) · \d", outcome.stdout)
    assert sources
    gazette = outcome.stdout[: outcome.stdout.index("Cho Tae-Yong")]
    assert set(re.findall(r" · (\w+ \w+ \w+) · ", gazette)) == {"Tolle Valley Gazette"}
    assert answered is not None
    assert outcome.returncode == 0


def test_articles_can_be_listed_added_and_asked_about(
    server: OpenAIServer, chat_environment: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    story = tmp_path / "moor.md"
    story.write_text("---\ntitle: Lights on the moor\ndate: 2024-01-02\n---\n\nThe moor shone for three nights.\n")
    index = tmp_path / "index"
    assert "no articles in the index" in piped("/articles", arguments=("--index", str(index))).stderr
    chat_environment.setenv("ASSISTANT_INDEX", str(index))
    with Assistant.open(index) as assistant:
        assistant.add(NEWSROOM / "001-blinken-seoul-talks.md")
    outcome = piped("/articles", f"/add '{story}'", "/articles MOOR", "For how many nights did the moor shine?")
    assert "1 article\n" in outcome.stdout
    assert "2024-01-02  Lights on the moor" in outcome.stdout
    assert "1 of 2 articles" in outcome.stdout
    assert "The moor shone for three nights. [1]" in outcome.stdout


def test_another_model_answers_from_then_on(server: OpenAIServer) -> None:
    outcome = piped(FLOOD, "/model other", "/retry", "/model")
    assert outcome.stderr == ""
    assert [request.body["model"] for request in server.requests] == ["m", "other"]
    assert outcome.stdout.count("[1] Eight people have died") == 2


def test_asking_again_leans_on_what_stood_before_the_question(server: OpenAIServer) -> None:
    piped(MET, "/retry")
    assert len(server.requests) == 2
    first, second = (request.body["messages"] for request in server.requests)
    assert first == second


def test_a_conversation_is_saved_in_each_form_and_again_under_its_name(server: OpenAIServer, tmp_path: Path) -> None:
    files = [tmp_path / f"talk.{ending}" for ending in ("md", "html", "json")]
    outcome = piped(MET, *(f"/save {file}" for file in files), FLOOD, f"/save {files[0]}")
    assert outcome.stderr == ""
    first, page = (file.read_text(encoding="utf-8") for file in files[:2])
    assert first.count("\n## ") == 2  # saved once more after the second question
    (entry,) = entries(files[2])
    assert entry["question"] == MET
    assert page.count("<mark") == len(entry["citations"])
    again = piped(MET, f"/save {files[0]}")
    assert "exists already\nchoose another name" in again.stderr


def test_a_new_conversation_begins_at_one_and_leans_on_nothing(server: OpenAIServer) -> None:
    outcome = piped(MET, "/new", FLOOD)
    numbers = [int(number) for number in re.findall(r"^  \[(\d+)\] ", outcome.stdout, re.MULTILINE)]
    again = numbers.index(1, 1)
    assert numbers == [*range(1, again + 1), *range(1, len(numbers) - again + 1)]


def test_quitting_leaves_what_follows_unread(server: OpenAIServer) -> None:
    outcome = piped("/quit", MET)
    assert (outcome.returncode, outcome.stdout, outcome.stderr) == (0, "", "")
    assert server.requests == []
