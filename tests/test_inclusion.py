"""Which further sentences answer too."""

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from assistant.answer import Evidence
from assistant.expectation import expectation
from assistant.inclusion import WEIGHTS, also, answering, features_of, with_words_spoken
from tests.evidence import said

WHO = expectation("Who did Blinken meet?")
HOW_MANY = expectation("How many ships sank?")
HOW = expectation("How does the levy work?")
COUNTED = expectation("Which three ships sank?")


def judged(number: int, fit: float, in_context: float | None = None) -> Evidence:
    item = said(f"S{number}", f"Ship {number} sank in the storm.", article=f"a{number}")
    return replace(item, fit=fit, relevance=fit, in_context=fit if in_context is None else in_context)


def test_every_feature_has_a_weight() -> None:
    for expected in (WHO, HOW_MANY, HOW, COUNTED):
        assert features_of(judged(1, 3), judged(2, 4), 1, expected).keys() <= WEIGHTS.keys()


def test_a_sentence_as_good_as_the_best_answers_too_and_a_far_one_does_not() -> None:
    best, near, far = judged(1, 6), judged(2, 5.9), judged(3, -6)
    assert answering([best, near, far], WHO) == [best, near]


def test_where_the_number_of_things_is_known_more_is_taken() -> None:
    evidence = [judged(1, 6), judged(2, 3), judged(3, 1)]
    assert len(answering(evidence, COUNTED)) > len(answering(evidence, HOW_MANY))


def test_a_sentence_that_lists_all_things_needs_no_others() -> None:
    listing = replace(judged(1, 6), sentence="The Gull, the Tern and the Heron sank in the storm.")
    telling = replace(judged(1, 6), sentence="The Gull sank in the storm, and nobody drowned.")
    others = [judged(2, 3), judged(3, 1)]
    assert len(answering([listing, *others], COUNTED)) < len(answering([telling, *others], COUNTED))


def spoken(text: str, *sentences: str) -> list[Evidence]:
    """Sentences of one article."""
    items = []
    for number, sentence in enumerate(sentences, 1):
        start = text.index(sentence)
        item = said(f"S{number}", sentence, article="a", context=text)
        items.append(replace(item, start=start, end=start + len(sentence)))
    return items


def test_words_that_follow_at_once_belong_to_what_announces_them() -> None:
    denied, never, later = "She denied it.", '"Never," she said.', '"Ask him," she added.'
    evidence = spoken(f"{denied} {never} The hall was full. {later}", denied, never, later)
    assert with_words_spoken(evidence[:1], evidence) == evidence[:2]
    assert with_words_spoken(evidence[1:2], evidence) == evidence[1:2]


@given(st.floats(-9, 9), st.floats(0, 9), st.floats(0, 5), st.integers(1, 12))
def test_the_further_behind_the_less_probable(best: float, gap: float, more: float, rank: int) -> None:
    top = judged(1, best)
    near, far = (also(judged(2, best - behind), top, rank, WHO) for behind in (gap, gap + more))
    assert far <= near


@given(st.lists(st.floats(-9, 9), min_size=1, max_size=12))
def test_the_first_is_always_there_and_the_order_is_kept(fits: list[float]) -> None:
    evidence = [judged(number, fit) for number, fit in enumerate(fits)]
    chosen = answering(evidence, HOW)
    assert chosen[0] == evidence[0]
    assert chosen == [item for item in evidence if item in chosen]
