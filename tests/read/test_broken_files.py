"""Broken and hostile files: one clear line for each, and everything around them is read."""

import gzip
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from index.articles import Article
from index.errors import InputError
from index.lifecycle.commit import CATALOG
from index.read.readers import Reader, read_articles
from index.store.catalog import Catalog
from tests.broken_files import Broken, broken_files
from tests.files import ATOM, PAGE, RSS, pdf
from tests.parts import ROOT

BROKEN = broken_files()
LONGEST_LINE = 600  # characters beyond the path
MOST_MEGABYTES = 600  # measured: 263 for the command with the embedding model, 103 for its parsers


@pytest.fixture(scope="module")
def reader() -> Iterator[Reader]:
    with Reader() as reader:
        yield reader


def test_there_are_enough_of_them_and_each_has_its_name() -> None:
    assert len(BROKEN) >= 300
    assert len({broken.name for broken in BROKEN}) == len(BROKEN)


@pytest.mark.parametrize("broken", BROKEN, ids=lambda broken: broken.name)
def test_a_broken_file_gives_a_clear_line_and_its_neighbours_are_read(
    reader: Reader, tmp_path: Path, broken: Broken
) -> None:
    path, before, after = broken.write(tmp_path), tmp_path / "before.txt", tmp_path / "after.html"
    before.write_text("The ferry sails.", encoding="utf-8")
    after.write_text("<!doctype html><p>The ferry is back.</p>", encoding="utf-8")
    first, *items, last = reader.read([before, path, after])
    assert isinstance(first, Article)
    assert isinstance(last, Article)
    assert (first.text, last.text) == ("The ferry sails.", "The ferry is back.")
    faults = [item for item in items if isinstance(item, InputError)]
    assert faults
    assert sum(isinstance(item, Article) for item in items) == broken.good
    for fault in faults:
        assert re.match(re.escape(str(path)) + r"(:\d+)?: \S", fault.problem)
        assert fault.problem.splitlines() == [fault.problem]
        assert len(fault.problem) < len(str(path)) + LONGEST_LINE
        assert "Error" not in fault.problem.removeprefix(str(path))
        assert fault.remedy
    assert any(re.search(broken.said, fault.problem) for fault in faults)


def test_a_folder_of_them_is_added_in_bounded_memory(tmp_path: Path) -> None:
    """The command as people run it: every broken file has its line, every good one is in the index."""
    news, index = tmp_path / "news", tmp_path / "index"
    news.mkdir()
    for broken in BROKEN:
        broken.write(news)
    good = write_good_ones(news)
    unusual = make_unusual_ones(news)
    code = (
        "import resource, sys\n"
        "from assistant.cli.main import main\n"
        "from evals.experiments.peak_memory import peak_megabytes\n"
        "try:\n    main()\n"
        "finally:\n"
        "    parsers = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss\n"
        "    print('peak', peak_megabytes())\n"
        "    print('peak', parsers * (1 if sys.platform == 'darwin' else 1024) / 1e6)"
    )
    command = [sys.executable, "-c", code, "index", "add", str(news), "--index", str(index)]
    outcome = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert outcome.returncode == 1
    lines = outcome.stderr.splitlines()
    assert all(line.startswith("not read: ") for line in lines)
    named = {broken.name for broken in BROKEN if any(f"/{broken.name}:" in line for line in lines)}
    others = {broken.name for broken in BROKEN if broken.name.startswith("other.")}
    assert named == {broken.name for broken in BROKEN} - others
    assert f"{len(others)} files of other kinds were left out: " in outcome.stdout
    assert all(any(f"{path}: " in line for line in lines) for path in unusual)
    assert f"{len(lines)} could not be read" in outcome.stdout
    catalog = Catalog.open(index / CATALOG)
    assert catalog is not None
    articles = [article for path in good for article in read_articles(path)]
    entries = catalog.entries([article.id for article in articles])
    assert {name: entry.digest for name, entry in entries.items()} == {one.id: one.digest for one in articles}
    ours, parsers = (float(line.split()[1]) for line in outcome.stdout.splitlines() if line.startswith("peak "))
    assert ours < MOST_MEGABYTES, "the command, the embedding model included"
    assert parsers < MOST_MEGABYTES, "its parsers"


def write_good_ones(folder: Path) -> list[Path]:
    contents = {
        "good.txt": b"The ferry Gannet sails.",
        "good.md": b"# Ferry\n\nIt sails twice.",
        "good.html": PAGE.encode(),
        "good.rss": RSS.encode(),
        "good.atom": ATOM.encode(),
        "good.pdf": pdf([["The ferry sails at noon."]]),
        "good.jsonl": b'{"text": "It sails at one."}\n',
        "good.json": b'[{"text": "It sails at two."}]',
        "good.csv": b"title,text\nFerry,It sails at three.\n",
        "good.jsonl.gz": gzip.compress(b'{"text": "It sails at four."}\n'),
        "good": b"The ferry has no suffix.",
        "mark.txt": "\u200b".encode(),  # nothing that can be seen is still a text
    }
    for name, content in contents.items():
        (folder / name).write_bytes(content)
    return [folder / name for name in contents]


def make_unusual_ones(folder: Path) -> list[Path]:
    """Links that lead nowhere or in circles; the circles of folders are walked once and need no line."""
    (folder / "again").symlink_to(folder)
    (folder / "inner").mkdir()
    (folder / "inner" / "back").symlink_to(folder / "inner")
    (folder / "itself.txt").symlink_to(folder / "itself.txt")
    (folder / "nowhere.txt").symlink_to(folder / "none")
    os.mkfifo(folder / "pipe.txt")
    return [folder / "itself.txt", folder / "nowhere.txt", folder / "pipe.txt"]
