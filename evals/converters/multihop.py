"""MultiHop-RAG and HotpotQA: questions that need several facts.

Tang & Yang, "MultiHop-RAG: Benchmarking Retrieval-Augmented Generation for Multi-Hop Queries", COLM 2024; Yang et al.,
"HotpotQA: A Dataset for Diverse, Explainable Multi-hop Question Answering", EMNLP 2018.
"""

from collections.abc import Iterator, Mapping, Sequence
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
    json_items,
    json_lines,
    left_out,
    need,
    plain,
    text_id,
)
from evals.questions.anchors import Miss, anchor_span
from evals.questions.schema import YES_NO, Question, Span
from index.articles import Article

MULTIHOP_FIELDS = ("id", "question", "query", "question_type", "answer", "evidence_list")
HOTPOT_FIELDS = ("_id", "question", "answer", "supporting_facts", "context", "type", "level")
NULL_QUERY = "null_query"  # MultiHop-RAG's name for questions that its articles do not answer


def convert_multihop(path: Path, options: Options) -> Iterator[Item]:
    """Queries with their facts, as JSON Lines or one JSON array; an article's id is its address.

    The articles come from ``options.corpus`` (the set's ``corpus.json``). Without it the facts have no offsets.
    """
    articles = {article.id: article for article in _corpus(options.corpus)} if options.corpus else {}
    yield from articles.values()
    records = json_lines(path) if path.suffix == ".jsonl" else json_items(path, "item")
    yield from by_record(records, partial(_query, articles))


def _query(articles: Mapping[str, Article], place: str, record: Mapping[str, Any]) -> Iterator[Item]:
    yield from left_out(record, MULTIHOP_FIELDS, place)
    wording = str(record.get("question") or need(record, "query", place)).strip()
    answer = str(need(record, "answer", place)).strip()
    kind = str(record.get("question_type") or "")
    identity = str(record.get("id") or text_id("query", wording))
    facts = need(record, "evidence_list", place)
    if not wording:
        yield Skipped(place, "the question is blank")
    elif kind == NULL_QUERY:
        if facts:
            yield Note(place, "evidence of an unanswerable question is left out")
        yield Question(id=identity, question=wording, answerable=False, question_type=kind)
    elif not answer:
        yield Skipped(place, "answerable, but without an answer")
    else:
        found = [_fact(fact, place, articles) for fact in facts]
        yield from (note for _, notes in found for note in notes)
        yield _answerable(identity, wording, answer, kind, [span for span, _ in found])


def _corpus(path: Path) -> Iterator[Article]:
    for place, record in json_items(path, "item"):
        text = plain(str(need(record, "body", place)))
        fields = {name: str(record.get(name) or "") for name in ("title", "source", "author")}
        published = str(record.get("published_at") or "")
        yield Article(str(need(record, "url", place)), **fields, url=str(record["url"]), published=published, text=text)


def _fact(fact: Mapping[str, Any], place: str, articles: Mapping[str, Article]) -> tuple[Span, tuple[Note, ...]]:
    span = Span(article=str(need(fact, "url", place)), text=str(need(fact, "fact", place)))
    if not articles:
        return span, (Note(place, "a fact has no offsets: the articles are not there (give them with --corpus)"),)
    found = anchor_span(span, articles)
    if isinstance(found, Miss):
        return span, (Note(place, f"a fact has no offsets: {found}"),)
    return found[0], ()


def _answerable(identity: str, wording: str, answer: str, kind: str, spans: Sequence[Span]) -> Question:
    gold = answer.lower() if answer.lower() in YES_NO else answer
    return Question(
        id=identity,
        question=wording,
        answerable=True,
        answer_type=answer_type([gold]),
        answers=((gold,),),
        evidence=tuple((span,) for span in spans),
        question_type=kind,
    )


def convert_hotpot(path: Path, options: Options) -> Iterator[Item]:
    """Questions with ten paragraphs each, two of which hold the supporting sentences; each paragraph is an article."""
    return by_record(json_items(path, "item"), _hotpot)


def _hotpot(place: str, record: Mapping[str, Any]) -> Iterator[Item]:
    yield from left_out(record, HOTPOT_FIELDS, place)
    paragraphs = {str(title): [plain(str(text)) for text in texts] for title, texts in need(record, "context", place)}
    articles = {title: _paragraph(title, sentences) for title, sentences in paragraphs.items()}
    yield from (article for article in articles.values() if article.text.strip())
    spans = []
    for title, number in need(record, "supporting_facts", place):
        sentences = paragraphs.get(title, [])
        if number < len(sentences) and sentences[number].strip():
            spans.append(_sentence_span(articles[title], sentences, number))
        else:
            yield Note(place, "a supporting fact points at a sentence that is not there; it is left out")
    wording, answer = str(need(record, "question", place)).strip(), str(need(record, "answer", place)).strip()
    if not wording or not answer:
        yield Skipped(place, "the question or its answer is blank")
    else:
        question = _answerable(str(need(record, "_id", place)), wording, answer, str(record.get("type") or ""), spans)
        level = str(record.get("level") or "")
        yield question.model_copy(update={"tags": (level,) if level else ()})


def _paragraph(title: str, sentences: Sequence[str]) -> Article:
    text = "".join(sentences)
    return Article(text_id(title, text), title=title, source="HotpotQA", text=text)


def _sentence_span(article: Article, sentences: Sequence[str], number: int) -> Span:
    sentence = sentences[number]
    start = sum(map(len, sentences[:number])) + len(sentence) - len(sentence.lstrip())
    return Span(article=article.id, start=start, end=start + len(sentence.strip()), text=sentence.strip())
