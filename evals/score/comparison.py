"""Two runs over the same questions compared, question by question; pure functions.

A metric that is a mean over questions is tested on the questions that have a score in both runs. Any other number (an
area under a curve, a percentile) has no score for a question: it gets the interval of its difference, from drawing
clusters of questions jointly in both runs, and no p-value.
"""

import difflib
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from evals.metrics.outcome import Outcome
from evals.metrics.scores import Metric
from evals.run.differences import Difference, provenance_differences, require_same_material
from evals.score.luck import luck_share
from evals.score.scoring import HEADLINE, Better, RunScores, better_of
from evals.score.statistics import ALPHA, Comparison, Interval, bootstrap_statistic, compare, holm
from evals.score.stored import without_stored
from evals.score.whole_run import Statistic, statistic_of
from index.errors import UsageError

Verdict = Literal["better", "worse", "different", "no difference shown", "not tested"]
Kind = Literal["answerable", "type", "tag"]

KINDS: tuple[Kind, ...] = ("answerable", "type", "tag")
IN_NEITHER = "no question has a score in both runs"


@dataclass(frozen=True, slots=True)
class Change:
    """A metric of two runs, over all questions or over those of a slice.

    Attributes:
        slice: empty for all questions.
        first, second: over the questions compared only, so that their difference is ``difference``.
        difference: second minus first, in the unit of the metric.
        interval: the 95 % interval of the difference; None when all rests on one cluster.
        n: questions that it rests on.
        tested: None when the metric is not a mean over questions.
        luck: share of the difference's variance that comes from seeds; None unless both runs have repetitions.
        p_value: adjusted by Holm's method for the other metrics (in slices: the other slices); None when not tested.
        scores: question → score in the first and in the second run; empty when not tested.
    """

    name: str
    slice: str
    better: Better
    first: float
    second: float
    difference: float
    interval: Interval | None
    n: int
    tested: Comparison | None = None
    luck: float | None = None
    p_value: float | None = None
    scores: Mapping[str, tuple[float, float]] = field(default_factory=dict, repr=False)

    @property
    def verdict(self) -> Verdict:
        """Whether the second run is better, as far as the adjusted p-value shows it."""
        if self.p_value is None:
            return "not tested"
        if self.p_value >= ALPHA:
            return "no difference shown"
        if not self.better:
            return "different"
        return "better" if (self.difference > 0) == (self.better == "higher") else "worse"

    @property
    def won(self) -> tuple[str, ...]:
        """Questions on which the second run is better; where lower is better, those on which it is lower."""
        if self.tested is None:
            return ()
        return self.tested.losses if self.better == "lower" else self.tested.wins

    @property
    def lost(self) -> tuple[str, ...]:
        """Questions on which the second run is worse."""
        if self.tested is None:
            return ()
        return self.tested.wins if self.better == "lower" else self.tested.losses


@dataclass(frozen=True, slots=True)
class Uncompared:
    """A metric that at least one run has a value for, and why the two cannot be compared."""

    name: str
    slice: str
    reason: str


@dataclass(frozen=True, slots=True)
class RunComparison:
    """Two runs compared.

    Attributes:
        first, second: what is recorded of the questions that both runs have asked.
        questions: how many these are.
        differences: how the runs were made differently.
    """

    first: RunScores
    second: RunScores
    questions: int
    differences: tuple[Difference, ...]
    changes: tuple[Change, ...]
    uncompared: tuple[Uncompared, ...]

    @property
    def complete(self) -> bool:
        return self.first.complete and self.second.complete


def compare_runs(first: RunScores, second: RunScores, names: Sequence[str] = ()) -> RunComparison:
    """Compare two runs over the questions that both have asked.

    Args:
        names: metrics; none given: those of the headline for which a run has a value.

    Raises:
        UsageError: the runs have other questions or articles, no question in common, or a metric does not exist.
    """
    require_same_material(first.run, second.run)
    shared = _asked(first) & _asked(second)
    if not shared:
        raise UsageError("no question has been asked in both runs yet", "go on with the runs: evals run SUITE")
    one, other = _only(first, shared), _only(second, shared)
    require_metrics(names, (one, other))
    every = ("", one.outcomes, other.outcomes)
    wanted = dict.fromkeys(names or HEADLINE)
    lacking = without_stored(wanted, one, other)
    found = (_change(name, one, other, every) for name in wanted if name not in lacking)
    changes, uncompared = _sorted_out(found)
    uncompared += tuple(Uncompared(name, "", "a file of scores does not have it") for name in lacking)
    differences = provenance_differences(first.run.info, second.run.info)
    return RunComparison(one, other, len(shared), differences, _adjusted(changes), uncompared)


def compare_slices(
    found: RunComparison, names: Sequence[str], kinds: Sequence[str]
) -> tuple[tuple[Change, ...], tuple[Uncompared, ...]]:
    """The same by slices: p-values are adjusted over the slices of a metric.

    Args:
        found: the comparison of the whole runs.
        kinds: of slices, out of ``KINDS``.

    Raises:
        UsageError: there is no such kind, or no such metric.
    """
    if unknown := [kind for kind in kinds if kind not in KINDS]:
        raise UsageError(f"no slices by {unknown[0]!r}", f"there are {', '.join(KINDS)}")
    require_metrics(names, (found.first, found.second))
    one, other = found.first.slices(), found.second.slices()
    groups = [(name, one[name], other[name]) for name in one if name.partition(":")[0] in kinds]
    changes: list[Change] = []
    uncompared: list[Uncompared] = []
    for name in names:
        ours, theirs = _sorted_out(_change(name, found.first, found.second, group) for group in groups)
        changes += _adjusted(ours)
        uncompared += theirs
    return tuple(changes), tuple(uncompared)


def require_metrics(names: Iterable[str], runs: Iterable[RunScores]) -> None:
    """Check that there are metrics of these names.

    Raises:
        UsageError: there is none; names the nearest ones.
    """
    known = sorted({*HEADLINE, *(name for scores in runs for name in scores.measured)})
    for name in names:
        if name not in known:
            near = difflib.get_close_matches(name, known, n=3, cutoff=0.5)
            hint = f"nearest: {', '.join(near)}" if near else "evals score RUN --all --json shows all"
            raise UsageError(f"no metric {name!r}", hint)


_Means = tuple[str, tuple[Metric, Metric]]  # a slice's name, and a metric in both runs
_Group = tuple[str, Sequence[Outcome], Sequence[Outcome]]  # a slice's name, and what it holds of both runs


def _asked(scores: RunScores) -> set[str]:
    return {outcome.question.id for outcome in scores.outcomes}


def _only(scores: RunScores, shared: Collection[str]) -> RunScores:
    """The run without other questions; the same object, whose scores may be computed already, where there are none."""
    kept = tuple(outcome for outcome in scores.outcomes if outcome.question.id in shared)
    return scores if len(kept) == len(scores.outcomes) else replace(scores, outcomes=kept)


def _sorted_out(
    found: Iterable[Change | Uncompared | _Means | None],
) -> tuple[tuple[Change, ...], tuple[Uncompared, ...]]:
    every = tuple(found)
    means = [item for item in every if isinstance(item, tuple)]
    tested = map(_tested, means, compare([metrics for _, metrics in means]))
    changes = (next(tested) if isinstance(item, tuple) else item for item in every)
    sorted_out = [item for item in changes if item]
    uncompared = tuple(item for item in sorted_out if isinstance(item, Uncompared))
    return tuple(item for item in sorted_out if isinstance(item, Change)), uncompared


def _adjusted(changes: Sequence[Change]) -> tuple[Change, ...]:
    raw = {(item.name, item.slice): item.tested.p_value for item in changes if item.tested}
    adjusted = holm({"\0".join(key): p_value for key, p_value in raw.items()})
    return tuple(replace(item, p_value=adjusted.get(f"{item.name}\0{item.slice}")) for item in changes)


def _change(name: str, first: RunScores, second: RunScores, group: _Group) -> Change | Uncompared | _Means | None:
    """Means are tested together, later; None when neither run has anything to score here."""
    where, *outcomes = group
    if statistic := statistic_of(name):
        return _of_statistic(name, where, statistic, *outcomes)
    one, other = (
        _within(_metric(name, scores), where, part) for scores, part in zip((first, second), outcomes, strict=True)
    )
    return _of_means(where, one, other)


def _within(metric: Metric, where: str, outcomes: Iterable[Outcome]) -> Metric:
    """The metric with the scores of a slice only; a group of paraphrases is in the slices of all its questions."""
    if not where:
        return metric
    of_groups = metric.name == "paraphrase_agreement"
    names = {outcome.question.group if of_groups else outcome.question.id for outcome in outcomes}
    return replace(metric, scores=tuple(score for score in metric.scores if score.question in names))


def _metric(name: str, scores: RunScores) -> Metric:
    """The metric; a file of scores leaves out those for which it has nothing."""
    found = scores.measured.get(name)
    return found.metric if found else Metric(name, None, 0)


def _values(metric: Metric) -> Mapping[str, float]:
    return {score.question: score.value for score in metric.scores if score.value is not None}


def _of_means(where: str, first: Metric, second: Metric) -> Uncompared | _Means | None:
    one, other = map(_values, (first, second))
    if not one and not other:
        return None
    if not one.keys() & other.keys():
        return Uncompared(first.name, where, f"{IN_NEITHER}: {len(one)} in the first, {len(other)} in the second")
    return where, (first, second)


def _tested(means: _Means, result: Comparison) -> Change:
    where, (first, second) = means
    one, other = map(_values, (first, second))
    scores = {question: (one[question], other[question]) for question in one if question in other}
    before, after = (float(np.mean([pair[i] for pair in scores.values()])) for i in (0, 1))
    return Change(
        first.name,
        where,
        better_of(first.name),
        before,
        after,
        result.difference,
        result.interval,
        result.n,
        tested=result,
        luck=luck_share(first, second),
        scores=scores,
    )


def _of_statistic(
    name: str, where: str, statistic: Statistic, first: Sequence[Outcome], second: Sequence[Outcome]
) -> Change | Uncompared | None:
    one, other = (
        [(seen, item.question) for item in outcomes for seen in statistic.observe([item])]
        for outcomes in (first, second)
    )
    both = [*one, *other]
    numbers = np.asarray([seen for seen, _ in both], dtype=float)

    def value(seen: NDArray[np.float64]) -> float | None:
        return statistic.summarise(seen) if len(seen) else None

    def difference(indices: NDArray[np.int64]) -> float | None:
        before, after = value(numbers[indices[indices < len(one)]]), value(numbers[indices[indices >= len(one)]])
        return None if before is None or after is None else after - before

    before, after = value(numbers[: len(one)]), value(numbers[len(one) :])
    if before is None and after is None:
        return None
    if before is None or after is None:
        return Uncompared(name, where, f"the {'first' if before is None else 'second'} run has no value for it")
    clusters = [question.cluster or question.group or question.id for _, question in both]
    interval = bootstrap_statistic(difference, clusters)
    n = len({question.id for _, question in both})
    return Change(name, where, better_of(name), before, after, after - before, interval, n)
