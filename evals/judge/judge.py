"""Graders of claims: a language model as judge, and three baselines without one.

The judge is off unless it is asked for: ``evals judge`` grades a run's claims, ``evals calibrate`` compares graders
with people. Its grades are no metric of ``evals score``, so no gate can rest on them. A judge that is the same model
as the one that wrote the claims may favour them (Panickssery, Bowman & Feng, "LLM Evaluators Recognize and Favor Their
Own Generations", NeurIPS 2024).
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from assistant.embedded.provider import ModelProvider
from assistant.llm.client import stream_reply
from assistant.llm.prompts import Prompt, load_prompt
from assistant.llm.service import model_name
from assistant.settings import Settings
from assistant.text.claim_check import content_recall, verify
from evals.judge.claims import Label
from evals.judge.grades import Grade, Grader, GraderInfo
from evals.run.runner import FATAL
from index.errors import CassetteMissError, ServiceError, SettingError
from index.retrieve.rerank import Reranker

if TYPE_CHECKING:
    from langchain_core.language_models import BaseChatModel

JUDGE = "judge"
GRADERS = ("lexical", "recall", "reranker", JUDGE)
REPLY_TOKENS = 256  # a grade takes ten; the rest is for models that think before they reply
# What tags and the control tokens of chat templates (<|im_end|>, </s>, [INST]) begin with. As JSON escapes they are
# the same text to a reader, and no tokenizer takes them for the end of a message.
FRAME_SIGNS = str.maketrans({"<": "\\u003c", "[": "\\u005b"})


@dataclass(frozen=True, slots=True)
class Judge:
    """A language model that grades claims.

    Args:
        chat: any LangChain chat model.
        settings: temperature and seed that the model was made with; they are recorded with every grade.
    """

    chat: "BaseChatModel"
    settings: Settings

    @property
    def prompt(self) -> Prompt:
        """What the model is told."""
        return load_prompt(JUDGE)

    @property
    def info(self) -> GraderInfo:
        """The model, the prompt, and how its reply is sampled."""
        return GraderInfo(
            name=JUDGE,
            model=model_name(self.chat),
            prompt=self.prompt.digest,
            temperature=self.settings.temperature,
            seed=self.settings.seed,
        )

    def grade(self, claim: str, sentences: tuple[str, ...]) -> Grade:
        """Ask the model; a reply that cannot be used is an error of this claim.

        Raises:
            AssistantError: one that every other claim would meet as well, such as a wrong key.
        """
        messages = self.prompt.messages(claim=quoted(claim), sentences=quoted_list(sentences))
        try:
            *_, last = stream_reply(self.chat, messages, dict(self.prompt.reply), REPLY_TOKENS)
        except (*FATAL, CassetteMissError):
            raise
        except ServiceError as error:
            return Grade(error=f"{type(error).__name__}: {error.problem}")
        return _graded(last.data, last.truncated)


def _graded(data: dict[str, Any], truncated: bool) -> Grade:
    if truncated:  # such a reply has not been checked against the schema
        return Grade(error=f"the reply was cut after {REPLY_TOKENS} tokens")
    return Grade(Label(data["grade"]))


def quoted(text: str) -> str:
    """The text as a JSON string of one line that holds no sign with which it could leave its frame."""
    return json.dumps(" ".join(text.split()), ensure_ascii=False).translate(FRAME_SIGNS)


def quoted_list(texts: Sequence[str]) -> str:
    """The texts as a JSON array of one line."""
    return f"[{', '.join(map(quoted, texts))}]"


@dataclass(frozen=True, slots=True)
class LexicalGrader:
    """The check that the assistant itself makes, over the sentences taken together; it never says "partially"."""

    @property
    def info(self) -> GraderInfo:
        """It has a name only."""
        return GraderInfo(name="lexical")

    def grade(self, claim: str, sentences: tuple[str, ...]) -> Grade:
        """The label."""
        return Grade(Label.SUPPORTED if verify(claim, " ".join(sentences)).supported else Label.NOT)


@dataclass(frozen=True, slots=True)
class RecallGrader:
    """Share of the claim's content words (stemmed) that the sentences have, 0 … 1."""

    @property
    def info(self) -> GraderInfo:
        """It has a name only."""
        return GraderInfo(name="recall")

    def grade(self, claim: str, sentences: tuple[str, ...]) -> Grade:
        """The share."""
        return Grade(score=content_recall(claim, " ".join(sentences)))


@dataclass(frozen=True, slots=True)
class RerankerGrader:
    """The cross-encoder's largest logit of the claim with any one of the sentences."""

    reranker: Reranker

    @property
    def info(self) -> GraderInfo:
        """The model."""
        return GraderInfo(name="reranker", model=self.reranker.name)

    def grade(self, claim: str, sentences: tuple[str, ...]) -> Grade:
        """The logit."""
        return Grade(score=float(self.reranker.score(claim, sentences).max()))


def make_grader(name: str, settings: Settings, models: ModelProvider) -> Grader:
    """The grader of this name, one of ``GRADERS``.

    Raises:
        SettingError: the reranker is wanted and the settings have none.
        ModelError: a model cannot be fetched or loaded.
    """
    if name == JUDGE:
        return Judge(models.chat(), settings)
    if name == "reranker":
        reranker = models.reranker()
        if reranker is None:
            raise SettingError("the setting reranker is none", "Set ASSISTANT_RERANKER=local, or take another grader.")
        return RerankerGrader(reranker)
    return LexicalGrader() if name == "lexical" else RecallGrader()
