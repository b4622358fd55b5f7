"""A Ray cluster of three nodes on this machine's loopback address, with every process in its own right."""

import ipaddress
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from index.articles import Article
from index.cluster.cluster import RayCluster
from index.lifecycle.add import Models
from index.shards.interface import AnyLibrary
from index.shards.opened import OpenLibrary
from index.shards.reading import ShardLimits
from tests.parts import ROOT

PATIENCE_SECONDS = 120  # for processes to notice that they are to end
MEMORY = 80_000_000  # bytes of each node's object store; Ray wants 75 MB at least
SHARDS = ({"shard-000": 1.0, "shard-001": 1.0}, {"shard-002": 1.0, "shard-003": 1.0})
# Ray takes the loopback address for a cluster only where it believes itself on a laptop, and then listens on no other.
LISTENING = "0A"  # a state of TCP, as the kernel writes it
MAPPED = bytes(10) + b"\xff\xff"  # before an address of four bytes, among those of sixteen
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


def sockets_of(process: Path) -> Iterator[str]:
    """The numbers of a process's sockets."""
    for file in (process / "fd").glob("*"):
        with suppress(OSError):
            kind, _, number = str(file.readlink()).partition(":")
            if kind == "socket":
                yield number.strip("[]")


def address_of(place: str) -> str:
    """The address in a line of the kernel's tables: four bytes at a time, the last first."""
    number = bytes.fromhex(place.partition(":")[0])
    address = b"".join(number[first : first + 4][::-1] for first in range(0, len(number), 4))
    return str(ipaddress.ip_address(address[-4:] if address[:12] == MAPPED else address))


class Nodes:
    """The running cluster: a head without processors, and nodes that offer shards."""

    def __init__(self, cluster: Any, folder: Path) -> None:
        self._cluster = cluster
        self._folder = folder
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

    def addresses(self) -> tuple[set[str], set[str]]:
        """Where the cluster's processes listen, and with whom they are connected, by TCP."""
        own = {socket for process in self._processes() for socket in sockets_of(process)}
        listening, connected = set[str](), set[str]()
        for table in ("tcp", "tcp6"):
            for line in Path(f"/proc/net/{table}").read_text(encoding="ascii").splitlines()[1:]:
                _, here, there, state, *rest = line.split()
                if rest[5] in own:
                    (listening if state == LISTENING else connected).add(
                        address_of(here if state == LISTENING else there)
                    )
        return listening, connected

    def actors(self, words: str) -> list[int]:
        """The processes of actors of a class, by the title that Ray gives them."""
        titles = [(int(process.name), (process / "cmdline").read_bytes()) for process in self._processes()]
        return sorted(number for number, title in titles if title.startswith(b"ray::") and words.encode() in title)

    def _processes(self) -> Iterator[Path]:
        for process in Path("/proc").glob("[0-9]*"):
            with suppress(OSError):
                if str(self._folder).encode() in (process / "environ").read_bytes():
                    yield process

    def restart(self, place: int) -> None:
        self.working[place] = self.start(place)


def await_end(nodes: Nodes, words: str, most: int = 0) -> None:
    """Wait until no more than so many actors of a class are left."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while len(nodes.actors(words)) > most:
        assert time.monotonic() < deadline, f"actors go on: {nodes.actors(words)}"
        time.sleep(0.1)


def reports(number: int, votes: int = 5) -> list[Article]:
    return [
        Article(f"report-{day}", text=f"On day {day} the council of Vellin voted {votes} to 3.")
        for day in range(number)
    ]


def on_ray(nodes: Nodes, folder: Path, models: Models, limits: ShardLimits | None = None) -> OpenLibrary:
    """The index in a folder, its shards on the cluster."""
    return on_ray_at(nodes.address, folder, models, limits)


def on_ray_at(address: str, folder: Path, models: Models, limits: ShardLimits | None = None) -> OpenLibrary:
    return OpenLibrary(folder, models, limits=limits, machines=RayCluster(address, models))


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
            yield Nodes(cluster, folder)
        finally:
            for end in (import_module("ray").shutdown, cluster.shutdown):
                end()
            shutil.rmtree(folder, ignore_errors=True)
