"""Metrics of long answers: which of the facts that a good answer tells does it tell?

The facts are the nuggets of TREC's question answering track (Voorhees, "Overview of the TREC 2003 Question Answering
Track"). That a model says whether an answer tells them follows Pradeep et al., "Initial Nugget Evaluation Results for
the TREC 2024 RAG Track with the AutoNuggetizer Framework", 2024; like its strict scores, these give a nugget that is
told in part nothing.
"""

from collections.abc import Iterable

from evals.metrics.outcome import Outcome
from evals.metrics.scores import Metric, Score, mean, scored, unscored
from evals.metrics.support import claim_support

TOLD = 0.5  # the least probability that an answer states a nugget it tells
NO_NUGGETS = "no nuggets"
NO_VITAL = "no vital nuggets"


def vital_nugget_recall(outcomes: Iterable[Outcome]) -> Metric:
    """Mean share of a question's vital nuggets that its answer tells; AutoNuggetizer's "strict vital" score."""
    return mean("vital_nugget_recall", map(_vital, outcomes))


def nugget_recall(outcomes: Iterable[Outcome]) -> Metric:
    """Mean share of all of a question's nuggets that its answer tells; AutoNuggetizer's "strict all" score."""
    return mean("nugget_recall", (_recall(outcome, NO_NUGGETS, vital=False) for outcome in outcomes))


def nugget_f1(outcomes: Iterable[Outcome]) -> Metric:
    """Mean over the questions of the harmonic mean of vital recall and ``claim_support``.

    TREC's nugget F combines vital recall with a precision that is an allowance of characters, for want of a way to
    count what else an answer says. Here precision is the share of the statements that their cited sentences state: not
    length costs, but what has no source.
    """
    return mean("nugget_f1", map(_f1, outcomes))


def _vital(outcome: Outcome) -> Score:
    return _recall(outcome, NO_VITAL, vital=True)


def _f1(outcome: Outcome) -> Score:
    score = _vital(outcome)
    if not score.value:  # without recall support does not matter
        return score
    support = claim_support([outcome]).value or 0.0
    return scored(outcome.question, 2 * score.value * support / (score.value + support))


def _recall(outcome: Outcome, none: str, *, vital: bool) -> Score:
    question = outcome.question
    nuggets = [nugget.text for nugget in question.nuggets if nugget.vital or not vital]
    if not nuggets:
        return unscored(question, none if question.nuggets else NO_NUGGETS, error=outcome.failed)
    if outcome.unmatched:
        return unscored(question, outcome.unmatched, error=outcome.failed)
    if not outcome.text:
        return scored(question, 0.0, error=outcome.failed)
    return scored(question, sum(outcome.matches[nugget] >= TOLD for nugget in nuggets) / len(nuggets))
