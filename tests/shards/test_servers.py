"""The vectors of shards, each on a Chroma server of its own."""

import os
import random
import socket
from collections.abc import Iterator
from contextlib import ExitStack, closing, suppress
from pathlib import Path
from threading import Timer

import pytest

from assistant.embedded.provider import vector_server
from assistant.settings import load_settings
from index.articles import Article
from index.embed.local import Embedder
from index.errors import ServiceError, SettingError
from index.library import Library
from index.lifecycle.namesakes import Incoming
from index.shards.opened import OpenLibrary
from index.shards.reading import ShardLimits
from index.store.chroma import DATABASE
from index.store.chroma_server import Server
from tests.chroma_server import ChromaServer
from tests.lifecycle.test_chroma_server import collections
from tests.parts import Loaded
from tests.shards.test_sharded import ARTICLES, QUESTIONS, found

SHARDS = 2
KILLS = int(os.environ.get("TEST_KILLS", "4"))  # many more: -o faulthandler_timeout=7200
LONGEST_SECONDS = 0.5  # until a server is killed


def free_ports() -> str:
    """The first two of the five digits of a port where each shard finds the rest of its own free."""
    for digits in range(20, 60):
        with ExitStack() as stack:
            try:
                for number in range(SHARDS):
                    stack.enter_context(socket.socket()).bind(("127.0.0.1", digits * 1000 + number))
            except OSError:
                continue
            return str(digits)
    raise AssertionError("no ports are free")


@pytest.fixture(scope="module")
def servers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, list[ChromaServer]]]:
    """The address with a place for the shard, and a server for each."""
    digits, started = free_ports(), list[ChromaServer]()
    for number in range(SHARDS):
        server = ChromaServer(tmp_path_factory.mktemp("servers") / f"data-{number}")
        server.port = int(digits) * 1000 + number
        server.start()
        started.append(server)
    yield f"http://127.0.0.1:{digits}{{shard}}", started
    for server in started:
        server.kill()


def test_each_shard_has_its_vectors_on_its_server(
    servers: tuple[str, list[ChromaServer]], tmp_path: Path, embedder: Embedder
) -> None:
    address, started = servers
    plain = Library(tmp_path / "plain", Loaded(embedder))
    plain.add(ARTICLES)
    settings = load_settings(index=tmp_path / "index", chroma_url=address)
    library = OpenLibrary(tmp_path / "index", Loaded(embedder), None, vector_server(settings), ShardLimits())
    with closing(library), closing(plain):
        library.create(SHARDS)
        library.add(Incoming(stored.article, vectors=stored.vectors) for stored in plain.get())
        assert [len(collections(server)) for server in started] == [1, 1]
        assert not list((tmp_path / "index").rglob(DATABASE))
        assert [found(library, question) for question in QUESTIONS] == [
            found(plain, question) for question in QUESTIONS
        ]
        assert library.check().clean

        started[1].kill()
        gap = library.search(QUESTIONS[0], k=8, candidates=12).shards.gap
        assert gap.startswith("1 of 2 shards answered: shard-001 did not")
        assert f":{started[1].port}" in gap
        started[1].start()
        assert library.search(QUESTIONS[0], k=8, candidates=12).shards.missing == ()
        assert library.check().clean

        library.reshard(1)
        assert [len(collections(server)) for server in started] == [1, 0]
        assert found(library, QUESTIONS[0]) == found(plain, QUESTIONS[0])


def test_servers_that_are_killed_at_any_moment_lose_nothing(
    servers: tuple[str, list[ChromaServer]], tmp_path: Path, embedder: Embedder
) -> None:
    """Articles are added and questions asked meanwhile: no other shard than that of the server is ever missing."""
    address, started = servers
    chance = random.Random(19)
    plain = Library(tmp_path / "plain", Loaded(embedder))
    library = OpenLibrary(tmp_path / "index", Loaded(embedder), None, Server(address, timeout_seconds=10))
    library.create(SHARDS)
    articles: list[Article] = []
    with closing(library), closing(plain):
        for turn in range(KILLS):
            articles += [Article(f"{turn}-{n}", text=f"The council spent {turn}{n} crowns on paint.") for n in range(9)]
            plain.add(articles)
            known = {stored.article.id: stored.vectors for stored in plain.get()}
            victim = chance.choice(started)
            killing = Timer(chance.uniform(0, LONGEST_SECONDS), victim.kill)
            killing.start()
            with suppress(ServiceError):
                library.add(Incoming(article, vectors=known[article.id]) for article in articles)
            missing = library.search(QUESTIONS[0], k=8, candidates=12).shards.missing
            assert {one.shard for one in missing} <= {f"shard-{started.index(victim):03}"}
            killing.join()
            victim.start()
            report = library.add(Incoming(article, vectors=known[article.id]) for article in articles)
            assert report.articles == len(articles)
            assert library.check().clean
            every, last = len(articles), f"Who spent {turn}4 crowns?"
            hits = library.search("What was spent?", k=every, candidates=every).hits
            assert {hit.chunk.article.id for hit in hits} == known.keys()
            assert found(library, last)[0] == found(plain, last)[0] == f"{turn}-4#0"


def test_an_index_that_is_not_divided_has_one_server(tmp_path: Path, embedder: Embedder) -> None:
    server = Server("http://127.0.0.1:8{shard}")
    with (
        closing(Library(tmp_path, Loaded(embedder), server=server)) as library,
        pytest.raises(SettingError, match="is not divided") as told,
    ):
        library.add(ARTICLES)
    assert "Library.reshard()" in told.value.remedy
    with closing(Library(tmp_path, Loaded(embedder))) as mended:
        assert mended.add(ARTICLES).added == len(ARTICLES)
        assert mended.check().clean


def test_the_rest_of_the_address_is_checked() -> None:
    with pytest.raises(SettingError, match="chroma_url"):
        load_settings(chroma_url="http://127.0.0.1:port{shard}")
