"""``python -m evals.index_bench``: measure what the index costs, what it finds, and how it grows."""

import json
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Any

import click
import numpy as np
from rich.console import Console
from rich.table import Table

from assistant.console.output import run
from assistant.embedded.provider import ModelProvider
from assistant.settings import load_settings
from evals.index_bench.adding import Added, measure_adding
from evals.index_bench.copies import measure_copies
from evals.index_bench.growth import STORY, Size, grow
from evals.index_bench.news import made_up_article, made_up_news
from evals.index_bench.retrieval import DEPTHS, MEASURES, SETS, Row, best_depth, measure_retrieval
from evals.index_bench.shards import WAYS, compare_made_up, compare_suite
from evals.index_bench.tail import simulate
from evals.run.suite import find_suite, load_material, read_suite

GOAL_RATIO, GOAL_AGAIN = 1.15, 0.02
GOAL_SLOWER, GOAL_RECALL = 3.0, 0.98
MOST_COLUMNS = 200  # a table that is broken cannot be read
SIZES = (1_000, 10_000, 100_000)

output_option = click.option("--output", type=click.Path(path_type=Path, dir_okay=False), help="Also write JSON here.")
folder_option = click.option(
    "--folder", type=click.Path(path_type=Path, file_okay=False), help="Where the indexes are made; else temporary."
)
seed_option = click.option("--seed", default=0, show_default=True, help="Of the made-up articles.")


@click.group(
    context_settings={"help_option_names": ["-h", "--help"]},
    epilog="""\b
Examples:
  python -m evals.index_bench adding --articles 500
  python -m evals.index_bench retrieval --set newsroom --questions 50
  python -m evals.index_bench growth --size 1000 --size 10000 --output growth.json
  python -m evals.index_bench growth --size 10000 --size 100000 --size 1000000
  python -m evals.index_bench copies
  python -m evals.index_bench tail

Times are only comparable within one run.""",
)
def index_bench() -> None:
    """Measure the index."""


@index_bench.command(
    epilog="""\b
Examples:
  python -m evals.index_bench adding
  python -m evals.index_bench adding --articles 500 --output adding.json
  python -m evals.index_bench adding --articles 500 --jobs 2

5,000 articles take some ten minutes on two cores."""
)
@click.option("--articles", default=5_000, show_default=True, type=click.IntRange(min=1), help="Made-up ones.")
@click.option("--jobs", default=1, show_default=True, type=click.IntRange(min=1), help="Processes that embed.")
@seed_option
@folder_option
@output_option
def adding(articles: int, jobs: int, seed: int, folder: Path | None, output: Path | None) -> None:
    """What adding CLAPNQ's 600 passages, and made-up articles, costs beside embedding the same texts."""
    models = ModelProvider(load_settings())
    path = find_suite("clapnq")
    sets = {"clapnq": load_material(read_suite(path), path).articles, "made up": tuple(made_up_news(articles, seed))}
    found: dict[str, Added] = {}
    with _place(folder) as place:
        for name, own in sets.items():
            found[name] = measure_adding(place / name.replace(" ", "-"), models, own, jobs)
    table = _table("articles", "n", "chunks", "time / embedding", "chunks/s", "added again", "peak MB")
    for name, added in found.items():
        figures = (f"{added.ratio:.3f}", f"{added.chunks_a_second:.1f}", f"{added.again_share:.2%}")
        table.add_row(name, str(added.articles), str(added.chunks), *figures, f"{added.peak_mb:.0f}")
    _print(table)
    click.echo(f"goals: at most {GOAL_RATIO} of the time of embedding alone; added again in at most {GOAL_AGAIN:.0%}")
    _write(output, {name: {**asdict(a), "ratio": a.ratio, "again_share": a.again_share} for name, a in found.items()})


@index_bench.command(
    epilog="""\b
Examples:
  python -m evals.index_bench retrieval
  python -m evals.index_bench retrieval --set newsroom --set clapnq --questions 100"""
)
@click.option("--set", "names", multiple=True, type=click.Choice(SETS), help="Question sets; all unless given.")
@click.option("--questions", default=150, show_default=True, type=click.IntRange(min=1), help="Most of each set.")
@folder_option
@output_option
def retrieval(names: tuple[str, ...], questions: int, folder: Path | None, output: Path | None) -> None:
    """Which way of searching finds the sentence that answers, and what it takes."""
    models = ModelProvider(load_settings())
    rows: list[Row] = []
    with _place(folder) as place:
        for name in names or SETS:
            rows += measure_retrieval(place / name, models, name, questions)
    table = _table("questions", "way", "n", *MEASURES, "mrr, 95 %", "ms")
    for row in rows:
        values = (f"{row.values[measure]:.3f}" for measure in MEASURES)
        bounds = "–".join(f"{bound:.3f}" for bound in row.intervals.get("mrr", ()))
        table.add_row(row.questions, row.way, str(row.n), *values, bounds, f"{row.ms:.0f}")
    _print(table)
    tuning = [row for row in rows if read_suite(find_suite(row.questions)).list == "tuning"]
    depth = best_depth(tuning) if tuning else None
    if depth is None:
        click.echo("no depth is chosen: these are test lists, and nothing is fitted on them")
    else:
        click.echo(f"of {', '.join(map(str, DEPTHS))}: rerank {depth} candidates; deeper gains less than .005 of MRR")
    _write(output, {"rows": [asdict(row) for row in rows], "candidates": depth})


@index_bench.command(
    epilog="""\b
Examples:
  python -m evals.index_bench growth
  python -m evals.index_bench growth --size 1000 --size 10000 --output growth.json

A million chunks need about 10 GB of disk and 4 GB of memory."""
)
@click.option("--size", "sizes", multiple=True, type=click.IntRange(min=100), help="Chunks; repeat, rising.")
@click.option("--commit-chunks", default=2048, show_default=True, type=click.IntRange(min=1), help="Of one commit.")
@seed_option
@folder_option
@output_option
def growth(sizes: tuple[int, ...], commit_chunks: int, seed: int, folder: Path | None, output: Path | None) -> None:
    """Time, recall, memory and disk of ever larger indexes with made-up texts and vectors."""
    rows: list[Size] = []
    with _place(folder) as place:
        for size in grow(place / "growing", sorted(set(sizes or SIZES)), seed, commit_chunks):
            rows.append(size)
            click.echo(f"{size.chunks} chunks: p50 {size.p50_ms:.1f} ms", err=True)
            _write(output, [asdict(row) for row in rows])  # larger sizes may take hours
    _print(_growth_table(rows))
    base = next((row for row in rows if row.chunks >= 10_000), rows[0])
    slower = rows[-1].p50_ms / base.p50_ms
    click.echo(f"p50 with {rows[-1].chunks} chunks is {slower:.2f} times that with {base.chunks} (goal: {GOAL_SLOWER})")
    click.echo(f"lowest recall@10: {min(row.recall for row in rows):.4f} (goal: {GOAL_RECALL})")


@index_bench.command(
    epilog="""\b
Examples:
  python -m evals.index_bench copies
  python -m evals.index_bench copies --articles 500"""
)
@click.option("--articles", default=100, show_default=True, type=click.IntRange(min=1), help="Made-up ones.")
@seed_option
@folder_option
@output_option
def copies(articles: int, seed: int, folder: Path | None, output: Path | None) -> None:
    """Which copies of articles are found, each article being copied in several ways."""
    # One article of each story: those of one story share sentences.
    originals = [made_up_article(STORY * number, seed) for number in range(articles)]
    with _place(folder) as place:
        rows = list(measure_copies(place / "copied", ModelProvider(load_settings()), originals, seed))
    table = _table("kind", "pairs", "repeat each other", "found", "wrong", "ms")
    for row in rows:
        table.add_row(row.kind, *map(str, (row.pairs, row.linked, row.found, row.wrong)), f"{row.ms:.0f}")
    _print(table)
    click.echo(f"found {sum(row.found for row in rows)} of {sum(row.linked for row in rows)}")
    _write(output, [asdict(row) for row in rows])


@index_bench.command(
    epilog="""\b
Examples:
  python -m evals.index_bench shards
  python -m evals.index_bench shards --set newsroom --shards 4 --output shards.json
  ASSISTANT_RAY_ADDRESS=127.0.0.1:6379 python -m evals.index_bench shards
  python -m evals.index_bench shards --size 20000 --questions 300"""
)
@click.option("--shards", "number", default=4, show_default=True, type=click.IntRange(min=1), help="How many.")
@click.option("--set", "name", default="newsroom", show_default=True, help="Suite whose questions are asked.")
@click.option("--size", type=click.IntRange(min=1000), help="Take so many made-up chunks and vectors instead.")
@click.option("--questions", default=300, show_default=True, type=click.IntRange(min=1), help="At most.")
@seed_option
@folder_option
@output_option
def shards(
    number: int, name: str, size: int | None, questions: int, seed: int, folder: Path | None, output: Path | None
) -> None:
    """Whether an index in shards finds the same as in one folder, reranked, and what it takes.

    With --size, what an earlier call with the same arguments has left in the folder is used again.
    """
    with _place(folder, used=bool(size)) as place:
        settings = load_settings()
        address = settings.ray_address
        if size:
            found = compare_made_up(place, size, questions, seed, number, address)
        else:
            path = find_suite(name)
            material = load_material(read_suite(path), path)
            asked = [question.question for question in material.questions][:questions]
            found = compare_suite(place, ModelProvider(settings), material.articles, asked, number, address)
        for opening in found.openings:
            spent = f"{opening.seconds:.1f} s, {opening.megabytes:.0f} MB"
            click.echo(f"{opening.way}: opened and first asked in {spent}")
        rows = list(found.questions)
    same = sum(row.same for row in rows)
    click.echo(f"{same} of {len(rows)} questions find the same chunks in the same order in one folder and in shards")
    for row in rows:
        if not row.same:
            click.echo(f"  {row.question}: {row.cause}")
    for way, took in zip(WAYS, ([row.one_ms for row in rows], [row.many_ms for row in rows]), strict=True):
        click.echo(f"{way}: search p50 {np.percentile(took, 50):.1f} ms, p95 {np.percentile(took, 95):.1f} ms")
    _write(output, [asdict(row) for row in rows])


def _growth_table(rows: Sequence[Size]) -> Table:
    names = ("p50 ms", "p95 ms", "dense p50", "words p50", "recall@10", "open ms", "MB", "B/chunk", "disk/chunk")
    table = _table("chunks", "written/s", *names, "vectors", "words", "catalog")
    for row in rows:
        times = (f"{value:.1f}" for value in (row.p50_ms, row.p95_ms, row.dense_p50_ms, row.words_p50_ms))
        rest = (row.open_ms, row.memory_mb, row.memory, row.disk, row.vectors_disk, row.words_disk, row.catalog_disk)
        figures = (f"{value:.0f}" for value in rest)
        table.add_row(f"{row.chunks}", f"{row.chunks_a_second:.0f}", *times, f"{row.recall:.4f}", *figures)
    return table


def _table(*columns: str) -> Table:
    table = Table(box=None, pad_edge=False)
    for number, name in enumerate(columns):
        table.add_column(name, justify="right" if number else "left", no_wrap=True)
    return table


@index_bench.command(
    epilog="""\b
Examples:
  python -m evals.index_bench tail
  python -m evals.index_bench tail --shards 100 --questions 400 --limit 0.1 --limit 1

The shards only wait, as searches did when they were measured; some are slow now and then, by assumption."""
)
@click.option("--shards", default=100, show_default=True, help="How many are simulated.")
@click.option("--questions", default=200, show_default=True, help="How many are asked.")
@click.option("--limit", "limits", multiple=True, type=float, default=(1.0, 0.1), help="Seconds for a shard; repeat.")
@seed_option
@output_option
def tail(shards: int, questions: int, limits: tuple[float, ...], seed: int, output: Path | None) -> None:
    """Simulate questions at many shards: the tail, with and without a limit of time."""
    measured = list(simulate(shards, questions, (None, *limits), seed))
    table = Table("limit, s", "p50, ms", "p95, ms", "p99, ms", "questions without a shard", "answers missing")
    for one in measured:
        limit = "none" if one.limit is None else f"{one.limit:g}"
        times = (f"{value:.0f}" for value in (one.p50, one.p95, one.p99))
        table.add_row(limit, *times, f"{one.incomplete:.1%}", f"{one.missing:.3%}")
    _print(table)
    _write(output, [asdict(one) for one in measured])


def _print(table: Table) -> None:
    Console(highlight=False, width=MOST_COLUMNS).print(table)


@contextmanager
def _place(folder: Path | None, *, used: bool = False) -> Iterator[Path]:
    """The folder, which has to be new unless a ``used`` one does; a temporary one is deleted afterwards."""
    if folder is not None:
        if not used and folder.exists() and any(folder.iterdir()):
            raise click.UsageError(f"{folder} is not empty")
        folder.mkdir(parents=True, exist_ok=True)
        yield folder
        return
    with tempfile.TemporaryDirectory(prefix="index-bench-") as made:
        yield Path(made)


def _write(output: Path | None, values: Any) -> None:
    if output is not None:
        output.write_text(json.dumps(values, indent=1) + "\n", encoding="utf-8")


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command line."""
    run(index_bench, "evals.index_bench", arguments)
