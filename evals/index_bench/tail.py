"""Simulates a question at many shards: what the slowest costs, with and without a limit of time.

The shards are made up: they give rows with scores and wait as long as searches of a million chunks took when they were
measured, now and then much longer. Everything between them and the ranked chunks is real: a thread for each shard, the
limit, statistics summed, rows merged by score, what did not answer told.
"""

import random
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from index.articles import Article, Chunk
from index.retrieve.pipeline import Current, Ranked
from index.shards.searching import ManyShards
from index.shards.shard import Asked, Candidates
from index.split.chunks import split_chunks
from index.store.bm25 import WordStatistics
from index.store.records import Scored, Selection, row_key

ROWS = 30  # candidates of each search
# Seconds of searches at a million chunks (assistant/docs/scale.md): the median, and what 5 % are beyond.
MEDIAN, P95 = 0.022, 0.027
Z95 = 1.645  # standard deviations
LOOK_UP = 0.002  # seconds for statistics, and for chunks
# Assumed, not measured: now and then a disk, a collector or a neighbour is in the way; rarer, a process starts anew.
SLOW_SHARE, SLOW = 0.001, 0.25
GONE_SHARE, GONE = 0.0001, 3.0


@dataclass(frozen=True, slots=True)
class Tail:
    """How long questions took, in milliseconds.

    Attributes:
        limit: seconds that a shard was waited for at most; None waits as long as it takes.
        incomplete: share of questions that were answered without one shard or more.
        missing: share of all shards' answers that were missing.
    """

    shards: int
    questions: int
    limit: float | None
    p50: float
    p95: float
    p99: float
    incomplete: float
    missing: float


class MadeUpShard:
    """Answers after a delay, with rows of its own. Of the interface of a shard, what a question needs."""

    def __init__(self, number: int, seed: int) -> None:
        self.name = f"shard-{number:03d}"
        self._chance = random.Random(f"{seed} {number}")
        article = Article(f"report-{number}", text=f"Harbour {number} is open. " * 40)
        chunk = split_chunks(article)[0]
        self._chunks = {row_key(f"report-{number}-{row}", 0, 1): chunk for row in range(ROWS)}

    def statistics(self, question: str) -> WordStatistics:
        """Made-up counts."""
        self._wait(LOOK_UP)
        return WordStatistics(1_000_000, {"text": 120_000_000}, {("text", "harbour"): 10_000})

    def candidates(self, asked: Asked) -> Candidates:
        """Rows with scores that differ from shard to shard."""
        self._wait(self._chance.lognormvariate(np.log(MEDIAN), np.log(P95 / MEDIAN) / Z95))
        scores = sorted(self._chance.random() for _ in self._chunks)
        dense = tuple(Scored(key, score) for key, score in zip(self._chunks, scores, strict=True))
        lexical = tuple(Scored(key, 20 * score) for key, score in zip(self._chunks, scores[::-1], strict=True))
        return Candidates(Ranked(dense[: asked.limit], lexical[: asked.limit]))

    def scores(self, asked: Asked, keys: Sequence[str]) -> dict[str, float]:
        """None: those that were found are exact."""
        return {}

    def current(self, keys: Sequence[str], store: int) -> Current:
        """The chunks of its rows."""
        self._wait(LOOK_UP)
        return Current({key: self._chunk(key) for key in keys})

    def _chunk(self, key: str) -> Chunk:
        return self._chunks[key]

    def _wait(self, seconds: float) -> None:
        chance = self._chance.random()
        if chance < GONE_SHARE:
            seconds = GONE
        elif chance < GONE_SHARE + SLOW_SHARE:
            seconds = max(seconds, self._chance.uniform(0, 2 * SLOW))
        time.sleep(seconds)


def simulate(shards: int, questions: int, limits: Sequence[float | None], seed: int = 0) -> Iterator[Tail]:
    """Ask made-up shards so many questions, one after the other, with each of the limits."""
    for limit in limits:
        asked = [MadeUpShard(number, seed) for number in range(shards)]
        took, missing = [], []
        for _ in range(questions):
            started = time.perf_counter()
            many = ManyShards(asked, "harbour", np.zeros(1, dtype=np.float32), Selection(), limit)  # type: ignore[arg-type]
            ranked = many.ranked(ROWS)
            many.current(list(dict.fromkeys(row.key for row in (*ranked.dense, *ranked.lexical))))
            took.append((time.perf_counter() - started) * 1000)
            missing.append(len(many.answered.missing))
        p50, p95, p99 = (float(value) for value in np.percentile(took, [50, 95, 99]))
        incomplete = sum(map(bool, missing)) / questions
        yield Tail(shards, questions, limit, p50, p95, p99, incomplete, sum(missing) / (questions * shards))
