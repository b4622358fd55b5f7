"""Finds, places and calls the Ray actor of a shard, and says in one line why it does not answer."""

import json
import re
import time
from collections.abc import Collection, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from index.cluster.connection import connect, offered
from index.cluster.shard_actor import THREADS, WRITING, ShardActor
from index.embed.local import Embedder
from index.errors import ServiceTimeoutError, UnreachableError
from index.store.chroma_server import Server

PATIENCE_SECONDS = 300.0  # for an actor that Ray starts again; who asks waits as long as the settings say
SHARE = 0.001  # of the resource that places an actor: it says where, not how much
LOOK_SECONDS = 1.0  # between two looks whether the node of a shard that does not answer is still there
PAUSE_SECONDS = 0.1
BEFORE_MODEL = " with "  # in the name of an actor, between the folder of its shard and its embedding model
OF_A_SHARD = re.compile(r"shard-\d+")


class ActorOfShard:
    """The actor that runs a shard on the machine of its folder.

    It is started where a node offers a resource of the shard's name; where no node offers any shard, on this machine.
    It outlives this process and serves all drivers. Ray starts it again after a crash, and the folder mends itself when
    it is opened.

    Args:
        address: of the cluster.
        folder: the shard's folder on its machine.
        embedder: the model that the index is made with.
        seconds: how long an answer may take; writing takes as long as it takes.
    """

    def __init__(
        self,
        address: str,
        folder: Path,
        embedder: Embedder,
        server: Server | None = None,
        seconds: float = PATIENCE_SECONDS,
    ) -> None:
        self.name = folder.name
        self._address = address
        self._ray = connect(address)
        self._folder = folder
        self._embedder = embedder
        self._server = server
        self._seconds = seconds
        self._handle: Any = None
        with suppress(UnreachableError):  # told when it is asked
            self._handle = self._started()

    def call(self, method: str, *arguments: object, **options: object) -> Any:
        """What a method of the shard gives.

        Raises:
            ServiceTimeoutError: there was no answer in time.
            UnreachableError: no node of the cluster has the shard.
            AssistantError: what the shard itself raises.
        """
        deadline = None if method in WRITING else time.monotonic() + self._seconds
        errors = self._ray.exceptions
        while True:
            try:
                return self._answer(method, arguments, options, deadline)
            except errors.RayTaskError as error:
                raise error.cause from error
            except errors.RayActorError as error:  # it ended for good, or Ray does not know yet where it is now
                self._handle = None
                self._in_time(deadline, error)
                time.sleep(PAUSE_SECONDS)

    def let_go(self) -> None:
        """Forget where the actor is; it goes on serving others."""
        self._handle = None

    def _answer(
        self, method: str, arguments: Sequence[object], options: dict[str, object], deadline: float | None
    ) -> Any:
        group = "write" if method in WRITING else "read"
        handle = self._handle = self._handle or self._started()
        reply = getattr(handle, method).options(concurrency_group=group).remote(*arguments, **options)
        while not self._ray.wait([reply], timeout=LOOK_SECONDS if deadline is None else self._left(deadline))[0]:
            self._place()
            self._in_time(deadline)
        return self._ray.get(reply)

    def _left(self, deadline: float) -> float:
        return min(LOOK_SECONDS, max(0.0, deadline - time.monotonic()))

    def _in_time(self, deadline: float | None, cause: Exception | None = None) -> None:
        if deadline is not None and time.monotonic() >= deadline:
            problem = f"{self.name} did not answer within {self._seconds:g} seconds"
            raise ServiceTimeoutError(problem, "`ray status` shows whether its node is there; ask again") from cause

    def _started(self) -> Any:
        """The actor that serves the folder, or a new one."""
        actor = self._ray.remote(concurrency_groups=dict(THREADS))(ShardActor).options(
            name=f"{self._folder}{BEFORE_MODEL}{self._embedder.name}",
            get_if_exists=True,
            lifetime="detached",
            max_restarts=-1,
            max_task_retries=-1,
            num_cpus=0,
            resources={self._place(): SHARE},
        )
        return actor.remote(self._folder, self._embedder, self._server)

    def _place(self) -> str:
        """The resource of the node where the folder is.

        Raises:
            UnreachableError: no such node is there.
        """
        name, offers = resource_of(self.name), offered(self._ray)
        if name in offers:
            return name
        if any(map(OF_A_SHARD.fullmatch, offers)):
            start = f"ray start --address={self._address} --resources='{json.dumps({name: 1})}'"
            raise UnreachableError(f"no node of the cluster offers {name}", f"start Ray where its folder is: {start}")
        return f"node:{self._ray.util.get_node_ip_address()}"  # Ray's own name for a node


def resource_of(shard: str) -> str:
    """The resource that nodes offer for a shard, whatever generation of the index its folder is of."""
    return shard.partition(".")[0]


def end_actors(address: str, folder: Path, used: Collection[str]) -> None:
    """End the actors of an index's shards that are not among those in use; what was asked of them is asked anew."""
    ray = connect(address)
    for name in ray.util.list_named_actors():
        shard = Path(name.rpartition(BEFORE_MODEL)[0])
        if shard.parent == folder and shard.name not in used:
            with suppress(ValueError):  # it has ended meanwhile
                ray.kill(ray.get_actor(name))
