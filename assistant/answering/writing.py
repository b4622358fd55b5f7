"""The interface of both ways to write an answer: the requests to the chat model, and the claims from its replies."""

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

from assistant.answer import Evidence, Status
from assistant.answering.claims import Claims
from assistant.llm.reply_json import ReplyPart
from index.errors import ContextOverflowError, ReplyError
from index.hits import Hit

if TYPE_CHECKING:
    from langchain_core.messages import BaseMessage

Search = Callable[[str], Sequence[Hit]]  # from a query to what it finds, best first


class Request(NamedTuple):
    """What a chat model is asked: messages, the JSON Schema of the reply, and the most tokens it may take."""

    messages: "Sequence[BaseMessage]"
    schema: dict[str, Any]
    max_tokens: int


class Writing(Protocol):
    """From evidence to verified claims by way of a chat model. No input or output but the searches it is given.

    Attributes:
        question: what is answered, as it stands alone.
        claims: what is told so far.
        warnings: things a person should know.
        unanswered: what is asked and not said, in the model's words; empty when it names nothing.
        searches: queries that the model asked for.
        prompt_digest: SHA-256 of the prompt file.
    """

    question: str
    claims: Claims
    warnings: list[str]
    unanswered: str
    searches: tuple[str, ...]
    prompt_digest: str

    @property
    def wanted(self) -> bool:
        """Whether the chat model is to be asked at all."""

    @property
    def evidence(self) -> tuple[Evidence, ...]:
        """The sentences that were considered, best first."""

    @property
    def confidence(self) -> float | None:
        """The reader's probability that the evidence answers; None without a reader, or before it has read."""
        ...

    @property
    def read_sentences(self) -> Sequence[Evidence]:
        """All sentences that an answer may cite; words of the question that none of them has are missing."""

    @property
    def holds(self) -> bool:
        """Whether the claims answer: the reader has chosen their sentences, or the model says so itself."""

    def next_request(self, search: Search) -> Request | None:
        """What the chat model is asked next; None when nothing is left to ask."""

    def read(self, part: ReplyPart) -> bool:
        """Take in what the model has written so far; whether a further claim is settled by it."""

    def failed(self, error: ReplyError | ContextOverflowError) -> None:
        """The model's reply cannot be used, or its context is too short.

        Raises:
            ContextOverflowError: nothing can be done about it.
        """

    def finish(self) -> Status:
        """Settle what is open, and tell how the answer stands."""

    def disagreements(self) -> tuple[str, ...]:
        """Where cited sentences disagree, one line each, with citation numbers."""
