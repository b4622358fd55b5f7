"""The reader: one encoder that tells which sentences answer, whether anything does, and whether a claim is stated.

It is the cross-encoder with an adapter (``index.retrieve.adapter``) that was trained for reading; ``evals.reader``
trains it and says on what. One pass over question and passage gives a score for every sentence, for the passage as a
whole, the words that answer. One pass over claim and sentence gives support, and one over a sentence alone whether it
addresses machines instead of telling news. A second adapter was trained to read single sentences for a question.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from hashlib import sha256
from pathlib import Path
from typing import Protocol

import numpy as np

from index.retrieve.adapter import Adapter, read_adapter
from index.retrieve.cross_encoder import Array, CrossEncoder, Passage, States

ADAPTER = Path(__file__).with_name("reader.npz")
CLOSE_ADAPTER = Path(__file__).with_name("close_reader.npz")
LAYERS = (7, 10, 11)  # from 0 of 12; what the heads read, one after the other
UNREAD = -20.0  # a sentence behind the last token that is read: as good as never an answer
LONGEST_SPAN = 30  # tokens of the words that answer
LEAST_SHARE = 1e-3  # of probability on either side, so that log-odds are at most 6.9


@dataclass(frozen=True, slots=True)
class Span:
    """The words of a passage that answer, as offsets of characters in it.

    Attributes:
        logit: log-odds that they answer rather than that no words do.
    """

    start: int
    end: int
    logit: float


@dataclass(frozen=True, slots=True)
class Reading:
    """What the reader finds in a passage for a question; logits.

    Attributes:
        answers: that the passage answers.
        stated: that it states what is asked, by the head for claims, with the question in the place of a claim.
        sentences: of each sentence, that it answers.
        span: the words that answer best; None in a passage of which nothing is read.
    """

    answers: float
    stated: float
    sentences: tuple[float, ...]
    span: Span | None


@dataclass(frozen=True, slots=True)
class Support:
    """Probabilities that a text states all of a claim, a part of it, or none of it; they sum to 1."""

    stated: float
    partly: float
    absent: float


class Reader(Protocol):
    """Reads passages for questions, and sentences for claims."""

    @property
    def name(self) -> str: ...

    @property
    def digest(self) -> str:
        """SHA-256 of what the reader was made with, for the records of runs."""
        ...

    def read(self, question: str, passages: Sequence[Passage]) -> tuple[Reading, ...]:
        """What each passage says about a question, in the order of the passages."""
        ...

    def read_closely(self, question: str, passages: Sequence[Passage]) -> tuple[Reading, ...]:
        """The same of passages that are no more than a sentence, with its title and the sentence before it."""
        ...

    def support(self, pairs: Sequence[tuple[str, str]]) -> tuple[Support, ...]:
        """For pairs of a claim and a text, whether the text states the claim."""
        ...

    def orders(self, sentences: Sequence[str]) -> tuple[float, ...]:
        """The log-odds that each sentence addresses its reader, person or machine, instead of telling news."""
        ...


class LocalReader:
    """The embedded reader on the CPU with ONNX Runtime.

    Args:
        folder: holds the cross-encoder's ``model.onnx`` and ``tokenizer.json``.
        adapter, close: the files of the adapters for passages and claims, and for single sentences.
        threads: texts that are read at the same time; None takes one for each processor this process may use.
    """

    name = "local:reader-MiniLM-L-12"

    def __init__(
        self, folder: Path, adapter: Path = ADAPTER, close: Path = CLOSE_ADAPTER, threads: int | None = None
    ) -> None:
        self._files = (adapter, close)
        self._reading, self._close_reading = (_AdaptedReader(folder, file, threads) for file in self._files)

    def load(self) -> None:
        """Load the model, where it is not loaded yet; threads wait for one another.

        Raises:
            ModelError: it cannot be loaded.
        """
        self._reading.encoder.load()
        self._close_reading.encoder.load()

    @property
    def digest(self) -> str:
        """SHA-256 of the digests of the adapters' files."""
        return adapters_digest(*self._files)

    def read(self, question: str, passages: Sequence[Passage]) -> tuple[Reading, ...]:
        """Read passages for a question."""
        return self._reading.read(question, passages)

    def read_closely(self, question: str, passages: Sequence[Passage]) -> tuple[Reading, ...]:
        """Read single sentences for a question."""
        return self._close_reading.read(question, passages)

    def support(self, pairs: Sequence[tuple[str, str]]) -> tuple[Support, ...]:
        """Read texts for claims."""
        heads = self._reading.heads
        return tuple(self._reading.encoder.read(pairs, lambda _, states: heads.support(states)))

    def orders(self, sentences: Sequence[str]) -> tuple[float, ...]:
        """Read sentences for themselves."""
        heads, pairs = self._reading.heads, [("", sentence) for sentence in sentences]
        return tuple(self._reading.encoder.read(pairs, lambda _, states: heads.order(states)))


def adapters_digest(*files: Path) -> str:
    """SHA-256 of the digests of adapters' files, by default those in use; raises as ``read_adapter``."""
    used = files or (ADAPTER, CLOSE_ADAPTER)
    return sha256(" ".join(read_adapter(file).digest for file in used).encode()).hexdigest()


class _AdaptedReader:
    """The encoder with one adapter, and the heads of that."""

    def __init__(self, folder: Path, adapter: Path, threads: int | None) -> None:
        self._folder = folder
        self._adapter = adapter
        self._threads = threads

    def read(self, question: str, passages: Sequence[Passage]) -> tuple[Reading, ...]:
        heads = self.heads
        pairs = [(question, passage.text) for passage in passages]
        return tuple(self.encoder.read(pairs, lambda i, states: heads.reading(states, passages[i])))

    @cached_property
    def encoder(self) -> CrossEncoder:
        return CrossEncoder(self._folder, LAYERS, read_adapter(self._adapter), self._threads)

    @cached_property
    def heads(self) -> "_Heads":
        return _Heads(read_adapter(self._adapter))


class _Heads:
    """The adapter's heads: dot products on the encoder's states, by ``einsum``, which shares no work among threads.

    The head of sentences reads every token in the layers ``LAYERS``, side by side, and a sentence's score is the mean
    of its tokens'; those of answers and support read the first token, and the span's every token, in the last; that of
    orders reads ``whole``.
    """

    def __init__(self, adapter: Adapter) -> None:
        self._sentence, self._answers, self._span, self._support, self._order = (
            adapter.head(name) for name in ("sentence", "answers", "span", "support", "order")
        )

    def reading(self, states: States, passage: Passage) -> Reading:
        """What the states say about a passage."""
        tokens = [states.tokens_of(start, end) for start, end in passage.sentences]
        weights, bias = self._sentence
        parts = zip(states.layers, np.split(weights[0], len(states.layers)), strict=True)
        scores = sum(np.einsum("td,d->t", layer, part) for layer, part in parts) + bias[0]
        sentences = _means(scores, tokens)
        weights, bias = self._answers
        answers = float(states.layers[-1][0] @ weights[0] + bias[0])
        stated = _log_odds(self.support(states).stated)
        return Reading(answers, stated, sentences, self._best_span(states))

    def order(self, states: States) -> float:
        """The log-odds that a sentence, read alone, addresses machines; very low for what has no words."""
        if not states.second():
            return UNREAD
        weights, bias = self._order
        return float(whole(states) @ weights[0] + bias[0])

    def support(self, states: States) -> Support:
        """What the states of a claim and a text say about support."""
        weights, bias = self._support
        logits = weights @ states.layers[-1][0] + bias
        raised = np.exp(logits - logits.max())
        stated, partly, absent = (float(share) for share in raised / raised.sum())
        return Support(stated, partly, absent)

    def _best_span(self, states: States) -> Span | None:
        """The span with the greatest sum of its ends' logits, against the first token, which stands for no span."""
        places = states.second()
        if not places:
            return None
        weights, bias = self._span
        logits = np.einsum("td,sd->ts", states.layers[-1], weights) + bias
        starts, ends = logits[places, 0], logits[places, 1]
        sums = starts[:, None] + ends[None, :]
        near = np.triu(np.ones_like(sums, dtype=bool)) & ~np.triu(np.ones_like(sums, dtype=bool), LONGEST_SPAN)
        first, last = np.unravel_index(np.where(near, sums, -np.inf).argmax(), sums.shape)
        start, end = states.characters_of(places[int(first)], places[int(last)])
        return Span(start, end, float(sums[first, last] - logits[0].sum()))


def whole(states: States) -> Array:
    """A text as one vector: mean and maximum of its tokens in each layer, and the first token in the last."""
    places = states.second()
    pooled = [part for layer in states.layers for part in (layer[places].mean(axis=0), layer[places].max(axis=0))]
    return np.concatenate([*pooled, states.layers[-1][0]])


def _log_odds(probability: float) -> float:
    return math.log((probability + LEAST_SHARE) / (1 - probability + LEAST_SHARE))


def _means(scores: Array, tokens: Sequence[Sequence[int]]) -> tuple[float, ...]:
    return tuple(float(scores[list(places)].mean()) if places else UNREAD for places in tokens)
