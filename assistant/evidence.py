"""From chunks to the few sentences that a language model should read, each under a label."""

from collections.abc import Sequence
from dataclasses import dataclass

from assistant.answer import Evidence
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
    for relevance, chunk, sentence in scored[: limits.sentences]:
        tokens += count_tokens(sentence.text)
        if chosen and tokens > limits.tokens:
            break
        label = f"S{len(chosen) + 1}"
        chosen.append(
            Evidence(label, sentence.text, sentence.start, sentence.end, chunk.article, chunk.text, relevance)
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
) -> list[tuple[float | None, Chunk, Sentence]]:
    if reranker is None:
        return [(None, chunk, sentence) for chunk, sentence in candidates]
    scores = reranker.score(question, [sentence.text for _, sentence in candidates])
    order = sorted(range(len(candidates)), key=lambda i: -scores[i])
    return [(float(scores[i]), *candidates[i]) for i in order]
