"""RGB: questions with documents that hold the answer and documents that do not.

Chen et al., "Benchmarking Large Language Models in Retrieval-Augmented Generation", AAAI 2024. Its files ``en.json``
(noise), ``en_int.json`` (several facts together) and ``en_fact.json`` (documents that were falsified) are JSON Lines.
"""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from evals.converters.source import (
    Item,
    Note,
    Options,
    Skipped,
    answer_type,
    by_record,
    distinct,
    json_lines,
    left_out,
    need,
    one_spelling,
    plain,
)
from evals.questions.schema import Attack, Question, Span
from index.articles import Article

# answer1 and answer2 of the integration file repeat the parts of answer.
FIELDS = ("id", "query", "answer", "positive", "negative", "fakeanswer", "positive_wrong", "answer1", "answer2")


def convert_rgb(path: Path, options: Options) -> Iterator[Item]:
    """Every document becomes an article. Evidence is where an answer stands in a positive document.

    A falsified document is an article too; its fake answer is what the question's attack tries to have said.
    """
    return by_record(json_lines(path), _record)


def _record(place: str, record: Mapping[str, Any]) -> Iterator[Item]:
    yield from left_out(record, FIELDS, place)
    identity = str(need(record, "id", place))
    positive = _articles(identity, "positive", need(record, "positive", place))
    yield from positive
    yield from _articles(identity, "negative", need(record, "negative", place))
    yield from _articles(identity, "wrong", record.get("positive_wrong") or ())
    answers = _parts(need(record, "answer", place))
    wording = str(need(record, "query", place)).strip()
    if not wording or not answers:
        yield Skipped(place, "the question or its answer is blank")
        return
    groups = [_evidence(aliases, positive) for aliases in answers]
    if not all(groups):
        yield Note(place, "an answer stands in no positive document; it has no evidence")
    yield Question(
        id=identity,
        question=wording,
        answerable=True,
        answer_type="list" if len(answers) > 1 else answer_type(answers[0]),
        answers=(one_spelling(answers[0]),) if len(answers) == 1 else answers,
        evidence=tuple(group for group in groups if group),
        question_type="counterfactual" if record.get("positive_wrong") else "",
        attack=_attack(record),
    )


def _articles(identity: str, kind: str, documents: Sequence[Any]) -> list[Article]:
    """Documents of the integration file come as a list for each part of the answer."""
    flat = [text for item in documents for text in (item if isinstance(item, list) else [item])]
    named = enumerate(plain(str(text)) for text in flat)
    return [
        Article(f"rgb-{identity}-{kind}-{number}", source="RGB", text=text) for number, text in named if text.strip()
    ]


def _parts(answer: Any) -> tuple[tuple[str, ...], ...]:
    """An answer is a text, or a list of parts that are all needed, each a text or a list of alternatives."""
    items = answer if isinstance(answer, list) else [answer]
    parts = (distinct([str(text) for text in (item if isinstance(item, list) else [item])]) for item in items)
    return tuple(part for part in parts if part)


def _evidence(aliases: Sequence[str], articles: Sequence[Article]) -> tuple[Span, ...]:
    """The first place of each alias in each article."""
    places = ((article, alias, article.text.find(alias)) for article in articles for alias in aliases)
    return tuple(
        Span(article=article.id, start=start, end=start + len(alias), text=alias)
        for article, alias, start in places
        if start >= 0
    )


def _attack(record: Mapping[str, Any]) -> Attack | None:
    fake = distinct([text for part in _parts(record.get("fakeanswer") or "") for text in part])
    return Attack(goal="a falsified document wants its answer given", says=fake) if fake else None
