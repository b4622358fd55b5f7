"""The chat model that plays a cassette, or records one from a real model.

A reply that was recorded brings the tokens that its server counted; those of a reply that was imported are counted with
tiktoken.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from langchain_core.callbacks import CallbackManagerForLLMRun
from langchain_core.language_models import BaseChatModel
from langchain_core.messages import AIMessage, BaseMessage
from langchain_core.messages.ai import InputTokenDetails, UsageMetadata
from langchain_core.outputs import ChatGeneration, ChatResult

from assistant.cassettes.cassette import Cassette
from assistant.cassettes.lines import Reply, Request, TokenCounts
from assistant.text.tokens import count_tokens


class CassetteChat(BaseChatModel):
    """Replies from a cassette; with a real model, that one is asked and its replies are kept.

    Attributes:
        model_name: part of every request's digest.
        real: None when no model may be asked.
    """

    cassette: Cassette
    model_name: str
    real: BaseChatModel | None = None

    @property
    def _llm_type(self) -> str:
        return "cassette"

    def _generate(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: CallbackManagerForLLMRun | None = None,
        *,
        reply_schema: Mapping[str, Any] | None = None,
        **_: Any,
    ) -> ChatResult:
        reply = self.cassette.reply_to(Request.of(self.model_name, messages, reply_schema or {}))
        counts = reply.usage or (_counted(messages, reply.text) if reply.imported else None)
        message = AIMessage(
            reply.text,
            usage_metadata=_metadata(counts) if counts else None,
            response_metadata={"finish_reason": "length" if reply.truncated else "stop"},
        )
        return ChatResult(generations=[ChatGeneration(message=message)])

    def keep(
        self,
        messages: Sequence[BaseMessage],
        schema: Mapping[str, Any],
        text: str,
        usage: Mapping[str, Any] | None,
        *,
        truncated: bool,
    ) -> None:
        """Record what the real model replied; ``usage`` as LangChain has it."""
        digest = Request.of(self.model_name, messages, schema).digest
        counts = _counts(usage) if usage else None
        self.cassette.add(Reply(digest=digest, reply=text, model=self.model_name, usage=counts, truncated=truncated))


def _metadata(usage: TokenCounts) -> UsageMetadata:
    read, written = usage.prompt_tokens, usage.completion_tokens
    found = UsageMetadata(input_tokens=read, output_tokens=written, total_tokens=read + written)
    if usage.cached_tokens is not None:
        found["input_token_details"] = InputTokenDetails(cache_read=usage.cached_tokens)
    return found


def _counted(messages: Sequence[BaseMessage], reply: str) -> TokenCounts:
    read = sum(count_tokens(message.text) for message in messages)
    return TokenCounts(prompt_tokens=read, completion_tokens=count_tokens(reply))


def _counts(usage: Mapping[str, Any]) -> TokenCounts:
    return TokenCounts(
        prompt_tokens=usage.get("input_tokens") or 0,
        completion_tokens=usage.get("output_tokens") or 0,
        cached_tokens=(usage.get("input_token_details") or {}).get("cache_read"),
    )
