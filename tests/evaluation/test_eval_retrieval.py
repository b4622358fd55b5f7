"""Retrieval against hand-computed cases."""

from math import log2

import pytest

from evals.metrics.outcome import Outcome
from evals.metrics.retrieval import found, retrieval_metrics
from tests.eval_outcomes import FIRST, SECOND, THIRD, ask, cite, fail, span, unanswerable

BOTH = ask(("Bo",), id="both", evidence=((span(FIRST),), (span(THIRD), span(THIRD, "copy"))))
WHOLE = (0, 70)


def ranked(*offsets: tuple[int, int]) -> Outcome:
    return Outcome(BOTH, ranked=tuple(cite(i, place) for i, place in enumerate(offsets, start=1)))


def values(outcome: Outcome, *ks: int) -> dict[str, float | None]:
    return {metric.name.removesuffix("_sentence"): metric.value for metric in retrieval_metrics([outcome], ks=ks)}


def test_each_measure_is_as_computed_by_hand() -> None:
    got = values(ranked(SECOND, FIRST, SECOND, THIRD), 1, 3, 10)
    ideal = 1 + 1 / log2(3)
    assert got == pytest.approx(
        {
            "hit@1": 0,
            "recall@1": 0,
            "all_gold@1": 0,
            "ndcg@1": 0,
            "hit@3": 1,
            "recall@3": 0.5,
            "all_gold@3": 0,
            "ndcg@3": (1 / log2(3)) / ideal,
            "hit@10": 1,
            "recall@10": 1,
            "all_gold@10": 1,
            "ndcg@10": (1 / log2(3) + 1 / log2(5)) / ideal,
            "mrr": 0.5,
        }
    )


def test_one_hit_may_cover_several_groups() -> None:
    got = values(ranked(WHOLE, SECOND), 1)
    assert got == pytest.approx({"hit@1": 1, "recall@1": 1, "all_gold@1": 1, "ndcg@1": 1, "mrr": 1})


def test_a_repeated_find_adds_nothing() -> None:
    assert found(ranked(FIRST, WHOLE, FIRST), "sentence").hits == ((0,), (1,), ())
    assert values(ranked(FIRST, FIRST, THIRD), 2)["recall@2"] == 0.5


def test_what_is_never_found_lowers_ndcg() -> None:
    assert values(ranked(FIRST), 5)["ndcg@5"] == pytest.approx(1 / (1 + 1 / log2(3)))


def test_at_article_level_any_place_of_the_article_is_found() -> None:
    metrics = {metric.name: metric.value for metric in retrieval_metrics([ranked(SECOND)], "article", ks=(1,))}
    assert metrics["recall@1_article"] == 1


def test_nothing_retrieved_is_zero_and_failures_are_listed_apart() -> None:
    outcomes = [ranked(), fail(BOTH), ranked(FIRST, THIRD), Outcome(unanswerable())]
    for metric in retrieval_metrics(outcomes, ks=(2,)):
        assert metric.value == pytest.approx(1 / 3)
        assert (metric.n, metric.errors, metric.without_errors) == (3, 1, 0.5)
        assert dict(metric.unscored) == {"the question has no gold evidence": 1}
        assert [score.question for score in metric.scores] == ["both", "both", "both", "u"]


def test_without_gold_nothing_is_scored() -> None:
    for metric in retrieval_metrics([Outcome(unanswerable())], ks=(1,)):
        assert (metric.value, metric.n) == (None, 0)
