"""Limits on the size and time of what is read. Without them one file could fill memory or take hours."""

MEBIBYTE = 1 << 20

# A thousand printed pages; the longest news report has some 200,000 characters.
MAX_ARTICLE_CHARACTERS = 2_000_000
# Files that are read as a whole. Text: the longest article in a script of four bytes a letter. Pages: real ones, with
# scripts in them, seldom pass 5 MiB. Feeds: hundreds of entries with full text. PDF: mostly pictures.
MAX_TEXT_BYTES = 8 * MEBIBYTE
MAX_PAGE_BYTES = 8 * MEBIBYTE
MAX_FEED_BYTES = 16 * MEBIBYTE
MAX_PDF_BYTES = 96 * MEBIBYTE
# One line of JSON Lines, one row of CSV, one item of JSON: the longest article with every letter written \uXXXX.
MAX_RECORD_BYTES = 12 * MEBIBYTE
# Files that are read record by record may be long, but not without end: /dev/zero, or a server that never stops.
MAX_STREAM_BYTES = 64 << 30
# gzip writes up to 1,032 bytes for one (RFC 1951). News as JSON Lines shrinks to about a fourth, markup to a tenth;
# what shrinks to less than a two-hundredth is no text that people wrote.
MAX_EXPANSION = 200
ALWAYS_EXPANDED_BYTES = 8 * MEBIBYTE
MAX_DOWNLOAD_BYTES = 32 * MEBIBYTE
DOWNLOAD_SECONDS = 60.0
SILENCE_SECONDS = 15.0
MAX_REDIRECTS = 5
# Parsers run in a process of their own: these are its wall-clock seconds for one file and its address space.
PARSE_SECONDS = 60.0
PARSE_BYTES = 1536 * MEBIBYTE
# Of one file; a table of a million bad lines is one fault, not a million.
MAX_FAULTS = 100


def megabytes(count: int) -> str:
    """A size for messages, in megabytes of a million bytes."""
    return f"{count / 1e6:.1f} MB"
