"""Reads a file of records in any of the known shapes, and ties each record to a question."""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from evals.converters.source import json_object, text_lines
from evals.exchange.plain import read_langsmith, read_plain, read_ragas
from evals.exchange.shapes import Foreign
from evals.exchange.vendors import read_anthropic, read_openai
from evals.metrics.text import fold
from evals.questions.schema import Question
from index.errors import InputError

READERS: Mapping[str, Callable[[Mapping[str, Any], str], Foreign]] = {
    "plain": read_plain,
    "openai": read_openai,
    "anthropic": read_anthropic,
    "langsmith": read_langsmith,
    "ragas": read_ragas,
}
NEEDED = {
    "openai": ("response", "output"),
    "anthropic": ("response", "content"),
    "langsmith": ("inputs",),
    "ragas": ("user_input",),
}
REMEDY = "correct it, or leave such records out with --skip-unknown"


@dataclass(frozen=True, slots=True)
class Records:
    """The records of a file.

    Attributes:
        found: question id → its record.
        places: question id → file and line.
        formats: shape → number of records.
        skipped: what was left out, one line each.
    """

    found: Mapping[str, Foreign]
    places: Mapping[str, str]
    formats: Mapping[str, int]
    skipped: tuple[str, ...]

    @property
    def unread(self) -> Mapping[str, int]:
        """Name of a field that is not read → how many records have it."""
        return Counter(name for record in self.found.values() for name in record.unread)


def read_records(path: Path, questions: Sequence[Question], shape: str, *, skip: bool) -> Records:
    """Read a file of records.

    Args:
        shape: one of ``READERS``, or ``auto``, which looks at each record.
        skip: leave out, and count, what would be an error: broken lines, unknown questions, second records.

    Raises:
        InputError: the file cannot be read; or a line is broken, of no question of these, or a second one of its
            question; names file and line.
    """
    by_id = {question.id: question.id for question in questions}
    by_text = _by_text(questions)
    found: dict[str, Foreign] = {}
    places: dict[str, str] = {}
    formats: Counter[str] = Counter()
    skipped: list[str] = []
    for place, line in text_lines(path):
        try:
            name, foreign = _read(line, place, shape)
            question = by_id.get(foreign.id) or _by_its_text(foreign, by_text, place)
            if question in found:
                raise InputError(f"{place}: question {question!r} has a record already: {places[question]}", REMEDY)
        except InputError as error:
            if not skip:
                raise
            skipped.append(error.problem)
            continue
        found[question], places[question] = foreign, place
        formats[name] += 1
    return Records(found, places, formats, tuple(skipped))


def shape_of(record: Mapping[str, Any]) -> str:
    """Which of ``READERS`` reads a record; ``plain`` when it has no mark of another."""
    reply = record.get("response")
    if isinstance(reply, Mapping):
        return "openai" if "output" in reply else "anthropic"
    if "inputs" in record:
        return "langsmith"
    return "ragas" if "user_input" in record else "plain"


def _read(line: str, place: str, shape: str) -> tuple[str, Foreign]:
    record = json_object(line, place)
    if shape == "auto" and "response" not in record and ({"output", "object"} <= record.keys() or "content" in record):
        raise InputError(
            f"{place}: a reply that does not say which question it answers",
            'write {"id": "…", "response": {…}}, with the reply under response',
        )
    name = shape_of(record) if shape == "auto" else shape
    _require(record, name, place)
    return name, READERS[name](record, place)


def _require(record: Mapping[str, Any], name: str, place: str) -> None:
    """Raises: InputError: the record lacks what every record of this shape has."""
    within: Any = record
    for field in NEEDED.get(name, ()):
        if not isinstance(within, Mapping) or field not in within:
            raise InputError(f"{place}: no {name} record: it has no {field!r}", "choose another --format, or auto")
        within = within[field]


def _by_text(questions: Sequence[Question]) -> Mapping[str, Sequence[str]]:
    found: dict[str, list[str]] = {}
    for question in questions:
        found.setdefault(_folded(question.question), []).append(question.id)
    return found


def _by_its_text(foreign: Foreign, by_text: Mapping[str, Sequence[str]], place: str) -> str:
    named = by_text.get(_folded(foreign.question), ()) if foreign.question else ()
    if len(named) > 1:
        raise InputError(f"{place}: {' and '.join(named)} are asked in these words", "say which by 'id'")
    if not named:
        said = f"id {foreign.id!r}" if foreign.id else f"{foreign.question!r}" if foreign.question else "no question"
        raise InputError(f"{place}: the suite has no such question: {said}", REMEDY)
    return named[0]


def _folded(text: str) -> str:
    return " ".join(fold(text).split()).rstrip("?! ")


def lines_of(records: Records) -> Iterator[str]:
    """What is to be said of what was left out and not read."""
    for problem in records.skipped:
        yield f"left out: {problem}"
    for name, count in sorted(records.unread.items()):
        yield f"not read: field {name!r}, in {count} records"
