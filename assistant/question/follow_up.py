"""Follow-up questions: decides whether a question needs the conversation, and has it rewritten.

"And when?" finds nothing. A small model first rewrites a question that leans on earlier ones so that it stands alone
(Elgohary, Peskov & Boyd-Graber, "Can You Unpack That? Learning to Rewrite Questions-in-Context", EMNLP 2019); a model
that reads whole passages does so in the reply that answers it. A question that stands alone already is not touched, so
that a new topic is not dragged back to the old one. No input or output here: the synchronous and the asynchronous chain
share every decision.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from assistant.llm.prompts import Prompt
from assistant.llm.reply_json import UNCOUNTED, ReplyPart, Usage
from assistant.text.claim_check import content_stems, names
from assistant.text.escaping import as_data
from index.english import PRONOUNS
from index.errors import ReplyError

if TYPE_CHECKING:
    from langchain_core.messages import BaseMessage

MOST_EARLIER = 2  # exchanges that the model reads; a question seldom leans on older ones
MOST_ANSWER_CHARACTERS = 300
MOST_TOKENS = 80
ENOUGH_WORDS = 3  # "What became of the missing?" has two and says too little
# A rewriting may not leave the question's own words behind, nor bring in words that were not said.
MIN_KEPT = 0.5
MIN_SAID_BEFORE = 0.75

# What makes a question lean on others: a word that points back, or a beginning that goes on.
_POINTS_BACK = re.compile(
    rf"\b(?:{'|'.join(PRONOUNS)}|it|its|this|that|these|those|there|then|ones?|same|else"
    r"|others?|another|former|latter|both|again|too|also|instead|before|afterwards|later|earlier)\b",
    re.IGNORECASE,
)
_GOES_ON = re.compile(r"(?:and|but|so|or|no|then|what about|how about|what of|what else|why|how come)\b", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Earlier:
    """An earlier question of a conversation and its answer; the answer may be empty."""

    question: str
    answer: str = ""


@dataclass(frozen=True, slots=True)
class StandAlone:
    """A question as it is answered.

    Attributes:
        asked: the reader's words.
        text: what they mean without the conversation; often the same.
        usage: tokens that the rewriting took; None when there was none.
        warning: why a follow-up is answered as it was asked; empty when all is well.
        conversation: earlier questions and answers, for a model that rewrites and answers at once; else empty.
        context: the question before, with which a follow-up that is not rewritten yet is searched.
    """

    asked: str
    text: str
    usage: Usage | None = None
    warning: str = ""
    conversation: str = ""
    context: str = ""

    @property
    def searches(self) -> tuple[str, ...]:
        """What passages are searched for; a follow-up that is not rewritten yet also with the question before."""
        return (f"{self.context} {self.text}", self.text) if self.context else (self.text,)


def leans(question: str) -> bool:
    """Whether a question may need the conversation to be understood.

    It stands alone when nothing in it points back and it says what it is about: by a name, or in enough other words.
    """
    if _GOES_ON.match(question.strip()) or _POINTS_BACK.search(question):
        return True
    return not names(f"? {question.partition(' ')[2]}") and len(content_stems(question)) < ENOUGH_WORDS


def rewriting_messages(prompt: Prompt, question: str, history: Sequence[Earlier]) -> "list[BaseMessage]":
    """The prompt that asks for the question as it stands alone."""
    return prompt.messages(history=_conversation(history), question=as_data(question))


def with_conversation(question: str, history: Sequence[Earlier]) -> StandAlone:
    """A follow-up for a model that rewrites it in the reply that answers it."""
    context = history[-1].question if leans(question) else ""
    return StandAlone(question, question, conversation=_conversation(history), context=context)


def rewritten(question: str, history: Sequence[Earlier], part: ReplyPart) -> StandAlone:
    """What the model made of a follow-up; the question as it was asked when that cannot be what it means."""
    text = " ".join(str(part.data.get("question", "")).split())
    said = " ".join(f"{item.question} {item.answer}" for item in history)
    faithful = not part.truncated and is_faithful(text, question, said)
    return StandAlone(question, text if faithful else question, part.usage)


def not_rewritten(question: str, error: ReplyError) -> StandAlone:
    """The question as it was asked, because the model's reply could not be used."""
    warning = f"{error.problem}; the question is answered without the earlier ones"
    return StandAlone(question, question, error.usage or UNCOUNTED, warning)


def is_faithful(text: str, question: str, said: str) -> bool:
    """Whether a rewriting keeps the question's own words and brings in few that were not said before."""
    if not text:
        return False
    new, own = content_stems(text), content_stems(_POINTS_BACK.sub("", question))
    known = own | content_stems(said)
    return len(new & own) >= MIN_KEPT * len(own) and len(new & known) >= MIN_SAID_BEFORE * len(new)


def _conversation(history: Sequence[Earlier]) -> str:
    return "\n".join(line for item in history[-MOST_EARLIER:] for line in _lines(item))


def _lines(item: Earlier) -> list[str]:
    answer = as_data(item.answer)[:MOST_ANSWER_CHARACTERS]
    return [f"Earlier question: {as_data(item.question)}", *([f"Earlier answer: {answer}"] if answer else [])]
