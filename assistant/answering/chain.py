"""The answer chain as one LangChain Runnable: understand, search, read, select, write, verify, answer.

``stream`` is that row: ``_understand`` makes the question stand alone, ``_begin`` searches, reads and selects, the
language model writes, and the turn verifies and answers. ``astream`` is the same for asynchronous callers.

A stream is a row of ever more complete answers: with what a follow-up means, with the evidence, when the model is
loaded and when it begins to write, then with each claim as it is verified, at last finished; ``timings_ms`` tells which
stages are over. ``invoke`` gives the last of them, so that both ways say the same.
"""

import asyncio
from collections.abc import AsyncIterator, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any, Protocol

from langchain_core.runnables import Runnable, RunnableConfig

from assistant.answer import Answer, Status
from assistant.answering.selected import SelectedWriting
from assistant.answering.turn import Stopwatch, Turn, Writing
from assistant.answering.wide import WideWriting
from assistant.answering.writing import Search
from assistant.evidence.passages import label_passages, with_bearing
from assistant.evidence.select import EvidenceLimits, select_evidence
from assistant.llm.client import astream_reply, stream_reply
from assistant.llm.prices import UNKNOWN, Prices
from assistant.llm.prompts import load_prompt
from assistant.llm.reply_json import ReplyPart
from assistant.llm.service import model_name
from assistant.question.asked import Question, checked, scope_of
from assistant.question.follow_up import (
    MOST_TOKENS,
    StandAlone,
    leans,
    not_rewritten,
    rewriting_messages,
    rewritten,
    with_conversation,
)
from assistant.selection.select import select_answers
from index.errors import ContextOverflowError, ReplyError
from index.hits import Hit, ShardsAsked, in_turn
from index.shards.interface import AnyLibrary
from index.store.records import Selection

if TYPE_CHECKING:
    from langchain_core.language_models import BaseChatModel


class ChatProvider(Protocol):
    """Gives the chat model when it is first needed."""

    def chat(self) -> "BaseChatModel": ...


@dataclass(frozen=True, slots=True)
class ChainLimits:
    """How much is searched and shown.

    Attributes:
        candidates: chunks that are reranked.
        k: chunks that evidence is drawn from.
        passage_tokens: of whole passages that the chat model reads; 0 lets it read the sentences that answer alone.
        second_look: whether a chat model that reads passages may ask for further searches.
    """

    candidates: int
    k: int
    evidence: EvidenceLimits
    passage_tokens: int = 0
    second_look: bool = True


class AnswerChain(Runnable[str | Question, Answer]):
    """From a question to a verified answer.

    Args:
        library: where the articles are.
        chats: where the chat model comes from; asked only when there is evidence to read.
        limits: how much is searched and shown.
        lost: what makes every answer worse than it could be, told with each; empty when nothing does.
        prices: what chat models cost.
    """

    def __init__(
        self, library: AnyLibrary, chats: ChatProvider, limits: ChainLimits, lost: str = "", prices: Prices = UNKNOWN
    ) -> None:
        self._library = library
        self._chats = chats
        self._limits = limits
        self._lost = lost
        self._prices = prices
        self._rewriting = load_prompt("standalone")
        self._readers = ThreadPoolExecutor(thread_name_prefix="reader")  # read while chat models write

    def invoke(self, input: str | Question, config: RunnableConfig | None = None, **_: Any) -> Answer:  # noqa: A002
        """Answer a question.

        Raises:
            AssistantError: the index cannot be searched, or the chat server failed.
        """
        return list(self.stream(input, config))[-1]

    async def ainvoke(self, input: str | Question, config: RunnableConfig | None = None, **_: Any) -> Answer:  # noqa: A002
        """Answer a question without blocking the event loop; raises as ``invoke``."""
        return [answer async for answer in self.astream(input, config)][-1]

    def stream(self, input: str | Question, config: RunnableConfig | None = None, **_: Any) -> Iterator[Answer]:  # noqa: A002
        """Ever more complete answers; the last one is finished."""
        asked, stopwatch = checked(input), Stopwatch()
        standalone = self._understand(asked, stopwatch)
        yield from _understood(standalone, stopwatch)
        turn = self._begin(asked, standalone, stopwatch)
        yield turn.snapshot()
        if turn.writing.wanted and not asked.extractive:
            chat = self._chat(turn)
            yield turn.snapshot()
            search = self._search(asked, turn)
            while request := turn.writing.next_request(search):
                try:
                    for part in stream_reply(chat, *request, self._prices):
                        yield from self._read(turn, part)
                except (ReplyError, ContextOverflowError) as error:
                    turn.failed(error)
        yield turn.finish()

    async def astream(
        self,
        input: str | Question,  # noqa: A002
        config: RunnableConfig | None = None,
        **_: Any,
    ) -> AsyncIterator[Answer]:
        """Ever more complete answers; searching runs in a thread."""
        asked, stopwatch = checked(input), Stopwatch()
        standalone = await self._aunderstand(asked, stopwatch)
        for answer in _understood(standalone, stopwatch):
            yield answer
        turn = await asyncio.to_thread(self._begin, asked, standalone, stopwatch)
        yield turn.snapshot()
        if turn.writing.wanted and not asked.extractive:
            chat = await asyncio.to_thread(self._chat, turn)
            yield turn.snapshot()
            search = self._search(asked, turn)
            while request := await asyncio.to_thread(turn.writing.next_request, search):
                try:
                    async for part in astream_reply(chat, *request, self._prices):
                        for answer in self._read(turn, part):
                            yield answer
                except (ReplyError, ContextOverflowError) as error:
                    turn.failed(error)
        yield await asyncio.to_thread(turn.finish)  # may wait for the reader

    def _understand(self, asked: Question, stopwatch: Stopwatch) -> StandAlone:
        """The question as it stands alone; the model is asked only when it may lean on earlier ones."""
        if standalone := self._understood_unasked(asked):
            return standalone
        chat = self._load(stopwatch)
        messages = rewriting_messages(self._rewriting, asked.text, asked.history)
        try:
            *_, last = stream_reply(chat, messages, dict(self._rewriting.reply), MOST_TOKENS, self._prices)
            return rewritten(asked.text, asked.history, last)
        except ReplyError as error:
            return not_rewritten(asked.text, error)
        finally:
            stopwatch.lap("rewrite")

    async def _aunderstand(self, asked: Question, stopwatch: Stopwatch) -> StandAlone:
        """The same for asynchronous callers."""
        if standalone := self._understood_unasked(asked):
            return standalone
        chat = await asyncio.to_thread(self._load, stopwatch)
        messages = rewriting_messages(self._rewriting, asked.text, asked.history)
        try:
            replies = astream_reply(chat, messages, dict(self._rewriting.reply), MOST_TOKENS, self._prices)
            parts = [part async for part in replies]
            return rewritten(asked.text, asked.history, parts[-1])
        except ReplyError as error:
            return not_rewritten(asked.text, error)
        finally:
            stopwatch.lap("rewrite")

    def _understood_unasked(self, asked: Question) -> StandAlone | None:
        """What needs no request of its own: a question that stands alone, or one that is rewritten with its answer."""
        if asked.history and self._limits.passage_tokens and not asked.extractive:
            return with_conversation(asked.text, asked.history)
        follows = bool(asked.history) and leans(asked.text)
        return None if follows else StandAlone(asked.text, asked.text)

    def _begin(self, asked: Question, standalone: StandAlone, stopwatch: Stopwatch) -> Turn:
        """Search, read and select: everything that is known before the language model writes.

        A chat model that reads passages does not wait for the reader, who reads meanwhile.
        """
        scope = scope_of(asked, standalone.text)
        limits = self._limits
        k, passage_tokens = asked.k or limits.k, 0 if asked.extractive else limits.passage_tokens
        reader = self._library.reader()
        stopwatch.lap("open")
        wanted = max(k, limits.candidates) if passage_tokens else k
        found, shards = self._find(standalone.searches, wanted, scope.selection, stopwatch)
        hits = in_turn(found)
        read = partial(select_evidence, scope.wording(standalone.text), hits[:k], reader, limits.evidence)
        writing: Writing
        if passage_tokens:
            reading = self._readers.submit(read)
            passages = label_passages(in_turn([with_bearing(one) for one in found]), passage_tokens)
            writing = WideWriting(standalone, passages, reading, reader, scope.time.ordering, limits.second_look)
        else:
            evidence = read()
            stopwatch.lap("evidence")
            selection = select_answers(evidence, scope.time.ordering)
            stopwatch.lap("select")
            writing = SelectedWriting(standalone.text, evidence, selection, reader)
        turn = Turn(standalone, hits, writing, stopwatch, scope.time.period if scope.narrowed else "")
        turn.shards = shards
        if self._lost:
            turn.warn(self._lost)
        return turn

    def _find(
        self, texts: Sequence[str], wanted: int, selection: Selection, stopwatch: Stopwatch
    ) -> tuple[list[Sequence[Hit]], ShardsAsked]:
        """What each of the texts finds, best first; and which shards did not answer."""
        found, shards = list[Sequence[Hit]](), ShardsAsked()
        for text in texts:
            result = self._library.search(text, k=wanted, candidates=self._limits.candidates, selection=selection)
            stopwatch.add(result.timings_ms)
            found.append(result.hits)
            shards = shards.plus(result.shards)
        return found, shards

    def _search(self, asked: Question, turn: Turn) -> Search:
        """The second look: what the model's own query finds where the question may be answered from."""
        selection = scope_of(asked, "").selection

        def search(query: str) -> Sequence[Hit]:
            limits = self._limits
            found = self._library.search(query, k=limits.k, candidates=limits.candidates, selection=selection)
            turn.stopwatch.lap("second look")
            turn.shards = turn.shards.plus(found.shards)
            return found.hits

        return search

    def _load(self, stopwatch: Stopwatch) -> "BaseChatModel":
        chat = self._chats.chat()
        stopwatch.lap("load")
        return chat

    def _chat(self, turn: Turn) -> "BaseChatModel":
        chat = self._load(turn.stopwatch)
        turn.model = model_name(chat)
        return chat

    @staticmethod
    def _read(turn: Turn, part: ReplyPart) -> Iterator[Answer]:
        begun = turn.begins_to_write()
        if turn.read(part) or begun:
            yield turn.snapshot()


def _understood(standalone: StandAlone, stopwatch: Stopwatch) -> Iterator[Answer]:
    """A first sign of what a follow-up was taken to mean; nothing when the question stands as it was asked."""
    if standalone.text != standalone.asked:
        yield Answer(standalone.asked, Status.IN_PROGRESS, standalone.text, timings_ms=stopwatch.timings_ms())
