"""Writing for stronger models: they read whole passages, and every claim that they make is verified.

At most three requests: the answer, once more with further passages where these do not suffice, and once more where
claims were not supported.
"""

import json
import re
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from assistant.answer import Evidence, Rejected, Status
from assistant.answering.claims import Claims
from assistant.answering.verification import find_fault
from assistant.answering.writing import Request, Search
from assistant.evidence.passages import Passages
from assistant.llm.prompts import load_prompt
from assistant.llm.reply_json import ReplyPart
from assistant.question.follow_up import StandAlone, is_faithful
from assistant.selection.select import Selection
from assistant.text.claim_check import NAME_RUN, names, numbers, word_stems
from assistant.text.escaping import as_data
from index.errors import ContextOverflowError, ReplyError
from index.retrieve.reader import Reader

if TYPE_CHECKING:
    from langchain_core.messages import BaseMessage

REPLY_TOKENS = 1200  # of an answer with its labels; a list of twenty items has half of that
MOST_SEARCHES = 2
LEAST_PASSAGE_TOKENS = 400  # a model that cannot read so many is of no use
LABEL = re.compile(r"S\d+", re.IGNORECASE)
STATUSES = {
    "answered": Status.ANSWERED,
    "partly": Status.PARTLY,
    "conflicting": Status.CONFLICTING,
    "false_premise": Status.FALSE_PREMISE,
    "insufficient": Status.INSUFFICIENT,
}
FOLLOW_UP = (
    '\n\nThe question follows the conversation below, which is no source. Begin the JSON with "question": what it '
    "asks, so that it can be understood alone, with names instead of pronouns and with what it leaves out; if it "
    "corrects an earlier question, that question as corrected. Answer this.\n"
)
UNKNOWN_LABEL = "there is no sentence with this label"


class WideWriting:
    """Claims from whole passages; see `Writing`.

    Args:
        standalone: the question; with a conversation the model says first what it asks.
        passages: what the model reads.
        evidence: the scored sentences among them, best first.
        selection: what of it answers; quoted where the model's replies cannot be used.
        reader: tells whether sentences state a claim; None leaves that to the words that they share.
        second_look: whether the model may ask for further searches.
    """

    def __init__(
        self,
        standalone: StandAlone,
        passages: Passages,
        evidence: tuple[Evidence, ...],
        selection: Selection,
        reader: Reader | None,
        *,
        second_look: bool,
    ) -> None:
        self.claims = Claims(standalone.text, selection.answers, reader)
        self.warnings: list[str] = []
        self.unanswered = ""
        self.searches: tuple[str, ...] = ()
        self.question = standalone.text
        self._standalone = standalone
        self._passages = passages
        self._scored = evidence
        self._selection = selection
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
        """The scored sentences, best first, and those beyond them that are cited."""
        scored = {item.label for item in self._scored}
        cited = (self._passages.sentences[label] for label in self.claims.numbers())
        return (*self._scored, *(item for item in cited if item.label not in scored))

    @property
    def read_sentences(self) -> Sequence[Evidence]:
        """All that the model was given."""
        return tuple(self._passages.sentences.values())

    @property
    def holds(self) -> bool:
        """Whether the model has replied, or else the reader has chosen the sentences that are quoted."""
        return self._selection.chosen or (bool(self._reply) and not self._unusable)

    def next_request(self, search: Search) -> Request | None:
        """The answer; then once more with further passages, and once more without the claims that failed."""
        if self._over:
            return None
        if not self._messages:
            earlier = self._standalone.conversation
            question = as_data(self.question) + (FOLLOW_UP + earlier if earlier else "")
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
        if self._unusable:
            for item in self._selection.answers:
                self.claims.quote(item)
            return Status.ANSWERED if self.claims else Status.INSUFFICIENT
        status = STATUSES.get(str(self._reply.get("status", "")), Status.INSUFFICIENT)
        if status is Status.INSUFFICIENT:
            self.claims.clear()
            return status
        self._quote_failed()
        if not self.claims:
            return Status.INSUFFICIENT
        self.unanswered = self._said_to_be_missing() if status is Status.PARTLY else ""
        lone = status is Status.CONFLICTING and len(self.claims.shown()) == 1
        return Status.ANSWERED if lone else status

    def disagreements(self) -> tuple[str, ...]:
        """None: the claims themselves are the sides."""
        return ()

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
        labels = list(dict.fromkeys(_labels(claim.get("labels"))))
        items = tuple(self._passages.sentences[label] for label in labels if label in self._passages.sentences)
        if not items:
            self.claims.rejected.append(Rejected(text, tuple(labels), UNKNOWN_LABEL))
            return
        verdict = find_fault(text, items, self.question, self._reader, self._around(text, items))
        if verdict.supported:
            self.claims.take(text, items, verdict.reach)
        else:
            self._failed.append(Rejected(text, tuple(item.label for item in items), verdict.reason))
            self.claims.rejected.append(self._failed[-1])

    def _around(self, claim: str, items: Sequence[Evidence]) -> str:
        """What was read of these articles; of others, names asked for and longer ones: Ingrid Vass for Vass."""
        articles = {item.article.id for item in items}
        near = " ".join(item.sentence for item in self.read_sentences if item.article.id in articles)
        everywhere = " ".join(item.sentence for item in self.read_sentences)
        near_stems, all_stems = word_stems(near), word_stems(everywhere)
        asked = (name for name in names(self.question) if word_stems(name) <= all_stems)
        runs = (re.sub("['’]s?$", "", run) for run in NAME_RUN.findall(claim))
        longer = (run for run in runs if run in everywhere and word_stems(run.split()[-1]) <= near_stems)
        return " ".join((near, *asked, *longer))

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
        return f"Further passages:\n{more.text}\n\nReply once more, from all passages. {as_data(self.question)}"

    def _repair(self) -> str:
        """What is said to the model about claims that failed; empty when none did."""
        if not (self._may_repair and self._failed):
            return ""
        self._may_repair = False
        lines = (f"- {json.dumps(one.text, ensure_ascii=False)}: {one.reason}" for one in self._failed)
        listed = "\n".join(lines)
        return (
            f"These claims were not accepted:\n{listed}\n\nReply once more, with the whole JSON: say what the cited "
            "sentences say, cite all the sentences that it takes, or leave the claim out."
        )

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
        answering = {item.label for item in self._selection.answers}
        for label in dict.fromkeys(label for one in self._failed for label in one.labels):
            if label in answering and label not in self.claims.numbers():
                self.claims.quote(self._passages.sentences[label])

    def _said_to_be_missing(self) -> str:
        """The model's words for what is not said; empty when they bring in what nobody has asked."""
        text = " ".join(str(self._reply.get("missing", "")).split()).rstrip(".")
        asked = word_stems(self.question)
        known = all(word_stems(name) <= asked for name in names(f"it {text}"))
        return text if known and numbers(text) <= numbers(self.question) else ""


def _labels(given: Any) -> Sequence[str]:
    """Labels as ``["S1", "[S2]"]`` or as ``"S1, S2"``."""
    texts = given if isinstance(given, list) else [given]
    return [label.upper() for text in texts for label in LABEL.findall(str(text))]
