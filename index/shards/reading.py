"""Reads and searches several shards as if they were one index."""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import chain
from pathlib import Path
from typing import Protocol, TypeVar

from index.articles import Chunk
from index.embed.local import Vectors
from index.errors import IndexStateError, InputError, UnfitError
from index.hits import SearchResult
from index.library import SEARCHES
from index.lifecycle.add import Models
from index.retrieve.copies import copies_of
from index.retrieve.near_duplicates import Link
from index.retrieve.pipeline import Pipeline, nearest_first
from index.retrieve.reader import Reader
from index.shards.adding import Embedding
from index.shards.asking import Deadline, ask_all, ask_each
from index.shards.known import KnownOfShards, oldest_first
from index.shards.manifest import Manifest
from index.shards.searching import ManyShards
from index.shards.shard import Made, Shard
from index.store.chroma_server import Server
from index.store.records import Entry, Selection, Stored, version_of

PAGE = 100  # articles that are read at a time
Item = TypeVar("Item")


@dataclass(frozen=True, slots=True)
class ShardLimits:
    """How long a question waits for a shard, and what then.

    Attributes:
        seconds: for each of the requests that a question makes to a shard, one for statistics, one for candidates and
            one for chunks; a shard that is late is not asked again. None waits as long as it takes.
        all_shards: whether it is an error when a shard does not answer.
    """

    seconds: float | None = None
    all_shards: bool = False


class Machines(Protocol):
    """Where shards are served and texts are embedded."""

    def shard(self, folder: Path) -> Shard:
        """What stands for the shard in a folder."""
        ...

    def embedding(self, jobs: int) -> Embedding:
        """Embeds while articles are added to shards, in so many processes."""
        ...

    def end_unused(self, folder: Path, used: Collection[str]) -> None:
        """End what serves shards of an index's folder, with the locks that it holds, but for those in use.

        Who still asks one of them is served anew, or told that it is gone.
        """
        ...


class ShardedReading:
    """The shards of one generation of an index. May be used from several threads.

    Every method but ``search`` needs all shards, and raises what the first that cannot answer raises.

    Args:
        folder: holds the manifest.
        models: the embedder and the reranker.
        waiting: called when another process writes and this one has to wait.
        server: for the vectors; None keeps them in the shards' folders.
    """

    def __init__(
        self,
        folder: Path,
        manifest: Manifest,
        models: Models,
        machines: Machines,
        waiting: Callable[[], None] | None = None,
        limits: ShardLimits | None = None,
        server: Server | None = None,
    ) -> None:
        self.folder = folder
        self.manifest = manifest
        self._shards = tuple(machines.shard(folder / name) for name in manifest.shards)
        self._models = models
        self._machines = machines
        self._waiting = waiting
        self._limits = limits or ShardLimits()
        self._server = server
        self._fitting: dict[str, int] = {}  # name of a shard → its store that was made with the settings' model
        self._holds_articles = False

    def search(self, question: str, *, k: int, candidates: int, selection: Selection | None = None) -> SearchResult:
        """The ``k`` best chunks for a question; as ``Library.search``, and says which shards did not answer.

        Raises:
            IndexStateError: there are no articles, a shard was made with another embedding model, none answers, or one
                does not and all must.
        """
        for _ in range(SEARCHES):
            found = self._search(question, k, candidates, selection or Selection())
            if not found.outdated:
                break
        if found.shards.missing and (self._limits.all_shards or len(found.shards.missing) == len(self._shards)):
            raise IndexStateError(found.shards.gap, "mend or wait for what is missing, or ask without it")
        return found

    def _search(self, question: str, k: int, candidates: int, selection: Selection) -> SearchResult:
        pipeline = Pipeline(self._models.embedder(), self._models.reranker())
        self._open()
        asked: list[ManyShards] = []

        def finding(vector: Vectors) -> ManyShards:
            asked.append(ManyShards(self._shards, question, vector, selection, self._limits.seconds))
            return asked[0]

        found = pipeline.search(question, k=k, candidates=candidates, finding=finding)
        stores = asked[0].stores
        self._refuse_unfit(
            [one for one in self._shards if stores.get(one.name) not in {None, self._fitting.get(one.name)}]
        )
        return replace(found, shards=asked[0].answered)

    def reader(self) -> Reader | None:
        """The model that reads what is found, if there is one; refuses what ``search`` would."""
        self._open()
        return self._models.reader()

    def chunks(self, keys: Sequence[str]) -> tuple[Chunk, ...]:
        """The chunks of rows that ``list`` tells, for those that are still there."""
        found: dict[str, Chunk] = {}
        for shard, own in self._at_home(keys, lambda key: version_of(key)[0]):
            found |= shard.current(own, shard.made().store).chunks
        return tuple(found[key] for key in keys if key in found)

    def list(self, selection: Selection | None = None) -> tuple[Entry, ...]:
        """The selected articles, oldest first."""
        found = ask_each(self._shards, lambda shard: shard.list(selection))
        if selection in {None, Selection()} and not any(found.values()):
            raise self._empty()
        return oldest_first(chain.from_iterable(found.values()))

    def known(self) -> KnownOfShards:
        """What there is to select from; raises ``IndexStateError`` without articles."""
        known = KnownOfShards(self._shards)
        if known.counts() == (0, 0):
            raise self._empty()
        return known

    def get(self, article_ids: Sequence[str] | None = None) -> Iterator[Stored]:
        """Articles with their texts, vectors and origins; as ``Library.get``."""
        if article_ids is not None:
            self._refuse_unknown(article_ids)
        wanted = [entry.info.id for entry in self.list()] if article_ids is None else article_ids
        return self.stored(wanted)

    def stored(self, article_ids: Sequence[str]) -> Iterator[Stored]:
        """Those of the articles that are there, a page at a time; as ``Library.stored``."""
        for first in range(0, len(article_ids), PAGE):
            page = article_ids[first : first + PAGE]
            divided = self._at_home(page, str)
            found = {stored.article.id: stored for shard, own in divided for stored in shard.get(own)}
            yield from (found[name] for name in page if name in found)

    def copies(self, article_id: str) -> tuple[Link, ...]:
        """The articles that repeat an article or are repeated by it, in whichever shard."""
        (stored,) = self.get([article_id])

        def near(vectors: Vectors, limit: int) -> list[list[str]]:
            found = ask_each(self._shards, lambda shard: shard.near(vectors, limit)).values()
            merged = (nearest_first(list(chain.from_iterable(rows))) for rows in zip(*found, strict=True))
            return [[row.key for row in rows[:limit]] for rows in merged]

        return copies_of(stored, near, self.stored, KnownOfShards(self._shards).counts()[1])

    def close(self) -> None:
        """Give back what searching holds; the next search opens it again."""
        for shard in self._shards:
            shard.close()

    def _open(self) -> None:
        """Refuse shards of another model, and an index without articles; one that does not answer is told later."""
        if not self._fitting:
            self._refuse_unfit(self._shards)
        if not self._holds_articles:
            deadline = Deadline.after(self._limits.seconds)
            found = ask_all(self._shards, lambda shard: shard.counts(Selection()), deadline)
            self._holds_articles = any(counts.articles for counts in found.given.values())
            if not self._holds_articles and not found.missing:
                raise self._empty()

    def _refuse_unfit(self, shards: Sequence[Shard]) -> None:
        """Refuse shards of another model: all of them at first, then those that were late or were rebuilt meanwhile."""
        if shards:
            self._fit(ask_all(shards, lambda shard: shard.made(), Deadline.after(self._limits.seconds)).given)

    def _fit(self, made: Mapping[str, Made]) -> None:
        embedder = self._models.embedder()
        for name, found in made.items():
            try:
                found.identity.check(embedder)
            except UnfitError as error:
                raise UnfitError(f"{name}: {error.problem}", error.remedy) from error
            self._fitting[name] = found.store

    def _empty(self) -> IndexStateError:
        return IndexStateError(f"there are no articles in the index {self.folder}", "add some first: Library.add()")

    def _at_home(
        self, items: Iterable[Item], article_id: Callable[[Item], str]
    ) -> Iterator[tuple[Shard, Sequence[Item]]]:
        """The shards that have any of the items' articles, with theirs in order."""
        homes = self.manifest.homes(items, article_id)
        return ((shard, own) for shard, own in zip(self._shards, homes, strict=True) if own)

    def _refuse_unknown(self, article_ids: Sequence[str]) -> None:
        known = {name for shard, own in self._at_home(article_ids, str) for name in shard.known(own)}
        if unknown := sorted(set(article_ids) - known):
            problem = f"no article of the index has the id {', '.join(unknown)}"
            raise InputError(problem, "Library.list() shows the ids")
