"""Metrics of retrieval, with ir-measures (MacAvaney, Macdonald & Ounis, ECIR 2022): was the evidence found?

What is to be found are the evidence groups of a question. A hit that covers a group for the first time is relevant, its
gain the number of groups that it adds; a hit that only repeats what was found is not (as in α-nDCG with α = 1, Clarke
et al., SIGIR 2008).
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from evals.metrics.citations import NO_EVIDENCE, Level, covers
from evals.metrics.outcome import Outcome
from evals.metrics.scores import Metric, Score, mean, scored, unscored

if TYPE_CHECKING:
    from ir_measures import Qrel, ScoredDoc

KS = (1, 3, 5, 10)
NOT_TOLD = "the system does not say what it retrieved"


@dataclass(frozen=True, slots=True)
class Found:
    """A question's hits as lists of the evidence groups that each is the first to cover, and those that none covers."""

    hits: tuple[tuple[int, ...], ...]
    lost: tuple[int, ...]

    def recall(self, k: int) -> float:
        """Share of all groups that the first ``k`` hits cover."""
        return sum(map(len, self.hits[:k])) / (sum(map(len, self.hits)) + len(self.lost))


def retrieval_metrics(outcomes: Iterable[Outcome], level: Level = "sentence", ks: Sequence[int] = KS) -> list[Metric]:
    """hit@k, recall@k (share of groups), all-gold@k, nDCG@k for each k, and MRR.

    A failed question has 0; one without gold evidence has no score; a question for which nothing was retrieved has 0,
    but none where the system does not say what it retrieved, and no failure either where it never says so.
    """
    every = list(outcomes)
    # A failure is a miss of the retrieval only where retrieval is told of at all.
    silent = {outcome.ranked is None for outcome in every if not outcome.failed} == {True}
    counted = [outcome.question.evidence and outcome.ranked is not None and not silent for outcome in every]
    with_gold = {str(i): found(outcome, level) for i, outcome in enumerate(every) if counted[i]}
    ranked = _ranked(with_gold, [*(f"nDCG@{k}" for k in ks), "RR"])
    values: dict[str, dict[str, float]] = {}
    for k in ks:
        recall = {key: item.recall(k) for key, item in with_gold.items()}
        values[f"hit@{k}"] = {key: float(value > 0) for key, value in recall.items()}
        values[f"recall@{k}"] = recall
        values[f"all_gold@{k}"] = {key: float(value == 1) for key, value in recall.items()}
        values[f"ndcg@{k}"] = ranked[f"nDCG@{k}"]
    values["mrr"] = ranked["RR"]
    return [mean(f"{name}_{level}", _scores(every, by_key)) for name, by_key in values.items()]


def found(outcome: Outcome, level: Level) -> Found:
    """Which groups each hit is the first to cover."""
    open_groups = dict(enumerate(outcome.question.evidence))
    hits = []
    for passage in () if outcome.failed else outcome.ranked or ():
        new = tuple(number for number, group in open_groups.items() if covers([passage], group, level))
        for number in new:
            del open_groups[number]
        hits.append(new)
    return Found(tuple(hits), tuple(open_groups))


def _scores(outcomes: Sequence[Outcome], values: dict[str, float]) -> Iterable[Score]:
    for i, outcome in enumerate(outcomes):
        if str(i) in values:
            yield scored(outcome.question, values[str(i)], error=outcome.failed)
        else:
            reason = NOT_TOLD if outcome.question.evidence else NO_EVIDENCE
            yield unscored(outcome.question, reason, error=outcome.failed)


def _ranked(every: dict[str, Found], measures: Sequence[str]) -> dict[str, dict[str, float]]:
    """Measures of the ranking in which each hit is a document; a group that no hit covers is one that is missing."""
    from ir_measures import Qrel, ScoredDoc

    qrels, run = [], []
    for key, item in every.items():
        qrels += [Qrel(key, f"h{rank}", len(new)) for rank, new in enumerate(item.hits) if new]
        qrels += [Qrel(key, f"lost{group}", 1) for group in item.lost]
        run += [ScoredDoc(key, f"h{rank}", float(-rank)) for rank in range(len(item.hits))]
    return _measured(measures, qrels, run, every)


def _measured(
    measures: Sequence[str], qrels: "list[Qrel]", run: "list[ScoredDoc]", every: dict[str, Found]
) -> dict[str, dict[str, float]]:
    """The measures of each question; 0 where nothing was retrieved, which the library may leave out."""
    import ir_measures

    values = {measure: dict.fromkeys(every, 0.0) for measure in measures}
    if qrels and run:
        for result in ir_measures.iter_calc(map(ir_measures.parse_measure, measures), qrels, run):
            values[str(result.measure)][result.query_id] = float(result.value)
    return values
