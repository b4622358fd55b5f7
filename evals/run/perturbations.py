"""Perturbations: the same questions and articles put otherwise, to see how many answers depend on that.

articles-order  the articles are added in another order, which the seed decides; each seed has an index of its own
question-case   questions in small letters and without their question mark, as people type them
"""

from collections.abc import Iterable
from hashlib import sha256

from evals.questions.schema import Question
from index.articles import Article

ORDER, CASE = "articles-order", "question-case"
PERTURBATIONS = (ORDER, CASE)


def reworded(question: Question, *perturbations: str) -> Question:
    """The question as it is asked with these perturbations; put so twice, it stays as it is."""
    if CASE not in perturbations:
        return question
    return question.model_copy(update={"question": question.question.lower().rstrip("? ") or question.question})


def in_another_order(articles: Iterable[Article], seed: int) -> tuple[Article, ...]:
    """The articles in an order that depends on the seed and their ids alone."""
    return tuple(sorted(articles, key=lambda article: sha256(f"{seed}\0{article.id}".encode()).digest()))
