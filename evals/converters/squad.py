"""SQuAD 1.1 and 2.0: pages of paragraphs, each with questions whose answers are spans of the paragraph.

Rajpurkar et al., "SQuAD: 100,000+ Questions for Machine Comprehension of Text", EMNLP 2016; Rajpurkar, Jia & Liang,
"Know What You Don't Know: Unanswerable Questions for SQuAD", ACL 2018.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
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
    json_items,
    left_out,
    need,
    plain,
)
from evals.questions.schema import Question, Span
from index.articles import Article

BREAK = "\n\n"  # between the paragraphs of a page
PAGE_FIELDS = ("title", "paragraphs")
PARAGRAPH_FIELDS = ("context", "qas")
QUESTION_FIELDS = ("id", "question", "answers", "is_impossible")


@dataclass(frozen=True, slots=True)
class Home:
    """Where a paragraph stands: its article, the page that is its cluster, and its offset in the article."""

    article: str
    cluster: str
    start: int


def convert_squad(path: Path, options: Options) -> Iterator[Item]:
    """Each page becomes an article made of its paragraphs, or, with ``options.paragraphs``, each paragraph one.

    The gold answers of a question are alternatives; where they stand is its evidence (one group). Questions of one
    page are one cluster.
    """
    return by_record(json_items(path, "data.item"), partial(_page, options))


def _page(options: Options, place: str, page: Mapping[str, Any]) -> Iterator[Item]:
    name = str(need(page, "title", place))
    title = name.replace("_", " ")
    yield from left_out(page, PAGE_FIELDS, place)
    start, texts = 0, []
    for number, paragraph in enumerate(need(page, "paragraphs", place)):
        text = plain(str(need(paragraph, "context", place)))
        home = Home(name, name, start)
        if options.paragraphs:
            home = Home(f"{name}#{number}", name, 0)
            yield Article(home.article, title=title, source="SQuAD", text=text)
        yield from left_out(paragraph, PARAGRAPH_FIELDS, place)
        for record in need(paragraph, "qas", place):
            yield from _question(record, f"{place}, question {record.get('id')}", text, home)
        texts.append(text)
        start += len(text) + len(BREAK)
    if not options.paragraphs:
        yield Article(name, title=title, source="SQuAD", text=BREAK.join(texts))


def _question(record: Mapping[str, Any], place: str, text: str, home: Home) -> Iterator[Item]:
    yield from left_out(record, QUESTION_FIELDS, place)
    identity, wording = str(need(record, "id", place)), str(need(record, "question", place)).strip()
    golds = need(record, "answers", place)
    answers = distinct([str(gold["text"]) for gold in golds])
    if not wording:
        yield Skipped(place, "the question is blank")
    elif record.get("is_impossible", False):
        if golds:
            yield Note(place, "answers of a question that is marked impossible are left out")
        yield Question(id=identity, question=wording, answerable=False, cluster=home.cluster)
    elif not answers:
        yield Skipped(place, "answerable, but without an answer")
    else:
        kind = answer_type(answers)
        spans = _spans(golds, text, home)
        if len(spans) < len({(gold["text"], gold["answer_start"]) for gold in golds}):
            yield Note(place, "an answer does not stand at its offset; it is kept without a place")
        yield Question(
            id=identity,
            question=wording,
            answerable=True,
            answer_type="span" if kind == "yes_no" else kind,  # a span that happens to be the word "no"
            answers=(answers,),
            evidence=(spans,) if spans else (),
            cluster=home.cluster,
        )


def _spans(golds: Sequence[Mapping[str, Any]], text: str, home: Home) -> tuple[Span, ...]:
    """The answers that stand at their offsets, each place once."""
    spans: dict[tuple[int, str], Span] = {}
    for gold in golds:
        start, answer = int(gold["answer_start"]), plain(str(gold["text"]))
        if answer.strip() and text[start : start + len(answer)] == answer:
            begin = home.start + start
            spans[begin, answer] = Span(article=home.article, start=begin, end=begin + len(answer), text=answer)
    return tuple(spans.values())
