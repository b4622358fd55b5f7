"""The local model files: where they are, whether they are whole, and how to get them.

A folder of models (ours, or one that was filled beforehand) is laid out like this::

    bge-small-en-v1.5/           model.onnx  tokenizer.json  tokenizer_config.json  config.json
    ms-marco-MiniLM-L-12-v2/     model.onnx  tokenizer.json  tokenizer_config.json  special_tokens_map.json
    qwen2.5-coder-1.5b-instruct-q4_k_m.gguf
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from index.errors import DigestError, ModelError, SettingError
from index.weights.install import (
    Announce,
    Progress,
    hash_of,
    holds,
    install,
    is_complete,
    partly_downloaded_bytes,
    set_aside,
)
from index.weights.registry import ASSETS, EMBEDDINGS, LLM, RERANKER, Asset, AssetFile, Piece, Role

from .verified import Verified

__all__ = [
    "ASSETS",
    "EMBEDDINGS",
    "LLM",
    "RERANKER",
    "Announce",
    "Asset",
    "AssetFile",
    "AssetStatus",
    "Piece",
    "Progress",
    "Role",
    "Weights",
    "check_gguf",
]

GGUF_MAGIC = b"GGUF"  # first four bytes of every GGUF file (ggml-org/ggml, docs/gguf.md)


@dataclass(frozen=True, slots=True)
class AssetStatus:
    """What is there of a model.

    Attributes:
        path: the folder or file a loader can use; None while the model is not complete.
        present_bytes: bytes on the disk, whole files and begun ones.
        is_ours: False when ``path`` is a model that the person chose in place of ours.
    """

    asset: Asset
    path: Path | None
    present_bytes: int
    is_ours: bool = True

    @property
    def state(self) -> Literal["ready", "partly downloaded", "missing"]:
        """In words."""
        if self.path is not None:
            return "ready"
        return "partly downloaded" if self.present_bytes else "missing"

    @property
    def present_share(self) -> float:
        """How much is there, from 0 to 1."""
        return 1.0 if self.path is not None else min(1.0, self.present_bytes / self.asset.disk_bytes)


@dataclass(frozen=True, slots=True)
class Weights:
    """The model files on this machine.

    Attributes:
        folder: our own folder; downloads go here.
        prefetched: a folder that already holds files, looked in first and never written to.
        local_model: any GGUF file to use as the language model in place of ours.
    """

    folder: Path
    prefetched: Path | None = None
    local_model: Path | None = None

    def path(self, asset: Asset) -> Path | None:
        """The folder (ONNX) or file (GGUF) of a model, or None when it is not all there; looks at sizes only."""
        if asset.role == "llm" and self.local_model is not None:
            return self.local_model if self.local_model.is_file() else None
        return next((folder / asset.entry for folder in self._folders() if holds(folder, asset)), None)

    def ensure(
        self,
        assets: Iterable[Asset] = ASSETS,
        progress: Progress = lambda name, done, total: None,
        announce: Announce = lambda text: None,
        *,
        mend: bool = False,
    ) -> Mapping[Role, Path]:
        """Makes sure that the models are there and whole, fetching what is missing, and gives their paths by role.

        A file is read in full and compared with its digest when it is met for the first time, and after a change.

        Args:
            assets: the models that are needed.
            progress: called with a model's name, its bytes downloaded so far, and its bytes in all.
            announce: called with one line before the first byte is fetched, and when another process is awaited.
            mend: read every file in full, and fetch damaged ones again.

        Raises:
            DigestError: a file is damaged; in our own folder it was set aside.
            DownloadError, DigestError, ModelError: see ``install``.
            SettingError: ``prefetched`` or ``local_model`` names something unusable.
        """
        wanted = tuple(assets)
        for asset in wanted:
            self._check_settings(asset)
            if self.path(asset) is not None:
                self._check_once(asset, mend=mend)
        missing = tuple(asset for asset in wanted if self.path(asset) is None)
        if missing:
            install(self.folder, missing, progress, announce)
        return {asset.role: self._existing(asset) for asset in wanted}

    def status(self) -> tuple[AssetStatus, ...]:
        """What is there of every model."""
        return tuple(
            AssetStatus(
                asset,
                self.path(asset),
                partly_downloaded_bytes(self.folder, asset.files),
                is_ours=asset.role != "llm" or self.local_model is None,
            )
            for asset in ASSETS
        )

    def verify(self, asset: Asset) -> Path:
        """Reads every file of a model in full and compares its digest; gives the model's path.

        Raises:
            DigestError: a file is wrong; in our own folder it was set aside as ``<name>.bad``.
            ModelError: the model is not there.
        """
        path = self._existing(asset)
        if path == self.local_model:
            return check_gguf(path)
        for place, sha256 in self._digests(asset):
            if hash_of(place).hexdigest() != sha256:
                raise self._wrong(place)
        Verified(self.folder).note(self._digests(asset))
        return path

    def _check_once(self, asset: Asset, *, mend: bool) -> None:
        verified = Verified(self.folder)
        if asset.role == "llm" and self.local_model is not None:
            return
        if not mend and all(verified.holds(place, sha256) for place, sha256 in self._digests(asset)):
            return
        try:
            self.verify(asset)
        except DigestError:
            if not mend or self.path(asset) is not None:  # a folder that others fill, which we do not write to
                raise

    def _digests(self, asset: Asset) -> Iterator[tuple[Path, str]]:
        folder = self._existing(asset).parent
        return ((folder / file.name, file.sha256) for file in asset.files)

    def _folders(self) -> Iterator[Path]:
        if self.prefetched is not None:
            yield self.prefetched
        yield self.folder

    def _existing(self, asset: Asset) -> Path:
        path = self.path(asset)
        if path is None:
            raise ModelError(f"The model {asset.name} ({asset.role}) is not here yet", "Run: Weights.ensure()")
        return path

    def _wrong(self, path: Path) -> DigestError:
        if path.is_relative_to(self.folder):
            return set_aside(path, path)
        return DigestError(
            f"{path} is not the file we expect: its SHA-256 differs", "Copy it again, or remove it to have it fetched."
        )

    def _check_settings(self, asset: Asset) -> None:
        """Refuses settings that would otherwise lead to an unwanted download."""
        if asset.role == "llm" and self.local_model is not None:
            check_gguf(self.local_model)
            return
        if self.prefetched is None:
            return
        if not self.prefetched.is_dir():
            problem = f"prefetched_models: {self.prefetched} is not a folder"
            raise SettingError(problem, "Correct or remove the setting.")
        for file in asset.files:
            path = self.prefetched / file.name
            if path.is_file() and not is_complete(path, file):
                raise SettingError(
                    f"prefetched_models: {path} has {path.stat().st_size} bytes instead of {file.size}",
                    "Copy the file again, or remove it to have it fetched.",
                )


def check_gguf(path: Path) -> Path:
    """Gives the path back when it names a file that begins like a GGUF file.

    Raises:
        SettingError: there is no such file, or it is something else.
    """
    try:
        with path.open("rb") as stream:
            magic = stream.read(len(GGUF_MAGIC))
    except OSError as error:
        raise SettingError(
            f"local_model: {path} cannot be read ({error.strerror or error})", "Correct or remove the setting."
        ) from error
    if magic != GGUF_MAGIC:
        raise SettingError(f"local_model: {path} is not a GGUF file", "Point local_model at a file ending in .gguf.")
    return path
