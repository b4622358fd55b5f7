"""Names the server behind a chat model in messages, and turns its errors into ours."""

from functools import partial
from typing import Any

from assistant.llm.providers import MARK, PROVIDERS
from assistant.settings import OPENAI_BASE_URL
from index.embed.openai_client import API_VERSION, model_names
from index.embed.openai_errors import Service, causes, fault_in
from index.errors import (
    AuthenticationError,
    RateLimitError,
    ServiceError,
    ServiceTimeoutError,
    UnknownModelError,
    UnreachableError,
)

# A server of chat models, with the variables that a person would change.
chat_service = partial(
    Service,
    address_setting="OPENAI_BASE_URL",
    model_setting="ASSISTANT_MODEL",
    key_setting="OPENAI_API_KEY",
    length_setting="ASSISTANT_PASSAGE_TOKENS",
)
MODEL_LIST_TIMEOUT_SECONDS = 5.0
STATUSES: dict[int, type[ServiceError]] = {
    401: AuthenticationError,
    403: AuthenticationError,
    404: UnknownModelError,
    408: ServiceTimeoutError,
    429: RateLimitError,
}


def provider_of(chat: Any) -> str:
    """The provider of a model that was made by its name; empty for others."""
    return str((chat.metadata or {}).get(MARK, ""))


def service_of(chat: Any) -> Service:
    """What stands behind a LangChain model."""
    model = _name_of(chat)
    if provider := provider_of(chat):
        return chat_service(
            provider,
            model,
            secrets=_secrets(chat),
            address_setting=f"what {PROVIDERS[provider]} reads",
            key_setting=f"the key that {PROVIDERS[provider]} reads",
        )
    if not hasattr(chat, "openai_api_base"):
        return chat_service(type(chat).__name__, "the model", secrets=_secrets(chat))
    timeout = chat.request_timeout if isinstance(chat.request_timeout, float | int) else None
    return chat_service(chat.openai_api_base or OPENAI_BASE_URL, model, timeout, _secrets(chat))


def model_name(chat: Any) -> str:
    """What a chat model calls itself; its class where it has no name."""
    return _name_of(chat) or type(chat).__name__


def _name_of(chat: Any) -> str:
    return str(getattr(chat, "model_name", None) or getattr(chat, "model", None) or "")


def offered_by(chat: Any) -> tuple[str, ...]:
    """The names of the models that the server of such a model has; none where it does not say."""
    import openai

    try:
        return model_names(chat.root_client.with_options(timeout=MODEL_LIST_TIMEOUT_SECONDS, max_retries=0))
    except (openai.OpenAIError, ValueError):
        # The list only helps the message about another error.
        return ()


def other_service_error(error: Exception, service: Service) -> ServiceError:
    """What other providers' LangChain models raise, as one of ours, with the package's own words."""
    found = ((ours, cause) for ours, theirs in _kinds() for cause in causes(error) if isinstance(cause, theirs))
    kind = next((ours for ours, _ in found), None)
    status = getattr(error, "status_code", None) or getattr(error, "code", None)
    kind = kind or (STATUSES.get(status) if isinstance(status, int) else None) or ServiceError
    words = service.quote(fault_in(error).words or type(error).__name__)
    if kind is not AuthenticationError:
        return kind(f"{service.shown} failed: {words}")
    return kind(f"{service.shown} failed: {service.quote_refusal_of_key(words)}", f"Set {service.key_setting}.")


def _kinds() -> "tuple[tuple[type[ServiceError], tuple[type[Exception], ...]], ...]":
    """Our kind of error for each of theirs; the more special ones first."""
    from langchain_core import exceptions

    return (
        (AuthenticationError, (exceptions.ModelAuthenticationError, exceptions.ModelPermissionDeniedError)),
        (UnknownModelError, (exceptions.ModelNotFoundError,)),
        (RateLimitError, (exceptions.ModelRateLimitError,)),
        (ServiceTimeoutError, (exceptions.ModelTimeoutError, TimeoutError)),
        (UnreachableError, (exceptions.ModelConnectionError, ConnectionError)),
    )


def _secrets(chat: Any) -> tuple[str, ...]:
    """The keys in a model's fields; a key may also be a function that fetches it, and then there is no text to hide."""
    from pydantic import SecretStr

    values = (getattr(chat, name, None) for name in type(chat).model_fields)
    keys = tuple(value.get_secret_value() for value in values if isinstance(value, SecretStr))
    query = getattr(chat, "default_query", None) or {}
    return (*filter(None, keys), *(str(value) for name, value in query.items() if name != API_VERSION))
