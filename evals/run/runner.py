"""Asks the questions of a run, one record each; what is recorded is not asked again."""

import asyncio
import time
import traceback
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from assistant import Assistant, Earlier, Window
from assistant import Question as Asked
from assistant.setting_sources import Given
from assistant.settings import Settings, load_settings
from evals.questions.anchors import anchor_questions
from evals.questions.schema import Question
from evals.run.append_only import LineFile, open_line_file
from evals.run.differences import deciding_differences, fingerprint
from evals.run.perturbations import ORDER, in_another_order, reworded
from evals.run.provenance import EXTRACTIVE, AnotherSystem, gather, of_another_system, without_language_model
from evals.run.records import RUNS, Begun, Key, Record, Run, RunInfo, Waiting, create_run, with_repeats
from evals.run.suite import Material, Suite
from index.articles import Article, until_seconds
from index.errors import (
    AssistantError,
    AuthenticationError,
    CassetteMissError,
    IndexStateError,
    InputError,
    ModelError,
    RateLimitError,
    SettingError,
    UnknownModelError,
    UnreachableError,
    UsageError,
)
from index.lifecycle.add import AddReport

# What will meet every other question as well, so that the run stops instead of recording it hundreds of times.
FATAL = (
    *(SettingError, IndexStateError, ModelError, AuthenticationError),
    *(UnknownModelError, UnreachableError, RateLimitError),
)
MOST_BEGINNINGS = 3  # a question during which the program ended this often is taken to be the cause
MOST_ERROR_CHARACTERS = 500

Ask = Callable[[Question], Awaitable[Mapping[str, Any]]]  # a question → ``Answer.to_dict()``


@dataclass(frozen=True, slots=True)
class Shard:
    """Part ``number`` of ``count`` of a run's keys, from 1; every key is in exactly one."""

    number: int = 1
    count: int = 1

    @property
    def file_name(self) -> str:
        return "records.jsonl" if self.count == 1 else f"records-{self.number}-of-{self.count}.jsonl"

    def take(self, keys: Sequence[Key]) -> Sequence[Key]:
        """The keys of this part."""
        return keys[self.number - 1 :: self.count]


def prepare_run(
    folder: Path | None, suite: Suite, material: Material, *, label: str = "", system: AnotherSystem | None = None
) -> Run:
    """Begin a run in the folder, or open the one that is there; it goes on to as many repetitions as are asked for now.

    Args:
        folder: None takes a folder below ``RUNS`` whose name changes with anything that can change the answers.
        label: stands in the name of that folder, behind the suite's.
        system: what answers in the assistant's place.

    Raises:
        InputError: evidence does not stand in the articles; names the first place.
        UsageError: the run in the folder is another one: other questions, articles, settings or code.
    """
    asked = tuple(reworded(question, suite.perturb) for question in material.questions)
    anchored = anchor_questions(asked, {article.id: article for article in material.articles})
    if anchored.failures:
        problem = f"{len(anchored.failures)} spans of evidence are not in the articles; first: {anchored.failures[0]}"
        raise InputError(problem, "evals validate QUESTIONS --articles PATH lists them all")
    material = replace(material, questions=anchored.questions)
    overrides = _overrides(suite)
    provenance = gather(load_settings(**overrides), overrides, material.articles)
    if system:
        provenance = of_another_system(provenance, system)
    elif suite.extractive:
        provenance = without_language_model(provenance)
    info = RunInfo(suite=suite, questions="", created=datetime.now(UTC), provenance=provenance)
    name = "-".join(filter(None, (suite.name, suite.perturb, EXTRACTIVE if suite.extractive else "", label)))
    chosen = folder or RUNS / f"{name}-{fingerprint(info, material.questions)}"
    if not (chosen / "run.json").exists():
        return create_run(chosen, info, material)
    run = Run(chosen)
    if differing := deciding_differences(run, info, material.questions):
        problem = f"{chosen} holds a run with other {' and '.join(differing)}"
        raise UsageError(problem, "leave out --to, or choose another folder")
    return with_repeats(run, suite.repeats)


def settings_of(run: Run, seed: int) -> Settings:
    """The settings that a run's questions are asked with."""
    name = f"index-{seed}" if run.info.suite.perturb == ORDER else "index"
    return load_settings(**_overrides(run.info.suite), seed=seed, index=run.folder / name)


def _overrides(suite: Suite) -> dict[str, Given]:
    """A suite's settings, as a file's: a key goes to an address of theirs only where the user names that too."""
    origin, foreign = f"suite {suite.name}", Path(suite.name)
    return {name: Given(value, origin, foreign=foreign) for name, value in suite.settings.items()}


def execute(
    run: Run,
    *,
    shard: Shard = Shard(),
    limit: int | None = None,
    workers: int = 1,
    indexing: Callable[[AddReport], None] | None = None,
    progress: Callable[[Record], None] | None = None,
    stop: Callable[[], bool] = lambda: False,
) -> None:
    """Ask what is still to be asked.

    Args:
        limit: only the first so many keys of the shard.
        workers: questions that are on their way at the same time.
        indexing: told how far the articles are added.
        progress: told every new record.
        stop: asked before each question whether the run is to end here.

    Raises:
        AssistantError: one that would meet every question; what was recorded stays, and the run can go on later.
    """
    # Shards share one process of the embedded model, as far as it may stay loaded.
    at_once, shared = workers * shard.count, shard.count > 1

    def opened(seed: int) -> AbstractContextManager[Ask]:
        return _assistant(run, seed, at_once, shared, indexing)

    execute_with(run, opened, shard=shard, limit=limit, workers=workers, progress=progress, stop=stop)


def execute_with(
    run: Run,
    opened: Callable[[int], AbstractContextManager[Ask]],
    *,
    shard: Shard = Shard(),
    limit: int | None = None,
    workers: int = 1,
    progress: Callable[[Record], None] | None = None,
    stop: Callable[[], bool] = lambda: False,
) -> None:
    """Ask any system what is still to be asked; the rest as ``execute``.

    Args:
        opened: the system for a seed, which ends when its context is left.
    """
    with open_line_file(run.folder / shard.file_name, "wait for it, or take another shard") as file:
        questions = {question.id: question for question in run.questions}
        for seed, keys in _pending(run, shard, limit, file, progress):
            if stop():
                return
            with opened(seed) as ask:
                worker = _Worker(ask, run.info.suite.timeout_seconds, file, progress, stop)
                asyncio.run(worker.ask_all([(questions[name], seed) for name, _ in keys], workers))


@contextmanager
def _assistant(
    run: Run, seed: int, at_once: int, keep_warm: bool, indexing: Callable[[AddReport], None] | None
) -> Iterator[Ask]:
    extractive = run.info.suite.extractive
    with Assistant.open(settings=settings_of(run, seed), at_once=at_once, keep_warm=keep_warm) as assistant:
        assistant.add(_articles(run, seed), indexing)

        async def ask(question: Question) -> Mapping[str, Any]:
            return (await assistant.aask(replace(asked(question), extractive=extractive))).to_dict()

        yield ask


def _articles(run: Run, seed: int) -> Path | tuple[Article, ...]:
    if run.info.suite.perturb == ORDER:
        return in_another_order(run.articles.values(), seed)
    return run.folder / "articles.jsonl"


@dataclass(frozen=True, slots=True)
class _Worker:
    """Asks questions and writes what became of them."""

    ask: Ask
    timeout_seconds: float
    file: LineFile
    progress: Callable[[Record], None] | None
    stop: Callable[[], bool]

    async def ask_all(self, asked: Sequence[tuple[Question, int]], workers: int) -> None:
        waiting = iter(asked)

        async def work() -> None:
            for question, seed in waiting:
                if self.stop():
                    return
                await self._ask(question, seed)

        try:
            async with asyncio.TaskGroup() as group:
                for _ in range(workers):
                    group.create_task(work())
        except BaseExceptionGroup as errors:
            raise errors.exceptions[0] from errors

    async def _ask(self, question: Question, seed: int) -> None:
        self.file.add(Begun(question=question.id, seed=seed))
        started = time.perf_counter()
        answer: Mapping[str, Any] | None = None
        error, kind = "", ""
        try:
            async with asyncio.timeout(self.timeout_seconds):
                answer = await self.ask(question)
        except FATAL:
            raise
        except CassetteMissError:  # says nothing about the answer: the question is asked again when there is a reply
            self.file.add(Waiting(question=question.id, seed=seed))
            return
        except TimeoutError:
            error, kind = f"no answer within {self.timeout_seconds:g} s", "time-out"
        except AssistantError as failure:
            error, kind = failure.problem, type(failure).__name__
        except Exception as failure:  # a fault of ours in one question is a record, not the end of the run
            error, kind = _in_one_line(failure), type(failure).__name__
        record = Record(
            question=question.id,
            seed=seed,
            seconds=round(time.perf_counter() - started, 3),
            at=datetime.now(UTC),
            answer=answer,
            error=error[:MOST_ERROR_CHARACTERS],
            error_kind=kind,
        )
        _keep(record, self.file, self.progress)


def asked(question: Question) -> Asked:
    """The question as the assistant takes it: after its conversation, and of the articles up to its date."""
    window = Window(until=until_seconds(question.as_of) if question.as_of else None)
    history = tuple(Earlier(turn.question, turn.answer) for turn in question.history)
    as_of = datetime.fromtimestamp(window.until - 1, UTC) if window.until else None
    return Asked(question.question, window, history=history, as_of=as_of)


def _pending(
    run: Run, shard: Shard, limit: int | None, file: LineFile, progress: Callable[[Record], None] | None
) -> Iterator[tuple[int, list[Key]]]:
    """What is still to be asked, by seed; what ended the program again and again is recorded as a crash."""
    done = run.progress()
    keys = [key for key in shard.take(run.keys)[:limit] if key not in done.records]
    for name, seed in [key for key in keys if done.unfinished.get(key, 0) >= MOST_BEGINNINGS]:
        keys.remove((name, seed))
        error = f"the program ended {done.unfinished[name, seed]} times while it answered this question"
        crash = Record(question=name, seed=seed, seconds=0, at=datetime.now(UTC), error=error, error_kind="crash")
        _keep(crash, file, progress)
    for seed in dict.fromkeys(seed for _, seed in keys):
        yield seed, [key for key in keys if key[1] == seed]


def _keep(record: Record, file: LineFile, progress: Callable[[Record], None] | None) -> None:
    file.add(record)
    if progress:
        progress(record)


def _in_one_line(error: Exception) -> str:
    frames = traceback.extract_tb(error.__traceback__)
    place = f" ({Path(frames[-1].filename).name}:{frames[-1].lineno})" if frames else ""
    return f"{type(error).__name__}: {' '.join(str(error).split())}{place}"
