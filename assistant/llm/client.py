"""Makes chat clients and streams their replies; the only module that makes them.

Works with every LangChain chat model. OpenAI-compatible ones are asked to enforce the JSON schema; the others, and
servers that refuse, are told the schema in words. Whatever comes back is checked here.

Nothing but the chat server is contacted. LangChain would send every prompt to LangSmith when ``LANGSMITH_TRACING`` is
set in the environment, perhaps for another project: here that is switched off (`untraced`). Who wants traces passes
a callback handler to the chat model.
"""

import asyncio
import warnings
from collections.abc import AsyncGenerator, AsyncIterator, Generator, Iterator, Sequence
from contextlib import AbstractContextManager, aclosing, closing
from typing import TYPE_CHECKING, Any, cast
from urllib.parse import urlsplit

from assistant.llm.attempts import Exchange
from assistant.llm.http import http_clients
from assistant.llm.parameters import refuses_temperature
from assistant.llm.prices import UNKNOWN, Prices
from assistant.llm.providers import OPENAI, make_provider_model, split_name
from assistant.llm.reply_json import ReplyPart
from assistant.llm.service import chat_service
from assistant.settings import DEFAULT_OPENAI_MODEL, OPENAI_BASE_URL, Settings
from index.embed.openai_client import NO_KEY, address_options, model_names, open_client
from index.embed.openai_errors import Service, models_in_words, service_error
from index.errors import AuthenticationError, SettingError

if TYPE_CHECKING:
    from langchain_core.language_models import BaseChatModel
    from langchain_core.messages import BaseMessage


def make_chat_model(settings: Settings, *, base_url: str | None, api_key: str | None, model: str) -> "BaseChatModel":
    """A client for an OpenAI-compatible server, or for the provider that the model's name begins with.

    Nothing is sent yet.

    Args:
        settings: temperature, seed, reasoning effort, time-out and retries. The client itself backs off, and only after
            failed connections and HTTP 408, 409, 429 and 5xx.
        base_url: None is OpenAI itself, or the provider.
        api_key: None for servers that want none; never given to another provider.
        model: name of the model at the server; without an address also ``provider:name``.

    Raises:
        AuthenticationError: OpenAI itself is asked without a key.
        SettingError: the provider's package is not installed, or wants something else.
    """
    provider, model = split_name(model, base_url)
    if provider not in {"", OPENAI}:
        return make_provider_model(settings, provider, model)
    from langchain_openai import ChatOpenAI
    from langchain_openai.chat_models.base import BaseChatOpenAI

    # It warns callers about a way of its own to ask for a schema when a server refuses ours.
    warnings.filterwarnings("ignore", message=r"(This model does not support|Invalid schema for) OpenAI's structured")
    address = base_url or OPENAI_BASE_URL
    if base_url is None and not api_key:
        raise AuthenticationError(f"{address} needs an API key", "Set OPENAI_API_KEY, or ASSISTANT_MODEL=local.")
    # ChatOpenAI renames max_tokens to max_completion_tokens, which OpenAI wants and many other servers ignore.
    kind = ChatOpenAI if (urlsplit(address).hostname or "").endswith(".openai.com") else BaseChatOpenAI
    # The default model phrases a sentence, for which it needs no thoughts; without them it takes a temperature.
    effort = settings.reasoning_effort or ("none" if model == DEFAULT_OPENAI_MODEL else None)
    return kind(
        model=model,
        **address_options(address, api_key),
        api_key=cast(Any, api_key or NO_KEY),
        temperature=None if refuses_temperature(model, effort) else settings.temperature,
        reasoning_effort=effort,
        seed=settings.seed,
        timeout=settings.timeout_seconds,
        max_retries=settings.retries,
        stream_usage=True,
        # The HTTP client's time-out holds for both ways; this one would hold for async streams only.
        stream_chunk_timeout=None,
        **http_clients(address),
    )


def only_model(base_url: str, api_key: str | None, timeout: float) -> str:
    """Name of the one model that a server offers.

    Raises:
        SettingError: it offers none or several; names them.
        ServiceError: it cannot be asked.
    """
    names = offered_models(base_url, api_key, timeout)
    if len(names) == 1:
        return names[0]
    several = f"offers {len(names)} models" if names else "offers no model"
    shown = Service(base_url, "", timeout).shown
    raise SettingError(f"{shown} {several}", f"Set ASSISTANT_MODEL to {models_in_words(names)}.")


def offered_models(base_url: str, api_key: str | None, timeout: float) -> tuple[str, ...]:
    """Names of the models that a server offers, in its order.

    Raises:
        ServiceError: it cannot be asked.
    """
    import openai

    service = chat_service(base_url, "", timeout, secrets=(api_key,) if api_key else ())
    try:
        with open_client(service, api_key, retries=0) as client:
            return model_names(client)
    except (openai.OpenAIError, ValueError) as error:
        raise service_error(error, service) from error


def stream_reply(
    chat: "BaseChatModel",
    messages: Sequence["BaseMessage"],
    schema: dict[str, Any],
    max_tokens: int,
    prices: Prices = UNKNOWN,
) -> Generator[ReplyPart, None, None]:
    """Ask for a JSON object and yield it as it grows; the last part is ``done`` and checked against the schema.

    Args:
        chat: any LangChain chat model.
        messages: the prompt.
        schema: JSON Schema of the reply; an object. Servers that enforce it want ``additionalProperties: false`` and
            every property required.
        max_tokens: most tokens the model may write; ignored by models that are not OpenAI-compatible.
        prices: what chat models cost.

    Raises:
        ServiceError: a subclass for each way in which a server can fail; `ReplyError` when the model refuses, or when
            its second reply is unusable too.
    """
    exchange = Exchange(chat, messages, schema, max_tokens, prices)
    while not exchange.over:
        model, prompt = exchange.start()
        try:
            with closing(cast("Generator[Any, None, None]", model.stream(prompt))) as chunks:
                for chunk in _untraced_steps(chunks):
                    if part := exchange.read(chunk):
                        yield part
        except Exception as error:  # every LangChain model raises its own kinds; `fail` passes strange ones on
            exchange.fail(error)
        if part := exchange.finish():
            yield part


async def astream_reply(
    chat: "BaseChatModel",
    messages: Sequence["BaseMessage"],
    schema: dict[str, Any],
    max_tokens: int,
    prices: Prices = UNKNOWN,
) -> AsyncGenerator[ReplyPart, None]:
    """The same as `stream_reply` for asynchronous callers: same parts, same errors."""
    exchange = Exchange(chat, messages, schema, max_tokens, prices)
    while not exchange.over:
        model, prompt = exchange.start()
        try:
            async with aclosing(cast("AsyncGenerator[Any, None]", model.astream(prompt))) as chunks:
                async for chunk in _untraced_async_steps(chunks):
                    if part := exchange.read(chunk):
                        yield part
        except Exception as error:  # as in stream_reply
            # In a thread: naming the server's models for the message takes a request.
            await asyncio.to_thread(exchange.fail, error)
        if part := exchange.finish():
            yield part


def untraced() -> AbstractContextManager[None]:
    """Keeps LangChain from sending what happens inside to LangSmith, whatever the environment says."""
    from langsmith.run_helpers import tracing_context

    return cast("AbstractContextManager[None]", tracing_context(enabled=False))


def _untraced_steps(chunks: Iterator[Any]) -> Iterator[Any]:
    # Step by step, because a context held across a yield would leak into the caller's own code.
    end = object()
    while True:
        with untraced():
            chunk = next(chunks, end)
        if chunk is end:
            return
        yield chunk


async def _untraced_async_steps(chunks: AsyncIterator[Any]) -> AsyncIterator[Any]:
    end = object()
    while True:
        with untraced():
            chunk = await anext(chunks, end)
        if chunk is end:
            return
        yield chunk
