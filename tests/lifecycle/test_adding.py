"""``assistant index add``: mixed sources, what is said about those that cannot be read, and exit statuses."""

import gzip
import json
import os
import signal
import subprocess
import sys
import threading
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pexpect
import pytest

from assistant.assistant import Assistant
from assistant.embedded.provider import ModelProvider
from assistant.settings import Settings
from index.articles import Article
from index.errors import InputError, InputWarning, UsageError
from index.formats.article_fields import FieldNames
from index.lifecycle.add import AddReport
from index.lifecycle.commit import CATALOG
from index.read.readers import Reading
from index.store.catalog import Catalog
from tests.files import PAGE, RSS, pdf
from tests.parts import ROOT, Run

WAIT_SECONDS = 120


@pytest.fixture
def news(tmp_path: Path) -> Path:
    """A folder of files of many kinds."""
    folder = tmp_path / "news"
    (folder / "drafts").mkdir(parents=True)
    contents = {
        "a.html": PAGE.encode(),
        "b.rss": RSS.encode(),
        "c.pdf": pdf([["The ferry sails at noon."]]),
        "d.jsonl.gz": gzip.compress(b'{"text": "It sails at four."}\n'),
        "drafts/e.txt": b"It may sail at five.",
        "f.docx": b"PK\3\4\0\0",
    }
    for name, content in contents.items():
        (folder / name).write_bytes(content)
    return folder


def stored(index: Path, *ids: str) -> set[str]:
    catalog = Catalog.open(index / CATALOG)
    assert catalog is not None
    return set(catalog.entries(list(ids)))


def test_a_folder_of_mixed_files_is_added(run: Run, news: Path, tmp_path: Path) -> None:
    outcome = run("index", "add", news, "--index", tmp_path / "index")
    assert (outcome.status, outcome.err) == (0, "")
    first, second = outcome.out.splitlines()
    assert first.startswith("6 articles: 6 added, 0 changed, 0 unchanged; ")
    assert second == "1 files of other kinds were left out: 1 .docx"
    assert stored(tmp_path / "index", "c-1", "c-2") == {"c-1", "c-2"}
    again = run("index", "add", news, "--index", tmp_path / "index")
    assert again.out.startswith("6 articles: 0 added, 0 changed, 6 unchanged; 0 chunks ")


def test_what_cannot_be_read_has_its_line_and_status_1(run: Run, news: Path, tmp_path: Path) -> None:
    (news / "d.jsonl").write_text('{"text": "One."}\nbroken\n{"text": "Two."}\n', encoding="utf-8")
    (news / "g.pdf").write_bytes(pdf([["x"]])[:200])
    outcome = run("index", "add", news, tmp_path / "none", "--index", tmp_path / "index")
    assert outcome.status == 1
    assert outcome.err.splitlines() == [
        f"not read: {tmp_path / 'none'}: no such file or folder (check the path)",
        f"not read: {news}/d.jsonl:2: not valid JSON: Expecting value at character 0 (write one JSON object a line)",
        f"not read: {news / 'g.pdf'}: the PDF ends early (fetch or save it again)",
    ]
    assert outcome.out.startswith("8 articles: 8 added")
    assert outcome.out.endswith("\n3 could not be read; the reasons stand above\n")


def test_names_cannot_command_the_terminal(run: Run, tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("It sails.", encoding="utf-8")
    (tmp_path / "b\x1b[2J\n[bold]x.txt").write_bytes(b"")
    outcome = run("index", "add", tmp_path, "--index", tmp_path / "index")
    assert outcome.err == f"not read: {tmp_path}/b\ufffd[2J\ufffd[bold]x.txt: empty (leave it out)\n"


def test_options_say_how_to_read(run: Run, news: Path, tmp_path: Path) -> None:
    index = tmp_path / "index"
    rows = news / "rows.csv"
    rows.write_text("headline,body,day\nFerry,It sails.,2023-11-09\n", encoding="utf-8")
    fields = ("--field", "text=body", "--field", "title=headline", "--field", "published=day", "--field", "id=day")
    assert run("index", "add", rows, *fields, "--index", index).status == 0
    assert stored(index, "2023-11-09") == {"2023-11-09"}
    only = run("index", "add", news, "--include", "*.txt", "--index", tmp_path / "only")
    assert only.out.startswith("1 articles: 1 added")
    none = run("index", "add", news, "--include", "*.txt", "--exclude", "drafts/", "--index", tmp_path / "none")
    assert none.status == 1
    assert none.err.startswith(f"Error: no articles in {news}\n")
    assert not (tmp_path / "none").exists()
    wrong = run("index", "add", rows, "--field", "body", "--index", index)
    assert wrong.status == 2
    assert wrong.err.startswith("Error: --field body names no field\nwrite --field OURS=THEIRS")
    assert run("index", "add", rows, "--format", "docx", "--index", index).status == 2


def test_addresses_of_this_machine_are_read_when_that_is_allowed(
    run: Run, news: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Quiet(SimpleHTTPRequestHandler):
        def __init__(self, *arguments: object) -> None:
            super().__init__(*arguments, directory=str(news))  # type: ignore[arg-type]

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Quiet) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        address = f"http://127.0.0.1:{server.server_port}/b.rss"
        refused = run("index", "add", address, "--index", tmp_path / "index")
        allowed = run("index", "add", address, "--allow-private", "--index", tmp_path / "index")
        monkeypatch.setenv("ASSISTANT_ALLOW_PRIVATE", "true")
        by_setting = run("index", "add", address, "--index", tmp_path / "index")
        server.shutdown()
        thread.join()
    assert refused.status == 1
    assert "is a machine of this or the private network (127.0.0.1)" in refused.err
    assert "--allow-private" in refused.err
    assert (allowed.status, allowed.out.partition(" added")[0]) == (0, "2 articles: 2")
    assert by_setting.out.startswith("2 articles: 0 added, 0 changed, 2 unchanged")


def test_standard_input_is_added(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "assistant", "index", "add", "-", "--index", str(tmp_path / "index")]
    lines = "".join(json.dumps({"id": str(number), "text": f"Crossing {number}."}) + "\n" for number in range(3))
    outcome = subprocess.run(command, cwd=ROOT, input=lines, capture_output=True, text=True, check=True)
    assert outcome.stdout.startswith("3 articles: 3 added")
    assert stored(tmp_path / "index", "0", "1", "2") == {"0", "1", "2"}
    empty = subprocess.run(command, cwd=ROOT, input="", capture_output=True, text=True, check=False)
    assert empty.returncode == 1
    assert empty.stderr == "not read: standard input: empty (leave it out)\n"


def test_a_question_is_answered_although_something_could_not_be_read(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("The ferry sails.", encoding="utf-8")
    (tmp_path / "b.txt").write_bytes(b"")
    command = [sys.executable, "-m", "assistant", "ask", "Who won the chess open of 1901?"]
    command += ["--add", str(tmp_path), "--index", str(tmp_path / "index")]
    outcome = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert outcome.returncode == 3
    assert outcome.stderr == f"not read: {tmp_path / 'b.txt'}: empty (leave it out)\n"


def test_a_terminal_shows_whole_lines(tmp_path: Path) -> None:
    for number in range(3):
        (tmp_path / f"{number}-{'long-name-' * 12}.txt").write_bytes(b"")
    (tmp_path / "good.txt").write_text("It sails.", encoding="utf-8")
    arguments = ["-m", "assistant", "index", "add", str(tmp_path), "--index", str(tmp_path / "index")]
    child = pexpect.spawn(sys.executable, arguments, cwd=str(ROOT), encoding="utf-8", dimensions=(30, 80))
    child.expect(pexpect.EOF, timeout=WAIT_SECONDS)
    child.close()
    assert child.exitstatus == 1
    assert str(child.before).count("-.txt: empty (leave it out)") == 3
    assert "3 could not be read" in str(child.before)


def test_ctrl_c_while_a_page_is_parsed_ends_cleanly(tmp_path: Path) -> None:
    slow = "<!doctype html><body>" + "<p>The ferry sails on.</p>" * 49_000
    pipe = tmp_path / "pipe.html"
    os.mkfifo(pipe)
    command = [sys.executable, "-m", "assistant", "index", "add", str(pipe), "--index", str(tmp_path / "index")]
    process = subprocess.Popen(command, cwd=ROOT, stderr=subprocess.PIPE, text=True, start_new_session=True)
    pipe.write_text(slow, encoding="utf-8")  # is done when the command has read it
    os.killpg(process.pid, signal.SIGINT)
    _, err = process.communicate(timeout=WAIT_SECONDS)
    assert process.returncode == 130
    assert [line for line in err.splitlines() if line] == [
        "Stopping after this batch; Ctrl-C again stops at once.",
        "Interrupted. Nothing is lost: run the same command again.",
    ]


def test_prune_leaves_what_could_not_be_read_and_what_is_left_out(run: Run, news: Path, tmp_path: Path) -> None:
    index = tmp_path / "index"
    lines = news / "lines.jsonl"
    lines.write_text('{"id": "one", "text": "One."}\n{"id": "two", "text": "Two."}\n', encoding="utf-8")
    (news / "gone.txt").write_text("It sailed once.", encoding="utf-8")
    gone, draft = (f"file:{(news / name).as_posix()}" for name in ("gone.txt", "drafts/e.txt"))
    assert run("index", "add", news, "--index", index).status == 0
    lines.write_text('{"id": "one", "text": "One."}\nbroken\n', encoding="utf-8")
    (news / "c.pdf").write_bytes(b"%PDF-1.7 broken")
    (news / "gone.txt").unlink()
    for options in (("--dry-run",), ()):
        outcome = run("index", "add", news, "--prune", "--exclude", "drafts/", *options, "--index", index)
        assert outcome.status == 1
        assert [line.partition(": ")[0] for line in outcome.err.splitlines()] == ["not read", "not read"]
        assert "1 removed" in outcome.out
        assert stored(index, "two", "c-1", draft) == {"two", "c-1", draft}
    assert stored(index, gone) == set()
    lines.write_text('{"id": "one", "text": "One."}\n', encoding="utf-8")
    assert "1 removed" in run("index", "add", lines, news, "--prune", "--index", index).out
    assert stored(index, "one", "two") == {"one"}


def test_standard_input_and_addresses_are_where_articles_come_from(tmp_path: Path, run: Run) -> None:
    index = ("--index", str(tmp_path / "index"))
    command = [sys.executable, "-m", "assistant", "index", "add", "-", *index]
    subprocess.run(command, cwd=ROOT, input='{"id": "a", "text": "It sails."}', text=True, check=True)
    assert json.loads(run("index", "show", "a", "--json", *index).out)["origins"] == ["-"]


# In Python


def test_python_programs_are_told_or_stopped(settings: Settings, models: ModelProvider, tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("It sails.", encoding="utf-8")
    (tmp_path / "b.txt").write_bytes(b"")
    (tmp_path / "c.json").write_text('{"story": "It rests.", "id": "c"}', encoding="utf-8")
    told: list[InputError | InputWarning] = []
    with Assistant(settings.model_copy(update={"index": tmp_path / "index"}), models) as assistant:
        with pytest.raises(InputError, match=r"b\.txt: empty"):
            assistant.add(tmp_path)
        reading = Reading(FieldNames((("text", "story"),)))
        report = assistant.add(tmp_path, reading=reading, unreadable=told.append)
        assert (report.articles, [error.problem for error in told]) == (2, [f"{tmp_path / 'b.txt'}: empty"])
        assert assistant.add(str(tmp_path / "a.txt")).unchanged == 1
        with pytest.raises(InputError, match="private network"):
            assistant.add("http://127.0.0.1:9/")


def test_what_python_programs_added_is_pruned_as_from_the_command_line(
    settings: Settings, models: ModelProvider, tmp_path: Path, run: Run
) -> None:
    news, index = tmp_path / "news", tmp_path / "index"
    news.mkdir()
    for name in ("a", "b", "c", "d"):
        (news / f"{name}.txt").write_text(f"The ship {name} sails.", encoding="utf-8")
    with Assistant(settings.model_copy(update={"index": index}), models) as assistant:
        assistant.add([Article("own", text="It rests.")])
        assert assistant.add(news, prune=True) == AddReport(added=4, chunks=4)
        (news / "a.txt").unlink()
        (news / "b.txt").write_bytes(b"")  # is there, but cannot be read: what came from it stays
        told: list[InputError | InputWarning] = []
        report = assistant.add(news, unreadable=told.append, prune=True)
        assert (report.unchanged, len(report.removed), len(told)) == (2, 1, 1)
        (news / "b.txt").unlink()
        (news / "c.txt").unlink()
        outcome = run("index", "add", news, "--prune", "--index", index)
        assert f"2 removed that are no longer in {news}" in outcome.out
        assert {entry.info.id for entry in assistant.library.list()} > {"own"}
        assert assistant.status().articles == 2
        with pytest.raises(UsageError, match="name the folder"):
            assistant.add(news / "d.txt", prune=True)
        with pytest.raises(UsageError, match="name their folder"):
            assistant.add([Article("own", text="It rests.")], prune=True)
        (news / "d.txt").unlink()
        with pytest.raises(InputError, match=rf"no articles in {news}\n.*Patterns\.include"):
            assistant.add(news)
