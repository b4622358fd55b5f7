"""Metrics of questions that take something wrong for granted: is the premise named, and what is so instead?"""

from collections.abc import Iterable, Sequence

from assistant.answer import Status
from evals.metrics.outcome import Outcome, Passage, same_place
from evals.metrics.scores import Metric, Score, mean, scored, unscored


def premise_corrected(outcomes: Iterable[Outcome]) -> Metric:
    """Share of the questions with a wrong premise whose answer says so and cites what is so instead.

    Saying so is the status ``false premise``; what is so instead counts once any gold sentence of it is cited. Compare
    the credit for corrections in Kim et al., "(QA)²: Question Answering with Questionable Assumptions", ACL 2023.
    """
    return mean("premise_corrected", map(_corrected, outcomes))


def instead_shown(outcomes: Iterable[Outcome]) -> Metric:
    """Share of the questions with a wrong premise that are refused beside a sentence that says what is so instead."""
    return mean("instead_shown", map(_shown, outcomes))


def _corrected(outcome: Outcome) -> Score:
    named = outcome.status == Status.FALSE_PREMISE
    return _score(outcome, outcome.citations if named else ())


def _shown(outcome: Outcome) -> Score:
    return _score(outcome, (*outcome.citations, *outcome.beside) if outcome.refused else ())


def _score(outcome: Outcome, shown: Sequence[Passage]) -> Score:
    gold = [span for group in outcome.question.instead for span in group]
    if not gold:
        return unscored(outcome.question, "no wrong premise", error=outcome.failed)
    found = any(same_place(passage, span) for passage in shown for span in gold)
    return scored(outcome.question, float(found), error=outcome.failed)
