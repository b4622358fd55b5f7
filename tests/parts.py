"""Parts that several tests put together: chains over a library, and replies made from the prompt."""

import json
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from langchain_core.language_models import BaseChatModel
from langchain_core.messages import BaseMessage

from assistant.answering.chain import AnswerChain, ChainLimits
from assistant.evidence.select import EvidenceLimits
from index.embed.local import Embedder
from index.library import Library
from index.retrieve.reader import Reader
from index.retrieve.rerank import Reranker
from tests.openai_server import OpenAIServer, Request, Streamed

ROOT = Path(__file__).parents[1]
NEWSROOM = ROOT / "evals" / "datasets" / "newsroom" / "articles"
LIMITS = ChainLimits(candidates=30, k=8, evidence=EvidenceLimits(sentences=12, tokens=600))
KEY = "sk-secret-0123456789abcd"
LISTED = re.compile(r"^\[(S\d+)\] (.*)$", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Loaded:
    """Models that are already there."""

    loaded_embedder: Embedder
    loaded_reranker: Reranker | None = None
    loaded_reader: Reader | None = None

    def embedder(self) -> Embedder:
        return self.loaded_embedder

    def reranker(self) -> Reranker | None:
        return self.loaded_reranker

    def reader(self) -> Reader | None:
        return self.loaded_reader


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a command printed, and its exit status."""

    status: int
    out: str
    err: str


Run = Callable[..., Outcome]


@dataclass(slots=True)
class Chats:
    """Gives a chat model and counts how often it was asked for."""

    model: BaseChatModel
    asked: int = 0

    def chat(self) -> BaseChatModel:
        self.asked += 1
        return self.model


def chain_over(library: Library, chat: BaseChatModel) -> AnswerChain:
    """The whole chain with this chat model."""
    return AnswerChain(library, Chats(chat), LIMITS)


def listed(text: str) -> dict[str, str]:
    """Label → sentence, as a prompt's last message lists them."""
    return dict(LISTED.findall(text))


def replying(make: Callable[[str, str], str]) -> Callable[[Sequence[BaseMessage]], str]:
    """A reply that has, for every label of the prompt, a text made of label and sentence."""

    def reply(messages: Sequence[BaseMessage]) -> str:
        return reply_to(messages[-1].text, make)

    return reply


def reply_to(prompt: str, make: Callable[[str, str], str], further: Mapping[str, str] | None = None) -> str:
    """JSON with a text for every label of a prompt's last message, and for further labels."""
    texts = {label: make(label, sentence) for label, sentence in listed(prompt).items()}
    return json.dumps({**texts, **(further or {})}, ensure_ascii=False)


quoting = replying(lambda _, sentence: sentence)


def quoting_server() -> OpenAIServer:
    """A chat server on loopback that gives every label its own sentence."""

    def answer(request: Request) -> Streamed:
        text = reply_to(request.body["messages"][-1]["content"], lambda _, sentence: sentence)
        pieces = [text[start : start + 20] for start in range(0, len(text), 20)]
        usage = {"prompt_tokens": 900, "completion_tokens": 50, "total_tokens": 950}
        return Streamed(pieces, usage=usage)

    return OpenAIServer(answer=answer, models=["m"])
