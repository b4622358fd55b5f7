"""The types of the index: article, sentence, chunk, and window of publication dates."""

import hashlib
from dataclasses import astuple, dataclass, field
from datetime import UTC, date, datetime

SECONDS_A_DAY = 86_400
EARLIEST_DAY, LATEST_DAY = 14 * 3600, 12 * 3600  # seconds that days begin before, and end after, those in UTC


@dataclass(frozen=True, slots=True)
class ArticleInfo:
    """What is known about an article apart from its text.

    Attributes:
        id: stable identity; adding another article with the same id replaces this one.
        published: ISO 8601 date (``2023-11-09``) or date-time with zone; empty when unknown.
        tags: what the article is filed under, separated by a comma and a blank.
    """

    id: str
    title: str = ""
    source: str = ""
    url: str = ""
    author: str = ""
    published: str = ""
    tags: str = field(default="", kw_only=True)

    @property
    def published_at(self) -> int | None:
        """Publication time in seconds since 1970 (UTC; a bare date is its midnight), or None."""
        return epoch_seconds(self.published) if self.published else None


@dataclass(frozen=True, slots=True)
class Article(ArticleInfo):
    """An article with its citable text; sentence and chunk offsets are in characters of ``text``."""

    text: str = field(default="", repr=False)

    @property
    def info(self) -> ArticleInfo:
        return ArticleInfo(self.id, self.title, self.source, self.url, self.author, self.published, tags=self.tags)

    @property
    def digest(self) -> str:
        """SHA-256 over every field, so that any change of the article is seen."""
        *fields, tags, text = astuple(self)
        # Without tags as it was before there were any, so that older indexes stay as they are.
        return hashlib.sha256("\x1f".join((*fields, text, *((tags,) if tags else ()))).encode()).hexdigest()


@dataclass(frozen=True, slots=True)
class Sentence:
    """A sentence of an article: ``article.text[start:end] == text``, always."""

    number: int
    start: int
    end: int
    text: str


@dataclass(frozen=True, slots=True)
class Chunk:
    """Neighbouring whole sentences of one article; the chunks of an article tile its text.

    Attributes:
        number: position among the article's chunks, from 0.
        start: offset of the chunk's text in the article, in characters.
        text: ``article.text[start:end]``.
        sentences: the sentences that lie in the chunk, with offsets in the article.
    """

    article: ArticleInfo
    number: int
    start: int
    text: str = field(repr=False)
    sentences: tuple[Sentence, ...] = field(repr=False)

    @property
    def end(self) -> int:
        return self.start + len(self.text)

    @property
    def id(self) -> str:
        return f"{self.article.id}#{self.number}"


@dataclass(frozen=True, slots=True)
class Window:
    """A span of publication times, ``since <= time < until``, in seconds since 1970; None is open.

    Articles without a date are outside every bounded window.

    Attributes:
        first, last: ISO 8601 days, both inside, empty is open; what counts is the day in the article's own zone, under
            which it is listed, and not that in UTC.
    """

    since: int | None = None
    until: int | None = None
    first: str = field(default="", kw_only=True)
    last: str = field(default="", kw_only=True)

    @property
    def bounded(self) -> bool:
        return self.since is not None or self.until is not None or self.by_day

    @property
    def by_day(self) -> bool:
        """Whether days of the article's own zone bound it."""
        return bool(self.first or self.last)

    @property
    def wide(self) -> "Window":
        """A window in seconds alone that holds this one, wherever on Earth the days begin and end."""
        begins = epoch_seconds(self.first) - EARLIEST_DAY if self.first else None
        ends = until_seconds(self.last) + LATEST_DAY if self.last else None
        since = max((time for time in (self.since, begins) if time is not None), default=None)
        return Window(since, min((time for time in (self.until, ends) if time is not None), default=None))


def window_of(since: str = "", until: str = "") -> Window:
    """The window between two ISO 8601 dates, whose whole days are inside, or date-times; empty is open.

    Raises:
        ValueError: one is neither.
    """
    first, last = (date.fromisoformat(text).isoformat() if is_day(text) else "" for text in (since, until))
    begins = epoch_seconds(since) if since and not first else None
    return Window(begins, until_seconds(until) if until and not last else None, first=first, last=last)


def is_day(iso: str) -> bool:
    """Whether a date has no time of day."""
    return 0 < len(iso) <= len("2023-11-09")


def epoch_seconds(iso: str) -> int:
    """Seconds since 1970 of an ISO 8601 date or date-time; without a zone it is taken as UTC.

    Raises:
        ValueError: when the string is neither.
    """
    if is_day(iso):
        day = date.fromisoformat(iso)
        return int(datetime(day.year, day.month, day.day, tzinfo=UTC).timestamp())
    moment = datetime.fromisoformat(iso)
    return int((moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp())


def until_seconds(iso: str) -> int:
    """The ``until`` of a window that ends with an ISO 8601 date, whose whole day is inside, or with a date-time.

    Raises:
        ValueError: when the string is neither.
    """
    return epoch_seconds(iso) + (SECONDS_A_DAY if is_day(iso) else 0)
