"""Calibration records: how well a grader agrees with people, kept in a small file."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal

from pydantic import Field, ValidationError

from evals.judge.agreement import Judgement, agreement
from evals.judge.grades import GraderInfo
from evals.judge.threshold import assess_threshold
from evals.questions.files import field_error
from evals.questions.schema import StrictModel
from evals.run.provenance import code_digest
from evals.score.scoring import Measured
from index.errors import InputError

SCHEMA: Literal["news-assistant/calibration"] = "news-assistant/calibration"
VERSION: Literal[1] = 1
NOT_CALIBRATED = "the judge is not calibrated: its score may not gate anything"


class Figure(StrictModel, allow_inf_nan=False):
    """One measure of agreement; ``value`` counts errors as wrong, ``interval`` is the 95 % one."""

    value: float | None
    interval: tuple[float, float] | None
    n: int
    errors: int
    without_errors: float | None


class Calibration(StrictModel, allow_inf_nan=False):
    """What was measured, of which grader, on which claims.

    Attributes:
        code: SHA-256 over the packages that answer, of which the grader without a model is a part.
        data: name of the file; ``data_digest`` is the SHA-256 of its bytes.
        n: claims graded, out of ``available``; ``errors`` of them have no grade.
        figures: name → measure, as `evals.judge.agreement.agreement` and `evals.judge.threshold.Assessed` name them.
        threshold: the score from which on a claim is best called supported; None for graders with labels.
    """

    schema_name: Literal["news-assistant/calibration"] = Field(default=SCHEMA, alias="schema")
    version: Literal[1] = VERSION
    grader: GraderInfo
    code: str
    data: str
    data_digest: str
    n: int
    available: int
    errors: int
    figures: Mapping[str, Figure]
    threshold: float | None = None
    created: datetime

    def fits(self, grader: GraderInfo) -> bool:
        """Whether it is of this grader: the same model, prompt and temperature; the seed is left to chance."""
        ours, theirs = (item.model_copy(update={"seed": None}) for item in (self.grader, grader))
        return ours == theirs


def calibrate(
    grader: GraderInfo,
    judgements: Sequence[Judgement],
    data: str,
    data_digest: str,
    available: int,
    constant: float | None = None,
) -> tuple[Calibration, Mapping[str, Measured]]:
    """The record, and the measures as they are shown; ``constant`` is the threshold in use of a grader with scores."""
    assessed = assess_threshold(judgements, constant)
    measured = {**agreement(judgements), **(assessed.measured if assessed else {})}
    record = Calibration(
        grader=grader,
        code=code_digest(),
        data=data,
        data_digest=data_digest,
        n=len(judgements),
        available=available,
        errors=sum(bool(item.grade.error) for item in judgements),
        figures={name: _figure(item) for name, item in measured.items()},
        threshold=assessed.fitted if assessed else None,
        created=datetime.now(UTC),
    )
    return record, measured


def _figure(item: Measured) -> Figure:
    metric, interval = item.metric, item.interval
    ends = None if interval is None else (interval.low, interval.high)
    return Figure(
        value=metric.value, interval=ends, n=metric.n, errors=metric.errors, without_errors=metric.without_errors
    )


def write_calibration(path: Path, record: Calibration) -> None:
    """Write the record; an interrupted run leaves the old file as it was."""
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(f"{path.name}.part")
    part.write_text(record.model_dump_json(by_alias=True, indent=2) + "\n", encoding="utf-8")
    part.replace(path)


def read_calibration(path: Path) -> Calibration:
    """Read a record.

    Raises:
        InputError: the file is missing, broken, or of another version; names the field.
    """
    try:
        return Calibration.model_validate_json(path.read_bytes())
    except OSError as error:
        raise InputError(f"{path}: {error.strerror}", "evals calibrate CLAIMS.jsonl --grader judge makes it") from error
    except ValidationError as error:
        raise field_error(error, str(path), "make it again: evals calibrate") from error


def calibration_line(grader: GraderInfo, record: Calibration | None) -> str:
    """Whether the judge is calibrated, and how well it agrees with people."""
    if record is None:
        return f"{NOT_CALIBRATED}. evals calibrate CLAIMS.jsonl --grader judge calibrates it"
    if not record.fits(grader):
        return f"{NOT_CALIBRATED}. The calibration is of another grader: {_differences(record.grader, grader)}"
    kappa = record.figures.get("kappa")
    if kappa is None or kappa.value is None:
        return f"{NOT_CALIBRATED}. The calibration on {record.data} could not measure kappa"
    interval = f"{kappa.interval[0]:.3f} … {kappa.interval[1]:.3f}" if kappa.interval else "none"
    return (
        f"the judge is calibrated: Cohen's kappa with people {kappa.value:.3f}, 95 % interval {interval}, "
        f"on {kappa.n} claims of {record.data}, {record.errors} errors"
    )


def _differences(theirs: GraderInfo, ours: GraderInfo) -> str:
    names = ("name", "model", "prompt", "temperature")
    pairs = ((name, getattr(theirs, name), getattr(ours, name)) for name in names)
    return ", ".join(f"{name} {_short(one)}, not {_short(other)}" for name, one, other in pairs if one != other)


def _short(value: object) -> str:
    return str(value)[:12] if isinstance(value, str) and len(value) == 64 else str(value)
