"""Turns the records of a run into outcomes, the input of the metrics."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from assistant.answer import Status
from assistant.render.answer import NEAREST_SHOWN
from evals.metrics.outcome import Outcome, Passage, Statement
from evals.questions.copies import with_copies
from evals.questions.schema import Question
from evals.run.records import Record, Run
from index.articles import Article

MILLISECONDS = 1000


class Reader:
    """Makes outcomes of a run's records."""

    def __init__(self, run: Run) -> None:
        self._articles = run.articles
        self._questions: Mapping[str, Question] = {
            question.id: question for question in with_copies(run.questions, run.articles)
        }

    def outcome(self, record: Record) -> Outcome:
        """What happened to the record's question."""
        question = self._questions[record.question]
        if record.answer is None:
            taken = {} if record.seconds is None else {"total": record.seconds}
            return Outcome(question, seconds=taken, error=record.error or "no answer")
        answer = record.answer
        status = Status(answer["status"])
        nearest = answer["evidence"][:NEAREST_SHOWN] if status is Status.INSUFFICIENT else ()
        usage: Mapping[str, Any] = answer["usage"] or {"cost_usd": 0.0}
        return Outcome(
            question,
            answered=not status.refuses,
            status=status,
            statements=tuple(Statement(claim["text"], tuple(claim["citations"])) for claim in answer["claims"]),
            citations=tuple(self._cited(citation) for citation in answer["citations"]),
            beside=tuple(self._cited({**item, "n": rank}) for rank, item in enumerate(nearest, start=1)),
            ranked=self._ranked(answer["hits"]),
            confidence=answer["confidence"],
            seconds={stage: taken / MILLISECONDS for stage, taken in answer["timings_ms"].items()},
            prompt_tokens=usage.get("prompt_tokens"),
            completion_tokens=usage.get("completion_tokens"),
            cost_usd=usage.get("cost_usd"),
        )

    def outcomes(self, records: Iterable[Record]) -> tuple[Outcome, ...]:
        """The outcome of each record."""
        return tuple(map(self.outcome, records))

    def _cited(self, citation: Mapping[str, Any]) -> Passage:
        about, start = citation["article"], citation["start"]
        article: Article | None = self._articles.get(about["id"])
        texts = (article.source, article.published, article.text[:start]) if article else ()
        # What names an article alone has no place, and so nothing that stands before it.
        before = "\n".join((about["title"], *texts)) if start < citation["end"] else ""
        return Passage(citation["n"], about["id"], start, citation["end"], citation["sentence"], before)

    def _ranked(self, hits: Sequence[Mapping[str, Any]] | None) -> tuple[Passage, ...] | None:
        if hits is None:
            return None
        return tuple(self._hit(rank, hit) for rank, hit in enumerate(hits, start=1))

    def _hit(self, rank: int, hit: Mapping[str, Any]) -> Passage:
        article: Article | None = self._articles.get(hit["article"])
        text = article.text[hit["start"] : hit["end"]] if article else ""
        return Passage(rank, hit["article"], hit["start"], hit["end"], text)
