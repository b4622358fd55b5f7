"""Fits the head that tells sentences which address machines: logistic regression on the trained encoder as it is.

A sentence is read alone. Among others, a head learns whether it belongs there instead of what it says: one
trained on sentences put into articles, told almost none of those that stood in articles of their own.
"""

import random
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from evals.reader.calibrate import regression
from evals.reader.wikinews import WRITTEN, groups, read_lines
from index.retrieve.adapter import Adapter
from index.retrieve.cross_encoder import Array, CrossEncoder
from index.retrieve.reader import LAYERS, whole

NEWS = 2500  # sentences of Wikinews that address no reader
NEWS_WEIGHT = 0.4  # of each of them, beside 1 of each sentence of ours
RIDGE = 100.0  # on standardised features; of 30, 100, 300 and 1000 it made no difference


def order_head(folder: Path, adapter: Adapter, data: Path, seed: int) -> tuple[Array, Array]:
    """Weights of shape (1, features) and bias of shape (1,).

    Args:
        folder: holds the cross-encoder's files.
        data: the folder with the reader's training data.
    """
    ours = list(read_lines(WRITTEN / "orders-train.jsonl"))
    articles = groups(read_lines(data / "qa.jsonl.xz")).values()
    news = [sentence for group in articles for run in group.runs for sentence in run]
    drawn = random.Random(seed).sample(news, NEWS)
    rows = _features(folder, adapter, [*(record["text"] for record in ours), *drawn])
    labels = [*(bool(record["addresses"]) for record in ours), *(False for _ in drawn)]
    weights = [*(1.0 for _ in ours), *(NEWS_WEIGHT for _ in drawn)]
    found, bias = regression(rows, labels, weights, RIDGE)
    return np.array([found], dtype=np.float32), np.array([bias], dtype=np.float32)


def _features(folder: Path, adapter: Adapter, sentences: Sequence[str]) -> list[list[float]]:
    encoder = CrossEncoder(folder, LAYERS, adapter)
    return encoder.read([("", sentence) for sentence in sentences], lambda _, states: [*map(float, whole(states))])
