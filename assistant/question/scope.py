"""Decides which articles a question searches, from its filters and from its own words."""

from dataclasses import dataclass, replace
from datetime import UTC, datetime

from assistant.question.asked import Question
from assistant.question.time_window import QuestionTime, overlap, read_question_time, without_spans
from index.store.records import Selection


@dataclass(frozen=True, slots=True)
class Scope:
    """Where an answer is looked for.

    Attributes:
        selection: the articles that are searched.
        time: what the question says about time.
        narrowed: whether the question's own words narrow the search to a period.
    """

    selection: Selection
    time: QuestionTime
    narrowed: bool

    def wording(self, question: str) -> str:
        """The question as it is read: a period that the search kept to is no part of that."""
        return without_spans(question, self.time.spans if self.narrowed else ())


def scope_of(asked: Question, standalone: str) -> Scope:
    """Where to look for an answer; the caller's window is never left.

    Args:
        standalone: the question's wording that stands alone.
    """
    time = read_question_time(standalone, asked.as_of or datetime.now(UTC))
    both = overlap(asked.window, time.window) if time.strict and time.window else None
    return Scope(replace(asked.selection, window=both or asked.window), time, both is not None)
