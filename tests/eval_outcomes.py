"""Short ways to write questions and outcomes for the tests of the metrics."""

from typing import Any

from evals.metrics.outcome import Outcome, Passage, Statement
from evals.questions.schema import Question, Span

TEXT = "Anna met Bo in Oslo. She did not meet Cara. They talked for 9.2 hours."
FIRST, SECOND, THIRD = (0, 20), (21, 43), (44, 70)


def span(offsets: tuple[int, int], article: str = "a") -> Span:
    return Span(article=article, start=offsets[0], end=offsets[1], text=TEXT[slice(*offsets)])


def cite(number: int, offsets: tuple[int, int], article: str = "a") -> Passage:
    return Passage(number, article, *offsets, TEXT[slice(*offsets)])


def ask(*parts: tuple[str, ...], evidence: tuple[tuple[Span, ...], ...] = (), **fields: Any) -> Question:
    """An answerable question; ``parts`` are its gold answers."""
    given = {"id": "q", "question": "Who?", "answerable": True, "answer_type": "span", **fields}
    return Question(answers=parts, evidence=evidence, **given)


def unanswerable(**fields: Any) -> Question:
    return Question(**{"id": "u", "question": "Who?", "answerable": False, **fields})


def say(question: Question, text: str, *cited: int, citations: tuple[Passage, ...] = (), **fields: Any) -> Outcome:
    """An answer of one statement."""
    return Outcome(question, answered=True, statements=(Statement(text, cited),), citations=citations, **fields)


def refuse(question: Question, **fields: Any) -> Outcome:
    return Outcome(question, **fields)


def fail(question: Question) -> Outcome:
    return Outcome(question, error="no answer within 60 s")
