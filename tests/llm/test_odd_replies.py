"""Generated replies of servers, sent over a real connection: no crash, no good reply lost, the server's words kept.

``ODD_REPLIES=2000`` asks for more of them.
"""

import asyncio
import logging
import os

import pytest
from langchain_core.messages import BaseMessage, HumanMessage, SystemMessage

from assistant.llm.client import astream_reply, make_chat_model, stream_reply
from assistant.llm.reply_json import ReplyPart
from assistant.settings import Settings
from index.errors import ServiceError
from tests.odd_replies import SCHEMA, WANTED, WORDS, Odd, odd_reply
from tests.openai_server import OpenAIServer, Request

NUMBER = int(os.environ.get("ODD_REPLIES", "150"))
KEY = "sk-secret-0123456789"
MESSAGES: list[BaseMessage] = [SystemMessage("Answer from the evidence."), HumanMessage("What happened?")]


def last_part(chat: object, seed: int) -> ReplyPart:
    if seed % 2:
        return list(stream_reply(chat, MESSAGES, SCHEMA, 99))[-1]  # type: ignore[arg-type]

    async def collect() -> ReplyPart:
        return [part async for part in astream_reply(chat, MESSAGES, SCHEMA, 99)][-1]  # type: ignore[arg-type]

    return asyncio.run(collect())


def outcome(chat: object, seed: int) -> ReplyPart | ServiceError:
    try:
        return last_part(chat, seed)
    except ServiceError as error:
        return error


def fault(odd: Odd, result: ReplyPart | ServiceError) -> str:
    """What is wrong with what came of a reply; empty when nothing is."""
    if isinstance(result, ServiceError):
        if odd.good:
            return f"a good reply is lost: {result}"
        if odd.told and odd.told not in result.problem:
            return f"the server's words are lost: {result}"
        return "more than a line" if "\n" in result.problem or KEY in str(result) else ""
    said = {name: result.data.get(name) for name in WANTED}
    return f"another reply: {said} {result.warning}" if odd.good and said != WANTED else ""


def test_odd_replies_break_nothing(capfd: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture) -> None:
    current: list[Odd] = []
    settings = Settings(retries=0, timeout_seconds=20.0)
    found: list[str] = []

    def answer(_: Request) -> object:
        return current[-1].raw

    with OpenAIServer(answer=answer, models=["m"]) as server:  # type: ignore[arg-type]
        chat = make_chat_model(settings, base_url=server.base_url, api_key=KEY, model="m")
        for seed in range(NUMBER):
            current.append(odd_reply(seed))
            wrong = fault(current[-1], outcome(chat, seed))
            if wrong:
                found.append(f"{seed} {current[-1].traits}: {wrong[:300]}")
    good = sum(odd.good for odd in current)
    assert not found, f"{len(found)} of {NUMBER} ({good} good)\n" + "\n".join(found)
    assert good > NUMBER / 3
    assert sum(odd.told == WORDS for odd in current) > NUMBER / 10
    assert "".join(capfd.readouterr()) == ""
    assert [record for record in caplog.records if record.levelno >= logging.WARNING] == []
