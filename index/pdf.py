"""Articles from PDF files: the text that they carry, in paragraphs as far as their lines show them."""

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from io import BytesIO
from statistics import median

from index.errors import InputError
from index.kinds import PDF_HEADER_BYTES, PDF_MAGIC
from index.limits import MAX_ARTICLE_CHARACTERS

MAX_PAGES = 2000  # of one file; more is a book or an archive, and takes longer than anybody waits
SHORT_LINE = 0.75  # of the usual length: where a paragraph ends
REPEATED = 0.5  # of the pages: a line that stands at the top or bottom of so many is no part of the text
_END, _END_BYTES = b"%%EOF", 1024  # where readers look for it: ISO 32000-1, annex H, implementation note 18
_PAGE_NUMBER = re.compile(r"(?:page\s*)?\d{1,4}(?:\s*(?:/|of)\s*\d{1,4})?", re.I)
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
    lines = [line for page in _without_margins(pages) for line in page]
    usual = median([len(line) for line in lines if line] or [0])
    paragraphs: list[list[str]] = []
    open_line = False
    for line in lines:
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


def _without_margins(pages: Sequence[list[str]]) -> Iterator[list[str]]:
    """Pages without their number and the line that stands on most of them."""
    edges = [{line for line in (*page[:1], *page[-1:]) if line} for page in pages]
    counts = Counter(line for edge in edges for line in edge)
    running = {line for line, count in counts.items() if len(pages) > 2 and count > REPEATED * len(pages)}
    for page in pages:
        last = len(page) - 1
        yield [
            line
            for number, line in enumerate(page)
            if number not in {0, last} or not (line in running or _PAGE_NUMBER.fullmatch(line))
        ]
