"""Graders of claims: a language model as judge, and graders without one.

The judge is off unless it is asked for: ``evals judge`` grades a run's claims, ``evals calibrate`` compares graders
with people. Its grades are no metric of ``evals score``, so no gate can rest on them. A judge that is the same model
as the one that wrote the claims may favour them (Panickssery, Bowman & Feng, "LLM Evaluators Recognize and Favor Their
Own Generations", NeurIPS 2024).
"""

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from assistant.embedded.provider import ModelProvider
from assistant.llm.client import stream_reply
from assistant.llm.prompts import Prompt, load_prompt
from assistant.llm.service import model_name
from assistant.settings import Settings
from assistant.text.claim_check import content_recall, verify
from evals.judge.claims import Label
from evals.judge.grades import Grade, Grader, GraderInfo
from evals.run.runner import FATAL
from evals.score.nuggets import stated
from index.errors import CassetteMissError, ServiceError, SettingError

if TYPE_CHECKING:
    from langchain_core.language_models import BaseChatModel

JUDGE = "judge"
READER = "reader"
GRADERS = ("lexical", "recall", "reranker", READER, JUDGE)
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
        messages = self.prompt.messages(claim=quoted(claim), sentences=f"[{', '.join(map(quoted, sentences))}]")
        try:
            *_, last = stream_reply(self.chat, messages, dict(self.prompt.reply), REPLY_TOKENS)
        except (*FATAL, CassetteMissError):
            raise
        except ServiceError as error:
            return Grade(error=f"{type(error).__name__}: {error.problem}")
        if last.truncated:  # such a reply has not been checked against the schema
            return Grade(error=f"the reply was cut after {REPLY_TOKENS} tokens")
        return Grade(Label(last.data["grade"]))


def quoted(text: str) -> str:
    """The text as a JSON string of one line that holds no sign with which it could leave its frame."""
    return json.dumps(" ".join(text.split()), ensure_ascii=False).translate(FRAME_SIGNS)


@dataclass(frozen=True, slots=True)
class Baseline:
    """A grader without a language model."""

    info: GraderInfo
    grade: Callable[[str, tuple[str, ...]], Grade]


def _checked(claim: str, sentences: tuple[str, ...]) -> Grade:
    """The check that the assistant itself makes, over the sentences taken together; it never says "partially"."""
    return Grade(Label.SUPPORTED if verify(claim, " ".join(sentences)).supported else Label.NOT)


def _recalled(claim: str, sentences: tuple[str, ...]) -> Grade:
    """Share of the claim's content words (stemmed) that the sentences have, 0 … 1."""
    return Grade(score=content_recall(claim, " ".join(sentences)))


def make_grader(name: str, settings: Settings, models: ModelProvider) -> Grader:
    """The grader of this name, one of ``GRADERS``.

    Raises:
        SettingError: the reranker or the reader is wanted and the settings have none.
        ModelError: a model cannot be fetched or loaded.
    """
    if name == JUDGE:
        return Judge(models.chat(), settings)
    if name in {"reranker", READER}:
        reranker, reader = models.reranker(), models.reader()
        if reranker is None or reader is None:
            raise SettingError("the setting reranker is none", "Set ASSISTANT_RERANKER=local, or take another grader.")

        def probability(claim: str, sentences: tuple[str, ...]) -> Grade:
            return Grade(score=stated(reader, [claim], sentences)[0])

        def largest_logit(claim: str, sentences: tuple[str, ...]) -> Grade:
            return Grade(score=float(reranker.score(claim, sentences).max()))

        if name == READER:
            return Baseline(GraderInfo(name=name, model=f"{reader.name} {reader.digest[:12]}"), probability)
        return Baseline(GraderInfo(name=name, model=reranker.name), largest_logit)
    return Baseline(GraderInfo(name=name), _checked if name == "lexical" else _recalled)
