"""The class ``ShardedLibrary``: several shards with the interface of one ``Library``."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from itertools import chain

from index.articles import Article
from index.errors import DividedError
from index.lifecycle.add import LOOK_UP_ARTICLES, AddReport, batched
from index.lifecycle.article_source import ArticleSource, refuse_pruning
from index.lifecycle.check import CheckReport
from index.lifecycle.namesakes import Incoming, as_incoming
from index.lifecycle.rebuild import Rebuilt
from index.lifecycle.write_lock import one_writer
from index.shards.adding import ShardedAdding
from index.shards.asking import ask_each
from index.shards.known import KnownOfShards, check_all
from index.shards.manifest import read_manifest
from index.shards.reading import ShardedReading
from index.shards.reshard import remove_unused_shards
from index.store.records import IndexStatus


class ShardedLibrary(ShardedReading):
    """The shards of one generation of an index, for reading and writing.

    Writers hold the folder of all shards first, so that two of them never wait for each other's shards.
    """

    def add(
        self,
        articles: Iterable[Article | Incoming],
        progress: Callable[[AddReport], None] | None = None,
        *,
        stop: Callable[[], bool] | None = None,
        jobs: int = 1,
        source: ArticleSource | None = None,
        prune: bool = False,
    ) -> AddReport:
        """Add articles, each to its shard; as ``Library.add``."""
        refuse_pruning(source, prune=prune)
        with self._writing():
            self._fit(ask_each(self._shards, lambda shard: shard.made()))
            embedding = self._machines.embedding(jobs)
            seen = source.seen if source else None
            try:
                adding = ShardedAdding(self._shards, self.manifest.place_of, embedding, seen)
                report = adding.add(as_incoming(articles), progress, stop)
            finally:
                embedding.close()
        stopped = stop is not None and stop()
        return replace(report, removed=self.prune(source)) if source and prune and not stopped else report

    def preview(
        self, articles: Iterable[Article | Incoming], seen: set[tuple[str, str]] | None = None
    ) -> Iterator[tuple[str, Article]]:
        """What ``add`` would do with each article; as ``Library.preview``."""
        for group in batched(as_incoming(articles), LOOK_UP_ARTICLES):
            homes = self.manifest.homes(group, lambda incoming: incoming.article.id)
            found = [iter(shard.preview(own)) for shard, own in zip(self._shards, homes, strict=True)]
            for incoming in group:
                previewed = next(found[self.manifest.place_of(incoming.article.id)])
                if seen is not None:
                    seen.update((previewed.article.id, place) for place in incoming.origins)
                yield previewed.change, previewed.article

    def remove(self, article_ids: Sequence[str]) -> None:
        """Remove articles; as ``Library.remove``."""
        with self._writing():
            wanted = list(dict.fromkeys(article_ids))
            self._refuse_unknown(wanted)
            for shard, own in self._at_home(wanted, str):
                shard.remove(own)

    def prune(self, source: ArticleSource, *, dry_run: bool = False) -> tuple[str, ...]:
        """Remove the articles that have left a source's folders; as ``Library.prune``."""
        folders = source.folders()
        with self._writing():
            origins = ask_each(self._shards, lambda shard: shard.origins_below(folders))
            removed = (shard.forget(source.gone(origins[shard.name]), dry_run=dry_run) for shard in self._shards)
            return tuple(chain.from_iterable(removed))

    def check(self) -> CheckReport:
        """Compare everything that is stored, shard by shard, and whether each article is in its own."""
        with self._writing():
            reports = [shard.check() for shard in self._shards]
            strangers = [
                {entry.info.id for entry in shard.list() if self.manifest.place_of(entry.info.id) != place}
                for place, shard in enumerate(self._shards)
            ]
        return check_all(self._shards, strangers, reports)

    def rebuild(self, progress: Callable[[Rebuilt], None] | None = None) -> Rebuilt:
        """Make every shard anew from its own articles, one after the other; as ``Library.rebuild``."""
        with self._writing():
            total = KnownOfShards(self._shards).counts()[0]
            done = Rebuilt(total=total)
            for shard in self._shards:
                before = done

                def told(own: Rebuilt, before: Rebuilt = before) -> None:
                    if progress:
                        progress(before.plus(own))

                done = before.plus(shard.rebuild(told if progress else None))
        return done

    def status(self) -> IndexStatus:
        """How the index stands, and each of its shards."""
        found = tuple(ask_each(self._shards, lambda shard: shard.status()).values())
        embedders = ", ".join(sorted({one.embedder for one in found}))
        sums = {
            name: sum(getattr(one, name) for one in found) for name in ("articles", "chunks", "disk_bytes", "pending")
        }
        return IndexStatus(folder=self.folder, embedder=embedders, shards=found, **sums)

    @contextmanager
    def _writing(self) -> Iterator[None]:
        """Hold all shards for writing.

        Raises:
            DividedError: the index was divided into other shards meanwhile.
        """
        with one_writer(self.folder, self._waiting):
            if read_manifest(self.folder) != self.manifest:
                raise DividedError(f"the index {self.folder} was divided into other shards", "open it again")
            remove_unused_shards(self.folder, self.manifest, self._server)
            self._machines.end_unused(self.folder, self.manifest.shards)
            self._finish()  # what a writer held that was killed
            try:
                yield
            finally:
                self._finish()

    def _finish(self) -> None:
        for shard in self._shards:
            shard.finish()
