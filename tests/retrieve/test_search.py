"""Two searches into one ranking: fusion, reranking, copies and windows."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from index.articles import Article, Window, epoch_seconds
from index.embed.local import Embedder
from index.hits import Hit, SearchResult
from index.library import Library
from index.retrieve.cross_encoder import Passage
from index.retrieve.fusion import RRF_K, reciprocal_rank_fusion
from index.retrieve.near_duplicates import COPY_OVERLAP, without_copies, word_triples
from index.retrieve.pipeline import FIRST_READ, NEXT_READ, searchable_text
from index.retrieve.rerank import Judgement, Reranker
from index.split.chunks import split_chunks
from index.store.records import Selection
from tests.parts import Loaded

WORDS = (
    "the search for victims of the august flood in the tolle valley has ended and nobody is missing any more".split()
)
rankings = st.lists(st.lists(st.sampled_from("abcdefgh"), unique=True), max_size=4)


def hit(name: str, text: str, fused: float = 1.0) -> Hit:
    return Hit(split_chunks(Article(name, text=text))[0], fused)


def ids(result: SearchResult) -> list[str]:
    return [found.chunk.article.id for found in result.hits]


# Fusion


def test_scores_are_sums_of_inverse_ranks() -> None:
    fused = reciprocal_rank_fusion((["a", "b", "c"], ["c", "a"]))
    assert RRF_K == 60
    assert fused == pytest.approx({"a": 1 / 61 + 1 / 62, "c": 1 / 63 + 1 / 61, "b": 1 / 62}, abs=1e-15)
    assert list(fused) == ["a", "c", "b"]


def test_an_id_of_both_rankings_beats_the_first_of_one() -> None:
    fused = reciprocal_rank_fusion((["a", "b"], ["c", "b"]))
    assert list(fused) == ["b", "a", "c"]
    assert fused["b"] == pytest.approx(2 / 62)


def test_ties_keep_the_order_in_which_ids_were_met() -> None:
    assert list(reciprocal_rank_fusion((["x", "y"], ["y", "x"], ["z"]))) == ["x", "y", "z"]


def test_a_smaller_constant_favours_first_ranks() -> None:
    assert reciprocal_rank_fusion((["a"],), k=1) == {"a": 0.5}
    assert reciprocal_rank_fusion(()) == {}


@given(rankings)
def test_fusion_ranks_exactly_the_ids_it_was_given(given_rankings: list[list[str]]) -> None:
    fused = reciprocal_rank_fusion(given_rankings)
    assert fused.keys() == {name for ranking in given_rankings for name in ranking}
    assert list(fused.values()) == sorted(fused.values(), reverse=True)
    assert fused == pytest.approx(reciprocal_rank_fusion(given_rankings[::-1]))


@given(st.lists(st.sampled_from("abcdefgh"), unique=True, min_size=1), st.integers(1, 3))
def test_fusing_a_ranking_with_itself_changes_no_order(ranking: list[str], times: int) -> None:
    assert list(reciprocal_rank_fusion([ranking] * times)) == ranking


# Copies


def test_a_copy_in_another_article_is_left_out() -> None:
    original, copy = hit("a", " ".join(WORDS)), hit("b", " ".join([*WORDS, "says", "the", "post"]))
    assert without_copies([original, copy]) == (original,)
    assert without_copies([copy, original]) == (copy,)


def test_a_follow_up_and_the_same_article_are_kept() -> None:
    text = " ".join(WORDS)
    follow_up = hit("b", " ".join([*WORDS[:9], *"reached the sea on Monday evening and eleven died".split()]))
    assert without_copies([hit("a", text), follow_up]) == (hit("a", text), follow_up)
    assert len(without_copies([hit("a", text), hit("a", text)])) == 2


def test_the_limit_for_copies_is_where_it_says() -> None:
    words = [f"w{number}" for number in range(12)]  # ten triples
    at_limit = [*words[:10], "x", "y"]  # eight of them the same
    below = [*words[:9], "x", "y", "z"]
    assert COPY_OVERLAP == 0.8
    assert len(without_copies([hit("a", " ".join(words)), hit("b", " ".join(at_limit))])) == 1
    assert len(without_copies([hit("a", " ".join(words)), hit("b", " ".join(below))])) == 2


def test_short_texts_have_themselves_as_triples() -> None:
    assert word_triples("Nine died.") == {("nine", "died")}
    assert word_triples("…") == frozenset()
    assert word_triples("A b, c D") == {("a", "b", "c"), ("b", "c", "d")}
    assert len(without_copies([hit("a", "Nine died."), hit("b", "nine DIED")])) == 1


def test_the_title_is_read_but_is_not_text() -> None:
    chunk = split_chunks(Article("a", "Flood", text="Nine died."))[0]
    assert searchable_text(chunk) == "Flood\nNine died."
    assert searchable_text(split_chunks(Article("a", text="Nine died."))[0]) == "Nine died."


# The pipeline over the newsroom


def test_both_searches_find_and_the_reranker_decides(newsroom: Library) -> None:
    result = newsroom.search("Who did Blinken meet in Seoul?", k=8, candidates=30)
    assert "blinken-seoul-talks" in ids(result)[:3]
    best = result.hits[0]
    assert best.dense_rank
    assert best.lexical_rank
    assert best.fused == pytest.approx(1 / (RRF_K + best.dense_rank) + 1 / (RRF_K + best.lexical_rank))
    logits = [found.relevance or 0.0 for found in result.hits]
    assert logits == sorted(logits, reverse=True)
    assert set(result.timings_ms) == {"embed", "search", "rerank"}


def test_k_is_how_many_are_given(newsroom: Library) -> None:
    assert len(newsroom.search("flood", k=3, candidates=30).hits) == 3
    assert len(newsroom.search("flood", k=50, candidates=5).hits) <= 5


def test_without_a_reranker_the_fused_order_stands(newsroom: Library, embedder: Embedder) -> None:
    plain = Library(newsroom.folder, Loaded(embedder))
    hits = plain.search("How many people died in the flood?", k=8, candidates=30).hits
    assert {found.relevance for found in hits} == {None}
    assert [found.fused for found in hits] == sorted((found.fused for found in hits), reverse=True)


@pytest.mark.parametrize(
    ("since", "until"),
    [("2023-11-09", None), (None, "2023-05-20"), ("2023-09-01", "2023-09-07"), ("2023-11-09T10:00:00+09:00", None)],
)
def test_windows_hold_for_meaning_and_for_words(newsroom: Library, since: str | None, until: str | None) -> None:
    window = Window(epoch_seconds(since) if since else None, epoch_seconds(until) if until else None)
    searcher = newsroom.searcher()
    question = "What did the ministers, the mayor and the governor say about the flood and the strike?"
    vector = searcher.embedder.embed_query(question)
    dense = [row.key for row in searcher.catalog.scored(vector, searcher.catalog.rows(Selection(window=window)), 30)]
    lexical = searcher.lexical.search(question, 30, window)
    for found in (dense, lexical):
        assert found
        for chunk in searcher.store.get(found).values():
            moment = chunk.article.published_at
            assert moment is not None
            assert (window.since or 0) <= moment < (window.until or 2**40)
    assert set(ids(searcher.search(question, k=30, candidates=30, selection=Selection(window=window)))) == {
        name.partition("#")[0] for name in (*dense, *lexical)
    }


def test_an_empty_window_finds_nothing(newsroom: Library) -> None:
    assert newsroom.search("flood", k=8, candidates=30, selection=Selection(window=Window(since=2**33))).hits == ()


def test_searching_again_gives_the_same(newsroom: Library, reranker: Reranker, embedder: Embedder) -> None:
    again = Library(newsroom.folder, Loaded(embedder, reranker))
    question = "Why were the trains late?"
    assert newsroom.search(question, k=8, candidates=30).hits == again.search(question, k=8, candidates=30).hits


# How much is read


class Counting:
    """A reranker that notes how many passages it was given."""

    def __init__(self, reranker: Reranker) -> None:
        self.name = reranker.name
        self.passages: list[int] = []
        self._reranker = reranker

    def score(self, question: str, passages: Sequence[str]) -> NDArray[np.float32]:
        return self._reranker.score(question, passages)

    def read(self, question: str, passages: Sequence[Passage]) -> tuple[Judgement, ...]:
        self.passages.append(len(passages))
        return self._reranker.read(question, passages)


def read_for(question: str, newsroom: Library, reranker: Reranker) -> list[int]:
    counting = Counting(reranker)
    replace(newsroom.searcher(), reranker=counting).search(question, k=8, candidates=30, selection=Selection())
    return counting.passages


def test_when_the_best_passage_is_clear_the_others_are_not_read(newsroom: Library, reranker: Reranker) -> None:
    assert read_for("How many people died in the flood in Brackwater?", newsroom, reranker) == [FIRST_READ]


def test_when_nothing_answers_well_every_candidate_is_read(newsroom: Library, reranker: Reranker) -> None:
    parts = read_for("Which perfume did the astronaut prefer?", newsroom, reranker)
    assert parts[:2] == [FIRST_READ, NEXT_READ]
    assert sum(parts) == 30
