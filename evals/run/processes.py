"""Asks the questions of a run in several processes; each has a shard, with a record file of its own.

A process takes its part as a pickled message on its standard input and sends what it has recorded on its standard
output. It ends after the questions on their way once its input is closed, which also happens when its parent is killed.
"""

import os
import pickle
import signal
import subprocess
import sys
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from queue import SimpleQueue
from threading import Event, Thread
from types import TracebackType
from typing import Self

from assistant.console.streams import quiet_libraries
from evals.run.records import Record, Run
from evals.run.runner import FATAL, Shard, execute
from index.children import command
from index.errors import AssistantError
from index.lifecycle.add import AddReport
from index.telemetry import switch_tracing_off

_START = "from evals.run.processes import serve; serve()"


@dataclass(frozen=True, slots=True)
class _Part:
    """What one process does, as ``execute`` takes it."""

    folder: Path
    shard: Shard
    limit: int | None
    workers: int


@dataclass(frozen=True, slots=True)
class _Ended:
    """A process has ended with this status; a negative one is the signal that killed it."""

    status: int


class _Interrupted:
    """Ctrl-C was pressed."""


_Message = AddReport | Record | AssistantError | _Ended | _Interrupted


def execute_in_processes(
    run: Run,
    *,
    count: int,
    limit: int | None = None,
    workers: int = 1,
    indexing: Callable[[AddReport], None],
    progress: Callable[[Record], None],
    stop: Callable[[], bool] = lambda: False,
) -> None:
    """Ask what is still to be asked in ``count`` processes; the first adds the articles before the others begin.

    After Ctrl-C every process ends with the questions on their way; the second time all end at once.

    Args:
        limit: only the first so many keys of the run.
        workers: questions that are on their way at the same time in each process.

    Raises:
        AssistantError: a process met one, or was killed. The others went on, unless it would meet every question.
        KeyboardInterrupt: Ctrl-C was pressed, and all have ended.
    """
    shards = [Shard(number, count) for number in range(1, count + 1)]
    limits = [None if limit is None else len(range(limit)[shard.number - 1 :: count]) for shard in shards]
    parts = [_Part(run.folder, *part, workers) for part in zip(shards, limits, strict=True)]
    failures: list[BaseException] = []
    with _Processes(parts) as processes, _told_of_interrupts(processes.messages):
        while processes.running:
            message = processes.next_message()
            if isinstance(message, AddReport):
                indexing(message)
                continue
            if isinstance(message, Record):
                progress(message)
            elif failure := _failure(message):
                failures.append(failure)
            if isinstance(message, (*FATAL, _Interrupted)) or stop():
                processes.end()
            processes.start_others()
    if failures:
        raise next((failure for failure in failures if isinstance(failure, KeyboardInterrupt)), failures[0])


def _failure(message: _Message) -> BaseException | None:
    if isinstance(message, AssistantError):
        return message
    if isinstance(message, _Interrupted):
        return KeyboardInterrupt()
    if isinstance(message, _Ended) and message.status:
        problem = f"a process that asked questions ended with status {message.status}"
        return AssistantError(problem, "run the same command again; fewer processes need less memory")
    return None


class _Processes:
    """The processes and what they send; as a context it lasts until all have ended."""

    def __init__(self, parts: Sequence[_Part]) -> None:
        self.messages: SimpleQueue[_Message] = SimpleQueue()
        self.running = 0
        self._started: list[tuple[subprocess.Popen[bytes], Thread]] = []
        self._waiting = deque(parts)
        self._start(self._waiting.popleft())

    def start_others(self) -> None:
        """Start those that were not started yet, unless all are to end."""
        while self._waiting:
            self._start(self._waiting.popleft())

    def _start(self, part: _Part) -> None:
        process = subprocess.Popen(command(_START), stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        listener = Thread(target=self._listen, args=(process,))
        self._started.append((process, listener))
        self.running += 1
        listener.start()
        if process.stdin:
            with suppress(OSError):  # it has ended already, of which the listener tells
                pickle.dump(part, process.stdin)
                process.stdin.flush()

    def next_message(self) -> _Message:
        """Wait for it."""
        message = self.messages.get()
        self.running -= isinstance(message, _Ended)
        return message

    def end(self) -> None:
        """Let all end after the questions on their way."""
        self._waiting.clear()
        for process, _ in self._started:
            if process.stdin:
                with suppress(OSError):
                    process.stdin.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.end()
        for process, listener in self._started:
            if isinstance(error, KeyboardInterrupt):
                process.kill()
            listener.join()

    def _listen(self, process: "subprocess.Popen[bytes]") -> None:
        if process.stdout:
            with process.stdout, suppress(EOFError, pickle.UnpicklingError):
                while True:
                    self.messages.put(pickle.load(process.stdout))
        self.messages.put(_Ended(process.wait()))


@contextmanager
def _told_of_interrupts(messages: SimpleQueue[_Message]) -> Iterator[None]:
    """Make the first Ctrl-C a message."""
    before = signal.getsignal(signal.SIGINT)

    def tell(*_: object) -> None:
        signal.signal(signal.SIGINT, before)
        sys.stderr.write("\nEnding after the questions on their way; Ctrl-C again ends at once.\n")
        messages.put(_Interrupted())

    signal.signal(signal.SIGINT, tell)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


def serve() -> None:
    """Be one of the processes."""
    part: _Part = pickle.load(sys.stdin.buffer)
    replies, sys.stdout = sys.stdout.buffer, sys.stderr  # nothing that a library prints may get between the messages
    quiet_libraries()
    switch_tracing_off()
    ended = Event()
    Thread(target=_wait_for_the_end, args=(ended,), daemon=True).start()

    def say(message: _Message) -> None:
        pickle.dump(message, replies)
        replies.flush()

    with suppress(BrokenPipeError):  # the parent was killed
        try:
            execute(
                Run(part.folder),
                shard=part.shard,
                limit=part.limit,
                workers=part.workers,
                indexing=say,
                progress=say,
                stop=ended.is_set,
            )
        except AssistantError as error:
            say(error)


def _wait_for_the_end(ended: Event) -> None:
    os.read(sys.stdin.fileno(), 1)  # of the file beneath: a thread that waits in Python's buffer hinders the exit
    ended.set()
