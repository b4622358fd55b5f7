"""The lines of a cassette's files: requests of chat models, and replies to them."""

import json
import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from index.private import tighten

if TYPE_CHECKING:
    from langchain_core.messages import BaseMessage

ROLES = {"human": "user", "ai": "assistant"}  # LangChain's words for roles → the protocol's


@dataclass(frozen=True)
class Request:
    """What a chat model is asked: its name, the messages as (role, text), and the JSON schema of the reply."""

    model: str
    messages: tuple[tuple[str, str], ...]
    schema: Mapping[str, Any]

    @classmethod
    def of(cls, model: str, messages: "Sequence[BaseMessage]", schema: Mapping[str, Any]) -> Self:
        return cls(model, tuple((ROLES.get(message.type, message.type), message.text) for message in messages), schema)

    @cached_property
    def digest(self) -> str:
        """SHA-256 of the whole request, whatever the order of the schema's members."""
        text = json.dumps(self._content, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
        return sha256(text.encode("utf-8", "surrogatepass")).hexdigest()

    @property
    def line(self) -> bytes:
        """The request as a line of ``requests.jsonl``."""
        return f"{json.dumps({'digest': self.digest, **self._content}, ensure_ascii=False)}\n".encode()

    @property
    def _content(self) -> dict[str, Any]:
        messages = [{"role": role, "content": text} for role, text in self.messages]
        return {"model": self.model, "messages": messages, "schema": self.schema}


class _Line(BaseModel):
    model_config = ConfigDict(frozen=True)


class TokenCounts(_Line):
    """Tokens of one reply, as its server counted them."""

    prompt_tokens: int = Field(ge=0)
    completion_tokens: int = Field(ge=0)
    cached_tokens: int | None = None


class Reply(_Line):
    """What a model, or somebody in its place, replied.

    Attributes:
        digest: of the request.
        reply: the text, or the object that it would be.
        model: who was asked.
        usage: as the server counted them; None where no server did.
        truncated: the reply was cut at the most tokens allowed.
        imported: it was given in place of a model's.
    """

    digest: str = Field(pattern=r"^[0-9a-f]{64}$")
    reply: str | dict[str, Any]
    model: str = ""
    usage: TokenCounts | None = None
    truncated: bool = False
    imported: bool = False
    recorded: datetime = Field(default_factory=lambda: datetime.now(UTC))

    @property
    def text(self) -> str:
        """The reply as the model would have written it."""
        return self.reply if isinstance(self.reply, str) else json.dumps(self.reply, ensure_ascii=False)

    def says_as(self, other: "Reply | None") -> bool:
        """Whether the other is there and is the same reply, whenever it was recorded."""
        return other is not None and (self.text, self.truncated) == (other.text, other.truncated)


class Waiting(_Line):
    """A request that was written down, as far as it is read again."""

    digest: str
    model: str = ""


def append(path: Path, lines: Iterable[bytes]) -> None:
    """Add lines in one write; a line before them that was cut off is taken away."""
    with path.open("ab+") as file:
        tighten(path)
        if file.tell():
            file.seek(-1, os.SEEK_END)
            if file.read(1) != b"\n":
                file.seek(0)
                file.truncate(len(whole_lines(file.read())))
        file.write(b"".join(lines))
        file.flush()
        os.fsync(file.fileno())


def whole_lines(data: bytes) -> bytes:
    """The data without a last line that was cut off."""
    return data[: data.rfind(b"\n") + 1]


def fault(error: ValidationError) -> str:
    """What is wrong with a line: the field, and what it should be."""
    first = error.errors(include_url=False, include_input=False)[0]
    place = ".".join(map(str, first["loc"]))
    return f"{place}: {first['msg']}" if place else first["msg"]
