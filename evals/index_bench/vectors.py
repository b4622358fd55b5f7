"""Made-up vectors that lie as those of real news do, in any number, and their exact nearest neighbours."""

from dataclasses import dataclass, field
from enum import IntEnum

import numpy as np

from index.embed.local import Vectors

DIMENSION = 384
K = 10
# Fitted to bge-small's vectors of 6,300 real chunks (of CLAPNQ, MTRAG, WiCE, SQuAD and news): the length of their mean,
# the variance around it, and how that falls over the principal components (rank to the power of -DECAY).
MEAN_LENGTH = 0.69
VARIANCE = 0.52
DECAY = 0.57
# Shares of the variance: vectors lie around an article's, those around a story's, a topic's and a field's. How many
# topics a number of stories has, and how many fields a number of topics, follows Heaps' law: factor, exponent. Of
# 6,000 such vectors the 1st, 10th and 100th neighbours are at .83, .73 and .62 (real ones: .83, .70, .61), the local
# dimension among 10, 50 and 500 neighbours is 13, 15 and 21 (12, 17, 23; Levina & Bickel, 2004), and thin graphs
# (HNSW with 4 and 8 neighbours) find .53 and .92 of the ten nearest (.71, .90). Drawn around stories alone, without
# topics, they were much harder to search than real ones: .33 and .72.
FIELD = TOPIC = STORY = ARTICLE = 1 / 6
CHUNK = 1 / 3
TOPICS = (1.6, 0.67)
FIELDS = (2.4, 0.9)


@dataclass(frozen=True, slots=True)
class Space:
    """Where vectors are drawn from: around articles of stories of topics of fields; ``seed`` decides all."""

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
        """Unit vectors of an article of a story, of shape (count, DIMENSION); ``draw`` tells its articles apart."""
        topic = self._parent(story, TOPICS, _Level.STORY)
        circles = (
            (FIELD, _Level.FIELD, self._parent(topic, FIELDS, _Level.TOPIC)),
            (TOPIC, _Level.TOPIC, topic),
            (STORY, _Level.STORY, story),
            (ARTICLE, _Level.ARTICLE, draw),
        )
        centre = sum(np.sqrt(share) * self._noise(1, level, number) for share, level, number in circles)
        raw = (centre + np.sqrt(CHUNK) * self._noise(count, _Level.CHUNK, draw)).astype(np.float32)
        raw = raw @ self._axes + self._mean
        return np.asarray(raw / np.linalg.norm(raw, axis=1, keepdims=True), dtype=np.float32)

    def _parent(self, number: int, law: tuple[float, float], level: "_Level") -> int:
        """To which of the circles that there are by then one belongs, by chance."""
        factor, exponent = law
        random = np.random.default_rng((self.seed, len(_Level), level, number))
        return int(random.integers(int(np.ceil(factor * (number + 1) ** exponent))))

    def _noise(self, count: int, level: "_Level", number: int) -> Vectors:
        random = np.random.default_rng((self.seed, level, number))
        return random.standard_normal((count, DIMENSION), dtype=np.float32)


class _Level(IntEnum):
    FIELD = 0
    TOPIC = 1
    STORY = 2
    ARTICLE = 3
    CHUNK = 4


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
        likeness = self._queries @ vectors.T
        best = np.argpartition(-likeness, min(self._k, len(names)) - 1, axis=1)[:, : self._k]
        both = np.concatenate([self._best, np.take_along_axis(likeness, best, axis=1)], axis=1)
        every = np.concatenate([self._names, np.array(names, dtype=object)[best]], axis=1)
        order = np.argsort(-both, axis=1, kind="stable")[:, : self._k]
        self._best = np.take_along_axis(both, order, axis=1)
        self._names = np.take_along_axis(every, order, axis=1)

    def recall(self, number: int, found: set[str]) -> float:
        """Share of the nearest vectors of one query that were found."""
        wanted = {name for name in self._names[number] if name}
        return len(wanted & found) / len(wanted)
