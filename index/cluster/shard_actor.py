"""A shard as a Ray actor on the machine that has its folder."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from index.embed.local import Embedder
from index.lifecycle.rebuild import Rebuilt
from index.retrieve.reader import Reader
from index.retrieve.rerank import Reranker
from index.shards.local import LocalShard
from index.store.chroma_server import Server

# A shard has one thread that writes, as the lock of a writer belongs to a thread, and others that are asked meanwhile.
THREADS = {"write": 1, "read": 8}
WRITING = frozenset("add take finish remove forget check rebuild close".split())


@dataclass(frozen=True, slots=True)
class ShardModels:
    """The models of a shard: what is found is reranked by the one who asks all shards."""

    loaded: Embedder

    def embedder(self) -> Embedder:
        return self.loaded

    def reranker(self) -> Reranker | None:
        return None

    def reader(self) -> Reader | None:
        return None


class ShardActor(LocalShard):
    """What an actor runs: a shard of its machine, asked by every driver of the cluster."""

    def __init__(self, folder: Path, embedder: Embedder, server: Server | None = None) -> None:
        super().__init__(folder, ShardModels(embedder), server=server)

    def rebuild(self, progress: Callable[[Rebuilt], None] | None = None) -> Rebuilt:
        """Make it anew; how far that is, nobody is told."""
        return super().rebuild(None)
