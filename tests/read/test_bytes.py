"""Bytes that are no text: in names of files, in arguments and piped lines, and letters that the output cannot hold."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from index.formats.decoding import mended, storable, stored_path
from tests.parts import ROOT, Run

NAME = b"caf\xe9-\xff.txt"


@pytest.mark.skipif(sys.platform != "linux", reason="other systems refuse such names")
def test_names_of_files_need_be_no_text(run: Run, tmp_path: Path) -> None:
    news, index = tmp_path / "news", tmp_path / "index"
    news.mkdir()
    path = Path(os.fsdecode(os.fsencode(news) + b"/" + NAME))
    path.write_bytes("The café opened.".encode("latin-1"))
    for counts in ("1 added, 0 changed, 0 unchanged", "0 added, 0 changed, 1 unchanged"):
        outcome = run("index", "add", news, "--prune", "--index", index)
        assert (outcome.status, outcome.err) == (0, "")
        assert f"1 articles: {counts}" in outcome.out
        assert "0 removed" in outcome.out
    (found,) = json.loads(run("index", "list", "--json", "--index", index).out)
    assert found["id"] == rf"file:{news}/caf\xe9-\xff.txt"
    path.write_bytes(b"")
    outcome = run("index", "add", news, "--prune", "--index", index)
    assert outcome.status == 1
    assert outcome.err.startswith(f"not read: {news}/caf")
    assert "0 removed" in outcome.out  # it is there, and was not read
    path.unlink()
    (news / "other.txt").write_text("It sails.", encoding="utf-8")
    assert "1 removed" in run("index", "add", news, "--prune", "--index", index).out


def test_paths_are_stored_as_text_and_found_again() -> None:
    path = os.fsdecode(b"/news/" + NAME)
    assert storable(path) == r"/news/caf\xe9-\xff.txt"
    assert stored_path(storable(path)) == path
    assert stored_path("/news/café.txt") == storable("/news/café.txt") == "/news/café.txt"


@pytest.mark.parametrize(
    ("text", "read"),
    [
        (os.fsdecode("Who is José?".encode("latin-1")), "Who is José?"),
        ("Who is José?", "Who is José?"),
        ("Who is \ud83d?", "Who is \ufffd?"),
        ("\U0001f6a2", "\U0001f6a2"),
    ],
)
def test_what_came_in_another_encoding_is_read_in_it(text: str, read: str) -> None:
    assert mended(text) == read


@pytest.fixture
def index(run: Run, tmp_path: Path) -> Path:
    line = json.dumps(
        {"id": "a", "title": "José’s café", "source": "Pósten", "text": "José opened a café – “at last”."}
    )
    (tmp_path / "a.jsonl").write_text(line, encoding="utf-8")
    assert run("index", "add", tmp_path / "a.jsonl", "--index", tmp_path / "index").status == 0
    return tmp_path / "index"


def outcome(
    index: Path, *arguments: str | bytes, piped: bytes = b"", encoding: str = "utf-8"
) -> subprocess.CompletedProcess[bytes]:
    command = [sys.executable, "-m", "assistant", *arguments, "--index", str(index)]
    environment = {**os.environ, "PYTHONIOENCODING": encoding}
    return subprocess.run(command, cwd=ROOT, input=piped, capture_output=True, env=environment, check=False)


def test_arguments_and_piped_lines_need_be_no_text(index: Path) -> None:
    listed = outcome(index, "index", "list", "--source", "pósten".encode("latin-1"))
    assert (listed.returncode, listed.stderr) == (0, b"")
    assert listed.stdout.decode().endswith("  Pósten  José’s café  a\n")
    asked = outcome(index, "ask", "Who won the José open of 1901?".encode("latin-1"))
    assert (asked.returncode, asked.stderr) == (3, b"")
    talk = outcome(index, "chat", piped="\ufeffWho won the ".encode() + "José open of 1901?\n".encode("latin-1"))
    assert (talk.returncode, talk.stderr) == (3, b"")


def test_an_output_that_lacks_letters_gets_their_codes(index: Path) -> None:
    for command in (("index", "list", "--json"), ("index", "export"), ("index", "show", "a", "--json")):
        printed = json.loads(outcome(index, *command, encoding="ascii").stdout)
        assert (printed[0] if isinstance(printed, list) else printed)["title"] == "José’s café"
    asked = outcome(index, "ask", "Who won the José open of 1901?", encoding="ascii")
    assert (asked.returncode, asked.stderr) == (3, b"")
    assert rb'Jos\u00e9 opened a caf\u00e9 - "at last".' in asked.stdout
