"""The parameters of a chat request, and which of them to drop when a server refuses them."""

import json
import re
from typing import TYPE_CHECKING, Any

from assistant.llm.service import model_name
from index.embed.openai_errors import fault_in, is_context_overflow

if TYPE_CHECKING:
    from langchain_core.language_models import BaseChatModel
    from langchain_core.runnables import Runnable

# OpenAI's reasoning models; they take no temperature while they think, and have their own name for the limit.
OPENAI_REASONING = re.compile(r"(?:^|[/:])(?:o\d|gpt-[5-9])", re.IGNORECASE)
# Others that think before they reply, by parts of their names.
REASONING = re.compile(r"gpt-oss|\br1\b|\bqwq|\bqwen3|magistral|reason|think", re.IGNORECASE)
# The limit of a reply counts the thoughts before it. Tokens for them: at first, and where they were not enough, which
# is what OpenAI advises to reserve. Unused ones cost nothing.
ROOM, MORE_ROOM = 8_000, 25_000
LEAST_ROOM = 1_000
OPTIONAL = ("temperature", "seed", "reasoning_effort")
REFUSED = {400, 422}


def refuses_temperature(model: str, effort: str | None) -> bool:
    """Whether a model of this name takes no temperature at this reasoning effort."""
    return effort != "none" and _is_openais(model)


def _is_openais(model: str) -> bool:
    """Whether a name is that of a reasoning model of OpenAI."""
    found = OPENAI_REASONING.search(model)
    return found is not None and "chat" not in model[found.end() :].lower()


class Parameters:
    """The parameters of the requests that one question takes.

    Args:
        chat: any LangChain chat model.
        compatible: it is an OpenAI-compatible one, which can be held to a schema and to a limit.
        max_tokens: most tokens of the reply itself, without thoughts.

    Attributes:
        enforced: the server is asked to hold the model to the schema.
    """

    def __init__(self, chat: "BaseChatModel", compatible: bool, schema: dict[str, Any], max_tokens: int) -> None:
        self.enforced = compatible
        self._chat = chat
        self._compatible = compatible
        self._schema = schema
        self._max_tokens = max_tokens
        self._dropped: tuple[str, ...] = ()
        model = model_name(chat)
        openais = _is_openais(model)
        self._limit = "max_completion_tokens" if openais else "max_tokens"
        self._reasons = openais or REASONING.search(model) is not None
        self._room = ROOM if compatible and self.thinks else 0
        self._renamed = self._extended = False

    @property
    def thinks(self) -> bool:
        """Whether the model is known to think before it replies, and was not asked to leave that."""
        return self._reasons and ("reasoning_effort" in self._dropped or self._value("reasoning_effort") != "none")

    @property
    def most_tokens(self) -> int:
        """Most tokens that the model may write, thoughts among them."""
        return self._max_tokens + self._room

    def bound(self) -> "Runnable[Any, Any]":
        chat = self._chat.model_copy(update=dict.fromkeys(self._dropped)) if self._dropped else self._chat
        if not self._compatible:
            return chat
        parameters: dict[str, Any] = {self._limit: self.most_tokens}
        if self.enforced:
            wanted = {"name": "answer", "schema": self._schema, "strict": True}
            parameters["response_format"] = {"type": "json_schema", "json_schema": wanted}
        return chat.bind(**parameters)

    def relax(self, error: Exception) -> bool:
        """Leave out, rename or lower what the server refuses; False when that cannot be what is wrong."""
        fault = fault_in(error)
        words = f"{fault.param} {fault.words}".lower()
        if is_context_overflow(error) or (self._room and "too large" in words):
            return self._give_up_room()
        if getattr(error, "status_code", None) not in REFUSED and "schema" not in words and "grammar" not in words:
            return False
        if self._compatible and "max_completion_tokens" in words and not self._renamed:
            self._renamed = True
            self._limit = "max_tokens" if self._limit == "max_completion_tokens" else "max_completion_tokens"
            return True
        if named := self._refused(fault.param, words):
            self._dropped += named
            self._room = max(self._room, ROOM if self.thinks else 0)
            return True
        was_enforced, self.enforced = self.enforced, False
        return was_enforced

    def allow_more_thoughts(self) -> bool:
        """Make room for longer thoughts, once; False when that was done before."""
        if self._extended or not self._compatible:
            return False
        self._extended = True
        self._room = MORE_ROOM if self._room else ROOM
        return True

    def _give_up_room(self) -> bool:
        # Some servers refuse a limit that goes beyond the model's context together with the prompt.
        had_room = self._room > 0
        self._room = self._room // 4 if self._room >= 4 * LEAST_ROOM else 0
        return had_room

    def _refused(self, param: str, words: str) -> tuple[str, ...]:
        """The optional parameters that are sent and that an error speaks of."""
        sent = [name for name in OPTIONAL if name not in self._dropped and self._value(name) is not None]
        if param in sent:
            return (param,)
        spoken = words + " reasoning_effort" * any(word in words for word in ("reasoning", "thinking"))
        return tuple(name for name in sent if name in spoken)

    def _value(self, name: str) -> Any:
        return getattr(self._chat, name, None)


def schema_in_words(schema: dict[str, Any]) -> str:
    """The schema as a model is told it where no server enforces it."""
    return f"Reply with one JSON object that matches this JSON Schema, and with nothing else:\n{json.dumps(schema)}"
