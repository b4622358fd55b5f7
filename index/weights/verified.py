"""Remembers which files were verified in full, so that later starts need not read them again."""

import json
import os
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from index.private import private_file, private_folder

RECORD = ".verified.json"


@dataclass(frozen=True, slots=True)
class Verified:
    """What is known of files, kept in a folder. A file that was changed, or replaced, is unknown again."""

    folder: Path

    def holds(self, path: Path, sha256: str) -> bool:
        """Whether the file, as it is now, was found to have this digest."""
        return self._known().get(str(path)) == [sha256, *_state(path)]

    def note(self, files: Iterable[tuple[Path, str]]) -> None:
        """Files, each with the digest that it was found to have."""
        known = self._known() | {str(path): [sha256, *_state(path)] for path, sha256 in files}
        # Where it cannot be kept, the files are read in full once more, at the next start.
        with suppress(OSError):
            private_folder(self.folder)
            with private_file(self.folder / RECORD) as file:
                file.write(json.dumps(known).encode("utf-8", "surrogateescape"))

    def _known(self) -> dict[str, object]:
        try:
            known = json.loads((self.folder / RECORD).read_bytes())
        except (OSError, ValueError):  # not there, or not as we write it
            return {}
        return known if isinstance(known, dict) else {}


def _state(path: Path) -> tuple[int, ...]:
    """What changes with the content: the time of change is set by the system alone."""
    found = os.stat(path)
    return found.st_size, found.st_mtime_ns, found.st_ctime_ns, found.st_ino
