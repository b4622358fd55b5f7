"""Turns a peer's reply into an answer of the form that the assistant's records have."""

from collections.abc import Mapping
from typing import Any

from assistant.answer import Answer, Status
from evals.peers.align import Reading, cited, statements
from evals.peers.refusals import refusal_in
from evals.peers.reply import FIELD, Reply
from index.articles import Article

MILLISECONDS = 1000


def answer_of(
    question: str, reply: Reply, articles: Mapping[str, Article], model: str, reading: Reading = "given"
) -> dict[str, Any]:
    """``Answer.to_dict()`` of a reply, with the reply itself and what made it a refusal under ``peer``.

    A refusal has neither claims nor citations, as the assistant's has none.
    """
    said = statements(reply.text)
    refusal = refusal_in(said[0].text if said else "")
    claims, citations = ((), ()) if refusal else cited(reply, articles, reading)
    answer = Answer(
        question,
        Status.INSUFFICIENT if refusal else Status.ANSWERED,
        claims=claims,
        citations=citations,
        usage=reply.usage,
        timings_ms={stage: taken * MILLISECONDS for stage, taken in reply.seconds.items()},
        model=model,
    )
    hits = [_hit(rank, source.article, source.start, source.end) for rank, source in enumerate(reply.sources, start=1)]
    return {**answer.to_dict(), "hits": hits, FIELD: {"refusal": refusal, "reply": reply.to_dict()}}


def _hit(rank: int, article: str, start: int, end: int) -> dict[str, Any]:
    place = {"article": article, "start": start, "end": end}
    return {**place, "fused": 1 / rank, "relevance": None, "dense_rank": rank, "lexical_rank": None}
