"""Writing for stronger models: they read whole passages, and every claim that they make is verified.

At most three requests: the answer, once more with further passages where these do not suffice, and once more where
claims were not supported.
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import Future
from typing import TYPE_CHECKING, Any

from assistant.answer import Evidence, Rejected, Status
from assistant.answering.claims import Claims
from assistant.answering.verification import find_fault
from assistant.answering.wide_reply import labels_of, missing_part, text_around
from assistant.answering.writing import Request, Search
from assistant.evidence.confidence import confidence
from assistant.evidence.passages import Passages
from assistant.llm.prompts import load_prompt
from assistant.llm.reply_json import ReplyPart
from assistant.question.follow_up import StandAlone, is_faithful
from assistant.question.time_phrases import Ordering
from assistant.selection.select import Selection, select_answers
from assistant.text.escaping import as_data
from index.errors import ContextOverflowError, ReplyError
from index.retrieve.reader import Reader

if TYPE_CHECKING:
    from langchain_core.messages import BaseMessage

REPLY_TOKENS = 1200  # of an answer with its labels; a list of twenty items has half of that
MOST_SEARCHES = 2
LEAST_PASSAGE_TOKENS = 400  # a model that cannot read so many is of no use
STATUSES = {
    "answered": Status.ANSWERED,
    "partly": Status.PARTLY,
    "conflicting": Status.CONFLICTING,
    "false_premise": Status.FALSE_PREMISE,
    "insufficient": Status.INSUFFICIENT,
}
UNKNOWN_LABEL = "there is no sentence with this label"


class WideWriting:
    """Claims from whole passages.

    Args:
        standalone: the question; with a conversation the model says first what it asks.
        passages: what the model reads.
        reading: becomes the sentences that the reader finds best; quoted where the model's replies cannot be used.
        reader: tells whether sentences state a claim; None leaves that to the words that they share.
        ordering: whether the question asks for the newest or the oldest.
        second_look: whether the model may ask for further searches.
    """

    def __init__(
        self,
        standalone: StandAlone,
        passages: Passages,
        reading: Future[tuple[Evidence, ...]],
        reader: Reader | None,
        ordering: Ordering,
        second_look: bool,
    ) -> None:
        self.claims = Claims(standalone.text, (), reader)
        self.warnings: list[str] = []
        self.unanswered = ""
        self.searches: tuple[str, ...] = ()
        self.question = standalone.text
        self._standalone = standalone
        self._passages = passages
        self._reading = reading
        self._ordering = ordering
        self._prompt = load_prompt("wide")
        self.prompt_digest = self._prompt.digest
        self._reader = reader
        self._may_look = second_look
        self._may_repair = True
        self._messages: list[BaseMessage] = []
        self._reply: Mapping[str, Any] = {}
        self._judged = 0
        self._attempt = 1
        self._failed: list[Rejected] = []
        self._earlier: Mapping[str, Any] = {}
        self._over = self._unusable = False

    @property
    def wanted(self) -> bool:
        """Whether there is anything to read."""
        return bool(self._passages.sentences)

    @property
    def evidence(self) -> tuple[Evidence, ...]:
        """The sentences that the reader finds best, once it has read, and those beyond them that are cited."""
        best = self._best() if self._reading.done() else ()
        known = {item.label for item in best}
        cited = (self._passages.sentences[label] for label in self.claims.numbers())
        return (*best, *(item for item in cited if item.label not in known))

    @property
    def confidence(self) -> float | None:
        """The reader's probability that its best sentences answer; None before it has read."""
        return confidence(self._best()) if self._reading.done() else None

    @property
    def read_sentences(self) -> Sequence[Evidence]:
        """All that the model was given."""
        return tuple(self._passages.sentences.values())

    @property
    def holds(self) -> bool:
        """Whether the model has said it, or else the reader has chosen the sentences that are quoted."""
        return not self._unusable or self._selected().chosen

    def next_request(self, search: Search) -> Request | None:
        """The answer; then once more with further passages, and once more without the claims that failed."""
        if self._over:
            return None
        if not self._messages:
            earlier = self._standalone.conversation
            question = as_data(self.question)
            if earlier:
                question += "\n\n" + self._prompt.part("Follow-up", conversation=earlier)
            self._messages = self._prompt.messages(passages=self._passages.text, question=question)
            return self._request()
        further = self._look_again(search) or self._repair()
        if not further:
            return None
        self._start_again(further)
        return self._request()

    def read(self, part: ReplyPart) -> bool:
        """Take in what the model has written so far; whether a further claim is settled by it."""
        if part.attempt != self._attempt:
            self._attempt = part.attempt
            self._forget()
        self._reply = part.data
        if self._standalone.conversation and "status" in part.data:
            self._understand(str(part.data.get("question", "")))
        claims = part.data.get("claims") or []
        # The last claim of an unfinished reply may be cut in the middle.
        finished = claims if part.done or "missing" in part.data else claims[:-1]
        new = finished[self._judged :]
        for claim in new:
            self._judge(claim)
        self._judged = len(finished)
        return bool(new)

    def failed(self, error: ReplyError | ContextOverflowError) -> None:
        """An earlier reply stands; a first prompt that is too long is asked again with fewer passages; else the
        sentences are quoted.
        """
        if self._earlier:
            self._return_to_earlier(error)
            return
        if isinstance(error, ContextOverflowError):
            self._narrow(error)
            return
        self._over = self._unusable = True
        self.claims.clear()
        instead = "; the source sentences are quoted instead" if self.holds else ""
        self.warnings.append(error.problem + instead)

    def finish(self) -> Status:
        """How the answer stands; a claim that failed gives way to its sentences where they answer."""
        self._reading.result()
        if self._unusable:
            self._quote(self._selected().answers)
            return Status.ANSWERED if self.claims else Status.INSUFFICIENT
        status = STATUSES.get(str(self._reply.get("status", "")), Status.INSUFFICIENT)
        if status is Status.INSUFFICIENT:
            self.claims.clear()
            return status
        self._quote_failed()
        if not self.claims:
            return Status.INSUFFICIENT
        self.unanswered = missing_part(self._reply, self.question) if status is Status.PARTLY else ""
        lone = status is Status.CONFLICTING and len(self.claims.shown()) == 1
        return Status.ANSWERED if lone else status

    def disagreements(self) -> tuple[str, ...]:
        """One line where the model says that sources contradict each other: ``Sources differ: [1] or [2]``."""
        sides = ["".join(f"[{number}]" for number in claim.citations) for claim in self.claims.shown()]
        conflicting = self._reply.get("status") == "conflicting" and not self._unusable and len(sides) > 1
        return (f"Sources differ: {' or '.join(sides)}",) if conflicting else ()

    def _request(self) -> Request:
        schema = dict(self._prompt.reply)
        if self._standalone.conversation:
            schema["properties"] = {"question": {"type": "string"}, **schema["properties"]}
            schema["required"] = ["question", *schema["required"]]
        return Request(self._messages, schema, REPLY_TOKENS)

    def _understand(self, written: str) -> None:
        """Take the model's wording of a follow-up, if it says nothing else than was asked and told."""
        text = " ".join(written.split())
        if is_faithful(text, self._standalone.asked, self._standalone.conversation):
            self.question = text

    def _judge(self, claim: Any) -> None:
        """Show a claim if the sentences that it cites state it."""
        if not isinstance(claim, Mapping):
            return
        text = " ".join(str(claim.get("text", "")).split())
        labels = labels_of(claim.get("labels"))
        items = tuple(self._passages.sentences[label] for label in labels if label in self._passages.sentences)
        if not items:
            self.claims.rejected.append(Rejected(text, tuple(labels), UNKNOWN_LABEL))
            return
        around = text_around(text, items, self.read_sentences, self.question)
        verdict = find_fault(text, items, self.question, self._reader, around)
        if verdict.supported:
            self.claims.take(text, items, verdict.reach)
        else:
            self._failed.append(Rejected(text, tuple(item.label for item in items), verdict.reason))
            self.claims.rejected.append(self._failed[-1])

    def _look_again(self, search: Search) -> str:
        """What is said to the model with the passages that its searches have found; empty when they find nothing."""
        queries = [" ".join(str(query).split()) for query in self._reply.get("searches") or []][:MOST_SEARCHES]
        queries = [query for query in queries if query]
        wanting = self._reply.get("status") in {"partly", "insufficient"}
        if not (self._may_look and wanting and queries):
            return ""
        self._may_look = False
        hits = [hit for query in queries for hit in search(query)]
        more = self._passages.with_further(hits)
        if not more.text:
            return ""
        self.searches = tuple(queries)
        self._passages = more
        return self._prompt.part("Further passages", passages=more.text, question=as_data(self.question))

    def _repair(self) -> str:
        """What is said to the model about claims that failed; empty when none did."""
        if not (self._may_repair and self._failed):
            return ""
        self._may_repair = False
        lines = (f"- {json.dumps(one.text, ensure_ascii=False)}: {one.reason}" for one in self._failed)
        return self._prompt.part("Repair", claims="\n".join(lines))

    def _start_again(self, words: str) -> None:
        from langchain_core.messages import AIMessage, HumanMessage

        self._earlier = self._reply
        reply = json.dumps(self._reply, ensure_ascii=False)
        self._messages = [*self._messages, AIMessage(reply), HumanMessage(words)]
        self._forget()

    def _return_to_earlier(self, error: ReplyError | ContextOverflowError) -> None:
        self._over, self._reply = True, self._earlier
        self._forget()
        for claim in self._reply["claims"]:
            self._judge(claim)
        self.warnings.append(f"{error.problem}; the model's first reply is shown")

    def _forget(self) -> None:
        self.claims.clear()
        self._failed.clear()
        self._judged = 0
        self._attempt = 1

    def _narrow(self, error: ContextOverflowError) -> None:
        """Half the passages, the better ones."""
        tokens = self._passages.tokens // 2
        if tokens < LEAST_PASSAGE_TOKENS:
            raise error
        self._passages = self._passages.within(tokens)
        self._messages = []
        self.warnings = [f"the model's context is short: it was shown only {tokens} tokens of what was found"]

    def _quote_failed(self) -> None:
        failed = {label for one in self._failed for label in one.labels}
        cited = self.claims.numbers()
        if failed:
            self._quote(item for item in self._selected().answers if item.label in failed - cited.keys())

    def _quote(self, items: Iterable[Evidence]) -> None:
        answers = tuple(items)
        self.claims.know(answers)
        for item in answers:
            self.claims.quote(item)

    def _best(self) -> tuple[Evidence, ...]:
        """What the reader finds best, under the labels of the passages; waits for the reader."""
        return self._passages.labelled(self._reading.result())

    def _selected(self) -> Selection:
        """What the reader would answer with."""
        return select_answers(self._best(), self._ordering)
