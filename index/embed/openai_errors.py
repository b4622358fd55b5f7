"""Turns errors of OpenAI-compatible servers into our errors, with a problem and a remedy for people.

The one place that knows the exceptions of the ``openai`` client and of the HTTP library below it.
"""

import re
import socket
import ssl
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from http import HTTPStatus
from typing import TYPE_CHECKING
from urllib.parse import unquote, urlsplit

from index.embed.openai_words import Fault, fault_of
from index.errors import (
    AuthenticationError,
    ContextOverflowError,
    RateLimitError,
    ReplyError,
    ServiceError,
    ServiceTimeoutError,
    UnknownModelError,
    UnreachableError,
)

if TYPE_CHECKING:
    import openai

# Wordings of OpenAI, vLLM, llama.cpp, Ollama, LiteLLM and others for a prompt that is too long.
CONTEXT_WORDINGS = (
    *("context_length", "context length", "context window", "context size", "context limit", "max_model_len"),
    *("prompt is too long", "prompt too long", "input is too long", "input tokens exceed", "exceed_context_size"),
)
LONGEST_QUOTE = 200
MODELS_SHOWN = 5
HTTP_ERROR = re.compile(r"[45]\d\d")
KEY_HEAD, KEY_TAIL = 6, 4  # characters by which a part of a key is known
# Kinds of error that our own reading of a reply adds to those of servers.
NOT_A_REPLY, REFUSAL = "not_a_reply", "refusal"


@dataclass(frozen=True, slots=True)
class Service:
    """A server as error messages speak of it.

    Attributes:
        address: base URL; user name, password and query are left out of messages.
        model: the model that is asked for; empty when it does not matter.
        timeout_seconds: longest silence before the client gives up.
        secrets: texts that must never be shown, even when the server repeats them.
        address_setting, model_setting, key_setting, length_setting: what a person would change.
    """

    address: str
    model: str
    timeout_seconds: float | None = None
    secrets: tuple[str, ...] = field(default=(), repr=False)
    address_setting: str = "base_url"
    model_setting: str = "model"
    key_setting: str = "api_key"
    length_setting: str = "the length of the texts"

    @property
    def shown(self) -> str:
        """The address without anything secret."""
        return shown_address(self.address)

    @property
    def named(self) -> str:
        """The address and, where it is known, the model."""
        return f"{self.shown} (model {self.model})" if self.model else self.shown

    def quote(self, text: object) -> str:
        """The server's own words: one line, shortened, without secrets and what commands a terminal."""
        words = "".join(character if character.isprintable() else " " for character in str(text))
        words = " ".join(words.split())
        for secret in (*self.secrets, *_secrets_in(self.address)):
            words = words.replace(secret, "…")
        return words if len(words) <= LONGEST_QUOTE else f"{words[:LONGEST_QUOTE]}…"

    def quote_refusal_of_key(self, text: object) -> str:
        """The same without parts of keys, which servers like to repeat as ``sk-ab****wxyz``."""
        parts = {part for secret in self.secrets for part in (secret[:KEY_HEAD], secret[-KEY_TAIL:])}
        hidden = ("**", "...", "…", *parts)
        return " ".join("…" if any(part in word for part in hidden) else word for word in self.quote(text).split())


def shown_address(url: str) -> str:
    """A URL without user name, password, query and fragment, which may hold secrets."""
    plain = re.split("[?#]", url, maxsplit=1)[0]
    # Up to the last @, wherever a slash in the password or a missing scheme lets a parser see the host.
    scheme, slashes, rest = plain.partition("//") if "//" in plain else ("", "", plain)
    return f"{scheme}{slashes}{rest.rpartition('@')[2]}"


def _secrets_in(url: str) -> Iterator[str]:
    """What of a URL may be secret, as it stands there and as it was meant."""
    plain, _, query = url.partition("?")
    login, at, _ = plain.partition("//")[2].rpartition("@")
    for part in (login.partition(":")[2] if at else "", query):
        yield from filter(None, {part, unquote(part)})


def same_server(url: str, other: str) -> bool:
    """Whether two URLs lead to one server, in the same way: scheme, host and port."""
    return _server(url) == _server(other) is not None


def _server(url: str) -> tuple[str, str, int | None] | None:
    try:
        parts = urlsplit(url)
        port = parts.port or {"http": 80, "https": 443}.get(parts.scheme)
        return parts.scheme, (parts.hostname or "").rstrip("."), port
    except ValueError:
        return None


def service_error(error: Exception, service: Service, offered: Callable[[], Sequence[str]] = tuple) -> ServiceError:
    """The error for people that stands for an exception of the client; for chat and embeddings alike.

    Args:
        error: what the client, or reading its reply, raised; before or in the middle of a reply.
        service: the server it came from.
        offered: fetches the names of the models the server has; asked only when the model is unknown.
    """
    import openai

    if isinstance(error, ServiceError):
        return error
    if isinstance(error, openai.APITimeoutError | TimeoutError):
        return timed_out(service)
    if isinstance(error, openai.APIConnectionError | OSError):
        return unreachable(error, service)
    if isinstance(error, openai.ContentFilterFinishReasonError):
        return ReplyError(f"{service.named} withheld the reply (content filter)", "Ask in other words.")
    if isinstance(error, openai.APIError) and not isinstance(error, openai.APIResponseValidationError):
        return _refused(error, service, offered)
    return no_reply(service, type(error).__name__)


def no_reply(service: Service, words: str) -> ServiceError:
    """What the server sent is no reply; quotes it."""
    return ReplyError(
        f"{service.named} sent something that is not a reply of the OpenAI protocol: {service.quote(words)}",
        f"Check {service.address_setting}; the address usually ends in /v1.",
    )


def fault_in(error: Exception) -> Fault:
    """What the server says in an error of the client; its status in words where it says nothing."""
    response = getattr(error, "response", None)
    try:
        fault = fault_of(response.text if response is not None else getattr(error, "body", None))
    except RuntimeError:  # the body was closed before it was read
        fault = fault_of(getattr(error, "body", None))
    if fault.words:
        return fault
    if response is None:
        return replace(fault, words=str(error))
    return replace(fault, words=response.reason_phrase or "it does not say why")


def is_context_overflow(error: Exception) -> bool:
    """Whether the server says that the prompt is longer than the model can read."""
    fault = fault_in(error)
    words = f"{fault.words} {fault.code} {fault.kind}".lower()
    return any(wording in words for wording in CONTEXT_WORDINGS)


def timed_out(service: Service) -> ServiceError:
    """The server was silent for too long."""
    limit = f" within {service.timeout_seconds:g} seconds" if service.timeout_seconds else " in time"
    return ServiceTimeoutError(
        f"{service.named} did not answer{limit}",
        "Try again, or raise timeout_seconds.",
    )


def unreachable(error: Exception, service: Service) -> ServiceError:
    """There is no connection to the server; says why."""
    reasons = tuple(causes(error))
    host = urlsplit(service.address).hostname or service.address
    check = f"Check {service.address_setting}"
    if any(isinstance(cause, socket.gaierror) for cause in reasons):
        return UnreachableError(f"{service.named}: there is no host {host!r}", f"{check} and the network.")
    if any(isinstance(cause, ssl.SSLError) for cause in reasons):
        return UnreachableError(
            f"{service.named}: no trusted encrypted connection: {service.quote(reasons[-1])}",
            f"{check} (http or https?) and the certificates of this machine.",
        )
    if any(isinstance(cause, ConnectionRefusedError) for cause in reasons):
        return UnreachableError(
            f"{service.named}: nothing listens there", f"Start the server, or correct {service.address_setting}."
        )
    return UnreachableError(
        f"{service.named}: the connection failed: {service.quote(reasons[-1] or type(reasons[-1]).__name__)}",
        f"Try again. {check} and the network.",
    )


def causes(error: BaseException | None) -> Iterator[BaseException]:
    """An exception and what led to it, from the last to the first."""
    while error is not None:
        yield error
        error = error.__cause__ or error.__context__


def _refused(error: "openai.APIError", service: Service, offered: Callable[[], Sequence[str]]) -> ServiceError:
    fault = fault_in(error)
    status = _status(error, fault)
    if fault.kind == NOT_A_REPLY:
        return no_reply(service, fault.words)
    if fault.kind == REFUSAL:
        return ReplyError(f"the model refused to answer: {service.quote(fault.words)}", "Ask in other words.")
    if is_context_overflow(error):
        return ContextOverflowError(
            f"the prompt is longer than {service.named} can read: {service.quote(fault.words)}",
            f"Lower {service.length_setting}, or use a model with a longer context.",
        )
    if status in {HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN}:
        return _not_allowed(fault, service, status)
    if status == HTTPStatus.NOT_FOUND or fault.code == "model_not_found":
        return _not_found(fault, service, tuple(offered()))
    if status == HTTPStatus.TOO_MANY_REQUESTS or fault.code == "insufficient_quota":
        return _limited(fault, service)
    return _failed(fault, service, status)


def _not_allowed(fault: Fault, service: Service, status: int | None) -> ServiceError:
    words = service.quote_refusal_of_key(fault.words)
    if status == HTTPStatus.UNAUTHORIZED:
        remedy = f"Set {service.key_setting} to a valid key."
        return AuthenticationError(f"{service.named} did not accept the API key: {words}", remedy)
    return AuthenticationError(
        f"{service.named} does not allow this key: {words}",
        f"Use another key ({service.key_setting}) or another model ({service.model_setting}).",
    )


def _failed(fault: Fault, service: Service, status: int | None) -> ServiceError:
    code = f" (HTTP {status})" if status else ""
    words = service.quote(fault.words)
    if status is None or status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        return ServiceError(f"{service.named} failed{code}: {words}", "Try again later.")
    return ServiceError(f"{service.named} refused the request{code}: {words}")


def _status(error: "openai.APIError", fault: Fault) -> int | None:
    # An error in a reply that began well has no HTTP status, but some servers put one into its code.
    status = getattr(error, "status_code", None)
    if isinstance(status, int):
        return status
    return int(fault.code) if HTTP_ERROR.fullmatch(fault.code) else None


def _not_found(fault: Fault, service: Service, offered: Sequence[str]) -> ServiceError:
    names_model = fault.code == "model_not_found" or "model" in fault.words.lower()
    words = service.quote(fault.words)
    if not names_model and (not offered or service.model in offered):
        return ServiceError(
            f"{service.shown} has no such service (HTTP 404): {words}",
            f"Check {service.address_setting}; the address usually ends in /v1.",
        )
    return UnknownModelError(
        f"{service.shown} does not have the model {service.model!r}: {words}",
        f"Set {service.model_setting} to {models_in_words(offered)}.",
    )


def models_in_words(names: Sequence[str]) -> str:
    """Up to five model names for a sentence, with the number of those left out."""
    if not names:
        return "a model that it has"
    left_out = f" or one of {len(names) - MODELS_SHOWN} others" if len(names) > MODELS_SHOWN else ""
    return f"one of: {', '.join(names[:MODELS_SHOWN])}{left_out}"


def _limited(fault: Fault, service: Service) -> ServiceError:
    words = service.quote(fault.words)
    if "insufficient_quota" in {fault.code, fault.kind}:
        return RateLimitError(
            f"the quota of this key at {service.named} is used up: {words}",
            "Check the plan and the bill; waiting does not help.",
        )
    return RateLimitError(f"{service.named} gets too many requests: {words}", "Wait, then try again.")
