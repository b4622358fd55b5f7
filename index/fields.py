"""From named fields, as they stand in a file, to an article."""

import re
import warnings
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone, tzinfo
from hashlib import sha256
from urllib.parse import urlsplit

from index.articles import Article
from index.decoding import clean
from index.errors import InputError, UsageError
from index.limits import MAX_ARTICLE_CHARACTERS

TEXT_FIELDS = ("text", "body", "content")
DATE_FIELDS = ("published", "date")
TAG_FIELDS = ("tags", "keywords", "categories")
ARTICLE_FIELDS = ("id", "title", "source", "url", "author", "published", "tags", "text")
# The first newspaper, the Relation of Strasbourg, is of 1605. Other years are slips or stand for "unknown".
YEARS = range(1605, 2200)
LONGEST_DATE = 64
MOST_TAGS = 50  # of an article; more are no help to anybody
LONGEST_TAG = 100  # characters; longer ones are sentences
LONGEST_NAME = 4_000  # characters of any field but the text; longer ones are something else in the wrong place
# RFC 5322, section 4.3; other abbreviations have several meanings.
ZONES = {"UT": 0, "UTC": 0, "GMT": 0, "Z": 0, "EST": -5, "EDT": -4, "CST": -6, "CDT": -5, "MST": -7, "MDT": -6}
ZONES |= {"PST": -8, "PDT": -7}

_BETWEEN_TAGS = re.compile(r"[,;\n]")
_YEAR = re.compile(r"(?<!\d)\d{4}(?!\d)")


@dataclass(frozen=True, slots=True)
class FieldNames:
    """How a file calls the fields of an article.

    Attributes:
        given: pairs of our name and the file's; a dot in the file's name reaches into an object (``meta.headline``).
    """

    given: tuple[tuple[str, str], ...] = ()

    def value(self, fields: Mapping[str, object], name: str, usual: tuple[str, ...]) -> tuple[str, object]:
        """The name under which a field stands, and its value, None when it has none.

        Args:
            usual: the names that are tried when none was given; the first that has a value counts.
        """
        chosen = [theirs for ours, theirs in self.given if ours == name] or usual
        found = ((theirs, _reached(fields, theirs)) for theirs in chosen)
        return next((pair for pair in found if pair[1] not in (None, "")), (chosen[0], None))


def field_names(given: Iterable[str]) -> FieldNames:
    """From pairs like ``text=body``.

    Raises:
        UsageError: one is no pair, or names a field that articles do not have.
    """
    pairs = []
    for pair in given:
        ours, equals, theirs = (part.strip() for part in pair.partition("="))
        if not equals or not theirs or ours not in ARTICLE_FIELDS:
            remedy = f"write --field OURS=THEIRS, where OURS is one of {', '.join(ARTICLE_FIELDS)}"
            raise UsageError(f"--field {pair} names no field", remedy)
        pairs.append((ours, theirs))
    return FieldNames(tuple(pairs))


def _reached(fields: Mapping[str, object], name: str) -> object:
    if name in fields or "." not in name:
        return fields.get(name)
    first, _, rest = name.partition(".")
    inner = fields.get(first)
    return _reached(inner, rest) if isinstance(inner, Mapping) else None


def article_from(
    fields: Mapping[str, object], place: str, names: FieldNames | None = None, *, record: bool = True
) -> Article:
    """An article from its fields; other fields are ignored.

    Without an id the url is the id, but not that of a front page; without both it is a digest of title, date and text.

    Args:
        place: the file and, where known, the line, for messages.
        record: whether whoever made the file named the fields.

    Raises:
        InputError: a field is of the wrong type, the date is none, or there is no text.
    """
    asked = names or FieldNames()
    text = _article_text(fields, place, asked, record=record)
    title, source = (" ".join(_text(fields, name, place, asked).split()) for name in ("title", "source"))
    author = " ".join(_author(fields, place, asked).split())
    url = _text(fields, "url", place, asked).strip()
    published = _published(fields, place, asked)
    address = "" if is_front_page(url) else url
    identity = _text(fields, "id", place, asked).strip() or address or _digest(title, published, text)
    return Article(identity, title, source, url, author, published, text, tags=_tags(fields, asked))


def is_front_page(url: str) -> bool:
    """Whether an address is that of a whole site, which many a feed gives for each of its articles."""
    try:
        address = urlsplit(url)
    except ValueError:
        return False
    return address.scheme in {"http", "https"} and not (address.path.strip("/") or address.query)


def _article_text(fields: Mapping[str, object], place: str, names: FieldNames, *, record: bool) -> str:
    given = any(ours == "text" for ours, _ in names.given)
    texts = (_value(fields, name, place, names, (name,)) for name in (("text",) if given else TEXT_FIELDS))
    text = next((text for text in texts if text.strip()), "")
    if not text:
        wanted = next((theirs for ours, theirs in names.given if ours == "text"), "text")
        named = f"put it in the field '{wanted}', name its field with --field text=NAME, or leave the article out"
        remedy = named if record else "leave it out"
        raise InputError(f"{place}: the article has no text", remedy)
    if len(text) > MAX_ARTICLE_CHARACTERS:
        problem = f"{place}: a text of {len(text):,} characters, more than {MAX_ARTICLE_CHARACTERS:,}"
        raise InputError(problem, "split it into articles")
    return text


def _text(fields: Mapping[str, object], name: str, place: str, names: FieldNames, usual: tuple[str, ...] = ()) -> str:
    """A field that names the article, and so is short."""
    value = _value(fields, name, place, names, usual or (name,))
    if len(value) > LONGEST_NAME:
        problem = f"{place}: field '{name}' has {len(value):,} characters, more than {LONGEST_NAME:,}"
        raise InputError(problem, "name the right field with --field, or leave it out")
    return value


def _value(fields: Mapping[str, object], name: str, place: str, names: FieldNames, usual: tuple[str, ...]) -> str:
    theirs, value = names.value(fields, name, usual)
    if value is None:
        return ""
    if name == "id" and isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    if not isinstance(value, str):
        kind = type(value).__name__
        raise InputError(
            f"{place}: field '{theirs}' must be text, not {kind}", "put the value in quotes, or leave it out"
        )
    return clean(value)


def _author(fields: Mapping[str, object], place: str, names: FieldNames) -> str:
    """Several authors, as lists have them, in one line."""
    _, value = names.value(fields, "author", ("author",))
    if isinstance(value, list) and all(isinstance(name, str) for name in value):
        return _text({"author": ", ".join(value)}, "author", place, FieldNames())
    return _text(fields, "author", place, names)


def _tags(fields: Mapping[str, object], names: FieldNames) -> str:
    """What an article is filed under, from a list or a line; what is no text is left out, for files hold anything."""
    _, value = names.value(fields, "tags", TAG_FIELDS)
    listed = value if isinstance(value, list) else [value]
    given = (tag for item in listed if isinstance(item, str) for tag in _BETWEEN_TAGS.split(clean(item)))
    tags = dict.fromkeys(" ".join(tag.split()) for tag in given)
    return ", ".join([tag for tag in tags if 0 < len(tag) <= LONGEST_TAG][:MOST_TAGS])


def _published(fields: Mapping[str, object], place: str, names: FieldNames) -> str:
    given = _text(fields, "published", place, names, DATE_FIELDS).strip()
    try:
        return iso_date(given) if given else ""
    except ValueError as error:
        remedy = "write it like 2023-11-09 or 2023-11-09T08:00:00Z, or leave it out"
        shown = given if len(given) <= LONGEST_DATE else f"{given[:LONGEST_DATE]}…"
        raise InputError(f"{place}: {shown!r} is not a date: {error}", remedy) from error


def iso_date(given: str) -> str:
    """ISO 8601 in one spelling: ``2023-11-09`` or ``2023-11-09T08:00:00+09:00`` (UTC when no zone is given).

    The zone stays as it was given, so that the local day of publication is kept; ``ArticleInfo.published_at`` is UTC.
    Dates of e-mail and feeds, and those with the month in words, are understood too.

    Raises:
        ValueError: it is no date, an incomplete one, one that can be read in two ways, or of a year out of ``YEARS``.
    """
    if len(given) > LONGEST_DATE:
        raise ValueError("too long")
    try:
        moment = datetime.fromisoformat(given)
        timed = len(given) > len("2023-11-09")
    except ValueError:
        moment, timed = _worded(given)
    if moment.year not in YEARS:
        raise ValueError(f"the year {moment.year} is before the first newspaper or far ahead")
    if not timed:
        return moment.date().isoformat()
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).isoformat()


def _worded(given: str) -> tuple[datetime, bool]:
    """A date that is written out, and whether it has a time. Read with several defaults: what differs was not said."""
    from dateutil.parser import ParserError, parse

    def read(default: datetime, *, dayfirst: bool) -> datetime:
        return parse(given, default=default, dayfirst=dayfirst, tzinfos=_zone)

    if not _YEAR.search(given):
        raise ValueError("no year of four digits")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            first = read(datetime(2000, 1, 1), dayfirst=False)
            second = read(datetime(2004, 2, 2, 1), dayfirst=False)
            other = read(datetime(2000, 1, 1), dayfirst=True)
    except (ParserError, OverflowError, ValueError, TypeError, AttributeError, Warning) as error:
        raise ValueError("not understood") from error
    if f"{first.year:04}" not in _YEAR.findall(given):  # a year like 0023 is read as one of our century
        raise ValueError("no year of four digits")
    if first.date() != second.date():
        raise ValueError("incomplete")
    if first != other:
        raise ValueError("day and month can be taken for each other")
    return first, first.time() == second.time()


def _zone(name: str | None, offset: int | None) -> tzinfo | None:
    if offset is not None:
        return timezone(timedelta(seconds=offset))
    if name is None:
        return None
    if name.upper() not in ZONES:
        raise ValueError(f"unknown time zone {name}")
    return timezone(timedelta(hours=ZONES[name.upper()]))


def _digest(*parts: str) -> str:
    return f"sha256:{sha256(chr(31).join(parts).encode()).hexdigest()[:32]}"
