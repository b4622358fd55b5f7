"""Reads the vectors from a reply of ``/embeddings``, in whichever form a server sends them.

OpenAI lists objects with ``embedding`` and ``index``; Ollama has ``embeddings`` or one ``embedding``, text-embeddings
inference and llama.cpp bare lists; numbers come as numbers, as text, or packed into base64.
"""

import base64
import binascii
from collections.abc import Mapping, Sequence

import numpy as np

from index.embed.local import Vectors

LISTS, VECTORS = ("data", "embeddings", "results", "output"), ("embedding", "vector", "values", "embeddings")
DEEPEST = 4


def vectors_in(reply: object, count: int) -> Vectors:
    """Vectors of shape (count, dimension), in the order of the texts.

    Raises:
        ValueError: the reply does not have just one vector of numbers for each text; says what it has.
    """
    rows = [_vector(item) for item in _ordered(_items(reply))]
    if not rows or any(row is None for row in rows):
        raise ValueError("no vectors")
    if len(rows) != count:
        raise ValueError(f"{len(rows)} vectors for {count} texts")
    if len({len(row) for row in rows if row is not None}) > 1:
        raise ValueError("vectors of different lengths")
    return np.asarray(rows, dtype=np.float32)


def _items(reply: object, depth: int = DEEPEST) -> list[object]:
    """What stands for each text, in the server's order."""
    if isinstance(reply, Mapping):
        listed = next((reply[name] for name in LISTS if reply.get(name)), None)
        if listed is not None and depth:
            return _items(listed, depth - 1)
        return [reply]
    if not isinstance(reply, list) or not reply:
        return []
    # One vector without a list around it.
    return [reply] if _numbers(reply) is not None else reply


def _ordered(items: list[object]) -> list[object]:
    """By ``index`` where all tell a different one, else as they came."""
    places = [_place(item) for item in items]
    told = [place for place in places if place is not None]
    if len(set(told)) < len(items):
        return items
    return [item for _, item in sorted(zip(told, items, strict=True), key=lambda pair: pair[0])]


def _place(item: object) -> int | None:
    place = item.get("index") if isinstance(item, Mapping) else None
    if isinstance(place, str) and place.strip().isdecimal():
        place = int(place)
    if isinstance(place, float) and place.is_integer():
        place = int(place)
    return place if isinstance(place, int) and not isinstance(place, bool) else None


def _vector(item: object, depth: int = DEEPEST) -> Sequence[float] | None:
    if isinstance(item, Mapping):
        item = next((item[name] for name in VECTORS if item.get(name)), None)
    if isinstance(item, str):
        return _packed(item)
    if isinstance(item, Mapping):  # {"embedding": {"values": [...]}}
        return _vector(item, depth - 1) if depth else None
    if isinstance(item, list) and len(item) == 1 and isinstance(item[0], list) and len(item[0]) > 1:
        return _numbers(item[0])  # llama.cpp without pooling over one token
    return _numbers(item) if isinstance(item, list) and item else None


def _numbers(values: list[object]) -> list[float] | None:
    try:
        return [float(value) for value in values if isinstance(value, int | float | str)] if _plain(values) else None
    except (ValueError, OverflowError):
        return None


def _plain(values: list[object]) -> bool:
    return all(isinstance(value, int | float | str) and not isinstance(value, bool) for value in values)


def _packed(text: str) -> list[float] | None:
    """Numbers of 32 bits, little-endian, in base64."""
    try:
        data = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        return None
    if not data or len(data) % 4:
        return None
    return [float(number) for number in np.frombuffer(data, dtype="<f4")]
