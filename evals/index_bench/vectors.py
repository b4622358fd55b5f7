"""Made-up vectors that lie as those of real news do, in any number, and their exact nearest neighbours."""

from dataclasses import dataclass, field

import numpy as np

from index.embedding import Vectors

DIMENSION = 384
# Of bge-small's vectors of CLAPNQ's 943 chunks and of 135 chunks of news: the length of their mean, the variance around
# it, the part of that within an article, and how fast the principal components fall (rank to the power of -0.87).
MEAN_LENGTH = 0.69
VARIANCE = 0.52
WITHIN = 0.33
DECAY = 0.8
K = 10


@dataclass(frozen=True, slots=True)
class Space:
    """Where vectors are drawn from: around one of each story, with a spectrum as measured; ``seed`` decides all."""

    seed: int
    _axes: Vectors = field(init=False, repr=False)
    _mean: Vectors = field(init=False, repr=False)

    def __post_init__(self) -> None:
        random = np.random.default_rng(self.seed)
        turned, _ = np.linalg.qr(random.standard_normal((DIMENSION, DIMENSION)))
        spectrum = np.arange(1, DIMENSION + 1) ** -DECAY
        axes = turned * np.sqrt(VARIANCE * spectrum / spectrum.sum())
        object.__setattr__(self, "_axes", axes.T.astype(np.float32))
        object.__setattr__(self, "_mean", (MEAN_LENGTH * turned[:, 0]).astype(np.float32))

    def vectors(self, story: int, count: int, *, draw: int) -> Vectors:
        """Unit vectors of a story, of shape (count, DIMENSION); ``draw`` tells the draws of one story apart."""
        centre = self._noise(1, story, 0) * np.sqrt(1 - WITHIN)
        around = self._noise(count, story, 1 + draw) * np.sqrt(WITHIN)
        raw = (centre + around).astype(np.float32) @ self._axes + self._mean
        return np.asarray(raw / np.linalg.norm(raw, axis=1, keepdims=True), dtype=np.float32)

    def _noise(self, count: int, *numbers: int) -> Vectors:
        random = np.random.default_rng((self.seed, *numbers))
        return random.standard_normal((count, DIMENSION), dtype=np.float32)


class Nearest:
    """Exact nearest neighbours of a few vectors among very many, which pass by in batches.

    Args:
        queries: of shape (queries, dimension), of length 1.
    """

    def __init__(self, queries: Vectors, k: int = K) -> None:
        self._queries = queries
        self._k = k
        self._best = np.full((len(queries), k), -np.inf, dtype=np.float32)
        self._names = np.full((len(queries), k), "", dtype=object)

    def see(self, names: list[str], vectors: Vectors) -> None:
        """Note vectors of shape (len(names), dimension), of length 1."""
        both = np.concatenate([self._best, self._queries @ vectors.T], axis=1)
        every = np.concatenate(
            [self._names, np.broadcast_to(np.array(names, dtype=object), (len(both), len(names)))], axis=1
        )
        order = np.argsort(-both, axis=1, kind="stable")[:, : self._k]
        self._best = np.take_along_axis(both, order, axis=1)
        self._names = np.take_along_axis(every, order, axis=1)

    def recall(self, number: int, found: set[str]) -> float:
        """Share of the nearest vectors of one query that were found."""
        wanted = {name for name in self._names[number] if name}
        return len(wanted & found) / len(wanted)
