"""An index whose shards are Ray actors on three nodes: it answers and fills as one in this process does."""

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

from index.cluster.connection import connect
from index.embed.local import Embedder
from index.errors import SettingError, UnreachableError
from index.hits import SearchResult
from index.library import Library
from index.lifecycle.add import AddReport
from index.lifecycle.namesakes import Incoming
from index.retrieve.rerank import Reranker
from index.shards.create import create_shards
from index.shards.interface import AnyLibrary
from index.shards.opened import OpenLibrary
from tests.cluster.ray_nodes import Nodes, await_end, contents, needs_ray, on_ray, reports
from tests.parts import ROOT, Loaded
from tests.project.test_telemetry import ASSISTANT, NEEDS_STRACE, reached

pytestmark = needs_ray
LOOPBACK = re.compile(r"(?:::ffff:)?127\.\d+\.\d+\.\d+|::1")
QUESTIONS = (
    "Who did Blinken meet?",
    "How many people did the flood in the Tolle valley kill?",
    "When does the ferry sail again?",
    "What did the minister say about the budget?",
)


def found(library: AnyLibrary, question: str) -> list[tuple[str, float | None, int | None, int | None]]:
    result: SearchResult = library.search(question, k=8, candidates=16)
    assert result.shards.missing == ()
    return [(hit.chunk.id, hit.relevance, hit.dense_rank, hit.lexical_rank) for hit in result.hits]


def test_actors_give_the_results_of_one_folder(
    nodes: Nodes, divided: Path, newsroom: Library, embedder: Embedder, reranker: Reranker
) -> None:
    library = on_ray(nodes, divided, Loaded(embedder, reranker))
    library.add(Incoming(stored.article, stored.origins, stored.vectors) for stored in newsroom.get())
    assert [entry.info.id for entry in library.list()] == [entry.info.id for entry in newsroom.list()]
    for question in QUESTIONS:
        assert found(library, question) == found(newsroom, question)
    assert library.check().problems == ()
    assert library.status().chunks == newsroom.status().chunks


def test_workers_give_the_vectors_that_one_process_gives(
    nodes: Nodes, divided: Path, tmp_path: Path, embedder: Embedder
) -> None:
    # Vectors differ a little with what is embedded beside a text, and so with the division into shards.
    create_shards(tmp_path / "plain", 4, embedder)
    library, plain = on_ray(nodes, divided, Loaded(embedder)), OpenLibrary(tmp_path / "plain", Loaded(embedder))
    shown: list[AddReport] = []
    assert library.add(reports(450), shown.append, jobs=2) == plain.add(reports(450)) == shown[-1]
    assert contents(library) == contents(plain)
    assert library.add(reports(450), jobs=2).unchanged == 450
    assert library.add(reports(450, votes=9), jobs=2).changed == 450


def test_two_drivers_write_and_ask_at_once(nodes: Nodes, divided: Path, embedder: Embedder) -> None:
    library = on_ray(nodes, divided, Loaded(embedder))
    library.add(reports(10))
    with nodes.driver(divided, 300) as other:
        for _ in range(20):
            hits = library.search("How did the council of Vellin vote?", k=8, candidates=16).hits
            assert len(hits) == 8
        library.add(reports(60, votes=9))
        out, err = other.communicate(timeout=120)
        assert (other.returncode, err) == (0, "")
    assert json.loads(out.splitlines()[-1]) == 300
    assert {entry.info.id for entry in library.list()} == {article.id for article in reports(300)}
    assert library.check().problems == ()


def test_dividing_anew_ends_the_actors_of_the_old_shards(nodes: Nodes, divided: Path, embedder: Embedder) -> None:
    library, reader = (on_ray(nodes, divided, Loaded(embedder)) for _ in range(2))
    library.add(reports(40))
    before = found(reader, QUESTIONS[0])
    assert len(nodes.actors("ShardActor")) == 4
    library.reshard(2)
    await_end(nodes, "ShardActor")
    assert found(reader, QUESTIONS[0]) == before
    assert len(nodes.actors("ShardActor")) == 2


def test_one_address_a_process_and_only_an_address(nodes: Nodes) -> None:
    assert connect(nodes.address) is connect(nodes.address.replace("127.0.0.1", "localhost"))
    with pytest.raises(SettingError, match=r"cannot join the one at 127\.0\.0\.1:6 as well"):
        connect("127.0.0.1:6")


@pytest.mark.parametrize(
    ("address", "error", "words"),
    [
        ("auto", SettingError, "has the form HOST:PORT"),
        ("127.0.0.1:9", UnreachableError, ":9: Connection refused"),
    ],
)
def test_what_is_no_cluster_is_refused_at_once(address: str, error: type[Exception], words: str) -> None:
    code = f"""
from index.cluster.connection import connect
try:
    connect({address!r})
except Exception as error:
    print(type(error).__name__, error)
"""
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True, timeout=60
    )
    assert done.stdout.startswith(error.__name__)
    assert words in done.stdout


def test_without_ray_the_extra_is_named() -> None:
    code = """
import sys
sys.modules["ray"] = None
from index.cluster.connection import connect
try:
    connect("127.0.0.1:6379")
except Exception as error:
    print(error)
"""
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True, timeout=60
    )
    assert "pip install 'news-assistant[cluster]'" in done.stdout


@NEEDS_STRACE
def test_a_driver_and_its_nodes_reach_this_machine_alone(
    nodes: Nodes, divided: Path, tmp_path: Path, embedder: Embedder, monkeypatch: pytest.MonkeyPatch
) -> None:
    on_ray(nodes, divided, Loaded(embedder)).add(reports(10))
    monkeypatch.setenv("ASSISTANT_RAY_ADDRESS", nodes.address)
    asking = (ASSISTANT, "ask", "How did the council of Vellin vote?", "--extractive", "--index", str(divided))
    asked = reached(tmp_path / "ask.trace", *asking)
    assert ("INET", "127.0.0.1") in asked
    assert [pair for pair in asked if pair[0] != "UNIX" and not LOOPBACK.fullmatch(pair[1] or "")] == []
    listening, connected = nodes.addresses()
    assert listening
    assert connected
    assert listening | connected <= {"127.0.0.1"}


def test_nothing_in_the_drivers_folder_is_run_on_the_nodes(
    nodes: Nodes, divided: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    trap, sprung = tmp_path / "articles", tmp_path / "sprung"
    trap.mkdir()
    for module in ("index", "chromadb", "filelock"):
        (trap / f"{module}.py").write_text(f"open({str(sprung)!r}, 'w')\n", encoding="utf-8")
    monkeypatch.setenv("ASSISTANT_RAY_ADDRESS", nodes.address)
    monkeypatch.chdir(trap)
    command = [ASSISTANT, "index", "status", "--index", str(divided)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=120)
    assert (done.returncode, done.stderr) == (0, "")
    assert "shard-003" in done.stdout
    assert not sprung.exists()
