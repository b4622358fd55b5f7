"""What kind of file it is, in which encoding, and the process that parses what strangers wrote."""

import gzip
import io
import signal
import subprocess
import sys
from pathlib import Path
from time import monotonic, sleep
from types import SimpleNamespace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from index.articles import Article
from index.errors import InputError
from index.formats.decoding import decode
from index.formats.limits import MAX_FAULTS
from index.formats.sniff import Kind
from index.read.readers import Reader, Reading
from index.read.sandbox import Parsers, Task, parsed
from tests.files import ATOM, FERRY, PAGE, RSS, pdf, read
from tests.parts import ROOT

# Kinds and encodings


@pytest.mark.parametrize(
    ("name", "content", "text"),
    [
        ("page", PAGE, FERRY),
        ("page.txt", PAGE, FERRY),
        ("page.pdf", PAGE, FERRY),
        ("page.xml", PAGE, FERRY),
        ("a.docx", pdf([["It sails."]]), "It sails."),
        ("a.html", pdf([["It sails."]]), "It sails."),
        ("atom", ATOM, "The dredger came."),
        ("atom.html", ATOM, "The dredger came."),
        ("a", '{"text": "It sails."}', "It sails."),
        ("a.log", '[{"text": "It sails."}]', "It sails."),
        ("lines.json", '{"text": "It sails."}\n', "It sails."),
        ("list.jsonl", '[\n{"text": "It sails."}]', "It sails."),
        ("a", "---\ntitle: A\n---\nIt *sails*.", "It sails."),
        ("a", "It *sails*.", "It *sails*."),
        ("a.txt", "[Harbour] It sails.", "[Harbour] It sails."),
        ("a.txt.gz", gzip.compress(b"It sails.", mtime=0), "It sails."),
        ("a.txt", gzip.compress(b"It sails.", mtime=0), "It sails."),
        ("b.gz", gzip.compress(PAGE.encode()), FERRY),
        ("c.jsonl.gz", gzip.compress(b'{"text": "It sails."}', mtime=0), "It sails."),
        ("d.txt", "It sails.".encode("utf-16"), "It sails."),
        ("e.txt", "It sails.".encode("utf-32"), "It sails."),
        ("f.jsonl", '{"text": "It sails."}'.encode("utf-16"), "It sails."),
    ],
)
def test_content_says_what_a_file_is(tmp_path: Path, name: str, content: str | bytes, text: str) -> None:
    assert [article.text for article in read(tmp_path, name, content)] == [text]


def test_a_format_that_is_named_is_the_one(tmp_path: Path) -> None:
    assert read(tmp_path, "a.txt", "title,text\nA,B", Reading(kind=Kind.CSV))[0].text == "B"
    assert read(tmp_path, "b.html", "<p>B", Reading(kind=Kind.TEXT))[0].text == "<p>B"


@pytest.mark.parametrize(
    ("encoding", "text"),
    [
        ("cp1252", "The café said “no” – it’s shut, and 5 € is the fare."),
        ("latin-1", "naïve"),
        ("cp1251", "Министр заявил в четверг, что переговоры начнутся завтра."),
        ("cp932", "首相は木曜日に、会談は明日始まると述べた。"),
        ("gb18030", "总理星期四表示，会谈将于明天开始。"),
        ("utf-8-sig", "The café."),
        ("utf-16-be", "\ufeffThe café."),
    ],
)
def test_encodings_are_found_out(encoding: str, text: str) -> None:
    assert decode(text.encode(encoding), "a.txt") == text.removeprefix("\ufeff")


@given(st.text(alphabet=st.characters(exclude_characters="\0", codec="utf-8")))
def test_utf8_is_never_taken_for_anything_else(text: str) -> None:
    assert decode(text.encode(), "a.txt", "cp1251") == text.removeprefix("\ufeff")


@given(st.binary())
def test_bytes_are_text_or_an_error_in_words(data: bytes) -> None:
    try:
        decoded = decode(data, "a.txt")
    except InputError as error:
        decoded = error.problem.removeprefix("a.txt: not ")
        assert decoded != error.problem  # noqa: PT017 -- most bytes are text
    assert isinstance(decoded, str)


# Standard input


def test_standard_input_is_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for content in (b'{"text": "One."}\n{"text": "Two."}\n', gzip.compress(b'{"text": "One."}\n{"text": "Two."}')):
        monkeypatch.setattr("sys.stdin", SimpleNamespace(buffer=io.BytesIO(content)))
        with Reader() as reader:
            items = list(reader.read(reader.find(["-"]).items))
        assert [item.text for item in items if isinstance(item, Article)] == ["One.", "Two."]


# The process of the parsers


def test_a_parser_that_takes_too_long_is_ended_and_the_next_document_is_read() -> None:
    slow = ("<!doctype html><body>" + "<p>The ferry sails on.</p>" * 49_000).encode()
    with Parsers(seconds=0.05) as parsers:
        (fault,) = parsers.parse(Task("html", "slow.html"), slow)
        assert isinstance(fault, InputError)
        assert fault.problem == "slow.html: cannot be read as html: takes longer than 0.05 s"
    with Parsers() as parsers:
        parsers.parse(Task("html", "a.html"), PAGE.encode())
        (fields,) = parsers.parse(Task("html", "a.html"), PAGE.encode())
        assert not isinstance(fields, InputError)
        assert fields["text"] == FERRY


def test_a_parser_that_breaks_down_is_told_and_started_again() -> None:
    with Parsers() as parsers:
        assert len(list(parsers.parse(Task("html", "a.html"), PAGE.encode()))) == 1
        process = parsers._process
        assert process is not None
        process.kill()
        process.wait()
        (fault,) = parsers.parse(Task("html", "b.html"), PAGE.encode())
        assert isinstance(fault, InputError)
        assert "its parser broke down" in fault.problem
        (fields,) = parsers.parse(Task("html", "c.html"), PAGE.encode())
        assert not isinstance(fields, InputError)


def test_both_processes_parse_alike() -> None:
    tasks = [(Task("html", "a"), PAGE), (Task("feed", "b"), RSS), (Task("markdown", "c"), "# A\n\nB")]
    with Parsers() as parsers:
        for task, content in tasks:
            assert list(parsers.parse(task, content.encode())) == list(parsed(task, content.encode()))


def test_ctrl_c_is_for_whoever_started_the_parsers() -> None:
    with Parsers() as parsers:
        for _ in range(2):
            (fields,) = parsers.parse(Task("markdown", "a"), b"It sails.")
            assert not isinstance(fields, InputError)
            assert parsers._process is not None
            parsers._process.send_signal(signal.SIGINT)


def test_a_parser_never_outlives_whoever_started_it(tmp_path: Path) -> None:
    code = (
        "from index.read.sandbox import Parsers, Task\n"
        "parsers = Parsers()\n"
        "list(parsers.parse(Task('markdown', 'a'), b'text'))\n"
        "print(parsers._process.pid, flush=True)\n"
        "import os, signal; os.kill(os.getpid(), signal.SIGKILL)"
    )
    outcome = subprocess.run([sys.executable, "-c", code], cwd=ROOT, stdout=subprocess.PIPE, text=True, check=False)
    process = Path("/proc", outcome.stdout.strip())
    deadline = monotonic() + 60
    while process.exists() and "(zombie)" not in (process / "status").read_text() and monotonic() < deadline:
        sleep(0.05)
    assert not process.exists() or "(zombie)" in (process / "status").read_text()


def test_a_table_of_bad_lines_is_not_told_line_by_line(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    path.write_text("bad\n" * 150 + '{"text": "Good."}\n', encoding="utf-8")
    with Reader() as reader:
        *faults, good, last = reader.read([path])
    assert len(faults) == MAX_FAULTS
    assert isinstance(good, Article)
    assert isinstance(last, InputError)
    assert last.problem == f"{path}: 50 more places that cannot be read"
