"""Scores of (question, passage) pairs by a cross-encoder."""

from collections.abc import Sequence
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

import numpy as np
from numpy.typing import NDArray

from index.errors import ModelError

if TYPE_CHECKING:
    from fastembed.rerank.cross_encoder import TextCrossEncoder


class Reranker(Protocol):
    """Judges how well passages answer a question."""

    @property
    def name(self) -> str: ...

    def score(self, question: str, passages: Sequence[str]) -> NDArray[np.float32]:
        """Scores of shape (len(passages),); larger is better, 0 is the model's own even odds (a logit)."""
        ...


class LocalReranker:
    """cross-encoder/ms-marco-MiniLM-L-12-v2 on the CPU through fastembed and ONNX Runtime.

    Args:
        folder: holds ``model.onnx`` and the tokenizer's files.
        threads: threads of ONNX Runtime; None leaves the choice to it.
    """

    name = "local:ms-marco-MiniLM-L-12-v2"
    batch_size = 16

    def __init__(self, folder: Path, threads: int | None = None) -> None:
        self._folder = folder
        self._threads = threads

    @cached_property
    def _model(self) -> "TextCrossEncoder":
        from fastembed.common.model_description import ModelSource
        from fastembed.rerank.cross_encoder import TextCrossEncoder

        registered = {model["model"] for model in TextCrossEncoder.list_supported_models()}
        if self.name not in registered:
            TextCrossEncoder.add_custom_model(self.name, sources=ModelSource(url="local"), model_file="model.onnx")
        try:
            return TextCrossEncoder(
                self.name,
                cache_dir=str(self._folder),
                specific_model_path=str(self._folder),
                threads=self._threads,
                cuda=False,
            )
        except (ValueError, RuntimeError, OSError) as error:
            raise ModelError(
                f"the reranker in {self._folder} cannot be loaded: {error}", "fetch it again: assistant models pull"
            ) from error

    def score(self, question: str, passages: Sequence[str]) -> NDArray[np.float32]:
        """Score passages; those of like length share a batch, so that little is spent on padding."""
        scores = np.empty(len(passages), dtype=np.float32)
        order = sorted(range(len(passages)), key=lambda i: len(passages[i]))
        ranked = self._model.rerank(question, [passages[i] for i in order], batch_size=self.batch_size)
        for position, score in zip(order, ranked, strict=True):
            scores[position] = score
        return scores
