"""Shards that are written side by side, and one of them that cannot be written."""

import shutil
import subprocess
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from threading import Barrier

import pytest

from index.articles import Article
from index.embed.local import Embedder
from index.errors import IndexStateError
from index.lifecycle.namesakes import Incoming
from index.shards.local import LocalShard
from index.shards.opened import OpenLibrary
from index.shards.shard import Added
from tests.parts import Loaded
from tests.shards.test_sharded import TOWNS, VOTES, Shards, asked


class Meeting(LocalShard):
    """A shard that commits only while another one does."""

    others = Barrier(2, timeout=60)

    def add(self, articles: Sequence[Incoming]) -> Added:
        self.others.wait()
        return super().add(articles)


def test_shards_commit_side_by_side(tmp_path: Path, embedder: Embedder) -> None:
    models = Loaded(embedder)
    library = OpenLibrary(tmp_path / "shards", models, machines=Shards(models, Meeting))
    library.create(2)
    assert library.add(VOTES).added == len(VOTES)
    assert library.check().clean


def test_a_full_disk_of_one_shard_is_named_and_costs_the_others_nothing(
    small_disk: Path, tmp_path: Path, embedder: Embedder
) -> None:
    """The disk of one shard is full: it is named, every shard keeps what it committed, and adding again goes on."""
    rain = [Article(f"rain-{n}", text=f"It rained {n} times in {TOWNS[n % 5]}.") for n in range(60)]
    library = OpenLibrary(tmp_path / "index", Loaded(embedder))
    library.create(3)
    place = tmp_path / "index" / "shard-001"
    shutil.move(place, small_disk / "shard")
    place.symlink_to(small_disk / "shard")
    try:
        library.add(VOTES)
        with (small_disk / "fill").open("wb", buffering=0) as file, suppress(OSError):
            while True:
                file.write(bytes(4096))
        with pytest.raises(IndexStateError, match=r"disk/shard is full|shard-001.*full"):
            library.add(rain)
        kept = {entry.info.id for entry in library.list()}
        assert kept >= {article.id for article in VOTES}
        assert {one.shard for one in asked(library).shards.missing} <= {"shard-001"}
        subprocess.run(["mount", "-o", "remount,size=60m", str(small_disk)], check=True)
        report = library.add([*VOTES, *rain])
        assert (report.unchanged, report.articles) == (len(kept), len(VOTES) + len(rain))
        assert library.check().clean
    finally:
        library.close()
