"""``assistant index``: list, show, remove, prune, dry run, status, check, rebuild, export, and Ctrl-C."""

import json
import sys
from pathlib import Path

import pexpect
import pytest

from index.embed.local import Embedder
from index.library import Library
from index.lifecycle.commit import CATALOG
from index.split.sentences import split_sentences
from tests.parts import ROOT, Loaded, Run

FERRY = "---\nid: ferry\ntitle: Ferry hits wall\nsource: Courier\npublished: 2023-07-09\n---\n"
WOLF = "---\nid: wolf\ntitle: A wolf\nsource: Herald\n---\nA wolf was seen near Brackwater. Nobody was hurt.\n"
COUNCIL = "---\nid: council\ntitle: Council votes\nsource: Herald\npublished: 2023-11-02\n---\nThe plan was accepted.\n"
STRUCK = "The ferry Gannet struck the wall of Port Anselm on Saturday. Two passengers were hurt.\n"


@pytest.fixture
def articles(tmp_path: Path) -> Path:
    folder = tmp_path / "articles"
    folder.mkdir()
    for name, text in (("ferry", FERRY + STRUCK), ("wolf", WOLF), ("council", COUNCIL)):
        (folder / f"{name}.md").write_text(text, encoding="utf-8")
    return folder


@pytest.fixture
def index(tmp_path: Path, articles: Path, run: Run, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("ASSISTANT_INDEX", str(tmp_path / "index"))
    assert run("index", "add", str(articles)).status == 0
    return tmp_path / "index"


pytestmark = pytest.mark.usefixtures("index")


def ids(run: Run, *options: str) -> list[str]:
    return [entry["id"] for entry in json.loads(run("index", "list", *options, "--json").out)]


def test_list_is_in_order_of_time(run: Run) -> None:
    outcome = run("index", "list")
    assert outcome.out.splitlines() == [
        "2023-07-09  Courier  Ferry hits wall  ferry",
        "2023-11-02  Herald  Council votes  council",
        "no date     Herald  A wolf  wolf",
    ]


def test_list_can_be_filtered(run: Run) -> None:
    assert ids(run, "--source", "Herald") == ["council", "wolf"]
    assert ids(run, "--source", "Herald", "--source", "Courier", "--since", "2023-07-09") == ["ferry", "council"]
    assert ids(run, "--until", "2023-07-09") == ["ferry"]
    assert ids(run, "--title", "HITS ferry") == ["ferry"]
    assert ids(run, "--title", "zeppelin") == []
    assert "--since soon is not a date" in run("index", "list", "--since", "soon").err


def test_show_has_sentences_with_their_places(run: Run, articles: Path) -> None:
    lines = run("index", "show", "ferry").out.splitlines()
    assert "title       Ferry hits wall" in lines
    assert f"from        {articles.as_posix()}/ferry.md" in lines
    assert "     0–60     The ferry Gannet struck the wall of Port Anselm on Saturday." in lines
    data = json.loads(run("index", "show", "ferry", "--json").out)
    assert [data["text"][s["start"] : s["end"]] for s in data["sentences"]] == [s["text"] for s in data["sentences"]]
    assert data["copies"] == []


def test_show_links_copies(run: Run, articles: Path) -> None:
    long = STRUCK + "The harbour master closed the northern quay until Monday, and divers looked at the hull. " * 2
    for name, text in (("wire", long), ("paper", long), ("update", long + "Both are well again.")):
        (articles / f"{name}.md").write_text(f"---\nid: {name}\n---\n{text}", encoding="utf-8")
    run("index", "add", str(articles))
    data = json.loads(run("index", "show", "wire", "--json").out)
    assert {copy["id"]: copy["kind"] for copy in data["copies"]} == {
        "paper": "same text",
        "update": "version",
        "ferry": "excerpt",
    }
    assert "copy        paper  same text, 100% of the words in common" in run("index", "show", "wire").out


def test_remove_takes_articles_out(run: Run) -> None:
    outcome = run("index", "remove", "ferry", "wolf", "ferry")
    assert (outcome.status, outcome.out.split()[0]) == (0, "2")
    assert ids(run) == ["council"]


def test_remove_of_an_unknown_article_removes_none(run: Run) -> None:
    for arguments in (("remove", "ferry", "zeppelin"), ("show", "zeppelin")):
        outcome = run("index", *arguments)
        assert (outcome.status, outcome.out) == (1, "")
        assert outcome.err.startswith("Error: no article of the index has the id zeppelin\n")
    assert len(ids(run)) == 3


def test_prune_removes_what_left_the_folder_and_nothing_else(run: Run, articles: Path, tmp_path: Path) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / "heron.md").write_text("---\nid: heron\n---\nA heron stood by the weir.\n", encoding="utf-8")
    (elsewhere / "wolf.md").write_text(WOLF, encoding="utf-8")
    run("index", "add", str(elsewhere))
    for name in ("ferry", "wolf"):
        (articles / f"{name}.md").unlink()
    dry = run("index", "add", str(articles), "--prune", "--dry-run")
    assert dry.out.splitlines()[0] == "- ferry"
    assert "1 removed, 1 unchanged; this was a dry run: nothing was written" in dry.out
    assert len(ids(run)) == 4
    outcome = run("index", "add", str(articles), "--prune")
    assert f"1 removed that are no longer in {articles}" in outcome.out
    assert sorted(ids(run)) == ["council", "heron", "wolf"]  # the wolf is still elsewhere
    (elsewhere / "wolf.md").unlink()
    run("index", "add", str(elsewhere), "--prune")
    assert sorted(ids(run)) == ["council", "heron"]


def test_prune_keeps_an_article_whose_file_was_renamed(run: Run, articles: Path) -> None:
    (articles / "ferry.md").rename(articles / "ship.md")
    assert "0 removed" in run("index", "add", str(articles), "--prune").out
    assert json.loads(run("index", "show", "ferry", "--json").out)["origins"] == [f"{articles.as_posix()}/ship.md"]


def test_prune_needs_a_folder(run: Run, articles: Path) -> None:
    outcome = run("index", "add", str(articles / "ferry.md"), "--prune")
    assert outcome.status == 2
    assert "pruning compares the index with a folder" in outcome.err


def test_a_dry_run_tells_and_writes_nothing(run: Run, articles: Path, index: Path) -> None:
    before = (index / CATALOG).read_bytes()
    (articles / "ferry.md").write_text(FERRY + STRUCK + "One is well again.\n", encoding="utf-8")
    (articles / "heron.md").write_text("---\nid: heron\ntitle: Heron\n---\nA heron stood.\n", encoding="utf-8")
    outcome = run("index", "add", str(articles), "--dry-run")
    assert outcome.out.splitlines() == [
        "~ ferry  Ferry hits wall",
        "+ heron  Heron",
        "1 added, 1 changed, 0 removed, 2 unchanged; this was a dry run: nothing was written",
    ]
    assert (index / CATALOG).read_bytes() == before
    other = index.with_name("none")
    assert "4 added, 0 changed" in run("index", "add", str(articles), "--dry-run", "--index", str(other)).out
    assert not other.exists()


def test_status_as_json(run: Run, index: Path) -> None:
    data = json.loads(run("index", "status", "--json").out)
    assert data["disk_bytes"] > 0
    del data["disk_bytes"]
    assert data == {
        "folder": str(index),
        "articles": 3,
        "chunks": 3,
        "embedder": "local:bge-small-en-v1.5",
        "pending": 0,
        "shards": [],
    }


def test_check_tells_what_is_wrong_and_rebuild_mends_it(run: Run, index: Path) -> None:
    assert run("index", "check").out == "3 articles, 3 chunks: all parts agree\n"
    (words,) = index.glob("words-*")
    for file in words.iterdir():
        file.unlink()
    outcome = run("index", "check")
    assert outcome.status == 1
    assert "3 chunks are missing among the words: council#0@1, ferry#0@1, wolf#0@1\n" in outcome.out
    assert json.loads(run("index", "check", "--json").out)["problems"]
    rebuilt = run("index", "rebuild")
    assert (rebuilt.status, rebuilt.out) == (0, f"3 articles rebuilt in {index}; 0 chunks embedded\n")
    assert run("index", "check").status == 0
    assert sorted(path.name for path in index.glob("*-*") if path.is_dir()) == ["vectors-2", "words-2"]


def test_export_can_be_added_again(run: Run, tmp_path: Path) -> None:
    file, copy = tmp_path / "out" / "all.jsonl", tmp_path / "copy"
    file.parent.mkdir()
    assert run("index", "export", "--output", str(file)).out == ""
    assert run("index", "export").out == file.read_text(encoding="utf-8")
    assert [path.name for path in file.parent.iterdir()] == ["all.jsonl"]
    for line in map(json.loads, file.read_text(encoding="utf-8").splitlines()):
        spans = [(sentence.start, sentence.end) for sentence in split_sentences(line["text"])]
        assert [tuple(span) for span in line["sentences"]] == spans
    run("index", "add", str(file), "--index", str(copy))
    assert run("index", "list", "--json", "--index", str(copy)).out == run("index", "list", "--json").out


def test_export_of_sentences(run: Run) -> None:
    lines = run("index", "export", "--sentences", "--source", "Courier").out.splitlines()
    assert [json.loads(line)["text"] for line in lines] == STRUCK.strip().replace(". ", ".\n").split("\n")
    assert json.loads(lines[0])["article"] == "ferry"
    assert "cannot" not in run("index", "export", "--output", "/nowhere/file").out
    assert run("index", "export", "--output", "/nowhere/file").status == 1


@pytest.mark.parametrize("command", ["add", "check", "export", "list", "rebuild", "remove", "show", "status"])
def test_every_command_has_help_with_examples(run: Run, command: str) -> None:
    outcome = run("index", command, "--help")
    assert outcome.status == 0
    assert f"Usage: assistant index {command} [OPTIONS]" in outcome.out
    assert f"\n    assistant index {command}" in outcome.out


# Ctrl-C


def test_ctrl_c_ends_after_the_batch_and_loses_nothing(
    tmp_path: Path, embedder: Embedder, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TERM", "xterm")  # a dumb one is shown no progress
    file, index = tmp_path / "many.jsonl", tmp_path / "many"
    with file.open("w", encoding="utf-8") as stream:
        for number in range(1200):
            stream.write(json.dumps({"id": f"a{number}", "text": f"Report {number}. It rained in Vellin."}) + "\n")
    command = [sys.executable, "-m", "assistant", "index", "add", str(file), "--index", str(index)]
    child = pexpect.spawn(command[0], command[1:], cwd=str(ROOT), encoding="utf-8", timeout=120, dimensions=(24, 160))
    child.expect("200 articles, 200 chunks embedded")
    child.sendintr()
    child.expect("Stopping after this batch")
    child.expect(r"(\d+) articles: ")
    told = int(child.match[1])
    child.expect("Interrupted. Nothing is lost: run the same command again.")
    child.expect(pexpect.EOF)
    child.close()
    assert child.exitstatus == 130
    library = Library(index, Loaded(embedder))
    assert library.status().articles == told
    assert 200 <= told < 1200
    assert library.check().problems == ()
