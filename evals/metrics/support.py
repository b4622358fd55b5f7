"""Metrics of support: do the cited sentences state the claims? Checked by words, without a model."""

from collections.abc import Callable, Iterable
from functools import lru_cache

from assistant.text.claim_check import (
    MIN_CONTENT_RECALL,
    content_recall,
    how_meant_otherwise,
    names,
    numbers,
    word_stems,
)
from evals.metrics.citations import NO_CITATION
from evals.metrics.outcome import Outcome, Passage, Statement
from evals.metrics.scores import Metric, Score, mean, scored, unscored

MOST_LINES = 20_000  # of articles, whose words are kept: many statements cite the same articles


def claim_support(outcomes: Iterable[Outcome]) -> Metric:
    """Mean share of an answer's statements that their cited sentences, taken together, state.

    Every name and number and most content words stand in the sentences, or before them in the article, and what the
    sentences tell as planned, alleged or denied is told so. The assistant filters its claims with such checks, so this
    compares other systems and other settings with it; it is no proof that its own claims are right.
    """
    return mean("claim_support", (_shares(outcome, _supported) for outcome in outcomes))


def claim_facts(outcomes: Iterable[Outcome]) -> Metric:
    """Mean share of an answer's statements of which every number, name and date stands in the cited sentences.

    Stricter than ``claim_support``: neither the title nor the text before lends anything.
    """
    return mean("claim_facts", (_shares(outcome, _facts_stand) for outcome in outcomes))


def claim_recall(outcomes: Iterable[Outcome]) -> Metric:
    """Mean share of a statement's content words (stemmed) that its cited sentences have."""
    return mean("claim_recall", (_shares(outcome, _recalled) for outcome in outcomes))


def _shares(outcome: Outcome, measure: Callable[[Outcome, Statement], float]) -> Score:
    question = outcome.question
    if outcome.failed:
        return scored(question, 0.0, error=True)
    if not outcome.answered:
        return unscored(question, NO_CITATION)
    values = [measure(outcome, statement) for statement in outcome.statements]
    return scored(question, sum(values) / len(values) if values else 0.0)


def _supported(outcome: Outcome, statement: Statement) -> float:
    cited, claim = _cited(outcome, statement), statement.text
    sentences = " ".join(passage.text for passage in cited)
    near = [line for passage in cited for text in (passage.before, passage.text) for line in text.split("\n")]
    # No word and no number goes on in another line, so that what the lines have is what the text has.
    known, counted = (frozenset().union(*map(read, near)) for read in (_stems, _numbers))
    named = all(word_stems(name) <= known for name in names(claim)) and numbers(claim) <= counted
    # As the recall in the text itself, which is long and is read once.
    stated = named and content_recall(claim, "", known | counted) >= MIN_CONTENT_RECALL
    return float(bool(cited) and stated and not how_meant_otherwise(claim, sentences))


@lru_cache(maxsize=MOST_LINES)
def _stems(line: str) -> frozenset[str]:
    return word_stems(line)


@lru_cache(maxsize=MOST_LINES)
def _numbers(line: str) -> frozenset[str]:
    return numbers(line)


def _facts_stand(outcome: Outcome, statement: Statement) -> float:
    sentences = " ".join(passage.text for passage in _cited(outcome, statement))
    known = word_stems(sentences)
    named = all(word_stems(name) <= known for name in names(statement.text))
    return float(bool(sentences) and named and numbers(statement.text) <= numbers(sentences))


def _recalled(outcome: Outcome, statement: Statement) -> float:
    return content_recall(statement.text, " ".join(passage.text for passage in _cited(outcome, statement)))


def _cited(outcome: Outcome, statement: Statement) -> tuple[Passage, ...]:
    """The places that the statement points at; of a dangling citation there is none."""
    return tuple(passage for passage in outcome.citations if passage.number in statement.citations)
