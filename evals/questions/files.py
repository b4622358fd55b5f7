"""Reads and writes question files; ``evals.questions.schema`` says what is in them.

Repeated keys and repeated ids are errors, and every error names file, line and field.
"""

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import NoReturn

from pydantic import ValidationError

from evals.questions.schema import SCHEMA, VERSION, Header, Question
from index.errors import InputError


@dataclass(frozen=True, slots=True)
class QuestionSet:
    """The questions of one file; ``digest`` is the SHA-256 of its bytes."""

    header: Header
    questions: tuple[Question, ...]
    digest: str


def read_questions(path: Path) -> QuestionSet:
    """Read a question file.

    Raises:
        InputError: the first fault of the file, with line and field.
    """
    header, questions = None, []
    for item in check_questions(path):
        if isinstance(item, InputError):
            raise item
        if isinstance(item, Header):
            header = item
        else:
            questions.append(item)
    if header is None or not questions:
        raise InputError(f"{path}: holds no questions", "write a header line and one question a line")
    return QuestionSet(header, tuple(questions), sha256(path.read_bytes()).hexdigest())


def check_questions(path: Path) -> Iterator[Header | Question | InputError]:
    """The header and the questions of a file in its order, and an error in the place of each line that has a fault.

    Raises:
        InputError: the file cannot be read at all, or its header is missing or of another version.
    """
    ids: dict[str, int] = {}
    lines = _lines(path)
    first = next(lines, None)
    if first is None:
        raise InputError(f"{path}: the file is empty", "write a header line and one question a line")
    yield _read_header(first[1], f"{path}:{first[0]}")
    for number, line in lines:
        place = f"{path}:{number}"
        try:
            question = parse_question(line, place)
        except InputError as error:
            yield error
            continue
        if (earlier := ids.setdefault(question.id, number)) != number:
            yield InputError(f"{place}: id {question.id!r} is that of line {earlier}", "give each question its own id")
        else:
            yield question


def parse_question(line: str, place: str) -> Question:
    """One line of a question file.

    Args:
        place: file and line, for errors.

    Raises:
        InputError: names the place and the field.
    """
    try:
        return Question.model_validate(_json_object(line, place))
    except ValidationError as error:
        raise field_error(error, place) from error


def question_line(question: Question) -> str:
    """The question as one line of JSON, without fields that have their default and without line end."""
    fields = question.model_dump(mode="json", exclude_defaults=True)
    if len(question.answers) == 1:
        fields["answers"] = list(question.answers[0])
    return json.dumps(fields, ensure_ascii=False)


def header_line(header: Header) -> str:
    """The header as one line of JSON, without line end."""
    return json.dumps(header.model_dump(mode="json", by_alias=True), ensure_ascii=False)


def write_questions(path: Path, header: Header, questions: Iterable[Question]) -> None:
    """Write a question file; an interrupted run leaves the old file as it was."""
    part = path.with_name(f"{path.name}.part")
    with part.open("w", encoding="utf-8", newline="\n") as file:
        file.write(f"{header_line(header)}\n")
        file.writelines(f"{question_line(question)}\n" for question in questions)
    part.replace(path)


def field_error(
    error: ValidationError, place: str, remedy: str = "see the schema in evals/questions/schema.py"
) -> InputError:
    """The first fault that pydantic found, as an error that names place and field."""
    first = error.errors(include_url=False)[0]
    field = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in first["loc"]).lstrip(".")
    message = first["msg"].removeprefix("Value error, ").replace("valid tuple", "list")
    message = message.replace("Extra inputs are not permitted", "unknown field")
    more = f" (and {error.error_count() - 1} more)" if error.error_count() > 1 else ""
    where = f"field '{field}': " if field else ""
    return InputError(f"{place}: {where}{message}{more}", remedy)


def _lines(path: Path) -> Iterator[tuple[int, str]]:
    """(line number, line) of every line that is not blank."""
    try:
        with path.open("rb") as file:
            for number, data in enumerate(file, start=1):
                line = data.decode("utf-8").removeprefix("\ufeff" if number == 1 else "")
                if line.strip():
                    yield number, line
    except OSError as error:
        raise InputError(f"{path}: {error.strerror}", "check the path") from error
    except UnicodeDecodeError as error:
        raise InputError(f"{path}: not UTF-8 text", "save the file with the encoding UTF-8") from error


def _read_header(line: str, place: str) -> Header:
    fields = _json_object(line, place)
    if fields.get("schema") != SCHEMA:
        remedy = (
            f'start the file with {{"schema": "{SCHEMA}", "version": {VERSION}, "name": "…"}}, or use evals convert'
        )
        raise InputError(f"{place}: the first line is not the header of a question file", remedy)
    if fields.get("version") != VERSION:
        problem = f"{place}: field 'version' is {fields.get('version')!r}; this program reads version {VERSION}"
        raise InputError(problem, "convert the set again, or use the program that wrote it")
    try:
        return Header.model_validate(fields)
    except ValidationError as error:
        raise field_error(error, place) from error


def _json_object(line: str, place: str) -> dict[str, object]:
    try:
        value = json.loads(line, object_pairs_hook=_unique_keys, parse_constant=_no_constant)
    except json.JSONDecodeError as error:
        cut = "" if line.endswith("\n") else "; the file ends here and may have been cut off"
        problem = f"{place}: not valid JSON: {error.msg} at character {error.pos}{cut}"
        raise InputError(problem, "write one JSON object a line") from error
    except (ValueError, RecursionError) as error:
        raise InputError(f"{place}: {error}", "write one JSON object a line, with each key once") from error
    if not isinstance(value, dict):
        raise InputError(f"{place}: a {type(value).__name__}, not an object", "write one JSON object a line")
    return value


def _unique_keys(pairs: list[tuple[str, object]]) -> dict[str, object]:
    fields = dict(pairs)
    if len(fields) < len(pairs):
        repeated = next(name for name, _ in pairs if sum(other == name for other, _ in pairs) > 1)
        raise ValueError(f"key {repeated!r} is there twice")
    return fields


def _no_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not JSON")
