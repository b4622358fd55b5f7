"""Texts into vectors: the embedder interface and the embedded default."""

from collections.abc import Sequence
from functools import cached_property
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING, Protocol

import numpy as np
from numpy.typing import NDArray

from index.errors import ModelError

if TYPE_CHECKING:
    from fastembed import TextEmbedding

Vectors = NDArray[np.float32]

# Held while a session of ONNX Runtime is made: making two at once in one process may end it with a segmentation fault
# (https://github.com/microsoft/onnxruntime/issues/27089).
SESSIONS = Lock()


class Embedder(Protocol):
    """Turns texts into unit vectors of one model.

    ``name`` identifies the model in an index; vectors of different names are never compared.
    """

    @property
    def name(self) -> str: ...

    @property
    def dimension(self) -> int: ...

    def embed_documents(self, texts: Sequence[str]) -> Vectors:
        """Vectors of shape (len(texts), dimension), each of length 1."""
        ...

    def embed_query(self, text: str) -> Vectors:
        """A vector of shape (dimension,), of length 1."""
        ...


class LocalEmbedder:
    """BAAI/bge-small-en-v1.5 on the CPU through fastembed and ONNX Runtime.

    Args:
        folder: holds ``model.onnx`` and the tokenizer's files.
        threads: threads of ONNX Runtime; None leaves the choice to it.
    """

    name = "local:bge-small-en-v1.5"
    dimension = 384
    # The model card's instruction for questions; passages go without.
    # https://huggingface.co/BAAI/bge-small-en-v1.5#usage
    query_prefix = "Represent this sentence for searching relevant passages: "
    batch_size = 16

    def __init__(self, folder: Path, threads: int | None = None) -> None:
        self._folder = folder
        self._threads = threads

    def __reduce__(self) -> tuple[type["LocalEmbedder"], tuple[Path, int | None]]:
        """Sent to another process, it is loaded anew there, whatever folder that one works in."""
        return LocalEmbedder, (self._folder.absolute(), self._threads)

    def with_threads(self, threads: int) -> "LocalEmbedder":
        """The same model, to be loaded with at most so many threads."""
        return LocalEmbedder(self._folder, min(threads, self._threads or threads))

    @cached_property
    def _model(self) -> "TextEmbedding":
        from fastembed import TextEmbedding
        from fastembed.common.model_description import ModelSource, PoolingType

        registered = {model["model"] for model in TextEmbedding.list_supported_models()}
        if self.name not in registered:
            TextEmbedding.add_custom_model(
                self.name,
                pooling=PoolingType.CLS,
                normalization=True,
                sources=ModelSource(url="local"),
                dim=self.dimension,
                model_file="model.onnx",
            )
        try:
            with SESSIONS:
                return TextEmbedding(
                    self.name,
                    cache_dir=str(self._folder),
                    specific_model_path=str(self._folder),
                    threads=self._threads,
                    cuda=False,
                )
        except (ValueError, RuntimeError, OSError) as error:
            raise ModelError(
                f"the embedding model in {self._folder} cannot be loaded: {error}",
                "fetch it again: Weights.ensure(mend=True)",
            ) from error

    def embed_documents(self, texts: Sequence[str]) -> Vectors:
        """Embed passages; texts of like length share a batch, so that little is spent on padding."""
        if not texts:
            return np.empty((0, self.dimension), dtype=np.float32)
        order = sorted(range(len(texts)), key=lambda i: len(texts[i]))
        vectors = np.empty((len(texts), self.dimension), dtype=np.float32)
        embedded = self._model.embed([texts[i] for i in order], batch_size=self.batch_size)
        for position, vector in zip(order, embedded, strict=True):
            vectors[position] = vector
        return vectors

    def embed_query(self, text: str) -> Vectors:
        """Embed a question."""
        return np.asarray(next(iter(self._model.embed([self.query_prefix + text]))), dtype=np.float32)
