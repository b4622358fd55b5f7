"""The index: adding again, changing, crashing and healing; and who may read it."""

import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from index.articles import Article, Chunk, Window
from index.chunks import split_chunks
from index.embedding import Embedder
from index.errors import IndexStateError, InputError
from index.lexical import LexicalIndex
from index.library import AddReport, Library
from index.readers import read_articles
from index.store import Store
from tests.parts import NEWSROOM, ROOT, Loaded

WAIT_SECONDS = 120
LONG = "\n\n".join(f"On day {day} the council of Vellin voted {day + 5} to 3. " * 12 for day in range(6))
ARTICLES = (
    Article(
        "ferry", "Ferry hits wall", "Courier", published="2023-07-09", text="The ferry struck the wall. Two were hurt."
    ),
    Article("council", "Votes", "Herald", published="2023-05-01", text=LONG),
    Article("wolf", "A wolf", text="A wolf was seen near Brackwater. Nobody was hurt."),
)


class OtherEmbedder:
    """Another model under a name, for what must be refused."""

    def __init__(self, name: str, dimension: int = 384, seed: int = 1) -> None:
        self.name = name
        self.dimension = dimension
        self._seed = seed

    def embed_documents(self, texts: object) -> NDArray[np.float32]:
        raise AssertionError("vectors of another model must never be made for this index")

    def embed_query(self, text: str) -> NDArray[np.float32]:
        vector = np.random.default_rng(self._seed).normal(size=self.dimension).astype(np.float32)
        return vector / np.linalg.norm(vector)


@pytest.fixture
def library(tmp_path: Path, embedder: Embedder) -> Library:
    return Library(tmp_path / "index", Loaded(embedder))


def stored(folder: Path) -> dict[str, Chunk]:
    """Every chunk of an index by id, as the store has it."""
    store = Store.open(folder)
    assert store is not None
    return {chunk.id: chunk for chunk in store.all_chunks()}


def expected(*articles: Article) -> dict[str, Chunk]:
    return {chunk.id: chunk for article in articles for chunk in split_chunks(article)}


def sentences(library: Library) -> set[str]:
    return {sentence.text for chunk in stored(library.folder).values() for sentence in chunk.sentences}


# Adding


def test_what_is_stored_is_the_articles_chunk_by_chunk(library: Library) -> None:
    report = library.add(ARTICLES)
    assert report == AddReport(added=3, chunks=len(expected(*ARTICLES)))
    assert stored(library.folder) == expected(*ARTICLES)
    for article in ARTICLES:
        own = sorted((c for c in stored(library.folder).values() if c.article.id == article.id), key=lambda c: c.number)
        assert "".join(chunk.text for chunk in own) == article.text
        assert all(article.text[s.start : s.end] == s.text for chunk in own for s in chunk.sentences)


def test_adding_the_same_again_changes_nothing(library: Library) -> None:
    library.add(ARTICLES)
    before = stored(library.folder)
    assert library.add(ARTICLES) == AddReport(unchanged=3)
    assert library.add(reversed(ARTICLES)).articles == 3
    assert stored(library.folder) == before
    assert LexicalIndex(library.folder / "words").count() == len(before)


def test_a_changed_article_replaces_exactly_its_chunks(library: Library) -> None:
    library.add(ARTICLES)
    shorter = Article("council", "Votes", "Herald", published="2023-05-01", text="The council voted once. It was late.")
    assert len(expected(ARTICLES[1])) > len(expected(shorter))
    report = library.add([ARTICLES[0], shorter])
    assert report == AddReport(changed=1, unchanged=1, chunks=1)
    assert stored(library.folder) == expected(ARTICLES[0], shorter, ARTICLES[2])
    assert LexicalIndex(library.folder / "words").count() == len(expected(ARTICLES[0], shorter, ARTICLES[2]))


def test_a_removed_sentence_can_no_longer_be_found_or_cited(library: Library) -> None:
    library.add(ARTICLES)
    assert "Two were hurt." in sentences(library)
    library.add(
        [Article("ferry", "Ferry hits wall", "Courier", published="2023-07-09", text="The ferry struck the wall.")]
    )
    assert "Two were hurt." not in sentences(library)
    hits = library.search("Who was hurt on the ferry?", k=8, candidates=30).hits
    assert hits
    assert not [hit for hit in hits if "Two were hurt" in hit.chunk.text]


@pytest.mark.parametrize("field", ["title", "source", "url", "author", "published"])
def test_a_change_of_any_field_is_a_change(library: Library, field: str) -> None:
    library.add([Article("a", text="The ferry struck the wall.")])
    changed = Article("a", text="The ferry struck the wall.", **{field: "2023-01-02"})
    assert library.add([changed]) == AddReport(changed=1, chunks=1)
    assert stored(library.folder) == expected(changed)


def test_of_two_articles_with_one_id_the_last_counts(library: Library) -> None:
    old, new = Article("a", text="The old text."), Article("a", text="The new text.")
    library.add([old, new])
    assert stored(library.folder) == expected(new)


def test_progress_tells_the_totals_so_far(library: Library) -> None:
    reports: list[AddReport] = []
    final = library.add((Article(f"a{number}", text=f"Text number {number}.") for number in range(230)), reports.append)
    assert [report.articles for report in reports] == [200, 230]
    assert reports[-1] == final == AddReport(added=230, chunks=230)
    assert library.status().articles == 230


def test_an_article_without_text_is_named(library: Library) -> None:
    with pytest.raises(InputError, match="article empty has no text"):
        library.add([Article("empty", text=" \n ")])


def test_status_tells_what_is_there(library: Library, embedder: Embedder) -> None:
    library.add(ARTICLES)
    status = library.status()
    assert (status.folder, status.articles, status.chunks) == (library.folder, 3, len(expected(*ARTICLES)))
    assert status.embedder == embedder.name
    assert status.disk_bytes > 10_000


# What is not there, and what does not fit


def test_an_absent_or_empty_index_says_how_to_fill_it_and_is_not_made(library: Library) -> None:
    for read in (library.status, library.searcher):
        with pytest.raises(IndexStateError, match="there are no articles in the index") as caught:
            read()
        assert "assistant index add" in caught.value.remedy
    assert not library.folder.exists()
    library.add([])
    with pytest.raises(IndexStateError, match="there are no articles"):
        library.status()


@pytest.mark.parametrize("other", [OtherEmbedder("other:model"), OtherEmbedder("local:bge-small-en-v1.5", 768)])
def test_another_embedding_model_is_refused_by_name(library: Library, embedder: Embedder, other: OtherEmbedder) -> None:
    library.add(ARTICLES)
    stranger = Library(library.folder, Loaded(other))
    for use in (stranger.searcher, lambda: stranger.add(ARTICLES)):
        with pytest.raises(IndexStateError) as caught:
            use()
        assert f"{embedder.name} (384 dimensions)" in caught.value.problem
        assert f"{other.name} ({other.dimension} dimensions)" in caught.value.problem
        assert "embeddings_model" in caught.value.remedy
    assert stored(library.folder) == expected(*ARTICLES)


def test_another_model_under_the_same_name_is_refused(library: Library, embedder: Embedder) -> None:
    library.add(ARTICLES)
    with pytest.raises(IndexStateError, match="gives other vectors than when the index was made"):
        Library(library.folder, Loaded(OtherEmbedder(embedder.name))).searcher()


def test_a_folder_that_cannot_be_written_is_an_error_for_people(tmp_path: Path, embedder: Embedder) -> None:
    (tmp_path / "file").touch()
    folder = tmp_path / "locked"
    folder.mkdir(mode=0o500)
    if os.access(folder, os.W_OK):
        pytest.skip("this user may write everywhere")
    with pytest.raises(IndexStateError, match="cannot write to"):
        Library(folder / "index", Loaded(embedder)).add(ARTICLES)


# Healing


def delete_words(folder: Path) -> None:
    shutil.rmtree(folder / "words")


def mark_stale(folder: Path) -> None:
    words = LexicalIndex(folder / "words")
    words.replace(split_chunks(Article("other", text="As many chunks as before, but other ones.")), ["ferry"])
    words.mark_stale()


def lose_a_chunk(folder: Path) -> None:
    LexicalIndex(folder / "words").replace([], ["wolf"])


@pytest.mark.parametrize("harm", [delete_words, mark_stale, lose_a_chunk])
@pytest.mark.parametrize("use", ["search", "add"])
def test_the_word_index_heals(library: Library, embedder: Embedder, harm: Callable[[Path], None], use: str) -> None:
    library.add(ARTICLES)
    harm(library.folder)
    again = Library(library.folder, Loaded(embedder))
    if use == "add":
        again.add(ARTICLES)
    else:
        again.searcher()
    words = LexicalIndex(library.folder / "words")
    assert not words.stale
    assert words.count() == len(expected(*ARTICLES))
    for name in ("wolf", "ferry"):
        assert words.search(name, 1, Window()) == (f"{name}#0",)


# Killing


def news(day: int) -> list[Article]:
    """Many short articles; the next day some of them change, some shrink, some stay and some are new."""
    return [Article(f"a{number}", f"Report {number}", text=report(number, day)) for number in range(410 + 20 * day)]


def report(number: int, day: int) -> str:
    if number % 50 == 1 and day == 0:
        votes = (f"The council of town {town} voted {number} to {town} on the plan. " * 9 for town in range(4))
        return "\n\n".join(votes)
    return f"Report {number} of day {day if number % 3 else 0}. It rained."


# Run in a process of its own: add the articles of a day to an index.
ADD = """
import sys
from pathlib import Path
from assistant.models import ModelProvider
from assistant.settings import load_settings
from index.library import Library
from tests.test_library import news
Library(Path(sys.argv[1]), ModelProvider(load_settings())).add(news(int(sys.argv[2])))
"""


def adding(folder: Path, day: int) -> subprocess.Popen[bytes]:
    return subprocess.Popen([sys.executable, "-c", ADD, str(folder), str(day)], cwd=ROOT)


def kill_when(process: subprocess.Popen[bytes], *moments: Callable[[], bool]) -> None:
    """Wait for one moment after the other, then kill the process where it stands."""
    deadline = time.monotonic() + WAIT_SECONDS
    for moment in moments:
        while not moment():
            assert process.poll() is None, "the process ended before it could be killed"
            assert time.monotonic() < deadline
            time.sleep(0.0005)
    process.send_signal(signal.SIGKILL)
    assert process.wait(WAIT_SECONDS) == -signal.SIGKILL


def grown(folder: Path) -> Callable[[], bool]:
    """Whether the store's files have grown since the first call: it is being written, and the word index is not yet."""
    sizes: list[int] = []

    def has_grown() -> bool:
        sizes.append(sum(file.stat().st_size for file in folder.glob("chroma.sqlite3*")))
        return sizes[-1] > sizes[0]

    return has_grown


def test_an_index_killed_again_and_again_ends_like_an_uninterrupted_one(tmp_path: Path, embedder: Embedder) -> None:
    folder, whole = tmp_path / "index", tmp_path / "whole"
    marker = folder / "words" / "stale"

    def committed() -> bool:
        return not marker.exists()

    kill_when(adding(folder, 0), (folder / "chroma.sqlite3").exists)
    kill_when(adding(folder, 0), marker.exists)
    kill_when(adding(folder, 0), committed, marker.exists, committed)  # healed first, then a batch committed
    assert 0 < LexicalIndex(folder / "words").count() < len(expected(*news(0)))
    Library(folder, Loaded(embedder)).add(news(0))
    assert stored(folder) == expected(*news(0))
    kill_when(adding(folder, 1), marker.exists, grown(folder))
    Library(folder, Loaded(embedder)).add(news(1))
    Library(whole, Loaded(embedder)).add(news(1))
    assert stored(folder) == stored(whole) == expected(*news(1))
    words, whole_words = (LexicalIndex(place / "words") for place in (folder, whole))
    assert words.count() == whole_words.count() == len(expected(*news(1)))
    assert words.search("report 407", 1, Window()) == whole_words.search("report 407", 1, Window()) == ("a407#0",)
    assert words.search("council", 9, Window()) == ()
    assert not words.stale


def test_the_command_killed_in_the_middle_can_be_run_again(tmp_path: Path) -> None:
    folder, news_folder = tmp_path / "index", tmp_path / "news"
    news_folder.mkdir()
    files = sorted(NEWSROOM.glob("00*.md"))
    for file in files:
        shutil.copy(file, news_folder)
    command = [sys.executable, "-m", "assistant", "index", "add", str(news_folder), "--index", str(folder)]
    kill_when(subprocess.Popen(command, cwd=ROOT, stdout=subprocess.DEVNULL), (folder / "words" / "stale").exists)
    finished = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True, timeout=WAIT_SECONDS)
    assert finished.stdout.startswith("9 articles: ")
    assert stored(folder) == expected(*(article for file in files for article in read_articles(file)))
