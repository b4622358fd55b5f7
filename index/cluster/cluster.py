"""What a Ray cluster adds to an index: shards on its machines, and workers that embed."""

from collections.abc import Callable
from pathlib import Path

from index.cluster.actors import ActorOfShard
from index.cluster.embedding import EmbeddingActors
from index.cluster.ray_shard import RayShard
from index.lifecycle.add import Models
from index.shards.adding import Embedding
from index.shards.shard import Shard
from index.store.chroma_server import Server


def shards_on(address: str, models: Models, server: Server | None = None) -> Callable[[Path], Shard]:
    """Makes what stands for the shard in a folder of some machine of a cluster; raises as ``connect``.

    Args:
        address: HOST:PORT of the cluster's head.
    """
    return lambda folder: RayShard(ActorOfShard(address, folder.absolute(), models.embedder(), server))


def embedding_on(address: str, models: Models) -> Callable[[int], Embedding]:
    """Makes so many workers of a cluster that embed; raises as ``EmbeddingActors``."""
    return lambda jobs: EmbeddingActors(address, models.embedder(), jobs)
