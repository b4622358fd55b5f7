"""The state of one question while it is being answered, and the time that its stages take.

No input or output here, so that the synchronous and the asynchronous chain share every decision.
"""

import time
from collections.abc import Mapping

from assistant.answer import Answer, Status
from assistant.answering.selected import SelectedWriting
from assistant.answering.wide import WideWriting
from assistant.evidence.coverage import missing_words
from assistant.llm.reply_json import UNCOUNTED, ReplyPart
from assistant.question.follow_up import StandAlone
from index.errors import ContextOverflowError, ReplyError
from index.hits import Hit, ShardsAsked

UNCHOSEN = (
    "nothing tells whether these sentences answer: no claim of a language model is supported by them, and there is no "
    "reranker; ASSISTANT_RERANKER=local uses one, pip install 'news-assistant[local]' brings it"
)


# From evidence to verified claims by way of a chat model; no input or output but the searches that they are given. Both
# tell the question as it stands alone, the claims told so far, warnings for people, what is asked and not said in the
# model's words, and the queries that it asked for.
Writing = SelectedWriting | WideWriting


class Stopwatch:
    """Splits the time since it was made into named stages, in milliseconds."""

    def __init__(self) -> None:
        self._started = self._last = time.perf_counter()
        self._laps: dict[str, float] = {}

    def lap(self, stage: str) -> None:
        """What passed since the last lap belongs to this stage."""
        now = time.perf_counter()
        self._laps[stage] = self._laps.get(stage, 0.0) + (now - self._last) * 1000
        self._last = now

    def add(self, laps: Mapping[str, float]) -> None:
        """Split what passed since the last lap into stages that were measured elsewhere."""
        for stage, taken in laps.items():
            self._laps[stage] = self._laps.get(stage, 0.0) + taken
        self._last = time.perf_counter()

    def timings_ms(self) -> dict[str, float]:
        """Stage → milliseconds, with the total since the start."""
        return {**self._laps, "total": (time.perf_counter() - self._started) * 1000}


class Turn:
    """The state of one question.

    Args:
        question: its wording that stands alone is the one that is answered.
        hits: the chunks that were found, best first.
        writing: makes claims of the evidence.
        period: of which alone articles were searched, as the question says; empty where it says none.
    """

    def __init__(
        self, question: StandAlone, hits: tuple[Hit, ...], writing: Writing, stopwatch: Stopwatch, period: str = ""
    ) -> None:
        self.writing = writing
        self.stopwatch = stopwatch
        self.model = ""
        self.shards = ShardsAsked()
        self._standalone = question
        self._hits = hits
        self._period = period
        self._is_writing = False
        self._usage = question.usage
        self._warnings = [question.warning] if question.warning else []

    def begins_to_write(self) -> bool:
        """Note the model's first sign of life; True the first time only."""
        if self._is_writing:
            return False
        self._is_writing = True
        self.stopwatch.lap("read")
        return True

    def read(self, part: ReplyPart) -> bool:
        """Take in what the model has written so far; whether a further claim is settled by it."""
        if part.done:
            self.stopwatch.lap("write")
            self._usage = part.usage.plus(self._usage) if part.usage else self._usage
            if part.warning:
                self.warn(part.warning)
        return self.writing.read(part)

    def failed(self, error: ReplyError | ContextOverflowError) -> None:
        """The model's reply cannot be used, or its context is too short; see `WideWriting.failed`."""
        if isinstance(error, ReplyError):
            self._usage = (error.usage or UNCOUNTED).plus(self._usage)
        self.writing.failed(error)

    def warn(self, text: str) -> None:
        self._warnings.append(text)

    def snapshot(self) -> Answer:
        """The answer as far as it is known."""
        return self._answer(Status.IN_PROGRESS)

    def finish(self) -> Answer:
        status = self.writing.finish()
        self.stopwatch.lap("verify")
        if not self.writing.holds:
            self.warn(UNCHOSEN)
            status = Status.INSUFFICIENT
        if self._period and status is Status.INSUFFICIENT:
            self.warn(f"only articles {self._period} were searched, as the question says")
        return self._answer(status)

    def _answer(self, status: Status) -> Answer:
        finished, claims = status is not Status.IN_PROGRESS, self.writing.claims
        return Answer(
            question=self._standalone.asked,
            standalone="" if self.writing.question == self._standalone.asked else self.writing.question,
            status=status,
            claims=claims.shown() if self.writing.holds else (),
            citations=claims.citations() if self.writing.holds else (),
            confidence=self.writing.confidence,
            disagreements=self.writing.disagreements() if finished else (),
            missing=missing_words(self.writing.question, self.writing.read_sentences) if finished else (),
            unanswered=self.writing.unanswered,
            searches=self.writing.searches,
            hits=self._hits,
            evidence=self.writing.evidence,
            rejected=tuple(claims.rejected),
            usage=self._usage,
            timings_ms=self.stopwatch.timings_ms(),
            model=self.model,
            prompt_digest=self.writing.prompt_digest,
            warnings=(*self.writing.warnings, *self._warnings),
            shards=self.shards,
        )
