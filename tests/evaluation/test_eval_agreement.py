"""Agreement of a grader with people, by hand-computed cases."""

from collections.abc import Sequence

import pytest

from evals.judge.agreement import (
    ALL_ALIKE,
    Judgement,
    agreement,
    answer_of,
    balanced_accuracy,
    binary_agreement,
    cohen_kappa,
    confusion,
)
from evals.judge.claims import Label
from evals.judge.grades import Grade
from evals.judge.threshold import assess_threshold, fit_threshold

S, P, N = Label.SUPPORTED, Label.PARTIALLY, Label.NOT
BROKEN = Grade(error="no reply")


def judged(gold: Sequence[Label], grades: Sequence[Label | float | Grade], *, cluster: str = "") -> list[Judgement]:
    def grade(given: Label | float | Grade) -> Grade:
        if isinstance(given, Grade):
            return given
        return Grade(given) if isinstance(given, Label) else Grade(score=given)

    pairs = enumerate(zip(gold, grades, strict=True))
    return [Judgement(label, grade(given), cluster or f"claim {i}") for i, (label, given) in pairs]


def pairs(**counts: int) -> tuple[list[str], list[str]]:
    """Gold and given labels; ``yn=5`` is five times yes by gold and no by the grader."""
    words = [pair for pair, count in counts.items() for _ in range(count)]
    return [word[0] for word in words], [word[1] for word in words]


def test_kappa_of_two_labels() -> None:
    # Observed 35/50; expected 25/50 · 30/50 + 25/50 · 20/50 = 1/2.
    assert cohen_kappa(*pairs(yy=20, yn=5, ny=10, nn=15)) == pytest.approx(0.4)


def test_kappa_of_three_labels() -> None:
    # Observed 3/4; expected (2·1 + 1·2 + 1·1) / 16 = 5/16.
    assert cohen_kappa("sspn", "sppn") == pytest.approx(7 / 11)


@pytest.mark.parametrize(
    ("gold", "given", "kappa"),
    [("sn", "sn", 1), ("sn", "ns", -1), ("ssnn", "snsn", 0), ("sn", "ss", 0), ("ss", "ss", None), ("", "", None)],
)
def test_kappa_at_its_ends(gold: str, given: str, kappa: float | None) -> None:
    assert cohen_kappa(gold, given) == kappa


def test_kappa_does_not_depend_on_who_is_who() -> None:
    gold, given = pairs(yy=7, yn=2, ny=1, nn=3, ym=2, my=1)
    assert cohen_kappa(gold, given) == pytest.approx(cohen_kappa(given, gold))


def test_balanced_accuracy_counts_every_label_alike() -> None:
    assert balanced_accuracy(*pairs(yy=20, yn=5, ny=10, nn=15)) == pytest.approx((20 / 25 + 15 / 25) / 2)
    assert balanced_accuracy(*pairs(yy=98, nn=0, ny=2)) == pytest.approx(0.5)  # though 98 % are right
    assert balanced_accuracy("sspn", "sppn") == pytest.approx((1 / 2 + 1 + 1) / 3)
    assert balanced_accuracy("ss", "sn") is None
    assert balanced_accuracy("sp", "ss", "spn") is None
    assert balanced_accuracy("", "") is None


def test_confusion_counts_pairs() -> None:
    assert confusion("sspn", "sppn") == {("s", "s"): 1, ("s", "p"): 1, ("p", "p"): 1, ("n", "n"): 1}
    with pytest.raises(ValueError, match="shorter"):
        confusion("s", "")


def test_labels_are_measured_as_three_and_as_two() -> None:
    found = agreement(judged([S, S, P, N], [S, P, P, S]))
    values = {name: item.metric.value for name, item in found.items()}
    assert values == {
        "kappa": pytest.approx((8 - 6) / (16 - 6)),  # observed 2/4, expected (2·2 + 1·2) / 16
        "kappa_supported": 0,  # observed 2/4, expected (2·2 + 2·2) / 16
        "balanced_accuracy": pytest.approx((1 / 2 + 1 + 0) / 3),
        "balanced_accuracy_supported": 0.5,
        "auroc_supported": pytest.approx((1.5 + 0.5) / 4),  # ranks 2 and 1 against 1 and 2
        "auroc_any_support": pytest.approx((0.5 + 0 + 0) / 3),  # ranks 2, 1 and 1 against 2
    }
    assert {item.metric.n for item in found.values()} == {4}
    assert {item.metric.errors for item in found.values()} == {0}


def test_scores_are_ranked_and_have_no_kappa() -> None:
    found = agreement(judged([S, P, N, N], [-1.5, 2.0, -1.5, -9.0]))
    assert found["auroc_supported"].metric.value == pytest.approx((0 + 0.5 + 1) / 3)
    assert found["auroc_any_support"].metric.value == pytest.approx((0.5 + 1 + 1 + 1) / 4)
    kappa = found["kappa"].metric
    assert (kappa.value, kappa.n, kappa.unscored) == (None, 0, {"a score, no label": 4})
    assert found["kappa"].interval is None


def test_an_error_is_wrong_and_counted_and_the_value_without_it_stands_beside() -> None:
    found = agreement(judged([S, S, P, N], [S, BROKEN, P, N]))
    kappa = found["kappa"].metric
    assert kappa.value == pytest.approx(2 / 3)  # expected (2·1 + 1·1 + 1·1) / 16
    assert (kappa.without_errors, kappa.n, kappa.errors) == (1, 4, 1)
    assert found["balanced_accuracy"].metric.value == pytest.approx((1 / 2 + 1 + 1) / 3)
    assert (found["auroc_supported"].metric.value, found["auroc_supported"].metric.without_errors) == (0.5, 1)
    assert found["auroc_any_support"].metric.value == pytest.approx(2 / 3)


def test_an_error_never_helps() -> None:
    # An error on a claim that nothing supports would rank right if it counted as the lowest grade.
    found = agreement(judged([S, N, N], [S, N, BROKEN]))
    assert found["auroc_supported"].metric.value == 0.5
    assert found["balanced_accuracy_supported"].metric.value == 0.75


def test_errors_alone_are_no_measurement() -> None:
    for item in agreement(judged([S, N], [BROKEN, BROKEN])).values():
        metric = item.metric
        assert (metric.value, metric.n, metric.errors, metric.unscored) == (None, 0, 2, {"no grades": 2})
        assert item.interval is None


def test_what_cannot_be_measured_says_why() -> None:
    found = agreement(judged([S, S], [S, S]))
    assert found["kappa"].metric.unscored == {ALL_ALIKE: 2}
    assert found["auroc_any_support"].metric.unscored == {ALL_ALIKE: 2}
    assert all(item.metric.value is None for item in found.values())
    assert all(item.metric.value is None for item in agreement([]).values())


def test_intervals_rest_on_clusters() -> None:
    gold, grades = [S, P, N] * 10, [S, N, N] * 10
    found = agreement(judged(gold, grades))["kappa"]
    assert found.interval is not None
    assert found.metric.value is not None
    assert found.interval.low < found.metric.value < found.interval.high
    assert found.interval.clusters == 30
    assert agreement(judged(gold, grades, cluster="one"))["kappa"].interval is None
    # Ten copies of one claim are no more evidence than the claim.
    tied = [Judgement(item.gold, item.grade, f"claim {i % 3}") for i, item in enumerate(judged(gold, grades))]
    wide = agreement(tied)["kappa"].interval
    assert wide is not None
    assert wide.clusters == 3
    assert wide.high - wide.low > 1.5 * (found.interval.high - found.interval.low)


def test_a_resample_without_a_rare_label_does_not_pull_the_interval() -> None:
    # Two labels are right half of the time, the one "not" always: resamples without it would be about 1/2.
    found = agreement(judged([*[S] * 10, *[P] * 10, N], [*[S, P] * 10, N]))["balanced_accuracy"]
    assert found.metric.value == pytest.approx((1 / 2 + 1 / 2 + 1) / 3)
    assert found.interval is not None
    assert found.interval.low > 0.45


def test_a_grade_as_a_word() -> None:
    assert [answer_of(grade) for grade in (Grade(P), Grade(score=0.0), BROKEN)] == ["partially", "score", "error"]


def test_supported_against_the_rest_has_accuracy_precision_and_recall() -> None:
    found = binary_agreement(judged([S, S, S, P, N], [S, S, N, S, N]), "_x")
    values = {name: item.metric.value for name, item in found.items()}
    assert values == {
        "accuracy_x": 3 / 5,
        "kappa_x": pytest.approx((5 * 3 - 13) / (25 - 13)),  # expected (3·3 + 2·2) / 25
        "precision_x": 2 / 3,
        "recall_x": 2 / 3,
    }
    assert found["recall_x"].interval is not None


def test_an_error_lowers_accuracy_and_recall_and_not_precision() -> None:
    found = binary_agreement(judged([S, S, N], [S, BROKEN, N]))
    assert (found["accuracy"].metric.value, found["recall"].metric.value) == (2 / 3, 0.5)
    assert (found["precision"].metric.value, found["accuracy"].metric.without_errors) == (1, 1)
    never = binary_agreement(judged([S, N], [N, N]))["precision"].metric
    assert (never.value, never.unscored) == (None, {ALL_ALIKE: 2})


def test_the_threshold_is_where_the_labels_part() -> None:
    judgements = judged([N, P, S, S] * 10, [0.1, 0.6, 0.7, 0.9] * 10)
    assert 0.6 < fit_threshold(judgements) <= 0.7
    assessed = assess_threshold(judgements, 0.5)
    assert assessed is not None
    assert assessed.fitted == fit_threshold(judgements)
    values = {name: item.metric.value for name, item in assessed.measured.items()}
    assert (values["accuracy_cross_validated"], values["recall_cross_validated"]) == (1, 1)
    assert (values["accuracy_at_0.5"], values["precision_at_0.5"]) == (0.75, 2 / 3)


def test_a_claim_has_no_say_about_its_own_threshold() -> None:
    # Each cluster has a scale of its own: its own threshold would be right for it, and that of the other is wrong.
    low, high = judged([N, S], [1.0, 2.0], cluster="low"), judged([N, S], [11.0, 12.0], cluster="high")
    assert 1 < fit_threshold(low) <= 2
    assert 11 < fit_threshold(high) <= 12
    assessed = assess_threshold([*low, *high])
    assert assessed is not None
    assert assessed.measured["accuracy_cross_validated"].metric.value == 0.5


def test_labels_and_a_single_cluster_have_no_threshold() -> None:
    assert assess_threshold(judged([S, N], [S, N])) is None
    assert assess_threshold(judged([S, N], [0.9, 0.1], cluster="one")) is None
    assert assess_threshold([]) is None
