"""Selects the few sentences of the found chunks that may answer the question, and labels them.

The reader reads the question with every chunk; its scores and the cross-encoder's say which sentences may answer. These
it reads once more, each alone with the one before it: a near miss looks less like an answer there.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from assistant.answer import CloseScores, Evidence, Scores
from assistant.evidence.confidence import fit_of
from assistant.evidence.injection import ORDER_LOGIT, news_of, said_before
from assistant.evidence.list_items import in_its_list, introduction
from assistant.text.tokens import count_tokens
from index.articles import Chunk, Sentence
from index.hits import Hit
from index.retrieve.cross_encoder import Passage
from index.retrieve.pipeline import passage_of
from index.retrieve.reader import Reader, Reading

LOOK_BACK = 3  # sentences before; beyond, a pronoun seldom reaches
MIN_WORDS = 3  # shorter "sentences" are bullets and stray headings


@dataclass(frozen=True, slots=True)
class EvidenceLimits:
    """How much evidence is considered: sentences, and tokens of the chat model."""

    sentences: int
    tokens: int


@dataclass(frozen=True, slots=True)
class _Candidate:
    """A sentence that may be evidence, without a label yet, and where it stands."""

    item: Evidence
    chunk: Chunk
    sentence: Sentence


def select_evidence(
    question: str, hits: Sequence[Hit], reader: Reader | None, limits: EvidenceLimits
) -> tuple[Evidence, ...]:
    """The sentences of the hits that answer the question best, best first, labelled S1, S2, ….

    Repeated sentences (copies of an article) are taken once, from the better-ranked hit, and sentences that address
    machines instead of telling news are not taken at all. Without a reader the sentences keep the order of the hits.
    """
    readings = reader.read(question, [passage_of(hit.chunk) for hit in hits]) if reader is not None else None
    candidates = list(_distinct_sentences(hits, readings))
    if reader is not None:
        candidates.sort(key=lambda candidate: candidate.item.fit or 0.0, reverse=True)
        trusted = _trusted(candidates, reader, limits.sentences)
        candidates = _read_closely(question, trusted, reader)
    chosen: list[Evidence] = []
    tokens = 0
    for candidate in candidates[: limits.sentences]:
        tokens += count_tokens(candidate.sentence.text)
        if chosen and tokens > limits.tokens:
            break
        chosen.append(replace(candidate.item, label=f"S{len(chosen) + 1}"))
    return tuple(chosen)


def _trusted(candidates: Sequence[_Candidate], reader: Reader, most: int) -> list[_Candidate]:
    """The first ``most`` candidates that give no orders and stand behind none in their paragraphs.

    Only these are read once more for orders, alone; what is behind them is not considered.
    """
    known: dict[str, float] = {}
    trusted: list[_Candidate] = []
    for start in range(0, len(candidates), most):
        group = candidates[start : start + most]
        texts = [said_before(one.chunk.text, one.chunk.sentences, one.sentence, one.chunk.start) for one in group]
        unknown = list(dict.fromkeys(text for said in texts for text in said if text not in known))
        known.update(zip(unknown, reader.orders(unknown), strict=True))
        trusted += [one for one, said in zip(group, texts, strict=True) if all(known[t] < ORDER_LOGIT for t in said)]
        if len(trusted) >= most:
            break
    return trusted[:most]


def _read_closely(question: str, candidates: Sequence[_Candidate], reader: Reader) -> list[_Candidate]:
    """The candidates by how well they answer when each is read by itself, the best first."""
    readings = reader.read_closely(question, [_close_passage(candidate) for candidate in candidates])
    read = []
    for candidate, reading in zip(candidates, readings, strict=True):
        if candidate.item.scores is None:
            raise AssertionError("only what was read in its passage is read closely")
        scores = replace(candidate.item.scores, close=CloseScores(reading.sentences[0], reading.stated))
        read.append(replace(candidate, item=replace(candidate.item, fit=fit_of(scores), scores=scores)))
    return sorted(read, key=lambda candidate: candidate.item.fit or 0.0, reverse=True)


def _close_passage(candidate: _Candidate) -> Passage:
    """A sentence below its article's title, with the sentence before it."""
    item = candidate.item
    title = f"{item.article.title}\n" if item.article.title else ""
    before = "".join(f"{sentence.text} " for sentence in item.earlier[-1:])
    start = len(title) + len(before)
    return Passage(f"{title}{before}{item.sentence}", ((start, start + len(item.sentence)),))


def evidence_of(label: str, chunk: Chunk, sentence: Sentence) -> Evidence:
    """A sentence of a chunk under a label, as it stands; nothing is known of how well it answers."""
    return Evidence(
        label=label,
        sentence=sentence.text,
        start=sentence.start,
        end=sentence.end,
        article=chunk.article,
        context=chunk.text,
        reading=sentence.text,
        earlier=_earlier(chunk, sentence),
        context_start=chunk.start,
    )


def _distinct_sentences(hits: Sequence[Hit], readings: Sequence[Reading] | None) -> Iterator[_Candidate]:
    found: set[str] = set()
    best = max((hit.relevance for hit in hits if hit.relevance is not None), default=0.0)
    for position, hit in enumerate(hits):
        chunk = hit.chunk
        reading = None if readings is None else readings[position]
        news = {sentence.number for sentence in news_of(chunk.text, chunk.sentences, chunk.start)}
        for index, sentence in enumerate(chunk.sentences):
            words = sentence.text.lower().split()
            key = " ".join(words)
            if sentence.number not in news or len(words) < MIN_WORDS or key in found:
                continue
            found.add(key)
            item = replace(evidence_of("", chunk, sentence), reading=_reading(chunk, sentence))
            if reading is not None:
                scores, answering = _scores(hit, index, reading, best), _words(chunk, sentence, reading)
                item = replace(item, fit=fit_of(scores), scores=scores, words=answering)
            yield _Candidate(item, chunk, sentence)


def _scores(hit: Hit, index: int, reading: Reading, best: float) -> Scores:
    return Scores(
        sentence=reading.sentences[index],
        reranked=hit.sentence_logits[index] if hit.sentence_logits else None,
        behind=best - hit.relevance if hit.relevance is not None else 0.0,
        passage=reading.answers,
        stated=reading.stated,
        span=reading.span.logit if reading.span is not None else 0.0,
    )


def _words(chunk: Chunk, sentence: Sentence, reading: Reading) -> tuple[int, int] | None:
    """The words that answer, as offsets in the article, if they begin in the sentence."""
    if reading.span is None:
        return None
    shift = chunk.end - len(passage_of(chunk).text)
    start, end = reading.span.start + shift, reading.span.end + shift
    return (start, min(end, sentence.end)) if sentence.start <= start < sentence.end else None


def _reading(chunk: Chunk, sentence: Sentence) -> str:
    line = introduction(sentence, chunk.sentences)
    return in_its_list(sentence.text, line) if line else sentence.text


def _earlier(chunk: Chunk, sentence: Sentence) -> tuple[Sentence, ...]:
    """The sentences of the chunk that a pronoun may reach back to."""
    return tuple(other for other in chunk.sentences if other.number < sentence.number)[-LOOK_BACK:]
