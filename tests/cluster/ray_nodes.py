"""A Ray cluster of three nodes on this machine's loopback address, with every process in its own right."""

import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from index.articles import Article
from index.cluster.cluster import embedding_on, shards_on
from index.lifecycle.add import Models
from index.shards.interface import AnyLibrary
from index.shards.opened import OpenLibrary
from index.shards.reading import ShardLimits
from tests.parts import ROOT

MEMORY = 80_000_000  # bytes of each node's object store; Ray wants 75 MB at least
SHARDS = ({"shard-000": 1.0, "shard-001": 1.0}, {"shard-002": 1.0, "shard-003": 1.0})
# Ray takes the loopback address for a cluster only where it believes itself on a laptop, and then listens on no other.
ON_LOOPBACK = "RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER"


DRIVER = """
import json, signal, sys
from pathlib import Path
from assistant.embedded.provider import ModelProvider
from assistant.settings import load_settings
from tests.cluster.ray_nodes import on_ray_at, reports
address, folder, number, jobs = sys.argv[1:]
library = on_ray_at(address, Path(folder), ModelProvider(load_settings()))
print("begun", flush=True)
library.add(reports(int(number)), lambda report: print(report.articles, flush=True), jobs=int(jobs))
"""


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

    @contextmanager
    def driver(self, folder: Path, number: int, jobs: int = 1) -> "Iterator[subprocess.Popen[str]]":
        """Another program that adds so many reports; it has begun."""
        command = [sys.executable, "-c", DRIVER, self.address, str(folder), str(number), str(jobs)]
        with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
            assert process.stdout
            assert process.stdout.readline() == "begun\n"
            yield process
            process.kill()

    def restart(self, place: int) -> None:
        self.working[place] = self.start(place)


def reports(number: int, votes: int = 5) -> list[Article]:
    return [
        Article(f"report-{day}", text=f"On day {day} the council of Vellin voted {votes} to 3.")
        for day in range(number)
    ]


def on_ray(nodes: Nodes, folder: Path, models: Models, limits: ShardLimits | None = None) -> OpenLibrary:
    """The index in a folder, its shards on the cluster."""
    return on_ray_at(nodes.address, folder, models, limits)


def on_ray_at(address: str, folder: Path, models: Models, limits: ShardLimits | None = None) -> OpenLibrary:
    makers = {"make_shard": shards_on(address, models), "embedding": embedding_on(address, models)}
    return OpenLibrary(folder, models, limits=limits, **makers)


def contents(library: AnyLibrary) -> dict[str, tuple[str, list[list[float]]]]:
    """Article id → digest and vectors, as far as workers with other numbers of threads make the same."""
    return {
        stored.article.id: (stored.article.digest, np.round(stored.vectors, 4).tolist()) for stored in library.get()
    }


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
            for end in (import_module("ray").shutdown, cluster.shutdown):
                end()
            shutil.rmtree(folder, ignore_errors=True)
