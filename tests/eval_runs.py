"""Run folders with made-up answers, for tests of what reads them."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from evals.questions.schema import Header, Question, Span
from evals.run.append_only import open_line_file
from evals.run.provenance import Provenance, articles_digest
from evals.run.records import Key, Record, Run, RunInfo, create_run
from evals.run.suite import Material, Suite
from index.articles import Article
from tests.eval_outcomes import FIRST, SECOND, TEXT, ask, span, unanswerable

MOMENT = datetime(2023, 11, 9, tzinfo=UTC)
PROVENANCE: Mapping[str, Any] = {
    "commit": "c" * 40,
    "dirty": False,
    "code": "d" * 64,
    "packages": {"numpy": "2.4"},
    "prompts": {"answer": "e" * 64},
    "model": "local",
    "weights": {"llm": "f" * 64},
    "settings": {"k": "8"},
    "machine": {"cores": 2},
}


def make_run(
    folder: Path,
    questions: Sequence[Question],
    articles: Sequence[Article],
    answers: Mapping[str, Any] | Mapping[Key, Any],
    *,
    provenance: Mapping[str, Any] | None = None,
    **suite: Any,
) -> Run:
    """A run's folder.

    Args:
        answers: question id, or id and seed, → ``Answer.to_dict()``, or the error of a question that failed. A question
            that is not there has not been asked; an id alone is answered so with every seed.
        provenance: fields that differ from the usual ones.
        suite: fields of the suite.
    """
    given = {"name": "made", "questions": {"file": "questions.jsonl"}, "articles": ["articles.jsonl"], **suite}
    origin = Provenance(**{**PROVENANCE, "articles": articles_digest(articles), **(provenance or {})})
    info = RunInfo(suite=Suite.model_validate(given), questions="", created=MOMENT, provenance=origin)
    header = Header(name="made")
    run = create_run(folder, info, Material(header, tuple(questions), tuple(articles)))
    by_key: Mapping[Any, Any] = answers
    with open_line_file(folder / "records.jsonl") as file:
        for name, seed in run.keys:
            if (answer := by_key.get((name, seed), by_key.get(name))) is not None:
                file.add(_record(name, seed, answer))
    return run


def answered(text: str, *cited: Span, confidence: float = 0.9, milliseconds: float = 1000) -> dict[str, Any]:
    """An answer of one statement that points at these places, which are also what was retrieved."""
    citations = [
        {
            "n": number,
            "sentence": span.text,
            "start": span.start,
            "end": span.end,
            "article": {"id": span.article, "title": "Talks"},
        }
        for number, span in enumerate(cited, start=1)
    ]
    claim = {"text": text, "citations": [citation["n"] for citation in citations]}
    usage = {"prompt_tokens": 100, "completion_tokens": 10}
    return _answer("answered", [claim], citations, confidence, milliseconds, usage)


def refused(*, confidence: float = 0.1, milliseconds: float = 500) -> dict[str, Any]:
    """A refusal."""
    return _answer("insufficient", [], [], confidence, milliseconds, None)


def _answer(
    status: str,
    claims: Sequence[Mapping[str, Any]],
    citations: Sequence[Mapping[str, Any]],
    confidence: float,
    milliseconds: float,
    usage: Mapping[str, int] | None,
) -> dict[str, Any]:
    hits = [{"article": item["article"]["id"], "start": item["start"], "end": item["end"]} for item in citations]
    return {
        "status": status,
        "confidence": confidence,
        "claims": claims,
        "citations": citations,
        "hits": hits,
        "evidence": [],
        "usage": usage,
        "timings_ms": {"total": milliseconds},
    }


def _record(name: str, seed: int, answer: Mapping[str, Any] | str) -> Record:
    common: dict[str, Any] = {"question": name, "seed": seed, "seconds": 1.0, "at": MOMENT}
    if isinstance(answer, str):
        return Record(**common, error=answer, error_kind="time-out")
    return Record(**common, answer=answer)


ARTICLE = Article(id="a", title="Talks", text=TEXT)
RIGHT = answered("Anna met Bo in Oslo.", span(FIRST))
WRONG = answered("She did not meet Cara.", span(SECOND))


def meetings(count: int, **fields: Any) -> tuple[Question, ...]:
    """Answerable questions q0, q1, … to which ``RIGHT`` is right and ``WRONG`` wrong in all that it says."""
    given = {"question": "Whom did Anna meet?", **fields}
    return tuple(ask(("Bo",), id=f"q{i}", evidence=((span(FIRST),),), **given) for i in range(count))


def mysteries(count: int, **fields: Any) -> tuple[Question, ...]:
    """Unanswerable questions u0, u1, …"""
    return tuple(unanswerable(id=f"u{i}", **fields) for i in range(count))
