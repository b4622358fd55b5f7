"""Measures the index at growing sizes: search time, recall, memory, disk and opening time.

Chunks are cut from made-up articles and written through the project's own parts; their vectors are made up too. Each
size is opened and searched in a process of its own, so that memory and opening time are those of a reader.
"""

import json
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from itertools import count, islice, pairwise
from multiprocessing import get_context
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

from evals.experiments.peak_memory import present_megabytes
from evals.index_bench.news import made_up_article, made_up_question
from evals.index_bench.vectors import DIMENSION, K, Nearest, Space
from index.articles import Window
from index.embed.local import Vectors
from index.lifecycle.commit import CATALOG, Parts, Prepared
from index.retrieve.search import Searcher
from index.split.chunks import split_chunks
from index.store.catalog import Catalog
from index.store.fingerprint import Identity
from index.store.records import Selection, Stored

QUESTIONS = 200
WARM_UP = 20  # questions before those that count
CANDIDATES = 30  # as the assistant searches
STORY = 5  # articles of one story
NAME = "made up"
FIRST_QUESTION = 10**9  # draws from here on are of questions


@dataclass(frozen=True, slots=True)
class Size:
    """What was measured at one size: milliseconds, megabytes of 10^6 bytes, bytes a chunk.

    Attributes:
        recall: share of the ten chunks with the nearest vectors that the store's ten hold.
        dense_p50_ms: the vector search's part of ``p50_ms``.
        memory: what opening and searching added to the process, for each chunk.
    """

    chunks: int
    articles: int
    chunks_a_second: float
    open_ms: float
    p50_ms: float
    p95_ms: float
    dense_p50_ms: float
    words_p50_ms: float
    recall: float
    memory_mb: float
    memory: float
    disk: float
    vectors_disk: float
    words_disk: float
    catalog_disk: float


@dataclass(frozen=True, slots=True)
class Questions:
    """Questions about stories of a whole index; vectors of shape (len(texts), dimension)."""

    texts: tuple[str, ...]
    vectors: Vectors


@dataclass(frozen=True, slots=True)
class Read:
    """What a reader measured: times in milliseconds of each question, and row keys that the store gave for it."""

    open_ms: float
    total: tuple[float, ...]
    dense: tuple[float, ...]
    words: tuple[float, ...]
    found: tuple[tuple[str, ...], ...]
    memory_mb: float


class Drawn:
    """An embedder that gives the vectors of questions one after another."""

    name = NAME
    dimension = DIMENSION

    def __init__(self, vectors: Vectors) -> None:
        self._vectors = vectors
        self._next = count()

    def embed_documents(self, texts: Sequence[str]) -> Vectors:
        """As many as there are texts."""
        return np.stack([self.embed_query(text) for text in texts])

    def embed_query(self, text: str) -> Vectors:
        """The next one, whatever the text."""
        vector: Vectors = self._vectors[next(self._next) % len(self._vectors)]
        return vector


def grow(folder: Path, sizes: Sequence[int], seed: int, commit_chunks: int) -> Iterator[Size]:
    """Write ever more chunks into an index in an empty folder, and measure at each size.

    Args:
        sizes: numbers of chunks, rising; whole articles are written, so that there may be some more.
        commit_chunks: chunks of one commit, about.
    """
    space = Space(seed)
    asked = [_questions(space, size, seed) for size in sizes]
    nearest = [Nearest(questions.vectors) for questions in asked]
    folder.mkdir(parents=True, exist_ok=True)
    catalog = Parts.create(folder, CATALOG, Identity(NAME, DIMENSION, json.dumps([0.0] * DIMENSION)))
    catalog.close()
    articles = (prepared(space, number, seed) for number in count())
    written = number = 0
    for step, size in enumerate(sizes):
        parts, before, seconds = Parts.open(catalog.catalog), written, 0.0
        while written < size:
            group = list(islice(articles, max(1, min(commit_chunks, size - written) // 3)))
            started = time.perf_counter()
            parts.commit(group)
            seconds += time.perf_counter() - started
            number += len(group)
            names = [chunk.id for item in group for chunk in item.chunks]
            written += len(names)
            vectors = np.concatenate([item.stored.vectors for item in group])
            for found in nearest[step:]:
                found.see(names, vectors)
        parts.close()
        with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as process:
            read = process.submit(read_index, folder, asked[step].texts, asked[step].vectors).result()
        yield _size(folder, written, number, (written - before) / seconds, read, nearest[step])


def read_index(folder: Path, texts: Sequence[str], vectors: Vectors) -> Read:
    """Open an index and search it, without embedding and reranking.

    Args:
        vectors: of the questions, of shape (len(texts), dimension).
    """
    with TemporaryDirectory() as other:  # loading the libraries is no part of opening an index
        Parts.create(Path(other), CATALOG, Identity(NAME, DIMENSION, json.dumps([0.0] * DIMENSION))).close()
    base, started = present_megabytes(), time.perf_counter()
    catalog = Catalog.open(folder / CATALOG)
    if catalog is None:
        raise AssertionError("the index was just written")
    parts = Parts.open(catalog)
    open_ms = (time.perf_counter() - started) * 1000
    searcher = Searcher(parts.catalog, parts.store, parts.lexical, Drawn(vectors), None, None)
    spent = list[tuple[float, ...]]()
    found = list[tuple[str, ...]]()
    for text, vector in zip(texts[:WARM_UP], vectors, strict=False):
        parts.store.nearest(vector, CANDIDATES)
        parts.lexical.search(text, CANDIDATES, Window())
    for text, vector in zip(texts, vectors, strict=True):
        times = [time.perf_counter()]
        searcher.search(text, k=8, candidates=CANDIDATES, selection=Selection())
        times.append(time.perf_counter())
        parts.store.nearest(vector, CANDIDATES)
        times.append(time.perf_counter())
        parts.lexical.search(text, CANDIDATES, Window())
        times.append(time.perf_counter())
        spent.append(tuple(1000 * (end - start) for start, end in pairwise(times)))
        found.append(parts.store.nearest(vector, K))
    memory = present_megabytes() - base
    parts.close()
    total, dense, words = zip(*spent, strict=True)
    return Read(open_ms, total, dense, words, tuple(found), memory)


def _questions(space: Space, size: int, seed: int) -> Questions:
    """About stories that lie at equal distances in the order of writing, from the oldest to the newest."""
    whole = max(1, size // (3 * STORY))
    stories = [number * whole // QUESTIONS for number in range(QUESTIONS)]
    vectors = [space.vectors(story, 1, draw=FIRST_QUESTION + number) for number, story in enumerate(stories)]
    return Questions(tuple(made_up_question(story, seed) for story in stories), np.concatenate(vectors))


def prepared(space: Space, number: int, seed: int) -> Prepared:
    """A made-up article with its vectors, ready to be committed."""
    article = made_up_article(number, seed)
    chunks = split_chunks(article)
    return Prepared(Stored(article, space.vectors(number // STORY, len(chunks), draw=number)), chunks)


def _size(folder: Path, chunks: int, articles: int, speed: float, read: Read, nearest: Nearest) -> Size:
    shares = [
        nearest.recall(number, {key.rpartition("@")[0] for key in keys}) for number, keys in enumerate(read.found)
    ]
    vectors, words = (_bytes(folder.glob(f"{kind}-*/**/*")) for kind in ("vectors", "words"))
    disk = _bytes(folder.rglob("*"))
    return Size(
        chunks=chunks,
        articles=articles,
        chunks_a_second=speed,
        open_ms=read.open_ms,
        p50_ms=float(np.percentile(read.total, 50)),
        p95_ms=float(np.percentile(read.total, 95)),
        dense_p50_ms=float(np.percentile(read.dense, 50)),
        words_p50_ms=float(np.percentile(read.words, 50)),
        recall=float(np.mean(shares)),
        memory_mb=read.memory_mb,
        memory=read.memory_mb * 1e6 / chunks,
        disk=disk / chunks,
        vectors_disk=vectors / chunks,
        words_disk=words / chunks,
        catalog_disk=(disk - vectors - words) / chunks,
    )


def _bytes(files: Iterator[Path]) -> int:
    return sum(file.stat().st_size for file in files if file.is_file())
