"""Claims to grade with their cited sentences: labelled ones from a file, or those of a run's answers.

A labelled file has one JSON object a line, in the form of WiCE (Kamoi et al., "WiCE: Real-World Entailment for Claims
in Wikipedia", EMNLP 2023):

    {"label": "partially_supported", "claim": "Ortega visited Port Alder in May.",
     "evidence": ["Ortega took office in May.", "She visited Port Alder."],
     "meta": {"id": "dev1", "chunk_idx": [4, 9], "oracle_idx": [9]}}

``chunk_idx`` has the number of each evidence sentence on its page, ``oracle_idx`` the numbers of those that support the
claim; ``meta`` may be left out.

Or it has nuggets, with the statements of an answer and whether they tell the nugget. Nuggets of one question are not
independent, so that the question is their cluster:

    {"question": "How deep is the reef?", "nugget": "The reef lies 412 m deep.",
     "statements": ["It was found on Monday.", "It lies 412 metres down."], "told": "yes"}
"""

import json
from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property
from hashlib import sha256
from pathlib import Path
from typing import Literal, Self

from pydantic import BaseModel, ConfigDict, Field, StrictInt, ValidationError, field_validator, model_validator

from evals.converters.source import json_lines
from evals.questions.files import field_error
from evals.questions.schema import StrictModel, Text
from evals.run.records import Run
from evals.score.outcomes import Reader
from index.errors import InputError

REMEDY = "see the form in evals/judge/claims.py"


class Label(StrEnum):
    """How much of a claim its sentences say."""

    SUPPORTED = "supported"
    PARTIALLY = "partially"
    NOT = "not"

    @property
    def strength(self) -> int:
        """2 for all of it, 1 for a part, 0 for nothing."""
        return {Label.SUPPORTED: 2, Label.PARTIALLY: 1, Label.NOT: 0}[self]


@dataclass(frozen=True)
class Claim:
    """A claim and the sentences that are to support it.

    Attributes:
        id: unique in its file or run.
        cluster: claims of one cluster are not independent.
    """

    id: str
    text: str
    sentences: tuple[str, ...]
    cluster: str

    @cached_property
    def digest(self) -> str:
        """SHA-256 of the claim and its sentences."""
        return sha256("\0".join((self.text, *self.sentences)).encode()).hexdigest()


@dataclass(frozen=True, slots=True)
class LabelledClaim:
    """A claim that people have graded.

    Attributes:
        gold: positions of the sentences that support the claim, from 0.
        lost: how many supporting sentences the page has beyond those given here.
    """

    claim: Claim
    label: Label
    gold: tuple[int, ...] = ()
    lost: int = 0


@dataclass(frozen=True, slots=True)
class ClaimSet:
    """The labelled claims of one file; ``digest`` is the SHA-256 of its bytes."""

    name: str
    claims: tuple[LabelledClaim, ...]
    digest: str


class _Meta(BaseModel):
    model_config = ConfigDict(frozen=True)

    id: str = ""
    chunk_idx: tuple[StrictInt, ...] | None = None
    oracle_idx: tuple[StrictInt, ...] = ()


class _Line(StrictModel):
    label: Literal["supported", "partially_supported", "not_supported"]
    claim: Text
    evidence: tuple[str, ...]
    meta: _Meta = _Meta()

    @field_validator("evidence")
    @classmethod
    def _say_something(cls, sentences: tuple[str, ...]) -> tuple[str, ...]:
        if not any(map(str.strip, sentences)):
            raise ValueError("must have a sentence that is not blank")
        return sentences

    @model_validator(mode="after")
    def _one_number_for_each_sentence(self) -> Self:
        numbers = self.meta.chunk_idx
        if numbers is not None and (len(numbers) != len(self.evidence) or len(set(numbers)) < len(numbers)):
            raise ValueError("meta.chunk_idx must have a number of its own for each sentence of evidence")
        return self

    def labelled(self, number: int) -> LabelledClaim:
        # Extracts of one page are several lines with the same id; so are repeated lines.
        name = self.meta.id or self.claim
        numbers = self.meta.chunk_idx or range(len(self.evidence))
        # WiCE has a few blank sentences, which support nothing.
        kept = {at: text for at, text in zip(numbers, self.evidence, strict=True) if text.strip()}
        gold = tuple(position for position, at in enumerate(kept) if at in self.meta.oracle_idx)
        claim = Claim(f"{name}@{number}", self.claim, tuple(kept.values()), name)
        label = Label(self.label.removesuffix("_supported"))
        return LabelledClaim(claim, label, gold, len(set(self.meta.oracle_idx)) - len(gold))


class _NuggetLine(StrictModel):
    question: Text
    nugget: Text
    statements: tuple[Text, ...] = Field(min_length=1)
    told: Literal["yes", "partly", "no"]

    def labelled(self, number: int) -> LabelledClaim:
        label = {"yes": Label.SUPPORTED, "partly": Label.PARTIALLY, "no": Label.NOT}[self.told]
        return LabelledClaim(Claim(f"{self.question}@{number}", self.nugget, self.statements, self.question), label)


def read_claims(path: Path) -> ClaimSet:
    """Read a file of labelled claims or nuggets.

    Raises:
        InputError: the file cannot be read or has no claims, or a line has a fault; names file, line and field.
    """
    claims = tuple(_parse(place, record) for place, record in json_lines(path))
    if not claims:
        raise InputError(f"{path}: holds no claims", REMEDY)
    return ClaimSet(path.name, claims, sha256(path.read_bytes()).hexdigest())


def _parse(place: str, record: dict[str, object]) -> LabelledClaim:
    kind = _NuggetLine if "nugget" in record else _Line
    try:
        return kind.model_validate(record).labelled(int(place.rpartition(":")[2]))
    except ValidationError as error:
        raise field_error(error, place, REMEDY) from error


def sample(claims: tuple[LabelledClaim, ...], limit: int | None) -> tuple[LabelledClaim, ...]:
    """So many of the claims, in their order: those whose ids have the smallest SHA-256.

    A larger sample has all claims of a smaller one, so that grading can go on from it.
    """
    ids = sorted((item.claim.id for item in claims), key=lambda name: sha256(name.encode()).digest())
    kept = set(ids[:limit])
    return tuple(item for item in claims if item.claim.id in kept)


def claims_of_run(run: Run) -> tuple[Claim, ...]:
    """Every claim that the answers of a run show, with the sentences that it cites.

    The id is ``QUESTION/SEED/NUMBER``, the number counted from 1 within the answer. A claim all of whose citations
    are dangling has no sentences.

    Raises:
        InputError: a file of the run is missing or broken.
    """
    reader, claims = Reader(run), []
    for record in run.completed():
        outcome = reader.outcome(record)
        question = outcome.question
        cluster = question.cluster or question.group or question.id
        for number, statement in enumerate(outcome.statements, start=1):
            cited = (passage.text for passage in outcome.citations if passage.number in statement.citations)
            claims.append(Claim(f"{record.question}/{record.seed}/{number}", statement.text, tuple(cited), cluster))
    return tuple(claims)


def pairs_to_label(run: Run, limit: int | None) -> tuple[str, ...]:
    """The nuggets of a run's questions beside the answers, as lines whose ``told`` is empty, each once.

    Args:
        limit: most lines; they are chosen by their SHA-256, and stay in the order of the run.

    Raises:
        InputError: a file of the run is missing or broken.
    """
    lines: dict[str, bytes] = {}
    for outcome in Reader(run).outcomes(run.completed()):
        said = [statement.text for statement in outcome.statements] if outcome.text else []
        for nugget in outcome.question.nuggets if said else ():
            pair = {"question": outcome.question.question, "nugget": nugget.text, "statements": said, "told": ""}
            line = json.dumps(pair, ensure_ascii=False)
            lines[line] = sha256(line.encode()).digest()
    chosen = set(sorted(lines, key=lambda line: lines[line])[:limit])
    return tuple(line for line in lines if line in chosen)
