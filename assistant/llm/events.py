"""Splits the bytes of a server's reply into JSON values as they arrive.

Servers that are asked for server-sent events send them with or without blank lines, with one value over several lines,
as plain JSON lines, or send one JSON document instead.
"""

import json
from typing import Final

DONE: Final = object()
MOST_BYTES = 16_000_000  # of one reply; no answer comes near it
MOST_TRIES = 100  # to read a value whose lines are still arriving
MOST_WORDS = 20_000  # characters kept of what is no JSON
FIELDS = (":", "event:", "id:", "retry:")


class EventReader:
    """Splits a reply into JSON values; `DONE` stands for the mark that nothing follows.

    Attributes:
        words: what arrived and is no JSON, on one line.
        too_long: the reply goes on beyond all measure; nothing more is read.
    """

    def __init__(self) -> None:
        self.words = ""
        self.too_long = False
        self._line = b""
        self._size = 0
        self._open: list[str] = []
        self._tries = 0
        self._failure = False

    def feed(self, data: bytes) -> list[object]:
        """The values that are complete with these bytes."""
        self._size += len(data)
        if self._size > MOST_BYTES:
            self.too_long = True
            return []
        lines = (self._line + data).splitlines(keepends=True)
        # A line is over when its end has arrived; "\r" may be half of one.
        self._line = lines.pop() if lines and not lines[-1].endswith(b"\n") else b""
        return [value for line in lines for value in self._read(line)]

    def end(self) -> list[object]:
        """The values that only the end completes."""
        values = [value for line in self._line.splitlines() for value in self._read(line)]
        self._line = b""
        return values + self._close()

    def _read(self, raw: bytes) -> list[object]:
        line = raw.decode(errors="replace").strip("\ufeff \t\r\n")
        if line.startswith("data:"):
            line = line[len("data:") :].strip()
        if not line:
            return self._close()
        if line.startswith(FIELDS):
            self._failure = self._failure or line.replace(" ", "") == "event:error"
            return []
        if line.startswith("[DONE]"):
            return [*self._close(), DONE]
        self._open.append(line)
        if line[-1] in "}]" and self._tries < MOST_TRIES:
            self._tries += 1
            value = _value("\n".join(self._open))
            if isinstance(value, dict | list):
                self._open, self._tries = [], 0
                return [self._marked(value)]
        return []

    def _close(self) -> list[object]:
        """What the lines hold that no value was made of: objects on single lines; the rest is kept as words."""
        lines, self._open, self._tries = self._open, [], 0
        value = _value("\n".join(lines))
        if isinstance(value, dict | list):
            return [self._marked(value)]
        values = [_value(line) for line in lines]
        words = " ".join(line for line, one in zip(lines, values, strict=True) if not isinstance(one, dict))
        if words and self._failure:
            return [self._marked(words)]
        self.words = f"{self.words} {' '.join(words.split())}".strip()[:MOST_WORDS]
        return [self._marked(one) for one in values if isinstance(one, dict)]

    def _marked(self, value: object) -> object:
        """The value; as an error where the event says that it is one."""
        failure, self._failure = self._failure, False
        return {"error": value} if failure and not (isinstance(value, dict) and value.get("error")) else value


def _value(text: str) -> object:
    """What the JSON says; None when it is none."""
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return None
