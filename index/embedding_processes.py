"""Embedding in several processes on one machine; whoever reads and writes the index stays one."""

import os
import pickle
import signal
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from functools import cache
from multiprocessing import connection, get_context, parent_process
from threading import Thread

from index.embedding import Embedder, LocalEmbedder, Vectors
from index.errors import ModelError


class EmbeddingProcesses:
    """Processes that each load the embedder and embed what they are given.

    A process is given all texts of a commit, which it embeds as one process alone would: the vectors are the same.

    Args:
        embedder: one that can be sent to another process; it is loaded there.
        jobs: how many processes; they share the cores.
    """

    def __init__(self, embedder: Embedder, jobs: int) -> None:
        if isinstance(embedder, LocalEmbedder):
            embedder = embedder.with_threads(max(1, (os.cpu_count() or 1) // jobs))
        self._embedder = pickle.dumps(embedder)
        self._jobs = jobs
        # Not forked: threads of Chroma, Tantivy and ONNX Runtime do not survive that.
        self._pool = ProcessPoolExecutor(jobs, mp_context=get_context("spawn"), initializer=_begin)

    def embed(self, texts: Sequence[str]) -> "Future[Vectors]":
        """Have texts embedded; raises as ``vectors``."""
        with self._ends_told():
            return self._pool.submit(_embed, self._embedder, texts)

    def vectors(self, embedded: "Future[Vectors]") -> Vectors:
        """What ``embed`` gave, once it is done.

        Raises:
            ModelError: a process was ended from outside, or whatever the embedder raises.
        """
        with self._ends_told():
            return embedded.result()

    def close(self) -> None:
        """End the processes; what was not begun is not embedded any more."""
        self._pool.shutdown(cancel_futures=True)

    @contextmanager
    def _ends_told(self) -> Iterator[None]:
        try:
            yield
        except BrokenProcessPool as error:
            problem = f"one of the {self._jobs} embedding processes was ended from outside"
            raise ModelError(problem, "run the same command again; fewer --jobs need less memory") from error


def _begin() -> None:
    """Leave Ctrl-C to the process that asked, and end when it has ended, however that was."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    Thread(target=_end_with_parent, daemon=True).start()


def _end_with_parent() -> None:
    parent = parent_process()
    if parent is not None:
        connection.wait([parent.sentinel])
        os._exit(1)


def _embed(embedder: bytes, texts: Sequence[str]) -> Vectors:
    return _loaded(embedder).embed_documents(texts)


@cache
def _loaded(embedder: bytes) -> Embedder:
    loaded: Embedder = pickle.loads(embedder)
    return loaded
