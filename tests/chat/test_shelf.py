"""The articles of the index as the chat lists and opens them, and searching one source only."""

import pytest

from assistant.chat.known_names import Shelf
from index.articles import Article, Window, epoch_seconds
from index.library import Library
from index.read.readers import find_files, read_articles
from index.store.records import Selection
from tests.parts import NEWSROOM

COURIER = "The Anselm Courier"


@pytest.fixture(scope="module")
def articles() -> dict[str, Article]:
    return {article.id: article for file in find_files([NEWSROOM]) for article in read_articles(file)}


def test_every_article_is_listed_newest_first(newsroom: Library, articles: dict[str, Article]) -> None:
    listed = Shelf(newsroom).articles()
    assert {article.id: article for article in listed} == {name: one.info for name, one in articles.items()}
    dates = [article.published_at or 0 for article in listed]
    assert dates == sorted(dates, reverse=True)


def test_an_opened_article_is_the_one_that_was_added(newsroom: Library, articles: dict[str, Article]) -> None:
    shelf = Shelf(newsroom)
    assert {name: shelf.article(name) for name in articles} == articles
    assert shelf.article("governor") is None  # another id begins so


def test_titles_names_and_sources_can_be_completed(newsroom: Library, articles: dict[str, Article]) -> None:
    known = Shelf(newsroom).known()
    assert set(known.sources) == {article.source for article in articles.values()}
    assert "Governor Ingrid Vass" in known.phrases.beginning("governor in")
    assert "Flood fund of 40 million crowns agreed; insurers' meeting never happened" in known.phrases.beginning("fl")


@pytest.mark.parametrize("question", ["What happened in the flood?", "Who did Blinken meet?"])
@pytest.mark.parametrize("candidates", [3, 100])
def test_only_articles_of_the_source_are_found_and_all_of_them(
    newsroom: Library, question: str, candidates: int
) -> None:
    searcher = newsroom.searcher()
    every, vector = searcher.store.count(), searcher.embedder.embed_query(question)
    rows = searcher.catalog.rows(Selection((COURIER,)))
    words = searcher.lexical
    near = [row.key for row in searcher.catalog.scored(vector, rows, candidates)]
    for everything, chosen in (
        (searcher.store.nearest(vector, every), near),
        (words.search(question, every, Window()), words.search(question, candidates, Window(), COURIER)),
    ):
        chunks = searcher.store.get(everything)
        expected = [key for key in everything if chunks[key].article.source == COURIER][:candidates]
        assert list(chosen) == expected
    found = newsroom.search(question, k=candidates, candidates=3, selection=Selection((COURIER,))).hits
    assert found
    assert {hit.chunk.article.source for hit in found} == {COURIER}


def test_a_source_and_a_time_limit_hold_together(newsroom: Library) -> None:
    since, question = epoch_seconds("2023-09-01"), "What happened in the flood?"
    found = newsroom.search(question, k=5, candidates=5, selection=Selection((COURIER,), Window(since)))
    assert found.hits
    assert all((hit.chunk.article.published_at or 0) >= since for hit in found.hits)
    assert {hit.chunk.article.source for hit in found.hits} == {COURIER}
    assert newsroom.search("Who?", k=5, candidates=5, selection=Selection(("Nobody",))).hits == ()
