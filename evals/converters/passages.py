"""CLAPNQ and MTRAG: questions over passages.

Rosenthal et al., "CLAPnq: Cohesive Long-form Answers from Passages in Natural Questions for RAG systems", TACL 2025;
Katsis et al., "MTRAG: A Multi-Turn Conversational Benchmark for Evaluating Retrieval-Augmented Generation Systems",
TACL 2025.
"""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from evals.converters.source import Item, Note, Options, Skipped, by_record, distinct, json_lines, left_out, need, plain
from evals.questions.schema import Question, Span, Turn
from index.articles import Article

CLAPNQ_FIELDS = ("id", "question", "answers", "answerable", "evidence")
MTRAG_FIELDS = (
    *("task_id", "conversation_id", "turn", "input", "targets", "contexts", "answerability"),
    *("Question Type", "Multi-Turn", "Collection", "dataset", "task_type"),
)
# What a system that answers only from its articles should do: a question that is not clear enough is not answered.
ANSWERABLE = {"ANSWERABLE": True, "PARTIAL": True, "UNANSWERABLE": False, "UNDERSPECIFIED": False}


def convert_clapnq(path: Path, options: Options) -> Iterator[Item]:
    """Lines of id, question, answers, answerable and evidence; the passages are an articles file already.

    Every sentence that the annotators chose is a group of its own: the long answer needs them all.
    """
    return by_record(json_lines(path), _clapnq)


def _clapnq(place: str, record: Mapping[str, Any]) -> Iterator[Item]:
    yield from left_out(record, CLAPNQ_FIELDS, place)
    answers = distinct(need(record, "answers", place))
    spans = [Span.model_validate(span) for span in need(record, "evidence", place)]
    identity, wording = str(need(record, "id", place)), str(need(record, "question", place)).strip()
    if not wording:
        yield Skipped(place, "the question is blank")
    elif not need(record, "answerable", place):
        if answers or spans:
            yield Note(place, "answers or evidence of an unanswerable question are left out")
        yield Question(id=identity, question=wording, answerable=False)
    else:
        if not answers:
            yield Note(place, "answerable, but without an answer: answers to it cannot be scored")
        yield Question(
            id=identity,
            question=wording,
            answerable=True,
            answer_type="long",
            answers=(answers,) if answers else (),
            evidence=tuple((span,) for span in spans),
        )


def convert_mtrag(path: Path, options: Options) -> Iterator[Item]:
    """Tasks: a conversation whose last turn is the question, the passages that bear on it, and a target answer.

    The passages become articles; which of their sentences are needed is not annotated, so that all passages of a
    question are one group of interchangeable spans. Questions of a conversation are one cluster.
    """
    return by_record(json_lines(path), _mtrag)


def _mtrag(place: str, record: Mapping[str, Any]) -> Iterator[Item]:
    yield from left_out(record, MTRAG_FIELDS, place)
    passages = [_passage(context, record) for context in need(record, "contexts", place)]
    yield from passages
    kind = "|".join(map(str, need(record, "answerability", place)))
    turns = need(record, "input", place)
    if kind not in ANSWERABLE:
        yield Skipped(place, f"answerability {kind!r} is neither a question to answer nor one to refuse")
    elif not turns or turns[-1]["speaker"] != "user" or not str(turns[-1]["text"]).strip():
        yield Skipped(place, "the last turn is not a question of the user")
    else:
        yield from _task(record, place, kind, passages)


def _task(record: Mapping[str, Any], place: str, kind: str, passages: Sequence[Article]) -> Iterator[Question | Note]:
    answerable = ANSWERABLE[kind]
    targets = distinct([str(target["text"]) for target in need(record, "targets", place)])
    if not answerable and passages:
        yield Note(place, f"passages of a question that is {kind.lower()} are articles, but not evidence")
    if not answerable and targets:
        yield Note(place, f"the reply to a question that is {kind.lower()} is left out")
    turns = record["input"]
    if any(turn["speaker"] != ("user", "agent")[index % 2] for index, turn in enumerate(turns)):
        yield Note(place, "user and agent do not take turns; replies without a question are left out")
    types = [str(kind) for kind in record.get("Question Type") or ()]
    labels = (kind, record.get("Collection"), *(record.get("Multi-Turn") or ()))
    yield Question(
        id=str(need(record, "task_id", place)),
        question=str(turns[-1]["text"]).strip(),
        answerable=answerable,
        answer_type="long" if answerable else None,
        answers=(targets,) if answerable and targets else (),
        evidence=(tuple(_whole(passage) for passage in passages),) if answerable and passages else (),
        question_type="+".join(types),
        tags=tuple(str(label).lower() for label in labels if label and label != "N/A"),
        cluster=str(record.get("conversation_id") or ""),
        history=_history(turns),
    )


def _history(turns: Sequence[Mapping[str, Any]]) -> tuple[Turn, ...]:
    """Earlier questions, each with the reply that follows it (empty where none does)."""
    earlier = turns[:-1]
    history = []
    for index, turn in enumerate(earlier):
        if turn["speaker"] == "user" and str(turn["text"]).strip():
            following = earlier[index + 1] if index + 1 < len(earlier) else None
            answer = str(following["text"]) if following and following["speaker"] == "agent" else ""
            history.append(Turn(question=str(turn["text"]), answer=answer))
    return tuple(history)


def _passage(context: Mapping[str, Any], record: Mapping[str, Any]) -> Article:
    source = f"MTRAG {record.get('Collection', '')}".strip()
    title = " ".join(str(context.get("title") or "").split())
    return Article(str(context["document_id"]), title=title, source=source, text=plain(str(context["text"])))


def _whole(article: Article) -> Span:
    text = article.text
    start, end = len(text) - len(text.lstrip()), len(text.rstrip())
    return Span(article=article.id, start=start, end=end, text=text[start:end])
