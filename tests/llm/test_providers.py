"""Chat models of other providers, by name; the package that asks them is not installed where the tests run."""

import subprocess
import sys
from typing import Any

import pytest
from langchain_core.language_models.fake_chat_models import GenericFakeChatModel
from langchain_core.messages import AIMessage, HumanMessage

from assistant.llm.client import make_chat_model, stream_reply
from assistant.llm.providers import MARK, make_provider_model, names_provider, split_name
from assistant.settings import Settings
from index.errors import (
    AuthenticationError,
    RateLimitError,
    ServiceError,
    ServiceTimeoutError,
    SettingError,
    UnreachableError,
)
from tests.odd_replies import SCHEMA

KEY = "sk-secret-0123456789"


@pytest.mark.parametrize(
    ("model", "base_url", "parts"),
    [
        ("anthropic:claude-haiku-4-5", None, ("anthropic", "claude-haiku-4-5")),
        ("google-genai:gemini-x", None, ("google_genai", "gemini-x")),
        ("ollama:qwen2.5:7b", None, ("ollama", "qwen2.5:7b")),
        ("qwen2.5:7b", "http://127.0.0.1:11434/v1", ("", "qwen2.5:7b")),
        ("ollama:qwen2.5:7b", "http://127.0.0.1:11434/v1", ("", "ollama:qwen2.5:7b")),
        ("ft:gpt-6-luna:us::id", None, ("", "ft:gpt-6-luna:us::id")),
        ("openai:gpt-6-luna", None, ("openai", "gpt-6-luna")),
        ("anthropic:", None, ("", "anthropic:")),
        ("local", None, ("", "local")),
    ],
)
def test_a_provider_is_named_only_where_no_server_is(model: str, base_url: str | None, parts: tuple[str, str]) -> None:
    assert split_name(model, base_url) == parts
    settings = Settings(model=model, base_url=base_url)
    assert names_provider(settings) == (parts[0] not in {"", "openai"})


def test_the_packages_that_are_missing_are_named_in_one_line() -> None:
    with pytest.raises(SettingError) as caught:
        make_chat_model(Settings(), base_url=None, api_key=KEY, model="anthropic:claude-haiku-4-5")
    needed = "ASSISTANT_MODEL=anthropic:claude-haiku-4-5 needs langchain and langchain-anthropic, not installed here"
    assert caught.value.problem == needed
    assert caught.value.remedy == "Install what is missing: pip install langchain langchain-anthropic"
    with pytest.raises(SettingError, match="needs langchain, not installed here"):
        make_provider_model(Settings(), "azure_openai", "m")


def test_openai_by_its_prefix_is_plain_openai() -> None:
    chat: Any = make_chat_model(Settings(), base_url=None, api_key=KEY, model="openai:gpt-6-luna")
    assert (chat.model_name, chat.openai_api_base) == ("gpt-6-luna", "https://api.openai.com/v1")


def test_plain_openai_does_not_import_langchain() -> None:
    program = (
        "import sys; from assistant.settings import Settings; from assistant.llm.client import make_chat_model;"
        f"make_chat_model(Settings(), base_url=None, api_key={KEY!r}, model='gpt-6-luna');"
        "sys.exit('langchain' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0


class RefusedError(Exception):
    """What a provider's package raises."""

    def __init__(self, status: int, words: str) -> None:
        super().__init__(words)
        self.status_code = status


class Provided(GenericFakeChatModel):
    """A model as a provider's package makes it, that fails so long as it has a temperature."""

    temperature: float | None = None
    error: Any = None

    def _generate(self, *args: Any, **kwargs: Any) -> Any:
        if self.error is not None and (self.temperature is not None or "temperature" not in str(self.error)):
            raise self.error
        return super()._generate(*args, **kwargs)


def provided(error: Exception, **fields: Any) -> Provided:
    replies = iter([AIMessage('{"S1": "a", "S2": "b"}')])
    return Provided(messages=replies, metadata={MARK: "anthropic"}, error=error, **fields)


@pytest.mark.parametrize(
    ("error", "kind", "words"),
    [
        (RefusedError(401, "invalid x-api-key"), AuthenticationError, "anthropic failed: invalid x-api-key"),
        (RefusedError(429, "slow down"), RateLimitError, "slow down"),
        (RefusedError(529, "Overloaded"), ServiceError, "Overloaded"),
        (TimeoutError("too slow"), ServiceTimeoutError, "too slow"),
        (ConnectionRefusedError("nobody there"), UnreachableError, "nobody there"),
        (TypeError("no way to authenticate"), ServiceError, "no way to authenticate"),
    ],
)
def test_what_a_providers_package_raises_becomes_ours(error: Exception, kind: type[ServiceError], words: str) -> None:
    with pytest.raises(kind) as caught:
        list(stream_reply(provided(error), [HumanMessage("?")], SCHEMA, 9))
    assert words in caught.value.problem
    assert type(caught.value) is kind


def test_a_temperature_that_a_provider_refuses_is_left_out() -> None:
    chat = provided(RefusedError(400, "`temperature` is deprecated for this model."), temperature=0.0)
    *_, last = stream_reply(chat, [HumanMessage("?")], SCHEMA, 9)
    assert last.data == {"S1": "a", "S2": "b"}
    assert last.usage is not None
    assert last.usage.calls == 2
