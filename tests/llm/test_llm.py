"""The chat client against a real server that behaves well and badly."""

import asyncio
import json
import socket
from collections.abc import Callable
from contextlib import aclosing, closing
from typing import Any

import pytest
from langchain_core.exceptions import ModelAPIError, ModelRateLimitError, ModelTimeoutError
from langchain_core.language_models.fake_chat_models import GenericFakeChatModel
from langchain_core.messages import AIMessage, BaseMessage, HumanMessage, SystemMessage

from assistant.llm.client import astream_reply, make_chat_model, only_model, stream_reply
from assistant.llm.reply_json import ReplyPart, Usage
from assistant.settings import Settings
from index.errors import (
    AssistantError,
    AuthenticationError,
    ContextOverflowError,
    RateLimitError,
    ReplyError,
    ServiceError,
    ServiceTimeoutError,
    SettingError,
    UnknownModelError,
    UnreachableError,
)
from tests.openai_server import OpenAIServer, Plain, Reply, Silence, Streamed, failure

KEY = "sk-secret-0123456789"
SCHEMA: dict[str, Any] = {
    "type": "object",
    "properties": {
        "claims": {
            "type": "array",
            "items": {
                "type": "object",
                "properties": {"labels": {"type": "array", "items": {"type": "string"}}, "text": {"type": "string"}},
                "required": ["labels", "text"],
                "additionalProperties": False,
            },
        }
    },
    "required": ["claims"],
    "additionalProperties": False,
}
MESSAGES: list[BaseMessage] = [SystemMessage("Answer from the evidence."), HumanMessage("Who won?")]
ANSWER: dict[str, Any] = {
    "claims": [{"labels": ["S1"], "text": "The Reds won."}, {"labels": ["S2", "S12"], "text": "It rained."}]
}
TEXT = json.dumps(ANSWER)
PIECES = [TEXT[start : start + 7] for start in range(0, len(TEXT), 7)]
USAGE = {
    "prompt_tokens": 300,
    "completion_tokens": 9,
    "total_tokens": 309,
    "prompt_tokens_details": {"cached_tokens": 32},
}
GOOD = Streamed(PIECES, usage=USAGE)

Ask = Callable[..., list[ReplyPart]]


def model_of(base_url: str, *, model: str = "m", api_key: str | None = KEY, **settings: Any) -> Any:
    return make_chat_model(
        Settings(**{"retries": 0, "timeout_seconds": 5.0, **settings}), base_url=base_url, api_key=api_key, model=model
    )


def parts_in_sync(chat: Any, messages: list[BaseMessage], max_tokens: int) -> list[ReplyPart]:
    return list(stream_reply(chat, messages, SCHEMA, max_tokens))


def parts_in_async(chat: Any, messages: list[BaseMessage], max_tokens: int) -> list[ReplyPart]:
    async def collect() -> list[ReplyPart]:
        return [part async for part in astream_reply(chat, messages, SCHEMA, max_tokens)]

    return asyncio.run(collect())


@pytest.fixture(params=[parts_in_sync, parts_in_async])
def ask(request: pytest.FixtureRequest) -> Ask:
    """Asks a server (or a chat model); every test runs both ways."""

    def ask(target: Any, messages: list[BaseMessage] = MESSAGES, max_tokens: int = 99, **settings: Any) -> Any:
        chat = model_of(target.base_url, **settings) if isinstance(target, OpenAIServer) else target
        return request.param(chat, messages, max_tokens)

    return ask


def error_of(ask: Ask, *replies: Reply, models: list[str] | None = None, **settings: Any) -> tuple[ServiceError, int]:
    """The error that a scripted server causes, and how many requests it got."""
    with OpenAIServer(*replies, models=models) as server:
        with pytest.raises(ServiceError) as caught:
            ask(server, **settings)
        assert server.base_url in caught.value.problem or not models
    for text in (str(caught.value), repr(caught.value)):
        assert KEY not in text
    assert "\n" not in caught.value.problem
    assert "\n" not in caught.value.remedy
    return caught.value, len(server.requests)


# What arrives


def test_stream_the_object_as_it_grows_and_end_with_the_whole(ask: Ask) -> None:
    pieces = ['{"claims": [{"labels": ["S1"], "text": "The', ' Reds won."}, {"labels": ["S2", "S1']
    with OpenAIServer(Streamed([*pieces, TEXT.removeprefix("".join(pieces))], usage=USAGE)) as server:
        parts = ask(server)
    assert parts[-1] == ReplyPart(ANSWER, done=True, usage=Usage(300, 9, 32, calls=1))
    first = ANSWER["claims"][0]
    assert [part.data for part in parts[:-1]] == [
        {"claims": [{**first, "text": "The"}]},
        {"claims": [first, {"labels": ["S2", "S1"]}]},
        ANSWER,
    ]
    assert not any(part.done or part.usage for part in parts[:-1])


def test_both_ways_of_streaming_yield_the_same_parts() -> None:
    script = (Streamed(["no ", "JSON"]), Streamed(["<think>{}", "</think>", *PIECES], usage=USAGE))
    with OpenAIServer(*script) as one, OpenAIServer(*script) as other:
        sync = parts_in_sync(model_of(one.base_url), MESSAGES, 99)
        assert sync == parts_in_async(model_of(other.base_url), MESSAGES, 99)
    assert [request.body for request in one.requests] == [request.body for request in other.requests]


def test_send_the_schema_the_limit_and_the_settings(ask: Ask) -> None:
    with OpenAIServer(GOOD) as server:
        ask(server, max_tokens=77, seed=5, temperature=0.5)
    body = server.requests[0].body
    assert body["response_format"]["json_schema"] == {"name": "answer", "schema": SCHEMA, "strict": True}
    assert (body["max_tokens"], body["seed"], body["temperature"]) == (77, 5, 0.5)
    assert body["stream_options"] == {"include_usage": True}
    assert server.requests[0].headers["authorization"] == f"Bearer {KEY}"


def test_ask_openai_itself_with_its_own_name_for_the_limit() -> None:
    chat: Any = make_chat_model(Settings(), base_url=None, api_key=KEY, model="gpt-4.1-mini")
    payload = chat._get_request_payload(MESSAGES, max_tokens=5)
    assert payload["max_completion_tokens"] == 5
    assert "max_tokens" not in payload


def test_refuse_to_ask_openai_without_a_key() -> None:
    with pytest.raises(AuthenticationError, match="OPENAI_API_KEY"):
        make_chat_model(Settings(), base_url=None, api_key=None, model="gpt-4.1-mini")


def test_a_model_serves_several_event_loops() -> None:
    with OpenAIServer(GOOD) as server:
        chat = model_of(server.base_url)
        assert parts_in_async(chat, MESSAGES, 9) == parts_in_async(chat, MESSAGES, 9)


@pytest.mark.parametrize(
    "pieces",
    [
        ["<think>Is it {this}?\n</think>\n", *PIECES],
        ["Is it ", "{this}?</think>", *PIECES],
        ["```json\n", *PIECES, "\n```"],
        ["Here you are: ", *PIECES, " I hope that {this} helps."],
    ],
    ids=["think", "think without a start", "fence", "prose"],
)
def test_find_the_object_among_other_words(ask: Ask, pieces: list[str]) -> None:
    with OpenAIServer(Streamed(pieces)) as server:
        assert ask(server)[-1] == ReplyPart(ANSWER, done=True, usage=Usage(None, None, None, calls=1))


def test_any_langchain_model_answers(ask: Ask) -> None:
    chat = GenericFakeChatModel(messages=iter([AIMessage(f"```json\n{TEXT}\n```")]))
    parts = ask(chat)
    assert len(parts) > 2
    assert parts[-1] == ReplyPart(ANSWER, done=True, usage=Usage(None, None, None, calls=1))


# Replies cut short


@pytest.mark.parametrize("refusals", [[], [failure(400, "No response_format")]], ids=["enforced", "in words"])
def test_a_cut_reply_keeps_its_complete_items(ask: Ask, refusals: list[Reply]) -> None:
    cut = TEXT[: TEXT.index("S12")]
    with OpenAIServer(*refusals, Streamed([cut], finish="length", usage=USAGE)) as server:
        last = ask(server)[-1]
    assert last.truncated
    assert last.done
    assert last.data == {"claims": ANSWER["claims"][:1]}
    assert last.usage == Usage(300, 9, 32, calls=len(refusals) + 1)
    assert len(server.requests) == len(refusals) + 1


def test_a_reply_that_ends_at_the_limit_is_not_called_cut(ask: Ask) -> None:
    with OpenAIServer(Streamed([TEXT], finish="length")) as server:
        assert ask(server)[-1] == ReplyPart(ANSWER, done=True, usage=Usage(None, None, None, calls=1))


def test_a_reply_cut_before_the_first_item_is_an_error(ask: Ask) -> None:
    error, requests = error_of(ask, Streamed([TEXT[:20]], finish="length"), max_tokens=9)
    assert isinstance(error, ReplyError)
    assert "cut after 9 tokens" in error.problem
    assert requests == 1


def test_warn_when_the_server_read_less_than_it_was_sent(ask: Ask) -> None:
    long = [*MESSAGES, HumanMessage("A long story about nothing. " * 100)]
    with OpenAIServer(GOOD) as server:
        last = ask(server, long)[-1]
        assert "read only 300 of about" in last.warning
        assert ask(server)[-1].warning == ""


# Fallbacks


@pytest.mark.parametrize(
    ("status", "message"),
    [
        (400, "'response_format' of type 'json_schema' is not supported with this model"),
        (422, "Extra inputs are not permitted"),
        (500, "failed to parse grammar"),
    ],
)
def test_state_the_schema_in_words_when_the_server_refuses_it(ask: Ask, status: int, message: str) -> None:
    with OpenAIServer(failure(status, message), GOOD) as server:
        last = ask(server)[-1]
    assert last.data == ANSWER
    assert last.usage == Usage(300, 9, 32, calls=2)
    first, second = server.requests
    assert json.dumps(SCHEMA) not in first.prompt
    assert "response_format" not in second.body
    assert second.prompt.startswith("system: Answer from the evidence.\n\n")
    assert json.dumps(SCHEMA) in second.prompt


def test_rename_the_limit_for_models_that_want_it(ask: Ask) -> None:
    refused = failure(400, "Unsupported parameter: 'max_tokens'. Use 'max_completion_tokens' instead.")
    with OpenAIServer(refused, GOOD) as server:
        assert ask(server, max_tokens=7)[-1].data == ANSWER
    assert server.requests[0].body["max_tokens"] == 7
    assert server.requests[1].body["max_completion_tokens"] == 7
    assert "max_tokens" not in server.requests[1].body


def test_leave_out_a_temperature_that_the_model_refuses(ask: Ask) -> None:
    refused = failure(400, "Unsupported value: 'temperature' does not support 0.0", param="temperature")
    with OpenAIServer(refused, GOOD) as server:
        assert ask(server)[-1].data == ANSWER
    assert "temperature" not in server.requests[1].body
    assert "response_format" in server.requests[1].body


@pytest.mark.parametrize(
    ("reply", "told"),
    [
        ("The Reds won.", "no complete JSON object"),
        ('{"claims": [{"text": "The Reds won."}]}', "'labels' is a required property"),
        ("<think>Hm.</think>", "no complete JSON object"),
    ],
)
def test_tell_the_model_once_what_was_wrong(ask: Ask, reply: str, told: str) -> None:
    with OpenAIServer(Streamed([reply], usage=USAGE), GOOD) as server:
        last = ask(server)[-1]
    assert last == ReplyPart(ANSWER, done=True, usage=Usage(600, 18, 64, calls=2), attempt=2)
    assert told in server.requests[1].prompt
    assert f"assistant: {reply.removeprefix('<think>Hm.</think>') or '(nothing)'}" in server.requests[1].prompt


def test_give_up_after_the_second_unusable_reply(ask: Ask) -> None:
    error, requests = error_of(ask, Streamed(["The Reds won."]))
    assert isinstance(error, ReplyError)
    assert "did not reply in the form asked for" in error.problem
    assert requests == 2


def test_a_refusal_is_an_error_and_not_an_empty_answer(ask: Ask) -> None:
    error, requests = error_of(ask, Streamed(refusal="I can't help with that."))
    assert isinstance(error, ReplyError)
    assert "refused to answer: I can't help with that." in error.problem
    assert requests == 1


# Failures


def quota(status: int = 429) -> Plain:
    return failure(status, "You exceeded your current quota", code="insufficient_quota")


@pytest.mark.parametrize(
    ("reply", "kind", "problem", "remedy", "requests"),
    [
        (
            failure(401, f"Incorrect API key provided: {KEY}"),
            AuthenticationError,
            "did not accept",
            "OPENAI_API_KEY",
            1,
        ),
        (failure(403, f"{KEY} may not"), AuthenticationError, "… may not", "ASSISTANT_MODEL", 1),
        (failure(429, "Slow down"), RateLimitError, "too many requests: ", "Wait", 3),
        (quota(), RateLimitError, "quota", "waiting does not help", 3),
        (failure(503, "Overloaded"), ServiceError, "(HTTP 503)", "Try again later", 3),
        (failure(418, "Short and stout"), ServiceError, "(HTTP 418): ", "", 1),
        (
            failure(400, "maximum context length is 9", code="context_length_exceeded"),
            ContextOverflowError,
            "longer",
            "_TOKENS",
            1,
        ),
        (failure(404, "Not Found"), ServiceError, "no such service", "/v1", 1),
        (Plain(200, "<html>Welcome</html>"), ReplyError, "not a reply of the OpenAI protocol", "OPENAI_BASE_URL", 1),
        (Plain(200, {"object": "chat.completion"}), ReplyError, "not a reply of the OpenAI", "OPENAI_BASE_URL", 1),
        (Streamed(PIECES[:3], error={"message": "GPU lost"}), ServiceError, "GPU lost", "", 1),
        (Streamed(PIECES[:3], error={"message": "GPU lost", "code": 500}), ServiceError, "(HTTP 500)", "", 1),
        (Streamed(PIECES[:3], cut=True), UnreachableError, "connection failed", "Try again", 1),
        (Streamed(PIECES[:3], finish="content_filter"), ReplyError, "content filter", "", 1),
    ],
)
def test_each_failure_has_its_error(
    ask: Ask, reply: Reply, kind: type[ServiceError], problem: str, remedy: str, requests: int
) -> None:
    error, asked = error_of(ask, reply, retries=2)
    assert type(error) is kind
    assert problem in error.problem
    assert remedy in error.remedy
    assert asked == requests


@pytest.mark.parametrize("reply", [Silence(), Streamed(PIECES[:3], hang=True)], ids=["before", "in the middle"])
def test_a_silent_server_is_given_up_after_the_time_out(ask: Ask, reply: Reply) -> None:
    error, _ = error_of(ask, reply, timeout_seconds=0.2)
    assert type(error) is ServiceTimeoutError
    assert "within 0.2 seconds" in error.problem


def test_an_unknown_model_is_answered_with_those_there_are(ask: Ask) -> None:
    unknown = failure(404, "The model `m` does not exist", code="model_not_found")
    error, _ = error_of(ask, unknown, models=[f"m{number}" for number in range(7)])
    assert type(error) is UnknownModelError
    assert "'m'" in error.problem
    assert error.remedy == "Set ASSISTANT_MODEL to one of: m0, m1, m2, m3, m4 or one of 2 others."
    error, _ = error_of(ask, unknown)
    assert error.remedy == "Set ASSISTANT_MODEL to a model that it has."


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def test_a_server_that_is_not_there_is_unreachable(ask: Ask) -> None:
    with pytest.raises(UnreachableError, match="nothing listens there"):
        ask(model_of(f"http://127.0.0.1:{free_port()}/v1"))


def test_a_server_without_encryption_is_told_apart(ask: Ask) -> None:
    with OpenAIServer(GOOD) as server, pytest.raises(UnreachableError, match="no trusted encrypted connection"):
        ask(model_of(server.base_url.replace("http:", "https:")))


def test_a_host_that_does_not_exist_is_named(ask: Ask) -> None:
    with pytest.raises(UnreachableError, match=r"there is no host 'no-such-host\.invalid'"):
        ask(model_of("http://user:password@no-such-host.invalid/v1"))


def test_addresses_are_shown_without_passwords(ask: Ask) -> None:
    with pytest.raises(UnreachableError) as caught:
        ask(model_of(f"http://user:password@127.0.0.1:{free_port()}/v1?key=abc"))
    assert "password" not in str(caught.value)
    assert "abc" not in str(caught.value)


def test_errors_of_a_strange_model_pass_unchanged(ask: Ask) -> None:
    class Broken(GenericFakeChatModel):
        def _generate(self, *args: Any, **kwargs: Any) -> Any:
            raise ValueError("a fault of its own")

    with pytest.raises(ValueError, match="a fault of its own"):
        ask(Broken(messages=iter([])))


@pytest.mark.parametrize(
    ("raised", "kind"),
    [
        (ModelRateLimitError, RateLimitError),
        (ModelTimeoutError, ServiceTimeoutError),
        (ModelAPIError, ServiceError),
    ],
)
def test_errors_of_other_providers_become_ours(ask: Ask, raised: type[Exception], kind: type[ServiceError]) -> None:
    class Failing(GenericFakeChatModel):
        def _generate(self, *args: Any, **kwargs: Any) -> Any:
            raise raised("no luck\ntoday")

    with pytest.raises(kind, match="Failing failed: no luck today"):
        ask(Failing(messages=iter([])))


# What leaves the machine


@pytest.mark.parametrize("variable", ["LANGSMITH_TRACING", "LANGCHAIN_TRACING_V2"])
def test_nothing_is_sent_to_langsmith(ask: Ask, monkeypatch: pytest.MonkeyPatch, variable: str) -> None:
    from langchain_core.tracers.langchain import wait_for_all_tracers
    from langsmith import utils

    get_env_var: Any = utils.get_env_var
    with OpenAIServer(GOOD) as server, OpenAIServer(Plain(200)) as langsmith:
        monkeypatch.setenv(variable, "true")
        monkeypatch.setenv("LANGSMITH_ENDPOINT", langsmith.base_url)
        monkeypatch.setenv("LANGSMITH_API_KEY", "lsv2_x")
        get_env_var.cache_clear()
        try:
            assert ask(server)[-1].done
            wait_for_all_tracers()
        finally:
            get_env_var.cache_clear()
    assert langsmith.requests == []


def test_a_server_on_this_machine_is_asked_directly(ask: Ask, monkeypatch: pytest.MonkeyPatch) -> None:
    with OpenAIServer(GOOD) as server:
        for variable in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "OPENAI_PROXY"):
            monkeypatch.setenv(variable, f"http://127.0.0.1:{free_port()}")
        assert ask(server)[-1].data == ANSWER


def stop_early_in_sync(chat: Any, server: OpenAIServer) -> bool:
    with closing(stream_reply(chat, MESSAGES, SCHEMA, 9)) as parts:
        assert not next(parts).done
    return server.hung_up.wait(timeout=10)


def stop_early_in_async(chat: Any, server: OpenAIServer) -> bool:
    async def stop() -> bool:
        async with aclosing(astream_reply(chat, MESSAGES, SCHEMA, 9)) as parts:
            assert not (await anext(parts)).done
        # LangChain's inner generators are closed by the event loop, in its own time: it has to go on running.
        return await asyncio.to_thread(server.hung_up.wait, 10)

    return asyncio.run(stop())


# Passes by itself and fails in a long run: the connection stays open until something else lets go of it.
@pytest.mark.xfail(reason="hanging up is not yet prompt in a process that has done much before", strict=False)
@pytest.mark.parametrize("stop_early", [stop_early_in_sync, stop_early_in_async])
def test_stopping_early_hangs_up_so_that_the_server_stops_writing(
    stop_early: Callable[[Any, OpenAIServer], bool],
) -> None:
    with OpenAIServer(Streamed(PIECES, hang=True)) as server:
        assert stop_early(model_of(server.base_url), server)


# The only model


def test_take_the_only_model_of_a_server() -> None:
    with OpenAIServer(models=["one"]) as server:
        assert only_model(server.base_url, None, 5.0) == "one"


@pytest.mark.parametrize(("models", "problem", "remedy"), [([], "no model", "that it has"), (["a", "b"], "2 ", "a, b")])
def test_ask_which_model_when_a_server_has_not_just_one(models: list[str], problem: str, remedy: str) -> None:
    with OpenAIServer(models=models) as server, pytest.raises(SettingError) as caught:
        only_model(server.base_url, KEY, 5.0)
    assert problem in caught.value.problem
    assert remedy in caught.value.remedy
    assert caught.value.exit_status == 2


def test_say_when_a_server_does_not_list_its_models() -> None:
    with OpenAIServer() as server, pytest.raises(AssistantError, match="no such service"):
        only_model(server.base_url, KEY, 5.0)
