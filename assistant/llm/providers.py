"""Chat models of any provider, by a name such as ``anthropic:claude-haiku-4-5``, through LangChain's packages.

Keys and addresses are what those packages read of the environment themselves; none of ours is given to them.
"""

from importlib import import_module
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

from assistant.settings import Settings
from index.errors import SettingError

if TYPE_CHECKING:
    from langchain_core.language_models import BaseChatModel

# Provider → its package, as ``init_chat_model`` knows them.
PROVIDERS = {
    **{name: f"langchain-{name.replace('_', '-')}" for name in (
        "anthropic azure_ai baseten cohere deepseek fireworks google_genai google_vertexai groq huggingface ibm litellm"
        " meta mistralai ollama openrouter perplexity together upstage xai"
    ).split()},
    **dict.fromkeys(("anthropic_bedrock", "bedrock", "bedrock_converse"), "langchain-aws"),
    "azure_openai": "langchain-openai",
    "google_anthropic_vertex": "langchain-google-vertexai",
    "nvidia": "langchain-nvidia-ai-endpoints",
    "openai": "langchain-openai",
}  # fmt: skip
OPENAI = "openai"
MARK = "provider"  # in the metadata of the models made here


def split_name(model: str, base_url: str | None) -> tuple[str, str]:
    """Provider and name of a model; the provider is empty where the name has none.

    A server that is named by its address has names of its own, with colons in them.
    """
    prefix, _, name = model.partition(":")
    provider = prefix.replace("-", "_").lower()
    return (provider, name) if base_url is None and name and provider in PROVIDERS else ("", model)


def names_provider(settings: Settings) -> bool:
    """Whether the chat model is one of another provider than OpenAI, by its name."""
    return split_name(settings.chat_model or "", settings.base_url)[0] not in {"", OPENAI}


def make_provider_model(settings: Settings, provider: str, name: str) -> "BaseChatModel":
    """A provider's chat model, with those of our settings that its class knows.

    Raises:
        SettingError: its package is not installed, or cannot be used as things are set; quotes the package.
    """
    needed = dict.fromkeys(("langchain", PROVIDERS[provider]))
    missing = [package for package in needed if find_spec(package.replace("-", "_")) is None]
    if missing:
        raise SettingError(
            f"ASSISTANT_MODEL={provider}:{name} needs {' and '.join(missing)}, not installed here",
            f"Install what is missing: pip install {' '.join(missing)}",
        )
    try:
        init: Any = import_module("langchain.chat_models").init_chat_model
        # Which class it is shows only in a model.
        known = _names(init(name, model_provider=provider))
        given = {key: value for key, value in _wanted(settings).items() if key in known and value is not None}
        chat: BaseChatModel = init(name, model_provider=provider, metadata={MARK: provider}, **given)
    except Exception as error:  # every package has its own for a missing key, an unknown region and the like
        words = " ".join(str(error).split())
        raise SettingError(
            f"ASSISTANT_MODEL={provider}:{name} cannot be used: {words}", f"See what {PROVIDERS[provider]} needs."
        ) from error
    return chat


def _wanted(settings: Settings) -> dict[str, Any]:
    return {
        "temperature": settings.temperature,
        "seed": settings.seed,
        "timeout": settings.timeout_seconds,
        "max_retries": settings.retries,
        "reasoning_effort": settings.reasoning_effort,
        "client_kwargs": {"timeout": settings.timeout_seconds},  # Ollama's
    }


def _names(chat: "BaseChatModel") -> set[str]:
    """What the class of a model takes."""
    fields = type(chat).model_fields
    return {*fields, *(str(field.alias) for field in fields.values() if field.alias)}
