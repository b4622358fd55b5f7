"""Asks all shards at once, and waits no longer for any of them than it may take."""

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from queue import Empty, SimpleQueue
from threading import Thread
from typing import Generic, TypeVar

from index.errors import AssistantError, ServiceTimeoutError, UnfitError
from index.hits import Unanswered
from index.shards.shard import Shard

Reply = TypeVar("Reply")
Asking = Callable[[Shard], Reply]


@dataclass(frozen=True, slots=True)
class Replies(Generic[Reply]):
    """What shards answered.

    Attributes:
        given: name of the shard → its reply, in the order of the shards.
        missing: the others.
    """

    given: Mapping[str, Reply]
    missing: tuple[Unanswered, ...] = ()


@dataclass(frozen=True, slots=True)
class Deadline:
    """When waiting ends.

    Attributes:
        seconds: how long it was to be, as people are told; None waits as long as it takes.
        moment: of the monotonic clock, in seconds.
    """

    seconds: float | None
    moment: float

    @classmethod
    def after(cls, seconds: float | None) -> "Deadline":
        return cls(seconds, time.monotonic() + (seconds or 0.0))

    @property
    def left(self) -> float | None:
        return None if self.seconds is None else max(0.0, self.moment - time.monotonic())


def ask_all(shards: Sequence[Shard], ask: Asking[Reply], deadline: Deadline) -> Replies[Reply]:
    """Ask shards at once, each in a thread; one that is late or raises an ``AssistantError`` is missing.

    A late shard goes on by itself, and its reply is thrown away.

    Raises:
        UnfitError: a shard was made with another embedding model or in another format; names it.
    """
    found = _asked(shards, ask, deadline)
    late = ServiceTimeoutError(f"no answer within {deadline.seconds:g} seconds" if deadline.seconds is not None else "")
    given: dict[str, Reply] = {}
    missing = []
    for shard in shards:
        reply = found.get(shard.name, late)
        if isinstance(reply, UnfitError):
            raise UnfitError(f"{shard.name}: {reply.problem}", reply.remedy)
        if isinstance(reply, AssistantError):
            missing.append(Unanswered(shard.name, reply.problem))
        elif isinstance(reply, BaseException):
            raise reply
        else:
            given[shard.name] = reply
    return Replies(given, tuple(missing))


def ask_each(shards: Sequence[Shard], ask: Asking[Reply]) -> dict[str, Reply]:
    """Ask shards at once, as long as it takes; all must answer.

    Raises:
        AssistantError: of the first one that cannot answer.
    """
    given: dict[str, Reply] = {}
    found = _asked(shards, ask, Deadline.after(None))
    for shard in shards:
        reply = found[shard.name]
        if isinstance(reply, BaseException):
            raise reply
        given[shard.name] = reply
    return given


def _asked(shards: Sequence[Shard], ask: Asking[Reply], deadline: Deadline) -> dict[str, Reply | BaseException]:
    """What shards reply, or raise, until the deadline."""
    replies: SimpleQueue[tuple[str, Reply | BaseException]] = SimpleQueue()
    for shard in shards:
        # Not a pool: its threads are waited for when the program ends, and a shard may never answer.
        Thread(target=_ask, args=(shard, ask, replies), name=f"asking {shard.name}", daemon=True).start()
    found: dict[str, Reply | BaseException] = {}
    while len(found) < len(shards):
        try:
            name, reply = replies.get(timeout=deadline.left)
        except Empty:
            break
        found[name] = reply
    return found


def _ask(shard: Shard, ask: Asking[Reply], replies: "SimpleQueue[tuple[str, Reply | BaseException]]") -> None:
    try:
        replies.put((shard.name, ask(shard)))
    except BaseException as error:  # raised anew, or told, by the one who asked
        replies.put((shard.name, error))
