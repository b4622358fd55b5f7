"""Processes of a cluster that are killed: what is told then is right, or says what is missing, and nothing is lost."""

import os
import random
import signal
import time
from itertools import count
from pathlib import Path

import pytest

from index.embed.local import Embedder
from index.errors import AssistantError, IndexStateError, UnreachableError
from index.lifecycle.add import AddReport
from index.shards.create import create_shards
from index.shards.manifest import Manifest
from index.shards.opened import OpenLibrary
from index.shards.reading import ShardLimits
from tests.cluster.ray_nodes import Nodes, await_end, contents, needs_ray, on_ray, reports
from tests.parts import Loaded

pytestmark = needs_ray
QUESTION = "How did the council of Vellin vote on day 7?"
KILLS = int(os.environ.get("TEST_KILLS", "4"))  # many more: -o faulthandler_timeout=7200


def kill_one(nodes: Nodes, words: str, turn: int) -> bool:
    """Kill one of the actors of a class; whether there was one."""
    there = nodes.actors(words)
    if there:
        os.kill(there[turn % len(there)], signal.SIGKILL)
    return bool(there)


def keys(library: OpenLibrary) -> tuple[list[str], str]:
    """The chunks that are found, and what is said to be missing; all are candidates, as many have the same words."""
    found = library.search(QUESTION, k=8, candidates=400)
    return [hit.chunk.id for hit in found.hits], found.shards.gap


def test_answers_are_right_or_say_what_is_missing_while_actors_are_killed(
    nodes: Nodes, divided: Path, embedder: Embedder
) -> None:
    library = on_ray(nodes, divided, Loaded(embedder), ShardLimits(3.0))
    library.add(reports(200))
    whole, gap = keys(library)
    assert (len(whole), gap) == (8, "")
    manifest = Manifest.following(1, 4)
    told: list[str] = []
    for turn in range(KILLS):
        kill_one(nodes, "ShardActor", turn)
        try:
            found, gap = keys(library)
        except IndexStateError as error:
            told.append(error.problem)
            continue
        # Ranks of the others change where a shard is missing, so that only the places of what is found are certain.
        answered = {place for place in range(4) if f"shard-00{place}" not in gap}
        assert len(found) == 8
        assert {manifest.place_of(key.partition("#")[0]) for key in found} <= answered
        assert gap or found == whole
    assert all("0 of 4 shards answered" in problem for problem in told)
    patient = on_ray(nodes, divided, Loaded(embedder))
    assert keys(patient) == (whole, "")
    assert library.check().problems == ()


def test_nothing_is_lost_or_doubled_when_actors_are_killed_while_articles_are_added(
    nodes: Nodes, divided: Path, tmp_path: Path, embedder: Embedder
) -> None:
    library, plain = on_ray(nodes, divided, Loaded(embedder)), OpenLibrary(tmp_path / "plain", Loaded(embedder))
    create_shards(tmp_path / "plain", 4, embedder)
    every = reports(250 * KILLS)
    plain.add(every)
    turns, killed = count(), list[str]()

    def killing(_: AddReport) -> None:
        if (turn := next(turns)) < KILLS:
            words = "EmbeddingWorker" if turn % 2 else "ShardActor"
            killed.extend([words] * kill_one(nodes, words, turn))

    report = library.add(every, killing, jobs=2)
    assert "ShardActor" in killed
    assert report.articles == len(every)
    assert library.check().problems == ()
    assert library.add(every, jobs=2).unchanged == len(every)
    assert contents(library) == contents(plain)


def test_a_killed_driver_is_resumed_and_leaves_no_worker(
    nodes: Nodes, divided: Path, tmp_path: Path, embedder: Embedder
) -> None:
    library, plain = on_ray(nodes, divided, Loaded(embedder)), OpenLibrary(tmp_path / "plain", Loaded(embedder))
    chance, number = random.Random(19), 800
    for turn in range(max(2, KILLS // 4)):
        number += 400
        with nodes.driver(divided, number, jobs=2) as adding:
            assert adding.stdout
            assert int(adding.stdout.readline()) > 0  # something is committed
            time.sleep(chance.uniform(0, 1))
            adding.send_signal(signal.SIGKILL)
            adding.wait()
        if turn % 2:  # its shards were held by the actors for it
            library.reshard((2, 4, 3)[turn % 3])
        assert library.check().problems == ()
    create_shards(tmp_path / "plain", 4, embedder)
    plain.add(reports(number))
    report = library.add(reports(number), jobs=2)
    assert report.unchanged > 0
    assert report.added + report.unchanged == number
    assert contents(library).keys() == contents(plain).keys()
    assert library.check().problems == ()
    await_end(nodes, "EmbeddingWorker")


def test_a_node_that_is_gone_is_named_until_it_is_back(nodes: Nodes, divided: Path, embedder: Embedder) -> None:
    library = on_ray(nodes, divided, Loaded(embedder))
    library.add(reports(100))
    whole, _ = keys(library)
    for turn in range(max(1, KILLS // 10)):
        lose_a_node(nodes, library, divided, embedder, 120 + 20 * turn)
        assert keys(library) == (whole, "")
        library.add(reports(120 + 20 * turn))
        assert library.check().problems == ()
        whole, _ = keys(library)


def lose_a_node(nodes: Nodes, library: OpenLibrary, divided: Path, embedder: Embedder, more: int) -> None:
    """Kill a node, ask and add without it, and start it again."""
    nodes.kill(1)
    try:
        await_end(nodes, "ShardActor", most=2)  # they go on answering until they notice
        found, gap = keys(library)
        assert "2 of 4 shards answered: shard-002 and shard-003 did not" in gap
        assert "no node of the cluster offers shard-00" in gap
        assert len(found) == 8
        with pytest.raises(IndexStateError, match="2 of 4 shards answered"):
            keys(on_ray(nodes, divided, Loaded(embedder), ShardLimits(all_shards=True)))
        with pytest.raises(UnreachableError, match="no node of the cluster offers") as told:
            library.add(reports(more))
        assert "ray start --address=" in told.value.remedy
        assert isinstance(told.value, AssistantError)
    finally:
        nodes.restart(1)
