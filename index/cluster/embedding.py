"""Embedding on the machines of a Ray cluster, while articles are added to shards."""

from collections.abc import Sequence
from itertools import cycle
from typing import Any

from index.cluster.connection import connect, offered
from index.embed.local import Embedder, LocalEmbedder, Vectors
from index.errors import ModelError
from index.lifecycle.add import BATCHES_A_JOB
from index.shards.adding import Pending

START_SECONDS = 120  # for the first worker: its process starts, and it loads the model
LOOK_SECONDS = 5  # between two looks whether anything of the cluster is left
AGAIN = "look at `ray status`, then run the same command again: it goes on where it stopped"


class EmbeddingWorker:
    """What an actor runs: an embedder, loaded where it arrives."""

    def __init__(self, embedder: Embedder) -> None:
        self._embedder = embedder

    def embed(self, texts: Sequence[str]) -> Vectors:
        return self._embedder.embed_documents(texts)

    def model(self) -> str:
        return self._embedder.name


class EmbeddingActors:
    """Ray actors that each load the embedder and embed what they are given.

    Ray starts a worker that was killed again, and has what it was given embedded again. Workers end with this process.

    Args:
        address: of the cluster.
        embedder: one that can be sent to another machine, where its files lie in the same place.
        jobs: how many workers; each has a processor of the cluster for itself.
    """

    def __init__(self, address: str, embedder: Embedder, jobs: int) -> None:
        if isinstance(embedder, LocalEmbedder):
            embedder = embedder.with_threads(1)
        self._ray = connect(address)
        worker = self._ray.remote(EmbeddingWorker).options(
            num_cpus=1, max_restarts=-1, max_task_retries=-1, scheduling_strategy="SPREAD"
        )
        self._workers = [worker.remote(embedder) for _ in range(jobs)]
        self._turns = cycle(self._workers)
        self._await_one()

    @property
    def ahead(self) -> int:
        return BATCHES_A_JOB * len(self._workers)

    def embed(self, texts: Sequence[str]) -> Pending:
        """Have texts embedded by the worker whose turn it is; the vectors are waited for when asked for.

        Raises:
            ModelError: when asked for: the cluster was lost, or whatever the embedder raises.
        """
        embedded = next(self._turns).embed.remote(texts)
        return lambda: self._vectors(embedded)

    def close(self) -> None:
        """End the workers; what was not begun is not embedded any more."""
        for worker in self._workers:
            self._ray.kill(worker)

    def _vectors(self, embedded: Any) -> Vectors:
        try:
            while not self._ray.wait([embedded], timeout=LOOK_SECONDS)[0]:
                if "CPU" not in offered(self._ray):
                    raise ModelError("no node of the Ray cluster has a processor left to embed with", AGAIN)
            vectors: Vectors = self._ray.get(embedded)
        except self._ray.exceptions.RayTaskError as error:
            raise error.cause from error
        except self._ray.exceptions.RayError as error:
            raise ModelError(f"the Ray cluster no longer embeds: {type(error).__name__}", AGAIN) from error
        return vectors

    def _await_one(self) -> None:
        calls = [worker.model.remote() for worker in self._workers]
        ready, _ = self._ray.wait(calls, timeout=START_SECONDS)
        if not ready:
            self.close()
            problem = f"no worker of the Ray cluster began to embed within {START_SECONDS} seconds"
            raise ModelError(problem, "`ray status` shows whether a processor is free and a node is there")
        try:
            self._ray.get(ready)
        except self._ray.exceptions.RayError as error:
            self.close()
            cause = getattr(error, "cause", None) or error
            problem = f"a worker of the Ray cluster cannot load the embedder: {str(cause).splitlines()[-1]}"
            raise ModelError(problem, "install this program and its models in the same places on every node") from error
