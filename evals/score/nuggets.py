"""Looks for nuggets in answers with the reader, and keeps in the run's folder what it finds.

``nuggets.jsonl`` has a line for each answer. What another reader found, and what was found in another
answer, stays there and does not count.
"""

import sys
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from hashlib import sha256
from itertools import pairwise

from pydantic import TypeAdapter

from assistant.console.output import console
from assistant.embedded.download_progress import weights_of
from assistant.embedded.provider import RERANKER_NEEDS, require
from assistant.settings import load_settings
from evals.metrics.outcome import Outcome
from evals.questions.schema import StrictModel
from evals.run.append_only import open_line_file, read_lines
from evals.run.records import Key, Run
from index.errors import ModelError
from index.retrieve.adapter import read_adapter
from index.retrieve.reader import ADAPTER, LocalReader, Reader
from index.weights.folder import RERANKER

FILE = "nuggets.jsonl"
REMEDY = "take the file away to have the nuggets looked for anew"

Found = Mapping[tuple[str, str], Mapping[str, float]]  # question and digest of the answer → nugget → probability


class NuggetLine(StrictModel):
    """The nuggets of one answer.

    Attributes:
        answer: SHA-256 of its statements.
        reader: SHA-256 of what the reader was made with.
        stated: nugget → probability that the answer states it.
    """

    question: str
    seed: int
    answer: str
    reader: str
    stated: Mapping[str, float]


def with_matches(run: Run, keys: Iterable[Key], outcomes: Iterable[Outcome]) -> tuple[Outcome, ...]:
    """The outcomes of these keys with what their answers tell of their nuggets; what is not known yet is looked for.

    When the reader for that cannot be had, every outcome says why, those of refusals too, as a mean over refusals
    would be none of the run; and so does a line on standard error.

    Raises:
        InputError: a line of the file is wrong.
        UsageError: another process is adding to the file.
        AssistantError: it cannot be written.
    """
    every = tuple(outcomes)
    if not any(outcome.question.nuggets for outcome in every):
        return every
    found = _read(run)
    todo = [(key[1], outcome) for key, outcome in zip(keys, every, strict=True) if not _is_known(outcome, found)]
    if todo:
        try:
            found = {**found, **_look(run, todo, _load_reader())}
        except ModelError as error:
            why = f"the reader cannot be had: {error.problem}"
            sys.stderr.write(f"nuggets of {len(todo)} answers are not looked for: {why}\n{error.remedy}\n")
            return tuple(replace(outcome, unmatched=why) for outcome in every)
    return tuple(replace(outcome, matches=found.get(_key(outcome), {})) for outcome in every)


def stated(reader: Reader, claims: Sequence[str], statements: Sequence[str]) -> tuple[float, ...]:
    """For each claim the probability that the statements, of which there is one at least, state it.

    It is the highest of those of a statement alone, of two that follow each other, and of all together: in ten or more
    sentences the reader overlooks much, and it reads 512 tokens at most.
    """
    texts = tuple(dict.fromkeys((*statements, *map(" ".join, pairwise(statements)), " ".join(statements))))
    support = iter(reader.support([(claim, text) for claim in claims for text in texts]))
    return tuple(max(next(support).stated for _ in texts) for _ in claims)


def _look(run: Run, todo: Sequence[tuple[int, Outcome]], reader: Reader) -> Found:
    from rich.progress import track

    found: dict[tuple[str, str], Mapping[str, float]] = {}
    with open_line_file(run.folder / FILE) as file:
        for seed, outcome in track(todo, "looking for nuggets", console=console(stderr=True)):
            question, answer = _key(outcome)
            nuggets = _nuggets(outcome)
            shares = stated(reader, nuggets, [statement.text for statement in outcome.statements])
            told = found[question, answer] = dict(zip(nuggets, shares, strict=True))
            file.add(NuggetLine(question=question, seed=seed, answer=answer, reader=_digest(), stated=told))
    return found


def _load_reader() -> LocalReader:
    """The reader of this machine's files; nothing is fetched.

    Raises:
        ModelError: its runtime is not installed, its files are not there, or they cannot be loaded.
    """
    for package in RERANKER_NEEDS:
        require(package)
    settings = load_settings()
    folder = weights_of(settings).path(RERANKER)
    if folder is None:
        raise ModelError("its model files are not there", "assistant models pull fetches them")
    reader = LocalReader(folder, threads=settings.threads)
    reader.load()
    return reader


def _read(run: Run) -> Found:
    path = run.folder / FILE
    if not path.exists():
        return {}
    ours = _digest()
    lines = (line for _, line in read_lines(path, TypeAdapter(NuggetLine), REMEDY))
    return {(line.question, line.answer): line.stated for line in lines if line.reader == ours}


def _digest() -> str:
    """Of the adapter that reads claims, which alone counts here."""
    return read_adapter(ADAPTER).digest


def _is_known(outcome: Outcome, found: Found) -> bool:
    """Whether nothing about the outcome's nuggets has to be looked for."""
    return not outcome.text or found.get(_key(outcome), {}).keys() >= set(_nuggets(outcome))


def _nuggets(outcome: Outcome) -> tuple[str, ...]:
    return tuple(dict.fromkeys(nugget.text for nugget in outcome.question.nuggets))


def _key(outcome: Outcome) -> tuple[str, str]:
    said = "\0".join(statement.text for statement in outcome.statements)
    return outcome.question.id, sha256(said.encode()).hexdigest()
