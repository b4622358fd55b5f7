"""Grades of claims: what a grader says, and the file in which the grades of slow graders are kept."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from math import isfinite
from pathlib import Path
from typing import Protocol, Self

from pydantic import TypeAdapter, model_validator

from evals.judge.claims import Claim, Label
from evals.questions.schema import StrictModel
from evals.run.append_only import LineFile, open_line_file, read_lines

MOST_ERROR_CHARACTERS = 500
REMEDY = "take the file away to grade everything anew"


@dataclass(frozen=True, slots=True)
class Grade:
    """What a grader says of one claim: exactly one of a label, a score, and an error.

    Attributes:
        score: higher is better supported; finite, of any scale.
        error: why there is no grade. It is counted as an error and never stands for a label or a number.
    """

    label: Label | None = None
    score: float | None = None
    error: str = ""

    def __post_init__(self) -> None:
        if [self.label is not None, self.score is not None, bool(self.error)].count(True) != 1:
            raise ValueError("a grade has exactly one of label, score and error")
        if self.score is not None and not isfinite(self.score):
            raise ValueError("a score is a finite number")

    @property
    def rank(self) -> float | None:
        """What orders grades: the score, or how much the label says is supported; None for an error."""
        return self.score if self.label is None else float(self.label.strength)


class GraderInfo(StrictModel):
    """Who grades: grades of graders that differ in any of this are not mixed.

    Attributes:
        model: empty when the grader has none.
        prompt: SHA-256 of the prompt file; empty without one.
        temperature, seed: of the sampling; None when nothing is sampled.
    """

    name: str
    model: str = ""
    prompt: str = ""
    temperature: float | None = None
    seed: int | None = None


class Grader(Protocol):
    """Says how well sentences support a claim; one grader gives either labels or scores."""

    @property
    def info(self) -> GraderInfo: ...

    def grade(self, claim: str, sentences: tuple[str, ...]) -> Grade:
        """The grade of a claim by these sentences; at least one sentence."""
        ...


class GradeLine(StrictModel):
    """One grade in a file.

    Attributes:
        claim: the claim's id.
        digest: SHA-256 of the claim and its sentences.
        at: when it was graded.
    """

    claim: str
    digest: str
    grader: GraderInfo
    label: Label | None = None
    error: str = ""
    at: datetime

    @model_validator(mode="after")
    def _is_one_grade(self) -> Self:
        Grade(self.label, error=self.error)
        return self

    @property
    def grade(self) -> Grade:
        return Grade(self.label, error=self.error)


@dataclass(frozen=True, slots=True)
class GradeLog:
    """The grades of one grader that a file has, and the file to add to; `open_log` makes it."""

    file: LineFile
    grader: GraderInfo
    before: Mapping[tuple[str, str], Grade]

    def find(self, claim: Claim) -> Grade | None:
        """What was recorded for exactly this claim with exactly these sentences."""
        return self.before.get((claim.id, claim.digest))

    def add(self, claim: Claim, grade: Grade) -> None:
        """Add a grade; it is on the disk when this returns.

        Raises:
            ValueError: the grade is a score; those are cheap and not kept.
        """
        if grade.score is not None:
            raise ValueError("only labels and errors are kept")
        line = GradeLine(
            claim=claim.id,
            digest=claim.digest,
            grader=self.grader,
            label=grade.label,
            error=grade.error[:MOST_ERROR_CHARACTERS],
            at=datetime.now(UTC),
        )
        self.file.add(line)


@contextmanager
def open_log(path: Path, grader: GraderInfo) -> Iterator[GradeLog]:
    """Read a file of grades and hold it for this process; what another grader wrote stays and does not count.

    Raises:
        InputError: a line other than one cut off at the end is not a grade; names file and line.
        UsageError: another process is adding to the file.
    """
    with open_line_file(path) as file:
        before: dict[tuple[str, str], Grade] = {}
        for _, line in read_lines(path, TypeAdapter(GradeLine), REMEDY):
            if line.grader == grader:  # of two grades for one claim the first counts
                before.setdefault((line.claim, line.digest), line.grade)
        yield GradeLog(file, grader, before)
