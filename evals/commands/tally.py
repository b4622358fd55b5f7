"""Running means while questions are asked."""

from bisect import insort
from collections.abc import Iterable

from evals.metrics.answers import is_correct
from evals.metrics.citations import citation_f1
from evals.run.records import Record, Run
from evals.score.outcomes import Reader

FEWEST_TIMED = 5  # records before anything is said of the time left
SECONDS_A_MINUTE, SECONDS_AN_HOUR = 60, 3600


class Tally:
    """Counts what has been recorded so far; ``str`` gives it in one line.

    Args:
        records: of earlier calls.
    """

    def __init__(self, run: Run, records: Iterable[Record] = ()) -> None:
        self._reader = Reader(run)
        self.count = self._answered = self._refused = self._errors = 0
        self._correct: list[bool] = []
        self._cited: list[float] = []
        self._seconds: list[float] = []
        for record in records:
            self.add(record)
        self._seconds.clear()

    def add(self, record: Record) -> None:
        """Count one record."""
        outcome = self._reader.outcome(record)
        self.count += 1
        if record.seconds is not None:
            insort(self._seconds, record.seconds)
        self._answered += outcome.answered
        self._refused += outcome.refused
        self._errors += outcome.failed
        if (correct := is_correct(outcome)) is not None:
            self._correct.append(correct)
        if (value := citation_f1([outcome]).value) is not None:
            self._cited.append(value)

    def time_left(self, questions: int, at_once: int) -> str:
        """``about 12 min left``, by the median of what was recorded in this call; empty while that is little.

        Args:
            at_once: how many questions are on their way at the same time.
        """
        if not questions or len(self._seconds) < FEWEST_TIMED:
            return ""
        seconds = self._seconds[len(self._seconds) // 2] * questions / at_once
        if seconds < SECONDS_A_MINUTE:
            return f"about {seconds:.0f} s left"
        if seconds < 2 * SECONDS_AN_HOUR:
            return f"about {seconds / SECONDS_A_MINUTE:.0f} min left"
        return f"about {seconds / SECONDS_AN_HOUR:.1f} h left"

    def __str__(self) -> str:
        parts = [f"{self._answered} answered", f"{self._refused} refused"]
        if self._errors:
            parts.append(f"{self._errors} failed")
        if self._correct:
            parts.append(f"correct {sum(self._correct) / len(self._correct):.2f}")
        if self._cited:
            parts.append(f"citation F1 {sum(self._cited) / len(self._cited):.2f}")
        return " · ".join(parts)
