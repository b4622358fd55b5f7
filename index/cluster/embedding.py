"""Embedding on the machines of a Ray cluster, with the interface of ``EmbeddingProcesses``."""

from collections.abc import Sequence
from concurrent.futures import Future
from threading import Lock

from index.cluster.connection import connect
from index.embed.local import Embedder, LocalEmbedder, Vectors
from index.errors import ModelError

START_SECONDS = 120  # for the first worker: its process starts, and it loads the model


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
        self._given = [0] * jobs  # lists of texts that a worker has to do
        self._lock = Lock()
        self._await_one()

    def embed(self, texts: Sequence[str]) -> "Future[Vectors]":
        """Have texts embedded by the worker that has the least to do."""
        with self._lock:
            place = min(range(len(self._workers)), key=self._given.__getitem__)
            self._given[place] += 1
        embedded: Future[Vectors] = self._workers[place].embed.remote(list(texts)).future()
        embedded.add_done_callback(lambda _: self._done(place))
        return embedded

    def vectors(self, embedded: "Future[Vectors]") -> Vectors:
        """What ``embed`` gave, once it is done.

        Raises:
            ModelError: the cluster was lost, or whatever the embedder raises.
        """
        try:
            return embedded.result()
        except self._ray.exceptions.RayTaskError as error:
            raise error.cause from error
        except self._ray.exceptions.RayError as error:
            problem = f"the Ray cluster no longer embeds: {type(error).__name__}"
            raise ModelError(problem, "look at `ray status`, and run the same command again") from error

    def close(self) -> None:
        """End the workers; what was not begun is not embedded any more."""
        for worker in self._workers:
            self._ray.kill(worker)

    def _done(self, place: int) -> None:
        with self._lock:
            self._given[place] -= 1

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
