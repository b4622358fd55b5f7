"""One question on its way to an answer: what the model writes becomes verified claims with numbered citations.

No input or output here, so that the synchronous and the asynchronous chain share every decision.
"""

import re
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

from assistant.answer import Answer, Citation, Claim, Evidence, Rejected, Status
from assistant.conversation import StandAlone
from assistant.framing import as_data
from assistant.prompting import Prompt
from assistant.reply import ReplyPart
from assistant.stopwatch import Stopwatch
from assistant.support import answering, distinct
from assistant.tokens import count_tokens
from assistant.verification import content_stems, states, verify
from index.errors import ReplyError
from index.rerank import Reranker
from index.search import Hit

if TYPE_CHECKING:
    from langchain_core.messages import BaseMessage

CLAIM_OVERHEAD_TOKENS = 24  # a label, quotes, and names written out for pronouns
MAX_CITATIONS = 3  # for one claim; more sources of the same fact do not make it easier to check
# A claim whose logit for the question is this far below its sentence's has left the answer out.
ANSWER_LOSS = 2.0


class Turn:
    """The state of one question.

    Args:
        question: its wording that stands alone is the one that is answered.
        hits: the chunks that the evidence is drawn from, best first.
        evidence: best first, labelled.
        reranker: tells whether a claim still answers the question; None leaves that check out.
    """

    def __init__(
        self,
        question: StandAlone,
        hits: tuple[Hit, ...],
        evidence: tuple[Evidence, ...],
        prompt: Prompt,
        reranker: Reranker | None,
        stopwatch: Stopwatch,
    ) -> None:
        self.question = question.text
        self.stopwatch = stopwatch
        self.model = ""
        self._standalone = question
        self._hits = hits
        self._evidence = evidence
        self._prompt = prompt
        self._reranker = reranker
        self._drafts: list[_Draft] = []
        self._rejected: list[Rejected] = []
        self._settled: set[str] = set()
        self._written: dict[str, Any] = {}
        self._usage = question.usage
        self._warnings = [question.warning] if question.warning else []

    @cached_property
    def answers(self) -> tuple[Evidence, ...]:
        """The evidence that answers the question; when empty, the model is not asked."""
        return answering(self.question, self._evidence, self._hits)

    @cached_property
    def asked(self) -> tuple[Evidence, ...]:
        """Those of ``answers`` that the model makes claims of; the others repeat them and may be cited as well."""
        return distinct(self.question, self.answers)

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
        before = len(self._settled)
        for item in self.asked:
            if item.label in complete and item.label not in self._settled:
                self._settle(item, str(part.data[item.label]))
        if part.done:
            self._reject_unknown(part.data)
        return len(self._settled) > before

    def model_failed(self, error: ReplyError) -> None:
        """The model's reply cannot be used: the answer is made of the sentences themselves."""
        self._reject_unknown(self._written)
        self._warnings.append(f"{error.problem}; the source sentences are quoted instead")

    def snapshot(self) -> Answer:
        """The answer as far as it is known."""
        return self._answer(Status.IN_PROGRESS)

    def finish(self) -> Answer:
        """The finished answer; sentences that the model left out speak for themselves."""
        for item in self.asked:
            if item.label not in self._settled:
                self._accept(item, _as_statement(item.sentence))
        self.stopwatch.lap("verify")
        return self._answer(Status.ANSWERED if self._drafts else Status.INSUFFICIENT)

    def _answer(self, status: Status) -> Answer:
        numbers = {label: n for n, label in enumerate(self._cited_labels(), start=1)}
        sources = {item.label: item for item in self.answers} if numbers else {}
        return Answer(
            question=self._standalone.asked,
            standalone="" if self.question == self._standalone.asked else self.question,
            status=status,
            claims=tuple(Claim(draft.text, tuple(numbers[label] for label in draft.labels)) for draft in self._drafts),
            citations=tuple(_citation(n, sources[label]) for label, n in numbers.items()),
            hits=self._hits,
            evidence=self._evidence,
            rejected=tuple(self._rejected),
            usage=self._usage,
            timings_ms=self.stopwatch.timings_ms(),
            model=self.model,
            prompt_digest=self._prompt.digest,
            warnings=tuple(self._warnings),
        )

    def _settle(self, item: Evidence, written: str) -> None:
        """Show what the model wrote if its sentence supports it, else the sentence itself."""
        claim = _as_statement(_respelt(" ".join(written.split()), item.sentence))
        reason = verify(claim, item.sentence, before=item.before, around=_around(item)).reason
        if not reason and self._leaves_answer_out(claim, item):
            reason = "it leaves the answer out"
        if reason:
            self._rejected.append(Rejected(claim, (item.label,), reason))
            claim = _as_statement(item.sentence)
        self._accept(item, claim)

    def _leaves_answer_out(self, claim: str, item: Evidence) -> bool:
        if self._reranker is None:
            return False
        of_claim, of_sentence = self._reranker.score(self.question, [claim, item.reading])
        return bool(of_claim < of_sentence - ANSWER_LOSS)

    def _accept(self, item: Evidence, text: str) -> None:
        """Take a claim in; of two claims of which one says all that the other says, only that one stays."""
        self._settled.add(item.label)
        said = content_stems(text)
        for position, draft in enumerate(self._drafts):
            earlier = content_stems(draft.text)
            if said <= earlier:
                return
            if earlier < said:
                self._drafts[position] = self._draft(text, item)
                return
        self._drafts.append(self._draft(text, item))

    def _draft(self, text: str, author: Evidence) -> "_Draft":
        """The claim with its own sentence and the others among the answers that state all of it by themselves."""
        others = (item.label for item in self.answers if item is not author and states(text, item.sentence))
        return _Draft(text, (author.label, *others)[:MAX_CITATIONS])

    def _cited_labels(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys(label for draft in self._drafts for label in draft.labels))

    def _reject_unknown(self, data: dict[str, Any]) -> None:
        known = {item.label for item in self.asked}
        for label, written in data.items():
            if label not in known:
                self._rejected.append(Rejected(str(written), (label,), "there is no sentence with this label"))


@dataclass(frozen=True, slots=True)
class _Draft:
    """A claim and the labels of the sentences that state it."""

    text: str
    labels: tuple[str, ...]


def _citation(n: int, item: Evidence) -> Citation:
    return Citation(n, item.sentence, item.start, item.end, item.article)


def _around(item: Evidence) -> str:
    """The text that may complete a name: ``Cho`` to ``Cho Tae-Yong``."""
    return f"{item.article.title} {item.context}"


def _listing(evidence: tuple[Evidence, ...]) -> str:
    """The evidence as the model reads it."""
    return "\n".join(f"[{item.label}] {as_data(item.reading)}" for item in evidence)


def _respelt(claim: str, sentence: str) -> str:
    """The claim with its sentence's abbreviations: small models write ``U. S.`` for ``U.S.``."""
    for abbreviation in re.findall(r"\b(?:[A-Z]\.){2,}", sentence):
        claim = claim.replace(" ".join(re.findall(r"[A-Z]\.", abbreviation)), abbreviation)
    return claim


def _as_statement(text: str) -> str:
    """The text with a full stop where nothing ends it, and without a bullet in front."""
    plain = text.strip().lstrip("•*-– ").strip()
    return plain if re.search(r"[.!?…][\"'”’)\]]*$", plain) else f"{plain}."
