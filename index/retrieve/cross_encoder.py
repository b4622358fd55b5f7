"""The cross-encoder on ONNX Runtime: pairs of texts in, a logit and the states of chosen layers out.

The file holds int8 weights. An adapter changes them when they are loaded: ``W' = W + scale * B A`` (Hu et al., "LoRA",
ICLR 2022), made int8 again, and given to ONNX Runtime in place of the file's own weights, so that no second model file
is ever written.
"""

import os
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING, TypeVar

import numpy as np
from numpy.typing import NDArray

from index.embed.local import SESSIONS
from index.errors import ModelError
from index.retrieve.adapter import Adapter, merged

if TYPE_CHECKING:
    from onnxruntime import InferenceSession
    from tokenizers import Encoding, Tokenizer

Array = NDArray[np.float32]
Ids = Sequence[int] | NDArray[np.uint16]
Read = TypeVar("Read")

# Tokens read together, padding included. 16 passages of 170 tokens took .87 s of one processor in one batch, .74 in
# two, .66 in four and .62 in eight or sixteen.
BATCH_TOKENS = 96
MAX_TOKENS = 512  # of both texts together; the model has no places for more


@dataclass(frozen=True, slots=True)
class Passage:
    """A text and its sentences, as offsets of first character and end in it."""

    text: str
    sentences: tuple[tuple[int, int], ...] = ()


@dataclass(frozen=True, slots=True)
class States:
    """What the encoder makes of a pair of texts.

    Attributes:
        logit: the cross-encoder's own, for how relevant the second text is to the first.
        layers: the states after each layer that was asked for, of shape (tokens, 384).
    """

    encoding: "Encoding"
    logit: float
    layers: tuple[Array, ...]

    def tokens_of(self, start: int, end: int) -> list[int]:
        """Positions of the tokens that lie within these characters of the second text."""
        return [position for position, first, last in self._places() if start <= first and last <= end]

    def characters_of(self, first: int, last: int) -> tuple[int, int]:
        """Offsets in the second text of the characters from one token to another."""
        return self.encoding.offsets[first][0], self.encoding.offsets[last][1]

    def second(self) -> list[int]:
        """Positions of the tokens of the second text."""
        return [position for position, _, _ in self._places()]

    def _places(self) -> list[tuple[int, int, int]]:
        pairs = zip(self.encoding.offsets, self.encoding.sequence_ids, strict=True)
        return [(i, start, end) for i, ((start, end), part) in enumerate(pairs) if part == 1 and end > start]


class CrossEncoder:
    """cross-encoder/ms-marco-MiniLM-L-12-v2 on the CPU.

    Each thread reads texts of its own, instead of all of them sharing every multiplication, and no more at once than
    the caches hold. The model's int8 arithmetic scales with what is in a batch, so that small batches also leave less
    to chance.

    Args:
        folder: holds ``model.onnx`` and ``tokenizer.json``.
        layers: whose states are given, from 0 of 12.
        adapter: changes the weights; None leaves them as they are in the file.
        threads: texts that are read at the same time; None takes one for each processor this process may use.
    """

    def __init__(
        self, folder: Path, layers: Sequence[int], adapter: Adapter | None = None, threads: int | None = None
    ) -> None:
        self._folder = folder
        self._layers = tuple(layers)
        self._adapter = adapter
        self._threads = threads
        self._loading = Lock()
        self._loaded: tuple[InferenceSession, Tokenizer] | None = None

    def load(self) -> "tuple[InferenceSession, Tokenizer]":
        """Load the model, where it is not loaded yet; threads wait for one another.

        Raises:
            ModelError: it cannot be loaded.
        """
        with self._loading:
            if self._loaded is None:
                self._loaded = self._session(), self._tokenizer()
            return self._loaded

    def read(self, pairs: Sequence[tuple[str, str]], understand: Callable[[int, States], Read]) -> list[Read]:
        """What ``understand`` makes of the states of each pair, given its position; in the order of the pairs.

        The second text of a pair is cut where both have more than ``MAX_TOKENS`` together.
        """
        _, tokenizer = self.load()
        encodings = tokenizer.encode_batch(list(pairs))

        def run(batch: Sequence[int]) -> list[Read]:
            logits, *layers = self._run([(encodings[i].ids, encodings[i].type_ids.count(0)) for i in batch])
            return [understand(i, _states(encodings[i], row, logits, layers)) for row, i in enumerate(batch)]

        batches = list(_batches([len(encoding.ids) for encoding in encodings]))
        found: dict[int, Read] = {}
        for batch, read in zip(batches, self._pool.map(run, batches), strict=True):
            found.update(zip(batch, read, strict=True))
        return [found[i] for i in range(len(pairs))]

    def states(self, texts: Sequence[tuple[Ids, int]]) -> list[tuple[Array, ...]]:
        """The layers' states of texts that are tokens already: their ids, and how many of them the first text takes."""

        def run(batch: Sequence[int]) -> list[tuple[Array, ...]]:
            _, *layers = self._run([texts[i] for i in batch])
            return [tuple(layer[row, : len(texts[i][0])] for layer in layers) for row, i in enumerate(batch)]

        batches = list(_batches([len(ids) for ids, _ in texts]))
        found: dict[int, tuple[Array, ...]] = {}
        for batch, read in zip(batches, self._pool.map(run, batches), strict=True):
            found.update(zip(batch, read, strict=True))
        return [found[i] for i in range(len(texts))]

    def _run(self, texts: Sequence[tuple[Ids, int]]) -> list[Array]:
        shape = (len(texts), max(len(ids) for ids, _ in texts))
        inputs = {name: np.zeros(shape, dtype=np.int64) for name in ("input_ids", "attention_mask", "token_type_ids")}
        for row, (ids, first) in enumerate(texts):
            inputs["input_ids"][row, : len(ids)] = ids
            inputs["attention_mask"][row, : len(ids)] = 1
            inputs["token_type_ids"][row, first : len(ids)] = 1
        session, _ = self.load()
        outputs: list[Array] = session.run(None, inputs)
        return outputs

    def _session(self) -> "InferenceSession":
        from onnxruntime import InferenceSession, OrtValue, SessionOptions

        options = SessionOptions()
        options.intra_op_num_threads = 1  # the pool's threads share the work
        try:
            model = (self._folder / "model.onnx").read_bytes()
            changed = {} if self._adapter is None else merged(model, self._adapter)
            self._kept = {name: OrtValue.ortvalue_from_numpy(value) for name, value in changed.items()}
            for name, value in self._kept.items():
                options.add_initializer(name, value)
            outputs = b"".join(map(_output, self._layers))
            with SESSIONS:
                session = InferenceSession(model + outputs, options, providers=["CPUExecutionProvider"])
            vars(session).update(_model_bytes=b"")  # it would keep the whole file, to be made again by other providers
            return session
        except Exception as error:  # ONNX Runtime's errors have no base class of their own
            raise self._unusable(error) from error

    @cached_property
    def _pool(self) -> ThreadPoolExecutor:
        return ThreadPoolExecutor(self._threads or processors(), thread_name_prefix="encoder")

    def _tokenizer(self) -> "Tokenizer":
        from tokenizers import Tokenizer

        try:
            tokenizer = Tokenizer.from_file(str(self._folder / "tokenizer.json"))
        except Exception as error:  # nor have those of tokenizers
            raise self._unusable(error) from error
        tokenizer.enable_truncation(MAX_TOKENS, strategy="only_second")
        tokenizer.no_padding()
        return tokenizer

    def _unusable(self, error: Exception) -> ModelError:
        return ModelError(
            f"the reranker in {self._folder} cannot be loaded: {error}", "fetch it again: Weights.ensure(mend=True)"
        )


def processors() -> int:
    """Processors that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _states(encoding: "Encoding", row: int, logits: Array, layers: Sequence[Array]) -> States:
    size = len(encoding.ids)
    return States(encoding, float(logits[row, 0]), tuple(layer[row, :size] for layer in layers))


def _batches(sizes: Sequence[int]) -> Iterator[list[int]]:
    """Positions of texts that are read together, longest first, those of like length side by side."""
    batch: list[int] = []
    for i in sorted(range(len(sizes)), key=lambda i: -sizes[i]):
        if batch and sizes[batch[0]] * (len(batch) + 1) > BATCH_TOKENS:
            yield batch
            batch = []
        batch.append(i)
    if batch:
        yield batch


def _output(layer: int) -> bytes:
    """What makes ONNX Runtime give a layer's states, when it is appended to the model's bytes.

    Encoded messages that are joined are merged, and repeated fields of the second are added to those of the first
    (https://protobuf.dev/programming-guides/encoding/#last-one-wins). Field 7 of a ModelProto is its graph, field 12
    of a GraphProto its outputs, field 1 of a ValueInfoProto its name
    (https://github.com/onnx/onnx/blob/main/onnx/onnx.proto).
    """
    name = f"/bert/encoder/layer.{layer}/output/LayerNorm/Add_1_output_0".encode()
    return _field(7, _field(12, _field(1, name)))


def _field(number: int, content: bytes) -> bytes:
    """A field of bytes or of a message; both numbers must fit into seven bits, as all of ours do."""
    return bytes((number << 3 | 2, len(content))) + content
