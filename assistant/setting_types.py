"""The types of setting values, with checks and error messages."""

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated
from urllib.parse import urlsplit

from pydantic import AfterValidator, Field, SecretStr, ValidationInfo


def _http_url(value: str) -> str:
    try:
        parts = urlsplit(value)
        usable = parts.scheme in {"http", "https"} and bool(parts.hostname) and parts.port != 0
    except ValueError:
        usable = False
    if not usable:
        raise ValueError("should be a web address such as https://host/v1")
    return value.rstrip("/")


def _shards_url(value: str) -> str:
    from index.store.chroma_server import SHARD  # takes long to import, and is needed only where an address is set

    _http_url(value.replace(SHARD, "000"))
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


HttpUrl = Annotated[str, AfterValidator(_http_url)]
ShardsUrl = Annotated[str, AfterValidator(_shards_url)]
UserPath = Annotated[Path, AfterValidator(_user_path)]
Secret = Annotated[SecretStr, AfterValidator(_header_text)]
Name = Annotated[str, Field(min_length=1)]
Count = Annotated[int, Field(ge=1)]
