"""Articles from files: JSON Lines, plain text and Markdown."""

import json
import os
import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, date, datetime
from hashlib import sha256
from pathlib import Path

from frontmatter.default_handlers import YAMLHandler
from yaml import YAMLError

from index.articles import Article
from index.errors import InputError
from index.markdown import render_plain

SUFFIXES = (".jsonl", ".markdown", ".md", ".txt")

# A headline has no full stop and seldom more than two dozen words; longer first lines are the article's own text.
MAX_HEADLINE_CHARACTERS = 160

_NEWLINE = re.compile(r"\r\n?|\x85")
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")
_SURROGATE = re.compile(r"[\ud800-\udfff]")
_FRONT_MATTER = re.compile(r"---[ \t]*\n(?P<yaml>.*?)^---[ \t]*$\n?", re.DOTALL | re.MULTILINE)
_TEXT_FIELDS = ("text", "body", "content")
_DATE_FIELDS = ("published", "date")


def find_files(paths: Sequence[Path]) -> tuple[Path, ...]:
    """Article files among ``paths``: files as named, folders searched recursively; sorted, each once.

    In folders only files with a suffix of ``SUFFIXES`` count, and names that start with a dot are left out.

    Raises:
        InputError: a path does not exist, a folder cannot be read, or a file named directly has another suffix.
    """
    found: dict[Path, Path] = {}
    for file in (file for path in paths for file in _files_at(path)):
        found.setdefault(file.resolve(), file)
    return tuple(sorted(found.values()))


def _files_at(path: Path) -> Iterator[Path]:
    if path.is_dir():
        yield from _files_below(path)
    elif not path.exists():
        raise InputError(f"{path}: no such file or folder", "check the path")
    elif path.suffix.lower() not in SUFFIXES:
        raise InputError(f"{path}: cannot read files of this kind", f"give a file that ends in {', '.join(SUFFIXES)}")
    else:
        yield path


def _files_below(folder: Path) -> Iterator[Path]:
    def fail(error: OSError) -> None:
        raise InputError(f"{error.filename}: {error.strerror}", "check the folder's permissions") from error

    for parent, folders, names in os.walk(folder, onerror=fail):
        folders[:] = [name for name in folders if not name.startswith(".")]
        visible = (Path(parent, name) for name in names if not name.startswith("."))
        yield from (file for file in visible if file.suffix.lower() in SUFFIXES)


def read_articles(path: Path) -> Iterator[Article]:
    """Articles of one file, in its order; JSON Lines are read line by line, whatever the file's size.

    The text is UTF-8 (a byte order mark is dropped). Line ends become line feeds, other control characters become
    spaces; all else stays as it is. Each format's rules stand at its function below.

    Raises:
        InputError: while iterating; names the file, the line where known, and what to do.
    """
    read = {".jsonl": _read_json_lines, ".txt": _read_plain}.get(path.suffix.lower(), _read_markdown)
    try:
        yield from read(path)
    except OSError as error:
        raise InputError(f"{path}: {error.strerror}", "check the file and its permissions") from error


def _read_json_lines(path: Path) -> Iterator[Article]:
    """One object a line: text (or body, content), id, title, source, url, author, published (or date).

    Other fields are ignored. Without an id the url is the id, and without both a digest of title, date and text. A
    line that repeats an article word for word is skipped.
    """
    seen: dict[str, tuple[int, str]] = {}
    offset = 0
    with path.open("rb") as file:
        for number, line in enumerate(file, start=1):
            place = f"{path}:{number}"
            content = _decode(line, place, offset).strip()
            offset += len(line)
            if not content:
                continue
            article = _article(_json_object(content, place), place)
            first, digest = seen.setdefault(article.id, (number, article.digest))
            if digest != article.digest:
                raise InputError(
                    f"{place}: id {article.id!r} stands for another article in line {first}",
                    "give each article its own id, or delete the outdated line",
                )
            if first == number:
                yield article


def _json_object(content: str, place: str) -> Mapping[str, object]:
    try:
        value = json.loads(content)
    except (json.JSONDecodeError, RecursionError) as error:
        detail = (
            f"{error.msg} at character {error.pos}" if isinstance(error, json.JSONDecodeError) else "nested too deep"
        )
        raise InputError(f"{place}: not valid JSON: {detail}", "write one JSON object a line") from error
    if not isinstance(value, dict):
        raise InputError(f"{place}: a {type(value).__name__}, not an object", "write one JSON object a line")
    return value


def _read_plain(path: Path) -> Iterator[Article]:
    """The whole file is the text, apart from a headline: a short first line without a full stop, then a blank line."""
    text = _clean(_decode(path.read_bytes(), str(path))).strip()
    first, _, rest = text.partition("\n")
    following, _, below = rest.partition("\n")
    headline = len(first) <= MAX_HEADLINE_CHARACTERS and first.rstrip()[-1:] not in ".,;:…"
    if headline and rest and not following.strip() and below.strip():
        yield _article({"id": _file_id(path), "title": first, "text": below.strip()}, str(path))
    else:
        yield _article({"id": _file_id(path), "text": text}, str(path))


def _read_markdown(path: Path) -> Iterator[Article]:
    """YAML front matter with the fields of JSON Lines, then the text, whose first ``# Heading`` may be the title."""
    text = _clean(_decode(path.read_bytes(), str(path)))
    matter = _FRONT_MATTER.match(text)
    fields = _front_matter(matter["yaml"], path) if matter else {}
    plain = render_plain(text[matter.end() :] if matter else text, take_title=not fields.get("title"))
    identity = fields.get("id") or fields.get("url") or _file_id(path)
    title = fields.get("title") or plain.title
    kept = {name: value for name, value in fields.items() if name not in _TEXT_FIELDS}
    yield _article({**kept, "id": identity, "title": title, "text": plain.text.strip()}, str(path))


def _front_matter(source: str, path: Path) -> dict[str, object]:
    try:
        fields = YAMLHandler().load(source)
    except (YAMLError, ValueError) as error:
        mark = getattr(error, "problem_mark", None)
        line = mark.line + 2 if mark else 1  # the mark counts from 0 and below the opening ---
        problem = getattr(error, "problem", None) or error
        raise InputError(
            f"{path}:{line}: front matter is not valid YAML: {problem}", "put the value in quotes"
        ) from error
    if fields is None:
        return {}
    if not isinstance(fields, dict):
        remedy = "write `key: value` lines, or put a blank line above --- when it is meant as a rule"
        raise InputError(f"{path}:1: front matter is not a mapping", remedy)
    return {str(name): _from_yaml(value) for name, value in fields.items()}


def _from_yaml(value: object) -> object:
    """Dates and numbers as text: YAML guesses these types from unquoted words."""
    if isinstance(value, date):  # a datetime is a date
        return value.isoformat()
    return str(value) if isinstance(value, int | float) and not isinstance(value, bool) else value


def _article(fields: Mapping[str, object], place: str) -> Article:
    texts = [_text(fields, name, place) for name in _TEXT_FIELDS]
    text = next((text for text in texts if text.strip()), "")
    if not text:
        raise InputError(f"{place}: the article has no text", "put it in the field 'text', or leave the article out")
    title, source, author = (" ".join(_text(fields, name, place).split()) for name in ("title", "source", "author"))
    url = _text(fields, "url", place).strip()
    published = _published(fields, place)
    identity = _text(fields, "id", place).strip() or url or _digest(title, published, text)
    return Article(identity, title, source, url, author, published, text)


def _text(fields: Mapping[str, object], name: str, place: str) -> str:
    value = fields.get(name)
    if value is None:
        return ""
    if not isinstance(value, str):
        kind = type(value).__name__
        raise InputError(
            f"{place}: field '{name}' must be text, not {kind}", "put the value in quotes, or leave it out"
        )
    return _clean(value)


def _published(fields: Mapping[str, object], place: str) -> str:
    """ISO 8601 in one spelling: ``2023-11-09`` or ``2023-11-09T08:00:00+00:00`` (UTC when no zone is given)."""
    given = next((value for name in _DATE_FIELDS if (value := _text(fields, name, place).strip())), "")
    try:
        if len(given) <= len("2023-11-09"):
            return date.fromisoformat(given).isoformat() if given else ""
        moment = datetime.fromisoformat(given)
    except ValueError as error:
        remedy = "write it like 2023-11-09 or 2023-11-09T08:00:00Z, or leave it out"
        raise InputError(f"{place}: {given!r} is not a date", remedy) from error
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).isoformat()


def _decode(data: bytes, place: str, offset: int = 0) -> str:
    try:
        return data.decode("utf-8").removeprefix("\ufeff" if offset == 0 else "")
    except UnicodeDecodeError as error:
        problem = f"{place}: not UTF-8 text at byte {offset + error.start} of the file"
        raise InputError(problem, "save the file with the encoding UTF-8") from error


def _clean(text: str) -> str:
    """One kind of line end, no control characters, and no half of a surrogate pair, which UTF-8 cannot hold."""
    text = _CONTROL.sub(" ", _NEWLINE.sub("\n", text))
    return _SURROGATE.sub("\ufffd", text)


def _file_id(path: Path) -> str:
    return f"file:{path.resolve().as_posix()}"


def _digest(*parts: str) -> str:
    return f"sha256:{sha256(chr(31).join(parts).encode()).hexdigest()[:32]}"
