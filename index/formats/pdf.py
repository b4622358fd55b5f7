"""Articles from PDF files: the text that they carry, in paragraphs as far as their lines show them."""

import re
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from io import BytesIO
from statistics import median

from index.errors import InputError
from index.formats.limits import MAX_ARTICLE_CHARACTERS
from index.formats.sniff import PDF_HEADER_BYTES, PDF_MAGIC

MAX_PAGES = 2000  # of one file; more is a book or an archive, and takes too long
SHORT_LINE = 0.75  # of the usual length: where a paragraph ends
# A line at the top or bottom of so many of the pages is no part of the text; those of left and right pages may differ.
REPEATED = 0.3
MARGIN_LINES = 3  # of a running head or foot, at most
_END, _END_BYTES = b"%%EOF", 1024  # where readers look for it: ISO 32000-1, annex H, implementation note 18
_PAGE_NUMBER = re.compile(r"[-–—| ]{0,3}(?:page|p\.)? ?\d{1,4}(?: ?(?:/|of) ?\d{1,4})?[-–—| ]{0,3}", re.I)
_SENTENCE_END = re.compile(r"[.!?:…][\"'”’»)\]]*\Z")
_HYPHEN = re.compile(r"[a-z]-\Z")
# Letters that are one glyph in print: Unicode block "Alphabetic Presentation Forms".
_LIGATURES = {0xFB00: "ff", 0xFB01: "fi", 0xFB02: "fl", 0xFB03: "ffi", 0xFB04: "ffl", 0xFB05: "st", 0xFB06: "st"}


def pdf_fields(data: bytes, place: str) -> Iterator[Mapping[str, object]]:
    """The text of all pages, and the title and author that the file states.

    It states no day of publication: when the file was made says nothing about that.

    Raises:
        InputError: it is encrypted, has no text, or cannot be read.
    """
    from pypdf import PdfReader
    from pypdf.errors import PyPdfError

    if PDF_MAGIC not in data[:PDF_HEADER_BYTES]:
        raise InputError(f"{place}: not a PDF, whatever its name says", "give it the suffix of what it is")
    # Half a file can often be read, as half an article.
    if _END not in data.rstrip(b"\0 \r\n\t")[-_END_BYTES:]:
        raise InputError(f"{place}: the PDF ends early", "fetch or save it again")
    try:
        reader = PdfReader(BytesIO(data))
        if reader.is_encrypted and not reader.decrypt(""):
            raise InputError(f"{place}: the PDF is protected by a password", "save it without one")
        if len(reader.pages) > MAX_PAGES:
            raise InputError(f"{place}: a PDF of more than {MAX_PAGES:,} pages", "split it into articles")
        text = _joined(list(_pages(reader.pages, place)))
        stated = reader.metadata
        title, author = (str((stated and stated.get(name)) or "") for name in ("/Title", "/Author"))
    except PyPdfError as error:
        raise InputError(f"{place}: damaged or not a PDF: {' '.join(str(error).split())}", "save it again") from error
    if not text:
        raise InputError(f"{place}: the PDF has no text, only pictures", "run a text recognition (OCR) over it first")
    yield {"title": title, "author": author, "text": text}


def _pages(pages: Sequence[object], place: str) -> Iterator[list[str]]:
    size = 0
    for page in pages:
        text = page.extract_text().translate(_LIGATURES)  # type: ignore[attr-defined]
        size += len(text)
        if size > MAX_ARTICLE_CHARACTERS:
            raise InputError(f"{place}: a text of more than {MAX_ARTICLE_CHARACTERS:,} characters", "split the file")
        yield [" ".join(line.split()) for line in text.splitlines()]


def _joined(pages: Sequence[list[str]]) -> str:
    """Paragraphs: lines are joined until a blank or a short one; a hyphen at the end of a line goes."""
    bodies = list(_without_margins(pages))
    usual = median([len(line) for page in bodies for line in page if line] or [0])
    paragraphs: list[list[str]] = []
    open_line = False
    for page in bodies:
        # A sentence that a page leaves open goes on upon the next one, however short its last line is.
        open_line = open_line or (bool(paragraphs) and not _ended(paragraphs[-1][-1]) and _goes_on(page))
        for line in page:
            if not line:
                open_line = False
                continue
            if not open_line:
                paragraphs.append([line])
            elif _HYPHEN.search(paragraphs[-1][-1], len(paragraphs[-1][-1]) - 2) and line[0].islower():
                paragraphs[-1][-1] = paragraphs[-1][-1][:-1]
                paragraphs[-1].append(line)
            else:
                paragraphs[-1].append(f" {line}")
            open_line = len(line) >= SHORT_LINE * usual
    return "\n\n".join("".join(paragraph) for paragraph in paragraphs)


def _ended(line: str) -> bool:
    """Whether a sentence ends with the line."""
    return _SENTENCE_END.search(line, max(0, len(line) - 8)) is not None


def _goes_on(page: Sequence[str]) -> bool:
    """Whether a page begins in the midst of a sentence."""
    return bool(page) and page[0][:1].islower()


def _without_margins(pages: Sequence[list[str]]) -> Iterator[list[str]]:
    """Pages without blank lines around them, their number, and the lines that stand on many of them."""
    trimmed = [_trimmed(page, lambda line: not line) for page in pages]
    edges = [{_pattern(line) for line in (*page[:MARGIN_LINES], *page[-MARGIN_LINES:])} for page in trimmed]
    counts = Counter(line for edge in edges for line in edge)
    least = max(2, REPEATED * sum(1 for page in trimmed if page))
    running = {line for line, count in counts.items() if count >= least}
    for page in trimmed:
        body = _trimmed(page, lambda line: not line or _pattern(line) in running, MARGIN_LINES)
        numbered = _trimmed(body, lambda line: _PAGE_NUMBER.fullmatch(line) is not None, 1)
        yield _trimmed(numbered, lambda line: not line or _pattern(line) in running, MARGIN_LINES)


def _pattern(line: str) -> str:
    """A line with one mark for every number: a running head counts the pages."""
    return re.sub(r"\d+", "#", line)


def _trimmed(page: list[str], gone: Callable[[str], bool], most: int | None = None) -> list[str]:
    """A page without the lines at its top and bottom that are to go, at most so many at each."""
    first, last = 0, len(page)
    while first < last and (most is None or first < most) and gone(page[first]):
        first += 1
    end = last
    while last > first and (most is None or end - last < most) and gone(page[last - 1]):
        last -= 1
    return page[first:last]
