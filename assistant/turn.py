"""One question on its way to an answer: what the model writes becomes verified claims with numbered citations.

No input or output here, so that the synchronous and the asynchronous chain share every decision.
"""

import re
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

from assistant.answer import Answer, Citation, Claim, Evidence, Rejected, Status
from assistant.confidence import confidence
from assistant.conversation import StandAlone
from assistant.disagreement import Disagreement
from assistant.framing import as_data
from assistant.prompting import Prompt
from assistant.question_limits import Ordering
from assistant.reply import ReplyPart
from assistant.selection import Selection, select_answers
from assistant.stopwatch import Stopwatch
from assistant.support import distinct
from assistant.tokens import count_tokens
from assistant.verification import PRONOUN, content_stems, states, verify
from index.errors import ReplyError
from index.rerank import Reranker
from index.search import Hit

if TYPE_CHECKING:
    from langchain_core.messages import BaseMessage

CLAIM_OVERHEAD_TOKENS = 24  # a label, quotes, and names written out for pronouns
MAX_CITATIONS = 3  # for one claim; more sources of the same fact do not make it easier to check
# The best sentence is always put into the model's words. Of the others, those that are short are claims as they stand:
# a small model's words for them are no shorter, take seconds, and can be wrong.
SHORT_WORDS = 24
LEADING_WORDS = 3  # a pronoun among so many first words is the subject
# A claim whose logit for the question is this far below its sentence's has left the answer out.
ANSWER_LOSS = 2.0


class Turn:
    """The state of one question.

    Args:
        question: its wording that stands alone is the one that is answered.
        hits: the chunks that the evidence is drawn from, best first.
        evidence: best first, labelled.
        reranker: tells whether a claim still answers the question; None leaves that check out.
        ordering: whether the newest or the oldest of what fits about equally is asked for.
    """

    def __init__(
        self,
        question: StandAlone,
        hits: tuple[Hit, ...],
        evidence: tuple[Evidence, ...],
        prompt: Prompt,
        reranker: Reranker | None,
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
        self._reranker = reranker
        self._ordering = ordering
        self._drafts: list[_Draft] = []
        self._rejected: list[Rejected] = []
        self._settled: set[str] = set()
        self._written: dict[str, Any] = {}
        self._usage = question.usage
        self._warnings = [question.warning] if question.warning else []

    @cached_property
    def selection(self) -> Selection:
        """The evidence that answers the question, and where it disagrees."""
        return select_answers(self.question, self._evidence, self._hits, self._ordering)

    @cached_property
    def confidence(self) -> float | None:
        """How sure it is that the evidence answers the question, in [0, 1]."""
        return confidence(self.question, self._evidence, self._hits)

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
        return tuple(item for n, item in enumerate(self.told) if n == 0 or len(item.reading.split()) > SHORT_WORDS)

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
        asked = {item.label for item in self.asked}
        for item in self.told:
            if item.label in self._settled:
                continue
            if item.label not in asked:
                self._quote(item)
            elif item.label in complete:
                self._settle(item, str(part.data[item.label]))
            else:
                break
        if part.done:
            self._reject_unknown(part.data)
        return len(self._settled) > before

    def model_failed(self, error: ReplyError) -> None:
        """The model's reply cannot be used: the answer is made of the sentences themselves."""
        self._reject_unknown(self._written)
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
            if item.label not in self._settled:
                self._quote(item)
        self.stopwatch.lap("verify")
        if not self._drafts:
            return self._answer(Status.INSUFFICIENT)
        return self._answer(Status.CONFLICTING if self.selection.disagreements else Status.ANSWERED)

    def _answer(self, status: Status) -> Answer:
        numbers = {label: n for n, label in enumerate(self._cited_labels(), start=1)}
        sources = {item.label: item for item in self.answers} if numbers else {}
        reaches = {draft.labels[0]: draft.reach for draft in self._drafts}
        finished = status is not Status.IN_PROGRESS
        return Answer(
            question=self._standalone.asked,
            standalone="" if self.question == self._standalone.asked else self.question,
            status=status,
            claims=tuple(Claim(draft.text, tuple(numbers[label] for label in draft.labels)) for draft in self._drafts),
            citations=tuple(_citation(n, sources[label], reaches.get(label, 0)) for label, n in numbers.items()),
            confidence=self.confidence,
            disagreements=_numbered(self.selection.disagreements, numbers) if finished else (),
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
        verdict = verify(claim, item.sentence, before=_texts_before(item))
        reason = verdict.reason
        if not reason and self._leaves_answer_out(claim, item):
            reason = "it leaves the answer out"
        if reason:
            self._rejected.append(Rejected(claim, (item.label,), reason))
            self._quote(item)
        else:
            self._accept(item, claim, verdict.reach)

    def _quote(self, item: Evidence) -> None:
        """Let a sentence speak for itself; with the name that its pronoun stands for where that is known."""
        for text in dict.fromkeys((item.reading, item.sentence)):
            verdict = verify(text, item.sentence, before=_texts_before(item))
            if verdict.supported or text == item.sentence:
                leans = PRONOUN.search(" ".join(text.split()[:LEADING_WORDS])) is not None
                reach = max(verdict.reach, min(int(leans), len(item.earlier)))
                self._accept(item, _as_statement(text), reach)
                return

    def _leaves_answer_out(self, claim: str, item: Evidence) -> bool:
        if self._reranker is None:
            return False
        of_claim, of_sentence = self._reranker.score(self.question, [claim, item.reading])
        return bool(of_claim < of_sentence - ANSWER_LOSS)

    def _accept(self, item: Evidence, text: str, reach: int) -> None:
        """Take a claim in; of two claims of which one says all that the other says, only that one stays."""
        self._settled.add(item.label)
        said = content_stems(text)
        for position, draft in enumerate(self._drafts):
            earlier = content_stems(draft.text)
            if said <= earlier:
                return
            if earlier < said:
                self._drafts[position] = self._draft(text, item, reach)
                return
        self._drafts.append(self._draft(text, item, reach))

    def _draft(self, text: str, author: Evidence, reach: int) -> "_Draft":
        """The claim with its own sentence and the others among the answers that state all of it by themselves."""
        others = (item.label for item in self.answers if item is not author and states(text, item.sentence))
        return _Draft(text, (author.label, *others)[:MAX_CITATIONS], reach)

    def _cited_labels(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys(label for draft in self._drafts for label in draft.labels))

    def _reject_unknown(self, data: dict[str, Any]) -> None:
        known = {item.label for item in self.asked}
        for label, written in data.items():
            if label not in known:
                self._rejected.append(Rejected(str(written), (label,), "there is no sentence with this label"))


@dataclass(frozen=True, slots=True)
class _Draft:
    """A claim, the labels of the sentences that state it, and how far back the first of these is cited."""

    text: str
    labels: tuple[str, ...]
    reach: int


def _citation(n: int, item: Evidence, reach: int) -> Citation:
    """The sentence, with as many of those before it as its claim leans on."""
    start = item.earlier[-reach].start if reach else item.start
    text = item.context[start - item.context_start : item.end - item.context_start] if reach else item.sentence
    return Citation(n, text, start, item.end, item.article)


def _texts_before(item: Evidence) -> list[str]:
    return [sentence.text for sentence in item.earlier]


def _numbered(disagreements: tuple[Disagreement, ...], numbers: dict[str, int]) -> tuple[str, ...]:
    """The disagreements in one line each, with citation numbers: ``Sources differ: 14 [1] or 17 [2]``."""
    return tuple(
        "Sources differ: "
        + " or ".join(
            side.value + "".join(f" [{numbers[label]}]" for label in side.labels if label in numbers)
            for side in disagreement.sides
        )
        for disagreement in disagreements
    )


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
