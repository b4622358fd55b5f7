"""One question at all shards: their words' statistics together, their rows merged by score, their chunks."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import reduce

from index.articles import Chunk
from index.embed.local import Vectors
from index.hits import ShardsAsked, Unanswered
from index.retrieve.pipeline import Current, Ranked, nearest_first
from index.shards.asking import Asking, Deadline, Reply, ask_all
from index.shards.shard import Asked, Shard
from index.store.bm25 import WordStatistics
from index.store.records import Selection
from index.store.tantivy_index import best_first


@dataclass(slots=True)
class ManyShards:
    """One question at shards, as ``index.retrieve.pipeline.Finding``.

    A shard that fails to answer once is not asked again for this question: its rows would come with others missing.

    Attributes:
        seconds: how long each request waits for a shard; None waits as long as it takes.
        stores: name of a shard → the store of it in which rows were found.
    """

    shards: Sequence[Shard]
    question: str
    vector: Vectors
    selection: Selection
    seconds: float | None
    stores: dict[str, int] = field(default_factory=dict)
    _missing: dict[str, Unanswered] = field(default_factory=dict)
    _shared: WordStatistics | None = None
    _places: dict[str, str] = field(default_factory=dict)  # row key → name of the shard

    def ranked(self, limit: int) -> Ranked:
        """So many rows of each of the two searches, the best of all shards."""
        if self._shared is None:
            statistics = self._ask(self.shards, lambda shard: shard.statistics(self.question))
            self._shared = reduce(WordStatistics.plus, statistics.values(), WordStatistics())
        asked = Asked(self.question, self.vector, limit, self.selection, self._shared)
        found = self._ask(self.shards, lambda shard: shard.candidates(asked))
        self.stores |= {name: candidates.store for name, candidates in found.items()}
        for name, candidates in found.items():
            both = (*candidates.ranked.dense, *candidates.ranked.lexical)
            self._places |= {row.key: name for row in both}
        ranked = [candidates.ranked for candidates in found.values()]
        dense = nearest_first([row for one in ranked for row in one.dense])[:limit]
        lexical = best_first([row for one in ranked for row in one.lexical])[:limit]
        return Ranked(dense, lexical)

    def current(self, keys: Sequence[str]) -> Current:
        """The chunks of rows that were found, each from its shard."""
        wanted: dict[str, list[str]] = {}
        for key in keys:
            wanted.setdefault(self._places[key], []).append(key)
        holders = [shard for shard in self.shards if shard.name in wanted]
        found = self._ask(holders, lambda shard: shard.current(wanted[shard.name], self.stores[shard.name]))
        return Current(_joined([one.chunks for one in found.values()]), any(one.outdated for one in found.values()))

    @property
    def answered(self) -> ShardsAsked:
        """Which shards did not answer so far."""
        return ShardsAsked(len(self.shards), tuple(self._missing[name] for name in sorted(self._missing)))

    def _ask(self, shards: Sequence[Shard], ask: Asking[Reply]) -> Mapping[str, Reply]:
        asked = [shard for shard in shards if shard.name not in self._missing]
        # Each time anew: a shard that was waited for in vain must not cost the others their time.
        replies = ask_all(asked, ask, Deadline.after(self.seconds))
        self._missing |= {one.shard: one for one in replies.missing}
        return replies.given


def _joined(parts: Sequence[Mapping[str, Chunk]]) -> dict[str, Chunk]:
    return {key: chunk for part in parts for key, chunk in part.items()}
