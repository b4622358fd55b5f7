"""Compares sentence splitters on the gold set: ``python -m evals.experiments.splitters``.

Each library is measured alone, on the whole text, and inside our blocks, where ``index.split.sentences.split_blocks``
has already decided what the lines mean; the second is what a library would give us as a base. ``--time`` adds how long
each takes for the texts of an article file, as a multiple of ours.
"""

import json
import re
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import click
import numpy as np
from numpy.typing import NDArray

from index.read.readers import read_articles
from index.split.sentences import split_blocks, split_sentences

GOLD = Path(__file__).parents[1] / "datasets" / "sentences" / "gold.jsonl"
SECOND = "second-"  # ids of the texts that were written when the rules stood; see the card beside the gold set
RESAMPLES = 2000
SEED = 20231109

Splitter = Callable[[str], Iterable[tuple[int, int]]]

_LETTER_OR_DIGIT = re.compile(r"[^\W_]")
_BULLET = re.compile(r"[•*–-]\s+")
_REGEX_END = re.compile(r"""(?<=[.!?…])["'”’»)\]]*\s+(?=["'“‘«(\[]*[A-Z0-9])|\n\s*""")


@dataclass(frozen=True, slots=True)
class GoldText:
    """A text with its sentences as (start, end) spans in characters."""

    id: str
    text: str
    spans: tuple[tuple[int, int], ...]


@dataclass(frozen=True, slots=True)
class Score:
    """A micro-averaged F1 over texts with its 95 % interval."""

    value: float
    low: float
    high: float

    def __str__(self) -> str:
        return f"{self.value:.3f} [{self.low:.3f}, {self.high:.3f}]"


@dataclass(frozen=True, slots=True)
class Result:
    """How well a splitter does: sentence ends found, and sentences found with both of their ends."""

    boundaries: Score
    sentences: Score


def read_gold(path: Path = GOLD) -> tuple[GoldText, ...]:
    """Read the gold set; each sentence is located in its text.

    Raises:
        ValueError: a sentence is not in its text, or something but white space lies between sentences.
    """
    records = (json.loads(line) for line in path.read_text("utf-8").splitlines())
    return tuple(GoldText(item["id"], item["text"], _locate(item["text"], item["sentences"])) for item in records)


def _locate(text: str, sentences: Iterable[str]) -> tuple[tuple[int, int], ...]:
    spans: list[tuple[int, int]] = []
    end = 0
    for sentence in sentences:
        start = text.index(sentence, end)
        if text[end:start].strip():
            raise ValueError(f"{text[end:start]!r} lies between the sentences of {text[:40]!r}")
        end = start + len(sentence)
        spans.append((start, end))
    if text[end:].strip():
        raise ValueError(f"{text[end:]!r} lies after the last sentence of {text[:40]!r}")
    return tuple(spans)


def evaluate(splitter: Splitter, gold: Sequence[GoldText]) -> Result:
    """Score a splitter.

    A boundary is the end of a sentence other than the last of its text. Bullets at the start of a sentence and spans
    without a letter or digit are disregarded: to which sentence they belong is a convention.
    """
    found = [_normalised(text.text, splitter(text.text)) for text in gold]
    wanted = [_normalised(text.text, text.spans) for text in gold]
    ends = _counts(
        [{end for _, end in spans[:-1]} for spans in found], [{e for _, e in spans[:-1]} for spans in wanted]
    )
    return Result(_f1(ends), _f1(_counts([set(spans) for spans in found], [set(spans) for spans in wanted])))


def _normalised(text: str, spans: Iterable[tuple[int, int]]) -> list[tuple[int, int]]:
    kept = []
    for start, end in spans:
        stripped = text[start:end].rstrip()
        first = start + len(stripped) - len(stripped.lstrip())
        while bullet := _BULLET.match(text, first, end):
            first = bullet.end()
        if _LETTER_OR_DIGIT.search(stripped):
            kept.append((first, start + len(stripped)))
    return kept


def _counts(found: Sequence[set[object]], wanted: Sequence[set[object]]) -> NDArray[np.int64]:
    """Shape (texts, 3): right, found, wanted."""
    return np.array([(len(f & w), len(f), len(w)) for f, w in zip(found, wanted, strict=True)], dtype=np.int64)


def _f1(counts: NDArray[np.int64]) -> Score:
    """F1 with a percentile bootstrap over texts (Efron & Tibshirani 1993, chapter 13)."""
    picks = np.random.default_rng(SEED).integers(len(counts), size=(RESAMPLES, len(counts)))
    right, found, wanted = np.moveaxis(counts[picks].sum(axis=1), -1, 0)
    low, high = np.quantile(2 * right / np.maximum(found + wanted, 1), (0.025, 0.975))
    total = counts.sum(axis=0)
    return Score(float(2 * total[0] / max(total[1] + total[2], 1)), float(low), float(high))


def _ours(text: str) -> Iterator[tuple[int, int]]:
    return ((sentence.start, sentence.end) for sentence in split_sentences(text))


def _regex(text: str) -> Iterator[tuple[int, int]]:
    start = 0
    for gap in _REGEX_END.finditer(text):
        yield start, gap.end()
        start = gap.end()
    yield start, len(text)


def _nupunkt() -> Splitter:
    import nupunkt

    return nupunkt.load("default").spans


def _pysbd() -> Splitter:
    import pysbd

    segmenter = pysbd.Segmenter(language="en", clean=False, char_span=True)
    return lambda text: ((span.start, span.end) for span in segmenter.segment(text))


def _sentencex() -> Splitter:
    import sentencex

    return lambda text: (
        (found["start_index"], found["end_index"]) for found in sentencex.get_sentence_boundaries("en", text)
    )


def _syntok() -> Splitter:
    from syntok import segmenter

    def split(text: str) -> Iterator[tuple[int, int]]:
        for paragraph in segmenter.analyze(text):
            for tokens in paragraph:
                yield tokens[0].offset, tokens[-1].offset + len(tokens[-1].value)

    return split


def _in_blocks(splitter: Splitter) -> Splitter:
    def split(text: str) -> Iterator[tuple[int, int]]:
        for block in split_blocks(text):
            for start, end in splitter(text[block.start : block.end].replace("\n", " ")):
                yield block.start + start, block.start + end

    return split


def _splitters() -> Iterator[tuple[str, Splitter | str]]:
    """(name, splitter or the reason why there is none)."""
    yield "ours", _ours
    yield "regex", _regex
    for name, make in {"nupunkt": _nupunkt, "pysbd": _pysbd, "sentencex": _sentencex, "syntok": _syntok}.items():
        try:
            yield f"{name} {version(name)}", make()
        except PackageNotFoundError:
            yield name, "not installed"


def _seconds(splitter: Splitter, texts: Sequence[str]) -> float:
    begin = time.perf_counter()
    for text in texts:
        for _ in splitter(text):
            pass
    return time.perf_counter() - begin


@click.command()
@click.option("--time", "timed", type=click.Path(path_type=Path, exists=True), help="Article file to time on.")
@click.option("--errors", is_flag=True, help="Also list where our splitter differs from the gold set.")
def main(timed: Path | None, errors: bool) -> None:
    """Compare sentence splitters on the gold set."""
    gold = read_gold()
    _report("first part", tuple(text for text in gold if not text.id.startswith(SECOND)))
    _report("second part", tuple(text for text in gold if text.id.startswith(SECOND)))
    if timed:
        _report_times([article.text for article in read_articles(timed)])
    if errors:
        _report_errors(gold)


def _report(title: str, gold: Sequence[GoldText]) -> None:
    count = sum(len(text.spans) for text in gold)
    click.echo(f"{title}: {len(gold)} texts, n = {count} sentences; F1 [95 % interval, seed {SEED}]")
    click.echo(f"{'':<26}{'boundaries':<24}whole sentences")
    for name, splitter in _splitters():
        if isinstance(splitter, str):
            click.echo(f"{name:<26}{splitter}")
            continue
        for label, variant in ((name, splitter), ("  in our blocks", _in_blocks(splitter))):
            if label == name or splitter is not _ours:
                result = evaluate(variant, gold)
                click.echo(f"{label:<26}{result.boundaries!s:<24}{result.sentences}")
    click.echo()


def _report_times(texts: Sequence[str]) -> None:
    characters = sum(map(len, texts))
    _seconds(_ours, texts[:1])  # loads the model
    own = _seconds(_ours, texts)
    click.echo(f"time for {characters} characters: ours {own:.2f} s; others as a multiple of it")
    for name, splitter in _splitters():
        if not isinstance(splitter, str) and splitter is not _ours:
            click.echo(f"{name:<26}{_seconds(splitter, texts) / own:.2f}")
    click.echo()


def _report_errors(gold: Sequence[GoldText]) -> None:
    """Our splitter's misses (-) and inventions (+)."""
    for text in gold:
        found = set(_normalised(text.text, _ours(text.text)))
        wanted = set(_normalised(text.text, text.spans))
        for mark, spans in (("-", wanted - found), ("+", found - wanted)):
            for start, end in sorted(spans):
                click.echo(f"{text.id:<16} {mark} {text.text[start:end]!r}")


if __name__ == "__main__":
    main()
