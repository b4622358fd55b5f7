"""Compares one index with the same articles in shards: whether questions find the same, and what that takes."""

import shutil
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

from evals.experiments.peak_memory import present_megabytes
from evals.index_bench.growth import FIRST_QUESTION, NAME, STORY, prepared
from evals.index_bench.news import made_up_question
from evals.index_bench.vectors import DIMENSION, Space
from index.articles import Article
from index.cluster.cluster import RayCluster
from index.embed.local import Vectors
from index.hits import SearchResult
from index.library import Library
from index.lifecycle.add import Models
from index.lifecycle.commit import CATALOG, Parts
from index.retrieve.pipeline import Ranked
from index.retrieve.reader import Reader
from index.retrieve.rerank import Reranker
from index.retrieve.search import OneIndex
from index.shards.local import LocalShard
from index.shards.manifest import read_manifest
from index.shards.opened import OpenLibrary, ThisProcess
from index.shards.reading import Machines
from index.shards.searching import ManyShards
from index.shards.sharded import ShardedLibrary
from index.store.catalog import Catalog
from index.store.fingerprint import Identity
from index.store.records import Scored, Selection

K, CANDIDATES = 8, 30  # as the assistant searches
COMMIT_ARTICLES = 700
WAYS = ("one folder", "shards")
SAME_SCORE = 2e-3  # BM25 scores this near are equal but for rounding


@dataclass(frozen=True, slots=True)
class Compared:
    """What one question found in one index and in shards.

    Attributes:
        same: whether the same chunks were given in the same order.
        cause: of a difference; empty where there is none.
        one_ms, many_ms: milliseconds of the two searches and what follows them, without embedding and reranking.
    """

    question: str
    same: bool
    cause: str
    one_ms: float
    many_ms: float


@dataclass(frozen=True, slots=True)
class Opening:
    """What opening an index and its first question took: seconds, and megabytes of 10^6 bytes that stay in use.

    Attributes:
        way: “one folder” or “shards”.
        megabytes: of this process; a cluster holds its shards elsewhere.
    """

    way: str
    seconds: float
    megabytes: float


@dataclass(frozen=True, slots=True)
class Comparison:
    """One index and its shards, side by side."""

    openings: tuple[Opening, Opening]
    questions: Iterator[Compared]


class Placed:
    """An embedder that has the vectors of some texts, and one vector for all others."""

    name = NAME
    dimension = DIMENSION

    def __init__(self, vectors: dict[str, Vectors]) -> None:
        self._vectors = vectors
        self._other = np.eye(1, DIMENSION, dtype=np.float32)[0]

    def embed_documents(self, texts: Sequence[str]) -> Vectors:
        """A row for each text."""
        return np.stack([self.embed_query(text) for text in texts])

    def embed_query(self, text: str) -> Vectors:
        """The vector of a text."""
        vector: Vectors = self._vectors.get(text, self._other)
        return vector


@dataclass(frozen=True, slots=True)
class WithoutReading:
    """Models that embed what is placed, and read nothing."""

    placed: Placed

    def embedder(self) -> Placed:
        return self.placed

    def reranker(self) -> Reranker | None:
        return None

    def reader(self) -> Reader | None:
        return None


def compare_suite(
    folder: Path,
    models: Models,
    articles: Sequence[Article],
    questions: Sequence[str],
    shards: int,
    ray_address: str | None = None,
) -> Comparison:
    """Add articles to an index in an empty folder, copy it into shards, and ask both.

    Args:
        ray_address: HOST:PORT of a Ray cluster that has the shards; None has them in this process.
    """
    Library(folder / "one", models).add(articles)
    return _compared(folder, models, questions, shards, ray_address)


def compare_made_up(
    folder: Path, chunks: int, number: int, seed: int, shards: int, ray_address: str | None = None
) -> Comparison:
    """The same with so many chunks of made-up articles and vectors, for a number of made-up questions.

    What is in the folder already is taken for what an earlier call has made of the same arguments.
    """
    space, placed = Space(seed), dict[str, Vectors]()
    stories = [place * max(1, chunks // (3 * STORY)) // number for place in range(number)]
    for place, story in enumerate(stories):
        placed[f"{made_up_question(story, seed)} ({place})"] = space.vectors(story, 1, draw=FIRST_QUESTION + place)[0]
    models = WithoutReading(Placed(placed))
    if not (folder / "one").exists():
        _write(folder / "one", models.embedder(), chunks, space, seed)
    return _compared(folder, models, list(placed), shards, ray_address)


def _write(folder: Path, embedder: Placed, chunks: int, space: Space, seed: int) -> None:
    folder.mkdir(parents=True)
    parts, written, articles = Parts.create(folder, CATALOG, Identity.of(embedder)), 0, count()
    while written < chunks:
        size = min(COMMIT_ARTICLES, (chunks - written) // 3 + 1)
        group = [prepared(space, next(articles), seed) for _ in range(size)]
        parts.commit(group)
        written += sum(len(item.chunks) for item in group)
    parts.close()


def _compared(
    folder: Path, models: Models, questions: Sequence[str], shards: int, ray_address: str | None
) -> Comparison:
    single, place = folder / "one", folder / "many"
    if not place.exists():
        shutil.copytree(single, place)
        OpenLibrary(place, models).reshard(shards)
    manifest = read_manifest(place)
    if manifest is None:
        raise AssertionError(f"{place} is not divided; delete it")
    held = [LocalShard(place / name, models) for name in manifest.shards]
    machines: Machines = RayCluster(ray_address, models) if ray_address else ThisProcess(models)
    one, many = Library(single, models), ShardedLibrary(place, manifest, models, machines)
    ways: tuple[Callable[[str], SearchResult], ...] = tuple(
        lambda question, library=library: library.search(question, k=K, candidates=CANDIDATES)  # type: ignore[misc]
        for library in (one, many)
    )
    _load_libraries(models)
    first, second = (_opening(name, way, questions[0]) for name, way in zip(WAYS, ways, strict=True))

    def compared() -> Iterator[Compared]:
        for number, question in enumerate(questions):
            order = (0, 1) if number % 2 else (1, 0)  # neither always comes second
            found = {which: ways[which](question) for which in order}
            ids = [[hit.chunk.id for hit in found[which].hits] for which in (0, 1)]
            same = ids[0] == ids[1]
            cause = "" if same else _cause(one, held, models.embedder().embed_query(question), question)
            yield Compared(question, same, cause, *(found[which].timings_ms["search"] for which in (0, 1)))
        one.close()
        many.close()
        machines.end_unused(place, ())

    return Comparison((first, second), compared())


def _opening(name: str, way: Callable[[str], SearchResult], question: str) -> Opening:
    base, started = present_megabytes(), time.perf_counter()
    way(question)
    return Opening(name, time.perf_counter() - started, present_megabytes() - base)


def _load_libraries(models: Models) -> None:
    """Import what every index needs, and load the models, which is no part of opening one."""
    with TemporaryDirectory() as other:
        library = Library(Path(other), models)
        library.add([Article("first", text="The first index loads what is needed.")])
        library.search("What is loaded?", k=1, candidates=1)
        library.close()


def _cause(one: Library, shards: Sequence[LocalShard], vector: Vectors, question: str) -> str:
    """Which of the two searches gave other rows, and why."""
    parts = one.reading.parts()
    everything = Selection()
    single = OneIndex(parts.catalog, parts.store, parts.lexical, question, vector, everything).ranked(CANDIDATES)
    several = ManyShards(shards, question, vector, everything, None).ranked(CANDIDATES)
    causes = [_dense_cause(parts.catalog, single, several, vector), _word_cause(single, several)]
    return " and ".join(filter(None, causes)) or "copies or reranking"


def _dense_cause(catalog: Catalog, single: Ranked, several: Ranked, vector: Vectors) -> str:
    one, many = ([row.key.rpartition("@")[0] for row in ranked.dense] for ranked in (single, several))
    if one == many:
        return ""
    exact = catalog.scored(vector, catalog.rows(Selection()), CANDIDATES)
    nearest = {row.key.rpartition("@")[0] for row in exact}
    missed = [len(nearest - set(found)) for found in (one, many)]
    if missed == [0, 0]:
        return "vectors at equal distances"
    return f"the graph of one index missed {missed[0]} of the nearest {len(nearest)}, those of the shards {missed[1]}"


def _word_cause(single: Ranked, several: Ranked) -> str:
    one, many = single.lexical, several.lexical
    if [_id(row) for row in one] == [_id(row) for row in many]:
        return ""
    apart = max((abs(a.score - b.score) for a, b in zip(one, many, strict=True)), default=0.0)
    return "words with equal scores" if apart < SAME_SCORE else f"words: scores differ by {apart:.3f}"


def _id(row: Scored) -> str:
    return row.key.rpartition("@")[0]
