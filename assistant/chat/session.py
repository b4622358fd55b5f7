"""The chat session: keeps the conversation and its filters, and answers one question after another."""

import traceback
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from datetime import UTC, date, datetime
from functools import cached_property
from pathlib import Path
from threading import Thread
from typing import TYPE_CHECKING

from assistant.answer import Answer, Status
from assistant.chat.history_files import error_file, last_conversation, save_conversation
from assistant.chat.known_names import Known, Shelf
from assistant.chat.search_filters import Limits
from assistant.chat.terminal import Screen
from assistant.console.output import EXIT_NOT_SAID
from assistant.llm.prices import Spent, spent_on
from assistant.llm.providers import names_provider
from assistant.llm.reply_json import UNCOUNTED, Usage
from assistant.question.asked import Question
from assistant.question.follow_up import Earlier, leans
from assistant.render.answer import answer_view, readable_date
from assistant.render.transcript import Entry, Transcript
from assistant.settings import OPENAI_BASE_URL
from index.embed.openai_errors import shown_address
from index.errors import AssistantError, ServiceError, UsageError
from index.weights.folder import LLM

if TYPE_CHECKING:
    from assistant.assistant import Assistant

STOPPED = "Stopped."
STOPPED_WITH_CLAIMS = "Stopped; what stands above is verified, but there may be more."


class Chat:
    """A conversation over one index.

    Attributes:
        limits: which articles are searched.
        exit_status: how the last question went.
        left: whether the reader wants to leave.
        saved: files that this chat has written, and may write again.
        known: what can be completed, as far as it is known by now.

    Args:
        as_of: the present of every question; None is when it is asked.
    """

    def __init__(self, assistant: "Assistant", screen: Screen, as_of: datetime | None = None) -> None:
        self.assistant = assistant
        self.screen = screen
        self.limits = Limits()
        self.transcript = Transcript(_now())
        self.exit_status = 0
        self.left = False
        self.saved: set[Path] = set()
        self.known = Known()
        self._warming: Thread | None = None
        self._as_of = as_of
        self._asked: tuple[str, tuple[Earlier, ...]] | None = None
        self._keeps = screen.interactive
        self._not_told: tuple[Usage, ...] = ()  # what questions took that have no place in the transcript

    @property
    def present(self) -> date:
        """The day that the ages of sources are counted to."""
        return (self._as_of or datetime.now(UTC)).date()

    @property
    def shelf(self) -> Shelf:
        self._wait()
        return Shelf(self.assistant.library)

    @cached_property
    def model_names(self) -> tuple[str, ...]:
        """What ``/model`` takes; the server is asked once.

        Raises:
            ServiceError: it cannot be asked.
        """
        return self.assistant.model_names()

    @property
    def model_in_words(self) -> str:
        """Which language model answers, and where it runs."""
        settings = self.assistant.settings
        if settings.uses_local_llm:
            return f"{settings.local_model.name if settings.local_model else LLM.name}, on this machine"
        if names_provider(settings):
            return str(settings.chat_model)
        return f"{settings.chat_model or 'the only model'} at {shown_address(settings.base_url or OPENAI_BASE_URL)}"

    @property
    def _searched(self) -> str:
        """Which articles are searched, in words."""
        as_of = f"as of {readable_date(self._as_of.isoformat())}" if self._as_of else ""
        return " · ".join(filter(None, (self.limits.words, as_of)))

    @property
    def last(self) -> Entry | None:
        return self.transcript.entries[-1] if self.transcript.entries else None

    @property
    def spent(self) -> Spent:
        """What the answers of the conversation took; of those that were stopped nothing is known."""
        return spent_on((*(entry.answer.usage for entry in self.transcript.entries), *self._not_told))

    @property
    def _of_failure(self) -> Usage:
        return replace(UNCOUNTED, cost_usd=0.0) if self.assistant.settings.uses_local_llm else UNCOUNTED

    def ask(self, question: str, history: tuple[Earlier, ...] | None = None) -> None:
        """Answer a question and show the answer; Ctrl-C stops it and keeps what is verified.

        Args:
            history: what the question may lean on; None takes the conversation.

        Raises:
            AssistantError: it cannot be answered.
        """
        earlier = self.transcript.history if history is None else history
        self._asked = (question, earlier)
        limits = self.limits
        asked = Question(question, limits.window, history=earlier, as_of=self._as_of, source=limits.source)
        if not self.assistant.prepared:  # else it would wait for the models that are being loaded, showing nothing
            self.assistant.prepare()
        try:
            answer = self._answered(asked)
        except ServiceError:
            self._not_told += (self._of_failure,)
            raise
        if answer.status is Status.IN_PROGRESS and not answer.claims:
            self.screen.say(STOPPED)
            if "load" in answer.timings_ms:
                self._not_told += (self._of_failure,)
            return
        self._take_in(answer)

    def retry(self) -> None:
        """Ask the last question again, in the place where it stood in the conversation.

        Raises:
            AssistantError: there is none, or it cannot be answered.
        """
        if self._asked is None:
            raise UsageError("nothing has been asked yet", "ask a question first")
        self.ask(*self._asked)

    def greet(self) -> None:
        """Say what there is to ask about, and how to go on."""
        entries = len(self.transcript.entries)
        if entries:
            self.screen.say(f"Going on after {entries} question{'s' if entries > 1 else ''}; the last one was:")
            self.screen.say(f"  {self.transcript.entries[-1].answer.question}")
        count = self.assistant.status().articles
        articles = f"{count} articles" if count > 1 else "1 article"
        self.screen.say(f"Ask about {articles}. Answers come from {self.model_in_words}.")
        self.screen.say("/help lists the commands, Ctrl-D leaves.")

    def warm_up(self) -> None:
        """Load what searching needs while the reader is still typing; nothing is fetched for it."""
        if self.assistant.prepared:
            self._wait()
            self._warming = Thread(target=self._load, name="warm-up")
            self._warming.start()

    def begin_anew(self) -> None:
        """A new conversation: the next question stands alone, and numbers begin at 1."""
        self.transcript, self._not_told = Transcript(_now()), ()

    def resume(self) -> bool:
        """Go on with the conversation that was left last; whether there is one.

        Raises:
            InputError: its file cannot be read.
        """
        found = last_conversation(self.assistant.settings.index)
        self.transcript = found or self.transcript
        return found is not None

    def _load(self) -> None:
        # The next question meets the same error where it can be shown.
        with suppress(AssistantError):
            self.known = Shelf(self.assistant.library).known()

    def _wait(self) -> None:
        if self._warming is not None:
            self._warming.join()

    @contextmanager
    def surviving(self) -> Iterator[None]:
        """Whatever goes wrong inside is said on one line, and the conversation goes on."""
        try:
            yield
        except AssistantError as error:
            self._failed(error)
        except KeyboardInterrupt:
            if not self.screen.interactive:
                raise
            self.screen.say(STOPPED)
        except Exception as error:  # a fault of the program: said, kept for a report, and survived
            file = error_file(traceback.format_exc())
            name = type(error).__name__
            self._failed(
                AssistantError(f"the program has a fault: {name}: {error}", f"please report it with the file {file}")
            )

    def _failed(self, error: AssistantError) -> None:
        self.screen.error(error)
        self.exit_status = error.exit_status

    def _answered(self, asked: Question) -> Answer:
        """The finished answer; when it was stopped, as far as it came."""
        answer = Answer(asked.text, Status.IN_PROGRESS)
        with self.screen.progress(follows=bool(asked.history) and leans(asked.text)) as show:
            try:
                self._wait()
                for part in self.assistant.stream(asked):
                    answer = self.transcript.numbered(part)
                    show(answer)
            except KeyboardInterrupt:
                if not self.screen.interactive:
                    raise  # no person is there to ask on
        return answer

    def _take_in(self, answer: Answer) -> None:
        if answer.status is Status.IN_PROGRESS:
            answer = replace(answer, usage=self._of_failure)
        self.screen.show(answer_view(answer, present=self.present))
        if answer.status is Status.IN_PROGRESS:
            self.screen.say(STOPPED_WITH_CLAIMS)
        self.screen.blank()
        self.exit_status = EXIT_NOT_SAID if answer.status.refuses else 0
        self.transcript = self.transcript.plus(Entry(answer, _now(), self._searched))
        self._keep()

    def _keep(self) -> None:
        """Keep the conversation for ``--resume``; when that fails, say so once."""
        if not self._keeps:
            return
        try:
            save_conversation(self.transcript, self.assistant.settings.index)
        except AssistantError as error:
            self._keeps = False
            self.screen.error(error)


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="microseconds")
