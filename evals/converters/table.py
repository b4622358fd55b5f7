"""Question sets of RAGAS, LangSmith and the like: a row a question, as CSV or JSON Lines, under many column names."""

import ast
import csv
import json
from collections.abc import Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import Any

from evals.converters.source import (
    Item,
    Note,
    Options,
    Skipped,
    answer_type,
    by_record,
    distinct,
    json_lines,
    one_spelling,
    plain,
    text_id,
)
from evals.questions.schema import Question, Span
from index.articles import Article
from index.errors import InputError, UsageError

# Our field → names that tools use for it. A tool's own answers ("answer", "response") are no gold.
KNOWN_COLUMNS = {
    "id": ("id", "example_id"),
    "question": ("question", "user_input", "query", "inputs.question", "inputs.input", "input_question", "input"),
    "answers": (
        *("answers", "reference", "ground_truth", "ground_truths", "expected_output"),
        *("outputs.answer", "outputs.output", "output_answer", "outputs"),
    ),
    "contexts": ("reference_contexts", "gold_contexts"),
    "answerable": ("answerable",),
    "question_type": ("question_type", "synthesizer_name", "evolution_type"),
}
FALSE = ("false", "0", "no")


def convert_table(path: Path, options: Options) -> Iterator[Item]:
    """Rows of a CSV or JSON Lines file. ``options.columns`` says where a field is when its column has another name.

    Reference contexts become articles of their own, each needed whole. A row without a gold answer is skipped unless
    a column says that it is unanswerable.
    """
    if unknown := sorted(set(options.columns) - set(KNOWN_COLUMNS)):
        raise UsageError(f"--column {unknown[0]}: not a field", f"fields are {', '.join(KNOWN_COLUMNS)}")
    return by_record(_rows(path), partial(_record, options))


def _record(options: Options, place: str, nested: Mapping[str, Any]) -> Iterator[Item]:
    row = dict(_flatten(nested))
    used = {field: _column(field, row, options, place) for field in KNOWN_COLUMNS}
    yield from _other_columns(row, set(used.values()), place)
    values = {field: row.get(column) for field, column in used.items() if column}
    yield from _row(values, str(values.get("id") or f"row-{place.rpartition(':')[2]}"), place)


def _rows(path: Path) -> Iterator[tuple[str, dict[str, Any]]]:
    if path.suffix != ".csv":
        yield from json_lines(path)
        return
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            reader = csv.DictReader(file, strict=True)
            for row in reader:
                place = f"{path}:{reader.line_num}"
                if None in row or None in row.values():
                    raise InputError(
                        f"{place}: the row has another number of cells than the header", "check the quotes"
                    )
                yield place, row
    except OSError as error:
        raise InputError(f"{path}: {error.strerror}", "check the path") from error
    except (csv.Error, UnicodeDecodeError) as error:
        raise InputError(f"{path}: not a CSV file in UTF-8: {error}", "export it again") from error


def _flatten(row: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, Any]]:
    for name, value in row.items():
        if isinstance(value, Mapping):
            yield from _flatten(value, f"{prefix}{name}.")
        else:
            yield f"{prefix}{name}", value


def _column(field: str, row: Mapping[str, Any], options: Options, place: str) -> str:
    """The column that holds the field; empty when there is none."""
    if chosen := options.columns.get(field):
        if chosen not in row:
            raise InputError(f"{place}: no column '{chosen}'", f"columns are {', '.join(row)}")
        return chosen
    found = next((name for name in KNOWN_COLUMNS[field] if name in row), "")
    if field == "question" and not found:
        raise InputError(
            f"{place}: no column with the question", f"say which with --column question=…: {', '.join(row)}"
        )
    return found


def _other_columns(row: Mapping[str, Any], used: set[str], place: str) -> Iterator[Note]:
    for name, value in row.items():
        if name not in used and value not in (None, "", [], {}):
            yield Note(place, f"column '{name}' has no place in a question and is left out")


def _row(values: Mapping[str, Any], identity: str, place: str) -> Iterator[Item]:
    wording = str(values.get("question") or "").strip()
    answers = distinct(_texts(values.get("answers")))
    contexts = [plain(text) for text in distinct(_texts(values.get("contexts")))]
    kind = str(values.get("question_type") or "")
    articles = [Article(text_id("context", text), source="reference context", text=text) for text in contexts]
    yield from articles
    if not wording:
        yield Skipped(place, "the question is blank")
    elif str(values.get("answerable", "")).lower() in FALSE:
        if answers or contexts:
            yield Note(place, "answers and contexts of an unanswerable question are left out")
        yield Question(id=identity, question=wording, answerable=False, question_type=kind)
    elif not answers:
        yield Skipped(place, "no gold answer, and no column says that it is unanswerable")
    else:
        spans = (Span(article=item.id, start=0, end=len(item.text), text=item.text) for item in articles)
        yield Question(
            id=identity,
            question=wording,
            answerable=True,
            answer_type=answer_type(answers),
            answers=(one_spelling(answers),),
            evidence=tuple((span,) for span in spans),
            question_type=kind,
        )


def _texts(value: Any) -> list[str]:
    """The texts of a cell: a list, a list written as JSON or by Python, or one text."""
    if value is None:
        return []
    if isinstance(value, list):
        return [str(item) for item in value if item is not None]
    text = str(value)
    if text.lstrip().startswith("["):
        for read in (json.loads, ast.literal_eval):
            try:
                parsed = read(text)
            except (ValueError, SyntaxError, RecursionError, MemoryError):
                continue
            if isinstance(parsed, list):
                return [str(item) for item in parsed]
    return [text]
