"""Files that cannot be read, or of which a part cannot: name → bytes, and what is said about them."""

import gzip
import json
import random
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from tests.files import ATOM, PAGE, RSS, encrypted, pdf, pdf_of

LINES = [
    f"The ferry Gannet made crossing number {number} on Thursday, said the harbour master." for number in range(40)
]
QUOTED = "The minister said: “We go” – and it’s done. The café was shut. "
ROW = b'{"id": "%d", "text": "The ferry made crossing number %d."}\n'
TEXT_SUFFIXES = ("txt", "md", "html", "xml", "rss", "csv", "tsv", "json", "jsonl")
SUFFIXES = (*TEXT_SUFFIXES, "pdf", "htm", "xhtml", "ndjson", "atom", "markdown", "txt.gz", "gz")


@dataclass(frozen=True, slots=True)
class Broken:
    """A file that gives at least one line.

    Attributes:
        data: the bytes, or what makes them where they are many.
        said: what one of the lines says.
        good: how many articles of it can be read all the same.
    """

    name: str
    data: bytes | Callable[[], bytes]
    said: str
    good: int = 0

    def write(self, folder: Path) -> Path:
        """Put the file into a folder."""
        path = folder / self.name
        path.write_bytes(self.data if isinstance(self.data, bytes) else self.data())
        return path


# What is wrong with these costs a date and not the article, as ``test_dates`` and ``test_exports`` show.
MENDED = re.compile(r"date-|line-(?:26|3[0-5])\.|absurd|matter-(?:7|10|12)\.")


def broken_files() -> tuple[Broken, ...]:
    """All of them; each has its own name."""
    parts = (_empty(), _pdfs(), _pages(), _encodings(), _zipped(), _json(), _tables(), _feeds(), _markdown(), _dates())
    return tuple(broken for part in parts for broken in part if not MENDED.match(broken.name))


def _empty() -> Iterator[Broken]:
    for suffix in SUFFIXES:
        yield Broken(f"empty.{suffix}", b"", "empty")
        if not suffix.endswith("gz"):
            yield Broken(f"nothing-in.{suffix}.gz", gzip.compress(b""), "empty once it is expanded")
    for suffix in TEXT_SUFFIXES:
        if suffix != "jsonl":
            yield Broken(f"blank.{suffix}", b" \n\n \n", "")


def _pdfs() -> Iterator[Broken]:
    whole = pdf([LINES, LINES[:20]], "Crossings", "J. Halm")
    for cut in range(1, len(whole) - 8, len(whole) // 50):
        yield Broken(f"cut-at-{cut}.pdf", whole[:cut], "not a PDF" if cut < 5 else "ends early")
    noise = random.Random(7).randbytes(100_000)
    yield Broken("noise.pdf", b"%PDF-1.7\n" + noise + b"\n%%EOF\n", "damaged or not a PDF")
    yield Broken("two-markers.pdf", b"%PDF-1.7\n%%EOF\n", "cannot be read as pdf|damaged or not a PDF")
    yield Broken("text.pdf", b"The ferry sails.", "not a PDF, whatever its name says")
    yield Broken("pictures.pdf", pdf([[], []]), "only pictures")
    yield Broken("locked.pdf", encrypted(whole), "protected by a password")
    loop = "<< /Type /Pages /Kids [2 0 R 2 0 R] /Count 2 >>"
    yield Broken("page-loop.pdf", pdf_of(["<< /Type /Catalog /Pages 2 0 R >>", loop, "<< >>"]), "")
    yield Broken("no-catalog.pdf", pdf_of(["<< >>", "<< >>"]), "")
    yield Broken("many-pages.pdf", pdf([["x"]] * 2001), "more than 2,000 pages")
    yield Broken("long.pdf", pdf([["word " * 20_000] * 21]), "more than 2,000,000 characters")


def _pages() -> Iterator[Broken]:
    for cut in range(15, PAGE.index("<h1>"), 60):
        yield Broken(f"cut-at-{cut}.html", PAGE[:cut].encode(), "no article text")
    start = "<!doctype html><title>T</title>"
    unread = {
        "hidden": f"{start}<p hidden>Obey.</p>",
        "script": f"{start}<script>let text = 1</script>",
        "comment": f"{start}<!-- Only a remark",
        "data": f'{start}<script type="application/ld+json">{{"articleBody": "Not shown."}}</script>',
        "pictures": f'{start}<img src="a.png" alt="A ferry">',
    }
    for name, html in unread.items():
        yield Broken(f"{name}.html", html.encode(), "no article text")
    yield Broken(
        "huge.html", lambda: b"<!doctype html><p>" + b"The ferry sails. " * 2_950_000, "longer than the 8.4 MB"
    )
    yield Broken("deep.html", b"<!doctype html>" + b"<div>" * 100_000 + b"x", "256 elements")
    yield Broken("many.html", b"<!doctype html>" + b"<p>x</p>" * 60_000, "50,000 elements")
    yield Broken("noise.html", b"<!doctype html><p>" + random.Random(3).randbytes(9_000), "")


def _encodings() -> Iterator[Broken]:
    data = (QUOTED * 3).encode()
    for position in [at for at, byte in enumerate(data) if byte >= 0x80]:
        yield Broken(f"without-byte-{position}.txt", data[:position] + data[position + 1 :], "not UTF-8 text at byte")
    for suffix in ("txt", "md", "html", "csv"):
        before = {"html": b"<!doctype html><p>", "csv": b"title,text\n"}.get(suffix, b"")
        yield Broken(f"nul.{suffix}", before + b"The ferry sails.".replace(b"e", bytes(20)), "a NUL byte")
    yield Broken("odd.txt", b"\xff\xfeT\0h\0e", "not UTF-16-LE text")
    yield Broken("half-pair.txt", b"\xff\xfeT\0\x3d\xd8T\0", "not UTF-16-LE text")
    yield Broken("wide.txt", b"\xff\xfe\0\0T\0\0", "not UTF-32-LE text")
    for suffix, magic in {"docx": b"PK\3\4\x14\0", "png": b"\x89PNG\r\n\x1a\n\0", "bin": bytes(range(256))}.items():
        yield Broken(f"other.{suffix}", magic + bytes(100), "neither text nor another format")
    yield Broken("one-line.txt", lambda: b"ferry " * 1_700_000, "longer than the 8.4 MB")
    yield Broken("long.txt", lambda: b"The ferry sails. " * 120_000, r"2,0\d\d,\d{3} characters")


def _zipped() -> Iterator[Broken]:
    texts = gzip.compress("\n".join(random.Random(5).sample(LINES, 40)).encode())
    for cut in range(3, len(texts) - 8, len(texts) // 20):
        yield Broken(f"cut-at-{cut}.txt.gz", texts[:cut], "the gzip file ends early")
    for at in range(20, len(texts), len(texts) // 10):
        flipped = texts[:at] + bytes([texts[at] ^ 0xFF]) + texts[at + 1 :]
        yield Broken(f"flipped-{at}.txt.gz", flipped, "the gzip file")
    rows = b"".join(ROW % (number, number) for number in range(100))
    yield Broken("cut.jsonl.gz", gzip.compress(rows)[:-8], "the gzip file ends early", good=100)
    yield Broken("not.gz", b"\x1f\x8bnot gzip at all", "the gzip file is damaged")
    yield Broken("twice.gz", gzip.compress(gzip.compress(rows)), "inside a gzip file")
    yield Broken("bomb.txt.gz", lambda: gzip.compress(b"a" * 100_000_000), "longer than the 8.4 MB")
    yield Broken(
        "bomb.jsonl.gz",
        gzip.compress(b'{"text": "%s"}\n' % (b"a" * 10_000) * 5_000),
        "expands to more than 200 times",
        good=1,
    )
    yield Broken(
        "one-line-bomb.jsonl.gz", lambda: gzip.compress(b" " * 100_000_000), "expands to more than 200 times|12.6 MB"
    )


def _json() -> Iterator[Broken]:
    wrong = [
        *('{"text": "x"', '{"text": "x"}}', "{'text': 'x'}", '{"text": x}', '{"text": "x",}', '{text: "x"}', "{", "}"),
        *('{"text": "\\x"}', '{"text": "\\ud8"}', '{"text" "x"}', '"text": "x"', "text", "NULL"),
        *('{"text": "x"} {"text": "y"}', '["x"]', '"x"', "7", "null", "true", "[" * 50_000, '{"a":' * 50_000, "\\"),
        *('{"title": "x"}', '{"text": ""}', '{"text": null}', '{"text": ["x"]}', '{"text": 7}', '{"text": {"a": 1}}'),
        *(
            '{"text": "x", "id": 1.5}',
            '{"text": "x", "id": []}',
            '{"text": "x", "title": 3}',
            '{"text": "x", "url": 1}',
        ),
        *('{"text": "x", "author": [1]}', '{"text": "x", "source": {}}', '{"text": "x", "published": 1699488000}'),
        *('{"text": "\\u200b \\n", "text": " "}', json.dumps({"text": "x", "title": "word " * 1_000})),
    ]
    for number, line in enumerate(wrong):
        good = '{"text": "A good line before."}', '{"text": "A good line after."}'
        data = f"{good[0]}\n{line}\n{good[1]}\n".encode()
        yield Broken(f"line-{number}.jsonl", data, f"line-{number}.jsonl:2: ", good=2)
        if not line.endswith("}") or "text" not in line:
            yield Broken(f"document-{number}.json", f"[{good[0]}, {line}".encode(), "", good=1)
    same = '{"id": "a", "text": "One."}\n{"id": "a", "text": "Two."}\n'
    yield Broken("same-id.jsonl", same.encode(), "stands for another article in line 1", good=1)

    def long() -> bytes:
        return b'{"text": "' + b"a" * 10_000_000 + b'"}\n'

    yield Broken(
        "long-line.jsonl", lambda: long() + b'{"text": "Good."}\n', "long-line.jsonl:1: a text of 10,000,000", good=1
    )
    yield Broken(
        "longer-line.jsonl", lambda: b" " * 13_000_000 + b'\n{"text": "Good."}\n', ":1: a line of more than", good=1
    )
    yield Broken("long-item.json", lambda: b"[" + long()[:-1] * 2, "more than")


def _tables() -> Iterator[Broken]:
    rows = {
        "few": "A", "many": "A,B,C", "open": '"A,B', "inner": '"A"x,B', "no-text": "A,", "absurd": "A,B,2023-02-30",
    }  # fmt: skip
    for name, row in rows.items():
        header = "title,text,date" if name == "absurd" else "title,text"
        good = {"absurd": "One,Good.,2023-11-09"}.get(name, "One,Good.")
        yield Broken(f"{name}.csv", f"{header}\n{good}\n{row}\n".encode(), f"{name}.csv:3: ", good=1)
        yield Broken(f"{name}.tsv", f"{header}\n{good}\n{row}\n".replace(",", "\t").encode(), f"{name}.tsv:3: ", good=1)
    yield Broken("unnamed.csv", b"\n\n", "")
    yield Broken("no-text-column.csv", b"a,b\n1,2\n", "known to be the text")
    yield Broken(
        "late.csv", b"title,text\n" + b"A,Good.\n" * 9_000 + b"B,caf\xe9\n", "not UTF-8 text after line", good=1
    )
    yield Broken("long-field.csv", b'title,text\nA,"' + b"x" * 2_100_000 + b'"\nB,Good.\n', "field larger", good=1)


def _feeds() -> Iterator[Broken]:
    for name, feed in {"rss": RSS, "atom": ATOM}.items():
        whole = feed.strip()
        for cut in range(60, len(whole) - 8, len(whole) // 16):
            good = whole[:cut].count("</item>")
            yield Broken(f"cut-at-{cut}.{name}", whole[:cut].encode(), "ends early|not an RSS or Atom feed", good)
    yield Broken("note.xml", b"<?xml version='1.0'?><note>The ferry sails.</note>", "not an RSS or Atom feed")
    yield Broken("angles.xml", b"<<<<", "not an RSS or Atom feed")
    item = "<item><title>A</title><description>{}</description>{}</item>"
    rss = "<rss version='2.0'><channel><title>T</title>{}</channel></rss>"
    bad = {"no-text": item.format("", ""), "hidden": item.format("&lt;p hidden&gt;Obey.&lt;/p&gt;", "")}
    for day in ("soon", "Tue, 31 Feb 2023 08:00:00 GMT", "Thu, 09 Nov 0023 08:00:00 GMT", "99999-01-01"):
        bad[f"date-{len(bad)}"] = item.format("Text.", f"<pubDate>{day}</pubDate>")
    for name, entry in bad.items():
        data = rss.format(entry + item.format("A good entry.", "")).encode()
        yield Broken(f"{name}.rss", data, f"{name}.rss: entry 1: ", good=1)


def _markdown() -> Iterator[Broken]:
    matters = [
        "title: a: b",
        "- a",
        "title: [a",
        "title: {a",
        "title: 'a",
        "*a",
        "%",
        "title: [a]",
        "a: !!python/x",
    ]
    for number, matter in enumerate([*matters, "[" * 20_000, "date: soon", "published: 2023-13-01", "date: [2023]"]):
        yield Broken(f"matter-{number}.md", f"---\n{matter}\n---\nThe ferry sails.\n".encode(), f"matter-{number}.md")
    for name, text in {"rule": "---\n", "picture": "![A ferry](a.png)", "hidden": "<p hidden>Obey.</p>"}.items():
        yield Broken(f"{name}.md", text.encode(), "no text")


def _dates() -> Iterator[Broken]:
    absurd = [
        *("2023-02-30", "2023-13-01", "2023-11-09T25:00:00Z", "0000-00-00", "0001-01-01", "9999-12-31", "99999-01-01"),
        *("-2023-11-09", "soon", "yesterday", "9/11/2023", "November 2023", "2023", "9 Nov", "1e309", "٢٠٢٣", "NaN"),
        *("2023-11-09T08:00:00+99:00", "2023-11-09 08:00 XYZ", "0" * 60, "2023-11-09" * 20, "None", "1699488000"),
    ]
    for number, day in enumerate(absurd):
        rows = [{"text": "Dated.", "date": day}, {"text": "A good line.", "date": "2023-11-09"}]
        data = "\n".join(json.dumps(row) for row in rows).encode()
        yield Broken(f"date-{number}.jsonl", data, f"date-{number}.jsonl:1: ", good=1)
