"""Adding with several embedding processes: the same index, and as safe as with one."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from index.articles import Article
from index.embed.local import Embedder
from index.errors import IndexStateError, ModelError
from index.library import Library
from index.lifecycle.add import AddReport
from index.lifecycle.commit import CATALOG
from index.store.catalog import Catalog
from tests.lifecycle.test_library import OtherEmbedder
from tests.parts import ROOT, Loaded

GROUP = 200  # articles that are looked up, and here committed, at once


def reports(number: int, votes: int = 5) -> list[Article]:
    return [
        Article(f"report-{day}", text=f"On day {day} the council of Vellin voted {votes} to 3.")
        for day in range(number)
    ]


def contents(library: Library) -> dict[str, tuple[str, np.ndarray]]:
    return {stored.article.id: (stored.article.digest, stored.vectors) for stored in library.get()}


def committed(index: Path) -> int:
    """Articles that readers of the index see."""
    catalog = Catalog.open(index / CATALOG) if (index / CATALOG).exists() else None
    return catalog.counts()[0] if catalog else 0


def children(process: int) -> list[int]:
    """The embedding processes that a process has begun."""
    threads = Path(f"/proc/{process}/task").glob("*/children")  # each thread has its own
    begun = [child for thread in threads for child in thread.read_text(encoding="ascii").split()]
    return [int(child) for child in begun if b"embed.processes" in Path(f"/proc/{child}/cmdline").read_bytes()]


def test_several_processes_give_the_index_that_one_gives(tmp_path: Path, embedder: Embedder) -> None:
    # The last articles come twice, changed, while their first version may still be on its way.
    articles = [*reports(2 * GROUP + 10), *reports(GROUP, votes=9), Article("report-5", text="Gone.")]
    one, several = (Library(tmp_path / name, Loaded(embedder)) for name in ("one", "several"))
    shown: list[AddReport] = []
    plain = one.add(articles)
    assert several.add(articles, shown.append, jobs=2) == plain == shown[-1]
    assert all(after.articles >= before.articles for before, after in pairwise(shown))
    ours, theirs = contents(several), contents(one)
    assert ours.keys() == theirs.keys()
    for name, (digest, vectors) in ours.items():
        assert digest == theirs[name][0]
        np.testing.assert_allclose(vectors, theirs[name][1], atol=1e-5)
    assert several.check().problems == ()
    assert several.add(articles[-1:], jobs=2).unchanged == 1


def test_stopping_keeps_what_is_committed(tmp_path: Path, embedder: Embedder) -> None:
    library = Library(tmp_path / "index", Loaded(embedder))
    report = library.add(reports(5 * GROUP), stop=lambda: True, jobs=2)
    assert report.added == GROUP
    assert len(library.list()) == report.added
    assert library.check().problems == ()
    assert library.add(reports(GROUP + 1), jobs=2).unchanged == report.added
    assert children(os.getpid()) == []


def test_another_model_is_refused_before_anything_is_embedded(tmp_path: Path, embedder: Embedder) -> None:
    Library(tmp_path / "index", Loaded(embedder)).add(reports(1))
    with pytest.raises(IndexStateError, match="other vectors"):
        Library(tmp_path / "index", Loaded(OtherEmbedder(embedder.name))).add(reports(3), jobs=2)


ADD = """
import sys
from pathlib import Path
from assistant.embedded.provider import ModelProvider
from assistant.settings import load_settings
from index.library import Library
from tests.embed.test_jobs import GROUP, reports
if __name__ == "__main__":
    library = Library(Path(sys.argv[1]), ModelProvider(load_settings()))
    library.add(reports(8 * GROUP), lambda report: print(report.added, flush=True), jobs=2)
"""


@pytest.fixture
def adding(tmp_path: Path) -> Iterator["subprocess.Popen[str]"]:
    program = tmp_path / "add.py"
    program.write_text(ADD, encoding="utf-8")
    command = [sys.executable, str(program), str(tmp_path / "index")]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    with subprocess.Popen(command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout
        assert process.stdout.readline()  # something is committed
        yield process
        process.kill()


def test_the_processes_end_when_the_one_that_writes_is_killed(
    adding: "subprocess.Popen[str]", tmp_path: Path, embedder: Embedder
) -> None:
    workers = children(adding.pid)
    assert len(workers) >= 2
    adding.kill()
    adding.wait()
    while any(Path(f"/proc/{worker}/exe").exists() for worker in workers):
        time.sleep(0.02)
    library = Library(tmp_path / "index", Loaded(embedder))
    library.add(reports(3))
    assert library.check().problems == ()
    kept = {name: digest for name, (digest, _) in contents(library).items()}
    assert kept
    assert kept.items() <= {article.id: article.digest for article in reports(8 * GROUP)}.items()


def test_ctrl_c_commits_what_is_embedded_and_ends_every_process(tmp_path: Path, embedder: Embedder) -> None:
    articles, index = tmp_path / "reports.jsonl", tmp_path / "index"
    lines = (json.dumps({"id": article.id, "text": article.text}) for article in reports(40 * GROUP))
    articles.write_text("\n".join(lines), encoding="utf-8")
    command = [sys.executable, "-m", "assistant", "index", "add", str(articles), "--jobs", "2", "--index", str(index)]
    process = subprocess.Popen(command, cwd=ROOT, stderr=subprocess.PIPE, text=True, start_new_session=True)
    library = Library(index, Loaded(embedder))
    while not committed(index):
        assert process.poll() is None
        time.sleep(0.05)
    workers = children(process.pid)
    os.killpg(process.pid, signal.SIGINT)  # as a terminal does it
    _, err = process.communicate(timeout=240)
    assert process.returncode == 130
    assert err.splitlines()[-1] == "Interrupted. Nothing is lost: run the same command again."
    assert "Traceback" not in err
    assert workers
    assert not any(Path(f"/proc/{worker}/exe").exists() for worker in workers)
    assert library.check().problems == ()
    assert 0 < len(library.list()) < 40 * GROUP


def test_a_process_that_is_killed_is_told(tmp_path: Path, embedder: Embedder) -> None:
    library = Library(tmp_path / "index", Loaded(embedder))
    killed: list[int] = []

    def kill(_: AddReport) -> None:
        for child in children(os.getpid()):
            os.kill(child, signal.SIGKILL)
            killed.append(child)

    with pytest.raises(ModelError, match="one of the 2 embedding processes was ended from outside"):
        library.add(reports(8 * GROUP), kill, jobs=2)
    assert killed
    catalog = Catalog.open(tmp_path / "index" / CATALOG)
    assert catalog is not None
    assert 0 < catalog.counts()[0] < 8 * GROUP
    assert library.check().problems == ()
