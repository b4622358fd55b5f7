"""One question on its way to an answer: what the model writes becomes verified claims with numbered citations.

No input or output here, so that the synchronous and the asynchronous chain share every decision.
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from assistant.answer import Answer, Evidence, Status
from assistant.answering.claims import Claims
from assistant.evidence.confidence import confidence
from assistant.evidence.coverage import distinct, missing_words
from assistant.llm.prompts import Prompt
from assistant.llm.reply_json import ReplyPart
from assistant.question.follow_up import StandAlone
from assistant.selection.select import Selection
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
UNCHOSEN = (
    "nothing tells whether these sentences answer: no claim of a language model is supported by them, and there is no "
    "reranker; ASSISTANT_RERANKER=local uses one, pip install 'news-assistant[local]' brings it"
)


class Turn:
    """The state of one question.

    Args:
        question: its wording that stands alone is the one that is answered.
        hits: the chunks that the evidence is drawn from, best first.
        evidence: best first, labelled.
        reader: tells whether sentences state a claim; None leaves that to the words that they share.
        selection: what of the evidence answers, and where it disagrees.

    Attributes:
        told: those of ``answers`` that claims are made of; the others repeat them and may be cited as well.
        asked: those of ``told`` that the model puts into words; the others speak for themselves.
        claims: what is told so far.
    """

    def __init__(
        self,
        question: StandAlone,
        hits: tuple[Hit, ...],
        evidence: tuple[Evidence, ...],
        selection: Selection,
        prompt: Prompt,
        reader: Reader | None,
        stopwatch: Stopwatch,
    ) -> None:
        self.question = question.text
        self.stopwatch = stopwatch
        self.model = ""
        self._standalone = question
        self._hits = hits
        self._evidence = evidence
        self._prompt = prompt
        self._selection = selection
        sides = {label for disagreement in selection.disagreements for label in disagreement.labels}
        self.told = distinct(self.question, selection.answers, sides)
        self.asked = _to_be_written(self.told, prompt, self.question)
        self.claims = Claims(self.question, selection.answers, reader)
        self._writing = False
        self._written: dict[str, Any] = {}
        self._usage = question.usage
        self._warnings = [question.warning] if question.warning else []
        self._missing = missing_words(self.question, evidence)

    @property
    def answers(self) -> tuple[Evidence, ...]:
        """The evidence that answers the question; when empty, the model is not asked."""
        return self._selection.answers

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
        instead = "; the source sentences are quoted instead" if self._holds else ""
        self._warnings.append(error.problem + instead)

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
        if not self._holds:
            self.warn(UNCHOSEN)
        if not (self.claims and self._holds):
            return self._answer(Status.INSUFFICIENT)
        return self._answer(Status.CONFLICTING if self._disagreements() else Status.ANSWERED)

    @property
    def _holds(self) -> bool:
        """Whether the claims answer: the reader has chosen their sentences, or the model has made one of them."""
        return self._selection.chosen or self.claims.supported

    def _disagreements(self) -> tuple[str, ...]:
        """Where cited sentences disagree, one line each: ``Sources differ: 14 [1] or 17 [2]``."""
        numbers = self.claims.numbers()
        return tuple(
            "Sources differ: "
            + " or ".join(
                f"{side.value} {''.join(f'[{numbers[label]}]' for label in side.labels if label in numbers)}"
                for side in disagreement.sides
            )
            for disagreement in self._selection.disagreements
            if all(numbers.keys() & set(side.labels) for side in disagreement.sides)
        )

    def _answer(self, status: Status) -> Answer:
        finished = status is not Status.IN_PROGRESS
        return Answer(
            question=self._standalone.asked,
            standalone="" if self.question == self._standalone.asked else self.question,
            status=status,
            claims=self.claims.shown() if self._holds else (),
            citations=self.claims.citations() if self._holds else (),
            confidence=confidence(self._evidence),
            disagreements=self._disagreements() if finished else (),
            missing=self._missing,
            hits=self._hits,
            evidence=self._evidence,
            rejected=tuple(self.claims.rejected),
            usage=self._usage,
            timings_ms=self.stopwatch.timings_ms(),
            model=self.model,
            prompt_digest=self._prompt.digest,
            warnings=tuple(self._warnings),
        )


def _to_be_written(told: Sequence[Evidence], prompt: Prompt, question: str) -> tuple[Evidence, ...]:
    """The best sentence, and the other long ones for which the prompt has room."""
    room = PROMPT_TOKENS - FRAME_TOKENS - count_tokens(prompt.system) - count_tokens(question)
    chosen = list[Evidence]()
    for item in told:
        tokens = count_tokens(_listing((item,)))
        if not chosen or (len(item.reading.split()) > SHORT_WORDS and tokens <= room):
            chosen.append(item)
            room -= tokens
    return tuple(chosen)


def _listing(evidence: tuple[Evidence, ...]) -> str:
    """The evidence as the model reads it."""
    return "\n".join(f"[{item.label}] {as_data(item.reading)}" for item in evidence)
