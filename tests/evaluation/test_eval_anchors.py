"""Evidence keeps its place when articles change."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evals.questions.anchors import Fit, Miss, anchor_questions, anchor_span
from evals.questions.schema import Question, Span
from index.articles import Article
from tests.strategies import texts

TEXT = "He spoke. She\n\nspoke. He spoke."


def place(text: str, start: int | None, within: str = TEXT) -> tuple[Span, Fit] | Miss:
    end = None if start is None else start + len(text)
    return anchor_span(Span(article="a", start=start, end=end, text=text), {"a": Article("a", text=within)})


@pytest.mark.parametrize(
    ("text", "start", "expected", "fit"),
    [
        ("He spoke.", 0, (0, 9), Fit.IN_PLACE),
        ("He spoke.", 22, (22, 31), Fit.IN_PLACE),
        ("He spoke.", 3, (0, 9), Fit.MOVED),
        ("He spoke.", 20, (22, 31), Fit.MOVED),
        ("She\n\nspoke.", None, (10, 21), Fit.FOUND),
        ("She spoke.", 5, (10, 21), Fit.RESPACED),
        ("Shespoke.", None, (10, 21), Fit.RESPACED),
    ],
)
def test_a_span_is_found_where_it_is_now(text: str, start: int | None, expected: tuple[int, int], fit: Fit) -> None:
    found = place(text, start)
    assert isinstance(found, tuple)
    span, how = found
    assert ((span.start, span.end), how) == (expected, fit)
    assert span.text == TEXT[span.start : span.end]


def test_what_cannot_be_found_has_a_reason() -> None:
    assert place("They spoke.", 3) is Miss.NO_TEXT
    assert place("He spoke.", None) is Miss.AMBIGUOUS
    assert anchor_span(Span(article="b", text="x"), {}) is Miss.NO_ARTICLE


@given(texts().filter(lambda text: bool(text.strip())), st.data(), texts())
def test_a_slice_is_found_again_after_text_was_put_before_it(text: str, data: st.DataObject, before: str) -> None:
    start = data.draw(st.integers(0, len(text) - 1))
    end = data.draw(st.integers(start + 1, len(text)))
    if not text[start:end].strip():
        return
    found = place(text[start:end], start, before + text)
    assert isinstance(found, tuple)
    assert (before + text)[found[0].start : found[0].end] == text[start:end]


def test_failures_are_reported_and_the_span_stays() -> None:
    lost, moved = Span(article="a", text="gone"), Span(article="a", start=1, end=4, text="She")
    question = Question(id="q", question="?", answerable=True, answer_type="span", evidence=((moved,), (moved, lost)))
    result = anchor_questions([question], {"a": Article("a", text=TEXT)})
    assert result.fits == {Fit.MOVED: 2}
    assert [(failure.question, failure.group, failure.reason) for failure in result.failures] == [
        ("q", 1, Miss.NO_TEXT)
    ]
    assert str(result.failures[0]) == "question q, evidence[1]: the text is not in the article: 'gone' in 'a'"
    assert result.questions[0].evidence[1][1] == lost
    assert result.questions[0].evidence[0][0].start == 10


def test_spans_that_say_what_is_so_instead_are_placed_too() -> None:
    wrong = Question(id="q", question="?", answerable=False, instead=((Span(article="a", text="She\n\nspoke."),),))
    result = anchor_questions([wrong], {"a": Article("a", text=TEXT)})
    assert (result.questions[0].instead[0][0].start, result.failures) == (10, ())
