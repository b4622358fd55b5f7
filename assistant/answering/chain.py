"""The answer chain as one LangChain Runnable: understand, search, read, select, write, verify, answer.

``stream`` is that row: ``_understand`` makes the question stand alone, ``_begin`` searches, reads and selects, the
language model writes, and the turn verifies and answers. ``astream`` is the same for asynchronous callers.

A stream is a row of ever more complete answers: with what a follow-up means, with the evidence, when the model is
loaded and when it begins to write, then with each claim as it is verified, at last finished; ``timings_ms`` tells which
stages are over. ``invoke`` gives the last of them, so that both ways say the same.
"""

import asyncio
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Protocol

from langchain_core.runnables import Runnable, RunnableConfig

from assistant.answer import Answer, Status
from assistant.answering.turn import Turn
from assistant.evidence.select import EvidenceLimits, select_evidence
from assistant.llm.client import ReplyPart, astream_reply, model_name, stream_reply
from assistant.llm.prices import UNKNOWN, Prices
from assistant.llm.prompts import Prompt, load_prompt
from assistant.question.follow_up import (
    MOST_TOKENS,
    Earlier,
    StandAlone,
    leans,
    not_rewritten,
    rewriting_messages,
    rewritten,
)
from assistant.question.time_window import QuestionTime, overlap, read_question_time, until_moment, without_spans
from assistant.selection.select import select_answers
from assistant.stopwatch import Stopwatch
from index.articles import Window
from index.errors import ReplyError, UsageError
from index.library import Library
from index.store.records import Selection

if TYPE_CHECKING:
    from langchain_core.language_models import BaseChatModel

MAX_QUESTION_CHARACTERS = 2000


class ChatProvider(Protocol):
    """Gives the chat model when it is first needed."""

    def chat(self) -> "BaseChatModel": ...


@dataclass(frozen=True, slots=True)
class Question:
    """A question, and the publication times that its answer may come from.

    Attributes:
        k: chunks that the evidence is drawn from; None takes the setting's number.
        history: earlier questions of the conversation and their answers, oldest first; they only help to understand
            this one, and are no evidence.
        as_of: the present, as "yesterday" and "last month" understand it; articles published later are not searched.
            Without a zone it is taken as UTC; None is now.
        source: only articles whose source is called so, capitals apart; empty takes all.
        author, title: only articles with all these words, or parts of words, in the author's name or in the title.
        tag: only articles filed under it.
        extractive: answer with the sentences themselves, without a language model.
    """

    text: str
    window: Window = field(default_factory=Window)
    k: int | None = None
    history: tuple[Earlier, ...] = ()
    as_of: datetime | None = None
    source: str = ""
    author: str = ""
    title: str = ""
    tag: str = ""
    extractive: bool = False


@dataclass(frozen=True, slots=True)
class ChainLimits:
    """How much is searched and shown: chunks reranked, chunks drawn from, and evidence."""

    candidates: int
    k: int
    evidence: EvidenceLimits


class AnswerChain(Runnable[str | Question, Answer]):
    """From a question to a verified answer.

    Args:
        library: where the articles are.
        chats: where the chat model comes from; asked only when there is evidence to read.
        limits: how much is searched and shown.
        prompt: the prompt that makes claims of evidence.
        lost: what makes every answer worse than it could be, told with each; empty when nothing does.
        prices: what chat models cost.
    """

    def __init__(
        self,
        library: Library,
        chats: ChatProvider,
        limits: ChainLimits,
        prompt: Prompt | None = None,
        lost: str = "",
        prices: Prices = UNKNOWN,
    ) -> None:
        self._library = library
        self._chats = chats
        self._limits = limits
        self._lost = lost
        self._prices = prices
        self._prompt = prompt or load_prompt("answer")
        self._rewriting = load_prompt("standalone")

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
        asked, stopwatch = _checked(input), Stopwatch()
        standalone = self._understand(asked, stopwatch)
        yield from _understood(standalone, stopwatch)
        turn = self._begin(asked, standalone, stopwatch)
        yield turn.snapshot()
        if turn.answers and not asked.extractive:
            chat = self._chat(turn)
            yield turn.snapshot()
            try:
                for part in stream_reply(chat, turn.messages, turn.schema, turn.max_tokens, self._prices):
                    yield from self._read(turn, part)
            except ReplyError as error:
                turn.model_failed(error)
        yield turn.finish()

    async def astream(
        self,
        input: str | Question,  # noqa: A002
        config: RunnableConfig | None = None,
        **_: Any,
    ) -> AsyncIterator[Answer]:
        """Ever more complete answers; searching runs in a thread."""
        asked, stopwatch = _checked(input), Stopwatch()
        standalone = await self._aunderstand(asked, stopwatch)
        for answer in _understood(standalone, stopwatch):
            yield answer
        turn = await asyncio.to_thread(self._begin, asked, standalone, stopwatch)
        yield turn.snapshot()
        if turn.answers and not asked.extractive:
            chat = await asyncio.to_thread(self._chat, turn)
            yield turn.snapshot()
            try:
                async for part in astream_reply(chat, turn.messages, turn.schema, turn.max_tokens, self._prices):
                    for answer in self._read(turn, part):
                        yield answer
            except ReplyError as error:
                turn.model_failed(error)
        yield turn.finish()

    def _understand(self, asked: Question, stopwatch: Stopwatch) -> StandAlone:
        """The question as it stands alone; the model is asked only when it may lean on earlier ones."""
        if not _follows(asked):
            return StandAlone(asked.text, asked.text)
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
        if not _follows(asked):
            return StandAlone(asked.text, asked.text)
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

    def _begin(self, asked: Question, standalone: StandAlone, stopwatch: Stopwatch) -> Turn:
        """Search, read and select: everything that is known before the language model writes."""
        scope = scope_of(asked, standalone.text)
        reader = self._library.searcher().reader
        stopwatch.lap("open")
        found = self._library.search(
            standalone.text,
            k=asked.k or self._limits.k,
            candidates=self._limits.candidates,
            selection=scope.selection,
        )
        stopwatch.add(found.timings_ms)
        evidence = select_evidence(scope.wording(standalone.text), found.hits, reader, self._limits.evidence)
        stopwatch.lap("evidence")
        selection = select_answers(evidence, scope.time.ordering)
        stopwatch.lap("select")
        turn = Turn(standalone, found.hits, evidence, selection, self._prompt, reader, stopwatch)
        if scope.narrowed and not selection.answers:
            turn.warn(f"only articles {scope.time.period} were searched, as the question says")
        if self._lost:
            turn.warn(self._lost)
        return turn

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


def _checked(question: str | Question) -> Question:
    asked = Question(question) if isinstance(question, str) else question
    text = " ".join(asked.text.split())
    if not text:
        raise UsageError("the question is empty", 'ask something: assistant ask "Who did Blinken meet?"')
    if len(text) > MAX_QUESTION_CHARACTERS:
        raise UsageError(
            f"the question has {len(text)} characters, at most {MAX_QUESTION_CHARACTERS} are read",
            "ask a shorter question; texts to be searched belong into the index: assistant index add PATH",
        )
    window = asked.window if asked.as_of is None else overlap(asked.window, until_moment(asked.as_of))
    if window is None:
        raise UsageError(
            "only articles from after the present were asked for",
            "let the window begin before the day that as_of (--as-of) names",
        )
    return replace(asked, text=text, window=window)


def _understood(standalone: StandAlone, stopwatch: Stopwatch) -> Iterator[Answer]:
    """A first sign of what a follow-up was taken to mean; nothing when the question stands as it was asked."""
    if standalone.text != standalone.asked:
        yield Answer(standalone.asked, Status.IN_PROGRESS, standalone.text, timings_ms=stopwatch.timings_ms())


@dataclass(frozen=True, slots=True)
class Scope:
    """Where an answer is looked for.

    Attributes:
        selection: the articles that are searched.
        time: what the question says about time.
        narrowed: whether the question's own words narrow the search to a period.
    """

    selection: Selection
    time: QuestionTime
    narrowed: bool

    def wording(self, question: str) -> str:
        """The question as it is read: a period that the search kept to is no part of that."""
        return without_spans(question, self.time.spans if self.narrowed else ())


def scope_of(asked: Question, standalone: str) -> Scope:
    """Where to look for an answer; the caller's window is never left.

    Args:
        standalone: the question's wording that stands alone.
    """
    time = read_question_time(standalone, asked.as_of or datetime.now(UTC))
    both = overlap(asked.window, time.window) if time.strict and time.window else None
    sources, tags = ((name,) if name else () for name in (asked.source, asked.tag))
    selection = Selection(sources, both or asked.window, asked.title, asked.author, tags)
    return Scope(selection, time, both is not None)


def _follows(asked: Question) -> bool:
    return bool(asked.history) and leans(asked.text)
