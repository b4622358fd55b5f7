"""A Ray cluster of three nodes on this machine's loopback address, with every process in its own right."""

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest

MEMORY = 80_000_000  # bytes of each node's object store; Ray wants 75 MB at least
SHARDS = ({"shard-000": 1.0, "shard-001": 1.0}, {"shard-002": 1.0, "shard-003": 1.0})
# Ray takes the loopback address for a cluster only where it believes itself on a laptop, and then listens on no other.
ON_LOOPBACK = "RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER"


class Nodes:
    """The running cluster: a head without processors, and nodes that offer shards."""

    def __init__(self, cluster: Any) -> None:
        self._cluster = cluster
        self.address: str = cluster.address
        self.working = [self.start(place) for place in range(len(SHARDS))]

    def start(self, place: int) -> Any:
        """Start a node that offers its shards."""
        return self._cluster.add_node(num_cpus=1, object_store_memory=MEMORY, resources=dict(SHARDS[place]))

    def kill(self, place: int) -> None:
        """Kill a node's processes with SIGKILL."""
        self._cluster.remove_node(self.working[place], allow_graceful=False)

    def restart(self, place: int) -> None:
        self.working[place] = self.start(place)


needs_ray = pytest.mark.skipif(find_spec("ray") is None, reason="the extra `cluster` is not installed; make test does")


@contextmanager
def running_nodes() -> Iterator[Nodes]:
    """Start the cluster, and end it."""
    folder = Path(tempfile.mkdtemp(prefix="ray", dir="/tmp"))  # short, as names of sockets have few letters
    (folder / "ray").mkdir()
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv(ON_LOOPBACK, "0")
        patch.setenv("RAY_TMPDIR", str(folder))
        from ray.cluster_utils import Cluster

        head = {"num_cpus": 0, "object_store_memory": MEMORY, "include_dashboard": False, "include_log_monitor": False}
        cluster = Cluster(initialize_head=True, head_node_args=head)
        try:
            yield Nodes(cluster)
        finally:
            import ray

            ray.shutdown()  # type: ignore[no-untyped-call]
            cluster.shutdown()
            shutil.rmtree(folder, ignore_errors=True)
            os.environ.pop("RAY_ADDRESS", None)
