"""Counts the users of a resource, so that it is not closed while one of them needs it."""

from collections.abc import Iterator
from contextlib import contextmanager
from threading import Condition


class Users:
    """Counts the threads that use a client, so that it is closed only when unused."""

    def __init__(self) -> None:
        self._condition = Condition()
        self._count = 0

    @contextmanager
    def one_more(self) -> Iterator[None]:
        """Use it."""
        with self._condition:
            self._count += 1
        try:
            yield
        finally:
            with self._condition:
                self._count -= 1
                self._condition.notify_all()

    @contextmanager
    def alone(self) -> Iterator[None]:
        """Have it alone; waits until it is unused."""
        with self._condition:
            self._condition.wait_for(lambda: self._count == 0)
            yield
