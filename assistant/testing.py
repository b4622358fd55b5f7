"""A chat model that replies with given texts, for tests of programs that use the assistant."""

from collections.abc import Callable, Iterator, Sequence
from typing import Any

from langchain_core.callbacks import CallbackManagerForLLMRun
from langchain_core.language_models import BaseChatModel
from langchain_core.messages import AIMessage, AIMessageChunk, BaseMessage
from langchain_core.outputs import ChatGeneration, ChatGenerationChunk, ChatResult
from pydantic import Field

Reply = str | Callable[[Sequence[BaseMessage]], str]


class ScriptedChat(BaseChatModel):
    """Gives its replies in order, the last one ever again, and keeps the prompts.

        chat = ScriptedChat(replies=['{"S1": "Blinken met Cho Tae-Yong."}'])
        with Assistant.open(chat=chat) as assistant:
            answer = assistant.ask("Who did Blinken meet?")
        assert "Cho Tae-Yong" in chat.prompts[0][-1].text

    LangChain's own fake models keep no prompts and cannot make a reply from one.

    Attributes:
        replies: at least one; a text, or a function from the prompt to a text.
        prompts: the messages of each call, in order.
        piece_characters: how much of a reply is streamed at a time.
    """

    replies: Sequence[Reply] = Field(min_length=1)
    prompts: list[list[BaseMessage]] = Field(default_factory=list)
    piece_characters: int = Field(default=8, ge=1)
    model_name: str = "scripted"

    @property
    def _llm_type(self) -> str:
        return "scripted"

    def _generate(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: CallbackManagerForLLMRun | None = None,
        **_: Any,
    ) -> ChatResult:
        return ChatResult(generations=[ChatGeneration(message=AIMessage(self._next_reply(messages)))])

    def _stream(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: CallbackManagerForLLMRun | None = None,
        **_: Any,
    ) -> Iterator[ChatGenerationChunk]:
        text, size = self._next_reply(messages), self.piece_characters
        for start in range(0, max(len(text), 1), size):
            yield ChatGenerationChunk(message=AIMessageChunk(content=text[start : start + size]))

    def _next_reply(self, messages: list[BaseMessage]) -> str:
        number = len(self.prompts)
        self.prompts.append(messages)
        reply = self.replies[min(number, len(self.replies) - 1)]
        return reply if isinstance(reply, str) else reply(messages)
