"""The measurements of the index measure what they say."""

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from assistant.embedded.provider import ModelProvider
from evals.experiments.peak_memory import peak_megabytes, present_megabytes
from evals.index_bench.adding import measure_adding
from evals.index_bench.command import index_bench
from evals.index_bench.copies import EDITS, measure_copies
from evals.index_bench.news import made_up_article, made_up_news, made_up_question, made_up_story
from evals.index_bench.retrieval import DEPTHS, Row, best_depth, measure_retrieval
from evals.index_bench.tail import simulate
from evals.index_bench.vectors import TOPICS, Nearest, Space, _Level
from index.embed.local import Embedder
from index.lifecycle.commit import CATALOG
from index.split.chunks import split_chunks
from index.store.catalog import Catalog
from tests.parts import ROOT, Loaded


def test_made_up_news_is_the_same_every_time_and_differs_from_story_to_story() -> None:
    first = list(made_up_news(30))
    assert first == list(made_up_news(40))[:30]
    assert made_up_article(7) == first[7]
    assert made_up_article(7, seed=1) != first[7]
    assert len({article.id for article in first}) == 30
    assert all(1 <= len(split_chunks(article)) <= 8 for article in first)
    place = made_up_story(1).values["place"]
    assert all(place in article.title + article.text for article in first[5:10])
    assert len({made_up_story(number).values["person"] for number in range(100)}) > 90
    assert made_up_question(3) == made_up_question(3)


def test_simulated_shards_answer_unless_they_are_given_no_time() -> None:
    whole, none = simulate(6, 3, (None, 1e-9))
    assert (whole.incomplete, whole.missing) == (0, 0)
    assert (none.incomplete, none.missing) == (1, 1)
    assert whole.p50 <= whole.p99


def test_made_up_vectors_lie_as_measured() -> None:
    space = Space(0)
    vectors = np.concatenate([space.vectors(story, 2, draw=story) for story in range(500)])
    np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-5)
    assert np.linalg.norm(vectors.mean(axis=0)) == pytest.approx(0.69, abs=0.03)
    same = (vectors[::2] * vectors[1::2]).sum(axis=1).mean()
    other = (vectors[::2] * np.roll(vectors[1::2], 1, axis=0)).sum(axis=1).mean()
    assert same > other + 0.25
    topics = [space._parent(story, TOPICS, _Level.STORY) for story in range(500)]
    assert len(set(topics)) < 0.5 * len(topics), "stories share topics"
    assert len(set(topics)) > len(set(topics[:100])), "and new ones come up"
    assert (space.vectors(3, 2, draw=1) == Space(0).vectors(3, 2, draw=1)).all()


def test_exact_neighbours_are_kept_while_batches_pass_by() -> None:
    random = np.random.default_rng(0)
    queries, vectors = (random.normal(size=(size, 8)).astype(np.float32) for size in (3, 50))
    nearest = Nearest(queries, k=4)
    for first in range(0, 50, 7):
        part = vectors[first : first + 7]
        nearest.see([str(first + number) for number in range(len(part))], part)
    for number in range(3):
        best = {str(i) for i in np.argsort(-(vectors @ queries[number]))[:4]}
        assert nearest.recall(number, best) == 1
        assert nearest.recall(number, set(sorted(best)[:3])) == 0.75


def test_the_shallowest_depth_that_is_about_as_good_is_taken() -> None:
    values = dict(zip(DEPTHS, (0.6, 0.698, 0.7, 0.7), strict=True))
    rows = [Row("news", f"reranked {depth}", 9, {"mrr": value}, 1.0) for depth, value in values.items()]
    assert best_depth([*rows, Row("news", "dense", 9, {"mrr": 0.9}, 1.0)]) == 20


def test_adding_is_compared_with_embedding_alone(tmp_path: Path, models: ModelProvider) -> None:
    articles = tuple(made_up_news(12))
    added = measure_adding(tmp_path / "index", models, articles)
    assert (added.articles, added.chunks) == (12, sum(len(split_chunks(article)) for article in articles))
    assert added.ratio == added.adding / added.embedding > 0
    assert added.again > 0
    catalog = Catalog.open(tmp_path / "index" / CATALOG)
    assert catalog is not None
    assert catalog.counts()[0] == 12 + 1
    assert added.peak_mb >= present_megabytes() * 0.5


def test_copies_of_each_kind_are_looked_for(tmp_path: Path, embedder: Embedder) -> None:
    rows = list(measure_copies(tmp_path / "index", Loaded(embedder), [made_up_article(0), made_up_article(5)], 0))
    assert [row.kind for row in rows] == list(EDITS)
    assert all(row.pairs == 2 and row.wrong == 0 for row in rows)
    assert (rows[0].linked, rows[0].found) == (2, 2)


def test_every_way_of_searching_is_measured_with_its_interval(tmp_path: Path, models: ModelProvider) -> None:
    rows = list(measure_retrieval(tmp_path / "index", models, "newsroom", 8))
    assert [row.way for row in rows] == ["dense", "BM25", "fused", *(f"reranked {depth}" for depth in DEPTHS)]
    for row in rows:
        assert row.n == 8
        assert 0 < row.values["hit@1"] <= row.values["hit@4"] <= row.values["hit@10"] <= 1
        low, high = row.intervals["mrr"]
        assert low <= row.values["mrr"] <= high
    assert any(low < high for row in rows for low, high in row.intervals.values())


def test_growth_is_measured_size_by_size(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "evals.index_bench", "growth", "--size", "150", "--size", "300"]
    output = tmp_path / "growth.json"
    done = subprocess.run([*command, "--output", str(output)], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    small, large = json.loads(output.read_text())
    assert 150 <= small["chunks"] < 170
    assert 300 <= large["chunks"] < 320
    for size in (small, large):
        assert size["recall"] == 1
        assert 0 < size["dense_p50_ms"] < size["p50_ms"] <= size["p95_ms"]
        assert size["disk"] > size["vectors_disk"] + size["words_disk"] > 384 * 4
    assert "p50 with" in done.stdout


def test_every_measurement_has_help_with_examples() -> None:
    for command in index_bench.commands.values():
        assert command.epilog
        assert f"evals.index_bench {command.name}" in command.epilog


def test_memory_is_that_of_the_process_and_not_of_the_one_that_started_it() -> None:
    held = bytearray(b"x") * 300_000_000
    code = "from evals.experiments.peak_memory import peak_megabytes; print(peak_megabytes())"
    own = float(subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, check=True).stdout)
    assert peak_megabytes() > len(held) / 1e6
    assert own < 100
