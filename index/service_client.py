"""Clients of OpenAI-compatible servers."""

import ipaddress
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from index.service_errors import Service

if TYPE_CHECKING:
    import openai

# Servers without keys ignore it; the client refuses to start without one.
NO_KEY = "none"
CLOSE_AFTER_REPLY = {"Connection": "close"}


def open_client(service: Service, api_key: str | None, retries: int) -> "openai.OpenAI":
    """A client of the service; nothing is sent yet.

    Args:
        service: address and time-out.
        api_key: None for servers that want none.
        retries: further attempts after a failed connection or HTTP 408, 409, 429 and 5xx; the client's own back-off.
    """
    import openai

    return openai.OpenAI(
        base_url=service.address,
        api_key=api_key or NO_KEY,
        timeout=service.timeout_seconds,
        max_retries=retries,
        http_client=openai.DefaultHttpxClient(**http_options(service.address)),
    )


def http_options(address: str) -> dict[str, Any]:
    """Options of the HTTP client for an address; this machine is asked directly, whatever proxy is set.

    Connecting to this machine costs nothing, so no connection is kept that somebody would have to close.
    """
    return {"trust_env": False, "headers": CLOSE_AFTER_REPLY} if is_loopback(address) else {}


def is_loopback(url: str) -> bool:
    """Whether a URL leads to this machine."""
    host = urlsplit(url).hostname or ""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def model_names(client: "openai.OpenAI") -> tuple[str, ...]:
    """Names of the models that the server says it has, in its order.

    Raises:
        openai.OpenAIError: when it does not say.
    """
    return tuple(model.id for model in client.models.list())
