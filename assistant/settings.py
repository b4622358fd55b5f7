"""Settings: what they are, where they come from, and what is allowed.

A value is taken from the first of these that has it: the command line, the environment, ``assistant.toml``, the
default. This is the only module of the project that reads the environment.
"""

import difflib
import os
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal
from urllib.parse import urlsplit

import platformdirs
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, SecretStr, ValidationError, ValidationInfo

from index.errors import SettingError
from index.service_errors import shown_address

APPLICATION = "news-assistant"
CONFIG_VARIABLE = "ASSISTANT_CONFIG"
CONFIG_FILE = "assistant.toml"
LOCAL = "local"
OPENAI_BASE_URL = "https://api.openai.com/v1"
DEFAULT_OPENAI_MODEL = "gpt-4.1-mini"
SHARED_VARIABLES = {"api_key": "OPENAI_API_KEY", "base_url": "OPENAI_BASE_URL"}


def _http_url(value: str) -> str:
    try:
        parts = urlsplit(value)
        usable = parts.scheme in {"http", "https"} and bool(parts.hostname) and parts.port != 0
    except ValueError:
        usable = False
    if not usable:
        raise ValueError("should be a web address such as https://host/v1")
    return value.rstrip("/")


def _header_text(secret: SecretStr) -> SecretStr:
    # A typographic quote or a line break pasted with a key would fail deep inside the HTTP client.
    text = secret.get_secret_value()
    if not text or not text.isascii() or not text.isprintable() or " " in text:
        raise ValueError("should be plain text without spaces or typographic quotes")
    return secret


def _user_path(path: Path, info: ValidationInfo) -> Path:
    # A relative path in a settings file means: beside that file, wherever the command is run.
    folders: Mapping[str, Path] = info.context or {}
    return folders.get(str(info.field_name), Path()) / path.expanduser()


def _data_path() -> Path:
    return platformdirs.user_data_path(APPLICATION) / "index"


def cache_path() -> Path:
    """The user's folder for what can be made or fetched again."""
    return platformdirs.user_cache_path(APPLICATION)


HttpUrl = Annotated[str, AfterValidator(_http_url)]
UserPath = Annotated[Path, AfterValidator(_user_path)]
Secret = Annotated[SecretStr, AfterValidator(_header_text)]
Name = Annotated[str, Field(min_length=1)]
Count = Annotated[int, Field(ge=1)]


class Settings(BaseModel):
    """All settings of one run; immutable, and free of secrets in its ``repr``."""

    model_config = ConfigDict(frozen=True, extra="forbid", protected_namespaces=())

    index: UserPath = Field(default_factory=_data_path, description="folder of the article index")
    api_key: Secret | None = Field(default=None, description="key for the chat server")
    base_url: HttpUrl | None = Field(
        default=None, repr=False, description="address of an OpenAI-compatible server, for example ending /v1"
    )
    model: Name | None = Field(default=None, description="chat model; `local` runs the embedded one")
    embeddings_model: Name = Field(default=LOCAL, description="embeddings model; `local` runs the embedded one")
    embeddings_base_url: HttpUrl | None = Field(
        default=None, repr=False, description="address for embeddings, when not the chat server's"
    )
    embeddings_api_key: Secret | None = Field(default=None, description="key for the embeddings server")
    chroma_url: HttpUrl | None = Field(default=None, repr=False, description="Chroma server for the vectors")
    chroma_token: Secret | None = Field(default=None, description="token for the Chroma server")
    allow_private: bool = Field(default=False, description="fetch articles from the private network too")
    reranker: Literal["local", "none"] = Field(default="local", description="reorder what was found (cross-encoder)")
    models_dir: UserPath = Field(
        default_factory=lambda: cache_path() / "models", description="folder where fetched models are kept"
    )
    prefetched_models: UserPath | None = Field(default=None, description="folder that has the models (no network)")
    local_model: UserPath | None = Field(default=None, description="another GGUF file for the embedded LLM")
    threads: Count | None = Field(default=None, description="threads of the embedded models; unset: one for each core")
    context_tokens: int = Field(default=4096, ge=512, description="context of the embedded LLM, in tokens")
    keep_warm_seconds: int = Field(default=300, ge=0, description="how long the embedded LLM stays loaded afterwards")
    timeout_seconds: float = Field(
        default=120.0, gt=0, allow_inf_nan=False, description="longest silence of a server, seconds"
    )
    retries: int = Field(default=2, ge=0, le=10, description="tries again after a failed request")
    seed: int = Field(default=0, description="seed of the LLM's sampling")
    temperature: float = Field(default=0.0, ge=0, le=2, description="randomness of the LLM; 0 repeats itself")
    evidence_tokens: Count = Field(default=1000, description="most tokens of evidence that is considered")
    sentences: Count = Field(default=20, description="most evidence sentences that are considered")
    candidates: Count = Field(default=30, description="chunks that are reranked")
    k: Count = Field(default=8, description="chunks that evidence is drawn from")

    @property
    def chat_model(self) -> str | None:
        """The chat model's name; ``local`` is the embedded LLM, None means the only one the server offers."""
        if self.model is not None:
            return self.model
        if self.base_url not in {None, OPENAI_BASE_URL}:
            return None
        return LOCAL if self.api_key is None else DEFAULT_OPENAI_MODEL

    @property
    def uses_local_llm(self) -> bool:
        """Whether answers come from the embedded LLM."""
        return self.chat_model == LOCAL

    @property
    def uses_local_embeddings(self) -> bool:
        """Whether embeddings come from the embedded model."""
        return self.embeddings_model == LOCAL

    @property
    def embeddings_service_url(self) -> str:
        """Address of the embeddings server: its own setting, else the chat server's, else OpenAI's."""
        return self.embeddings_base_url or self.base_url or OPENAI_BASE_URL

    @property
    def embeddings_service_key(self) -> SecretStr | None:
        """Key for the embeddings server; the chat server's key is never sent to another host."""
        if self.embeddings_api_key is not None:
            return self.embeddings_api_key
        same_server = urlsplit(self.embeddings_service_url).netloc == urlsplit(self.base_url or OPENAI_BASE_URL).netloc
        return self.api_key if same_server else None


@dataclass(frozen=True, slots=True)
class SettingOrigin:
    """One setting as shown to a person: its value (secrets masked) and where the value came from."""

    name: str
    value: str
    origin: str
    environment: str
    description: str


@dataclass(frozen=True, slots=True)
class _Given:
    """A value that someone gave, who, and the folder that its relative paths start from."""

    value: object
    origin: str
    folder: Path = Path()


def reveal(secret: SecretStr | None) -> str | None:
    """The text of a secret, to hand to a client and nothing else."""
    return None if secret is None else secret.get_secret_value()


def environment_name(setting: str) -> str:
    """Name of the environment variable of a setting."""
    return SHARED_VARIABLES.get(setting, f"ASSISTANT_{setting.upper()}")


def load_settings(**overrides: object) -> Settings:
    """Read all settings; overrides that are None count as not given.

    Raises:
        SettingError: names the setting, its origin and value, and what is allowed.
    """
    return _validated(_gather(overrides))


def explain_settings(**overrides: object) -> tuple[SettingOrigin, ...]:
    """Every setting with its value as shown to a person and its origin.

    Raises:
        SettingError: as `load_settings`.
    """
    given = _gather(overrides)
    settings = _validated(given)
    return tuple(_explained(name, settings, given) for name in Settings.model_fields)


def mask(secret: str) -> str:
    """A secret as it may be shown: ``sk-…abcd``; short ones are hidden completely."""
    shortest_shown = 12
    if len(secret) < shortest_shown:
        return "…"
    return f"{secret[:3]}…{secret[-4:]}"


def _explained(name: str, settings: Settings, given: Mapping[str, _Given]) -> SettingOrigin:
    origin = given[name].origin if name in given else "default"
    value: object = getattr(settings, name)
    if name == "model" and value is None:
        value = settings.chat_model or "the only one the server offers"
    if name.endswith("_url") and isinstance(value, str):
        value = shown_address(value)
    return SettingOrigin(
        name, _shown(value), origin, environment_name(name), Settings.model_fields[name].description or ""
    )


def _shown(value: object) -> str:
    if isinstance(value, SecretStr):
        return mask(value.get_secret_value())
    return "" if value is None else str(value)


def _gather(overrides: Mapping[str, object]) -> dict[str, _Given]:
    unknown = overrides.keys() - Settings.model_fields.keys()
    if unknown:
        raise TypeError(f"no such settings: {', '.join(sorted(unknown))}")
    given = dict(_from_file())
    given.update(_from_environment())
    given.update({name: _Given(value, "command line") for name, value in overrides.items() if value is not None})
    return given


def _from_environment() -> Iterator[tuple[str, _Given]]:
    for name in Settings.model_fields:
        variable = environment_name(name)
        if value := os.environ.get(variable, "").strip():
            yield name, _Given(value, f"environment {variable}")


def _from_file() -> Iterator[tuple[str, _Given]]:
    path = _config_path()
    if path is None:
        return
    for name, value in _read_toml(path).items():
        if name not in Settings.model_fields:
            raise SettingError(f"{path}: unknown setting {name!r}", _suggestion(name))
        yield name, _Given(value, f"{CONFIG_FILE}: {path}", path.parent)


def _config_path() -> Path | None:
    if chosen := os.environ.get(CONFIG_VARIABLE, "").strip():
        path = Path(chosen).expanduser()
        if not path.is_file():
            raise SettingError(f"{CONFIG_VARIABLE} names {path}, which is not a file", "Correct or unset it.")
        return path
    usual = (Path.cwd() / CONFIG_FILE, platformdirs.user_config_path(APPLICATION) / CONFIG_FILE)
    return next((path for path in usual if path.is_file()), None)


def _read_toml(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except tomllib.TOMLDecodeError as error:
        # The message ends "(at line 3, column 7)".
        raise SettingError(f"{path}: not valid TOML: {error}", "Correct the file; texts need quotes.") from error
    except UnicodeDecodeError as error:
        raise SettingError(f"{path}: not UTF-8 text", "Save the file as UTF-8.") from error
    except OSError as error:
        raise SettingError(f"{path}: cannot be read: {error.strerror}", "Check the file's permissions.") from error


def _suggestion(name: str) -> str:
    near = difflib.get_close_matches(name.lower(), Settings.model_fields, n=1)
    if near:
        return f"Did you mean {near[0]!r}?"
    return f"Known settings: {', '.join(Settings.model_fields)}."


def _validated(given: Mapping[str, _Given]) -> Settings:
    try:
        return Settings.model_validate(
            {name: source.value for name, source in given.items()},
            context={name: source.folder for name, source in given.items()},
        )
    except ValidationError as error:
        # "from None": pydantic's own message repeats the input, which may be a secret.
        raise _setting_error(error, given) from None


def _setting_error(error: ValidationError, given: Mapping[str, _Given]) -> SettingError:
    first = error.errors(include_url=False)[0]
    name = str(first["loc"][0])
    source = given[name]
    # pydantic's messages read "Input should be a valid integer, unable to parse string as an integer".
    allowed = first["msg"].removeprefix("Value error, ").removeprefix("Input ").removeprefix("String ")
    problem = f"{name} cannot be {_shown_input(name, source.value)!r} (from {source.origin})"
    return SettingError(problem, f"It {allowed.partition(', ')[0]}.")


def _shown_input(name: str, value: object) -> object:
    if name.endswith(("api_key", "token")):
        return mask(str(value))
    return shown_address(value) if isinstance(value, str) and name.endswith("_url") else value
