"""Opens an index for reading: follows what other processes write, and repairs damage."""

import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from threading import RLock

from index.errors import DamagedError, IndexStateError
from index.lifecycle.commit import CATALOG, Parts
from index.lifecycle.rebuild import needs_adoption
from index.lifecycle.write_lock import one_writer, open_catalog, open_for_writing, refuse_divided
from index.store.catalog import Catalog
from index.store.chroma import Store
from index.store.chroma_server import Server
from index.store.records import Stamp

# Seeing what other processes have written means opening the vectors again: at most a fifth of the time goes there.
REFRESH_PAUSE = 4.0  # times what the last opening took


class Reader:
    """The parts of an index, opened for reading and kept up to date. May be used from several threads.

    Args:
        waiting: called when something must be mended while another process writes.
        server: where the vectors are; None when they are in the folder.
        may_be_empty: whether an index without articles is to be read, as a shard may be one.
    """

    def __init__(
        self,
        folder: Path,
        waiting: Callable[[], None] | None = None,
        server: Server | None = None,
        *,
        may_be_empty: bool = False,
    ) -> None:
        self._folder = folder
        self._may_be_empty = may_be_empty
        self._server = server
        self._waiting = waiting
        self._lock = RLock()
        self._parts: Parts | None = None
        self._stamp = Stamp(0, 0)
        self._refresh_from = 0.0  # of the monotonic clock, in seconds

    def catalog(self) -> Catalog:
        """The catalog; an index that an older version made is taken over first.

        Raises:
            IndexStateError: there is no index or nothing in it.
        """
        if needs_adoption(self._folder, self._server):
            with one_writer(self._folder, self._waiting):
                open_catalog(self._folder, self._server)
        catalog = Catalog.open(self._folder / CATALOG)
        if catalog is None or (not self._may_be_empty and catalog.counts() == (0, 0)):
            raise IndexStateError(f"there are no articles in the index {self._folder}", "add some first: Library.add()")
        return catalog

    def parts(self) -> Parts:
        """All parts in their present state; the same object until the index is rebuilt.

        Raises:
            IndexStateError: there is no index or nothing in it.
        """
        with self._lock:
            if self._parts is None:
                self._open()
            elif self._is_outdated(self._parts.catalog.stamp):
                self._refresh(self._parts)
            if self._parts is None:
                raise AssertionError("opening gives parts or raises")
            return self._parts

    def refresh(self) -> None:
        """See what other processes have written, at once."""
        with self._lock:
            self._refresh_from = 0.0
            self.parts()

    def holds(self, store: Store) -> bool:
        """Whether a store is still the one that counts, and not one that was rebuilt meanwhile."""
        with self._lock:
            parts, stamp = self._parts, self._stamp
        return parts is not None and parts.store is store and parts.catalog.stamp.store == stamp.store

    def close(self, store: Store | None = None) -> None:
        """Give back what is held; it is opened again when it is needed.

        Args:
            store: only if this one is held: another thread may have opened another one meanwhile.
        """
        with self._lock:
            if self._parts and store in {None, self._parts.store}:
                self._parts.close()
                self._parts = None

    def _is_outdated(self, stamp: Stamp) -> bool:
        if stamp.store != self._stamp.store:
            return True
        return stamp != self._stamp and time.monotonic() >= self._refresh_from

    def _open(self) -> None:
        catalog = self.catalog()
        started, stamp = time.monotonic(), catalog.stamp
        self._parts = self._mended(catalog)
        self._opened(started, stamp)

    def _refresh(self, parts: Parts) -> None:
        started, stamp = time.monotonic(), parts.catalog.stamp
        try:
            if stamp.store != self._stamp.store:
                raise DamagedError("the index was rebuilt")
            parts.refresh()
            self._opened(started, stamp)
        except DamagedError:
            self.close()
            self._open()

    def _opened(self, started: float, stamp: Stamp) -> None:
        self._stamp = stamp
        now = time.monotonic()
        self._refresh_from = now + REFRESH_PAUSE * (now - started)

    def _mended(self, catalog: Catalog) -> Parts:
        with suppress(DamagedError):  # mended below
            parts = Parts.open(catalog, self._server)
            if parts.words_fit:
                return parts
            parts.close()
        with one_writer(self._folder, self._waiting):
            refuse_divided(self._folder)
            open_for_writing(catalog, self._server).close()
        return Parts.open(catalog, self._server)
