"""Sends one request to a chat model, with retries, and explains failures. Cassettes record here."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, TypeVar

from assistant.llm.parameters import Parameters, schema_in_words
from assistant.llm.prices import UNKNOWN, Prices, cost_of
from assistant.llm.reply_form import best_object, fitted, lenient, usable_members, valid_members
from assistant.llm.reply_json import ReplyPart, Usage, after_thinking, partial_object
from assistant.llm.service import chat_service, model_name, offered_by, other_service_error, provider_of, service_of
from assistant.text.tokens import count_tokens
from index.embed.openai_errors import Service, service_error
from index.errors import ReplyError, ServiceError

if TYPE_CHECKING:
    from langchain_core.language_models import BaseChatModel
    from langchain_core.messages import BaseMessage
    from langchain_core.runnables import Runnable
    from openai import LengthFinishReasonError

ATTEMPTS = 2
# Tokenizers differ by some percent, not by half: a server that read less than this share has cut the prompt.
CUT_PROMPT_SHARE = 0.6
# OpenAI and Ollama say "length"; Anthropic and Google say "max_tokens".
ENDS = ("finish_reason", "stop_reason", "done_reason")
CUT_REASONS = {"length", "max_tokens"}
BEGINNINGS = ("{", "[", "`")  # of a reply, where thoughts may stand before it without a mark
# What langchain-openai and the client below it raise for what is no completion; assertions for an empty stream.
BREAKDOWNS = (OSError, ValueError, AssertionError, TypeError, LookupError, AttributeError)
_Number = TypeVar("_Number", int, float)


class Exchange:
    """One question and its attempts, without talking to a server, so that both ways of streaming share it.

    For each attempt: `start`, `read` for each chunk, `fail` if it broke, `finish`; until `over`.
    """

    def __init__(
        self,
        chat: "BaseChatModel",
        messages: Sequence["BaseMessage"],
        schema: dict[str, Any],
        max_tokens: int,
        prices: Prices = UNKNOWN,
    ) -> None:
        from langchain_openai.chat_models.base import BaseChatOpenAI

        from assistant.cassettes.chat import CassetteChat

        self._cassette = chat if isinstance(chat, CassetteChat) else None
        self._played = self._cassette is not None and self._cassette.real is None
        if self._cassette is not None and self._cassette.real is not None:
            chat = self._cassette.real
        self.over = False
        self._chat = chat
        self._messages = list(messages)
        self._schema = schema
        self._compatible = isinstance(chat, BaseChatOpenAI)
        self._parameters = Parameters(chat, self._compatible, schema, max_tokens)
        self._calls = 0
        self._attempt = 1
        self._usages: list[Any] = []
        self._price = prices.of(model_name(chat))
        self._kept: dict[str, Any] = {}
        self._warning = ""
        self._reset()

    def _reset(self) -> None:
        self._text = ""
        self._refusal = ""
        self._truncated = False
        self._again = False
        self._usage: Any = None
        self._shown: dict[str, Any] = {}

    def start(self) -> "tuple[Runnable[Any, Any], list[BaseMessage]]":
        """The model to call and the prompt to call it with."""
        self._reset()
        self._calls += 1
        # A cassette has the schema in the key of a reply and not in the prompt's words.
        plain = self._parameters.enforced or self._played
        model = self._chat.bind(reply_schema=self._schema) if self._played else self._parameters.bound()
        return model, self._messages if plain else _with_schema(self._messages, self._schema)

    def read(self, chunk: Any) -> ReplyPart | None:
        """Take in one chunk; a part when it changes what is known."""
        self._text += chunk.text
        self._refusal = chunk.additional_kwargs.get("refusal") or self._refusal
        # Some servers report running totals with every chunk, so the last report counts, not their sum.
        self._usage = getattr(chunk, "usage_metadata", None) or self._usage
        reasons = {str(chunk.response_metadata.get(name)).lower() for name in ENDS}
        self._truncated = self._truncated or bool(reasons & CUT_REASONS)
        data = self._partial() if chunk.text else self._shown
        if data == self._shown:
            return None
        self._shown = data
        return ReplyPart(data, done=False, attempt=self._attempt)

    def _partial(self) -> dict[str, Any]:
        data = fitted(partial_object(self._text), self._schema)
        return data if isinstance(data, dict) else {}

    def fail(self, error: Exception) -> None:
        """Decide what a failure means: another attempt, a reply cut short, one that was complete, or an error."""
        import openai

        if isinstance(error, openai.LengthFinishReasonError):
            self._truncated = True
            self._usage = _usage_of(error) or self._usage
        elif (not self._compatible or isinstance(error, openai.APIStatusError)) and self._parameters.relax(error):
            self._again = True
        else:
            ours = self._error_of(error)
            if not self._is_complete():
                raise ours from error
            self._warning = f"{ours.problem}; its reply was complete before that"

    def _error_of(self, error: Exception) -> ServiceError:
        import openai
        from langchain_core.exceptions import ModelError

        broken = self._compatible and isinstance(error, BREAKDOWNS)
        if isinstance(error, openai.OpenAIError) or broken:
            return service_error(error, self._service, lambda: offered_by(self._chat))
        if isinstance(error, ModelError) or provider_of(self._chat):
            return other_service_error(error, self._service)
        raise error

    def _is_complete(self) -> bool:
        try:
            return bool(self._checked())
        except ValueError:
            return False

    def finish(self) -> ReplyPart | None:
        """The last part; None when another attempt is due.

        Raises:
            ReplyError: nothing usable came; its ``usage`` says what that took.
        """
        if self._again:
            return None
        self._usages.append(self._usage or {})
        if self._cassette is not None and not self._played and not self._refusal:
            self._cassette.keep(self._messages, self._schema, self._text, self._usage, truncated=self._truncated)
        try:
            return self._finished()
        except ReplyError as error:
            error.usage = self._total_usage()
            raise

    def _finished(self) -> ReplyPart | None:
        if self._refusal:
            raise ReplyError(
                f"the model refused to answer: {self._service.quote(self._refusal)}", "Ask in other words."
            )
        if self._cut_in_thoughts() and self._parameters.allow_more_thoughts():
            return None
        try:
            data, truncated = self._checked(), False
        except ValueError as problem:
            if not self._truncated and not self._salvaged(problem):
                return None
            data, truncated = self._rescued() if self._truncated else self._kept, self._truncated
        self.over = True
        warning = self._warning or self._cut_prompt_warning()
        return ReplyPart(data, True, self._total_usage(), truncated, warning, self._attempt)

    def _cut_in_thoughts(self) -> bool:
        """Whether the limit was used up before the reply began."""
        said = after_thinking(self._text)
        begun = said.startswith(BEGINNINGS) if self._parameters.thinks else "{" in said
        return self._truncated and not begun

    def _checked(self) -> dict[str, Any]:
        from jsonschema import Draft202012Validator
        from jsonschema.exceptions import best_match

        if self._cut_in_thoughts():
            raise ValueError("it holds thoughts and no reply")
        data = best_object(self._text, self._schema)
        if (error := best_match(Draft202012Validator(lenient(self._schema)).iter_errors(data))) is not None:
            raise ValueError(f"{error.json_path}: {error.message}")
        return data

    def _rescued(self) -> dict[str, Any]:
        data = {} if self._cut_in_thoughts() else usable_members(self._text, self._schema)
        if not data:
            limit = f" after {self._parameters.most_tokens} tokens" if self._compatible else ""
            raise ReplyError(
                f"the reply of {self._service.model} was cut{limit}, before anything usable",
                "Allow more tokens for the reply, or use a model that writes less.",
            )
        return data

    def _salvaged(self, problem: ValueError) -> bool:
        """Whether what the attempts gave has to do; False when another one is due."""
        try:
            found = valid_members(best_object(self._text, self._schema), self._schema)
        except ValueError:
            found = {}
        self._kept = max(self._kept, found, key=len)
        if self._attempt < ATTEMPTS:
            self._complain(problem)
            return False
        if not self._kept:
            said = self._service.quote(after_thinking(self._text))
            raise ReplyError(
                f"{self._service.model} at {self._service.shown} did not reply in the form asked for: "
                f"{self._service.quote(problem)}" + (f"; it said: {said}" if said else ""),
                "Try again, or use another model (ASSISTANT_MODEL).",
            )
        return True

    def _complain(self, problem: ValueError) -> None:
        from langchain_core.messages import AIMessage, HumanMessage

        self._attempt += 1
        self._messages = [
            *self._messages,
            AIMessage(after_thinking(self._text) or "(nothing)"),
            HumanMessage(f"That reply cannot be used: {self._service.quote(problem)}. {schema_in_words(self._schema)}"),
        ]

    def _total_usage(self) -> Usage:
        # No prompt has no tokens: 0 says that the server does not count.
        read = [usage.get("input_tokens") or None for usage in self._usages]
        written = [usage.get("output_tokens") for usage in self._usages]
        cached = [(usage.get("input_token_details") or {}).get("cache_read") for usage in self._usages]
        costs = [cost_of(self._price, *counts) for counts in zip(read, written, cached, strict=True)]
        cost = None if None in costs else _sum_known(costs)
        return Usage(_sum_known(read), _sum_known(written), _sum_known(cached), self._calls, cost)

    def _cut_prompt_warning(self) -> str:
        read = (self._usage or {}).get("input_tokens")
        if not read or self._played:
            return ""
        sent = sum(count_tokens(message.text) for message in self._messages)
        if read >= CUT_PROMPT_SHARE * sent:
            return ""
        return (
            f"{self._service.shown} read only {read} of about {sent} tokens of the prompt: its context is too short; "
            "raise it there, or lower ASSISTANT_PASSAGE_TOKENS"
        )

    @property
    def _service(self) -> Service:
        if self._played and self._cassette is not None:
            return chat_service(type(self._chat).__name__, self._cassette.model_name)
        return service_of(self._chat)


def _with_schema(messages: "Sequence[BaseMessage]", schema: dict[str, Any]) -> "list[BaseMessage]":
    """The prompt with the schema stated in its system message."""
    from langchain_core.messages import SystemMessage

    wording = schema_in_words(schema)
    if messages and isinstance(messages[0], SystemMessage):
        return [SystemMessage(f"{messages[0].text}\n\n{wording}"), *messages[1:]]
    return [SystemMessage(wording), *messages]


def _usage_of(error: "LengthFinishReasonError") -> dict[str, Any] | None:
    """Usage of a reply that was cut off; the client hands it over only in the error."""
    usage = error.completion.usage
    if usage is None:
        return None
    details = usage.prompt_tokens_details
    return {
        "input_tokens": usage.prompt_tokens,
        "output_tokens": usage.completion_tokens,
        "input_token_details": {"cache_read": details.cached_tokens if details else None},
    }


def _sum_known(numbers: Sequence[_Number | None]) -> _Number | None:
    known = [number for number in numbers if number is not None]
    return sum(known) if known else None
