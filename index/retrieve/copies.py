"""Finds the articles that repeat an article, by the vectors nearest to its own."""

from collections.abc import Callable, Iterable, Sequence

from index.embed.local import Vectors
from index.retrieve.near_duplicates import Link, links
from index.store.records import Stored, version_of

NEIGHBOURS = 50  # of each chunk; more are looked at where all of these are of copies
LINKED_CHUNKS = 8


def copies_of(
    stored: Stored,
    near: Callable[[Vectors, int], Sequence[Sequence[str]]],
    articles: Callable[[Sequence[str]], Iterable[Stored]],
    chunks: int,
) -> tuple[Link, ...]:
    """The articles that repeat an article or are repeated by it, the most alike first.

    Args:
        near: gives for each vector the keys of so many rows nearest to it.
        articles: gives articles by their ids.
        chunks: how many there are to look at.
    """
    own, limit = stored.article.id, NEIGHBOURS
    while True:
        named = [{version_of(key)[0] for key in keys} for keys in near(stored.vectors[:LINKED_CHUNKS], limit)]
        others = articles(sorted(set().union(*named) - {own}))
        found = sorted(links(stored.article, (other.article for other in others)), key=lambda link: -link.overlap)
        copies = {own, *(link.info.id for link in found)}
        # Where a chunk is near to nothing but copies, there may be more of them.
        if limit >= chunks or not any(names <= copies for names in named):
            return tuple(found)
        limit *= 2
