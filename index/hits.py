"""The types of a search result: hits and how they were ranked."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import chain, zip_longest

from index.articles import Chunk


@dataclass(frozen=True, slots=True)
class Hit:
    """A chunk that was found.

    Attributes:
        fused: reciprocal-rank-fusion score.
        relevance: the cross-encoder's logit; None when no reranker is used.
        sentence_logits: for each sentence of the chunk the log-odds that it answers; empty without a reranker.
        dense_rank, lexical_rank: ranks from 1 in the two searches; None where it was not found.
    """

    chunk: Chunk
    fused: float
    relevance: float | None = None
    dense_rank: int | None = None
    lexical_rank: int | None = None
    sentence_logits: tuple[float, ...] = field(default=(), repr=False)


@dataclass(frozen=True, slots=True)
class Unanswered:
    """A shard that did not answer, and why."""

    shard: str
    reason: str


@dataclass(frozen=True, slots=True)
class ShardsAsked:
    """How many shards were asked, and which of them did not answer; an index that is not divided has none."""

    asked: int = 0
    missing: tuple[Unanswered, ...] = ()

    @property
    def gap(self) -> str:
        """What is missing, in one line; empty when nothing is."""
        if not self.missing:
            return ""
        names = " and ".join(one.shard for one in self.missing)
        reasons = "; ".join(dict.fromkeys(one.reason for one in self.missing))
        return f"{self.asked - len(self.missing)} of {self.asked} shards answered: {names} did not ({reasons})"

    def plus(self, other: "ShardsAsked") -> "ShardsAsked":
        """Those of two searches of one index."""
        missing = {one.shard: one for one in (*other.missing, *self.missing)}
        return ShardsAsked(max(self.asked, other.asked), tuple(missing[name] for name in sorted(missing)))


@dataclass(frozen=True, slots=True)
class SearchResult:
    """Hits, best first, and the milliseconds that each stage took.

    Attributes:
        outdated: whether rows were left out because their article was replaced since the index was opened.
    """

    hits: tuple[Hit, ...]
    timings_ms: Mapping[str, float] = field(default_factory=dict)
    outdated: bool = False
    shards: ShardsAsked = field(default_factory=ShardsAsked)


def in_turn(results: Sequence[Sequence[Hit]]) -> tuple[Hit, ...]:
    """The hits of several searches, the best of each first, then the second best; each chunk once."""
    unique = dict[str, Hit]()
    for hit in chain.from_iterable(zip_longest(*results)):
        if hit is not None:
            unique.setdefault(hit.chunk.id, hit)
    return tuple(unique.values())
