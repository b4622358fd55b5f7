"""A run on disk: a folder with everything that its scores are computed from.

run.json         what was to be done, and where the numbers come from
questions.jsonl  the questions, with the offsets that their evidence has in these articles
articles.jsonl   the articles
records.jsonl    a line when a question is begun, and one when it is done or waits for a reply of a cassette; of shard 2
                 of 4: records-2-of-4.jsonl
index/           the index, made by the code that is measured
"""

import json
from collections import Counter
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from datetime import datetime
from functools import cached_property
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import Field, TypeAdapter, ValidationError

from evals.questions.files import field_error, read_questions, write_questions
from evals.questions.schema import Question, StrictModel
from evals.run.append_only import not_written, read_lines
from evals.run.provenance import Provenance
from evals.run.suite import Material, Suite
from index.articles import Article
from index.errors import InputError
from index.private import private_file, private_folder, tighten_tree
from index.read.readers import read_articles

SCHEMA: Literal["news-assistant/run"] = "news-assistant/run"
VERSION: Literal[1] = 1
RUNS = Path(".runs")
REMEDY = "the run cannot be used: begin it anew"

Key = tuple[str, int]  # question id and seed


class RunInfo(StrictModel):
    """What was to be done, and where the numbers come from; ``questions`` is the SHA-256 of questions.jsonl."""

    schema_name: Literal["news-assistant/run"] = Field(default=SCHEMA, alias="schema")
    version: Literal[1] = VERSION
    suite: Suite
    questions: str
    created: datetime
    provenance: Provenance


class _OfQuestion(StrictModel):
    """A line about one question with one seed."""

    question: str
    seed: int

    @property
    def key(self) -> Key:
        return self.question, self.seed


class Begun(_OfQuestion):
    """A question is handed to the assistant."""

    kind: Literal["begun"] = "begun"


class Waiting(_OfQuestion):
    """A question that was begun waits for a reply that the cassette does not have; it is asked again."""

    kind: Literal["waiting"] = "waiting"


class Record(_OfQuestion):
    """What became of a question.

    Attributes:
        answer: ``Answer.to_dict()``; None when the question failed.
        error: what happened, in one line; empty when nothing did.
        error_kind: name of the error's class, ``time-out``, or ``crash``.
        seconds: from asking to the whole answer or the failure; None where another system does not say.
        at: when it was done.
    """

    kind: Literal["record"] = "record"
    seconds: float | None
    at: datetime
    answer: Mapping[str, Any] | None = None
    error: str = ""
    error_kind: str = ""


Line = TypeAdapter[Begun | Waiting | Record](Annotated[Begun | Waiting | Record, Field(discriminator="kind")])


@dataclass(frozen=True, slots=True)
class Progress:
    """What the record files say: records by key, how often each key was begun without end, and which keys wait."""

    records: Mapping[Key, Record] = field(default_factory=dict)
    unfinished: Mapping[Key, int] = field(default_factory=dict)
    waiting: frozenset[Key] = frozenset()


@dataclass(frozen=True)
class Run:
    """A run's folder, opened."""

    folder: Path

    @property
    def name(self) -> str:
        return self.folder.name

    @property
    def has_texts(self) -> bool:
        """Whether questions and articles are there word for word."""
        return True

    @cached_property
    def info(self) -> RunInfo:
        """What ``run.json`` says.

        Raises:
            InputError: it is missing, broken, or of another version.
        """
        path = self.folder / "run.json"
        try:
            return RunInfo.model_validate_json(path.read_bytes())
        except OSError as error:
            raise InputError(
                f"{path}: {error.strerror}", "give the folder of a run: evals run SUITE makes it"
            ) from error
        except ValidationError as error:
            raise field_error(error, str(path), REMEDY) from error

    @cached_property
    def questions(self) -> tuple[Question, ...]:
        """The questions, in order.

        Raises:
            InputError: the file is missing, broken, or not the one that the run began with.
        """
        found = read_questions(self.folder / "questions.jsonl")
        if found.digest != self.info.questions:
            raise InputError(f"{self.folder / 'questions.jsonl'}: changed since the run began", REMEDY)
        return found.questions

    @cached_property
    def articles(self) -> Mapping[str, Article]:
        """The articles by id.

        Raises:
            InputError: the file is missing or broken.
        """
        return {article.id: article for article in read_articles(self.folder / "articles.jsonl")}

    @property
    def keys(self) -> tuple[Key, ...]:
        """Every question with every seed, in the order in which they are asked."""
        return tuple((question.id, seed) for seed in self.info.suite.seeds for question in self.questions)

    def progress(self) -> Progress:
        """What the record files say now; of two records of one key the first counts.

        Raises:
            InputError: a line other than the last is not a record, or is of a question that the run does not have.
        """
        records: dict[Key, Record] = {}
        begun: Counter[Key] = Counter()
        waiting: set[Key] = set()
        known = set(self.keys)
        for path in sorted(self.folder.glob("records*.jsonl")):
            for place, line in read_lines(path, Line, REMEDY):
                if line.key not in known:
                    raise InputError(
                        f"{place}: the run has no question {line.question!r} with seed {line.seed}", REMEDY
                    )
                if isinstance(line, Record):
                    records.setdefault(line.key, line)
                elif isinstance(line, Waiting):
                    begun[line.key] -= 1
                    waiting.add(line.key)
                else:
                    begun[line.key] += 1
        unfinished = {key: count for key, count in begun.items() if count > 0 and key not in records}
        return Progress(records, unfinished, frozenset(waiting - records.keys()))

    def completed(self) -> tuple[Record, ...]:
        """The records that there are, in the order of the keys."""
        records = self.progress().records
        return tuple(records[key] for key in self.keys if key in records)


def find_run(name: str) -> Run:
    """The run in a folder, or the newest one of a suite below ``RUNS``.

    Raises:
        InputError: there is none; names the runs that there are.
    """
    runs = sorted(RUNS.glob("*/run.json"), key=lambda path: path.stat().st_mtime)
    if (Path(name) / "run.json").is_file():
        return Run(Path(name))
    of_suite = [path.parent for path in runs if path.parent.name.rpartition("-")[0] == name]
    if of_suite:
        return Run(of_suite[-1])
    known = ", ".join(str(path.parent) for path in reversed(runs)) or "none yet; evals run SUITE makes one"
    raise InputError(f"no run {name}", f"give the folder of a run, or the name of a suite. Runs: {known}")


def create_run(folder: Path, info: RunInfo, material: Material) -> Run:
    """Write a run's folder; ``run.json`` comes last and makes it one.

    Args:
        info: its ``questions`` is filled in here.
        material: questions whose evidence is anchored in these articles.

    Raises:
        AssistantError: it cannot be written.
    """
    try:
        private_folder(folder)
        with (folder / "articles.jsonl").open("w", encoding="utf-8", newline="\n") as file:
            file.writelines(f"{json.dumps(asdict(article), ensure_ascii=False)}\n" for article in material.articles)
        write_questions(folder / "questions.jsonl", material.header, material.questions)
        _write_info(folder, info.model_copy(update={"questions": read_questions(folder / "questions.jsonl").digest}))
        tighten_tree(folder)
    except OSError as error:
        raise not_written(folder, error) from error
    return Run(folder)


def with_repeats(run: Run, repeats: int) -> Run:
    """The run with so many repetitions of each question, or those that it has when they are more.

    Raises:
        AssistantError: it cannot be written.
    """
    if run.info.suite.repeats >= repeats:
        return run
    suite = run.info.suite.model_copy(update={"repeats": repeats})
    try:
        _write_info(run.folder, run.info.model_copy(update={"suite": suite}))
    except OSError as error:
        raise not_written(run.folder, error) from error
    return Run(run.folder)


def _write_info(folder: Path, info: RunInfo) -> None:
    with private_file(folder / "run.json") as file:
        file.write(info.model_dump_json(by_alias=True, indent=2).encode() + b"\n")
