"""Killing writers at random moments: nothing is lost, nothing is doubled, and what is harmed is mended."""

import os
import random
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path

import numpy as np

from index.articles import Article
from index.embed.local import Embedder
from index.library import Library
from index.lifecycle.commit import CATALOG
from index.split.chunks import split_chunks
from index.store.fingerprint import PROBE_SIMILARITY
from index.store.records import Stored
from tests.crash_worker import day, write
from tests.parts import ROOT, Loaded

KILLS = int(os.environ.get("TEST_KILLS", "10"))  # 100 take a quarter of an hour: -o faulthandler_timeout=3600
LONGEST_SECONDS = 4.0  # about what two days take


def kill(folder: Path, first: int, chance: random.Random) -> int:
    """Let a writer begin with a day, kill it at a random moment, and tell which day it was at.

    Every other time the moment is one within a commit, which takes only a small part of the whole time.
    """
    command = [sys.executable, "-m", "tests.crash_worker", str(folder), str(first)]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        if chance.random() < 0.5:
            time.sleep(chance.uniform(0, LONGEST_SECONDS))
        else:
            for _ in range(chance.randint(1, 6)):
                wait_for_transaction(folder)
            time.sleep(chance.uniform(0, 0.15))
        process.kill()
        days = process.stdout.read().split()
    return int(days[-1]) + 1 if days else first


def wait_for_transaction(folder: Path) -> None:
    """Until the catalog begins to write; a commit has two or three transactions."""
    journal = folder / f"{CATALOG}-journal"
    for present in (False, True):
        while journal.exists() is not present:
            time.sleep(0.0005)


def mended(library: Library) -> str:
    """Check an index after a kill, mend it when that is needed, and tell what it took."""
    report = library.check()
    if report.clean:
        return "undone" if report.undone else "clean"
    library.rebuild()
    assert library.check().problems == ()
    return "rebuilt"


def assert_between(found: dict[str, Article], before: dict[str, Article], after: dict[str, Article]) -> None:
    """Every article is as it was before the interrupted day, or as it is on that day."""
    assert found.keys() <= before.keys() | after.keys()
    for name in before.keys() | after.keys():
        assert found.get(name) in (before.get(name), after.get(name)), name


def articles(library: Library) -> dict[str, Article]:
    return {stored.article.id: stored.article for stored in library.get()}


def same(one: Stored, other: Stored) -> bool:
    """Whether two articles are stored alike; the quantised model gives a text other vectors in other company."""
    alike = np.einsum("ij,ij->i", one.vectors, other.vectors)
    return one.article == other.article and bool((alike > PROBE_SIMILARITY).all())


def test_kills_at_random_moments_lose_nothing(tmp_path: Path, embedder: Embedder) -> None:
    folder, chance, outcomes = tmp_path / "index", random.Random(20231109), Counter[str]()
    write(Library(folder, Loaded(embedder)), 0)
    number = 1
    for _ in range(KILLS):
        number = kill(folder, number, chance)
        library = Library(folder, Loaded(embedder))
        outcome = mended(library)
        outcomes[outcome] += 1
        assert_between(articles(library), day(number - 1), day(number))
    sys.stderr.write(f"\n{KILLS} kills over {number} days: {dict(outcomes)}\n")
    killed, whole = Library(folder, Loaded(embedder)), Library(tmp_path / "whole", Loaded(embedder))
    for library in (killed, whole):
        write(library, number)
        assert library.check().problems == ()
    assert articles(killed) == articles(whole) == day(number)
    pairs = zip(killed.get(), whole.get(), strict=True)
    assert all(same(one, other) for one, other in pairs)
    current = {chunk for article in day(number).values() for chunk in split_chunks(article)}
    for question in ("Which council voted 7 to 3?", "report 11", "edition 2 in Brackwater"):
        hits = killed.search(question, k=5, candidates=10).hits
        assert hits
        assert {hit.chunk for hit in hits} <= current
