"""Maps what a peer cites to places in the articles: the one place that says how foreign citations are read.

A peer cites whole chunks, some give quotes as well. Three readings of the same reply:

given     where there are quotes, the sentences that they stand in, else each cited chunk as one place. What the reader
          of the peer's answer is shown.
chunk     each cited chunk is one place, right as soon as it holds a gold sentence: the reading most favourable to
          peers, whatever a reader has to read then.
sentence  every sentence of what is given is a place of its own: what a reader has to check, sentence by sentence.

A quote is looked for in the article of its source, nearest to that, as the quotes of imported records are. What stands
nowhere, or under a number that the peer was not given, is a citation of nowhere: it is no gold sentence, and no text
that could support a claim.
"""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

from assistant.answer import Citation, Claim
from evals.exchange.align import Aligner, Fit, Pointer
from evals.metrics.outcome import MIN_SHARED
from evals.peers.reply import Quote, Reply, Source
from index.articles import Article, ArticleInfo, Sentence
from index.split.sentences import split_sentences

Reading = Literal["given", "chunk", "sentence"]
READINGS: tuple[Reading, ...] = ("given", "chunk", "sentence")
Place = tuple[str, int, int]  # article, start, end
NOWHERE: Place = ("", 0, 0)

# "[1]", "[1, 2]", "[Source 3]", "(Source 3)", "Source 3"
_MARK = re.compile(
    r"\[\s*(?:sources?\s*)?\d[\d\s,;&]*(?:(?:and|sources?)[\d\s,;&]*)*\]|\(\s*sources?\s*\d[\d\s,;&]*\)", re.I
)
_MENTION = re.compile(r"\bsources?\s+(\d+)(?:(?:\s*,\s*|\s+and\s+)(\d+))*", re.I)
_NUMBER = re.compile(r"\d+")


@dataclass(frozen=True, slots=True)
class Statement:
    """A sentence of a reply without its marks, and the numbers in them."""

    text: str
    numbers: tuple[int, ...]


def cited(
    reply: Reply, articles: Mapping[str, Article], reading: Reading
) -> tuple[tuple[Claim, ...], tuple[Citation, ...]]:
    """The claims of a reply and its citations, numbered from 1 in the order of their first use."""
    numbers: dict[Place, int] = {}
    claims = []
    shared = None if reply.quotes is None else _of_quotes(reply.quotes, reply, articles, reading)
    for statement in statements(reply.text):
        found = shared if shared is not None else _of_numbers(statement.numbers, reply, articles, reading)
        used = dict.fromkeys(numbers.setdefault(place, len(numbers) + 1) for place in found)
        claims.append(Claim(statement.text, tuple(used)))
    return tuple(claims), tuple(_citation(n, place, articles) for place, n in numbers.items())


def statements(text: str) -> tuple[Statement, ...]:
    """The sentences of a reply; marks that stand before a sentence belong to the one before it."""
    found: list[Statement] = []
    for sentence in split_sentences(text):
        rest, leading = _without_leading_marks(sentence.text)
        if found and leading:
            found[-1] = Statement(found[-1].text, (*found[-1].numbers, *leading))
            leading = ()
        words = " ".join(_MARK.sub("", rest).split())
        words = re.sub(r"\s+([.,;:!?])", r"\1", words)
        if any(character.isalnum() for character in words):
            found.append(Statement(words, (*leading, *_numbers(rest))))
    return tuple(found)


def unaligned(reply: Reply, articles: Mapping[str, Article]) -> int:
    """How many of the quotes stand nowhere in the article that they are said to come from."""
    return sum(_quoted(quote, reply, articles) is None for quote in reply.quotes or ())


def located(words: str, article: Article, near: int = 0) -> Place | None:
    """Where words stand in an article, nearest to an offset; None when they do not, as ``exchange.align`` tells."""
    found = Aligner((article,)).align(Pointer((article.id,), words, near))
    return None if found.fit in {Fit.ARTICLE, Fit.LOST} else (found.article, found.start, found.end)


def sentences_of(sentences: Iterable[Sentence], start: int, end: int) -> tuple[Sentence, ...]:
    """The sentences that share at least half of the shorter one with a place; else the one that shares most."""
    sharing = [(min(item.end, end) - max(item.start, start), item) for item in sentences]
    touched = [(shared, item) for shared, item in sharing if shared > 0]
    enough = [item for shared, item in touched if shared >= MIN_SHARED * min(item.end - item.start, end - start)]
    most = max(touched, key=lambda pair: pair[0], default=None)
    return tuple(enough) if enough or most is None else (most[1],)


def _of_quotes(
    quotes: Sequence[Quote], reply: Reply, articles: Mapping[str, Article], reading: Reading
) -> tuple[Place, ...]:
    if reading == "chunk":
        return tuple(dict.fromkeys(_chunk(reply.source(quote.n)) for quote in quotes))
    places = (_quoted(quote, reply, articles) for quote in quotes)
    return tuple(dict.fromkeys(found for place in places for found in _sentences(place or NOWHERE, articles)))


def _of_numbers(
    numbers: Sequence[int], reply: Reply, articles: Mapping[str, Article], reading: Reading
) -> tuple[Place, ...]:
    chunks = dict.fromkeys(_chunk(reply.source(n)) for n in numbers)
    if reading != "sentence":
        return tuple(chunks)
    return tuple(dict.fromkeys(found for place in chunks for found in _sentences(place, articles)))


def _chunk(source: Source | None) -> Place:
    return NOWHERE if source is None else (source.article, source.start, source.end)


def _quoted(quote: Quote, reply: Reply, articles: Mapping[str, Article]) -> Place | None:
    source = reply.source(quote.n)
    if source is None:
        return None
    return located(quote.text, articles[source.article], source.start)


def _sentences(place: Place, articles: Mapping[str, Article]) -> Iterator[Place]:
    if place == NOWHERE:
        yield NOWHERE
        return
    name, start, end = place
    for sentence in sentences_of(_split(articles[name].text), start, end):
        yield name, sentence.start, sentence.end


@lru_cache(maxsize=1024)
def _split(text: str) -> tuple[Sentence, ...]:
    return split_sentences(text)


def _citation(n: int, place: Place, articles: Mapping[str, Article]) -> Citation:
    name, start, end = place
    if place == NOWHERE:
        return Citation(n, "", 0, 0, ArticleInfo(""))
    article = articles[name]
    return Citation(n, article.text[start:end], start, end, article.info)


def _without_leading_marks(text: str) -> tuple[str, tuple[int, ...]]:
    numbers: list[int] = []
    while mark := _MARK.match(text):
        numbers += map(int, _NUMBER.findall(mark.group()))
        text = text[mark.end() :].lstrip(" .,;:")
    return text, tuple(numbers)


def _numbers(text: str) -> tuple[int, ...]:
    found = (number for pattern in (_MARK, _MENTION) for mark in pattern.finditer(text)
             for number in _NUMBER.findall(mark.group()))  # fmt: skip
    return tuple(dict.fromkeys(map(int, found)))
