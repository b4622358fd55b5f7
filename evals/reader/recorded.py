"""Records search results and reader scores for a suite's questions, as data for calibration."""

import tempfile
import zlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from assistant.answer import Evidence
from assistant.embedded.provider import ModelProvider
from assistant.evidence.select import EvidenceLimits, select_evidence
from evals.metrics.outcome import Passage, same_place
from evals.questions.anchors import anchor_questions
from evals.questions.schema import Question, Span
from evals.reader.wikinews import WRITTEN, Group, digest_of, groups, read_lines
from evals.run.suite import find_suite, load_material, read_suite
from index.articles import Article
from index.errors import InputError
from index.library import Library
from index.store.records import Selection

K, CANDIDATES = 8, 30  # as the assistant searches
LIMITS = EvidenceLimits(sentences=10, tokens=2000)
FOLDS = 5
TUNING = "wikinews-tuning"  # our own questions over Wikinews that training leaves out
DISTRACTING = 100  # further articles, among which those of the tuning questions are searched

Show = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Recorded:
    """A question with its evidence.

    Attributes:
        gold: of each sentence of the evidence the numbers of the gold groups that it belongs to.
        groups: how many gold groups there are.
        fold: in which of ``FOLDS`` the question's story is held out.
        story: questions of one story are not independent.
        tags: what the question is a case of, in suites that say so.
    """

    question: str
    answerable: bool
    evidence: tuple[Evidence, ...]
    gold: tuple[frozenset[int], ...]
    groups: int
    fold: int
    story: str = ""
    tags: tuple[str, ...] = ()


def record(name: str, models: ModelProvider, data: Path, show: Show) -> list[Recorded]:
    """Ask the stand-alone questions of a suite, or of ``TUNING``, without a language model.

    Args:
        data: the folder with the reader's training data, for ``TUNING``.
    """
    questions, articles = _tuning(data) if name == TUNING else _suite(name)
    reader = models.reader()
    if reader is None:
        raise InputError("the setting reranker is none", "set ASSISTANT_RERANKER=local")
    found = []
    with tempfile.TemporaryDirectory() as folder:
        library = Library(Path(folder) / "index", models)
        library.add(articles)
        searcher = library.searcher()
        for number, question in enumerate(questions, start=1):
            hits = searcher.search(question.question, k=K, candidates=CANDIDATES, selection=Selection()).hits
            evidence = select_evidence(question.question, hits, reader, LIMITS)
            found.append(_recorded(question, evidence))
            if number % 50 == 0:
                show(f"{name}: {number} of {len(questions)} questions")
    return found


def _recorded(question: Question, evidence: tuple[Evidence, ...]) -> Recorded:
    cluster = question.cluster or question.group or question.id
    return Recorded(
        question.question,
        question.answerable,
        evidence,
        tuple(frozenset(_groups_of(item, question)) for item in evidence),
        len(question.evidence) if question.answerable else 0,
        zlib.crc32(cluster.encode()) % FOLDS,
        cluster,
        tuple(question.tags),
    )


def _groups_of(item: Evidence, question: Question) -> Iterator[int]:
    place = Passage(0, item.article.id, item.start, item.end, item.sentence)
    for number, group in enumerate(question.evidence if question.answerable else ()):
        if any(same_place(place, span) for span in group):
            yield number


def _suite(name: str) -> tuple[Sequence[Question], Sequence[Article]]:
    path = find_suite(name)
    material = load_material(read_suite(path), path)
    anchored = anchor_questions(material.questions, {article.id: article for article in material.articles}).questions
    return [question for question in anchored if not question.history], material.articles


def _tuning(data: Path) -> tuple[Sequence[Question], Sequence[Article]]:
    articles = groups(read_lines(data / "qa.jsonl.xz"))
    records = list(read_lines(WRITTEN / "questions-tune.jsonl"))
    asked = {str(record["group"]) for record in records}
    others = sorted(set(articles) - asked)[:DISTRACTING]
    made = {name: _article(articles[name]) for name in (*sorted(asked), *others)}
    questions = []
    for number, record in enumerate(records):
        name, text = str(record["group"]), made[str(record["group"])].text
        spans = tuple(_span(name, text, articles[name], digest) for digest in record.get("evidence", ()))
        questions.append(
            Question(
                id=f"tuning-{number}",
                question=record["question"],
                answerable=bool(spans),
                answer_type="long" if spans else None,
                evidence=(spans,) if spans else (),
                cluster=name,
            )
        )
    return questions, list(made.values())


def _article(group: Group) -> Article:
    return Article(group.name, source="Wikinews", text="\n\n".join(" ".join(run) for run in group.runs))


def _span(name: str, text: str, group: Group, digest: str) -> Span:
    sentence = next(one for run in group.runs for one in run if digest_of(one) == digest)
    start = text.index(sentence)
    return Span(article=name, start=start, end=start + len(sentence), text=sentence)
