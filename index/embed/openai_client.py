"""Clients of OpenAI-compatible servers."""

import ipaddress
import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, urlsplit

from index.embed.openai_errors import Service

if TYPE_CHECKING:
    import httpx2
    import openai

# Servers without keys ignore it; the client refuses to start without one.
NO_KEY = "none"
CLOSE_AFTER_REPLY = {"Connection": "close"}
# Where servers list their models, and what a model's name is called: OpenAI, Ollama, and lists of plain names.
MODEL_LISTS, MODEL_NAMES = ("data", "models"), ("id", "name", "model")
FIRST_ERROR = 400
API_VERSION = "api-version"
AZURE_DEPLOYMENTS = "/openai/deployments/"


def open_client(service: Service, api_key: str | None, retries: int) -> "openai.OpenAI":
    """A client of the service; nothing is sent yet.

    Args:
        service: address and time-out.
        api_key: None for servers that want none.
        retries: further attempts after a failed connection or HTTP 408, 409, 429 and 5xx; the client's own back-off.
    """
    import openai

    options = http_options(service.address)
    return openai.OpenAI(
        **address_options(service.address, api_key),
        api_key=api_key or NO_KEY,
        timeout=service.timeout_seconds,
        max_retries=retries,
        http_client=openai.DefaultHttpxClient(**options, event_hooks={"response": [read_failure]}),
    )


def address_options(address: str, api_key: str | None) -> dict[str, Any]:
    """Options of the client for an address, whose query goes with every request.

    Azure wants the key of a deployment's address in a header of its own.
    """
    base, _, query = address.partition("?")
    headers = {"api-key": api_key} if api_key and AZURE_DEPLOYMENTS in base else None
    return {"base_url": base, "default_query": dict(parse_qsl(query)) or None, "default_headers": headers}


def http_options(address: str) -> dict[str, Any]:
    """Options of the HTTP client for an address; this machine is asked directly, whatever proxy is set.

    Connecting to this machine costs nothing, so no connection is kept open. Where a key stands in a header of its own,
    no redirection is followed: it would be sent along to another host.
    """
    options: dict[str, Any] = {"follow_redirects": False} if AZURE_DEPLOYMENTS in address else {}
    return options | ({"trust_env": False, "headers": CLOSE_AFTER_REPLY} if is_loopback(address) else {})


def is_loopback(url: str) -> bool:
    """Whether a URL leads to this machine."""
    host = urlsplit(url).hostname or ""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def read_failure(response: "httpx2.Response") -> None:
    """Read the body of an error while failures to read it still count as failures of the connection."""
    if response.status_code >= FIRST_ERROR:
        response.read()


def model_names(client: "openai.OpenAI") -> tuple[str, ...]:
    """Names of the models that the server says it has, in its order.

    Raises:
        openai.OpenAIError: when it does not say.
        ValueError: the list is no JSON.
    """
    listed = json.loads(client.models.with_raw_response.list().content)
    if isinstance(listed, Mapping):
        listed = next((listed[name] for name in MODEL_LISTS if listed.get(name)), ())
    found = listed.values() if isinstance(listed, Mapping) else listed if isinstance(listed, list) else ()
    return tuple(dict.fromkeys(name for model in found if (name := _model_name(model))))


def _model_name(model: object) -> str:
    if isinstance(model, Mapping):
        model = next((model[name] for name in MODEL_NAMES if isinstance(model.get(name), str)), "")
    return model if isinstance(model, str) else ""
