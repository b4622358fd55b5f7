"""The record of a loaded model: its key is sent to no process but the one of this user that wrote it."""

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import asdict, replace
from pathlib import Path

import pytest

from assistant.embedded.daemon import Address, Record, Serving, WarmModel, is_own, process_identity
from index.errors import ModelError
from tests.recording_server import RecordingServer

KEY = "key-of-the-loaded-model"


@pytest.fixture
def broken(tmp_path: Path) -> Serving:
    """A model that cannot be loaded, so that no test waits for one."""
    path = tmp_path / "broken.gguf"
    path.write_bytes(b"GGUF" + bytes(1000))
    return Serving(path)


@pytest.fixture
def server() -> Iterator[RecordingServer]:
    """Somebody else's, at the port that the record names."""
    with RecordingServer() as server:
        yield server


def ask_for(broken: Serving, folder: Path) -> None:
    with pytest.raises(ModelError):
        WarmModel(broken, folder).address()


def record_of(broken: Serving, folder: Path) -> Record:
    folder.mkdir(mode=0o700)
    return Record(folder / f"{broken.key}.json")


def address_of(server: RecordingServer) -> Address:
    return Address(os.getpid(), f"{server.url}/v1", KEY, "m")


def test_what_this_very_process_serves_is_asked(broken: Serving, tmp_path: Path, server: RecordingServer) -> None:
    record_of(broken, tmp_path / "warm").write(address_of(server))
    ask_for(broken, tmp_path / "warm")
    assert KEY in server.requests[0]


def loose(path: Path, _: Address) -> None:
    path.chmod(0o644)


def linked(path: Path, _: Address) -> None:
    path.rename(path.with_name("elsewhere"))
    path.symlink_to("elsewhere")


def written(change: Callable[[Address], dict[str, object]]) -> Callable[[Path, Address], None]:
    def write(path: Path, address: Address) -> None:
        path.write_text(json.dumps(change(address)), encoding="utf-8")

    return write


@pytest.mark.parametrize(
    "tamper",
    [
        loose,
        linked,
        written(lambda known: asdict(replace(known, identity=""))),
        written(lambda known: asdict(replace(known, identity=f"{os.geteuid()} 1"))),
        written(lambda known: asdict(replace(known, identity=f"{os.geteuid() + 1} 1"))),
        written(lambda known: asdict(replace(known, base_url=known.base_url.replace("127.0.0.1", "192.0.2.1")))),
        written(lambda known: asdict(replace(known, base_url=known.base_url.replace("http:", "https:")))),
        written(lambda known: {**asdict(known), "process": str(known.process)}),
        written(lambda known: {**asdict(known), "more": 1}),
        written(lambda known: {"process": known.process}),
    ],
)
def test_a_record_that_is_not_genuine_gets_no_key(
    tamper: Callable[[Path, Address], None], broken: Serving, tmp_path: Path, server: RecordingServer
) -> None:
    record = record_of(broken, tmp_path / "warm")
    record.write(address_of(server))
    known = record.read()
    assert known is not None
    tamper(record.path, known)
    ask_for(broken, tmp_path / "warm")
    assert server.requests == []


def test_the_number_of_a_process_that_has_ended_is_no_process(
    broken: Serving, tmp_path: Path, server: RecordingServer
) -> None:
    record = record_of(broken, tmp_path / "warm")
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as other:
        record.write(replace(address_of(server), process=other.pid))
        known = record.read()
        assert known is not None
        assert known.is_genuine
        assert process_identity(other.pid) != process_identity(os.getpid())
    ended = record.read()
    assert ended is not None
    assert not ended.is_genuine
    ask_for(broken, tmp_path / "warm")
    assert server.requests == []


def test_a_process_is_known_by_owner_and_start() -> None:
    assert is_own(process_identity(os.getpid()))
    assert process_identity(os.getpid()) == process_identity(os.getpid())
    assert not is_own("")
    assert process_identity(2**22 + 1) == ""  # beyond the numbers that there are
