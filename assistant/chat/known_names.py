"""Lists and opens the articles of an index, and collects the names that occur in them, for the chat."""

import re
from bisect import bisect_left
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING

from index.articles import Article, ArticleInfo, Chunk
from index.english import OPENERS
from index.errors import InputError

if TYPE_CHECKING:
    from index.shards.interface import AnyLibrary

CHUNKS_AT_ONCE = 1000
MOST_NAMED_CHUNKS = 20_000  # names are read from so many chunks at most; that takes about a second
# Words with a capital in a row, joined as names are; the first word of a sentence counts only within such a row.
_CAPITAL = "[A-ZÀ-ÖØ-Þ]"
_NAME = re.compile(
    rf"\b{_CAPITAL}[\w’'-]{{0,60}}(?:\.? (?:(?:of|the|de|al|van|von|bin) ){{0,2}}{_CAPITAL}[\w’'-]{{0,60}})+"
    rf"|(?<=[a-z,] ){_CAPITAL}[\w-]{{2,60}}"
)


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

    library: "AnyLibrary"

    def articles(self) -> tuple[ArticleInfo, ...]:
        """All articles, newest first; those without a date come last."""
        found = (entry.info for entry in self.library.list())
        return tuple(sorted(found, key=lambda article: (-(article.published_at or 0), article.title, article.id)))

    def sources(self) -> tuple[str, ...]:
        """Names of the sources, in alphabetical order."""
        return tuple(sorted({article.source for article in self.articles() if article.source}))

    def known(self) -> "Known":
        articles = self.articles()
        titles = tuple(article.title for article in articles if article.title)
        return Known(
            Phrases.of((*titles, *self.names())), tuple(sorted({one.source for one in articles if one.source}))
        )

    def article(self, identifier: str) -> Article | None:
        """An article with its text; None when it is not in the index."""
        try:
            (stored,) = self.library.get([identifier])
        except InputError:
            return None
        return stored.article

    def names(self) -> tuple[str, ...]:
        """Names of people, places and bodies that occur in the articles, the most frequent first."""
        return names_in(sentence.text for chunk in self._chunks() for sentence in chunk.sentences)

    def _chunks(self) -> Iterator[Chunk]:
        """Chunks of the articles, the newest articles first."""
        every = (key for entry in reversed(self.library.list()) for key in entry.rows.keys)
        keys = tuple(islice(every, MOST_NAMED_CHUNKS))
        for first in range(0, len(keys), CHUNKS_AT_ONCE):
            yield from self.library.chunks(keys[first : first + CHUNKS_AT_ONCE])


def names_in(sentences: Iterable[str]) -> tuple[str, ...]:
    """Capitalised names of sentences, the most frequent first."""
    counts: Counter[str] = Counter()
    for sentence in sentences:
        counts.update(_without_beginning(match.group()) for match in _NAME.finditer(sentence))
    return tuple(name for name, _ in counts.most_common())


def _without_beginning(name: str) -> str:
    """“The Anselm Courier” as “Anselm Courier”: the first word of a sentence is no part of a name."""
    first, _, rest = name.partition(" ")
    name = rest if first in OPENERS and rest else name
    return name.removesuffix("’s").removesuffix("'s")
