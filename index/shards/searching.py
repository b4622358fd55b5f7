"""One question at all shards: their words' statistics together, their rows merged by score, their chunks."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from functools import reduce

from index.articles import Chunk
from index.embed.local import Vectors
from index.hits import ShardsAsked, Unanswered
from index.retrieve.pipeline import Current, Ranked, nearest_first
from index.shards.asking import Asking, Deadline, Reply, ask_all
from index.shards.shard import Asked, Shard
from index.store.bm25 import WordStatistics, among_best, undecided
from index.store.records import Scored, Selection
from index.store.tantivy_index import best_first


@dataclass(slots=True)
class ManyShards:
    """One question at shards, as ``index.retrieve.pipeline.Finding``.

    Each shard is asked three times: what its words are worth, which rows can be among the best of all, and for those of
    them that can be, their chunks and, where only that decides the order, their scores by the words of all shards. A
    shard that fails to answer once is not asked again for this question: its rows would come with others missing.

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
    _chunks: dict[str, Chunk] = field(default_factory=dict)  # row key → chunk, of all that was looked up
    _scores: dict[str, float] = field(default_factory=dict)  # row key → BM25 score, of those that had to be
    _looked_up: set[str] = field(default_factory=set)
    _outdated: bool = False

    def ranked(self, limit: int) -> Ranked:
        """So many rows of each of the two searches, the best of all shards."""
        if self._shared is None:
            statistics = self._ask(self.shards, lambda shard: shard.statistics(self.question))
            self._shared = reduce(WordStatistics.plus, statistics.values(), WordStatistics())
        asked = Asked(self.question, self.vector, limit, self.selection, self._shared)
        found = self._ask(self.shards, lambda shard: shard.candidates(asked))
        self.stores |= {name: candidates.store for name, candidates in found.items()}
        dense = nearest_first([row for one in found.values() for row in one.ranked.dense])[:limit]
        likely = among_best((one.bounds.estimate(row) for one in found.values() for row in one.ranked.lexical), limit)
        unsure = undecided(likely)
        wanted = {row.key for row in dense} | {row.key for row in likely}
        homes = {
            name: [row.key for rows in (one.ranked.dense, one.ranked.lexical) for row in rows if row.key in wanted]
            for name, one in found.items()
        }
        self._look_up(asked, homes, unsure)
        scores = {row.key: self._scores.get(row.key) if row.key in unsure else row.middle for row in likely}
        lexical = best_first([Scored(key, score) for key, score in scores.items() if score is not None])[:limit]
        return Ranked(dense, lexical)

    def current(self, keys: Sequence[str]) -> Current:
        """The chunks of rows that were found."""
        return Current({key: self._chunks[key] for key in keys if key in self._chunks}, self._outdated)

    @property
    def answered(self) -> ShardsAsked:
        """Which shards did not answer so far."""
        return ShardsAsked(len(self.shards), tuple(self._missing[name] for name in sorted(self._missing)))

    def _look_up(self, asked: Asked, homes: Mapping[str, Sequence[str]], unsure: Collection[str]) -> None:
        """Fetch the chunks of rows from their shards and the scores of some, but for those that are there already."""
        new = {name: [key for key in dict.fromkeys(keys) if key not in self._looked_up] for name, keys in homes.items()}
        unscored = {name: list((set(keys) & set(unsure)) - self._scores.keys()) for name, keys in homes.items()}

        def read(shard: Shard) -> tuple[Current, Mapping[str, float]]:
            keys = unscored[shard.name]
            current = shard.current(new[shard.name], self.stores[shard.name])
            return current, shard.scores(asked, keys) if keys else {}

        holders = [shard for shard in self.shards if new.get(shard.name) or unscored.get(shard.name)]
        for current, scores in self._ask(holders, read).values():
            self._chunks |= current.chunks
            self._scores |= scores
            self._outdated |= current.outdated
        self._looked_up |= {key for keys in new.values() for key in keys}

    def _ask(self, shards: Sequence[Shard], ask: Asking[Reply]) -> Mapping[str, Reply]:
        asked = [shard for shard in shards if shard.name not in self._missing]
        # Each time anew: a shard that was waited for in vain must not cost the others their time.
        replies = ask_all(asked, ask, Deadline.after(self.seconds))
        self._missing |= {one.shard: one for one in replies.missing}
        return replies.given
