"""Each question of a run with its record, its outcome and its scores."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from evals.metrics.outcome import Outcome
from evals.metrics.scores import Score
from evals.run.records import Record, Run
from evals.score.scoring import RunScores, score_records

Verdict = Literal["right", "wrong", "error", "no gold"]
Status = Literal["answered", "refused", "failed"]

OF_GROUPS = frozenset({"paraphrase_agreement"})  # its scores are of groups of questions, under the group's name


@dataclass(frozen=True, slots=True)
class Item:
    """One question with one seed.

    Attributes:
        number: its place in the run, from 1.
        scores: metric → score, for every metric that has one for each question.
    """

    number: int
    record: Record
    outcome: Outcome
    scores: Mapping[str, Score]

    @property
    def status(self) -> Status:
        if self.outcome.failed:
            return "failed"
        return "answered" if self.outcome.answered else "refused"

    @property
    def verdict(self) -> Verdict:
        """Whether the question was treated rightly; a failure is told apart from a wrong answer."""
        if self.outcome.failed:
            return "error"
        value = self.value("answer_correct")
        return "no gold" if value is None else "right" if value else "wrong"

    @property
    def misses_gold(self) -> bool:
        """Answered, and either a statement has no citation or some of the gold evidence is not cited."""
        if not self.outcome.answered:
            return False
        complete = (self.value("citation_coverage"), self.value("citation_recall_sentence"))
        return any(share is not None and share < 1 for share in complete)

    def value(self, metric: str) -> float | None:
        """The question's score for a metric, or None."""
        score = self.scores.get(metric)
        return None if score is None else score.value


@dataclass(frozen=True, slots=True)
class Recorded:
    """A run's scores and its questions, both of the same records."""

    scores: RunScores
    items: tuple[Item, ...]

    @property
    def run(self) -> Run:
        return self.scores.run

    @property
    def repeats(self) -> int:
        return self.run.info.suite.repeats


def read_recorded(run: Run) -> Recorded:
    """Read the records once, so that scores and questions agree while the run goes on.

    Raises:
        InputError: a file of the run is missing or broken.
    """
    records = run.completed()
    scores = score_records(run, records)
    by_seed = _by_seed(scores, records)
    items = (
        Item(number, record, outcome, by_seed[record.seed].get(record.question, {}))
        for number, (record, outcome) in enumerate(zip(records, scores.outcomes, strict=True), start=1)
    )
    return Recorded(scores, tuple(items))


def _by_seed(scores: RunScores, records: tuple[Record, ...]) -> dict[int, dict[str, dict[str, Score]]]:
    """Seed → question → metric → score; of one seed every question is there once."""
    seeds = tuple(dict.fromkeys(record.seed for record in records))
    if len(seeds) < 2:
        return {seed: _by_question(scores) for seed in seeds}
    pairs = tuple(zip(records, scores.outcomes, strict=True))
    chosen = {seed: tuple(outcome for record, outcome in pairs if record.seed == seed) for seed in seeds}
    return {seed: _by_question(RunScores(scores.run, outcomes, 0)) for seed, outcomes in chosen.items()}


def _by_question(scores: RunScores) -> dict[str, dict[str, Score]]:
    found: dict[str, dict[str, Score]] = {}
    for name, item in scores.measured.items():
        if name not in OF_GROUPS and "_seconds_" not in name:
            for score in item.metric.scores:
                found.setdefault(score.question, {})[name] = score
    return found
