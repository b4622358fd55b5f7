"""Reads articles from files of many formats, folders, standard input and web addresses."""

import io
from codecs import BOM_UTF8
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from itertools import chain
from pathlib import Path
from types import TracebackType

from index.articles import Article
from index.errors import InputError, InputWarning, warn
from index.formats.article_fields import FieldNames, article_from
from index.formats.decoding import decode, storable
from index.formats.limits import MAX_FAULTS, MAX_FEED_BYTES, MAX_PAGE_BYTES, MAX_PDF_BYTES, MAX_TEXT_BYTES
from index.formats.markdown import plain_fields
from index.formats.records import Record, csv_rows, json_items, json_lines
from index.formats.sniff import Kind
from index.read.documents import STANDARD_INPUT, Document, open_document
from index.read.fetch import Fetcher, is_address, without_password
from index.read.files import Patterns, find_files, search_files
from index.read.sandbox import Fields, Parsers, Task, parsed

__all__ = ["Reader", "Reading", "find_files", "good_articles", "is_remote", "place_of", "read_articles"]

Source = str | Path
Item = Article | InputError | InputWarning
# Markdown beyond this is parsed in the other process: some texts keep its parser busy for the square of their length.
SHORT_MARKDOWN_BYTES = 1 << 16
_WHOLE = {Kind.HTML: MAX_PAGE_BYTES, Kind.FEED: MAX_FEED_BYTES, Kind.PDF: MAX_PDF_BYTES, Kind.MARKDOWN: MAX_TEXT_BYTES}
_RECORDS = frozenset({Kind.JSONL, Kind.JSON, Kind.CSV})
_WIDE_MARKS = (b"\xff\xfe", b"\xfe\xff")


@dataclass(frozen=True, slots=True)
class Reading:
    """How sources are read.

    Attributes:
        fields: how the files call the fields of an article; for JSON Lines, JSON and CSV.
        kind: the format of every file; None finds it out for each.
        patterns: which files of folders are read.
        private: whether web addresses may lead to this machine and the private network.
    """

    fields: FieldNames = field(default_factory=FieldNames)
    kind: Kind | None = None
    patterns: Patterns = field(default_factory=Patterns)
    private: bool = False


@dataclass(frozen=True, slots=True)
class Sources:
    """What there is to read.

    Attributes:
        items: paths, addresses and ``-``; errors first.
        left_out: the suffixes of files of other kinds in folders, with their number, the most frequent first.
    """

    items: tuple[Source | InputError, ...]
    left_out: tuple[tuple[str, int], ...] = ()


def read_articles(path: Path) -> Iterator[Article]:
    """Articles of one file, in its order; record by record where its format has records, whatever the file's size.

    Line ends become line feeds, other control characters become spaces; all else stays as it is.

    Raises:
        InputError: while iterating; names the file, the line where known, and what to do.
    """
    with Reader() as reader:
        yield from good_articles(reader.read([path]))


class Reader:
    """Reads sources one after another; what cannot be read is an error among the articles, and the rest goes on.

    Args:
        reading: None takes what the files' own names and contents say.
    """

    def __init__(self, reading: Reading | None = None) -> None:
        self._reading = reading or Reading()
        self._fetcher = Fetcher(private=self._reading.private)
        self._parsers = Parsers()

    def find(self, sources: Sequence[Source], skip: Sequence[Path] = ()) -> Sources:
        """What there is to read: files in place of folders, and errors in the place of paths that cannot be read.

        Args:
            skip: folders that are not searched, such as that of the index.
        """
        remote = [source for source in sources if is_remote(source)]
        local = [Path(source) for source in sources if not is_remote(source)]
        found = search_files(local, self._reading.patterns, skip)
        return Sources((*found.faults, *found.files, *dict.fromkeys(remote)), found.left_out)

    def read(self, sources: Iterable[Source | InputError]) -> Iterator[Item]:
        """Articles, and an error for each source, line or entry that cannot be read; errors are handed on."""
        for source in sources:
            if isinstance(source, InputError):
                yield source
                continue
            place = without_password(source) if isinstance(source, str) else source
            yield from _few_faults(self._read(place), str(place))

    def _read(self, source: Source) -> Iterator[Item]:
        try:
            with open_document(source, self._fetcher, self._reading.kind) as document:
                items = self._articles(document)
                first = next(items, None) or _nothing(document)
                yield from chain([first], items)
        except InputError as error:
            yield error
        except OSError as error:
            yield InputError(f"{source}: {error.strerror or error}", "check the file and its permissions")

    def _articles(self, document: Document) -> Iterator[Item]:
        if document.kind is None:
            problem = f"{document.name}: neither text nor another format that can be read"
            yield InputError(problem, "save it as text, HTML or PDF")
        elif document.kind in _RECORDS:
            yield from self._records(document)
        else:
            items = self._fields(document, document.kind)
            yield from _each_once(chain.from_iterable(_built(item, document) for item in items))

    def _split(self, document: Document) -> Iterator[tuple[str, Record | InputError | InputWarning]]:
        """The records of a document, with their places."""
        stream = _narrow(document)
        if document.kind is Kind.CSV:
            return csv_rows(stream, document.name, self._reading.fields.names_text)
        return (json_lines if document.kind is Kind.JSONL else json_items)(stream, document.name)

    def _records(self, document: Document) -> Iterator[Item]:
        """A record that repeats an article word for word is skipped; another one with its id is an error."""
        seen: dict[str, tuple[str, str]] = {}
        for place, record in self._split(document):
            if isinstance(record, InputError | InputWarning):
                yield record
                continue
            notes: list[InputWarning] = []
            try:
                article = article_from(record, place, self._reading.fields, note=notes.append)
            except InputError as error:
                yield error
                continue
            yield from notes
            first, digest = seen.setdefault(article.id, (place, article.digest))
            if digest != article.digest:
                line = f"line {first.rpartition(':')[2]}" if ":" in first else first
                problem = f"{place}: id {article.id!r} stands for another article in {line}"
                yield InputError(problem, "give each article its own id, or delete the outdated line")
            elif first == place:
                yield article

    def _fields(self, document: Document, kind: Kind) -> Iterator[Fields | InputError]:
        if kind is Kind.TEXT:
            yield from plain_fields(decode(document.read(MAX_TEXT_BYTES), document.name, document.charset))
            return
        data = document.read(_WHOLE[kind])
        task = Task(kind, document.name, document.charset, document.url)
        if kind is Kind.MARKDOWN and len(data) <= SHORT_MARKDOWN_BYTES:
            yield from parsed(task, data)
        else:
            yield from self._parsers.parse(task, data)

    def close(self) -> None:
        """End the process of the parsers, if it runs."""
        self._parsers.close()

    def __enter__(self) -> "Reader":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def good_articles(
    items: Iterable[Item], unreadable: Callable[[InputError | InputWarning], None] | None = None
) -> Iterator[Article]:
    """The articles alone.

    Args:
        unreadable: is told every error and warning; without it the first error is raised.

    Raises:
        InputError: the caller gave no function for warnings.
    """
    for item in items:
        if isinstance(item, Article):
            yield item
        elif unreadable is not None:
            unreadable(item)
        elif isinstance(item, InputError):
            raise item
        else:
            warn(item)


def is_remote(source: Source) -> bool:
    """Whether this is standard input or a web address, and no path."""
    return isinstance(source, str) and (source == STANDARD_INPUT or is_address(source))


def _nothing(document: Document) -> InputError | InputWarning:
    """What is said of a file without anything to read or to complain about."""
    problem = f"{document.name}: there are no articles in it"
    if document.kind is Kind.FEED:
        return InputWarning(problem)  # there may be some tomorrow
    return InputError(problem, "check that it is the right file, or leave it out")


def place_of(source: Source) -> str:
    """How the origin of an article is written: the whole path of its file, its address, or ``-``."""
    return without_password(str(source)) if is_remote(source) else storable(Path(source).resolve().as_posix())


def _built(fields: Fields | InputError, document: Document) -> Iterator[Item]:
    """The article of a document that holds one, or of an entry, whose place stands in ``#``; notes before it."""
    if isinstance(fields, InputError):
        yield fields
        return
    entry = "#" in fields
    place = str(fields.get("#", document.name))
    # Of a page the address is none: many a site states that of its front page on all others.
    stated = fields.get("url") if document.kind is Kind.MARKDOWN else None
    given = fields if entry else {**fields, "id": fields.get("id") or stated or document.id}
    notes: list[InputWarning] = []
    try:
        article = article_from(given, place, record=False, note=notes.append)
    except InputError as error:
        yield error
        return
    yield from notes
    yield article


def _each_once(items: Iterator[Item]) -> Iterator[Item]:
    """The articles of a feed, whose ids may be worth nothing: where one is repeated, what it says is the id."""
    ids: set[str] = set()
    digests: set[str] = set()
    for item in items:
        if not isinstance(item, Article):
            yield item
        elif item.digest not in digests:
            digests.add(item.digest)
            yield replace(item, id=f"sha256:{item.digest[:32]}") if item.id in ids else item
            ids.add(item.id)


def _narrow(document: Document) -> io.BufferedReader:
    """The stream without a byte order mark, in UTF-8 where it is UTF-16, which spreadsheets and Windows write."""
    if document.kind is Kind.CSV:
        return document.stream
    while document.stream.peek(len(BOM_UTF8)).startswith(BOM_UTF8):
        document.stream.read(len(BOM_UTF8))
    if not document.stream.peek(2).startswith(_WIDE_MARKS):
        return document.stream
    text = decode(document.read(MAX_TEXT_BYTES), document.name)
    return io.BufferedReader(io.BytesIO(text.encode()))


def _few_faults(items: Iterator[Item], name: str) -> Iterator[Item]:
    """At most ``MAX_FAULTS`` errors and as many warnings of one source, then one that says how many more there were."""
    faults: Counter[type] = Counter()
    for item in items:
        if not isinstance(item, Article):
            kind = InputError if isinstance(item, InputError) else InputWarning
            faults[kind] += 1
            if faults[kind] > MAX_FAULTS:
                continue
        yield item
    for kind, what in ((InputError, "places that cannot be read"), (InputWarning, "articles that lack something")):
        if faults[kind] > MAX_FAULTS:
            yield kind(f"{name}: {faults[kind] - MAX_FAULTS} more {what}", "see the ones before")
