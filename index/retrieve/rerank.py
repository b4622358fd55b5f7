"""A cross-encoder that reads a question together with passages: how well they answer it, and which sentence does.

A cross-encoder gives one logit for a passage. Which of its sentences answers cannot be told by reading them one by one:
"Nine people died" says nothing of a flood. While the model reads the whole passage, though, its inner states know what
each word is about and what was asked; a linear head on them scores every sentence in its place. The idea is that of
extractive readers (Devlin et al., "BERT", NAACL 2019, section 4.2), with the encoder left as it is.
``evals.experiments.sentence_head`` trains the head and says on what.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from index.retrieve.cross_encoder import Array, CrossEncoder, Passage, States

HEAD = Path(__file__).with_name("sentence_head.npy")
# Layers whose states the head reads, from 0 of 12. With 7 and 10 the newsroom's sentences were told best.
LAYERS = (7, 10)
UNREAD = -20.0  # a sentence behind the last token that the model reads: as good as never an answer


@dataclass(frozen=True, slots=True)
class Judgement:
    """How well a passage answers, and each of its sentences; logits, larger is better.

    Attributes:
        sentences: of each sentence the log-odds that it answers rather than that nothing does, as far as its passage
            tells.
    """

    relevance: float
    sentences: tuple[float, ...] = ()


class Reranker(Protocol):
    """Judges how well passages answer a question."""

    @property
    def name(self) -> str: ...

    def score(self, question: str, passages: Sequence[str]) -> NDArray[np.float32]:
        """Scores of shape (len(passages),); larger is better, 0 is the model's own even odds (a logit)."""
        ...

    def read(self, question: str, passages: Sequence[Passage]) -> tuple[Judgement, ...]:
        """The same scores, and one for each sentence as it stands in its passage; in the order of the passages."""
        ...


class LocalReranker:
    """cross-encoder/ms-marco-MiniLM-L-12-v2 on the CPU with ONNX Runtime.

    Args:
        folder: holds ``model.onnx`` and ``tokenizer.json``.
        threads: texts that are read at the same time; None takes one for each processor this process may use.
    """

    name = "local:ms-marco-MiniLM-L-12-v2"

    def __init__(self, folder: Path, threads: int | None = None) -> None:
        self._encoder = CrossEncoder(folder, LAYERS, threads=threads)

    def load(self) -> None:
        """Load the model, where it is not loaded yet; threads wait for one another.

        Raises:
            ModelError: it cannot be loaded.
        """
        self._encoder.load()

    def score(self, question: str, passages: Sequence[str]) -> NDArray[np.float32]:
        """Score passages."""
        judged = self.read(question, [Passage(text) for text in passages])
        return np.array([judgement.relevance for judgement in judged], dtype=np.float32)

    def read(self, question: str, passages: Sequence[Passage]) -> tuple[Judgement, ...]:
        """Score passages and their sentences."""
        weights = self._head
        return tuple(
            Judgement(logit, tuple(float(row @ weights[:-1] + weights[-1]) if row.any() else UNREAD for row in rows))
            for logit, rows in self.features(question, passages)
        )

    def features(self, question: str, passages: Sequence[Passage]) -> list[tuple[float, Array]]:
        """For each passage its logit, and what the head reads: of shape (sentences, 2 x 384 x layers).

        A row holds, layer by layer, the mean and the maximum of the states of the sentence's tokens; zeros when the
        sentence lies behind the last token that is read.
        """
        pairs = [(question, passage.text) for passage in passages]
        return self._encoder.read(pairs, lambda i, states: (states.logit, _pooled(states, passages[i])))

    @cached_property
    def _head(self) -> Array:
        """The weights of the head, the bias last."""
        weights: Array = np.load(HEAD, allow_pickle=False)
        return weights


def _pooled(states: States, passage: Passage) -> Array:
    """Mean and maximum of each layer's states over each sentence's tokens."""
    rows = [_row(states.tokens_of(start, end), states.layers) for start, end in passage.sentences]
    width = sum(2 * layer.shape[1] for layer in states.layers)
    return np.array(rows, dtype=np.float32).reshape(len(rows), width)


def _row(tokens: Sequence[int], layers: Sequence[Array]) -> Array:
    if not tokens:
        return np.zeros(sum(2 * layer.shape[1] for layer in layers), dtype=np.float32)
    picked = [layer[list(tokens)] for layer in layers]
    return np.concatenate([pooled for states in picked for pooled in (states.mean(axis=0), states.max(axis=0))])
