"""One cluster for all tests of clusters; each test ends the actors that it has begun."""

from collections.abc import Iterator
from importlib import import_module
from pathlib import Path

import pytest

from index.cluster.connection import NAMESPACE
from index.embed.local import Embedder
from index.shards.create import create_shards
from tests.cluster.ray_nodes import Nodes, running_nodes


@pytest.fixture(scope="session")
def nodes() -> Iterator[Nodes]:
    with running_nodes() as running:
        yield running


@pytest.fixture
def divided(nodes: Nodes, tmp_path: Path, embedder: Embedder) -> Iterator[Path]:
    """The folder of an index of four shards, two for each node of the cluster."""
    create_shards(tmp_path / "index", 4, embedder)
    yield tmp_path / "index"
    ray = import_module("ray")
    for name in ray.util.list_named_actors() if ray.is_initialized() else ():
        ray.kill(ray.get_actor(name, namespace=NAMESPACE))
