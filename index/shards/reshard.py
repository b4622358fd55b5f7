"""Divides an index into another number of shards, by copying articles with their vectors while it is read.

The new shards are filled beside the old ones, which stay in use. Then the manifest is replaced in one step, and what it
no longer names is deleted. A note says which shards are being filled, so that an interrupted call goes on when it is
made again, whatever it was doing; what was added to the old shards or removed from them meanwhile is found by
comparing.
"""

import shutil
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from uuid import uuid4

from index.errors import DamagedError, IndexStateError, UnfitError
from index.lifecycle.add import Models
from index.lifecycle.commit import COMMIT_LOCK, remove_unused
from index.lifecycle.rebuild import FLUSH_CHUNKS
from index.lifecycle.write_lock import one_writer, open_catalog
from index.shards.create import refuse_number
from index.shards.local import LocalShard
from index.shards.manifest import NEXT_MANIFEST, Manifest, read_manifest, write_manifest
from index.split.chunks import CHUNKING
from index.store.catalog import Catalog
from index.store.chroma import Store
from index.store.chroma_server import Server
from index.store.records import Stored

GONE = ".gone"  # marks a folder that is being deleted


@dataclass(frozen=True, slots=True)
class Resharded:
    """How far dividing is.

    Attributes:
        total: articles that there are.
        articles: those that are in the new shards.
        copied: those of them that this call has copied.
        shards: how many there are to be.
    """

    shards: int
    total: int = 0
    articles: int = 0
    copied: int = 0


class Resharding:
    """Divides the index in a folder anew; one writer at a time.

    Args:
        folder, models, waiting, server: as those of ``Library``.
        end_unused: ends what serves the folder's shards, or holds them for a killed writer, but for those it is given.
    """

    def __init__(
        self,
        folder: Path,
        models: Models,
        end_unused: Callable[[Path, Collection[str]], None],
        waiting: Callable[[], None] | None = None,
        server: Server | None = None,
    ) -> None:
        self._folder = folder
        self._models = models
        self._end_unused = end_unused
        self._waiting = waiting
        self._server = server

    def run(self, number: int, progress: Callable[[Resharded], None] | None = None) -> Resharded:
        """Divide the index into so many shards; where it has as many, only finish what was interrupted.

        Raises:
            UsageError: so many shards cannot be made.
            IndexStateError: there is no index, a shard is missing or damaged, or the folder cannot be written.
        """
        refuse_number(number)
        with one_writer(self._folder, self._waiting):
            old = read_manifest(self._folder)
            if old is not None and len(old.shards) == number:
                remove_unused_shards(self._folder, old, self._server, abandoned=True)
                self._end_unused(self._folder, old.shards)
                return Resharded(number)
            self._end_unused(self._folder, ())
            with self._sources(old) as sources:
                new = self._next(old, number)
                done = self._copy(sources, new, progress)
            write_manifest(self._folder, new)
            (self._folder / NEXT_MANIFEST).unlink(missing_ok=True)
            remove_unused_shards(self._folder, new, self._server)
            self._end_unused(self._folder, new.shards)
        return done

    @contextmanager
    def _sources(self, old: Manifest | None) -> Iterator[list[Catalog]]:
        """The catalogs of the index as it is, which nobody writes meanwhile."""
        with ExitStack() as stack:
            if old is None:
                catalog = open_catalog(self._folder, self._server)
                if catalog is None:
                    raise IndexStateError(f"there are no articles in {self._folder}", "add some first: Library.add()")
                yield [catalog]
                return
            shards = [LocalShard(self._folder / name, self._models, None, self._server) for name in old.shards]
            catalogs = [shard.catalog() for shard in shards]  # raises where one is missing
            for shard in shards:
                stack.enter_context(one_writer(shard.folder, self._waiting))
            yield catalogs

    def _next(self, old: Manifest | None, number: int) -> Manifest:
        """The shards to be filled: those of an interrupted call, or new ones."""
        new = Manifest.following((old.generation if old else 0) + 1, number)
        if read_manifest(self._folder, NEXT_MANIFEST) != new:
            remove_unused_shards(self._folder, old, self._server, abandoned=True)
            write_manifest(self._folder, new, NEXT_MANIFEST)
        return new

    def _copy(
        self, sources: Sequence[Catalog], new: Manifest, progress: Callable[[Resharded], None] | None
    ) -> Resharded:
        identity = sources[0].identity
        if any(source.identity != identity for source in sources) or identity.chunking != CHUNKING:
            problem = "the index was made with several models, or holds texts cut in another way than this version does"
            raise UnfitError(problem, "make them anew first: Library.rebuild()")
        shards = []
        for name in new.shards:
            LocalShard.create(self._folder / name, identity, self._server)
            shards.append(LocalShard(self._folder / name, self._models, self._waiting, self._server))
        total = sum(source.counts()[0] for source in sources)
        done, kept = Resharded(len(shards), total), [set[str]() for _ in shards]
        try:
            for place, group in _groups((stored for source in sources for stored in source.stored()), new):
                copied = shards[place].take(group)
                kept[place].update(stored.article.id for stored in group)
                done = Resharded(len(shards), total, done.articles + len(group), done.copied + copied)
                if progress:
                    progress(done)
        finally:
            for shard in shards:
                shard.close()
        self._compare(shards, kept, total)
        return done

    def _compare(self, shards: Sequence[LocalShard], kept: Sequence[set[str]], total: int) -> None:
        """Remove what has left the old shards since an interrupted call copied it, and count."""
        for shard, names in zip(shards, kept, strict=True):
            shard.remove([entry.info.id for entry in shard.list() if entry.info.id not in names])
        found = sum(shard.catalog().counts()[0] for shard in shards)
        if found != total:
            problem = f"the new shards in {self._folder} hold {found} articles instead of {total}"
            raise DamagedError(problem, "run it again; the index is as it was")


def remove_unused_shards(
    folder: Path, manifest: Manifest | None, server: Server | None, *, abandoned: bool = False
) -> None:
    """Delete what a manifest replaced: other shards, and the files of an index that was not divided.

    Args:
        manifest: None leaves the index that is not divided.
        abandoned: also delete shards that an interrupted call has begun to fill.
    """
    following = None if abandoned else read_manifest(folder, NEXT_MANIFEST)
    used = {name for one in (manifest, following) if one for name in one.shards}
    if abandoned:
        (folder / NEXT_MANIFEST).unlink(missing_ok=True)
    for path in folder.glob("shard-*"):
        if path.name not in used and path.is_dir():
            # Readers find no folder rather than half of one.
            gone = path if path.name.endswith(GONE) else path.rename(folder / f"{path.name}.{uuid4().hex[:8]}{GONE}")
            if all(Store.delete_all(vectors, server) for vectors in gone.glob("vectors-*")):
                shutil.rmtree(gone, ignore_errors=True)  # tried again at the next writing
    if manifest is not None:
        remove_unused(folder, [], server)
        for file in (*folder.glob("catalog*"), folder / COMMIT_LOCK):
            file.unlink(missing_ok=True)


def _groups(articles: Iterator[Stored], manifest: Manifest) -> Iterator[tuple[int, list[Stored]]]:
    """Articles of one shard at a time, with about FLUSH_CHUNKS chunks."""
    groups: list[list[Stored]] = [[] for _ in manifest.shards]
    chunks = [0] * len(groups)
    for stored in articles:
        place = manifest.place_of(stored.article.id)
        groups[place].append(stored)
        chunks[place] += len(stored.vectors)
        if chunks[place] >= FLUSH_CHUNKS:
            yield place, groups[place]
            groups[place], chunks[place] = [], 0
    yield from ((place, group) for place, group in enumerate(groups) if group)
