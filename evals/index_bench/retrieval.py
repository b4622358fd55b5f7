"""Measures how often each way of searching finds the answering sentence, and how long it takes."""

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from evals.metrics.outcome import Outcome, Passage
from evals.metrics.retrieval import retrieval_metrics
from evals.questions.anchors import anchor_questions
from evals.questions.schema import Question
from evals.run.suite import Sample, find_suite, load_material, read_suite
from evals.score.statistics import metric_intervals
from index.articles import Chunk, Window
from index.errors import InputError
from index.library import Library
from index.lifecycle.add import Models
from index.retrieve.search import Searcher
from index.store.records import Selection

DEPTHS = (10, 20, 30, 50)
KS = (1, 4, 10)
K = max(KS)
SETS = ("newsroom", "clapnq", "squad2")
MEASURES = ("hit@1", "hit@4", "hit@10", "mrr", "ndcg@10")
SMALLEST_GAIN = 0.005  # of MRR: less than that is not worth reading more passages

Ranking = Callable[[str], Sequence[Chunk]]


@dataclass(frozen=True, slots=True)
class Row:
    """One way of searching one set: measures from 0 to 1 over ``n`` questions, and milliseconds a question.

    Attributes:
        intervals: lower and upper bound, 95 %, of the measures that have one.
    """

    questions: str
    way: str
    n: int
    values: dict[str, float]
    ms: float
    intervals: dict[str, tuple[float, float]] = field(default_factory=dict)


def measure_retrieval(folder: Path, models: Models, name: str, most: int) -> Iterator[Row]:
    """Search for the answerable questions of a set that stand alone, in every way.

    Args:
        most: questions that are taken, those whose ids have the smallest digests.

    Raises:
        InputError: the set is not there, or its evidence does not stand in its articles.
    """
    path = find_suite(name)
    suite = read_suite(path)
    source = suite.questions.model_copy(update={"paragraphs": suite.questions.convert == "squad"})
    suite = suite.model_copy(update={"questions": source, "sample": Sample(unanswerable=0)})
    material = load_material(suite, path)
    anchored = anchor_questions(material.questions, {article.id: article for article in material.articles})
    if anchored.failures:
        raise InputError(f"{name}: evidence is not in the articles: {anchored.failures[0]}", "validate the set")
    alone = [question for question in anchored.questions if question.evidence and not question.history]
    questions = Sample(answerable=most).take(alone)
    library = Library(folder, models)
    library.add(material.articles)
    for way, rank in _ways(library.searcher()).items():
        yield _row(name, way, questions, rank)
    library.close()


def best_depth(rows: Sequence[Row]) -> int:
    """The fewest reranked candidates whose mean MRR over the sets is within ``SMALLEST_GAIN`` of the best depth's."""
    found = {depth: [row.values["mrr"] for row in rows if row.way == f"reranked {depth}"] for depth in DEPTHS}
    means = {depth: sum(values) / len(values) for depth, values in found.items() if values}
    return min(depth for depth, value in means.items() if value >= max(means.values()) - SMALLEST_GAIN)


def _ways(searcher: Searcher) -> dict[str, Ranking]:
    def stored(keys: Sequence[str]) -> Sequence[Chunk]:
        chunks = searcher.store.get(keys)
        return [chunks[key] for key in keys]

    def dense(question: str) -> Sequence[Chunk]:
        return stored(searcher.store.nearest(searcher.embedder.embed_query(question), K))

    def words(question: str) -> Sequence[Chunk]:
        return stored(searcher.lexical.search(question, K, Window()))

    plain = Searcher(searcher.catalog, searcher.store, searcher.lexical, searcher.embedder, None, None)

    def searching(with_which: Searcher, depth: int) -> Ranking:
        def search(question: str) -> Sequence[Chunk]:
            found = with_which.search(question, k=K, candidates=depth, selection=Selection())
            return [hit.chunk for hit in found.hits]

        return search

    reranked = {f"reranked {depth}": searching(searcher, depth) for depth in DEPTHS}
    return {"dense": dense, "BM25": words, "fused": searching(plain, max(DEPTHS)), **reranked}


def _row(name: str, way: str, questions: Sequence[Question], rank: Ranking) -> Row:
    rank(questions[0].question)  # loads what is needed
    outcomes, spent = [], 0.0
    for question in questions:
        started = time.perf_counter()
        chunks = rank(question.question)
        spent += time.perf_counter() - started
        passages = tuple(
            Passage(number, chunk.article.id, chunk.start, chunk.end, chunk.text)
            for number, chunk in enumerate(chunks, start=1)
        )
        outcomes.append(Outcome(question, ranked=passages))
    found = {metric.name.removesuffix("_sentence"): metric for metric in retrieval_metrics(outcomes, ks=KS)}
    values = {measure: value for measure in MEASURES if (value := found[measure].value) is not None}
    bounds = zip(values, metric_intervals([found[measure] for measure in values]), strict=True)
    intervals = {measure: (interval.low, interval.high) for measure, interval in bounds if interval}
    return Row(name, way, len(questions), values, spent * 1000 / len(questions), intervals)
