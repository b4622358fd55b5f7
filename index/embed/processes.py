"""Embedding in several processes on one machine; one process alone reads and writes the index.

A process takes one list of texts after another, as pickled messages on its standard input, and ends when that is
closed, which also happens when its parent is killed.
"""

import os
import pickle
import subprocess
import sys
from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from functools import cache
from queue import SimpleQueue
from threading import Lock, Thread
from typing import IO

from index.children import CALCULATING, ROOT, command, environment
from index.embed.local import Embedder, LocalEmbedder, Vectors
from index.errors import ModelError

_START = "from index.embed.processes import serve; serve()"
_SIZE_BYTES = 8  # before every message: how long it is
Reply = Vectors | Exception


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
        self._embedder = embedder
        self._jobs = jobs
        self._idle: SimpleQueue[subprocess.Popen[bytes]] = SimpleQueue()
        self._started: list[subprocess.Popen[bytes]] = []
        self._lock = Lock()
        self._closed = False
        self._threads = ThreadPoolExecutor(jobs, thread_name_prefix="embedding")

    def embed(self, texts: Sequence[str]) -> "Future[Vectors]":
        """Have texts embedded; raises as ``vectors``."""
        return self._threads.submit(self._embed, texts)

    def vectors(self, embedded: "Future[Vectors]") -> Vectors:
        """What ``embed`` gave, once it is done.

        Raises:
            ModelError: a process was ended from outside, or whatever the embedder raises.
        """
        return embedded.result()

    def close(self) -> None:
        """End the processes; what was not begun is not embedded any more."""
        with self._lock:
            self._closed = True
        for process in self._started:
            process.kill()
        self._threads.shutdown(cancel_futures=True)
        for process in self._started:
            with suppress(OSError):  # what was not yet sent to it
                process.communicate()

    def _embed(self, texts: Sequence[str]) -> Vectors:
        process = self._free()
        try:
            reply = _exchange(process, texts)
        except (OSError, EOFError) as error:
            problem = f"one of the {self._jobs} embedding processes was ended from outside"
            raise ModelError(problem, "run the same command again; fewer jobs need less memory") from error
        finally:
            self._idle.put(process)
        if isinstance(reply, Exception):
            raise reply
        return reply

    def _free(self) -> "subprocess.Popen[bytes]":
        """A process that has nothing to do; started, while there are fewer than there may be."""
        with self._lock:
            if self._closed:
                raise ModelError("the embedding processes have ended", "run the same command again")
            if self._idle.empty() and len(self._started) < self._jobs:
                self._started.append(_started(self._embedder))
                return self._started[-1]
        return self._idle.get()


def _started(embedder: Embedder) -> "subprocess.Popen[bytes]":
    process = subprocess.Popen(
        command(_START), cwd=ROOT, env=environment(CALCULATING), stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    with suppress(OSError):  # it has ended already, as is noticed when it is used
        _send(_pipe(process.stdin), embedder)
    return process


def _exchange(process: "subprocess.Popen[bytes]", texts: Sequence[str]) -> Reply:
    _send(_pipe(process.stdin), list(texts))
    reply: Reply = pickle.loads(_received(_pipe(process.stdout)))
    return reply


def _pipe(end: IO[bytes] | None) -> IO[bytes]:
    if end is None:
        raise AssertionError("the process was started with pipes")
    return end


def _send(pipe: IO[bytes], message: object) -> None:
    data = pickle.dumps(message)
    pipe.write(len(data).to_bytes(_SIZE_BYTES, "big"))
    pipe.write(data)
    pipe.flush()


def _received(pipe: IO[bytes]) -> bytes:
    """A message, still pickled.

    Raises:
        EOFError: there is no other one.
    """
    size = int.from_bytes(pipe.read(_SIZE_BYTES), "big")
    data = pipe.read(size)
    if not size or len(data) < size:
        raise EOFError
    return data


def serve() -> None:
    """Be one of the processes: read texts from standard input, write their vectors to standard output."""
    replies = sys.stdout.buffer
    sys.stdout = sys.stderr  # nothing that a library prints may get between the replies
    asked: SimpleQueue[bytes] = SimpleQueue()
    Thread(target=_take_in, args=(asked,), daemon=True).start()
    embedder = asked.get()
    while True:
        _send(replies, _reply(embedder, asked.get()))


def _take_in(asked: "SimpleQueue[bytes]") -> None:
    """Take in what is sent; end the process when nothing can come any more, whatever it is doing."""
    with suppress(EOFError, OSError):
        while True:
            asked.put(_received(sys.stdin.buffer))
    os._exit(1)


def _reply(embedder: bytes, texts: bytes) -> Reply:
    try:
        return _loaded(embedder).embed_documents(pickle.loads(texts))
    except Exception as error:  # raised anew in the process that asked
        return error


@cache
def _loaded(embedder: bytes) -> Embedder:
    loaded: Embedder = pickle.loads(embedder)
    return loaded
