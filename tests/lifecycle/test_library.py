"""The index: adding again, changing, crashing and healing; and who may read it."""

import os
import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from index.articles import Article, Chunk
from index.embed.local import Embedder
from index.errors import IndexStateError, InputError
from index.library import Library
from index.lifecycle.add import AddReport
from index.lifecycle.commit import CATALOG, Parts
from index.split.chunks import split_chunks
from index.store.catalog import Catalog
from index.store.tantivy_index import LexicalIndex
from tests.parts import Loaded

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


def opened(folder: Path) -> Parts:
    catalog = Catalog.open(folder / CATALOG)
    assert catalog is not None
    return Parts.open(catalog)


def stored(folder: Path) -> dict[str, Chunk]:
    """Every chunk of an index by id, as Chroma has it; the word index has the same."""
    parts = opened(folder)
    rows = list(parts.store.rows(list(parts.store.keys())))
    assert sorted(parts.lexical.keys()) == sorted(row.key for row in rows)
    assert parts.catalog.pending() == ()
    parts.close()
    chunks = {row.chunk.id: row.chunk for row in rows}
    assert len(chunks) == len(rows)
    return chunks


def words_of(folder: Path) -> LexicalIndex:
    (words,) = folder.glob("words-*")
    return LexicalIndex(words)


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


def test_a_changed_article_replaces_exactly_its_chunks(library: Library) -> None:
    library.add(ARTICLES)
    shorter = Article("council", "Votes", "Herald", published="2023-05-01", text="The council voted once. It was late.")
    assert len(expected(ARTICLES[1])) > len(expected(shorter))
    report = library.add([ARTICLES[0], shorter])
    assert report == AddReport(changed=1, unchanged=1, chunks=1)
    assert stored(library.folder) == expected(ARTICLES[0], shorter, ARTICLES[2])


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
        assert "Library.add()" in caught.value.remedy
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
    (words,) = folder.glob("words-*")
    shutil.rmtree(words)


def garble_words(folder: Path) -> None:
    (words,) = folder.glob("words-*")
    (words / "meta.json").write_text("{}", encoding="utf-8")


def lose_a_word_row(folder: Path) -> None:
    words = words_of(folder)
    words.delete([next(words.keys())])


def delete_vectors(folder: Path) -> None:
    (vectors,) = folder.glob("vectors-*")
    shutil.rmtree(vectors)


def garble_vectors(folder: Path) -> None:
    (vectors,) = folder.glob("vectors-*")
    (vectors / "chroma.sqlite3").write_bytes(b"SQLite format 3" + bytes(5000))


def lose_a_vector(folder: Path) -> None:
    parts = opened(folder)
    parts.store.delete([next(parts.store.keys())])
    parts.close()


@pytest.mark.parametrize(
    "harm", [delete_words, garble_words, lose_a_word_row, delete_vectors, garble_vectors, lose_a_vector]
)
@pytest.mark.parametrize("use", ["search", "add"])
def test_damaged_parts_heal(library: Library, embedder: Embedder, harm: Callable[[Path], None], use: str) -> None:
    library.add(ARTICLES)
    harm(library.folder)
    again = Library(library.folder, Loaded(embedder))
    more = Article("extra", text="The mayor opened a bridge.")
    if use == "add":
        again.add([more])
    else:
        again.searcher()
    assert stored(library.folder) == expected(*ARTICLES, *([more] if use == "add" else []))
    assert again.check().problems == ()
    for name in ("wolf", "ferry"):
        assert again.search(name, k=1, candidates=5).hits[0].chunk.article.id == name


def test_all_copies_are_told_however_many_there_are(library: Library) -> None:
    text = "The ferry Gannet struck the harbour wall of Vellin at noon, and two passengers were hurt, said its master."
    library.add([*ARTICLES, *(Article(f"copy-{number}", text=text) for number in range(70))])
    assert len(library.copies("copy-0")) == 69
    assert library.copies("wolf") == ()
