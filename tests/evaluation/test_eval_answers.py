"""Answers compared with gold: hand-computed cases, and the traps that fooled other tools."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evals.metrics.answers import (
    answer_correct,
    answer_recall,
    exact_match,
    rouge_l,
    text_exact,
    text_f1,
    text_rouge_l,
    token_f1,
)
from evals.metrics.scores import Metric, Score
from evals.metrics.text import squad_tokens, words
from evals.questions.schema import Question
from tests.eval_outcomes import FIRST, SECOND, THIRD, ask, cite, fail, refuse, say, span, unanswerable


@pytest.mark.parametrize(
    ("text", "tokens"),
    [
        ("The Cat, sat!", ["cat", "sat"]),
        ("an   A the theatre", ["theatre"]),
        ("Tae-Yong's U.S. visit", ["taeyongs", "us", "visit"]),
        ("$1,840", ["1840"]),
        ("9.2 knots.", ["9.2", "knots"]),
        ("2.50", ["2.5"]),
        ("100", ["100"]),
        ("Café “Zürich”—open", ["cafe", "zurich", "open"]),
        ("ﬁve", ["five"]),
        ("...", []),
    ],
)
def test_tokens_follow_squad_with_folding_and_whole_numbers(text: str, tokens: list[str]) -> None:
    assert squad_tokens(text) == tokens


def test_looking_up_parts_words_at_hyphens() -> None:
    assert words("The two-day U.S. visit cost 2,300.") == ["two", "day", "us", "visit", "cost", "2300"]


@pytest.mark.parametrize(
    ("answer", "gold", "exact", "f1"),
    [
        ("France", "France", 1, 1),
        ("in the 10th and 11th centuries", "10th and 11th centuries", 0, 8 / 9),
        ("the Denver Broncos", "Denver Broncos", 1, 1),
        ("Denver", "Denver Broncos", 0, 2 / 3),
        ("Denver Denver", "Denver Broncos", 0, 1 / 2),
        ("Carolina Panthers", "Denver Broncos", 0, 0),
        ("", "Denver Broncos", 0, 0),
        ("the", "a", 1, 1),
        ("nine", "9", 0, 0),
        ("92 knots", "9.2 knots", 0, 0),
        ("1840 strikers", "1,840 strikers", 1, 1),
        ("8 crowns", "9 crowns", 0, 0),
        ("crowns", "9 crowns", 0, 0),
    ],
)
def test_exact_match_and_f1_are_as_computed_by_hand(answer: str, gold: str, exact: float, f1: float) -> None:
    assert text_exact(answer, [(gold,)]) == exact
    assert text_f1(answer, [(gold,)]) == pytest.approx(f1)


def test_the_best_alternative_counts() -> None:
    assert text_exact("Bo", [("Anna", "Bo")]) == 1
    assert text_f1("Bo Derek", [("Anna", "Bo", "John")]) == pytest.approx(2 / 3)


def test_parts_may_come_in_any_order() -> None:
    parts = [("Anna", "Ann"), ("Bo", "Mr. Bo")]
    assert text_exact("Bo and Ann", parts) == 1
    assert text_exact("Bo", parts) == 0
    assert text_f1("Bo", parts) == pytest.approx(2 / 3)


@given(st.text(max_size=40), st.text(max_size=40))
def test_scores_stay_between_no_and_full_agreement(answer: str, gold: str) -> None:
    f1 = text_f1(answer, [(gold,)])
    assert 0 <= f1 <= 1
    assert f1 == pytest.approx(text_f1(gold, [(answer,)])) or squad_tokens(gold) != squad_tokens(answer)
    assert text_f1(answer, [(answer,)]) == text_exact(answer, [(answer,)]) == 1
    if text_exact(answer, [(gold,)]):
        assert f1 == 1


@pytest.mark.parametrize(
    ("answer", "gold", "expected"),
    [
        ("the cat sat on the mat", "the cat lay on the mat", 5 / 6),  # common: the cat on the mat, of 6 and of 6
        ("police killed the gunman", "police kill the gunman", 3 / 4),  # Lin 2004, section 3.1
        ("the gunman kill police", "police kill the gunman", 1 / 2),  # Lin 2004: order counts
        ("", "police", 0),
        ("Müller", "muller", 1),
    ],
)
def test_rouge_l_is_as_computed_by_hand(answer: str, gold: str, expected: float) -> None:
    assert text_rouge_l(answer, [gold]) == pytest.approx(expected)
    assert text_rouge_l(answer, ["nothing of it", gold]) == pytest.approx(expected)


GOLD = ask(("Bo",))
PAIR = ask(("Anna", "Ann"), ("Bo",), answer_type="list")
NO_GOLD = ask()
YES_NO = ask(("no", "cancelled", "never took place"), answer_type="yes_no")


@pytest.mark.parametrize(
    ("question", "text", "recall"),
    [
        (GOLD, "She met Bo's brother.", 1),
        (GOLD, "She met Bob.", 0),
        (PAIR, "She met Bo.", 0.5),
        (PAIR, "Ann met Bo.", 1),
        (ask(("14",)), "148 homes", 0),
        (ask(("9.2",)), "It made 92 knots.", 0),
        (ask(("2–1",)), "They won 2-1.", 1),
        (YES_NO, "No, it rained.", 1),
        (YES_NO, "Yes, no one minded.", 0),
        (YES_NO, "There is no doubt that it happened.", 0),
        (YES_NO, "It was cancelled.", 1),
    ],
)
def test_answer_recall_looks_for_whole_words(question: Question, text: str, recall: float) -> None:
    assert answer_recall([say(question, text)]).value == recall


def test_an_empty_answer_is_wrong_not_nan() -> None:
    for metric in (exact_match, token_f1, answer_recall, answer_correct, rouge_l):
        result = metric([say(GOLD, "")])
        assert (result.value, result.n) == (0, 1)


def test_all_wrong_is_zero() -> None:
    for metric in (exact_match, token_f1, answer_recall, answer_correct, rouge_l):
        assert metric([say(GOLD, "Cara."), say(unanswerable(), "Cara.")]).value == 0


def test_a_refusal_is_right_only_where_nothing_answers() -> None:
    for metric in (exact_match, token_f1, answer_correct):
        assert metric([refuse(GOLD)]).value == 0
        assert metric([refuse(unanswerable())]).value == 1
        assert metric([say(unanswerable(), "")]).value == 0
    assert answer_recall([refuse(GOLD)]).value == rouge_l([refuse(GOLD)]).value == 0


def test_a_question_without_gold_is_not_scored_and_says_so() -> None:
    for metric in (exact_match, token_f1, answer_recall, answer_correct, rouge_l):
        result = metric([say(NO_GOLD, "Bo"), say(GOLD, "Bo")])
        assert (result.value, result.n, dict(result.unscored)) == (1, 1, {"the question has no gold answer": 1})
        assert metric([]) == Metric(result.name, None, 0)


def test_errors_count_as_wrong_and_are_listed_apart() -> None:
    for metric in (exact_match, token_f1, answer_recall, answer_correct, rouge_l):
        result = metric([say(GOLD, "Bo"), fail(GOLD)])
        assert (result.value, result.n, result.errors, result.without_errors) == (0.5, 2, 1, 1)


def test_a_score_cannot_be_nan_or_without_reason() -> None:
    for wrong in ({"value": float("nan")}, {}, {"value": 1.0, "unscored": "why"}):
        with pytest.raises(ValueError, match="a score"):
            Score("q", **wrong)


def test_of_a_long_gold_answer_the_share_of_its_words_counts() -> None:
    long = ask(("Anna met Bo in Oslo", "They met"), answer_type="long", evidence=((span(FIRST),),))
    assert answer_recall([say(long, "Bo met somebody in Oslo.")]).value == 4 / 5
    assert answer_recall([refuse(long)]).value == 0


def test_an_answer_to_a_long_gold_answer_is_right_when_it_cites_a_gold_sentence() -> None:
    long = ask(("Anna met Bo in Oslo",), answer_type="long", evidence=((span(FIRST),), (span(SECOND),)))
    assert answer_correct([say(long, "x", 1, citations=(cite(1, SECOND),))]).value == 1
    assert answer_correct([say(long, "x", 1, citations=(cite(1, THIRD),))]).value == 0
    assert answer_correct([refuse(long)]).value == 0
    assert answer_correct([say(ask(("Anna met Bo",), answer_type="long"), "x")]).n == 0
