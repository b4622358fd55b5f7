"""Running means while questions are asked."""

from collections.abc import Iterable

from evals.metrics.answers import is_correct
from evals.metrics.citations import citation_f1
from evals.run.records import Record, Run
from evals.score.outcomes import Reader


class Tally:
    """Counts what has been recorded so far; ``str`` gives it in one line."""

    def __init__(self, run: Run, records: Iterable[Record] = ()) -> None:
        self._reader = Reader(run)
        self.count = self._answered = self._refused = self._errors = 0
        self._correct: list[bool] = []
        self._cited: list[float] = []
        for record in records:
            self.add(record)

    def add(self, record: Record) -> None:
        """Count one record."""
        outcome = self._reader.outcome(record)
        self.count += 1
        self._answered += outcome.answered
        self._refused += outcome.refused
        self._errors += outcome.failed
        if (correct := is_correct(outcome)) is not None:
            self._correct.append(correct)
        if (value := citation_f1([outcome]).value) is not None:
            self._cited.append(value)

    def __str__(self) -> str:
        parts = [f"{self._answered} answered", f"{self._refused} refused"]
        if self._errors:
            parts.append(f"{self._errors} failed")
        if self._correct:
            parts.append(f"correct {sum(self._correct) / len(self._correct):.2f}")
        if self._cited:
            parts.append(f"citation F1 {sum(self._cited) / len(self._cited):.2f}")
        return " · ".join(parts)
