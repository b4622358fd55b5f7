"""Reads the source files of converters, and defines what converters yield."""

import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from typing import Any

import ijson

from evals.questions.schema import YES_NO, AnswerType, Question
from index.articles import Article
from index.errors import InputError

LONG_ANSWER_WORDS = 15  # longer answers are prose, not spans

_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x84\x86-\x9f]")
_SURROGATE = re.compile(r"[\ud800-\udfff]")
_NUMBER = re.compile(r"[^\w]*\d[\d.,]*\s*\S*")


@dataclass(frozen=True, slots=True)
class Skipped:
    """A record of the source from which no question could be made."""

    place: str
    reason: str


@dataclass(frozen=True, slots=True)
class Note:
    """Something of a source record that the converted question does not have, or has otherwise."""

    place: str
    reason: str


Item = Question | Article | Skipped | Note  # what a converter hands on


@dataclass(frozen=True, slots=True)
class Options:
    """What the command line can say about a conversion.

    Attributes:
        paragraphs: each paragraph becomes an article, instead of each page.
        corpus: the set's articles, where they are in a file of their own.
        questions: our file of the questions that nuggets are for.
        columns: our field → the column or dotted path that holds it, for tables.
    """

    paragraphs: bool = False
    corpus: Path | None = None
    questions: Path | None = None
    columns: Mapping[str, str] = field(default_factory=dict)


def json_lines(path: Path) -> Iterator[tuple[str, dict[str, Any]]]:
    """(place, object) of every line that is not blank.

    Raises:
        InputError: the file cannot be read, or a line is not a JSON object.
    """
    return ((place, json_object(line, place)) for place, line in text_lines(path))


def text_lines(path: Path) -> Iterator[tuple[str, str]]:
    """(place, line) of every line that is not blank.

    Raises:
        InputError: the file cannot be read.
    """
    try:
        with path.open(encoding="utf-8-sig") as file:
            for number, line in enumerate(file, start=1):
                if line.strip():
                    yield f"{path}:{number}", line
    except OSError as error:
        raise InputError(f"{path}: {error.strerror}", "check the path") from error
    except UnicodeDecodeError as error:
        raise InputError(f"{path}: not UTF-8 text", "save the file with the encoding UTF-8") from error


def json_items(path: Path, prefix: str) -> Iterator[tuple[str, dict[str, Any]]]:
    """(place, object) of every element of the array at ``prefix`` of one large JSON document, read piece by piece.

    Raises:
        InputError: the file cannot be read, is not JSON, or an element is not an object.
    """
    try:
        with path.open("rb") as file:
            for number, item in enumerate(ijson.items(file, prefix, use_float=True), start=1):
                place = f"{path}: item {number}"
                if not isinstance(item, dict):
                    raise InputError(f"{place}: not an object", "check that the file is of the format that was named")
                yield place, item
    except OSError as error:
        raise InputError(f"{path}: {error.strerror}", "check the path") from error
    except ijson.JSONError as error:
        detail = str(error).splitlines()[0]
        raise InputError(
            f"{path}: not valid JSON: {detail}", "the file may have been cut off; fetch it again"
        ) from error


def json_object(line: str, place: str) -> dict[str, Any]:
    """The JSON object in a line.

    Raises:
        InputError: there is none; names the place.
    """
    try:
        value = json.loads(line)
    except (ValueError, RecursionError) as error:
        raise InputError(
            f"{place}: not valid JSON: {error}", "the file may have been cut off; fetch it again"
        ) from error
    if not isinstance(value, dict):
        raise InputError(f"{place}: a {type(value).__name__}, not an object", "one JSON object a line is expected")
    return value


def by_record(
    records: Iterable[tuple[str, dict[str, Any]]], convert: Callable[[str, dict[str, Any]], Iterator[Item]]
) -> Iterator[Item]:
    """What ``convert`` makes of each record.

    Raises:
        InputError: a record does not have the form that the converter expects; names its place.
    """
    for place, record in records:
        try:
            yield from convert(place, record)
        except (AttributeError, IndexError, KeyError, TypeError, ValueError) as error:
            problem = f"{place}: not a record of this format: {type(error).__name__}: {str(error).splitlines()[0]}"
            raise InputError(problem, "check that the file is of the format that was named") from error


def need(record: Mapping[str, Any], name: str, place: str) -> Any:
    """The value of a field that every record of the format has.

    Raises:
        InputError: it is not there.
    """
    if name not in record:
        raise InputError(f"{place}: field '{name}' is missing", "check that the file is of the format that was named")
    return record[name]


def left_out(record: Mapping[str, Any], known: Sequence[str], place: str) -> Iterator[Note]:
    """A note for each field that has a value but no place in a question."""
    for name, value in record.items():
        if name not in known and value not in (None, "", [], {}):
            yield Note(place, f"field '{name}' has no place in a question and is left out")


def plain(text: str) -> str:
    """The text as ``index.read.readers`` would read it, with every character still at its old offset."""
    text = text.replace("\r\n", " \n").replace("\r", "\n").replace("\x85", "\n")
    return _SURROGATE.sub("\ufffd", _CONTROL.sub(" ", text))


def text_id(prefix: str, text: str) -> str:
    """An id that two texts share only when they are the same."""
    return f"{prefix}#{sha256(text.encode()).hexdigest()[:12]}"


def distinct(texts: Sequence[str]) -> tuple[str, ...]:
    """The texts that are not blank, stripped, each once, in order."""
    return tuple(dict.fromkeys(text.strip() for text in texts if text.strip()))


def answer_type(answers: Sequence[str]) -> AnswerType:
    """A guess by the form of the first answer, for sets that do not say it."""
    first = answers[0].strip()
    if first.lower() in YES_NO:
        return "yes_no"
    if len(first.split()) > LONG_ANSWER_WORDS:
        return "long"
    return "number" if _NUMBER.fullmatch(first) else "span"


def one_spelling(answers: tuple[str, ...]) -> tuple[str, ...]:
    """Alternatives of one answer; yes and no in the one spelling that a question may have."""
    return distinct([text.lower() for text in answers]) if answer_type(answers) == "yes_no" else answers
