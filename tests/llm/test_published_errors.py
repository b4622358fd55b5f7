"""Errors as OpenAI, Ollama, vLLM and llama.cpp send them: each becomes ours, and the server's words reach the user."""

from typing import Any

import pytest
from langchain_core.messages import HumanMessage

from assistant.llm.client import make_chat_model, stream_reply
from assistant.settings import Settings
from index.errors import AuthenticationError, ContextOverflowError, RateLimitError, ServiceError, UnknownModelError
from tests.odd_replies import SCHEMA
from tests.openai_server import OpenAIServer, Plain

KEY = "sk-secret-0123456789"
LONGER = "the prompt is longer than"


def openai(message: str, code: str | None, kind: str = "invalid_request_error", param: str | None = None) -> Any:
    return {"error": {"message": message, "type": kind, "param": param, "code": code}}


def numbered(code: int, message: str, kind: str) -> Any:
    return {"error": {"code": code, "message": message, "type": kind}}


@pytest.mark.parametrize(
    ("status", "body", "kind", "words"),
    [
        # OpenAI
        (
            400,
            openai(
                "This model's maximum context length is 128000 tokens. However, your messages have 130000.",
                "context_length_exceeded",
                param="messages",
            ),
            ContextOverflowError,
            LONGER,
        ),
        (
            404,
            openai("The model `m` does not exist or you do not have access to it.", "model_not_found"),
            UnknownModelError,
            "does not exist or you do not have access",
        ),
        (
            401,
            openai("Incorrect API key provided: sk-secre*******6789. You can find yours online.", "invalid_api_key"),
            AuthenticationError,
            "Incorrect API key provided: … You can find",
        ),
        (
            429,
            openai(
                "Rate limit reached for m on tokens per min (TPM): Limit 200000, Used 199000, Requested 2000.",
                "rate_limit_exceeded",
                "tokens",
            ),
            RateLimitError,
            "Limit 200000, Used 199000",
        ),
        (
            429,
            openai("You exceeded your current quota.", "insufficient_quota", "insufficient_quota"),
            RateLimitError,
            "exceeded your current quota",
        ),
        (503, openai("The engine is currently overloaded", None, "server_error"), ServiceError, "currently overloaded"),
        (
            400,
            openai("Invalid schema for response_format 'answer': Missing 'S2'.", None, param="response_format"),
            ServiceError,
            "Missing 'S2'",
        ),
        # Ollama
        (404, openai("model 'm' not found", None, "not_found_error"), UnknownModelError, "model 'm' not found"),
        (400, openai("the input length exceeds the context length", None), ContextOverflowError, LONGER),
        (401, {"error": "unauthorized"}, AuthenticationError, "unauthorized"),
        (429, {"error": "you have reached your weekly usage limit"}, RateLimitError, "weekly usage limit"),
        (
            503,
            {"error": "server busy, please try again.  maximum pending requests exceeded"},
            ServiceError,
            "maximum pending requests exceeded",
        ),
        (
            500,
            openai("model requires more system memory (5.6 GiB) than is available (3.1 GiB)", None, "api_error"),
            ServiceError,
            "more system memory (5.6 GiB)",
        ),
        (400, {"error": "invalid JSON schema in format"}, ServiceError, "invalid JSON schema in format"),
        # vLLM
        (
            400,
            {
                "object": "error",
                "message": "This model's maximum context length is 2048 tokens. However, you requested 2148 tokens.",
                "type": "BadRequestError",
                "param": None,
                "code": 400,
            },
            ContextOverflowError,
            LONGER,
        ),
        (404, numbered(404, "The model `m` does not exist.", "NotFoundError"), UnknownModelError, "does not exist"),
        (401, {"error": "Unauthorized"}, AuthenticationError, "Unauthorized"),
        (
            400,
            numbered(400, "The provided JSON schema contains features not supported by xgrammar.", "BadRequestError"),
            ServiceError,
            "not supported by xgrammar",
        ),
        # llama.cpp
        (
            400,
            numbered(400, "request (5000 tokens) exceeds the available context size", "exceed_context_size_error"),
            ContextOverflowError,
            LONGER,
        ),
        (404, numbered(404, "model 'm' not found", "not_found_error"), UnknownModelError, "model 'm' not found"),
        (401, numbered(401, "Invalid API Key", "authentication_error"), AuthenticationError, "Invalid API Key"),
        (503, numbered(503, "Loading model", "unavailable_error"), ServiceError, "Loading model"),
        (
            400,
            numbered(400, "Failed to initialize samplers: failed to parse grammar", "invalid_request_error"),
            ServiceError,
            "failed to parse grammar",
        ),
    ],
)
def test_the_servers_words_reach_the_user(status: int, body: Any, kind: type[ServiceError], words: str) -> None:
    with OpenAIServer(Plain(status, body), models=["n"]) as server:
        chat = make_chat_model(Settings(retries=0), base_url=server.base_url, api_key=KEY, model="m")
        with pytest.raises(ServiceError) as caught:
            list(stream_reply(chat, [HumanMessage("?")], SCHEMA, 9))
    assert type(caught.value) is kind
    assert words in caught.value.problem
    assert "\n" not in caught.value.problem
    told = body["error"]["message"] if isinstance(body.get("error"), dict) else body.get("error") or body["message"]
    assert " ".join(told.split()[-3:]) in caught.value.problem
    if kind is UnknownModelError:
        assert caught.value.remedy == "Set ASSISTANT_MODEL to one of: n."
