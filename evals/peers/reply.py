"""What a peer replied to a question, before it is turned into a record."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any

from pydantic import TypeAdapter

from assistant.llm.reply_json import Usage
from index.embed.local import Embedder

if TYPE_CHECKING:
    from langchain_core.language_models import BaseChatModel

FIELD = "peer"  # of a record's answer: the reply as it was


@dataclass(frozen=True, slots=True)
class Source:
    """A chunk that the peer was given under a number; offsets in characters of the article's text."""

    n: int
    article: str
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Quote:
    """Words that the peer says to have copied from a source."""

    n: int
    text: str


@dataclass(frozen=True, slots=True)
class Reply:
    """A reply and what it points at.

    Attributes:
        text: as the model wrote it, with its ``[n]``.
        sources: what the model was given, best first.
        quotes: they stand for the whole answer; None where ``[n]`` in the text say what is cited.
        form: how the reply was had: ``schema``, ``tags``, or ``marks``.
        seconds: stage → time taken.
    """

    text: str
    sources: tuple[Source, ...]
    quotes: tuple[Quote, ...] | None = None
    form: str = "marks"
    usage: Usage | None = None
    seconds: Mapping[str, float] = field(default_factory=dict)

    def source(self, n: int) -> Source | None:
        """The source of this number; None when the model was given none."""
        return next((source for source in self.sources if source.n == n), None)

    def to_dict(self) -> dict[str, Any]:
        """The reply in JSON types."""
        found: dict[str, Any] = TypeAdapter(Reply).dump_python(self, mode="json")
        return found


def reply_of(answer: Mapping[str, Any]) -> Reply | None:
    """The reply that a record's answer was made of; None for the assistant's own."""
    found = answer.get(FIELD)
    return None if found is None else TypeAdapter(Reply).validate_python(found["reply"])


@dataclass(frozen=True, slots=True)
class Models:
    """The models that every system is given.

    Attributes:
        chat: speaks the OpenAI protocol, with the embedded model's server or another.
        free: whether its tokens cost nothing.
    """

    embedder: Embedder
    chat: "BaseChatModel"
    free: bool


Asked = Callable[[str], Awaitable[Reply]]  # a question → the reply


class TokenCount:
    """Adds up what the chat model read and wrote for one question."""

    def __init__(self, free: bool) -> None:
        self._cost = 0.0 if free else None
        self.usage = Usage(0, 0, None, 0, self._cost)

    def add(self, message: Any) -> None:
        """Count one reply of a LangChain chat model; a server that does not count makes the sums unknown."""
        used = getattr(message, "usage_metadata", None) or {}
        counted = Usage(used.get("input_tokens"), used.get("output_tokens"), None, 1, self._cost)
        self.usage = Usage(**{**asdict(self.usage.plus(counted)), "cost_usd": self._cost})
