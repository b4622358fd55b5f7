"""What a Ray cluster adds to an index: shards on its machines, and workers that embed."""

from collections.abc import Collection
from pathlib import Path

from index.cluster.actors import ActorOfShard, end_actors
from index.cluster.embedding import EmbeddingActors
from index.cluster.ray_shard import RayShard
from index.lifecycle.add import Models
from index.shards.adding import Embedding
from index.shards.shard import Shard
from index.store.chroma_server import Server


class RayCluster:
    """The machines of a Ray cluster, as ``index.shards.reading.Machines``; methods raise as ``connect``.

    Args:
        address: HOST:PORT of the cluster's head.
    """

    def __init__(self, address: str, models: Models, server: Server | None = None) -> None:
        self._address = address
        self._models = models
        self._server = server

    def shard(self, folder: Path) -> Shard:
        """What stands for the shard in a folder of some machine."""
        return RayShard(ActorOfShard(self._address, folder.absolute(), self._models.embedder(), self._server))

    def embedding(self, jobs: int) -> Embedding:
        """So many workers that embed; raises as ``EmbeddingActors``."""
        return EmbeddingActors(self._address, self._models.embedder(), jobs)

    def end_unused(self, folder: Path, used: Collection[str]) -> None:
        """End the actors of an index's shards that are not in use; who asks one begins a new one."""
        end_actors(self._address, folder.absolute(), used)
