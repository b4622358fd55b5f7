"""Turns training examples into tokens and targets for the encoder."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from tokenizers import Encoding, Tokenizer

from evals.reader.examples import Example

LONGEST = 288  # tokens of an example; what lies behind is cut
KINDS = ("question", "claim", "close")


@dataclass(frozen=True, slots=True)
class Tokens:
    """An example as tokens.

    Attributes:
        ids: of shape (tokens,), uint16.
        asked: how many tokens the question takes, with the first and the separator.
        sentences: of shape (sentences, 2): first token and end.
        gold: of shape (sentences,), bool.
        span: first and last token of the words that answer; (0, 0) for none, (-1, -1) where it is not known.
    """

    ids: NDArray[np.uint16]
    asked: int
    sentences: NDArray[np.uint16]
    gold: NDArray[np.bool_]
    span: tuple[int, int]
    kind: str
    source: str
    answerable: bool
    support: int
    sentences_known: bool


def tokenised(examples: Sequence[Example], tokenizer: Path) -> list[Tokens]:
    """The examples as tokens; those of which no sentence is read are left out."""
    made = Tokenizer.from_file(str(tokenizer))
    made.no_padding()
    made.enable_truncation(LONGEST, strategy="only_second")
    heads = [f"{example.head}\n" if example.head else "" for example in examples]
    pairs = [(example.asked, head + example.text) for example, head in zip(examples, heads, strict=True)]
    encoded = made.encode_batch(pairs)
    found = (_tokens(e, enc, len(head)) for e, enc, head in zip(examples, encoded, heads, strict=True))
    return [tokens for tokens in found if len(tokens.sentences)]


def _tokens(example: Example, encoding: Encoding, shift: int) -> Tokens:
    places = [
        (position, start - shift, end - shift)
        for position, ((start, end), part) in enumerate(zip(encoding.offsets, encoding.sequence_ids, strict=True))
        if part == 1 and end > start
    ]
    inside = [[i for i, start, end in places if first <= start and end <= last] for first, last in example.sentences]
    read = [n for n, tokens in enumerate(inside) if tokens]
    span = (0, 0) if not example.answerable else (-1, -1)
    if example.answer is not None:
        answering = [i for i, start, end in places if end > example.answer[0] and start < example.answer[1]]
        span = (answering[0], answering[-1]) if answering else (-1, -1)
    return Tokens(
        np.array(encoding.ids, dtype=np.uint16),
        encoding.type_ids.count(0),
        np.array([(inside[n][0], inside[n][-1] + 1) for n in read], dtype=np.uint16).reshape(-1, 2),
        np.array([example.gold[n] for n in read], dtype=bool),
        span,
        example.kind,
        example.source,
        example.answerable,
        example.support,
        example.sentences_known,
    )


def save(tokens: Sequence[Tokens], path: Path) -> None:
    """Write examples as one compressed file of arrays; texts that several questions share lie side by side."""
    ordered = sorted(tokens, key=lambda one: bytes(one.ids[one.asked :]))
    sources = sorted({one.source for one in ordered})
    arrays: Mapping[str, NDArray[Any]] = {
        "sizes": np.array([(len(one.ids), one.asked, len(one.sentences)) for one in ordered], dtype=np.uint16),
        "ids": np.concatenate([one.ids for one in ordered]),
        "sentences": np.concatenate([one.sentences for one in ordered]),
        "gold": np.concatenate([one.gold for one in ordered]),
        "spans": np.array([one.span for one in ordered], dtype=np.int16),
        "kinds": np.array([KINDS.index(one.kind) for one in ordered], dtype=np.uint8),
        "flags": np.array([(one.answerable, one.sentences_known, one.support) for one in ordered], dtype=np.uint8),
        "source": np.array([sources.index(one.source) for one in ordered], dtype=np.uint16),
        "sources": np.array(sources),
    }
    np.savez_compressed(path, allow_pickle=False, **arrays)


def load(path: Path) -> list[Tokens]:
    """Read what ``save`` has written."""
    with np.load(path, allow_pickle=False) as stored:
        a = {name: stored[name] for name in stored.files}
    ends = np.cumsum(a["sizes"][:, [0, 2]].astype(np.int64), axis=0)
    found = []
    for n, (size, asked, count) in enumerate(a["sizes"].astype(int)):
        ids, sentences = slice(ends[n, 0] - size, ends[n, 0]), slice(ends[n, 1] - count, ends[n, 1])
        answerable, known, support = (int(flag) for flag in a["flags"][n])
        found.append(
            Tokens(
                a["ids"][ids],
                int(asked),
                a["sentences"][sentences],
                a["gold"][sentences],
                (int(a["spans"][n, 0]), int(a["spans"][n, 1])),
                KINDS[a["kinds"][n]],
                str(a["sources"][a["source"][n]]),
                bool(answerable),
                support,
                bool(known),
            )
        )
    return found
