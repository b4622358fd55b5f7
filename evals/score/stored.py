"""Scores kept in one small file, without any text of questions, articles or answers: baselines for later runs.

A run's folder holds third-party texts and grows large. What ``compare`` needs is less: for each question its slices,
what became of it, and its scores.
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Literal

from pydantic import Field, ValidationError

from evals.metrics.outcome import Outcome
from evals.metrics.scores import Metric, Score, mean
from evals.questions.files import field_error
from evals.questions.schema import Question, StrictModel
from evals.run.records import Run, RunInfo
from evals.score.scoring import HEADLINE, Measured, RunScores, average_repeats, measured_mean, score_run
from evals.score.whole_run import statistic_of
from index.errors import InputError
from index.exports import new_file

SCHEMA: Literal["news-assistant/scores"] = "news-assistant/scores"
# These are computed of which answers were right; that is a score of its own, which a stored outcome does not have.
NOT_STORED = frozenset({"aurc", "coverage_at_0.05"})
Fate = Literal["answered", "refused", "failed"]


class StoredQuestion(StrictModel):
    """What became of a question; ``seconds`` by stage, ``answer_type`` empty when it is not answerable."""

    id: str
    answer_type: str = ""
    question_type: str = ""
    tags: tuple[str, ...] = ()
    group: str = ""
    cluster: str = ""
    fate: Fate
    confidence: float | None = None
    seconds: Mapping[str, float] = {}


class StoredFile(StrictModel):
    """The file: ``scores`` has for each metric a value, or None, for each of ``keys`` (questions and groups)."""

    schema_name: Literal["news-assistant/scores"] = Field(default=SCHEMA, alias="schema")
    version: Literal[1] = 1
    run: RunInfo
    missing: int
    questions: tuple[StoredQuestion, ...]
    keys: tuple[str, ...]
    clusters: tuple[str, ...]
    scores: Mapping[str, tuple[float | None, ...]]


@dataclass(frozen=True)
class StoredRun(Run):
    """A file of scores in the place of a run's folder."""

    @property
    def has_texts(self) -> bool:
        """Nothing is there but ids."""
        return False

    @cached_property
    def file(self) -> StoredFile:
        """What the file says.

        Raises:
            InputError: it cannot be read, or is no file of scores.
        """
        try:
            return StoredFile.model_validate_json(self.folder.read_bytes())
        except OSError as error:
            raise InputError(f"{self.folder}: {error.strerror}", "evals score RUN --save FILE writes it") from error
        except ValidationError as error:
            raise field_error(error, str(self.folder), "evals score RUN --save FILE writes such files") from error

    @cached_property
    def info(self) -> RunInfo:
        """As of a run."""
        return self.file.run

    @cached_property
    def questions(self) -> tuple[Question, ...]:
        """The questions without their texts: the id stands for them."""
        return tuple(dict.fromkeys(map(_question, self.file.questions)))


@dataclass(frozen=True)
class StoredScores(RunScores):
    """The scores of a file; only the metrics that ``compare`` tests, and those of outcomes."""

    file: StoredFile

    @cached_property
    def measured(self) -> Mapping[str, Measured]:
        """Every stored metric by name, over the outcomes that are left."""
        kept = {name for item in self.outcomes for name in (item.question.id, item.question.group) if name}
        return {name: self._measured(name, values, kept) for name, values in self.file.scores.items()}

    def _measured(self, name: str, values: Sequence[float | None], kept: set[str]) -> Measured:
        rows = zip(self.file.keys, self.file.clusters, values, strict=True)
        scores = (Score(key, value, cluster=c) for key, c, value in rows if value is not None and key in kept)
        return measured_mean(mean(name, scores))


def scores_of(run: Run) -> RunScores:
    """The scores of a run's records, or of a file of scores.

    Raises:
        InputError: a file is missing or broken.
    """
    if not isinstance(run, StoredRun):
        return score_run(run)
    outcomes = tuple(map(_outcome, run.file.questions))
    return StoredScores(run, outcomes, run.file.missing, run.file)


def save_scores(scores: RunScores, path: Path, *, replace: bool = False) -> None:
    """Write the file of a run's scores; an interrupted writing leaves the old file as it was.

    Raises:
        UsageError: there is such a file already, and it is not to be replaced.
        AssistantError: it cannot be written.
    """
    metrics = [average_repeats(scores.measured[name].metric) for name in HEADLINE if name in scores.measured]
    means = {metric.name: _by_key(metric) for metric in metrics if statistic_of(metric.name) is None}
    clusters = {score.question: score.cluster for metric in metrics for score in metric.scores}
    keys = tuple(dict.fromkeys(key for values in means.values() for key in values))
    file = StoredFile(
        run=scores.run.info,
        missing=scores.missing,
        questions=tuple(map(_stored, scores.outcomes)),
        keys=keys,
        clusters=tuple(clusters[key] for key in keys),
        scores={name: tuple(values.get(key) for key in keys) for name, values in means.items() if values},
    )
    with new_file(path, "choose another, or replace it with --force", replace=replace) as out:
        out.write(_lines(file.model_dump(mode="json", by_alias=True, exclude_defaults=True)))


def _lines(data: Mapping[str, Any]) -> str:
    """JSON with a line for each question and each metric, so that versions of a file can be told apart."""
    text = json.dumps({**data, "schema": SCHEMA, "questions": [], "scores": {}}, ensure_ascii=False, indent=1)
    questions = ",\n".join(json.dumps(item, ensure_ascii=False) for item in data["questions"])
    scores = ",\n".join(f"{json.dumps(name)}: {json.dumps(values)}" for name, values in data["scores"].items())
    text = text.replace('"questions": []', f'"questions": [\n{questions}\n]', 1)
    return text.replace('"scores": {}', f'"scores": {{\n{scores}\n}}', 1) + "\n"


def _by_key(metric: Metric) -> dict[str, float]:
    return {score.question: score.value for score in metric.scores if score.value is not None}


def _stored(outcome: Outcome) -> StoredQuestion:
    question = outcome.question
    fate: Fate = "failed" if outcome.failed else "answered" if outcome.answered else "refused"
    return StoredQuestion(
        id=question.id,
        answer_type=question.answer_type or "",
        question_type=question.question_type,
        tags=question.tags,
        group=question.group,
        cluster=question.cluster,
        fate=fate,
        confidence=outcome.confidence,
        seconds={"total": round(outcome.seconds["total"], 3)} if "total" in outcome.seconds else {},
    )


def _question(stored: StoredQuestion) -> Question:
    fields = stored.model_dump(include={"id", "question_type", "tags", "group", "cluster"})
    answerable = bool(stored.answer_type)
    kind = {"answer_type": stored.answer_type} if answerable else {}
    return Question.model_validate({**fields, **kind, "question": stored.id, "answerable": answerable})


def _outcome(stored: StoredQuestion) -> Outcome:
    return Outcome(
        _question(stored),
        answered=stored.fate == "answered",
        confidence=stored.confidence,
        seconds=stored.seconds,
        error="failed" if stored.fate == "failed" else "",
    )


def without_stored(names: Iterable[str], *runs: RunScores) -> tuple[str, ...]:
    """Those of the metrics that cannot be computed of one of the runs, because it is a file of scores."""
    stored = any(isinstance(scores, StoredScores) for scores in runs)
    return tuple(name for name in names if stored and name in NOT_STORED)
