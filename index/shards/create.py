"""Makes an index of several shards, where there is none."""

from collections.abc import Callable
from pathlib import Path

from index.embed.local import Embedder
from index.errors import IndexStateError, UsageError
from index.lifecycle.commit import CATALOG
from index.lifecycle.rebuild import needs_adoption
from index.lifecycle.write_lock import one_writer
from index.shards.local import LocalShard
from index.shards.manifest import MOST_SHARDS, Manifest, read_manifest, write_manifest
from index.store.chroma_server import Server
from index.store.fingerprint import Identity


def create_shards(
    folder: Path,
    number: int,
    embedder: Embedder,
    waiting: Callable[[], None] | None = None,
    server: Server | None = None,
) -> Manifest:
    """Make an empty index of so many shards, for an embedding model.

    An interrupted call can simply be made again.

    Raises:
        IndexStateError: there is an index in the folder.
        UsageError: so many shards cannot be made.
    """
    refuse_number(number)
    with one_writer(folder, waiting):
        if read_manifest(folder) is not None or (folder / CATALOG).exists() or needs_adoption(folder, server):
            problem = f"there is an index in {folder}"
            raise IndexStateError(problem, "divide it: Library.reshard(); or choose another index folder")
        manifest, identity = Manifest.following(1, number), Identity.of(embedder)
        for name in manifest.shards:
            LocalShard.create(folder / name, identity, server)
        write_manifest(folder, manifest)
    return manifest


def refuse_number(number: int) -> None:
    """Refuse a number of shards that cannot be made.

    Raises:
        UsageError: it is one.
    """
    if not 1 <= number <= MOST_SHARDS:
        raise UsageError(f"an index can have 1 to {MOST_SHARDS} shards, not {number}")
