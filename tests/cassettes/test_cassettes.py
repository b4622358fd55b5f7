"""Cassettes: recorded from real servers and scripted models, played without them, answered by anybody."""

import asyncio
import json
import subprocess
import sys
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from langchain_core.messages import BaseMessage, HumanMessage, SystemMessage

from assistant.cassettes.cassette import REPLIES, Cassette, import_replies
from assistant.cassettes.chat import CassetteChat
from assistant.cassettes.lines import Reply, Request
from assistant.embedded.provider import ModelProvider
from assistant.llm.client import astream_reply, make_chat_model, stream_reply
from assistant.llm.reply_json import ReplyPart
from assistant.settings import Settings
from assistant.settings_file import HARMLESS
from assistant.testing import ScriptedChat
from assistant.text.tokens import count_tokens
from index.errors import CassetteMissError, InputError, PendingReplyError, SettingError
from index.weights.folder import LLM
from tests.openai_server import OpenAIServer, Streamed
from tests.parts import KEY, ROOT, Run, quoting_server

SCHEMA: dict[str, Any] = {
    "type": "object",
    "properties": {"S1": {"type": "string"}},
    "required": ["S1"],
    "additionalProperties": False,
}
MESSAGES: list[BaseMessage] = [SystemMessage("Answer from the evidence."), HumanMessage("Who won?")]
TEXT = '{"S1": "The Reds won."}'
USAGE = {
    "prompt_tokens": 300,
    "completion_tokens": 9,
    "total_tokens": 309,
    "prompt_tokens_details": {"cached_tokens": 3},
}
GOOD = Streamed([TEXT[:9], TEXT[9:]], usage=USAGE)
REQUEST = Request.of("m", MESSAGES, SCHEMA)
WRITER = """
import sys
from pathlib import Path
from assistant.cassettes.cassette import Cassette
from assistant.cassettes.lines import Reply, Request
from index.errors import PendingReplyError
tape, name = Cassette(Path(sys.argv[1]), "pending"), sys.argv[2]
print("ready", flush=True)
sys.stdin.readline()
for number in range(200):
    try:
        tape.reply_to(Request("both", (("user", str(number)),), {}))
    except PendingReplyError:
        pass
for number in range(40):
    tape.add(Reply(digest=Request(name, (("user", str(number)),), {}).digest, reply=name * 3000))
"""

Ask = Callable[[Any], list[ReplyPart]]


def in_sync(chat: Any) -> list[ReplyPart]:
    return list(stream_reply(chat, MESSAGES, SCHEMA, 99))


def in_async(chat: Any) -> list[ReplyPart]:
    async def collect() -> list[ReplyPart]:
        return [part async for part in astream_reply(chat, MESSAGES, SCHEMA, 99)]

    return asyncio.run(collect())


@pytest.fixture(params=[in_sync, in_async])
def ask(request: pytest.FixtureRequest) -> Ask:
    found: Ask = request.param
    return found


def recorder(folder: Path, base_url: str) -> CassetteChat:
    real = make_chat_model(Settings(retries=0), base_url=base_url, api_key=KEY, model="m")
    return CassetteChat(cassette=Cassette(folder, "record"), model_name="m", real=real)


def player(folder: Path, mode: Any = "replay") -> CassetteChat:
    return CassetteChat(cassette=Cassette(folder, mode), model_name="m")


def refuse(error: InputError) -> None:
    raise error


def written(path: Path, lines: Iterable[object]) -> Path:
    path.write_text("".join(f"{json.dumps(line)}\n" for line in lines), encoding="utf-8")
    return path


# Recording and playing


def test_what_a_server_replied_is_played_when_it_is_gone(tmp_path: Path, ask: Ask) -> None:
    with OpenAIServer(GOOD, models=["m"]) as server:
        recorded = ask(recorder(tmp_path, server.base_url))
    assert len(server.requests) == 1
    assert len(recorded) > 2  # in pieces, as without a cassette
    played = ask(player(tmp_path))
    assert played[-1] == recorded[-1]
    assert played[-1].data == {"S1": "The Reds won."}
    usage = played[-1].usage
    assert usage is not None
    assert (usage.prompt_tokens, usage.completion_tokens, usage.cached_tokens) == (300, 9, 3)
    (line,) = (tmp_path / REPLIES).read_text().splitlines()
    assert json.loads(line)["digest"] == REQUEST.digest
    assert KEY not in line


@pytest.mark.parametrize(
    "script",
    [
        [Streamed(["I am sorry."]), GOOD],
        [Streamed(['{"S1": "The Reds won.", "S2": "It'], usage=USAGE, finish="length")],
    ],
    ids=["second attempt", "cut"],
)
def test_a_second_attempt_and_a_cut_reply_are_played_as_they_came(
    tmp_path: Path, ask: Ask, script: list[Streamed]
) -> None:
    with OpenAIServer(*script, models=["m"]) as server:
        recorded = ask(recorder(tmp_path, server.base_url))
    assert ask(player(tmp_path))[-1] == recorded[-1]
    assert len(Cassette(tmp_path).replies()) == len(script)


def test_a_model_that_is_told_the_schema_in_words_gets_the_same_digest(tmp_path: Path, ask: Ask) -> None:
    scripted = ScriptedChat(replies=[TEXT])
    ask(CassetteChat(cassette=Cassette(tmp_path, "record"), model_name="m", real=scripted))
    assert "JSON Schema" in scripted.prompts[0][0].text
    last = ask(player(tmp_path))[-1]
    assert last.data == {"S1": "The Reds won."}
    assert last.usage is not None
    assert (last.usage.prompt_tokens, last.usage.completion_tokens) == (None, None)


def test_recording_anew_puts_the_new_reply_in_place_of_the_old(tmp_path: Path) -> None:
    for reply in (TEXT, TEXT, TEXT.replace("Reds", "Blues")):
        real = ScriptedChat(replies=[reply])
        in_sync(CassetteChat(cassette=Cassette(tmp_path, "record"), model_name="m", real=real))
    assert len((tmp_path / REPLIES).read_text().splitlines()) == 2  # the same reply is kept once
    assert in_sync(player(tmp_path))[-1].data == {"S1": "The Blues won."}


# Requests without a reply


def test_a_request_without_reply_is_named_and_nothing_is_written(tmp_path: Path, ask: Ask) -> None:
    folder = tmp_path / "tape"
    with pytest.raises(CassetteMissError) as caught:
        ask(player(folder))
    assert REQUEST.digest in caught.value.problem
    assert str(folder) in caught.value.problem
    assert "ASSISTANT_CASSETTE_MODE=record" in caught.value.remedy
    assert not folder.exists()


def test_a_pending_request_is_answered_by_anybody(tmp_path: Path, ask: Ask) -> None:
    folder = tmp_path / "tape"
    chat = player(folder, "pending")
    for _ in range(2):
        with pytest.raises(PendingReplyError, match=r"waits for a reply in .*requests\.jsonl"):
            ask(chat)
    (line,) = (folder / "requests.jsonl").read_text().splitlines()
    asked = json.loads(line)
    assert asked["messages"][1] == {"role": "user", "content": "Who won?"}
    assert (asked["model"], asked["schema"]) == ("m", SCHEMA)
    replies = written(tmp_path / "replies", [{"digest": asked["digest"], "reply": {"S1": "The Reds won."}}])
    assert import_replies(Cassette(folder), replies, refuse) == 1
    played = ask(chat)[-1]
    assert played.data == {"S1": "The Reds won."}
    assert played.usage is not None  # no server counted its tokens
    counts = sum(count_tokens(message.text) for message in MESSAGES), count_tokens('{"S1": "The Reds won."}')
    assert (played.usage.prompt_tokens, played.usage.completion_tokens) == counts
    assert (folder / "requests.jsonl").read_text() == ""


def test_replies_that_cannot_be_taken_are_named_and_the_rest_is_taken(tmp_path: Path) -> None:
    tape, told = Cassette(tmp_path / "tape", "pending"), list[InputError]()
    with pytest.raises(PendingReplyError):
        tape.reply_to(REQUEST)
    other = REQUEST.digest[::-1]
    lines = [{"digest": other, "reply": "x"}, {"digest": REQUEST.digest}, {"digest": REQUEST.digest, "reply": TEXT}]
    file = written(tmp_path / "file", [*lines, {"digest": REQUEST.digest, "reply": "something else"}])
    assert import_replies(tape, file, told.append) == 1
    assert [error.problem.partition(": ")[0] for error in told] == [f"{file}:{number}" for number in (1, 2, 4)]
    assert "no request with the digest" in told[0].problem
    assert "reply: Field required" in told[1].problem
    assert "has another reply already" in told[2].problem
    assert tape.reply_to(REQUEST).text == TEXT
    file = written(tmp_path / "file", [lines[0], {"digest": REQUEST.digest, "reply": "something else"}])
    assert import_replies(tape, file, refuse, force=True) == 2
    assert tape.reply_to(REQUEST).text == "something else"


# Digests

json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)


def reordered(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: reordered(value[name]) for name in reversed(value)}
    return [reordered(item) for item in value] if isinstance(value, list) else value


@given(st.dictionaries(st.text(), json_values, max_size=4), st.text())
def test_the_order_of_a_schemas_members_does_not_matter(schema: dict[str, Any], text: str) -> None:
    messages = (("user", text),)
    assert Request("m", messages, schema).digest == Request("m", messages, reordered(schema)).digest


@given(st.text(), st.integers(min_value=0), st.characters())
def test_any_changed_character_changes_the_digest(text: str, place: int, new: str) -> None:
    place %= len(text) + 1
    changed = text[:place] + new + text[place:]
    digests = {
        Request(name, (("system", system), ("user", user)), {"title": title}).digest
        for name, system, user, title in (
            *((text, text, text, text), (changed, text, text, text), (text, changed, text, text)),
            *((text, text, changed, text), (text, text, text, changed)),
        )
    }
    assert len(digests) == 5


def test_the_digest_of_a_request_stays_what_it_was() -> None:
    """Cassettes are kept: another way to compute digests would make all of them useless."""
    assert REQUEST.digest == "5cd8a0505d875b6cc60dd26e211486e629aff32b093d9a9fc8ed3141d98caa57"


# Files


def test_two_processes_add_and_ask_at_once(tmp_path: Path) -> None:
    tape = Cassette(tmp_path / "tape")
    command = [sys.executable, "-c", WRITER, str(tape.folder)]
    pipes: dict[str, Any] = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True, "cwd": ROOT}
    with subprocess.Popen([*command, "one"], **pipes) as one, subprocess.Popen([*command, "two"], **pipes) as two:
        assert [process.stdout.readline() for process in (one, two) if process.stdout] == ["ready\n"] * 2
        for process in (one, two):
            assert process.stdin
            process.stdin.write("go\n")
            process.stdin.flush()
    assert (one.returncode, two.returncode) == (0, 0)
    replies = tape.replies()
    assert sorted(str(reply.reply)[:3] for reply in replies.values()) == ["one"] * 40 + ["two"] * 40
    assert len(tape.waiting()) == len((tape.requests_path).read_text().splitlines()) == 200
    assert (tape.folder / REPLIES).stat().st_mode & 0o077 == 0


def test_a_line_that_was_cut_off_counts_as_not_written(tmp_path: Path) -> None:
    tape = Cassette(tmp_path)
    tape.add(Reply(digest=REQUEST.digest, reply=TEXT))
    with (tmp_path / REPLIES).open("a") as file:
        file.write('{"digest": "0')
    assert tape.replies().keys() == {REQUEST.digest}
    tape.add(Reply(digest="0" * 64, reply="x"))
    assert Cassette(tmp_path).replies().keys() == {REQUEST.digest, "0" * 64}


def test_a_broken_line_is_named(tmp_path: Path) -> None:
    Cassette(tmp_path).add(Reply(digest=REQUEST.digest, reply=TEXT))
    with (tmp_path / REPLIES).open("a") as file:
        file.write('{"digest": "0"}\n')
    with pytest.raises(SettingError, match=r"replies\.jsonl:2: digest: "):
        Cassette(tmp_path).reply_to(REQUEST)


# The models of the settings, and the commands


def test_playing_needs_no_server_no_key_and_no_embedded_model(tmp_path: Path) -> None:
    for model in ("gpt-5", "local", None):
        settings = Settings(
            model=model, base_url="http://127.0.0.1:9/v1", cassette=tmp_path, prefetched_models=tmp_path
        )
        chat = ModelProvider(settings).chat()
        assert isinstance(chat, CassetteChat)
        assert chat.model_name == (model or "cassette")
    assert LLM not in ModelProvider(Settings(cassette=tmp_path))._needed()
    assert LLM in ModelProvider(Settings(cassette=tmp_path, cassette_mode="record"))._needed()


def test_a_given_model_is_recorded_and_played_under_its_own_name(tmp_path: Path) -> None:
    scripted = ScriptedChat(replies=[TEXT])
    for mode in ("record", "replay"):
        settings = Settings(cassette=tmp_path, cassette_mode=mode)
        assert in_sync(ModelProvider(settings, chat=scripted).chat())[-1].data == {"S1": "The Reds won."}
    assert len(scripted.prompts) == 1


def test_a_folder_may_not_say_where_replies_come_from() -> None:
    assert not {"cassette", "cassette_mode"} & HARMLESS


def test_ask_from_a_cassette(run: Run, chat_environment: pytest.MonkeyPatch, tmp_path: Path) -> None:
    question, tape = "Who did Blinken meet in Seoul?", tmp_path / "tape"
    assert run("cassette", "status").err == "Error: no cassette is set\nSet ASSISTANT_CASSETTE to a folder.\n"
    chat_environment.setenv("ASSISTANT_CASSETTE", str(tape))
    chat_environment.setenv("ASSISTANT_CASSETTE_MODE", "pending")
    waiting = run("ask", question)
    assert waiting.status == 1
    assert waiting.err.startswith("Error: the request ")
    assert f"waits for a reply in {tape / 'requests.jsonl'}" in waiting.err
    assert "waiting   1 in " in run("cassette", "status").out
    chat_environment.setenv("ASSISTANT_CASSETTE_MODE", "record")
    with quoting_server() as server:
        chat_environment.setenv("OPENAI_BASE_URL", server.base_url)
        recorded = run("ask", question)
    assert recorded.status == 0
    chat_environment.delenv("ASSISTANT_CASSETTE_MODE")
    chat_environment.delenv("OPENAI_API_KEY")
    assert run("ask", question) == recorded
    assert "replies   1\nwaiting   0\n" in run("cassette", "status").out
    bad = tmp_path / "bad.jsonl"
    bad.write_text("[]\n")
    refused = run("cassette", "import", bad)
    assert refused.status == 1
    assert f"{bad}:1: " in refused.err
    assert refused.out == "replies taken: 0; requests that still wait: 0\n"
