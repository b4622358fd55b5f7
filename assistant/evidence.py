"""From chunks to the few sentences that may answer the question, each under a label."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import zip_longest

from assistant.answer import Evidence
from assistant.expectation import AnswerKind, Expectation, expectation, holds_answer
from assistant.instructions import asks_about_orders, news_of
from assistant.lists import in_its_list, introduction
from assistant.pronouns import LOOK_BACK, named_reading
from assistant.tokens import count_tokens
from index.articles import Chunk, Sentence
from index.hits import Hit
from index.rerank import Reranker

MIN_WORDS = 3  # shorter "sentences" are bullets and stray headings

# Chosen by the F1 of the citations, replayed from recorded hits with heads that had not seen the question's stories.
# With 0.3 for the first of these, the newsroom (n = 156), CLAPNQ (149) and a sample of SQuAD 2 (150) lost .071, .013
# and .110 without it, .012, .011 and .008 without the second, and .053, -.003 and .006 without the third.
ALONE_SHARE = 0.35  # of what a sentence is worth without its passage, beside what it is worth in it
CHUNK_SHARE = 0.5  # of what its chunk's logit lacks to the best chunk's: a sentence is understood through its text
WRONG_KIND = 5.0  # what it loses: "how many?" and no number that the question does not have
# Only the sentences that are best in their passages are read without it too; of the others that is worth as much as of
# the worst of these.
READ_ALONE = 8

# Of a comment that gives orders one may ask what it says; who wrote it and when it does not say itself.
NAMES_ONE_THING = frozenset({AnswerKind.PERSON, AnswerKind.PLACE, AnswerKind.NUMBER, AnswerKind.DATE})


@dataclass(frozen=True, slots=True)
class EvidenceLimits:
    """How much evidence is considered: sentences, and tokens of the chat model.

    Considering 12, 8, 4, 2 and 1 sentences instead of 20 lowered the citations' F1 by .007, .013, .031, .087 and .163
    on the newsroom (n 156), by 0, .007, .018, .060 and .157 on CLAPNQ (149), and by 0, 0, -.002, -.008 and -.024 on
    SQuAD 2 (150). The prompt is as long with any of them, 392 to 396 tokens on the newsroom: the model is asked about
    the best sentence and the long ones of those that are told (1.7 in the mean), and only these are in it.
    """

    sentences: int
    tokens: int


@dataclass(frozen=True, slots=True)
class _Candidate:
    """A sentence that may be evidence; ``in_context`` is its logit as it stands in its passage."""

    chunk: Chunk
    sentence: Sentence
    reading: str
    in_context: float | None = None
    relevance: float | None = None
    fit: float | None = None


def select_evidence(
    question: str, hits: Sequence[Hit], reranker: Reranker | None, limits: EvidenceLimits
) -> tuple[Evidence, ...]:
    """The sentences of the hits that fit the question best, best first, labelled S1, S2, ….

    Repeated sentences (copies of an article) are taken once, from the better-ranked hit, and sentences that give
    orders to a language model are not taken at all. Without a reranker the sentences keep the order of the hits.
    """
    candidates = _scored(question, hits, _distinct_sentences(question, hits), reranker)
    chosen: list[Evidence] = []
    tokens = 0
    for candidate in candidates[: limits.sentences]:
        tokens += count_tokens(candidate.sentence.text)
        if chosen and tokens > limits.tokens:
            break
        chosen.append(_evidence(f"S{len(chosen) + 1}", candidate))
    return tuple(chosen)


def _evidence(label: str, candidate: _Candidate) -> Evidence:
    chunk, sentence = candidate.chunk, candidate.sentence
    return Evidence(
        label=label,
        sentence=sentence.text,
        start=sentence.start,
        end=sentence.end,
        article=chunk.article,
        before=" ".join(_before(chunk, sentence)),
        context=chunk.text,
        relevance=candidate.relevance,
        reading=candidate.reading,
        earlier=_earlier(chunk, sentence),
        context_start=chunk.start,
        fit=candidate.fit,
        in_context=candidate.in_context,
    )


def _distinct_sentences(question: str, hits: Sequence[Hit]) -> list[_Candidate]:
    found: dict[str, _Candidate] = {}
    about_orders = asks_about_orders(question) and expectation(question).kind not in NAMES_ONE_THING
    for hit in hits:
        chunk = hit.chunk
        logits = {s.number: logit for s, logit in zip(chunk.sentences, hit.sentence_logits, strict=False)}
        for sentence in chunk.sentences if about_orders else news_of(chunk.text, chunk.sentences, chunk.start):
            words = sentence.text.lower().split()
            key = " ".join(words)
            if len(words) >= MIN_WORDS and key not in found:
                reading = _reading(question, chunk, sentence)
                found[key] = _Candidate(chunk, sentence, reading, logits.get(sentence.number))
    return list(found.values())


def _scored(
    question: str, hits: Sequence[Hit], candidates: Sequence[_Candidate], reranker: Reranker | None
) -> list[_Candidate]:
    """The candidates with their scores, best first."""
    if reranker is None:
        return list(candidates)
    of_chunks = {hit.chunk.id: hit.relevance for hit in hits if hit.relevance is not None}
    best = max(of_chunks.values(), default=0.0)
    expected = expectation(question)
    first = []
    for candidate in candidates:
        behind = best - of_chunks.get(candidate.chunk.id, best)
        loss = _share(candidate) * CHUNK_SHARE * behind + _loss(question, expected, candidate.reading)
        first.append(replace(candidate, fit=(candidate.in_context or 0.0) - loss))
    first.sort(key=_fit, reverse=True)
    count = READ_ALONE if all(candidate.in_context is not None for candidate in first) else len(first)
    alone = [float(logit) for logit in reranker.score(question, [candidate.reading for candidate in first[:count]])]
    worst = min(alone, default=0.0)
    scored = [
        replace(
            candidate, relevance=logit, fit=_fit(candidate) + _share(candidate) * (worst if logit is None else logit)
        )
        for candidate, logit in zip_longest(first, alone)
    ]
    return sorted(scored, key=_fit, reverse=True)


def _share(candidate: _Candidate) -> float:
    """What a sentence's logit alone counts for; everything where there is none in its passage."""
    return 1.0 if candidate.in_context is None else ALONE_SHARE


def _fit(candidate: _Candidate) -> float:
    return candidate.fit or 0.0


def _loss(question: str, expected: Expectation, reading: str) -> float:
    """What a sentence loses because it cannot hold the kind of answer that is asked for, in logits."""
    return 0.0 if holds_answer(reading, question, expected.kind) else WRONG_KIND


def _reading(question: str, chunk: Chunk, sentence: Sentence) -> str:
    if line := introduction(sentence, chunk.sentences):
        return in_its_list(sentence.text, line)
    return named_reading(sentence.text, _before(chunk, sentence), question)


def _before(chunk: Chunk, sentence: Sentence) -> list[str]:
    """The sentences of the chunk that a pronoun may reach back to; the title for the first one."""
    return [other.text for other in _earlier(chunk, sentence)] or [chunk.article.title]


def _earlier(chunk: Chunk, sentence: Sentence) -> tuple[Sentence, ...]:
    return tuple(other for other in chunk.sentences if other.number < sentence.number)[-LOOK_BACK:]
