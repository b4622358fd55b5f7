"""Bounded time on any text: no pattern takes more than twice the time, and some, for twice the text.

Each is tried with pieces of what it matches itself, repeated in many ways; processor time of this thread is measured,
and only ratios are compared.
"""

import re
from collections import deque
from typing import Any

import pytest

from assistant.text.claim_check import verify
from index.articles import Article
from index.formats.feeds import _END
from index.formats.pdf import _joined
from index.split.chunks import MAX_FACTOR, TARGET_WORDS, WORD_CHARACTERS, split_chunks
from index.split.sentences import MAX_SENTENCE_CHARACTERS, split_sentences
from tests.patterns import Found, all_patterns, growth, texts

SIZE = 4000
LINEAR, SQUARE = 2.5, 5.0
QUICK = 0.0015  # seconds for a text of that size; what is quadratic takes longer
# Rules that read a sentence, the few before it, or a date: what they read has a bound, so that a square is bearable.
OF_SENTENCES = (
    "article_dates chain claim_check claims coverage date_phrases dates disagreement follow_up injection list_items"
    " recency relative_days select spans tense time_phrases turn"
).split()
# Tried at one place only, where the text begins, or with few characters around a place.
ANCHORED = (
    "index.formats.sniff:_PROLOGUE",
    "index.split.sentences:_CAMEL_CASE",
    "index.formats.markdown:_FRONT_MATTER",
    "index.split.sentences:_LAST_WORD",
    "index.split.sentences:RULES",
    "index.formats.records:_SEPARATOR_LINE",
    "index.formats.html_visible:_RAISED_NUMBER",
)


def made(pattern: re.Pattern[Any], parts: tuple[str, str, str], size: int) -> str | bytes:
    before, repeated, after = parts
    text = before + repeated * (size // len(repeated)) + after
    return text.encode() if isinstance(pattern.pattern, bytes) else text


def ratio(found: Found, parts: tuple[str, str, str], size: int, most: float) -> float:
    """How much longer twice the text takes."""

    def use(text: Any) -> None:
        if found.place.startswith(ANCHORED):
            found.pattern.match(text)
        else:
            deque(found.pattern.finditer(text), maxlen=0)

    return growth(use, made(found.pattern, parts, size), made(found.pattern, parts, 2 * size), most, QUICK)


@pytest.mark.parametrize("found", all_patterns(), ids=lambda found: found.place)
def test_every_pattern_takes_linear_time(found: Found) -> None:
    module = found.place.partition(":")[0].rpartition(".")[2]
    bounded = module in OF_SENTENCES
    most, size = (SQUARE, MAX_SENTENCE_CHARACTERS // 2) if bounded else (LINEAR, SIZE)
    for parts in texts(found.pattern):
        assert ratio(found, parts, size, most) <= most, parts


def test_patterns_are_found_wherever_they_stand() -> None:
    places = {found.place for found in all_patterns()}
    assert {
        "index.split.sentences:_GAP",
        "assistant.text.escaping:_TAG",
        "assistant.evidence.injection:_MARKUP",
    } <= places
    assert any(place.startswith("index.split.sentences:RULES[") for place in places)
    assert any(re.fullmatch(r"assistant\.render\.export:\d+", place) for place in places)


@pytest.mark.parametrize("form", [r"\s+$", r"<(?=<*x)", r"a.*b", r"[a-z]{2,}[^su\W]s$"])
def test_what_is_quadratic_is_noticed(form: str) -> None:
    pattern = re.compile(form)
    assert any(ratio(Found("", pattern), parts, SIZE, LINEAR) > LINEAR for parts in texts(pattern))


@pytest.mark.parametrize(
    "unit", ["a", "a ", "a, ", "“A ", "(a", "A. ", "1,", "- ", "\n", " ", "。文", ".[1]", "Mr. A ", "a\n"]
)
def test_articles_are_cut_in_linear_time_into_pieces_of_bounded_length(unit: str) -> None:
    def cut(text: str) -> None:
        split_chunks(Article("a", text=text))

    text = f"A{unit * (20_000 // len(unit))}b"
    assert growth(cut, text, 2 * text, LINEAR, QUICK) <= LINEAR
    chunks = split_chunks(Article("a", text=text))
    assert max(len(sentence.text) for chunk in chunks for sentence in chunk.sentences) <= MAX_SENTENCE_CHARACTERS
    words = MAX_FACTOR * TARGET_WORDS * WORD_CHARACTERS
    assert all(sum(len(sentence.text) for sentence in chunk.sentences) <= words for chunk in chunks)


def test_a_sentence_without_end_is_cut_at_white_space() -> None:
    (first, second, *_) = split_sentences("The ferry sailed on " * 300)
    assert first.text.endswith("sailed on")
    assert second.text.startswith("The ferry")
    assert first.end < second.start
    hard = split_sentences("x" * 2500)
    assert [(sentence.start, sentence.end) for sentence in hard] == [(0, 1000), (1000, 2000), (2000, 2500)]


def test_a_feed_that_ends_in_comments_is_read() -> None:
    assert _END.search(b"</rss>" + b"<!-- a -->\n" * 300)
    assert not _END.search(b"</rss>" + b"<!-- a -->" * 300 + b"x")  # with one comment more, twice the time


def test_a_paragraph_of_many_lines_is_joined_in_linear_time() -> None:
    page = ["the ferry sailed on over the lake, and hard-", "ly anybody was on board of it that morning and"] * 10_000
    assert growth(_joined, [page], [page * 2], LINEAR) <= LINEAR
    assert "and hardly anybody" in _joined([page[:4]])


def test_a_claim_without_end_is_refused_at_once() -> None:
    claim = "The ferry sailed at 1.1.1.1.1.1 for " * 20_000
    assert verify(claim, "The ferry sailed.").reason == "it is longer than any sentence"
