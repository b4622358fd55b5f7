"""An adapter for the cross-encoder: small matrices that change its weights, and the heads that read its states.

It is one file of arrays (``numpy.savez_compressed``): ``{layer}.{place}.a`` of shape (rank, inputs) and ``….b`` of
shape (outputs, rank) for every linear layer of the encoder, ``{head}.weight`` and ``{head}.bias``, and ``about``, JSON
that says how it was made. What a file does not hold is that of the file beside it that ``about`` names under ``over``,
with its digest: ``{"file": …, "digest": …}``.
"""

import json
import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from hashlib import sha256
from io import BytesIO
from pathlib import Path
from typing import Any
from zipfile import BadZipFile

import numpy as np
from numpy.typing import NDArray

from index.errors import ModelError

ENCODER_LAYERS = 12
# The linear layers of an encoder layer, and where the model file counts their weights: ``onnx::MatMul_{FIRST + STEP *
# layer + place}_quantized``, a name that the export to ONNX gave them.
PLACES: Mapping[str, int] = {"query": 0, "key": 10, "value": 11, "attended": 13, "widened": 14, "narrowed": 15}
FIRST, STEP = 1662, 16
LARGEST = 127  # of the int8 weights, which are symmetric about 0
# Multiplications that OpenBLAS does in the thread that asks (SMP_THRESHOLD_MIN times GEMM_MULTITHREAD_THRESHOLD of
# https://github.com/OpenMathLib/OpenBLAS/blob/develop/interface/gemm.c).
ALONE = 65536 * 4

Array = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Adapter:
    """The arrays of an adapter by name, and what is told about it.

    Attributes:
        digest: SHA-256 of the file.
    """

    arrays: Mapping[str, Array]
    about: Mapping[str, Any]
    digest: str

    def head(self, name: str) -> tuple[Array, Array]:
        """Weights of shape (outputs, inputs) and biases of shape (outputs,)."""
        return self.arrays[f"{name}.weight"], self.arrays[f"{name}.bias"]


@cache
def read_adapter(path: Path) -> Adapter:
    """Read an adapter.

    Raises:
        ModelError: the file is missing or damaged.
    """
    try:
        content = path.read_bytes()
        with np.load(BytesIO(content), allow_pickle=False) as stored:
            about = json.loads(str(stored["about"]))
            arrays = {name: stored[name].astype(np.float32) for name in stored.files if name != "about"}
    except (OSError, ValueError, KeyError, BadZipFile) as error:
        raise ModelError(f"the reader's adapter {path} cannot be read: {error}", "install the package again") from error
    if over := about.get("over"):
        below = read_adapter(path.with_name(over["file"]))
        if below.digest != over["digest"]:
            remedy = "install the package again, or train it anew (evals/reader/README.md)"
            raise ModelError(f"{path} was made for another {over['file']}", remedy)
        arrays = {**below.arrays, **arrays}
    return Adapter(arrays, about, sha256(content).hexdigest())


def merged(model: bytes, adapter: Adapter) -> dict[str, NDArray[Any]]:
    """The int8 weights of the encoder with the adapter in them, and their scales, by their names in the model file."""
    found = dict(_initializers(model))
    scale = np.float32(adapter.about["scale"])
    changed: dict[str, NDArray[Any]] = {}
    for layer in range(ENCODER_LAYERS):
        for place in PLACES:
            name = weight_name(layer, place)
            weights = dequantised(found, name)
            # In place: most of the time would go to fresh memory.
            weights += _product(scale * adapter.arrays[f"{layer}.{place}.a"], adapter.arrays[f"{layer}.{place}.b"])
            step = np.float32(max(weights.max(), -weights.min()) / LARGEST)
            weights /= step
            changed[f"{name}_quantized"] = np.rint(weights, out=weights).astype(np.int8)
            changed[f"{name}_scale"] = np.array(step, dtype=np.float32)
    return changed


def _product(a: Array, b: Array) -> Array:
    """``a.T @ b.T``, in pieces for which OpenBLAS starts no threads.

    A product that its threads share waits for them for ever when the process forks meanwhile, because they are gone
    then (``blas_thread_shutdown`` in driver/others/blas_server.c is what it has fork call).
    """
    rank, inputs = a.shape
    rows = math.gcd(inputs, 1 << int(math.log2(ALONE / (rank * b.shape[0]))))
    return (a.T.reshape(-1, rows, rank) @ b.T).reshape(inputs, b.shape[0])


def weight_name(layer: int, place: str) -> str:
    """What the model file calls a linear layer's weights, without ``_quantized``, ``_scale`` and ``_zero_point``."""
    return f"onnx::MatMul_{FIRST + STEP * layer + PLACES[place]}"


def dequantised(arrays: Mapping[str, NDArray[Any]], name: str) -> Array:
    """The float32 weights of a quantised matrix, of the shape that the file has."""
    plain: Array = arrays[f"{name}_quantized"].astype(np.float32)
    plain -= arrays[f"{name}_zero_point"]
    plain *= arrays[f"{name}_scale"]
    return plain


def initializers(model: bytes) -> dict[str, NDArray[Any]]:
    """The arrays of an ONNX file by name; those of types other than float32, int8 and uint8 are left out."""
    return dict(_initializers(model))


# Fields of https://github.com/onnx/onnx/blob/main/onnx/onnx.proto
_GRAPH, _INITIALIZER = 7, 5
_DIMS, _TYPE, _FLOATS, _INTEGERS, _NAME, _RAW = 1, 2, 4, 5, 8, 9
_TYPES: Mapping[int, Any] = {1: np.float32, 2: np.uint8, 3: np.int8}


def _initializers(model: bytes) -> Iterator[tuple[str, NDArray[Any]]]:
    view = memoryview(model)
    for number, graph in _fields(view):
        if number == _GRAPH and isinstance(graph, memoryview):
            for inner, tensor in _fields(graph):
                if inner == _INITIALIZER and isinstance(tensor, memoryview):
                    yield from _array(tensor)


def _array(tensor: memoryview) -> Iterator[tuple[str, NDArray[Any]]]:
    fields: dict[int, list[int | memoryview]] = {}
    for number, value in _fields(tensor):
        fields.setdefault(number, []).append(value)
    (kind,), (name,) = fields[_TYPE], fields[_NAME]
    if isinstance(kind, int) and kind in _TYPES and isinstance(name, memoryview):
        values = _values(fields, _TYPES[kind])
        yield bytes(name).decode(), values.reshape([size for size in fields.get(_DIMS, []) if isinstance(size, int)])


def _values(fields: Mapping[int, list[int | memoryview]], kind: Any) -> NDArray[Any]:
    """The numbers of a tensor: packed as bytes, or one by one, as small tensors have them."""
    for number in (_RAW, _FLOATS):
        for packed in fields.get(number, ()):
            if isinstance(packed, memoryview):
                return np.frombuffer(packed, dtype=kind)
    single = [one if isinstance(one, int) else one[0] for one in fields[_INTEGERS]]
    return np.array(single, dtype=np.int64).astype(kind)


def _fields(message: memoryview) -> Iterator[tuple[int, int | memoryview]]:
    """The fields of an encoded message: numbers as they are, everything else as bytes."""
    position = 0
    while position < len(message):
        key, position = _varint(message, position)
        match key & 7:
            case 0:
                value, position = _varint(message, position)
                yield key >> 3, value
                continue
            case 1:
                size = 8
            case 2:
                size, position = _varint(message, position)
            case 5:
                size = 4
            case other:
                raise ValueError(f"the ONNX file holds a field of kind {other}")
        yield key >> 3, message[position : position + size]
        position += size


def _varint(message: memoryview, position: int) -> tuple[int, int]:
    value = shift = 0
    while True:
        byte = message[position]
        position += 1
        value |= (byte & 0x7F) << shift
        shift += 7
        if byte < 0x80:
            return value, position
