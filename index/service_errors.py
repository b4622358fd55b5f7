"""What went wrong between us and an OpenAI-compatible server, in words for people.

The one place that knows the exceptions of the ``openai`` client and of the HTTP library below it.
"""

import re
import socket
import ssl
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import TYPE_CHECKING
from urllib.parse import unquote, urlsplit

from index.errors import (
    AuthenticationError,
    RateLimitError,
    ReplyError,
    ServiceError,
    ServiceTimeoutError,
    UnknownModelError,
    UnreachableError,
)

if TYPE_CHECKING:
    import openai

# Wordings of OpenAI, vLLM, llama.cpp, Ollama and LiteLLM for a prompt that is too long.
CONTEXT_WORDINGS = ("context_length", "context length", "context window", "context size", "prompt is too long")
LONGEST_QUOTE = 200
MODELS_SHOWN = 5


@dataclass(frozen=True, slots=True)
class Service:
    """A server as error messages speak of it.

    Attributes:
        address: base URL; user name, password and query are left out of messages.
        model: the model that is asked for; empty when it does not matter.
        timeout_seconds: longest silence before the client gives up.
        secrets: texts that must never be shown, even when the server repeats them.
        address_setting, model_setting, key_setting: what a person would change.
    """

    address: str
    model: str
    timeout_seconds: float | None = None
    secrets: tuple[str, ...] = field(default=(), repr=False)
    address_setting: str = "OPENAI_BASE_URL"
    model_setting: str = "ASSISTANT_MODEL"
    key_setting: str = "OPENAI_API_KEY"

    @property
    def shown(self) -> str:
        """The address without anything secret."""
        return shown_address(self.address)

    @property
    def named(self) -> str:
        """The address and, where it is known, the model."""
        return f"{self.shown} (model {self.model})" if self.model else self.shown

    def quote(self, text: object) -> str:
        """The server's own words: one line, shortened, without secrets."""
        words = " ".join(str(text).split())
        for secret in (*self.secrets, *_secrets_in(self.address)):
            words = words.replace(secret, "…")
        return words if len(words) <= LONGEST_QUOTE else f"{words[:LONGEST_QUOTE]}…"


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
    return ReplyError(
        f"{service.named} sent something that is not a reply of the OpenAI protocol ({type(error).__name__})",
        f"Check {service.address_setting}; the address usually ends in /v1.",
    )


def is_context_overflow(error: Exception) -> bool:
    """Whether the server says that the prompt is longer than the model can read."""
    words = f"{error} {getattr(error, 'code', '')}".lower()
    return any(wording in words for wording in CONTEXT_WORDINGS)


def timed_out(service: Service) -> ServiceError:
    """The server was silent for too long."""
    limit = f" within {service.timeout_seconds:g} seconds" if service.timeout_seconds else " in time"
    return ServiceTimeoutError(
        f"{service.named} did not answer{limit}",
        "Try again, or raise ASSISTANT_TIMEOUT_SECONDS.",
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
    status = _status(error)
    if is_context_overflow(error):
        return ServiceError(
            f"the prompt is longer than {service.named} can read: {service.quote(error.message)}",
            "Lower ASSISTANT_EVIDENCE_TOKENS, or use a model with a longer context.",
        )
    if status in {HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN}:
        return _not_allowed(error, service, status)
    if status == HTTPStatus.NOT_FOUND or error.code == "model_not_found":
        return _not_found(error, service, tuple(offered()))
    if status == HTTPStatus.TOO_MANY_REQUESTS or error.code == "insufficient_quota":
        return _limited(error, service)
    return _failed(error, service, status)


def _not_allowed(error: "openai.APIError", service: Service, status: int | None) -> ServiceError:
    if status == HTTPStatus.UNAUTHORIZED:
        # The server's own words are left out: they often hold parts of the key.
        remedy = f"Set {service.key_setting} to a valid key."
        return AuthenticationError(f"{service.named} did not accept the API key", remedy)
    return AuthenticationError(
        f"{service.named} does not allow this key: {service.quote(error.message)}",
        f"Use another key ({service.key_setting}) or another model ({service.model_setting}).",
    )


def _failed(error: "openai.APIError", service: Service, status: int | None) -> ServiceError:
    code = f" (HTTP {status})" if status else ""
    words = service.quote(error.message)
    if status is None or status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        return ServiceError(f"{service.named} failed{code}: {words}", "Try again later.")
    return ServiceError(f"{service.named} refused the request{code}: {words}")


def _status(error: "openai.APIError") -> int | None:
    # An error event in the middle of a stream has no HTTP status, but some servers put one into its code.
    status = getattr(error, "status_code", None)
    if isinstance(status, int):
        return status
    return int(error.code) if error.code and error.code.isdecimal() else None


def _not_found(error: "openai.APIError", service: Service, offered: Sequence[str]) -> ServiceError:
    names_model = error.code == "model_not_found" or "model" in error.message.lower()
    if not names_model and (not offered or service.model in offered):
        return ServiceError(
            f"{service.shown} has no such service (HTTP 404)",
            f"Check {service.address_setting}; the address usually ends in /v1.",
        )
    return UnknownModelError(
        f"{service.shown} does not have the model {service.model!r}",
        f"Set {service.model_setting} to {models_in_words(offered)}.",
    )


def models_in_words(names: Sequence[str]) -> str:
    """Up to five model names for a sentence, with the number of those left out."""
    if not names:
        return "a model that it has"
    left_out = f" or one of {len(names) - MODELS_SHOWN} others" if len(names) > MODELS_SHOWN else ""
    return f"one of: {', '.join(names[:MODELS_SHOWN])}{left_out}"


def _limited(error: "openai.APIError", service: Service) -> ServiceError:
    if error.code == "insufficient_quota" or error.type == "insufficient_quota":
        return RateLimitError(
            f"the quota of this key at {service.named} is used up",
            "Check the plan and the bill; waiting does not help.",
        )
    return RateLimitError(
        f"{service.named} gets too many requests: {service.quote(error.message)}", "Wait, then try again."
    )
