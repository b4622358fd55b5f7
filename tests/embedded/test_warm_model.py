"""The embedded language model stays loaded between commands, for its user alone, and never longer than wanted."""

import http.client
import json
import os
import signal
import stat
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from urllib.parse import urlsplit

import openai
import pytest

from assistant.embedded.daemon import Address, Record, Serving, WarmModel, stop_all
from assistant.embedded.provider import ModelProvider, warm_path
from assistant.settings import load_settings
from index.errors import ModelError
from index.retrieve.rerank import LocalReranker
from index.weights.folder import Role
from tests.parts import NEWSROOM, ROOT, Run

WAIT_SECONDS = 120
QUESTION = "How many people died in the flood in Brackwater?"


@pytest.fixture
def serving(paths: Mapping[Role, Path]) -> Serving:
    return Serving(paths["llm"], context_tokens=512, idle_seconds=WAIT_SECONDS)


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Path]:
    """Where the records are; no process is left afterwards."""
    yield tmp_path / "warm"
    end_all(tmp_path / "warm")


def end_all(folder: Path) -> None:
    for path in folder.glob("*.json"):
        if (address := Record(path).read()) is not None:
            os.kill(address.process, signal.SIGKILL)
    stop_all(folder)


def is_there(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    # A process that has ended is listed until whoever is in charge of orphans has noticed.
    status = Path(f"/proc/{process}/stat")
    return not (status.exists() and status.read_text(encoding="utf-8").rpartition(")")[2].split()[0] == "Z")


def wait_until(happened: Callable[[], bool]) -> None:
    patience = time.monotonic() + WAIT_SECONDS
    while not happened():
        assert time.monotonic() < patience
        time.sleep(0.05)


def says(address: Address) -> str:
    with openai.OpenAI(base_url=address.base_url, api_key=address.api_key, max_retries=0) as client:
        reply = client.chat.completions.create(
            model=address.model, messages=[{"role": "user", "content": "Say yes."}], max_tokens=3, temperature=0
        )
    return str(reply.choices[0].message.content)


def test_another_process_finds_the_model_loaded_and_nobody_else_can_ask_it(serving: Serving, folder: Path) -> None:
    found = """
import sys
from pathlib import Path
from assistant.embedded.daemon import Serving, WarmModel
print(WarmModel(Serving.from_json(sys.stdin.read()), Path(sys.argv[1])).address().process)
"""
    address = WarmModel(serving, folder).address()
    other = subprocess.run(
        [sys.executable, "-c", found, str(folder)],
        cwd=ROOT,
        input=serving.to_json(),
        capture_output=True,
        text=True,
        check=True,
    )
    assert int(other.stdout) == address.process != os.getpid()
    assert says(address)
    with pytest.raises(openai.AuthenticationError):
        says(Address(address.process, address.base_url, "guessed", address.model))
    assert not Address(address.process, address.base_url, "guessed", address.model).answers()
    assert urlsplit(address.base_url).hostname == "127.0.0.1"
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert {stat.S_IMODE(path.stat().st_mode) for path in folder.iterdir()} == {0o600}
    assert address.api_key not in Path(f"/proc/{address.process}/cmdline").read_text(encoding="utf-8")


def test_it_ends_when_it_was_idle_and_the_next_command_starts_another(paths: Mapping[Role, Path], folder: Path) -> None:
    model = WarmModel(Serving(paths["llm"], context_tokens=512, idle_seconds=6), folder)
    first = model.address()
    wait_until(lambda: not is_there(first.process))
    assert not list(folder.glob("*.json"))
    second = model.address()
    assert second.process != first.process
    for _ in range(8):  # longer than it may be idle
        time.sleep(1)
        assert model.address() == second


def test_a_long_answer_is_no_idleness(paths: Mapping[Role, Path], folder: Path) -> None:
    idle_seconds = 4
    address = WarmModel(Serving(paths["llm"], idle_seconds=idle_seconds), folder).address()
    connection = http.client.HTTPConnection(urlsplit(address.base_url).netloc, timeout=WAIT_SECONDS)
    body = json.dumps({"prompt": "One, two, three,", "max_tokens": 3000, "ignore_eos": True, "stream": True})
    headers = {"Authorization": f"Bearer {address.api_key}", "Content-Type": "application/json"}
    connection.request("POST", "/v1/completions", body, headers)
    reply = connection.getresponse()
    started = time.monotonic()
    while time.monotonic() - started < 2 * idle_seconds:
        assert reply.readline()
    assert is_there(address.process)
    connection.close()
    wait_until(lambda: not is_there(address.process))


def test_a_killed_process_is_replaced(serving: Serving, folder: Path) -> None:
    model = WarmModel(serving, folder)
    killed = model.address()
    os.kill(killed.process, signal.SIGKILL)
    wait_until(lambda: not is_there(killed.process))
    other = model.address()
    assert other.process != killed.process
    assert says(other)


def test_what_is_stopped_ends_soon(serving: Serving, folder: Path) -> None:
    address = WarmModel(serving, folder).address()
    assert stop_all(folder) == 1
    wait_until(lambda: not is_there(address.process))
    assert stop_all(folder) == 0


def test_a_model_that_cannot_be_loaded_is_named(tmp_path: Path, folder: Path) -> None:
    broken = tmp_path / "broken.gguf"
    broken.write_bytes(b"GGUF" + bytes(1000))
    model = WarmModel(Serving(broken), folder)
    model.begin()
    with pytest.raises(ModelError, match=r"broken\.gguf"):
        model.address()
    assert not list(folder.glob("*.json"))


def test_where_the_disk_is_full_nothing_stays_loaded_and_the_model_can_still_be_used(
    serving: Serving, full_disk: Path
) -> None:
    with pytest.raises(OSError, match="No space left"):
        WarmModel(serving, full_disk / "warm").address()


def test_other_settings_are_another_process(serving: Serving, tmp_path: Path) -> None:
    same = Serving.from_json(serving.to_json())
    assert same == serving
    assert same.key == serving.key
    other = Serving(serving.gguf, context_tokens=1024, idle_seconds=WAIT_SECONDS, states=tmp_path)
    assert other.key != serving.key
    assert Serving.from_json(other.to_json()) == other


def test_commands_share_the_model_until_it_is_stopped(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    assert run("ask", QUESTION, "--add", str(NEWSROOM)).status == 0
    assert not warm_path().exists()  # off, as in all tests
    monkeypatch.setenv("ASSISTANT_KEEP_WARM_SECONDS", str(WAIT_SECONDS))
    try:
        first = run("ask", QUESTION)
        (record,) = warm_path().glob("*.json")
        address = Record(record).read()
        second = run("ask", QUESTION)
        assert first.status == second.status == 0
        assert first.out == second.out
        assert Record(record).read() == address
        stopped = run("models", "stop")
        assert (stopped.status, stopped.out) == (0, "1 loaded model is let go\n")
        assert address is not None
        wait_until(lambda: not is_there(address.process))
    finally:
        end_all(warm_path())
    assert run("models", "stop").out == "no model is kept loaded\n"


def test_the_reranker_is_loaded_before_it_is_asked(paths: Mapping[Role, Path]) -> None:
    models = ModelProvider(load_settings())
    models.begin()
    reranker = models.reranker()
    assert isinstance(reranker, LocalReranker)
    wait_until(lambda: reranker._encoder._loaded is not None)
    assert reranker.score("Who came?", ["Nobody came."]).shape == (1,)


def test_without_a_folder_for_the_record_the_model_runs_here(
    paths: Mapping[Role, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ASSISTANT_KEEP_WARM_SECONDS", str(WAIT_SECONDS))
    warm_path().parent.mkdir(parents=True)
    warm_path().write_text("a file where the folder would be", encoding="utf-8")
    models = ModelProvider(load_settings(), warm=True)
    models.begin()
    try:
        assert models.chat().invoke("Say yes.").text
    finally:
        models.close()
