"""One question on its way to an answer: what the model writes becomes verified claims with numbered citations.

No input or output here, so that the synchronous and the asynchronous chain share every decision.
"""

from functools import cached_property
from typing import TYPE_CHECKING, Any

from assistant.answer import Answer, Evidence, Status
from assistant.answering.claims import Claims
from assistant.evidence.confidence import confidence
from assistant.evidence.coverage import distinct, missing_words
from assistant.llm.prompts import Prompt
from assistant.llm.reply_json import ReplyPart
from assistant.question.follow_up import StandAlone
from assistant.question.time_phrases import Ordering
from assistant.selection.select import Selection, select_answers
from assistant.stopwatch import Stopwatch
from assistant.text.escaping import as_data
from assistant.text.tokens import count_tokens
from index.errors import ReplyError
from index.hits import Hit
from index.retrieve.reader import Reader

if TYPE_CHECKING:
    from langchain_core.messages import BaseMessage

CLAIM_OVERHEAD_TOKENS = 24  # a label, quotes, and names written out for pronouns
# The best sentence is always put into the model's words. Of the others, those that are short are claims as they stand:
# a small model's words for them are no shorter, take seconds, and can be wrong.
SHORT_WORDS = 24
# Of the prompt; what a small machine reads anew for each question is most of the time of its answer. Sentences for
# which no room is left are claims as they stand.
PROMPT_TOKENS = 450
FRAME_TOKENS = 24  # what chat templates put around two messages, and the counts of other models' tokenizers


class Turn:
    """The state of one question.

    Args:
        question: its wording that stands alone is the one that is answered.
        hits: the chunks that the evidence is drawn from, best first.
        evidence: best first, labelled.
        reader: tells whether sentences state a claim; None leaves that to the words that they share.
        ordering: whether the newest or the oldest of what fits about equally is asked for.
    """

    def __init__(
        self,
        question: StandAlone,
        hits: tuple[Hit, ...],
        evidence: tuple[Evidence, ...],
        prompt: Prompt,
        reader: Reader | None,
        stopwatch: Stopwatch,
        ordering: Ordering = Ordering.NONE,
    ) -> None:
        self.question = question.text
        self.stopwatch = stopwatch
        self.model = ""
        self._standalone = question
        self._hits = hits
        self._evidence = evidence
        self._prompt = prompt
        self._reader = reader
        self._ordering = ordering
        self._writing = False
        self._written: dict[str, Any] = {}
        self._usage = question.usage
        self._warnings = [question.warning] if question.warning else []

    @cached_property
    def selection(self) -> Selection:
        """The evidence that answers the question, and where it disagrees."""
        return select_answers(self._evidence, self._ordering)

    @cached_property
    def confidence(self) -> float | None:
        """How sure it is that the evidence answers the question, in [0, 1]."""
        return confidence(self._evidence)

    @cached_property
    def missing(self) -> tuple[str, ...]:
        """Words of the question that nothing of what was found has."""
        return missing_words(self.question, self._evidence)

    @property
    def answers(self) -> tuple[Evidence, ...]:
        """The evidence that answers the question; when empty, the model is not asked."""
        return self.selection.answers

    @cached_property
    def told(self) -> tuple[Evidence, ...]:
        """Those of ``answers`` that claims are made of; the others repeat them and may be cited as well."""
        kept = {label for disagreement in self.selection.disagreements for label in disagreement.labels}
        return distinct(self.question, self.answers, kept)

    @cached_property
    def asked(self) -> tuple[Evidence, ...]:
        """Those of ``told`` that the model puts into words; the others speak for themselves."""
        room = PROMPT_TOKENS - FRAME_TOKENS - count_tokens(self._prompt.system) - count_tokens(self.question)
        chosen = list[Evidence]()
        for item in self.told:
            tokens = count_tokens(_listing((item,)))
            if not chosen or (len(item.reading.split()) > SHORT_WORDS and tokens <= room):
                chosen.append(item)
                room -= tokens
        return tuple(chosen)

    @cached_property
    def claims(self) -> Claims:
        """What is told so far."""
        return Claims(self.question, self.answers, self._reader)

    @property
    def messages(self) -> "list[BaseMessage]":
        """The prompt: the answering sentences under their labels, and the question."""
        return self._prompt.messages(evidence=_listing(self.asked), question=as_data(self.question))

    @property
    def schema(self) -> dict[str, Any]:
        """JSON Schema of the reply: a claim for each label."""
        labels = [item.label for item in self.asked]
        return {
            "type": "object",
            "properties": {label: dict(self._prompt.reply) for label in labels},
            "required": labels,
            "additionalProperties": False,
        }

    @property
    def max_tokens(self) -> int:
        """Most tokens that claims no longer than their sentences can take."""
        return sum(count_tokens(item.sentence) + CLAIM_OVERHEAD_TOKENS for item in self.asked)

    def begins_to_write(self) -> bool:
        """Note the model's first sign of life; True the first time only."""
        if self._writing:
            return False
        self._writing = True
        self.stopwatch.lap("read")
        return True

    def read(self, part: ReplyPart) -> bool:
        """Take in what the model has written so far; whether a further claim is settled by it."""
        if part.done:
            self.stopwatch.lap("write")
            self._usage = part.usage.plus(self._usage) if part.usage else self._usage
            if part.warning:
                self._warnings.append(part.warning)
        self._written = part.data
        # The last text of an unfinished reply may be cut in the middle.
        complete = list(part.data) if part.done else list(part.data)[:-1]
        before = len(self.claims.settled)
        asked = {item.label for item in self.asked}
        for item in self.told:
            if item.label in self.claims.settled:
                continue
            if item.label not in asked:
                self.claims.quote(item)
            elif item.label in complete:
                self.claims.settle(item, str(part.data[item.label]))
            else:
                break
        if part.done:
            self.claims.reject_unknown(part.data, self.asked)
        return len(self.claims.settled) > before

    def model_failed(self, error: ReplyError) -> None:
        """The model's reply cannot be used: the answer is made of the sentences themselves."""
        self.claims.reject_unknown(self._written, self.asked)
        self._warnings.append(f"{error.problem}; the source sentences are quoted instead")

    def warn(self, text: str) -> None:
        """Note something that a person should know."""
        self._warnings.append(text)

    def snapshot(self) -> Answer:
        """The answer as far as it is known."""
        return self._answer(Status.IN_PROGRESS)

    def finish(self) -> Answer:
        """The finished answer; sentences that the model left out speak for themselves."""
        for item in self.told:
            if item.label not in self.claims.settled:
                self.claims.quote(item)
        self.stopwatch.lap("verify")
        if not self.claims:
            return self._answer(Status.INSUFFICIENT)
        return self._answer(Status.CONFLICTING if self._disagreements() else Status.ANSWERED)

    def _disagreements(self) -> tuple[str, ...]:
        """Where cited sentences disagree, one line each: ``Sources differ: 14 [1] or 17 [2]``."""
        numbers = self.claims.numbers()
        return tuple(
            "Sources differ: "
            + " or ".join(
                f"{side.value} {''.join(f'[{numbers[label]}]' for label in side.labels if label in numbers)}"
                for side in disagreement.sides
            )
            for disagreement in self.selection.disagreements
            if all(numbers.keys() & set(side.labels) for side in disagreement.sides)
        )

    def _answer(self, status: Status) -> Answer:
        finished = status is not Status.IN_PROGRESS
        return Answer(
            question=self._standalone.asked,
            standalone="" if self.question == self._standalone.asked else self.question,
            status=status,
            claims=self.claims.shown(),
            citations=self.claims.citations(),
            confidence=self.confidence,
            disagreements=self._disagreements() if finished else (),
            missing=self.missing,
            hits=self._hits,
            evidence=self._evidence,
            rejected=tuple(self.claims.rejected),
            usage=self._usage,
            timings_ms=self.stopwatch.timings_ms(),
            model=self.model,
            prompt_digest=self._prompt.digest,
            warnings=tuple(self._warnings),
        )


def _listing(evidence: tuple[Evidence, ...]) -> str:
    """The evidence as the model reads it."""
    return "\n".join(f"[{item.label}] {as_data(item.reading)}" for item in evidence)
