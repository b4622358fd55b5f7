"""Lets one process write at a time, and repairs what an interrupted one left behind."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from errno import ENOSPC
from pathlib import Path

from filelock import FileLock, Timeout

from index.errors import DamagedError, DividedError, IndexStateError
from index.lifecycle.commit import CATALOG, MANIFEST, NEXT_CATALOG, Parts, remove_unused
from index.lifecycle.rebuild import needs_adoption, rebuild
from index.private import private_folder, tighten, tighten_tree
from index.store.catalog import Catalog
from index.store.chroma_server import Server

LOCK_FILE = "writer.lock"
OWN_ENTRIES = ("catalog*", "vectors-*", "words-*", "*.lock", f"{MANIFEST}*", "shard-*")
LOCK_SECONDS = 600  # how long a second writer waits for the first


@contextmanager
def one_writer(folder: Path, waiting: Callable[[], None] | None = None) -> Iterator[None]:
    """Hold the index for writing; one process at a time. What it holds before and after is this user's alone to read.

    Args:
        waiting: called once when another process holds it, before waiting for LOCK_SECONDS.

    Raises:
        IndexStateError: the folder cannot be written, or another process writes for longer than LOCK_SECONDS.
    """
    try:
        if not folder.is_dir():
            private_folder(folder)
        lock = FileLock(folder / LOCK_FILE)
        try:
            lock.acquire(timeout=0)
        except Timeout:
            if waiting:
                waiting()
            lock.acquire(timeout=LOCK_SECONDS)
    except Timeout as error:
        raise IndexStateError(
            f"another process is writing to the index {folder}", "wait until it is done, then try again"
        ) from error
    except OSError as error:
        full = error.errno == ENOSPC
        remedy = "free some space, then run the same command again" if full else "choose another index folder"
        raise IndexStateError(f"cannot write to {folder}: {error.strerror or error}", remedy) from error
    try:
        _keep_private(folder)
        try:
            yield
        finally:
            _keep_private(folder)
    finally:
        lock.release()


def refuse_divided(folder: Path) -> None:
    """Refuse to write into an index that was divided into shards since it was opened; the writer's lock is held.

    Raises:
        DividedError: it was.
    """
    if (folder / MANIFEST).exists():
        raise DividedError(f"the index {folder} is divided into shards", "open it again: open_library()")


def _keep_private(folder: Path) -> None:
    """Tighten what is of the index, and the folder unless there is something else in it."""
    entries = list(folder.iterdir()) if folder.is_dir() else []
    own = [path for path in entries if any(path.match(pattern) for pattern in OWN_ENTRIES)]
    if len(own) == len(entries):
        tighten(folder.resolve())
    for path in own:
        tighten_tree(path)


def open_catalog(folder: Path, server: Server | None = None) -> Catalog | None:
    """The catalog of an index, or None when there is none; the writer's lock is held.

    What an older version made is taken over first, and what a lost or damaged catalog said is put together again.
    """
    try:
        if not needs_adoption(folder, server):
            return Catalog.open(folder / CATALOG)
    except DamagedError:
        (folder / CATALOG).rename(folder / f"{CATALOG}.bad")
    _rebuilt(folder, server)
    return Catalog.open(folder / CATALOG)


def open_for_writing(catalog: Catalog, server: Server | None = None) -> Parts:
    """Open an index, undo what an interrupted commit left, and mend what is damaged; the writer's lock is held."""
    folder = catalog.path.parent
    _remove_unused(folder, catalog, server)
    try:
        catalog.add_indexes()
        return _mended(Parts.open(catalog, server))
    except DamagedError:
        _rebuilt(folder, server)
        return _mended(Parts.open(catalog, server))


def _rebuilt(folder: Path, server: Server | None) -> None:
    """Rebuild from what there is; what cannot be saved is told once, and the index is usable from then on."""
    lost = rebuild(folder, server=server).lost
    if lost:
        problem = f"{len(lost)} articles had lost parts of their texts and were taken out: {', '.join(lost[:10])}"
        raise IndexStateError(problem, "add them again; all others are in order")


def _mended(parts: Parts) -> Parts:
    parts.undo()
    parts.mend_words()
    return parts


def _remove_unused(folder: Path, catalog: Catalog, server: Server | None) -> None:
    try:
        following = Catalog.open(folder / NEXT_CATALOG)
    except DamagedError:
        following = None  # the next rebuilding begins anew
    remove_unused(folder, [catalog, following] if following else [catalog], server)
