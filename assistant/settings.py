"""All settings: their defaults, where values come from, and validation.

A value is taken from the first of these that has it: the command line, the environment, ``assistant.toml`` of the
current folder, that of the user's configuration folder, the default. The current folder's is data, as the articles
there are: where to connect and what to load it says only once the user trusts it, and a key goes only to the address
that it was set for. This is the only module of the project that reads the environment.
"""

import os
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import click
import platformdirs
from pydantic import BaseModel, ConfigDict, Field, SecretStr, ValidationError

from assistant.setting_sources import (
    CONFIG_FILE,
    OPENAI_BASE_URL,
    Given,
    environment_name,
    given_by,
    misdirected,
    override,
    shown_input,
)
from assistant.setting_types import Count, HttpUrl, Name, Secret, ShardsUrl, UserPath
from assistant.settings_file import SettingsFile, read_settings_file
from assistant.trust import APPLICATION
from index.embed.openai_errors import same_server
from index.errors import SettingError
from index.printable import printable

__all__ = ["APPLICATION", "OPENAI_BASE_URL", "Settings", "environment_name", "explain_settings", "load_settings"]
CONFIG_VARIABLE = "ASSISTANT_CONFIG"
LOCAL = "local"
# OpenAI's cheapest model that is not about to end; takes schemas and, without thoughts, temperature and seed.
DEFAULT_OPENAI_MODEL = "gpt-6-luna"


def _data_path() -> Path:
    return platformdirs.user_data_path(APPLICATION) / "index"


def cache_path() -> Path:
    """The user's folder for what can be made or fetched again."""
    return platformdirs.user_cache_path(APPLICATION)


class Settings(BaseModel):
    """All settings of one run; immutable, and free of secrets in its ``repr``."""

    model_config = ConfigDict(frozen=True, extra="forbid", protected_namespaces=())

    index: UserPath = Field(default_factory=_data_path, description="folder of the article index")
    api_key: Secret | None = Field(default=None, description="key for the chat server")
    base_url: HttpUrl | None = Field(default=None, repr=False, description="address of an OpenAI-compatible server")
    model: Name | None = Field(
        default=None, description="chat model; `local` runs the embedded one, `anthropic:name` another provider's"
    )
    embeddings_model: Name = Field(default=LOCAL, description="embeddings model; `local` runs the embedded one")
    embeddings_base_url: HttpUrl | None = Field(default=None, repr=False, description="another address for embeddings")
    embeddings_api_key: Secret | None = Field(default=None, description="key for the embeddings server")
    chroma_url: ShardsUrl | None = Field(
        default=None, repr=False, description="Chroma server for the vectors; {shard} in it: one for each shard"
    )
    chroma_token: Secret | None = Field(default=None, description="token for the Chroma server")
    ray_address: Name | None = Field(
        default=None, description="HOST:PORT of a Ray cluster that has the shards of the index and embeds"
    )
    allow_private: bool = Field(default=False, description="fetch articles from the private network too")
    reranker: Literal["local", "none"] = Field(default="local", description="reorder what was found (cross-encoder)")
    models_dir: UserPath = Field(
        default_factory=lambda: cache_path() / "models", description="folder where fetched models are kept"
    )
    prefetched_models: UserPath | None = Field(default=None, description="folder that has the models (no network)")
    local_model: UserPath | None = Field(default=None, description="another GGUF file for the embedded LLM")
    prices: UserPath | None = Field(default=None, description="file of prices of chat models, besides ours")
    threads: Count | None = Field(default=None, description="threads of the embedded models; unset: one for each core")
    context_tokens: int = Field(default=4096, ge=512, description="context of the embedded LLM, in tokens")
    keep_warm_seconds: int = Field(default=300, ge=0, description="how long the embedded LLM stays loaded afterwards")
    cassette: UserPath | None = Field(default=None, description="folder of recorded replies of the chat model")
    cassette_mode: Literal["record", "replay", "pending"] = Field(default="replay", description="what to do with it")
    timeout_seconds: float = Field(
        default=120.0, gt=0, allow_inf_nan=False, description="longest silence of a server, seconds"
    )
    retries: int = Field(default=2, ge=0, le=10, description="tries again after a failed request")
    seed: int = Field(default=0, description="seed of the LLM's sampling")
    temperature: float = Field(default=0.0, ge=0, le=2, description="randomness of the LLM; 0 repeats itself")
    reasoning_effort: Literal["none", "minimal", "low", "medium", "high", "xhigh", "max"] | None = Field(
        default=None, description="how long a reasoning model thinks; unset: not at all at OpenAI's default model"
    )
    evidence_tokens: Count = Field(default=1000, description="most tokens of evidence that is considered")
    sentences: Count = Field(default=10, description="most evidence sentences that are considered")
    writing: Literal["auto", "selected", "wide"] = Field(
        default="auto",
        description="what the LLM reads: selected sentences (the embedded one does) or passages (all others)",
    )
    passage_tokens: int = Field(default=3000, ge=400, description="most tokens of whole passages that the LLM reads")
    second_look: bool = Field(default=True, description="let an LLM that reads passages ask for further searches")
    shard_seconds: float = Field(
        default=30.0, gt=0, allow_inf_nan=False, description="how long a question waits for a shard, seconds"
    )
    all_shards: bool = Field(default=False, description="fail where a shard of the index does not answer")
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
        return self.chat_model == LOCAL

    @property
    def uses_local_embeddings(self) -> bool:
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
        same = same_server(self.embeddings_service_url, self.base_url or OPENAI_BASE_URL)
        return self.api_key if same else None


@dataclass(frozen=True, slots=True)
class SettingOrigin:
    """One setting as shown to a person: its value (secrets masked) and where the value came from."""

    name: str
    value: str
    origin: str
    environment: str
    description: str


def reveal(secret: SecretStr | None) -> str | None:
    """The text of a secret, to hand to a client and nothing else."""
    return None if secret is None else secret.get_secret_value()


def load_settings(**overrides: object) -> Settings:
    """Read all settings; overrides that are None count as not given, and a ``Given`` says who gave it.

    What a file may not set, and a key that is not sent, is said on standard error.

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


def settings_file(path: Path) -> SettingsFile:
    """The settings file at a path; it is the user's own in the configuration folder alone.

    Raises:
        SettingError: it cannot be read, is not TOML, or has an unknown setting.
    """
    file = read_settings_file(path, own=path.resolve() == _users_path().resolve())
    given_by(file, Settings.model_fields)
    return file


def _explained(name: str, settings: Settings, given: Mapping[str, Given]) -> SettingOrigin:
    origin = given[name].origin if name in given else "default"
    value: object = getattr(settings, name)
    if name == "model" and value is None:
        value = settings.chat_model or "the only one the server offers"
    shown = "" if value is None else shown_input(name, reveal(value) if isinstance(value, SecretStr) else value)
    description = Settings.model_fields[name].description or ""
    return SettingOrigin(name, str(shown), origin, environment_name(name), description)


def _gather(overrides: Mapping[str, object]) -> dict[str, Given]:
    unknown = overrides.keys() - Settings.model_fields.keys()
    if unknown:
        raise TypeError(f"no such settings: {', '.join(sorted(unknown))}")
    given: dict[str, Given] = {}
    for file in _files():
        _say(file.notice)
        given.update(given_by(file, Settings.model_fields))
    given.update(_from_environment())
    given.update({name: override(value, given.get(name)) for name, value in overrides.items() if value is not None})
    for name, notice in tuple(misdirected(given)):
        _say(notice)
        del given[name]
    return given


def _say(notice: str) -> None:
    """Say something on standard error, once in a command."""
    context = click.get_current_context(silent=True)
    said: set[str] = context.meta.setdefault(__name__, set()) if context else set()
    if notice and notice not in said:
        said.add(notice)
        sys.stderr.write(f"{printable(notice)}\n")


def _from_environment() -> Iterator[tuple[str, Given]]:
    for name in Settings.model_fields:
        variable = environment_name(name)
        if value := os.environ.get(variable, "").strip():
            yield name, Given(value, f"environment {variable}")


def _files() -> Iterator[SettingsFile]:
    """The settings files that count, those that give way first."""
    if chosen := os.environ.get(CONFIG_VARIABLE, "").strip():
        path = Path(chosen).expanduser()
        if not path.is_file():
            raise SettingError(f"{CONFIG_VARIABLE} names {path}, which is not a file", "Correct or unset it.")
        yield read_settings_file(path, own=True)
        return
    users, here = _users_path(), Path(CONFIG_FILE)
    if users.is_file():
        yield read_settings_file(users, own=True)
    if here.is_file() and here.resolve() != users.resolve():
        yield read_settings_file(here.absolute(), own=False)


def _users_path() -> Path:
    return platformdirs.user_config_path(APPLICATION) / CONFIG_FILE


def _validated(given: Mapping[str, Given]) -> Settings:
    try:
        return Settings.model_validate(
            {name: source.value for name, source in given.items()},
            context={name: source.folder for name, source in given.items()},
        )
    except ValidationError as error:
        # "from None": pydantic's own message repeats the input, which may be a secret.
        raise _setting_error(error, given) from None


def _setting_error(error: ValidationError, given: Mapping[str, Given]) -> SettingError:
    first = error.errors(include_url=False)[0]
    name = str(first["loc"][0])
    source = given[name]
    # pydantic's messages read "Input should be a valid integer, unable to parse string as an integer".
    allowed = first["msg"].removeprefix("Value error, ").removeprefix("Input ").removeprefix("String ")
    problem = f"{name} cannot be {shown_input(name, source.value)!r} (from {source.origin})"
    return SettingError(problem, f"It {allowed.partition(', ')[0]}.")
