"""Tells articles apart that only share an id, because feeds and files each number their own articles.

An id that is made to be unique everywhere (an address, a UUID, a digest) names one article, wherever it is read. Any
other is the same article only where something besides says so; else the second one is called ``ID@2``, so that both
stay.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace

from index.articles import Article, ArticleInfo
from index.embed.local import Vectors
from index.formats.article_fields import is_front_page
from index.store.catalog import Catalog

STANDARD_INPUT = "-"  # where the origin of articles is unknown

_MADE_UNIQUE = re.compile(
    r"(?:urn|tag|file|sha256|doi):\S|[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}|[0-9a-f]{32,64}", re.I
)


@dataclass(frozen=True, slots=True)
class Incoming:
    """An article on its way into the index, and the files that it was read from.

    Attributes:
        vectors: of its chunks, of shape (number of chunks, dimension), where it was embedded on the way; else None.
    """

    article: Article
    origins: tuple[str, ...] = ()
    vectors: Vectors | None = field(default=None, compare=False, repr=False)


def as_incoming(articles: Iterable[Article | Incoming]) -> Iterator[Incoming]:
    """Articles, whether it is known where they were read or not."""
    return (item if isinstance(item, Incoming) else Incoming(item) for item in articles)


@dataclass(frozen=True, slots=True)
class _Known:
    """An article that the index holds, or is about to."""

    info: ArticleInfo
    digest: str
    origins: tuple[str, ...]


def told_apart(group: Sequence[Incoming], catalog: Catalog | None) -> list[Incoming]:
    """The articles under the ids that the index has, or is going to have, for them.

    Articles given without an origin keep their ids as they are.
    """
    families = _families(group, catalog)
    return [_placed(incoming, families[family_of(incoming.article.id)]) for incoming in group]


def family_of(article_id: str) -> str:
    """What articles that might be confused have in common: ``101`` of ``101`` and of ``101@2``."""
    return article_id if made_unique(article_id) else re.sub(r"@\d+\Z", "", article_id)


def _families(group: Sequence[Incoming], catalog: Catalog | None) -> dict[str, list[_Known]]:
    """Family → the articles of it that the index holds."""
    names = list(dict.fromkeys(family_of(incoming.article.id) for incoming in group))
    families: dict[str, list[_Known]] = {name: [] for name in names}
    if catalog is None:
        return families
    entries = catalog.entries(names) | catalog.numbered([name for name in names if not made_unique(name)])
    origins = catalog.origins(list(entries))
    for identifier, entry in entries.items():
        families[family_of(identifier)].append(_Known(entry.info, entry.digest, origins.get(identifier, ())))
    return families


def _placed(incoming: Incoming, family: list[_Known]) -> Incoming:
    """The article under the id of the one that it is a version of, or under an id that is free."""
    article = incoming.article
    if incoming.origins and not made_unique(article.id):
        known = _version(incoming, family)
        article = replace(article, id=known.info.id if known else _free(article.id, family))
    family[:] = [known for known in family if known.info.id != article.id]
    family.append(_Known(article.info, article.digest, incoming.origins))
    return replace(incoming, article=article)


def _version(incoming: Incoming, family: Iterable[_Known]) -> _Known | None:
    """Which of the articles the incoming one is, or is another version of."""
    article, place = incoming.article, incoming.origins
    named = sorted(
        (known for known in family if article.id in {known.info.id, family_of(known.info.id)}),
        key=lambda known: known.info.id != article.id,
    )
    same = [known for known in named if replace(article, id=known.info.id).digest == known.digest]
    possible = [known for known in named if not _differ(article.source, known.info.source)]
    same += [known for known in possible if known.origins == place and place != (STANDARD_INPUT,)]
    same += [known for known in possible if not known.origins or _states_the_same(article, known.info)]
    return same[0] if same else None


def _states_the_same(one: ArticleInfo, other: ArticleInfo) -> bool:
    """Whether two articles of one id, out of different files, are plainly one."""
    if one.url and other.url:
        return one.url == other.url
    titled = bool(one.title) and one.title.casefold() == other.title.casefold()
    dated = bool(one.published) and one.published == other.published
    # Of one publisher the id is worth something, so that either will do.
    return titled or dated if one.source and one.source == other.source else titled and dated


def _differ(one: str, other: str) -> bool:
    return bool(one and other) and one.casefold() != other.casefold()


def _free(article_id: str, family: Iterable[_Known]) -> str:
    taken = {known.info.id for known in family}
    names = (article_id, *(f"{article_id}@{number}" for number in range(2, len(taken) + 3)))
    return next(name for name in names if name not in taken)


def made_unique(article_id: str) -> bool:
    """Whether an id is of a form that stands for one article everywhere; the address of a front page is not."""
    if article_id.startswith(("http://", "https://")):
        return not is_front_page(article_id)
    return _MADE_UNIQUE.match(article_id) is not None
