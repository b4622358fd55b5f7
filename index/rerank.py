"""A cross-encoder that reads a question together with passages: how well they answer it, and which sentence does.

A cross-encoder gives one logit for a passage. Which of its sentences answers cannot be told by reading them one by one:
"Nine people died" says nothing of a flood. While the model reads the whole passage, though, its inner states know what
each word is about and what was asked; a linear head on them scores every sentence in its place. The idea is that of
extractive readers (Devlin et al., "BERT", NAACL 2019, section 4.2), with the encoder left as it is.
``evals.sentence_head`` trains the head and says on what.
"""

import os
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING, Protocol

import numpy as np
from numpy.typing import NDArray

from index.errors import ModelError

if TYPE_CHECKING:
    from onnxruntime import InferenceSession
    from tokenizers import Encoding, Tokenizer

HEAD = Path(__file__).with_name("sentence_head.npy")
# Layers whose states the head reads, from 0 of 12. With 7 and 10 the newsroom's sentences were told best.
LAYERS = (7, 10)
UNREAD = -20.0  # a sentence behind the last token that the model reads: as good as never an answer


@dataclass(frozen=True, slots=True)
class Passage:
    """A text and its sentences, as offsets of first character and end in it."""

    text: str
    sentences: tuple[tuple[int, int], ...] = ()


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

    Each thread reads texts of its own, instead of all of them sharing every multiplication, and no more at once than
    the caches hold. The model's int8 arithmetic scales with what is in a batch, so that small batches also leave less
    to chance.

    Args:
        folder: holds ``model.onnx`` and ``tokenizer.json``.
        threads: texts that are read at the same time; None takes one for each processor this process may use.
    """

    name = "local:ms-marco-MiniLM-L-12-v2"
    # With padding. 16 passages of 170 tokens took .87 s of one processor in one batch, .74 in two, .66 in four and .62
    # in eight or sixteen. Eight single sentences make four batches, which two threads share evenly.
    batch_tokens = 96
    max_tokens = 512  # of question and passage together

    def __init__(self, folder: Path, threads: int | None = None) -> None:
        self._folder = folder
        self._threads = threads
        self._loading = Lock()

    def load(self) -> None:
        """Load the model, where it is not loaded yet; threads wait for one another.

        Raises:
            ModelError: it cannot be loaded.
        """
        with self._loading:
            _ = self._session, self._tokenizer

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

    def features(self, question: str, passages: Sequence[Passage]) -> list[tuple[float, NDArray[np.float32]]]:
        """For each passage its logit, and what the head reads: of shape (sentences, 2 x 384 x layers).

        A row holds, layer by layer, the mean and the maximum of the states of the sentence's tokens; zeros when the
        sentence lies behind the last token that is read.
        """
        self.load()
        encodings = self._tokenizer.encode_batch([(question, passage.text) for passage in passages])

        def read(batch: Sequence[int]) -> list[tuple[float, NDArray[np.float32]]]:
            logits, *layers = self._run([encodings[i] for i in batch])
            return [
                (float(logits[row, 0]), _pooled(encodings[i], passages[i], [layer[row] for layer in layers]))
                for row, i in enumerate(batch)
            ]

        batches = list(self._batches([len(encoding.ids) for encoding in encodings]))
        found: dict[int, tuple[float, NDArray[np.float32]]] = {}
        for batch, judged in zip(batches, self._pool.map(read, batches), strict=True):
            found.update(zip(batch, judged, strict=True))
        return [found[i] for i in range(len(passages))]

    def _batches(self, sizes: Sequence[int]) -> Iterator[list[int]]:
        """Positions of texts that are read together, longest first, those of like length side by side."""
        batch: list[int] = []
        for i in sorted(range(len(sizes)), key=lambda i: -sizes[i]):
            if batch and sizes[batch[0]] * (len(batch) + 1) > self.batch_tokens:
                yield batch
                batch = []
            batch.append(i)
        if batch:
            yield batch

    def _run(self, encodings: "Sequence[Encoding]") -> list[NDArray[np.float32]]:
        shape = (len(encodings), max(len(encoding.ids) for encoding in encodings))
        inputs = {name: np.zeros(shape, dtype=np.int64) for name in ("input_ids", "attention_mask", "token_type_ids")}
        for row, encoding in enumerate(encodings):
            size = len(encoding.ids)
            inputs["input_ids"][row, :size] = encoding.ids
            inputs["attention_mask"][row, :size] = 1
            inputs["token_type_ids"][row, :size] = encoding.type_ids
        outputs: list[NDArray[np.float32]] = self._session.run(None, inputs)
        return outputs

    @cached_property
    def _session(self) -> "InferenceSession":
        from onnxruntime import InferenceSession, SessionOptions

        options = SessionOptions()
        options.intra_op_num_threads = 1  # the pool's threads share the work
        try:
            model = (self._folder / "model.onnx").read_bytes() + b"".join(map(_output, LAYERS))
            return InferenceSession(model, options, providers=["CPUExecutionProvider"])
        except Exception as error:  # ONNX Runtime's errors have no base class of their own
            raise self._unusable(error) from error

    @cached_property
    def _pool(self) -> ThreadPoolExecutor:
        return ThreadPoolExecutor(self._threads or _processors(), thread_name_prefix="reranker")

    @cached_property
    def _tokenizer(self) -> "Tokenizer":
        from tokenizers import Tokenizer

        try:
            tokenizer = Tokenizer.from_file(str(self._folder / "tokenizer.json"))
        except Exception as error:  # nor have those of tokenizers
            raise self._unusable(error) from error
        tokenizer.enable_truncation(self.max_tokens, strategy="only_second")
        tokenizer.no_padding()
        return tokenizer

    @cached_property
    def _head(self) -> NDArray[np.float32]:
        """The weights of the head, the bias last."""
        weights: NDArray[np.float32] = np.load(HEAD, allow_pickle=False)
        return weights

    def _unusable(self, error: Exception) -> ModelError:
        return ModelError(
            f"the reranker in {self._folder} cannot be loaded: {error}", "fetch it again: assistant models pull"
        )


def _processors() -> int:
    """Processors that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _pooled(encoding: "Encoding", passage: Passage, layers: Sequence[NDArray[np.float32]]) -> NDArray[np.float32]:
    """Mean and maximum of each layer's states over each sentence's tokens."""
    rows = [_row(tokens, layers) for tokens in _tokens_of(encoding, passage)]
    width = sum(2 * layer.shape[1] for layer in layers)
    return np.array(rows, dtype=np.float32).reshape(len(rows), width)


def _row(tokens: Sequence[int], layers: Sequence[NDArray[np.float32]]) -> NDArray[np.float32]:
    if not tokens:
        return np.zeros(sum(2 * layer.shape[1] for layer in layers), dtype=np.float32)
    picked = [layer[list(tokens)] for layer in layers]
    return np.concatenate([pooled for states in picked for pooled in (states.mean(axis=0), states.max(axis=0))])


def _tokens_of(encoding: "Encoding", passage: Passage) -> Iterator[list[int]]:
    """Positions of the tokens that lie in each sentence of the passage."""
    places = [
        (position, start, end)
        for position, ((start, end), part) in enumerate(zip(encoding.offsets, encoding.sequence_ids, strict=True))
        if part == 1 and end > start
    ]
    for first, last in passage.sentences:
        yield [position for position, start, end in places if first <= start and end <= last]


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
