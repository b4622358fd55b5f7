"""Which shards an index is divided into: a small file in its folder that is replaced in one step."""

import json
import os
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import TypeVar

from index.errors import IndexStateError
from index.lifecycle.commit import MANIFEST
from index.lifecycle.namesakes import family_of

FORMAT = 1
NEXT_MANIFEST = f"{MANIFEST}.next"  # notes the shards that are being filled
MOST_SHARDS = 1000  # three digits
Item = TypeVar("Item")


@dataclass(frozen=True, slots=True)
class Manifest:
    """The shards of an index.

    Attributes:
        generation: counts the divisions of the index, from 1.
        shards: the names of their folders, in order.
    """

    generation: int
    shards: tuple[str, ...]

    @classmethod
    def following(cls, generation: int, number: int) -> "Manifest":
        """So many shards under names that no earlier generation has."""
        mark = "" if generation == 1 else f".{generation}"
        return cls(generation, tuple(f"shard-{place:03d}{mark}" for place in range(number)))

    def place_of(self, article_id: str) -> int:
        """The number of the shard that an article belongs to.

        Articles that only share an id (``101`` and ``101@2``) belong to one, where they are told apart.
        """
        number = len(self.shards)
        return int(sha256(family_of(article_id).encode("utf-8", "surrogatepass")).hexdigest(), 16) % number

    def homes(self, items: Iterable[Item], article_id: Callable[[Item], str]) -> list[list[Item]]:
        """For each shard those of the items that are of its articles, in their order."""
        homes: list[list[Item]] = [[] for _ in self.shards]
        for item in items:
            homes[self.place_of(article_id(item))].append(item)
        return homes


def read_manifest(folder: Path, name: str = MANIFEST) -> Manifest | None:
    """The manifest of an index, or None where it is not divided.

    Args:
        name: of its file; another one notes what is being made.

    Raises:
        IndexStateError: it cannot be read, or is of another format.
    """
    path = folder / name
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        return None
    except (OSError, UnicodeDecodeError) as error:
        raise _damaged(path, str(error)) from error
    try:
        values = json.loads(text)
        found, manifest = values["format"], Manifest(int(values["generation"]), tuple(map(str, values["shards"])))
    except (ValueError, KeyError, TypeError) as error:
        raise _damaged(path, f"{type(error).__name__}: {error}") from error
    if found != FORMAT:
        problem = f"{path} has format {found}; this version reads format {FORMAT}"
        raise IndexStateError(problem, "use the version that made it")
    if not manifest.shards or any(Path(name).name != name or name in {"", ".", ".."} for name in manifest.shards):
        raise _damaged(path, "it names no shards, or what is no folder beside it")
    return manifest


def write_manifest(folder: Path, manifest: Manifest, name: str = MANIFEST) -> None:
    """Let a manifest count from now on; one who reads sees the old or the new one, whatever happens."""
    path, new = folder / name, folder / f"{name}.new"
    values = {"format": FORMAT, "generation": manifest.generation, "shards": list(manifest.shards)}
    try:
        with new.open("w", encoding="utf-8") as file:
            json.dump(values, file)
            file.flush()
            os.fsync(file.fileno())
        os.replace(new, path)
        _sync_folder(folder)
    except OSError as error:
        raise IndexStateError(
            f"cannot write {path}: {error.strerror or error}", "free some space, or mend it"
        ) from error


def _sync_folder(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _damaged(path: Path, problem: str) -> IndexStateError:
    return IndexStateError(
        f"{path} cannot be read: {problem}", "bring it back from a backup; the shards are as they were"
    )
