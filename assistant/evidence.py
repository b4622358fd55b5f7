"""From chunks to the few sentences that a language model should read, each under a label."""

from collections.abc import Sequence
from dataclasses import dataclass

from assistant.answer import Evidence
from assistant.pronouns import LOOK_BACK, named_reading
from assistant.tokens import count_tokens
from index.articles import Chunk, Sentence
from index.rerank import Reranker
from index.search import Hit

MIN_WORDS = 3  # shorter "sentences" are bullets and stray headings


@dataclass(frozen=True, slots=True)
class EvidenceLimits:
    """How much evidence is shown: sentences, and tokens of the chat model."""

    sentences: int
    tokens: int


def select_evidence(
    question: str, hits: Sequence[Hit], reranker: Reranker | None, limits: EvidenceLimits
) -> tuple[Evidence, ...]:
    """The sentences of the hits that bear most on the question, best first, labelled S1, S2, ….

    Repeated sentences (copies of an article) are taken once, from the better-ranked hit. Without a reranker the
    sentences keep the order of the hits.
    """
    scored = _scored(question, _distinct_sentences(hits), reranker)
    chosen: list[Evidence] = []
    tokens = 0
    for relevance, chunk, sentence, reading in scored[: limits.sentences]:
        tokens += count_tokens(sentence.text)
        if chosen and tokens > limits.tokens:
            break
        label = f"S{len(chosen) + 1}"
        chosen.append(
            Evidence(
                label=label,
                sentence=sentence.text,
                start=sentence.start,
                end=sentence.end,
                article=chunk.article,
                before=" ".join(_before(chunk, sentence)),
                context=chunk.text,
                relevance=relevance,
                reading=reading,
            )
        )
    return tuple(chosen)


def _distinct_sentences(hits: Sequence[Hit]) -> list[tuple[Chunk, Sentence]]:
    found: dict[str, tuple[Chunk, Sentence]] = {}
    for hit in hits:
        for sentence in hit.chunk.sentences:
            words = sentence.text.lower().split()
            if len(words) >= MIN_WORDS:
                found.setdefault(" ".join(words), (hit.chunk, sentence))
    return list(found.values())


def _scored(
    question: str, candidates: Sequence[tuple[Chunk, Sentence]], reranker: Reranker | None
) -> list[tuple[float | None, Chunk, Sentence, str]]:
    readings = [_reading(question, chunk, sentence) for chunk, sentence in candidates]
    if reranker is None:
        return [(None, *candidate, reading) for candidate, reading in zip(candidates, readings, strict=True)]
    scores = reranker.score(question, readings)
    order = sorted(range(len(candidates)), key=lambda i: -scores[i])
    return [(float(scores[i]), *candidates[i], readings[i]) for i in order]


def _reading(question: str, chunk: Chunk, sentence: Sentence) -> str:
    return named_reading(sentence.text, _before(chunk, sentence), question)


def _before(chunk: Chunk, sentence: Sentence) -> list[str]:
    """The sentences of the chunk that a pronoun may reach back to; the title for the first one."""
    before = [other.text for other in chunk.sentences if other.number < sentence.number]
    return before[-LOOK_BACK:] or [chunk.article.title]
