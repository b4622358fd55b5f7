"""What both ways to write an answer have in common: a request to the chat model, and a search."""

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from index.hits import Hit

if TYPE_CHECKING:
    from langchain_core.messages import BaseMessage

Search = Callable[[str], Sequence[Hit]]  # from a query to what it finds, best first


class Request(NamedTuple):
    """What a chat model is asked: messages, the JSON Schema of the reply, and the most tokens it may take."""

    messages: "Sequence[BaseMessage]"
    schema: dict[str, Any]
    max_tokens: int
