"""Measures what adding costs besides embedding: time, memory, and adding the same articles again."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from evals.experiments.peak_memory import peak_megabytes
from index.articles import Article
from index.library import Library
from index.lifecycle.add import Models
from index.retrieve.pipeline import searchable_text
from index.split.chunks import split_chunks

SLICES = 10  # embedding alone and adding take turns, so that a busy machine slows both


@dataclass(frozen=True, slots=True)
class Added:
    """What adding a set of articles took, in seconds and megabytes of 10^6 bytes.

    Attributes:
        embedding: embedding the same texts with the same model and nothing else.
        again: adding the same articles once more.
        peak_mb: the most memory that the process has had up to now.
    """

    articles: int
    chunks: int
    embedding: float
    adding: float
    again: float
    peak_mb: float

    @property
    def ratio(self) -> float:
        return self.adding / self.embedding

    @property
    def chunks_a_second(self) -> float:
        return self.chunks / self.adding

    @property
    def again_share(self) -> float:
        return self.again / self.adding


def measure_adding(folder: Path, models: Models, articles: Sequence[Article], jobs: int = 1) -> Added:
    """Add articles to a new index, slice by slice, each slice's texts embedded alone before or after.

    Args:
        jobs: processes that embed while adding; with several, all is one slice, for they are begun at each adding.
    """
    embedder = models.embedder()
    library = Library(folder, models)
    embedder.embed_documents(["The first call loads the model."])
    library.add([Article("first", text="The first call loads what splits sentences.")])
    spent = [0.0, 0.0]
    chunks = 0
    slices = SLICES if jobs == 1 else 1
    for turn in range(slices):
        part = articles[turn::slices]
        texts = [searchable_text(chunk) for article in part for chunk in split_chunks(article)]
        chunks += len(texts)
        steps = (partial(embedder.embed_documents, texts), partial(library.add, part, jobs=jobs))
        for step in (0, 1) if turn % 2 else (1, 0):
            spent[step] += _seconds(steps[step])
    embedding, adding = spent
    again = _seconds(partial(Library(folder, models).add, articles))
    return Added(len(articles), chunks, embedding, adding, again, peak_megabytes())


def _seconds(step: Callable[[], object]) -> float:
    started = time.perf_counter()
    step()
    return time.perf_counter() - started
