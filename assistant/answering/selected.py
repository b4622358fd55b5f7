"""Writing for small models: the sentences are already selected, and the model rephrases the long ones.

One claim for each sentence, under its label. The best sentence is always put into the model's words.
"""

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from assistant.answer import Evidence, Status
from assistant.answering.claims import Claims
from assistant.answering.writing import Request, Search
from assistant.evidence.confidence import confidence
from assistant.evidence.coverage import distinct
from assistant.llm.prompts import Prompt, load_prompt
from assistant.llm.reply_json import ReplyPart
from assistant.selection.select import Selection
from assistant.text.escaping import as_data
from assistant.text.tokens import count_tokens
from index.errors import ContextOverflowError, ReplyError
from index.retrieve.reader import Reader

if TYPE_CHECKING:
    from langchain_core.messages import BaseMessage

CLAIM_OVERHEAD_TOKENS = 24  # a label, quotes, and names written out for pronouns
# Of the sentences behind the best, those that are short are claims as they stand: a small model's words for them are no
# shorter, take seconds, and can be wrong.
SHORT_WORDS = 24
# Of the prompt; what a small machine reads anew for each question is most of the time of its answer. Sentences for
# which no room is left are claims as they stand.
PROMPT_TOKENS = 450
_OPENING_QUOTE = re.compile(r"(?<![^\s(\[—–-])\"")
FRAME_TOKENS = 24  # what chat templates put around two messages, and the counts of other models' tokenizers


class SelectedWriting:
    """A claim for each sentence that answers.

    Args:
        question: as it stands alone.
        evidence: what was considered, best first, labelled.
        selection: what of it answers, and where it disagrees.
        reader: tells whether sentences state a claim; None leaves that to the words that they share.

    Attributes:
        told: the answering sentences that claims are made of; the others repeat them and may be cited as well.
        asked: those of ``told`` that the model puts into words; the others speak for themselves.
    """

    def __init__(
        self, question: str, evidence: tuple[Evidence, ...], selection: Selection, reader: Reader | None
    ) -> None:
        self.claims = Claims(question, selection.answers, reader)
        self.warnings: list[str] = []
        self.unanswered = ""
        self.searches: tuple[str, ...] = ()
        self.evidence: tuple[Evidence, ...] = evidence
        self.read_sentences: Sequence[Evidence] = evidence  # the model reads nothing else
        self.wanted = bool(selection.answers)
        self.confidence = confidence(evidence)
        self.question = question
        self._prompt = load_prompt("answer")
        self.prompt_digest = self._prompt.digest
        self._selection = selection
        sides = {label for disagreement in selection.disagreements for label in disagreement.labels}
        self.told = distinct(question, selection.answers, sides)
        self.asked = _to_be_written(self.told, self._prompt, question)
        self._requested = False
        self._written: dict[str, Any] = {}

    @property
    def holds(self) -> bool:
        """Whether the reader has chosen the sentences, or the model has made a claim of one of them."""
        return self._selection.chosen or self.claims.supported

    @property
    def messages(self) -> "list[BaseMessage]":
        """The prompt: the answering sentences under their labels, and the question."""
        return self._prompt.messages(evidence=_listing(self.asked), question=as_data(self.question))

    def next_request(self, search: Search) -> Request | None:
        """A claim for each label, once."""
        if self._requested:
            return None
        self._requested = True
        labels = [item.label for item in self.asked]
        schema = {
            "type": "object",
            "properties": {label: dict(self._prompt.reply) for label in labels},
            "required": labels,
            "additionalProperties": False,
        }
        # No claim is longer than its sentence.
        most = sum(count_tokens(item.sentence) + CLAIM_OVERHEAD_TOKENS for item in self.asked)
        return Request(self.messages, schema, most)

    def read(self, part: ReplyPart) -> bool:
        """Take in what the model has written so far; whether a further claim is settled by it."""
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

    def failed(self, error: ReplyError | ContextOverflowError) -> None:
        """The model's reply cannot be used: the answer is made of the sentences themselves."""
        if isinstance(error, ContextOverflowError):
            raise error
        self.claims.reject_unknown(self._written, self.asked)
        instead = "; the source sentences are quoted instead" if self.holds else ""
        self.warnings.append(error.problem + instead)

    def finish(self) -> Status:
        """Sentences that the model left out speak for themselves."""
        for item in self.told:
            if item.label not in self.claims.settled:
                self.claims.quote(item)
        if not self.claims:
            return Status.INSUFFICIENT
        return Status.CONFLICTING if self.disagreements() else Status.ANSWERED

    def disagreements(self) -> tuple[str, ...]:
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
    return "\n".join(f"[{item.label}] {_with_round_quotes(as_data(item.reading))}" for item in evidence)


def _with_round_quotes(text: str) -> str:
    """The text with “ and ” for straight quotation marks, at which a small model would end its text of the reply."""
    return _OPENING_QUOTE.sub("“", text).replace('"', "”")
