"""How well a grader agrees with people; pure functions over gold labels and grades.

Labels are compared in two ways: as three, and as "supported" against the rest (``…_supported``), which is fair to
graders that never say "partially". An error is no label: beside the gold labels it is a fourth answer that is always
wrong, in rankings it stands on the wrong side of everything. Every number has its value without errors beside it.
"""

from collections import Counter
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from math import inf

from evals.judge.claims import Label
from evals.judge.grades import Grade
from evals.metrics.abstention import auroc
from evals.metrics.scores import Metric
from evals.score.scoring import Measured
from evals.score.statistics import bootstrap_statistic

ERROR = "error"
SCORE = "score"
REST = "rest"
ALL_ALIKE = "the gold labels, those given, or both together are alike"


@dataclass(frozen=True, slots=True)
class Judgement:
    """A claim's gold label and the grade that it got; claims of one cluster are not independent."""

    gold: Label
    grade: Grade
    cluster: str


Statistic = Callable[[Sequence[Judgement]], float | None]


def cohen_kappa(gold: Sequence[str], given: Sequence[str]) -> float | None:
    """Agreement beyond chance: (observed - expected) / (1 - expected) agreement, with expected from both margins.

    Cohen, "A Coefficient of Agreement for Nominal Scales", Educational and Psychological Measurement 20, 1960.

    Returns:
        At most 1; 0 is chance. None when there is nothing, or both sides know only one and the same label.

    Raises:
        ValueError: the two differ in length.
    """
    size = len(gold)
    pairs = confusion(gold, given)
    observed = sum(count for (one, other), count in pairs.items() if one == other)
    ours, theirs = Counter(gold), Counter(given)
    expected = sum(ours[label] * theirs[label] for label in ours)  # times size²; whole numbers compare exactly
    return None if expected == size**2 else (size * observed - expected) / (size**2 - expected)


def balanced_accuracy(gold: Sequence[str], given: Sequence[str], needed: Collection[str] = ()) -> float | None:
    """Mean over the gold labels of the share of their claims that got this label.

    Brodersen, Ong, Stephan & Buhmann, "The Balanced Accuracy and Its Posterior Distribution", ICPR 2010, for two
    labels; with more of them it is the mean of as many shares.

    Args:
        needed: labels that gold must have. A resample without one of them would be a mean of other shares.

    Returns:
        0 … 1; None without a needed label, and with fewer than two: it would say how often the only one was guessed.

    Raises:
        ValueError: the two differ in length.
    """
    pairs, totals = confusion(gold, given), Counter(gold)
    if len(totals) < 2 or not totals.keys() >= set(needed):
        return None
    return sum(pairs[label, label] / total for label, total in totals.items()) / len(totals)


def confusion(gold: Iterable[str], given: Iterable[str]) -> Counter[tuple[str, str]]:
    """How often each (gold, given) label occurs.

    Raises:
        ValueError: the two differ in length.
    """
    return Counter(zip(gold, given, strict=True))


def answer_of(grade: Grade) -> str:
    """The grade as a word: its label, ``score`` or ``error``."""
    if grade.label is not None:
        return grade.label.value
    return ERROR if grade.error else SCORE


def agreement(judgements: Sequence[Judgement]) -> Mapping[str, Measured]:
    """Every measure of agreement by name, each with its n, its errors and a 95 % cluster bootstrap interval.

    ``auroc_supported`` is how well the grades rank "supported" above the rest, ``auroc_any_support`` how well they
    rank any support above "not". Graders with scores have these only.
    """
    three, two = set(_labels(judgements)[0]), set(_supported(judgements)[0])
    measures: tuple[tuple[str, Statistic, bool], ...] = (
        ("kappa", lambda some: cohen_kappa(*_labels(some)), True),
        ("kappa_supported", lambda some: cohen_kappa(*_supported(some)), True),
        ("balanced_accuracy", lambda some: balanced_accuracy(*_labels(some), three), True),
        ("balanced_accuracy_supported", lambda some: balanced_accuracy(*_supported(some), two), True),
        ("auroc_supported", lambda some: _auroc(some, Label.SUPPORTED), False),
        ("auroc_any_support", lambda some: _auroc(some, Label.PARTIALLY), False),
    )
    return {name: _measured(name, statistic, judgements, labels) for name, statistic, labels in measures}


def binary_agreement(judgements: Sequence[Judgement], suffix: str = "") -> Mapping[str, Measured]:
    """Accuracy, Cohen's kappa, precision and recall of "supported" against the rest, as in ``agreement``.

    Args:
        judgements: with labels or errors.
        suffix: ends the names.
    """
    measures: tuple[tuple[str, Statistic], ...] = (
        ("accuracy", lambda some: _share(map(str.__eq__, *_supported(some)))),
        ("kappa", lambda some: cohen_kappa(*_supported(some))),
        ("precision", lambda some: _share(_agreeing(*_supported(some)))),
        ("recall", lambda some: _share(_agreeing(*reversed(_supported(some))))),
    )
    return {
        f"{name}{suffix}": _measured(f"{name}{suffix}", statistic, judgements, labels=True)
        for name, statistic in measures
    }


def _agreeing(first: Sequence[str], second: Sequence[str]) -> Iterable[bool]:
    """Where the second says "supported", whether the first does."""
    return (one == other for one, other in zip(first, second, strict=True) if other == Label.SUPPORTED)


def _share(found: Iterable[bool]) -> float | None:
    every = list(found)
    return sum(every) / len(every) if every else None


def _labels(judgements: Sequence[Judgement]) -> tuple[list[str], list[str]]:
    return [item.gold.value for item in judgements], [answer_of(item.grade) for item in judgements]


def _supported(judgements: Sequence[Judgement]) -> tuple[list[str], list[str]]:
    gold, given = _labels(judgements)
    kept = {Label.SUPPORTED.value, ERROR}
    return [word if word in kept else REST for word in gold], [word if word in kept else REST for word in given]


def _auroc(judgements: Sequence[Judgement], least: Label) -> float | None:
    """Area under the ROC curve of gold labels of at least this strength against the others."""
    positive = [item.grade.rank for item in judgements if item.gold.strength >= least.strength]
    negative = [item.grade.rank for item in judgements if item.gold.strength < least.strength]
    if not positive or not negative:
        return None
    return auroc(
        [-inf if rank is None else rank for rank in positive], [inf if rank is None else rank for rank in negative]
    )


def _measured(name: str, statistic: Statistic, judgements: Sequence[Judgement], labels: bool) -> Measured:
    kept = [item for item in judgements if not labels or item.grade.score is None]
    sound = [item for item in kept if not item.grade.error]
    # Errors alone are no measurement.
    value = statistic(kept) if sound else None
    unscored = {"a score, no label": len(judgements) - len(kept)}
    if value is None:
        unscored[ALL_ALIKE if sound else "no grades"] = len(kept)
    metric = Metric(
        name,
        value,
        n=0 if value is None else len(kept),
        unscored={reason: count for reason, count in unscored.items() if count},
        errors=len(kept) - len(sound),
        without_errors=statistic(sound) if sound else None,
    )
    interval = None
    if value is not None:
        clusters = [item.cluster for item in kept]
        interval = bootstrap_statistic(lambda indices: statistic([kept[i] for i in indices]), clusters)
    return Measured(metric, interval, "higher")
