"""Readers while another process writes: no error, no half article, and soon the new state. Two writers."""

import os
import random
import re
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import IO, NamedTuple

import pytest

from assistant.embedded.provider import ModelProvider
from assistant.settings import load_settings
from index.articles import Article, Chunk
from index.embed.local import Embedder
from index.library import Library
from index.split.chunks import split_chunks
from tests.parts import NEWSROOM, ROOT, Loaded

ARTICLES = int(os.environ.get("TEST_ARTICLES", "150"))
AT_ONCE = 50
ASK_EVERY = 0.05  # seconds
CHUNKS = 3
WORDS = sorted(set(re.findall(r"\b[a-z]{5,9}\b", " ".join(file.read_text("utf-8") for file in NEWSROOM.glob("*.md")))))


def article(number: int, edition: int) -> Article:
    """An article of three chunks, each of which has the article's own name and words that no other one has."""
    chance = random.Random(f"{number}/{edition}")
    name = f"Tollebridge{number}"
    paragraphs = []
    for part in range(CHUNKS):
        said = " ".join(chance.choices(WORDS, k=80))
        paragraphs.append(f"In {name} the mayor spoke of edition {edition}. {said.capitalize()}. That was part {part}.")
    return Article(f"a{number}", f"From {name}", text="\n\n".join(paragraphs))


def batches(total: int) -> Iterator[list[Article]]:
    """New articles, each time with some older ones changed."""
    for edition, first in enumerate(range(0, total, AT_ONCE)):
        new = [article(number, edition) for number in range(first, first + AT_ONCE)]
        yield new + [article(number, edition) for number in range(edition, first, 9)]


def write(folder: Path, total: int) -> None:
    """Add the batches one after the other; of each the time and the last article are told."""
    library = Library(folder, ModelProvider(load_settings()))
    for batch in batches(total):
        library.add(batch)
        sys.stdout.write(f"{time.monotonic()} {batch[-1].id}\n")
        sys.stdout.flush()


class Commit(NamedTuple):
    moment: float  # of the monotonic clock, which processes share
    article: str  # one of its articles


class Commits:
    """The latest commit that the writer has told of."""

    def __init__(self, lines: IO[str]) -> None:
        self.latest: Commit | None = None
        self._thread = threading.Thread(target=self._read, args=(lines,))
        self._thread.start()

    def _read(self, lines: IO[str]) -> None:
        for line in lines:
            moment, name = line.split()
            self.latest = Commit(float(moment), name)

    def wait(self) -> None:
        self._thread.join()


def assert_whole(chunks: list[Chunk], name: str, total: int) -> bool:
    """An article is found with all of its chunks in one edition, or not at all; whether it is found."""
    own = {chunk for chunk in chunks if chunk.article.id == name}
    editions = range(-(-total // AT_ONCE))
    assert not own or own in [set(split_chunks(article(int(name[1:]), edition))) for edition in editions]
    return bool(own)


def test_a_reader_sees_whole_articles_soon_after_they_are_committed(tmp_path: Path, embedder: Embedder) -> None:
    folder = tmp_path / "index"
    first = [Article("bystander", text="A heron stood by the weir.")]
    Library(folder, Loaded(embedder)).add(first)
    reader = Library(folder, Loaded(embedder))
    code = (
        "from pathlib import Path; from tests.lifecycle.test_concurrency import write;"
        f"write(Path({str(folder)!r}), {ARTICLES})"
    )
    delays: dict[Commit, float] = {}
    asked = 0
    with subprocess.Popen([sys.executable, "-c", code], cwd=ROOT, stdout=subprocess.PIPE, text=True) as writer:
        assert writer.stdout is not None
        commits = Commits(writer.stdout)
        while writer.poll() is None or commits.latest not in delays:
            started = time.monotonic()
            latest = commits.latest
            name = latest.article if latest else "a0"
            hits = reader.search(f"Who spoke in Tollebridge{name[1:]}?", k=30, candidates=30).hits
            asked += 1
            if assert_whole([hit.chunk for hit in hits], name, ARTICLES) and latest:
                delays.setdefault(latest, time.monotonic() - latest.moment)
            time.sleep(max(0.0, ASK_EVERY - (time.monotonic() - started)))
        commits.wait()
    assert writer.returncode == 0
    sys.stderr.write(f"\n{asked} searches; {len(delays)} commits seen after at most {max(delays.values()):.2f} s\n")
    assert reader.status().articles == ARTICLES + 1
    assert reader.check().problems == ()


def test_the_second_writer_waits_and_says_so(tmp_path: Path, embedder: Embedder) -> None:
    waits: list[str] = []
    folder = tmp_path / "index"
    slow, other = Library(folder, Loaded(embedder)), Library(folder, Loaded(embedder), lambda: waits.append("waiting"))
    begun, go_on = threading.Event(), threading.Event()

    def articles() -> Iterator[Article]:
        begun.set()
        assert go_on.wait(60)
        yield article(1, 0)

    first = threading.Thread(target=slow.add, args=(articles(),))
    first.start()
    assert begun.wait(60)
    second = threading.Thread(target=other.add, args=([article(2, 0)],))
    second.start()
    while not waits:
        time.sleep(0.01)
    go_on.set()
    for thread in (first, second):
        thread.join(60)
    assert waits == ["waiting"]
    assert {entry.info.id for entry in slow.list()} == {"a1", "a2"}
    assert slow.check().problems == ()


def test_a_writer_that_never_ends_is_named(tmp_path: Path, embedder: Embedder, monkeypatch: pytest.MonkeyPatch) -> None:
    from index.errors import IndexStateError
    from index.lifecycle import write_lock as writing

    monkeypatch.setattr(writing, "LOCK_SECONDS", 0.1)
    folder = tmp_path / "index"
    library = Library(folder, Loaded(embedder))
    with (
        writing.one_writer(folder),
        pytest.raises(IndexStateError, match="another process is writing to the index"),
    ):
        library.add([article(1, 0)])


def test_many_threads_may_search_while_the_index_changes(tmp_path: Path, embedder: Embedder) -> None:
    library, writer = (Library(tmp_path / "index", Loaded(embedder)) for _ in range(2))
    writer.add([article(0, 0)])
    errors: list[BaseException] = []
    done = threading.Event()

    def search() -> None:
        try:
            while not done.is_set():
                hits = library.search("Who spoke in Tollebridge0?", k=30, candidates=30).hits
                assert assert_whole([hit.chunk for hit in hits], "a0", 10 * AT_ONCE)
        except BaseException as error:
            errors.append(error)

    threads = [threading.Thread(target=search) for _ in range(3)]
    for thread in threads:
        thread.start()
    for edition in range(1, 6):
        writer.add([article(0, edition), article(edition, 0)])
    writer.rebuild()
    done.set()
    for thread in threads:
        thread.join(60)
    assert errors == []
