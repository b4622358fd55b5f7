"""The laws of chunking."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from index.articles import Article, Chunk
from index.split.chunks import MAX_FACTOR, split_chunks
from index.split.sentences import split_sentences
from tests.strategies import articles

TARGETS = st.integers(min_value=1, max_value=60)


def size(chunk: Chunk) -> int:
    return len(chunk.text.split())


def paragraph(words: int, sentence_words: int = 10) -> str:
    """A paragraph of equal sentences."""
    return " ".join("Word" + " word" * (sentence_words - 2) + " end." for _ in range(words // sentence_words))


@given(articles(), TARGETS)
def test_chunks_tile_the_text(article: Article, target: int) -> None:
    chunks = split_chunks(article, target)
    assert "".join(chunk.text for chunk in chunks) == (article.text if article.text.strip() else "")


@given(articles(), TARGETS)
def test_chunks_are_slices_that_touch(article: Article, target: int) -> None:
    chunks = split_chunks(article, target)
    assert all(article.text[chunk.start : chunk.end] == chunk.text for chunk in chunks)
    assert all(chunk.end == following.start for chunk, following in pairwise(chunks))
    assert [chunk.number for chunk in chunks] == list(range(len(chunks)))
    assert all(chunk.article == article.info for chunk in chunks)


@given(articles(), TARGETS)
def test_chunks_hold_every_sentence_once_and_whole(article: Article, target: int) -> None:
    chunks = split_chunks(article, target)
    assert tuple(sentence for chunk in chunks for sentence in chunk.sentences) == split_sentences(article.text)
    for chunk in chunks:
        assert chunk.sentences
        assert all(chunk.start <= sentence.start and sentence.end <= chunk.end for sentence in chunk.sentences)


@given(articles(), TARGETS)
def test_every_chunk_but_the_first_starts_with_its_first_sentence(article: Article, target: int) -> None:
    assert all(chunk.start == chunk.sentences[0].start for chunk in split_chunks(article, target)[1:])


@given(articles(), TARGETS)
def test_a_chunk_is_at_most_twice_the_target_or_one_sentence(article: Article, target: int) -> None:
    for chunk in split_chunks(article, target):
        assert size(chunk) <= MAX_FACTOR * target or len(chunk.sentences) == 1


@given(st.integers(min_value=6, max_value=90), st.integers(min_value=40, max_value=150))
def test_no_small_rest_is_left_at_the_end(sentence_count: int, target: int) -> None:
    chunks = split_chunks(Article("a", text=paragraph(sentence_count * 10)), target)
    if len(chunks) > 1:
        assert min(map(size, chunks)) >= target / 2
        assert max(map(size, chunks)) - min(map(size, chunks)) <= 20


def test_a_text_without_words_has_no_chunks() -> None:
    assert split_chunks(Article("a", text="")) == ()
    assert split_chunks(Article("a", text=" \n\t ")) == ()


def test_surrounding_white_space_belongs_to_the_outer_chunks() -> None:
    (chunk,) = split_chunks(Article("a", text="\n One.  Two.\n\n"))
    assert (chunk.start, chunk.text) == (0, "\n One.  Two.\n\n")


def test_chunks_end_with_paragraphs_that_are_near_the_target() -> None:
    text = "\n\n".join([paragraph(100), paragraph(140), paragraph(110)])
    assert [size(chunk) for chunk in split_chunks(Article("a", text=text))] == [100, 140, 110]


def test_a_heading_stays_with_the_paragraph_below_it() -> None:
    text = "\n\n".join([paragraph(100), "What happens next", paragraph(130)])
    first, second = split_chunks(Article("a", text=text))
    assert size(first) == 100
    assert second.text.startswith("What happens next")


def test_an_overlong_sentence_is_a_chunk_of_its_own() -> None:
    text = "Short one. " + "Word" + " a" * 450 + ". Another short one."
    assert [len(chunk.sentences) for chunk in split_chunks(Article("a", text=text))] == [1, 1, 1]


@pytest.mark.parametrize("target", [0, -1])
def test_a_target_below_one_word_is_refused(target: int) -> None:
    with pytest.raises(ValueError, match="target_words"):
        split_chunks(Article("a", text="One."), target)
