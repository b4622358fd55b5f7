"""The articles of an index as a reader meets them: listed, opened, and known by the names that occur in them."""

import re
from bisect import bisect_left
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING

from index.articles import Article, ArticleInfo, Chunk

if TYPE_CHECKING:
    from index.library import Library
    from index.store import Store

CHUNKS_AT_ONCE = 32
MOST_NAMED_CHUNKS = 20_000  # names are read from so many chunks at most; that takes about a second
# Words with a capital in a row, joined as names are; the first word of a sentence counts only within such a row.
_CAPITAL = "[A-ZÀ-ÖØ-Þ]"
_NAME = re.compile(
    rf"\b{_CAPITAL}[\w’'-]*(?:\.? (?:(?:of|the|de|al|van|von|bin) ){{0,2}}{_CAPITAL}[\w’'-]*)+"
    rf"|(?<=[a-z,] ){_CAPITAL}[\w-]{{2,}}"
)
_BEGINNINGS = frozenset("The A An In On At But And For From With After Before When While Its His Her Their".split())


@dataclass(frozen=True, slots=True)
class Phrases:
    """Texts that can be found by how they begin, whatever their case.

    Attributes:
        folded: (case-folded text, text), sorted.
    """

    folded: tuple[tuple[str, str], ...]

    @classmethod
    def of(cls, texts: Iterable[str]) -> "Phrases":
        return cls(tuple(sorted({(text.casefold(), text) for text in texts if text})))

    def beginning(self, start: str) -> Iterator[str]:
        """The texts that begin so and go on, in alphabetical order."""
        folded = start.casefold()
        for position in range(bisect_left(self.folded, (folded, "")), len(self.folded)):
            key, text = self.folded[position]
            if not key.startswith(folded):
                return
            if key != folded:
                yield text


@dataclass(frozen=True, slots=True)
class Known:
    """Titles and names that occur in the articles, and their sources."""

    phrases: Phrases = Phrases(())
    sources: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Shelf:
    """What the chat lists, completes and opens.

    Every method raises IndexStateError when there is no index.
    """

    library: "Library"

    def articles(self) -> tuple[ArticleInfo, ...]:
        """All articles, newest first; those without a date come last."""
        found = (chunk.article for chunk in self._store().all_chunks() if chunk.number == 0)
        return tuple(sorted(found, key=lambda article: (-(article.published_at or 0), article.title, article.id)))

    def sources(self) -> tuple[str, ...]:
        """Names of the sources, in alphabetical order."""
        return tuple(sorted({article.source for article in self.articles() if article.source}))

    def known(self) -> "Known":
        """What can be completed."""
        articles = self.articles()
        titles = tuple(article.title for article in articles if article.title)
        return Known(
            Phrases.of((*titles, *self.names())), tuple(sorted({one.source for one in articles if one.source}))
        )

    def article(self, identifier: str) -> Article | None:
        """An article with its text, put together from the chunks that tile it; None when it is not in the index."""
        chunks = tuple(self._chunks_of(identifier))
        if not chunks:
            return None
        info = chunks[0].article
        text = "".join(chunk.text for chunk in chunks)
        return Article(info.id, info.title, info.source, info.url, info.author, info.published, text)

    def names(self) -> tuple[str, ...]:
        """Names of people, places and bodies that occur in the articles, the most frequent first."""
        chunks = islice(self._store().all_chunks(), MOST_NAMED_CHUNKS)
        return names_in(sentence.text for chunk in chunks for sentence in chunk.sentences)

    def _store(self) -> "Store":
        return self.library.searcher().store

    def _chunks_of(self, identifier: str) -> Iterator[Chunk]:
        """The article's chunks in order; they are numbered without a gap."""
        store, first = self._store(), 0
        while True:
            ids = [f"{identifier}#{number}" for number in range(first, first + CHUNKS_AT_ONCE)]
            found = store.get(ids)
            yield from (found[name] for name in ids if name in found)
            if len(found) < CHUNKS_AT_ONCE:
                return
            first += CHUNKS_AT_ONCE


def names_in(sentences: Iterable[str]) -> tuple[str, ...]:
    """Capitalised names of sentences, the most frequent first."""
    counts: Counter[str] = Counter()
    for sentence in sentences:
        counts.update(_without_beginning(match.group()) for match in _NAME.finditer(sentence))
    return tuple(name for name, _ in counts.most_common())


def _without_beginning(name: str) -> str:
    """“The Anselm Courier” as “Anselm Courier”: the first word of a sentence is no part of a name."""
    first, _, rest = name.partition(" ")
    name = rest if first in _BEGINNINGS and rest else name
    return name.removesuffix("’s").removesuffix("'s")
