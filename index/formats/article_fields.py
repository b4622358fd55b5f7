"""Makes an article from the named fields of a file."""

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from hashlib import sha256
from urllib.parse import urlsplit

from index.articles import Article
from index.errors import InputError, InputWarning, warn
from index.formats.dates import iso_date
from index.formats.decoding import clean
from index.formats.field_values import NAMES, folded_name, plain_line, plain_text
from index.formats.limits import MAX_ARTICLE_CHARACTERS

TEXT_FIELDS = ("text", "body", "content")  # of Markdown, whose text stands below the front matter
ARTICLE_FIELDS = ("id", "title", "source", "url", "author", "published", "tags", "text")
LONGEST_QUOTE = 64  # characters of a value in a message
MOST_TAGS = 50  # of an article; more help no search
PLAIN = "text/plain"  # the value of "content_type" in records whose texts hold no markup
LONGEST_TAG = 100  # characters; longer ones are sentences
LONGEST_NAME = 4_000  # characters of any field but the text; longer ones are something else in the wrong place

_BETWEEN_TAGS = re.compile(r"[,;\n]")


@dataclass(frozen=True, slots=True)
class FieldNames:
    """How a file calls the fields of an article.

    Attributes:
        given: pairs of our name and the file's; a dot in the file's name reaches into an object (``meta.headline``).
    """

    given: tuple[tuple[str, str], ...] = ()

    def value(self, fields: Mapping[str, object], name: str) -> tuple[str, object]:
        """The name under which a field stands, and its value, None when it has none."""
        given = [theirs for ours, theirs in self.given if ours == name]
        chosen = given or NAMES[name]
        known = fields if given else _folded(fields)
        found = ((theirs, _reached(known, theirs if given else folded_name(theirs))) for theirs in chosen)
        return next((pair for pair in found if not is_empty(pair[1])), (chosen[0], None))

    def names_text(self, columns: Iterable[str]) -> bool:
        """Whether one of the columns of a table is the text."""
        known = {folded_name(name) for name in NAMES["text"]}
        given = [theirs for ours, theirs in self.given if ours == "text"]
        return any(name in given if given else folded_name(name) in known for name in columns)


def _folded(fields: Mapping[str, object]) -> dict[str, object]:
    """Fields by their folded names, those of an object within them too; the first of one name counts."""
    names = {folded_name(name): value for name, value in reversed(list(fields.items()))}
    inner = names.get("fields")
    if isinstance(inner, Mapping):
        names["fields"] = {folded_name(str(name)): value for name, value in inner.items()}
    return names


def _reached(fields: Mapping[str, object], name: str) -> object:
    if name in fields or "." not in name:
        return fields.get(name)
    first, _, rest = name.partition(".")
    inner = fields.get(first)
    return _reached(inner, rest) if isinstance(inner, Mapping) else None


def is_empty(value: object) -> bool:
    """Whether a field has no value."""
    return value is None or value in ({}, []) or (isinstance(value, str) and not value.strip())


def article_from(
    fields: Mapping[str, object],
    place: str,
    names: FieldNames | None = None,
    *,
    record: bool = True,
    note: Callable[[InputWarning], None] = warn,
) -> Article:
    """An article from its fields; other fields are ignored.

    Without an id the url is the id, but not that of a front page; without both it is a digest of title, date and text.

    Args:
        place: the file and, where known, the line, for messages.
        record: whether the file itself names the fields.
        note: is told of what the article has to do without: a date that is none, a field that is no text.

    Raises:
        InputError: there is no text, or something is too long, or the id is none.
    """
    asked = names or FieldNames()
    text = _article_text(fields, place, asked, record=record)
    lines = {name: _line(fields, name, place, asked, note) for name in ("title", "source", "author", "url")}
    published = _published(fields, place, asked, note)
    address = "" if is_front_page(lines["url"]) else lines["url"]
    identity = _identity(fields, place, asked) or address or _digest(lines["title"], published, text)
    return Article(identity, **lines, published=published, text=text, tags=_tags(fields, asked))


def is_front_page(url: str) -> bool:
    """Whether an address is that of a whole site, which many a feed gives for each of its articles."""
    try:
        address = urlsplit(url)
    except ValueError:
        return False
    return address.scheme in {"http", "https"} and not (address.path.strip("/") or address.query)


def _article_text(fields: Mapping[str, object], place: str, names: FieldNames, *, record: bool) -> str:
    theirs, value = names.value(fields, "text")
    text = plain_text(value) if record and not _is_plain(fields) else value
    if not isinstance(text, str):
        problem = f"{place}: field '{theirs}' must be text, not {type(value).__name__}"
        raise (
            InputError(problem, "put the value in quotes, or leave it out")
            if value is not None
            else _no_text(place, names, record=record)
        )
    text = clean(text)
    if not text.strip():
        raise _no_text(place, names, record=record)
    if len(text) > MAX_ARTICLE_CHARACTERS:
        problem = f"{place}: a text of {len(text):,} characters, more than {MAX_ARTICLE_CHARACTERS:,}"
        raise InputError(problem, "split it into articles")
    return text


def _no_text(place: str, names: FieldNames, *, record: bool) -> InputError:
    wanted = next((theirs for ours, theirs in names.given if ours == "text"), "text")
    named = f"put it in the field '{wanted}', name its field with Reading.fields text=NAME, or leave the article out"
    return InputError(f"{place}: the article has no text", named if record else "leave it out")


def _identity(fields: Mapping[str, object], place: str, names: FieldNames) -> str:
    theirs, value = names.value(fields, "id")
    if isinstance(value, bool | float):
        kind = type(value).__name__
        raise InputError(f"{place}: field '{theirs}' must be text, not {kind}", "put the value in quotes")
    line = _one_line(fields, value)
    if line is None:
        kind = type(value).__name__
        raise InputError(f"{place}: field '{theirs}' must be text, not {kind}", "put the value in quotes")
    return _short(line, "id", place).strip()


def _line(
    fields: Mapping[str, object], name: str, place: str, names: FieldNames, note: Callable[[InputWarning], None]
) -> str:
    """A field that names the article, and so is short."""
    theirs, value = names.value(fields, name)
    line = _one_line(fields, value)
    if line is None:
        problem = f"{place}: field '{theirs}' is no text but {type(value).__name__}; the article is added without it"
        note(InputWarning(problem, "name the right field with Reading.fields"))
    return " ".join(_short(line or "", name, place).split())


def _one_line(fields: Mapping[str, object], value: object) -> str | None:
    return value if _is_plain(fields) and isinstance(value, str) else plain_line(value)


def _is_plain(fields: Mapping[str, object]) -> bool:
    """Whether a record says that its texts hold no markup, as those that we write do: “<br>” is five letters there."""
    return fields.get("content_type") == PLAIN


def _short(line: str, name: str, place: str) -> str:
    if len(line) > LONGEST_NAME:
        problem = f"{place}: field '{name}' has {len(line):,} characters, more than {LONGEST_NAME:,}"
        raise InputError(problem, "name the right field with Reading.fields, or leave it out")
    return clean(line)


def _tags(fields: Mapping[str, object], names: FieldNames) -> str:
    """What an article is filed under, from a list or a line; what is no text is left out, for files hold anything."""
    _, value = names.value(fields, "tags")
    listed = value if isinstance(value, list) else [value]
    lines = (plain_line(item) or "" for item in listed if isinstance(item, str | Mapping))
    given = (tag for line in lines for tag in _BETWEEN_TAGS.split(clean(line)))
    tags = dict.fromkeys(" ".join(tag.split()) for tag in given)
    return ", ".join([tag for tag in tags if 0 < len(tag) <= LONGEST_TAG][:MOST_TAGS])


def _published(
    fields: Mapping[str, object], place: str, names: FieldNames, note: Callable[[InputWarning], None]
) -> str:
    """The day or time of publication; a date that is none costs the date and not the article."""
    _, value = names.value(fields, "published")
    given = clean(str(plain_line(value) if plain_line(value) is not None else value)).strip()
    try:
        return iso_date(given) if given else ""
    except (ValueError, OverflowError, OSError) as error:
        shown = given if len(given) <= LONGEST_QUOTE else f"{given[:LONGEST_QUOTE]}…"
        problem = f"{place}: {shown!r} is not a date: {error}; the article is added without one"
        note(InputWarning(problem, "write it like 2023-11-09 or 2023-11-09T08:00:00Z"))
        return ""


def _digest(*parts: str) -> str:
    return f"sha256:{sha256(chr(31).join(parts).encode()).hexdigest()[:32]}"
