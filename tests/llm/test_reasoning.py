"""Models that think before they reply, addresses of Azure, and servers that ask to wait."""

import json
import threading
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from langchain_core.messages import HumanMessage, SystemMessage

from assistant.llm.client import make_chat_model, stream_reply
from assistant.llm.parameters import MORE_ROOM, ROOM
from assistant.settings import DEFAULT_OPENAI_MODEL, Settings
from index.embed.openai_client import open_client
from index.embed.openai_errors import Service
from index.errors import ReplyError, ServiceError
from tests.odd_replies import SCHEMA, WANTED
from tests.openai_server import OpenAIServer, Plain, Raw, Reply, Request, Streamed, failure

KEY = "sk-secret-0123456789"
GOOD = Streamed(['{"S1": "', WANTED["S1"], '", "S2": "', WANTED["S2"], '"}'])
OVERFLOW = failure(400, "This model's maximum context length is 4096 tokens", code="context_length_exceeded")


def model_of(base_url: str | None, model: str = "m", **settings: Any) -> Any:
    return make_chat_model(Settings(**{"retries": 0, **settings}), base_url=base_url, api_key=KEY, model=model)


def asked(*replies: Reply, model: str = "m", question: str = "?", **settings: Any) -> tuple[Any, list[Request]]:
    """The last part of an answer, and the requests that it took."""
    with OpenAIServer(*replies) as server:
        prompt = [SystemMessage("Answer."), HumanMessage(question)]
        *_, last = stream_reply(model_of(server.base_url, model, **settings), prompt, SCHEMA, 99)
    return last, server.requests


def thoughts(text: str, finish: str) -> Raw:
    """Thoughts in a field of their own, and no reply."""
    event = Streamed._event([{"index": 0, "delta": {"reasoning_content": text}, "finish_reason": finish}])
    return Raw([f"data: {json.dumps(event)}\n\ndata: [DONE]\n\n".encode()])


# Parameters


def test_the_default_model_is_asked_not_to_think_and_to_repeat_itself() -> None:
    payload = model_of(None, DEFAULT_OPENAI_MODEL)._get_request_payload([HumanMessage("?")], max_tokens=9)
    assert (payload["reasoning_effort"], payload["temperature"], payload["seed"]) == ("none", 0.0, 0)
    assert payload["max_completion_tokens"] == 9


@pytest.mark.parametrize("model", ["o4-mini", "gpt-5.4-nano", "openai/gpt-6-astra"])
def test_a_model_of_openai_that_thinks_takes_no_temperature_and_gets_room(model: str) -> None:
    _, (request,) = asked(GOOD, model=model, reasoning_effort="low")
    assert request.body["max_completion_tokens"] == 99 + ROOM
    assert request.body["reasoning_effort"] == "low"
    assert not {"temperature", "max_tokens"} & request.body.keys()


@pytest.mark.parametrize("model", ["deepseek-r1:8b", "Qwen/QwQ-32B", "qwen3:4b", "magistral-small", "gpt-oss:20b"])
def test_other_models_that_think_get_room_and_keep_their_temperature(model: str) -> None:
    _, (request,) = asked(GOOD, model=model)
    assert (request.body["max_tokens"], request.body["temperature"]) == (99 + ROOM, 0.0)
    assert "reasoning_effort" not in request.body


@pytest.mark.parametrize("model", ["llama-3.1-8b", "gpt-4.1-mini", "gpt-5-chat-latest", "mistral-r12"])
def test_a_model_that_does_not_think_gets_no_room(model: str) -> None:
    assert asked(GOOD, model=model)[1][0].body["max_tokens"] == 99


@pytest.mark.parametrize(
    "refused",
    [
        failure(400, "Unsupported parameter: 'reasoning_effort' is not supported", param="reasoning_effort"),
        failure(400, '"m" does not support thinking'),
        failure(400, "Unrecognized request argument supplied: reasoning_effort"),
    ],
)
def test_an_effort_that_the_server_refuses_is_left_out(refused: Reply) -> None:
    last, (_, second) = asked(refused, GOOD, reasoning_effort="none")
    assert last.data == WANTED
    assert "reasoning_effort" not in second.body
    assert second.body["temperature"] == 0.0


def test_a_name_for_the_limit_that_a_server_does_not_know_is_given_up() -> None:
    refused = failure(400, "Unrecognized request argument supplied: max_completion_tokens")
    _, (_, second) = asked(refused, GOOD, model="gpt-5.4-nano")
    assert second.body["max_tokens"] == 99 + ROOM


def test_room_that_goes_beyond_the_context_is_given_up() -> None:
    last, requests = asked(OVERFLOW, OVERFLOW, GOOD, model="qwen3:4b")
    assert last.data == WANTED
    assert [request.body["max_tokens"] for request in requests] == [99 + ROOM, 99 + ROOM // 4, 99]
    with pytest.raises(ServiceError, match="the prompt is longer than"):
        asked(OVERFLOW, model="qwen3:4b")


# Thoughts


@pytest.mark.parametrize(
    "cut",
    [
        thoughts('I think {"S1": "wrong"}', "length"),
        Streamed(['<think>maybe {"S1": "wrong", "S2": "x"} or'], finish="length"),
        Streamed([""], finish="length"),
    ],
    ids=["field", "tag", "hidden"],
)
@pytest.mark.parametrize(("model", "rooms"), [("m", (0, ROOM)), ("qwen3:4b", (ROOM, MORE_ROOM))])
def test_a_reply_cut_within_its_thoughts_is_asked_for_again_with_more_room(
    cut: Reply, model: str, rooms: tuple[int, int]
) -> None:
    last, requests = asked(cut, GOOD, model=model)
    assert last.data == WANTED
    assert [request.body["max_tokens"] for request in requests] == [99 + room for room in rooms]
    with pytest.raises(ReplyError, match="before anything usable"):
        asked(cut, cut, model=model)


def test_thoughts_without_a_mark_that_were_cut_are_no_reply() -> None:
    cut = Streamed(['The user wants {"S1": "wrong", "S2": "x"} perhaps'], finish="length")
    with pytest.raises(ReplyError, match="before anything usable"):
        asked(cut, cut, model="deepseek-r1")


def test_thoughts_in_a_field_of_their_own_are_no_reply() -> None:
    only = thoughts('I might say {"S1": "wrong", "S2": "x"}', "stop")
    last, requests = asked(only, GOOD)
    assert (last.data, last.attempt, len(requests)) == (WANTED, 2, 2)


# Caches and addresses


@pytest.mark.parametrize("before", [(), (failure(400, "no response_format"),)], ids=["enforced", "in words"])
def test_what_is_the_same_in_every_prompt_stands_first(before: tuple[Reply, ...]) -> None:
    one, other = (asked(*before, GOOD, question=question)[1][-1].prompt for question in ("Who won?", "When?"))
    assert one.startswith("system: Answer.")
    assert one.endswith("Who won?")
    assert one.removesuffix("Who won?") == other.removesuffix("When?")


def test_the_address_of_an_azure_deployment_keeps_its_query_and_has_its_header() -> None:
    with OpenAIServer(GOOD) as server:
        address = server.base_url.replace("/v1", "/openai/deployments/d?api-version=2024-10-21")
        *_, last = stream_reply(model_of(address), [HumanMessage("?")], SCHEMA, 99)
        with open_client(Service(address, "m", 5.0), KEY, 0) as client:
            client.embeddings.with_raw_response.create(model="m", input="x")
    assert last.data == WANTED
    paths = [request.path for request in server.requests]
    assert paths[0] == "/openai/deployments/d/chat/completions?api-version=2024-10-21"
    assert paths[1] == "/openai/deployments/d/embeddings?api-version=2024-10-21"
    assert [request.headers["api-key"] for request in server.requests] == [KEY, KEY]


def test_the_key_of_an_azure_deployment_follows_no_redirection() -> None:
    with OpenAIServer(GOOD) as other, OpenAIServer(Plain(307, {}, {"Location": f"{other.base_url}/x"})) as server:
        chat = model_of(server.base_url.replace("/v1", "/openai/deployments/d?api-version=1"))
        with pytest.raises(ServiceError, match="307"):
            list(stream_reply(chat, [HumanMessage("?")], SCHEMA, 99))
    assert other.requests == []


def test_servers_get_the_key_in_the_usual_header_alone() -> None:
    assert "api-key" not in asked(GOOD)[1][0].headers


# Rate limits


def test_parallel_questions_wait_as_long_as_the_server_says() -> None:
    workers, lock, refused = 4, threading.Lock(), [0]

    def limited(_: Request) -> Reply:
        with lock:
            refused[0] += 1
            return failure(429, "Rate limit reached") if refused[0] <= workers else GOOD

    with OpenAIServer(answer=limited) as server, ThreadPoolExecutor(workers) as pool:
        chat = model_of(server.base_url, retries=5)
        answers = list(pool.map(lambda _: [*stream_reply(chat, [HumanMessage("?")], SCHEMA, 9)][-1], range(12)))
    assert [answer.data for answer in answers] == [WANTED] * 12
    assert len(server.requests) == 12 + workers
