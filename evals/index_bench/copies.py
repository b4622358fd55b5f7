"""Measures whether copies of a report are found, and how long that takes."""

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from random import Random

from index.articles import Article
from index.library import Library
from index.lifecycle.add import Models
from index.retrieve.near_duplicates import links

Edit = Callable[[str, Random], str]


@dataclass(frozen=True, slots=True)
class CopyRow:
    """What was found of one kind of copy.

    Attributes:
        pairs: pairs of original and copy; ``linked`` are those that repeat each other by the share of word triples.
        found: of the linked pairs, those that the index tells when it is asked for the copies of the original.
        ms: of one such question.
    """

    kind: str
    pairs: int
    linked: int
    found: int
    wrong: int
    ms: float


def measure_copies(folder: Path, models: Models, articles: Sequence[Article], seed: int) -> Iterator[CopyRow]:
    """Add articles with one edited copy of each kind, and ask for the copies of each."""
    random = Random(seed)
    made = {
        kind: {article.id: _copy(article, kind, edit(article.text, random)) for article in articles}
        for kind, edit in EDITS.items()
    }
    library = Library(folder, models)
    library.add([*articles, *(copy for copies in made.values() for copy in copies.values())])
    started = time.perf_counter()
    told = {article.id: {link.info.id for link in library.copies(article.id)} for article in articles}
    ms = (time.perf_counter() - started) * 1000 / len(articles)
    library.close()
    for kind, copies in made.items():
        true = {a.id for a in articles if any(True for _ in links(a, [copies[a.id]]))}
        named = {a.id for a in articles if copies[a.id].id in told[a.id]}
        yield CopyRow(kind, len(articles), len(true), len(true & named), len(named - true), ms)


def _copy(article: Article, kind: str, text: str) -> Article:
    return replace(article, id=f"{article.id}/{kind}", title=f"{article.title} ({kind})", source=kind, text=text)


def _cut(text: str, _: Random) -> str:
    paragraphs = text.split("\n\n")
    return "\n\n".join(paragraphs[: max(1, round(len(paragraphs) * 0.6))])


def _longer(text: str, _: Random) -> str:
    return f"{text}\n\nOur own reporter was on the spot. More on this story follows in tomorrow’s edition."


def _edited(text: str, random: Random) -> str:
    words = text.split(" ")
    for number in random.sample(range(len(words)), len(words) // 40):
        words[number] = random.choice(("reportedly", "later", "again", "on record"))
    return " ".join(words)


def _shuffled(text: str, random: Random) -> str:
    paragraphs = text.split("\n\n")
    random.shuffle(paragraphs)
    return "\n\n".join(paragraphs)


EDITS: Mapping[str, Edit] = {
    "word for word": lambda text, _: text,
    "cut to 60 %": _cut,
    "with an addition": _longer,
    "2.5 % of words changed": _edited,
    "paragraphs in another order": _shuffled,
}
