"""What stands behind a chat model: its server as messages name it, and its errors as ours."""

from typing import TYPE_CHECKING, Any

from assistant.settings import OPENAI_BASE_URL
from index.embed.openai_client import model_names
from index.embed.openai_errors import Service
from index.errors import (
    AuthenticationError,
    RateLimitError,
    ServiceError,
    ServiceTimeoutError,
    UnknownModelError,
    UnreachableError,
)

if TYPE_CHECKING:
    from langchain_core.exceptions import ModelError

MODEL_LIST_TIMEOUT_SECONDS = 5.0


def service_of(chat: Any) -> Service:
    """The server of an OpenAI-compatible LangChain model."""
    key = _key_text(chat)
    timeout = chat.request_timeout if isinstance(chat.request_timeout, float | int) else None
    return Service(chat.openai_api_base or OPENAI_BASE_URL, chat.model_name, timeout, (key,) if key else ())


def model_name(chat: Any) -> str:
    """What a chat model calls itself; its class where it has no name."""
    name = getattr(chat, "model_name", None) or getattr(chat, "model", None)
    return str(name or type(chat).__name__)


def offered_by(chat: Any) -> tuple[str, ...]:
    """The names of the models that the server of such a model has; none where it does not say."""
    import openai

    try:
        return model_names(chat.root_client.with_options(timeout=MODEL_LIST_TIMEOUT_SECONDS, max_retries=0))
    except (openai.OpenAIError, ValueError):
        # The list only helps the message about another error.
        return ()


def other_service_error(error: "ModelError", service: Service) -> ServiceError:
    """What other providers' LangChain models raise, as one of ours."""
    from langchain_core import exceptions

    kinds = (
        (exceptions.ModelAuthenticationError, AuthenticationError),
        (exceptions.ModelPermissionDeniedError, AuthenticationError),
        (exceptions.ModelNotFoundError, UnknownModelError),
        (exceptions.ModelRateLimitError, RateLimitError),
        (exceptions.ModelConnectionError, UnreachableError),
        (exceptions.ModelTimeoutError, ServiceTimeoutError),
    )
    kind = next((ours for theirs, ours in kinds if isinstance(error, theirs)), ServiceError)
    return kind(f"{service.shown} failed: {service.quote(error)}")


def _key_text(chat: Any) -> str:
    from pydantic import SecretStr

    # A key may also be a function that fetches it; then there is no text to hide.
    key = chat.openai_api_key
    return key.get_secret_value() if isinstance(key, SecretStr) else ""
