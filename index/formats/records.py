"""Records from JSON Lines, JSON and CSV, one by one, however long the file is."""

import csv
import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from io import BufferedReader, TextIOWrapper
from itertools import chain
from typing import Any, BinaryIO, cast

from index.errors import InputError, InputWarning
from index.formats.decoding import decode, guess
from index.formats.limits import MAX_ARTICLE_CHARACTERS, MAX_RECORD_BYTES, megabytes

ONE_OBJECT = "write one JSON object a line"
# Where an object around the articles keeps them, as exports and interfaces for programs name it; and what
# such a list may be in.
LISTS = frozenset(
    "articles data docs documents entries entry hits item items news posts records results stories value".split()
)
AROUND = frozenset("channel data feed hits payload response result results rss".split())
MAX_DEPTH = 64  # lists and objects within each other; articles have a handful
SEPARATORS = ",;\t|"
LONGEST_NAMES = 120  # characters of the names of columns in a message
_SEPARATOR_LINE = re.compile(r"\ufeff*\"?sep=(.)\"?\s*\Z")
_BLOCK_BYTES = 1 << 16
# Control characters within strings are no JSON; each costs itself and not its article. Outside of strings all but some
# of them are no JSON either, and a blank is.
_STRAY = dict.fromkeys((*range(0x09), *range(0x0B, 0x0D), *range(0x0E, 0x20)), " ")
_BLANKED = bytes(max(byte, 0x20) for byte in range(256))
_STARTS = frozenset({"start_map", "start_array"})
_ENDS = frozenset({"end_map", "end_array"})

Record = Mapping[str, object]


def json_lines(stream: BufferedReader, name: str) -> Iterator[tuple[str, Record | InputError]]:
    """The place of each line that is not empty, and its object, or why it is none."""
    number = offset = 0
    while line := stream.readline(MAX_RECORD_BYTES + 1):
        number += 1
        place = f"{name}:{number}"
        if len(line) > MAX_RECORD_BYTES:
            offset += len(line) + _skip_line(stream, line)
            yield place, InputError(f"{place}: a line of more than {megabytes(MAX_RECORD_BYTES)}", ONE_OBJECT)
            continue
        try:
            content = _line_text(line, place, offset).strip()
            if content:
                yield place, _json_object(content, place)
        except InputError as error:
            yield place, error
        offset += len(line)


def _skip_line(stream: BufferedReader, line: bytes) -> int:
    """Read on to the end of the line; how many bytes that was."""
    skipped = 0
    while line and not line.endswith(b"\n"):
        line = stream.readline(_BLOCK_BYTES)
        skipped += len(line)
    return skipped


def _line_text(line: bytes, place: str, offset: int) -> str:
    try:
        return line.decode("utf-8").lstrip("\ufeff")  # files with a mark may have been put together
    except UnicodeDecodeError as error:  # JSON is UTF-8: RFC 8259, section 8.1
        problem = f"{place}: not UTF-8 text at byte {offset + error.start} of the file"
        raise InputError(problem, "save the file with the encoding UTF-8") from error


def _json_object(content: str, place: str) -> Record:
    try:
        value = json.loads(content.translate(_STRAY), strict=False)
    except (ValueError, RecursionError) as error:
        detail = "nested too deep" if isinstance(error, RecursionError) else str(error)
        if isinstance(error, json.JSONDecodeError):
            detail = f"{error.msg} at character {error.pos}"
        raise InputError(f"{place}: not valid JSON: {detail}", ONE_OBJECT) from error
    return _object(value, place, ONE_OBJECT)


def _object(value: object, place: str, remedy: str) -> Record:
    if not isinstance(value, dict):
        raise InputError(f"{place}: a {type(value).__name__}, not an object", remedy)
    inner = value.get("_source")  # as search engines give what they hold
    return {"_id": value.get("_id"), **inner} if isinstance(inner, dict) and "_id" in value else value


def json_items(stream: BufferedReader, name: str) -> Iterator[tuple[str, Record | InputError]]:
    """The objects of one JSON document: a list, an object with a list of them (``LISTS``), or a single object.

    Up to the place where the document breaks off or is wrong, its items are good.
    """
    import ijson

    bounded = _Bounded(stream, name)
    number = 0
    try:
        events = ijson.basic_parse(cast("BinaryIO", bounded), use_float=True)
        for value in _values(events, name):
            number += 1
            bounded.forget()
            place = f"{name}: item {number}"
            try:
                yield place, _object(value, place, "write a list of JSON objects")
            except InputError as error:
                yield place, error
    except ijson.JSONError as error:
        after = f" after item {number}" if number else ""
        detail = (str(error).splitlines() or ["damaged"])[0].strip()  # below, ijson draws an arrow at the place
        yield name, InputError(f"{name}: not valid JSON{after}: {detail}", "write a list of JSON objects")


def _values(events: Iterator[tuple[str, Any]], name: str) -> Iterator[object]:
    """The items of the document's list as soon as each is complete, or the document when it holds no list."""
    from ijson.common import ObjectBuilder

    whole, item = ObjectBuilder(), None
    depth, inside, found, keys = 0, 0, False, list[str]()
    for event, value in events:
        depth -= event in _ENDS
        if event == "map_key" and not inside:
            keys[depth - 1 :] = [value]
        if inside and depth >= inside:
            item = item or ObjectBuilder()
            item.event(event, value)
            if depth == inside and event not in _STARTS:
                yield item.value
                item = None
        elif inside:
            inside = 0  # the end of the list; another may follow
        elif event == "start_array" and (depth == 0 or _holds_articles(keys)):
            inside, found = depth + 1, True
        else:
            whole.event(event, value)
        depth += event in _STARTS
        _check_depth(depth, name)
    if not found:
        yield whole.value


def _check_depth(depth: int, name: str) -> None:
    if depth > MAX_DEPTH:
        raise InputError(f"{name}: JSON nested deeper than {MAX_DEPTH}", "write a list of JSON objects")


def _holds_articles(keys: Sequence[str]) -> bool:
    """Whether a list that stands under these names, the outermost first, is that of the articles."""
    return bool(keys) and keys[-1] in LISTS and all(key in AROUND for key in keys[:-1])


class _Bounded:
    """A stream of which one record may take so much and no more."""

    def __init__(self, stream: BufferedReader, name: str) -> None:
        self._stream = stream
        self._name = name
        self._since_record = 0

    def read(self, size: int = -1) -> bytes:
        data = self._stream.read(size)
        self._since_record += len(data)
        if self._since_record > MAX_RECORD_BYTES:
            problem = f"{self._name}: an item of more than {megabytes(MAX_RECORD_BYTES)}"
            raise InputError(problem, "split it, or write JSON Lines")
        return data.translate(_BLANKED)

    def forget(self) -> None:
        self._since_record = 0


def csv_rows(
    stream: BufferedReader, name: str, columns: Callable[[Sequence[str]], bool]
) -> Iterator[tuple[str, Record | InputError | InputWarning]]:
    """Each row as an object whose fields the first row names; the separator is the one most used there.

    Args:
        columns: whether one of these names is that of the text.

    Raises:
        InputError: there is no row with names.
    """
    # The module's bound holds for the process; it is only ever raised.
    csv.field_size_limit(max(csv.field_size_limit(), MAX_ARTICLE_CHARACTERS))
    lines = _csv_lines(stream, name)
    header = next((line for line in lines if line.strip().strip("\ufeff")), "")
    if said := _SEPARATOR_LINE.match(header):  # as Excel writes and wants it
        header = next(lines, "")
    separator = said[1] if said else max(SEPARATORS, key=header.count)
    rows = csv.reader(chain([header], lines), delimiter=separator, strict=True)
    names = [column.strip().strip("\ufeff").strip() for column in _first_row(rows, name)]
    _check_names(names, name, columns)
    yield from _repeated(names, name)
    while True:
        first = rows.line_num + 1
        place = f"{name}:{first}"
        try:
            row = next(rows, None)
            if row is None:
                return
            if any(value.strip() for value in row):
                yield place, _named(names, row, place)
        except csv.Error as error:
            yield (
                place,
                InputError(f"{place}: not a CSV row: {error}", "double the quotes in quoted fields, close them"),
            )
        except InputError as error:
            yield place, error


def _first_row(rows: Iterator[list[str]], name: str) -> list[str]:
    remedy = "name the columns in the first row, for example title,published,text"
    try:
        first = next(rows, [])
    except csv.Error as error:
        raise InputError(f"{name}:1: not a CSV row: {error}", remedy) from error
    if not any(column.strip() for column in first):
        raise InputError(f"{name}: the CSV file has no names of columns", remedy)
    return first


def _check_names(names: Sequence[str], place: str, columns: Callable[[Sequence[str]], bool]) -> None:
    if not columns(names):
        problem = f"{place}: none of its columns is known to be the text: {', '.join(names)[:LONGEST_NAMES]}"
        raise InputError(problem, "name the columns in the first row, or the text with Reading.fields text=NAME")


def _repeated(names: Sequence[str], place: str) -> Iterator[tuple[str, InputWarning]]:
    """A word about columns that are called alike."""
    for column in dict.fromkeys(name for name in names if name and names.count(name) > 1):
        problem = f"{place}: {names.count(column)} columns are called {column!r}; the first that has something is read"
        yield place, InputWarning(problem, "give each column its own name")


def _named(names: list[str], row: list[str], place: str) -> Record:
    if len(row) != len(names):
        problem = f"{place}: {len(row)} fields, but {len(names)} columns have names"
        raise InputError(problem, "put fields that hold the separator in quotes")
    fields: dict[str, object] = {}
    for column, value in zip(names, row, strict=True):
        if not str(fields.get(column, "")).strip():
            fields[column] = value
    return fields


def _csv_lines(stream: BufferedReader, name: str) -> Iterator[str]:
    sample = stream.peek(_BLOCK_BYTES)[:_BLOCK_BYTES]
    text = TextIOWrapper(stream, encoding=_table_encoding(sample, name), newline="")
    number = 0
    try:
        while line := text.readline(MAX_RECORD_BYTES):
            number += 1
            yield line.replace("\0", " ")
    except UnicodeDecodeError as error:
        problem = f"{name}: not {error.encoding.upper()} text after line {number}"
        raise InputError(problem, "save the file with the encoding UTF-8") from error


def _table_encoding(sample: bytes, name: str) -> str:
    """The encoding of a table from its beginning, whose last letter may be cut."""
    if sample.startswith((b"\xff\xfe", b"\xfe\xff")):
        return "utf-16"
    if b"\0" in sample:
        decode(sample, name)  # refuses what is full of them
    try:
        sample.decode("utf-8")
    except UnicodeDecodeError as error:
        if error.start < len(sample) - 3:
            decode(sample[: sample.rfind(b"\n") + 1] or sample, name)
            return guess(sample)
    return "utf-8-sig"
