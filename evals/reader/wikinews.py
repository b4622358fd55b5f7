"""Restores passages of Wikinews and Wikipedia from the overlapping pieces in the training data.

Our own questions and claims about them name a group (an article or page) and sentences by the digest of their words, so
that nothing of the articles is copied into the project.
"""

import json
import lzma
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from itertools import pairwise
from pathlib import Path
from typing import Any

from index.split.sentences import split_sentences

DIGEST = 12  # hexadecimal digits of a sentence's SHA-256
PASSAGE_CHARACTERS = 800  # of a passage about, in whole sentences; a chunk of the index has as many
PAGES = "squadshifts-newwiki"  # the source whose pages of Wikipedia we wrote questions about, beside Wikinews
WRITTEN = Path(__file__).parents[1] / "datasets" / "reader"


@dataclass(frozen=True, slots=True)
class Group:
    """An article as far as the training data holds it: runs of sentences that follow one another."""

    name: str
    runs: tuple[tuple[str, ...], ...]

    def passages(self) -> list[tuple[str, ...]]:
        """Its sentences in passages of about ``PASSAGE_CHARACTERS``."""
        found: list[list[str]] = [[]]
        for sentence in (sentence for run in self.runs for sentence in run):
            if found[-1] and sum(map(len, found[-1])) + len(sentence) > PASSAGE_CHARACTERS:
                found.append([])
            found[-1].append(sentence)
        return [tuple(passage) for passage in found if passage]


def digest_of(sentence: str) -> str:
    """By what a sentence is named in our own questions."""
    return sha256(" ".join(sentence.split()).encode()).hexdigest()[:DIGEST]


def read_lines(path: Path) -> Iterator[dict[str, Any]]:
    """The records of a JSON Lines file, compressed with xz or not."""
    with lzma.open(path, "rt", encoding="utf-8") if path.suffix == ".xz" else path.open(encoding="utf-8") as lines:
        yield from map(json.loads, lines)


def groups(records: Iterable[Mapping[str, Any]]) -> dict[str, Group]:
    """The Wikinews articles among the training data's questions, by the name of their group."""
    return _groups((record["split_group"], record) for record in records if "wikinews" in record["source"])


def pages(records: Iterable[Mapping[str, Any]]) -> dict[str, Group]:
    """The pages of Wikipedia that we wrote questions about, by the name of their group."""
    return _groups((f"{PAGES}:{record['split_group']}", record) for record in records if record["source"] == PAGES)


def _groups(records: Iterable[tuple[str, Mapping[str, Any]]]) -> dict[str, Group]:
    contexts: dict[str, dict[str, None]] = defaultdict(dict)
    for name, record in records:
        contexts[name][record["context"]] = None
    return {name: Group(name, _runs(list(found))) for name, found in contexts.items()}


def _runs(contexts: Sequence[str]) -> tuple[tuple[str, ...], ...]:
    """The sentences of overlapping pieces, each once, chained by what most often follows what."""
    follows: dict[str, Counter[str]] = defaultdict(Counter)
    sentences: dict[str, None] = {}
    for context in contexts:
        split = [sentence.text for sentence in split_sentences(context)]
        sentences.update(dict.fromkeys(split))
        for one, other in pairwise(split):
            follows[one][other] += 1
    after = {one: others.most_common(1)[0][0] for one, others in follows.items()}
    led_to = set(after.values())
    used: set[str] = set()
    runs = [_run(sentence, after, used) for sentence in sentences if sentence not in led_to]
    runs += [_run(sentence, after, used) for sentence in sentences]
    return tuple(run for run in runs if run)


def _run(first: str, after: Mapping[str, str], used: set[str]) -> tuple[str, ...]:
    run = []
    sentence: str | None = first
    while sentence is not None and sentence not in used:
        used.add(sentence)
        run.append(sentence)
        sentence = after.get(sentence)
    return tuple(run)
