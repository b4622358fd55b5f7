"""Dividing an index anew: while it is read, killed at any moment, and gone on with."""

import os
import random
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from threading import Event, Thread

import numpy as np
import pytest

from index.articles import Article
from index.embed.local import Embedder
from index.errors import DividedError, IndexStateError
from index.library import Library
from index.lifecycle.namesakes import Incoming
from index.shards.manifest import NEXT_MANIFEST, Manifest, read_manifest, write_manifest
from index.shards.opened import OpenLibrary
from index.store.records import Stored
from tests.parts import ROOT, Loaded
from tests.shards.test_sharded import ARTICLES, QUESTIONS, TOWNS, found

KILLS = int(os.environ.get("TEST_KILLS", "10")) // 2
MORE = tuple(
    Article(
        f"more-{n}", f"{TOWNS[n % 5]}, report {n}", text=f"The council of {TOWNS[n % 5]} spent {n} crowns on paint."
    )
    for n in range(60)
)
LONGEST_SECONDS = 2.5  # about what dividing takes


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory, embedder: Embedder) -> Path:
    """An index in one folder, to be copied."""
    folder = tmp_path_factory.mktemp("template") / "index"
    places = ("/news/a.md", "/news/b.md")
    with closing(Library(folder, Loaded(embedder))) as library:
        library.add([*ARTICLES, *MORE])
        library.add([Incoming(ARTICLES[0], places)])
    return folder


@pytest.fixture
def folder(template: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(template, tmp_path / "index"))


def contents(library: OpenLibrary | Library) -> dict[str, Stored]:
    return {stored.article.id: stored for stored in library.get()}


def alike(one: dict[str, Stored], other: dict[str, Stored]) -> bool:
    """Whether every article is there with the same text, vectors and origins."""
    return one.keys() == other.keys() and all(
        (mine.article, mine.origins) == (other[name].article, other[name].origins)
        and np.array_equal(mine.vectors, other[name].vectors)
        for name, mine in one.items()
    )


def names(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir()}


def test_articles_move_with_their_vectors_and_nothing_is_left(folder: Path, template: Path, embedder: Embedder) -> None:
    before = contents(Library(template, Loaded(embedder)))
    library = OpenLibrary(folder, Loaded(embedder))
    expected = [found(library, question) for question in QUESTIONS]
    for number, generation in ((4, ""), (2, ".2"), (1, ".3")):
        done = library.reshard(number)
        assert (done.articles, done.total, done.copied) == (len(before),) * 3
        assert alike(contents(library), before)
        assert [found(library, question) for question in QUESTIONS] == expected
        assert library.check().clean
        shards = {f"shard-{place:03}{generation}" for place in range(number)}
        assert names(folder) - {"writer.lock"} == {"shards.json", *shards}


def test_a_reader_follows_without_a_fault(folder: Path, embedder: Embedder) -> None:
    """It asks all the while, in a library that was opened before, and always finds the same."""
    reader, writer = (OpenLibrary(folder, Loaded(embedder)) for _ in range(2))
    expected, wrong, over = found(reader, QUESTIONS[0]), list[object](), Event()

    def read() -> None:
        while not over.is_set():
            try:
                result = reader.search(QUESTIONS[0], k=8, candidates=12)
                ids = [hit.chunk.id for hit in result.hits]
                if ids != expected or result.shards.missing or len(tuple(reader.get())) != len(ARTICLES) + len(MORE):
                    wrong.append((ids, result.shards))
            except Exception as error:
                wrong.append(error)
            time.sleep(0.05)

    reading = Thread(target=read)
    reading.start()
    for number in (2, 4, 3):
        writer.reshard(number)
    over.set()
    reading.join()
    assert wrong == []


def test_writers_that_waited_go_on_with_the_new_shards(folder: Path, embedder: Embedder) -> None:
    waiting = OpenLibrary(folder, Loaded(embedder))
    old = waiting.library()
    OpenLibrary(folder, Loaded(embedder)).reshard(2)
    with pytest.raises(DividedError):
        old.add([Article("late", text="It came late.")])
    assert waiting.add([Article("late", text="It came late.")]).added == 1
    assert {"catalog.sqlite3", "vectors-1"}.isdisjoint(names(folder))
    assert waiting.check().clean


def killed(folder: Path, number: int, chance: random.Random) -> Iterator[str]:
    """Let a process divide an index, and kill it at a random moment."""
    command = [sys.executable, "-m", "tests.shards.reshard_worker", str(folder), str(number)]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        time.sleep(chance.uniform(0, LONGEST_SECONDS))
        process.kill()
        yield from process.stdout.read().split()


def test_killed_at_any_moment_it_goes_on(folder: Path, template: Path, embedder: Embedder) -> None:
    """Between two kills articles come, change and go, as whoever adds does not know of the interrupted division."""
    chance = random.Random(19)
    library, whole = OpenLibrary(folder, Loaded(embedder)), Library(template.with_name("whole"), Loaded(embedder))
    shutil.copytree(template, whole.folder)
    for round_ in range(KILLS):
        list(killed(folder, chance.choice((2, 4)), chance))
        for one in (library, whole):
            one.add([Incoming(Article("changing", text=f"It was round {round_}."), (f"/news/{round_ % 2}",))])
            one.remove([f"more-{round_}"])
        assert alike(contents(library), contents(whole))
    for number in (4, 3):
        library.reshard(number)
        assert alike(contents(library), contents(whole))
        assert library.check().clean
        manifest = read_manifest(folder)
        assert manifest is not None
        assert names(folder) - {"writer.lock"} == {"shards.json", *manifest.shards}


def test_what_was_copied_before_is_not_copied_again(folder: Path, embedder: Embedder) -> None:
    library = OpenLibrary(folder, Loaded(embedder))

    with pytest.raises(KeyboardInterrupt):
        library.reshard(2, interrupt)
    assert (folder / NEXT_MANIFEST).exists()
    assert read_manifest(folder) is None
    moved = next(article for article in MORE if Manifest.following(1, 2).place_of(article.id) == 0)
    library.add([Incoming(moved, ("/news/elsewhere.md",))])  # copied already, and found in a file since
    library.remove(["report-1"])
    total = len(ARTICLES) + len(MORE) - 1
    done = library.reshard(2)
    assert (done.articles, done.total) == (total, total)
    assert done.copied < total
    assert library.known().counts()[0] == total
    assert [stored.origins for stored in library.get([moved.id])] == [("/news/elsewhere.md",)]
    assert library.check().clean


@pytest.mark.parametrize("write", [lambda library, number: library.reshard(number), lambda library, _: library.add([])])
def test_killed_before_the_old_shards_are_deleted_the_next_writer_deletes_them(
    folder: Path, embedder: Embedder, monkeypatch: pytest.MonkeyPatch, write: Callable[[OpenLibrary, int], object]
) -> None:
    library = OpenLibrary(folder, Loaded(embedder))
    before = contents(library)
    for number, deleting, left in ((2, "remove_unused", "catalog.sqlite3"), (3, "shutil.rmtree", ".gone")):
        with monkeypatch.context() as patched:
            patched.setattr(f"index.shards.reshard.{deleting}", interrupt)
            with pytest.raises(KeyboardInterrupt):
                library.reshard(number)
        assert [name for name in names(folder) if name.endswith(left)]
        assert alike(contents(library), before)
        write(library, number)
        manifest = read_manifest(folder)
        assert manifest is not None
        assert names(folder) - {"writer.lock"} == {"shards.json", *manifest.shards}
        assert alike(contents(library), before)


def interrupt(*_: object, **__: object) -> None:
    raise KeyboardInterrupt


def test_an_index_that_is_not_there_or_not_whole_is_not_divided(
    folder: Path, tmp_path: Path, embedder: Embedder
) -> None:
    with pytest.raises(IndexStateError, match="there are no articles"):
        OpenLibrary(tmp_path / "none", Loaded(embedder)).reshard(2)
    library = OpenLibrary(folder, Loaded(embedder))
    library.reshard(3)
    (folder / "shard-001").rename(tmp_path / "away")
    with pytest.raises(IndexStateError, match="shard-001 is missing"):
        library.reshard(2)
    (tmp_path / "away").rename(folder / "shard-001")
    assert library.reshard(2).articles == len(ARTICLES) + len(MORE)


@pytest.mark.parametrize(
    "text",
    ["", "{}", '{"format": 1, "generation": 1, "shards": []}', '{"format": 1, "generation": 1, "shards": [".."]}'],
)
def test_a_manifest_that_cannot_be_read_is_named(tmp_path: Path, embedder: Embedder, text: str) -> None:
    write_manifest(tmp_path, Manifest.following(1, 2))
    (tmp_path / "shards.json").write_text(text, encoding="utf-8")
    with pytest.raises(IndexStateError, match=r"shards\.json cannot be read"):
        OpenLibrary(tmp_path, Loaded(embedder)).list()
