"""Times the scoring of a run of many made-up records: ``python -m evals.experiments.scoring_speed --records 10000``.

A record has what a record of the embedded models has: eight hits, ten sentences of evidence, two statements. Times are
user CPU seconds, which other programs on the machine change little. ``--profile`` prints where they go.
"""

import cProfile
import os
import pstats
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from io import StringIO
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory
from typing import Any

import click

from evals.questions.schema import Header, Question, Span
from evals.run.provenance import Provenance, articles_digest
from evals.run.records import Record, Run, RunInfo, create_run
from evals.run.suite import Material, QuestionSource, Suite
from evals.score.comparison import compare_runs
from evals.score.comparison_tables import tested_table
from evals.score.scoring import score_run
from evals.score.tables import measured_table
from index.articles import Article

MOMENT = datetime(2023, 11, 9, tzinfo=UTC)
SYLLABLES = "al ber cor dan el fin gar hol in jor kel lin mar nor os per qui ras sta tor ul ven wick yor".split()
STAGES = "open embed search rerank evidence select load read write verify total".split()
SENTENCES, HITS, EVIDENCE = 24, 8, 10
QUESTIONS_AN_ARTICLE = 10


@click.command()
@click.option("--records", default=10_000, show_default=True, type=click.IntRange(min=20), help="How many.")
@click.option("--profile", is_flag=True, help="Print the functions that take longest.")
def main(records: int, profile: bool) -> None:
    """Print what scoring and comparing a run of so many records takes."""
    with TemporaryDirectory() as folder:
        paths = [Path(folder) / name for name in ("first", "second")]
        for seed, path in enumerate(paths):
            write_run(path, records, seed)
        profiler = cProfile.Profile()
        if profile:
            profiler.enable()
        taken, scores = _timed(lambda: [score_run(Run(path)) for path in paths])
        click.echo(f"read {records} records: {taken / 2:.1f} s")
        taken, _ = _timed(lambda: [measured_table(tuple(item.measured.values())) for item in scores])
        click.echo(f"every metric of them: {taken / 2:.1f} s")
        taken, _ = _timed(lambda: tested_table(compare_runs(*scores).changes))
        click.echo(f"compare two such runs: {taken:.1f} s")
        profiler.disable()
        if profile:
            text = StringIO()
            pstats.Stats(profiler, stream=text).sort_stats("tottime").print_stats(30)
            click.echo(text.getvalue())


def write_run(folder: Path, records: int, seed: int = 0) -> Run:
    """A complete run of so many records; of every seed over the same questions and articles, with other answers."""
    random = Random(0)
    articles = [_article(random, number) for number in range(records // QUESTIONS_AN_ARTICLE)]
    questions = [_question(random, number, articles) for number in range(records)]
    suite = Suite(name="made-up", questions=QuestionSource(file="questions.jsonl"), articles=("articles.jsonl",))
    nothing: dict[str, Any] = {name: {} for name in ("packages", "prompts", "weights", "settings", "machine")}
    origin = Provenance(commit="", dirty=None, code="0" * 64, model="m", articles=articles_digest(articles), **nothing)
    info = RunInfo(suite=suite, questions="", created=MOMENT, provenance=origin)
    run = create_run(folder, info, Material(Header(name="made-up"), tuple(questions), tuple(articles)))
    random = Random(seed)
    with (folder / "records.jsonl").open("w", encoding="utf-8") as file:
        for question in run.questions:
            answer = _answer(random, question, articles)
            record = Record(question=question.id, seed=0, seconds=1, at=MOMENT, answer=answer)
            file.write(f"{record.model_dump_json()}\n")
    return run


def _timed(work: Callable[[], Any]) -> tuple[float, Any]:
    before = os.times().user
    done = work()
    return os.times().user - before, done


def _word(random: Random) -> str:
    """Few words are frequent and many are rare, as in real texts."""
    return "".join(random.choice(SYLLABLES) for _ in range(1 + min(3, int(random.expovariate(0.6)))))


def _article(random: Random, number: int) -> Article:
    def sentence() -> str:
        name, place = (_word(random).capitalize() for _ in range(2))
        told = " ".join(_word(random) for _ in range(9))
        return f"On Monday {name} told the council of {place} that {random.randint(2, 9000)} {told}."

    text = "\n".join(sentence() for _ in range(SENTENCES))
    return Article(id=f"a{number}", title=_word(random), source="Wire", published="2023-11-09", text=text)


def _spans(article: Article) -> list[Span]:
    spans, start = [], 0
    for sentence in article.text.split("\n"):
        spans.append(Span(article=article.id, start=start, end=start + len(sentence), text=sentence))
        start += len(sentence) + 1
    return spans


def _question(random: Random, number: int, articles: list[Article]) -> Question:
    common: dict[str, Any] = {"id": f"q{number}", "question": f"What did {_word(random)} tell {_word(random)}?"}
    if number % 3 == 0:
        return Question(**common, answerable=False)
    gold = random.sample(_spans(articles[number // QUESTIONS_AN_ARTICLE % len(articles)]), k=1 + number % 2)
    answers = tuple((" ".join(span.text.split()[7:10]),) for span in gold)
    evidence = tuple((span,) for span in gold)
    return Question(**common, answerable=True, answer_type="list", answers=answers, evidence=evidence)


def _answer(random: Random, question: Question, articles: list[Article]) -> dict[str, Any]:
    """Of two questions one gets its gold sentences, of the others some others; some are refused."""
    gold = [span for group in question.evidence for span in group]
    spans = gold if gold and random.random() < 0.5 else random.sample(_spans(random.choice(articles)), k=2)
    refused = random.random() < (0.1 if gold else 0.7)
    found = [*spans, *random.sample(_spans(random.choice(articles)), k=EVIDENCE)]
    places = [
        {"start": s.start, "end": s.end, "sentence": s.text, "article": {"id": s.article, "title": "t"}} for s in found
    ]
    claims = [{"text": span.text, "citations": [n]} for n, span in enumerate(spans, start=1)]
    return {
        "status": "insufficient" if refused else "answered",
        "confidence": round(random.random(), 4),
        "claims": [] if refused else claims,
        "citations": [] if refused else [{**item, "n": n} for n, item in enumerate(places[: len(spans)], start=1)],
        "evidence": places[:EVIDENCE],
        "hits": [{"article": s.article, "start": s.start, "end": s.end} for s in found[:HITS]],
        "usage": None if refused else {"prompt_tokens": 400, "completion_tokens": 30},
        "timings_ms": {stage: round(random.random() * 1000, 1) for stage in STAGES},
    }


if __name__ == "__main__":
    sys.exit(main())
