"""``evals bench``: how long answers take, stage by stage, and how near that is to what the models alone need.

Every question is asked once, because what was read before is remembered. Right after it the floor is measured: the
same models do what cannot be avoided and nothing else. The embedder reads the question, the reranker the chunks that
the evidence came from, and the language model is given exactly the evidence that was used and writes exactly as many
tokens, without a schema. Times of one machine at one time are comparable with each other only, so that what counts is
the ratio.
"""

import asyncio
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from hashlib import sha256
from pathlib import Path
from resource import RUSAGE_CHILDREN, RUSAGE_SELF, getrusage
from statistics import median, quantiles
from typing import TYPE_CHECKING, Any

import click

from assistant import Answer, Assistant
from assistant.answering.selected import SelectedWriting
from assistant.console.output import EXIT_NOT_SAID, console
from assistant.embedded.download_progress import weights_of
from assistant.embedded.llama_server import LocalServer
from assistant.embedded.provider import ModelProvider
from assistant.selection.select import select_answers
from assistant.settings import Settings, load_settings
from evals.run.suite import find_suite, load_material, read_suite
from index.embed.local import Embedder
from index.read.readers import find_files, read_articles
from index.retrieve.pipeline import searchable_text
from index.retrieve.rerank import Reranker
from index.weights.folder import LLM

if TYPE_CHECKING:
    from langchain_core.language_models import BaseChatModel
    from rich.table import Table

SUITE = "newsroom"
WARMING = "How many people died in the flood in Brackwater?"
HELPS = 5  # times that ``--help`` is shown
AT_ONCE = (1, 2, 4)  # questions that are on their way at the same time
STAGES = ("open", "embed", "search", "rerank", "evidence", "select", "load", "read", "write", "verify")
RSS_UNIT = 1 if sys.platform == "darwin" else 1024  # bytes in ru_maxrss's unit


@dataclass(frozen=True, slots=True)
class Line:
    """One row of the table: the median, the 95th percentile, and n; milliseconds unless the name says otherwise."""

    name: str
    p50: float
    p95: float
    n: int


@dataclass(frozen=True, slots=True)
class Timed:
    """One question: milliseconds, tokens, and the floor where the language model was asked.

    Attributes:
        first_evidence, first_claim: milliseconds until something was shown; None when there was no claim.
        floor_retrieval: milliseconds that embedding and reranking take alone.
        floor_writing: milliseconds that the language model takes alone; None when it was not asked.
    """

    question: str
    stages: Mapping[str, float]
    total: float
    first_evidence: float | None
    first_claim: float | None
    prompt_tokens: int | None
    cached_tokens: int | None
    completion_tokens: int | None
    floor_retrieval: float
    floor_writing: float | None

    @property
    def floor(self) -> float:
        """Milliseconds that could not be avoided."""
        return self.floor_retrieval + (self.floor_writing or 0.0)


@click.command(
    "bench",
    epilog="""\b
Example:
  python -m evals bench --output bench.json

Takes some ten minutes on two idle cores.""",
)
@click.option("--questions", default=8, show_default=True, type=click.IntRange(min=1), help="Questions in each run.")
@click.option("--runs", default=3, show_default=True, type=click.IntRange(min=1), help="Runs, of other questions each.")
@click.option("--more", type=click.Path(exists=True, path_type=Path), help="Articles to search beside the newsroom's.")
@click.option("--output", type=click.Path(path_type=Path), help="Where the numbers are written as JSON.")
def bench_command(questions: int, runs: int, more: Path | None, output: Path | None) -> None:
    """Measure how long answers take: cold, warm, each stage, several at once, and against the models alone."""
    path = find_suite(SUITE)
    material = load_material(read_suite(path), path)
    asked = sorted(
        (question.question for question in material.questions if not question.history),
        key=lambda text: sha256(text.encode()).digest(),
    )[: questions * runs]
    lines = list(_help())
    with tempfile.TemporaryDirectory() as folder:
        index = Path(folder) / "index"
        settings = load_settings(index=index)
        models = ModelProvider(settings)
        with Assistant(settings, models) as assistant:
            assistant.add(material.articles)
            if more is not None:
                assistant.add(article for file in find_files([more]) for article in read_articles(file))
            chunks = assistant.status().chunks
            lines.extend(_commands(index, asked[:runs]))  # first: a process hands its peak memory down to its children
            lines.extend(_loading(settings, runs))
            assistant.ask(WARMING)  # loads everything
            timed = [_timed(assistant, models, text) for text in asked]
        lines.extend(_lines(timed))
        models.close()
        lines.extend(_throughput(settings, asked))
    peak = getrusage(RUSAGE_SELF).ru_maxrss * RSS_UNIT / 1e6
    lines.append(Line("peak memory, warm, MB", peak, peak, 1))
    if output is not None:
        record = {"chunks": chunks, "lines": [asdict(line) for line in lines], "questions": [asdict(t) for t in timed]}
        output.write_text(json.dumps(record, indent=2) + "\n", encoding="utf-8")
    console().print(_table(lines, chunks))


def _help() -> Iterator[Line]:
    yield _line("assistant --help", [_milliseconds("--help") for _ in range(HELPS)])


def _loading(settings: Settings, runs: int) -> Iterator[Line]:
    """The language model loaded and let go again, where it is the embedded one."""
    gguf = weights_of(settings).path(LLM)
    if not settings.uses_local_llm or gguf is None:
        return
    times: list[float] = []
    for _ in range(runs):
        started = time.perf_counter()
        with LocalServer(gguf, context_tokens=settings.context_tokens, threads=settings.threads):
            times.append((time.perf_counter() - started) * 1000)
    yield _line("loading the language model", times)


def _commands(index: Path, asked: Sequence[str]) -> Iterator[Line]:
    """Pairs of questions to new processes, over an index that is there and with model files that were read before.

    Before each pair no model is kept loaded; the first question has the language model loaded for the second.
    """
    cold: list[float] = []
    second: list[float] = []
    for text in asked:
        _milliseconds("models", "stop")
        command = ("ask", text, "--json", "--index", str(index))
        cold.append(_milliseconds(*command))
        second.append(_milliseconds(*command))
    _milliseconds("models", "stop")
    yield _line("cold ask", cold)
    yield _line("second ask", second)
    peak = getrusage(RUSAGE_CHILDREN).ru_maxrss * RSS_UNIT / 1e6
    yield Line("peak memory of a command, MB", peak, peak, len(asked))


def _milliseconds(*arguments: str) -> float:
    """How long a command of the assistant takes.

    Raises:
        CalledProcessError: it failed; a question that the articles do not answer is no failure.
    """
    started = time.perf_counter()
    done = subprocess.run([sys.executable, "-P", "-m", "assistant", *arguments], check=False, stdout=subprocess.DEVNULL)
    if done.returncode not in {0, EXIT_NOT_SAID}:
        done.check_returncode()
    return (time.perf_counter() - started) * 1000


def _throughput(settings: Settings, asked: Sequence[str]) -> Iterator[Line]:
    """Questions a minute, with so many on their way at the same time."""
    for at_once in AT_ONCE:
        with Assistant.open(settings=settings, at_once=at_once) as assistant:
            assistant.ask(WARMING)
            started = time.perf_counter()
            asyncio.run(assistant.chain.abatch(list(asked), {"max_concurrency": at_once}))
            minutes = (time.perf_counter() - started) / 60
        yield Line(f"questions a minute, {at_once} at once", len(asked) / minutes, len(asked) / minutes, len(asked))


def _timed(assistant: Assistant, models: ModelProvider, text: str) -> Timed:
    started = time.perf_counter()
    first_evidence: float | None = None
    first_claim: float | None = None
    answer: Answer | None = None
    for answer in assistant.stream(text):
        now = (time.perf_counter() - started) * 1000
        if answer.evidence and first_evidence is None:
            first_evidence = now
        if answer.claims and first_claim is None:
            first_claim = now
    if answer is None:
        raise AssertionError("a stream ends with the finished answer")
    total = (time.perf_counter() - started) * 1000
    usage = answer.usage
    written = usage.completion_tokens if usage else None
    reranker = models.reranker()
    return Timed(
        question=text,
        stages={stage: answer.timings_ms[stage] for stage in STAGES if stage in answer.timings_ms},
        total=total,
        first_evidence=first_evidence,
        first_claim=first_claim if not answer.status.refuses else None,
        prompt_tokens=usage.prompt_tokens if usage else None,
        cached_tokens=usage.cached_tokens if usage else None,
        completion_tokens=written,
        floor_retrieval=_reading(models.embedder(), reranker, answer),
        floor_writing=_writing(assistant, models.chat(), answer, written) if written else None,
    )


def _reading(embedder: Embedder, reranker: Reranker | None, answer: Answer) -> float:
    """Milliseconds for the question's vector and the logits of the chunks that the evidence came from."""
    started = time.perf_counter()
    embedder.embed_query(answer.question)
    if reranker is not None:
        reranker.score(answer.question, [searchable_text(hit.chunk) for hit in answer.hits])
    return (time.perf_counter() - started) * 1000


def _writing(assistant: Assistant, chat: "BaseChatModel", answer: Answer, tokens: int) -> float:
    """Milliseconds for the same evidence and as many tokens, without schema, checks and stream."""
    writing = SelectedWriting(answer.question, answer.evidence, select_answers(answer.evidence), None)
    system, user = writing.messages
    # What stands first is new, so that the fixed part alone is remembered from the question itself.
    prompt: list[Any] = [system, type(user)(f"(again)\n{user.text}")]
    # Other servers may write less.
    further: dict[str, Any] = {"extra_body": {"ignore_eos": True}} if assistant.settings.uses_local_llm else {}
    started = time.perf_counter()
    chat.bind(max_tokens=tokens, **further).invoke(prompt)
    return (time.perf_counter() - started) * 1000


def _lines(timed: Sequence[Timed]) -> Iterator[Line]:
    answered = [item for item in timed if item.floor_writing is not None]
    yield _line("warm question", [item.total for item in timed])
    yield from _some("warm question, answered", [item.total for item in answered])
    yield from _some("first evidence", [item.first_evidence for item in timed])
    yield from _some("first claim", [item.first_claim for item in timed])
    for stage in STAGES:
        yield from _some(f"stage {stage}", [item.stages.get(stage) for item in timed])
    found = [sum(item.stages.get(stage, 0.0) for stage in ("embed", "search", "rerank", "evidence")) for item in timed]
    yield _line("retrieval and evidence", found)
    yield from _some("prompt, tokens", [item.prompt_tokens for item in timed])
    yield from _some("of them cached, tokens", [item.cached_tokens for item in timed])
    yield from _some("completion, tokens", [item.completion_tokens for item in timed])
    yield from _some("floor, embedding and reranking", [item.floor_retrieval for item in timed])
    yield from _some("floor, language model", [item.floor_writing for item in answered])
    yield from _some("floor", [item.floor for item in answered])
    yield from _some("warm question / floor, ratio", [item.total / item.floor for item in answered])


def _some(name: str, values: Sequence[float | None]) -> Iterator[Line]:
    """The line of the values that are known; none when no value is."""
    known = [value for value in values if value is not None]
    if known:
        yield _line(name, known)


def _line(name: str, values: Sequence[float]) -> Line:
    """The line of some values."""
    highest = quantiles(values, n=20, method="inclusive")[-1] if len(values) > 1 else values[0]
    return Line(name, float(median(values)), float(highest), len(values))


def _table(lines: Sequence[Line], chunks: int) -> "Table":
    """All lines for people."""
    from rich.table import Table

    table = Table(box=None, pad_edge=False, title=f"milliseconds, over {chunks} chunks", title_justify="left")
    table.add_column("what", no_wrap=True)
    for heading in ("p50", "p95", "n"):
        table.add_column(heading, justify="right")
    for row in lines:
        digits = 2 if row.name.endswith("ratio") else 0
        table.add_row(row.name, f"{row.p50:.{digits}f}", f"{row.p95:.{digits}f}", str(row.n))
    return table
