"""All scores of a run, computed from its records; only nuggets need a model, once."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property, partial
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from assistant.llm.prices import Spent
from evals.metrics import abstention, answers, citations, nuggets, premises, retrieval, runs, support
from evals.metrics.outcome import Outcome
from evals.metrics.scores import Metric, Score
from evals.questions.schema import Question
from evals.run.budget import spent_on_records
from evals.run.records import Record, Run
from evals.score.nuggets import with_matches
from evals.score.outcomes import Reader
from evals.score.statistics import Interval, bootstrap_statistics, metric_intervals
from evals.score.whole_run import Statistic, statistic_of

Better = Literal["higher", "lower", ""]

# What the first table shows, in its order; whatever a set has nothing for is left out there.
HEADLINE = (
    *("answer_correct", "answer_recall", "token_f1", "exact_match", "rouge_l"),
    *("vital_nugget_recall", "nugget_recall", "nugget_f1"),
    *("citation_precision_sentence", "citation_recall_sentence", "citation_f1_sentence", "cited_first"),
    *("citation_precision_article", "citation_recall_article", "citation_validity", "citation_coverage"),
    *("claim_support", "claim_facts", "words_cited"),
    *("abstention_precision", "abstention_recall", "over_refusal"),
    *("false_answer_rate", "confidence_auroc", "refused_at_0.1_over_refusal", "aurc", "coverage_at_0.05"),
    *("hit@1_sentence", "recall@5_sentence", "recall@10_sentence", "all_gold@10_sentence", "mrr_sentence"),
    *("ndcg@10_sentence", "paraphrase_agreement", "planned_as_happened", "attack_success"),
    *("premise_corrected", "instead_shown"),
    *("total_seconds_p50", "total_seconds_p95", "prompt_tokens", "completion_tokens"),
)
LOWER_IS_BETTER = frozenset(
    ("words_cited over_refusal false_answer_rate aurc planned_as_happened attack_success prompt_tokens").split()
) | {"completion_tokens", "cost_usd"}
PERCENTILES = (50, 95)


@dataclass(frozen=True, slots=True)
class Measured:
    """A metric with its 95 % interval.

    Attributes:
        interval: None when nothing was scored, or all rests on one cluster.
        better: which way is better; empty when neither is.
    """

    metric: Metric
    interval: Interval | None
    better: Better

    @property
    def name(self) -> str:
        return self.metric.name


@dataclass(frozen=True)
class RunScores:
    """A run with what it says.

    Attributes:
        outcomes: what is recorded, in the order of the keys; with repeats a question is there once for each seed.
        missing: keys that have no record yet.
        spent: what all records took together.
    """

    run: Run
    outcomes: tuple[Outcome, ...]
    missing: int
    spent: Spent = field(default=Spent(), kw_only=True)

    @property
    def complete(self) -> bool:
        return not self.missing

    @cached_property
    def measured(self) -> Mapping[str, Measured]:
        """Every metric by name."""
        texts = {name: article.text for name, article in self.run.articles.items()}
        return {item.name: item for item in measure(self.outcomes, texts)}

    @property
    def headline(self) -> tuple[Measured, ...]:
        """The metrics of the first table for which this run has a value."""
        found = (self.measured[name] for name in HEADLINE if name in self.measured)
        return tuple(item for item in found if item.metric.value is not None)

    def slices(self) -> Mapping[str, tuple[Outcome, ...]]:
        """Outcomes by ``type:…``, ``tag:…`` (without what follows a tag's colon), and answerability."""
        found: dict[str, list[Outcome]] = {}
        for outcome in self.outcomes:
            for name in slice_names(outcome.question):
                found.setdefault(name, []).append(outcome)
        return {name: tuple(found[name]) for name in sorted(found)}


def score_run(run: Run) -> RunScores:
    """Read a run's records, and look for the nuggets of answers in which nobody has looked for them yet.

    Raises:
        InputError: a file of the run is missing or broken.
        UsageError: another process is looking for nuggets.
    """
    return score_records(run, run.completed())


def score_records(run: Run, records: Sequence[Record]) -> RunScores:
    """The scores of these records of a run; raises as ``score_run``."""
    outcomes = with_matches(run, (record.key for record in records), Reader(run).outcomes(records))
    return RunScores(run, outcomes, len(run.keys) - len(records), spent=spent_on_records(run, records))


def slice_names(question: Question) -> tuple[str, ...]:
    """The slices that a question is in."""
    names = [f"answerable:{'yes' if question.answerable else 'no'}"]
    if question.question_type:
        names.append(f"type:{question.question_type}")
    return (*names, *dict.fromkeys(f"tag:{tag.partition(':')[0]}" for tag in question.tags))


def measure(outcomes: Iterable[Outcome], texts: Mapping[str, str]) -> tuple[Measured, ...]:
    """Every metric over these outcomes.

    Args:
        texts: article id → text.
    """
    every = _clustered(tuple(outcomes))
    means = [average_repeats(metric) for metric in _means(every, texts)]
    measured = zip(means, metric_intervals(means), strict=True)
    return (*(Measured(metric, interval, better_of(metric.name)) for metric, interval in measured), *_whole(every))


def average_repeats(metric: Metric) -> Metric:
    """The metric with one score a question: the mean over its repetitions.

    ``value`` stays as it is while every question has as many scores as any other.
    """
    kept: dict[str, list[float]] = {}
    for score in metric.scores:
        if score.value is not None:
            kept.setdefault(score.question, []).append(score.value)
    if all(len(values) == 1 for values in kept.values()):
        return metric
    first = {score.question: score for score in reversed(metric.scores) if score.value is not None}
    averaged = [_averaged(first[name], values) for name, values in kept.items()]
    lost = [score for score in metric.scores if score.value is None and score.question not in kept]
    return replace(metric, scores=(*averaged, *lost))


def _averaged(score: Score, values: Sequence[float]) -> Score:
    mean = sum(values) / len(values)
    return replace(score, value=mean, repeats=len(values), spread=sum((value - mean) ** 2 for value in values))


def _clustered(outcomes: Sequence[Outcome]) -> Sequence[Outcome]:
    """Repetitions of a question are one draw."""

    def named(question: Question) -> Question:
        return question.model_copy(update={"cluster": question.cluster or question.group or question.id})

    return [replace(outcome, question=named(outcome.question)) for outcome in outcomes]


def _means(outcomes: Sequence[Outcome], texts: Mapping[str, str]) -> list[Metric]:
    found = [
        *(make(outcomes) for make in (answers.answer_correct, answers.answer_recall, answers.token_f1)),
        *(make(outcomes) for make in (answers.exact_match, answers.rouge_l, citations.cited_first)),
        *(make(outcomes) for make in (nuggets.vital_nugget_recall, nuggets.nugget_recall, nuggets.nugget_f1)),
        citations.citation_validity(outcomes, texts),
        citations.citation_coverage(outcomes, texts),
        citations.words_cited(outcomes),
        *(make(outcomes) for make in (support.claim_support, support.claim_facts, support.claim_recall)),
        *(make(outcomes) for make in (abstention.abstention_precision, abstention.abstention_recall)),
        *(make(outcomes) for make in (abstention.over_refusal, abstention.false_answer_rate)),
        *(make(outcomes) for make in (premises.premise_corrected, premises.instead_shown)),
        *(make(outcomes) for make in (runs.paraphrase_agreement, runs.planned_as_happened, runs.attack_success)),
        *(make(outcomes) for make in (runs.prompt_tokens, runs.completion_tokens, runs.cost)),
        *runs.repetitions_right(outcomes),
    ]
    levels: tuple[citations.Level, ...] = ("sentence", "article")
    for level in levels:
        makers = (citations.citation_precision, citations.citation_recall, citations.citation_f1)
        found += [make(outcomes, level) for make in makers]
        found += retrieval.retrieval_metrics(outcomes, level)
    return found


def measured_mean(metric: Metric) -> Measured:
    """A metric that is a mean over questions, with its interval."""
    return Measured(metric, metric_intervals([metric])[0], better_of(metric.name))


def better_of(name: str) -> Better:
    """Which way a metric is better."""
    return "lower" if name in LOWER_IS_BETTER or "_seconds_" in name else "higher"


def _whole(outcomes: Sequence[Outcome]) -> list[Measured]:
    """The metrics that are not means over questions."""
    stages = dict.fromkeys(stage for outcome in outcomes if not outcome.failed for stage in outcome.seconds)
    metrics = (
        abstention.confidence_auroc(outcomes),
        abstention.refusal_at_over_refusal(outcomes),
        abstention.answer_curve(outcomes)[1],
        abstention.coverage_at_risk(outcomes),
        *(runs.latency(outcomes, stage, percentile) for stage in stages for percentile in PERCENTILES),
    )
    intervals = _statistic_intervals(metrics, outcomes)
    return [Measured(metric, intervals.get(metric.name), better_of(metric.name)) for metric in metrics]


def _statistic_intervals(metrics: Iterable[Metric], outcomes: Sequence[Outcome]) -> Mapping[str, Interval | None]:
    """The intervals by name; metrics whose observations are of the same clusters share their draws."""
    sharing: dict[tuple[str, ...], dict[str, Callable[[NDArray[np.int64]], float | None]]] = {}
    for metric in metrics:
        statistic = statistic_of(metric.name)
        if metric.value is not None and statistic is not None:
            observed = [statistic.observe([outcome]) for outcome in outcomes]
            numbers = np.asarray([item for items in observed for item in items], dtype=float)
            pairs = zip(outcomes, observed, strict=True)
            clusters = tuple(outcome.question.cluster for outcome, items in pairs for _ in items)
            sharing.setdefault(clusters, {})[metric.name] = partial(_summarised, statistic, numbers)
    found: dict[str, Interval | None] = {}
    for clusters, statistics in sharing.items():
        found |= zip(statistics, bootstrap_statistics(list(statistics.values()), clusters), strict=True)
    return found


def _summarised(statistic: Statistic, numbers: NDArray[np.float64], indices: NDArray[np.int64]) -> float | None:
    return statistic.summarise(numbers[indices])
