"""Asks all shards at once, and waits no longer for any of them than it may take."""

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from queue import Empty, SimpleQueue
from threading import Thread
from typing import Generic, TypeVar

from index.errors import AssistantError
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
    """
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
        if isinstance(reply, BaseException) and not isinstance(reply, AssistantError):
            raise reply
        found[name] = reply
    given = {one.name: found[one.name] for one in shards if one.name in found}
    late = f"no answer within {deadline.seconds:g} seconds" if deadline.seconds is not None else ""
    missing = [
        Unanswered(one.name, reply.problem if isinstance(reply := found.get(one.name), AssistantError) else late)
        for one in shards
        if isinstance(found.get(one.name), AssistantError) or one.name not in found
    ]
    return Replies(
        {name: reply for name, reply in given.items() if not isinstance(reply, BaseException)}, tuple(missing)
    )


def ask_each(shards: Sequence[Shard], ask: Asking[Reply]) -> dict[str, Reply]:
    """Ask shards at once, as long as it takes; all must answer.

    Raises:
        AssistantError: of the first one that cannot answer.
    """
    replies: SimpleQueue[tuple[str, Reply | BaseException]] = SimpleQueue()
    for shard in shards:
        Thread(target=_ask, args=(shard, ask, replies), name=f"asking {shard.name}", daemon=True).start()
    found = dict(replies.get() for _ in shards)
    given: dict[str, Reply] = {}
    for shard in shards:
        reply = found[shard.name]
        if isinstance(reply, BaseException):
            raise reply
        given[shard.name] = reply
    return given


def _ask(shard: Shard, ask: Asking[Reply], replies: "SimpleQueue[tuple[str, Reply | BaseException]]") -> None:
    try:
        replies.put((shard.name, ask(shard)))
    except BaseException as error:  # raised anew, or told, by the one who asked
        replies.put((shard.name, error))
