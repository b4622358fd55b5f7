"""Nothing tells anybody what is asked: no name is looked up, nobody is reached, and no record is kept for it."""

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from index.telemetry import OFF
from tests.evaluation.test_eval_run import write_suite
from tests.parts import NEWSROOM, ROOT, Run, quoting_server

ASSISTANT = str(Path(sys.executable).with_name("assistant"))
CALLS = "connect,sendto,sendmsg,sendmmsg,bind"
# What strace writes of an address, but for this machine's own and for questions to the kernel itself.
ADDRESS = re.compile(
    r"sa_family=AF_(?!NETLINK|UNSPEC)(\w+)(?:[^}]*?(?:inet_addr\(|inet_pton\(AF_INET6, |sun_path=)\"?([^\")]*))?"
)
NEEDS_STRACE = pytest.mark.skipif(shutil.which("strace") is None, reason="strace shows what processes ask for")
HERE = re.compile(r"127\.\d+\.\d+\.\d+|::1")


def reached(trace: Path, *command: str) -> set[tuple[str, str | None]]:
    """Run a command, and say which addresses it and its processes reached for: family and address."""
    watching = ["strace", "-f", "--seccomp-bpf", "-e", f"trace={CALLS}", "-o", str(trace)]
    done = subprocess.run([*watching, *command], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    seen = trace.read_text(encoding="utf-8", errors="replace")
    return {(match[1], match[2]) for match in ADDRESS.finditer(seen)}


def strays(home: Path) -> list[str]:
    """Files below an empty home that are not in a folder of this program."""
    files = (str(path.relative_to(home)) for path in home.rglob("*") if path.is_file())
    return [file for file in files if "news-assistant" not in file]


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty home, whose folders nothing but the home itself says."""
    folder = tmp_path / "home"
    folder.mkdir()
    for name in ("XDG_CONFIG_HOME", "XDG_DATA_HOME", "XDG_CACHE_HOME", "XDG_STATE_HOME", *OFF):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", str(folder))
    return folder


def test_onnx_runtime_keeps_no_record_of_its_user(home: Path) -> None:
    code = "import index, onnxruntime, time; onnxruntime.SessionOptions(); time.sleep(1)"
    subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=True)
    assert not list(home.iterdir())


def test_who_has_set_a_variable_keeps_it(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DO_NOT_TRACK", "0")
    code = "import index, os; print(os.environ['DO_NOT_TRACK'], os.environ['ORT_DISABLE_TELEMETRY'])"
    shown = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert shown.stdout.split() == ["0", "1"]


def test_commands_trace_nothing(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    from langsmith.utils import tracing_is_enabled

    monkeypatch.setenv("LANGSMITH_TRACING_V2", "true")
    monkeypatch.setenv("LANGCHAIN_TRACING_V2", "true")
    assert run("config").status == 0
    assert tracing_is_enabled() is False


@NEEDS_STRACE
def test_adding_and_asking_reach_nobody_and_leave_nothing_elsewhere(
    home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ASSISTANT_CONTEXT_TOKENS", "1024")
    monkeypatch.setenv("ASSISTANT_INDEX", str(tmp_path / "index"))
    monkeypatch.chdir(tmp_path)
    article = next(NEWSROOM.glob("026-*"))
    added = reached(tmp_path / "index.trace", ASSISTANT, "index", "add", str(article), "--jobs", "2")
    asked = reached(tmp_path / "ask.trace", ASSISTANT, "ask", "How many people did the flood in the Tolle valley kill?")
    assert ("INET", "127.0.0.1") in asked  # the embedded model's own server
    assert [pair for pair in added | asked if not HERE.fullmatch(pair[1] or "")] == []
    assert strays(home) == []
    assert {path.name for path in tmp_path.iterdir()} == {"home", "index", "index.trace", "ask.trace"}


@NEEDS_STRACE
def test_a_run_of_the_evals_reaches_its_chat_server_alone(
    home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    with quoting_server() as server:
        suite = write_suite(tmp_path / "suite", server.base_url, questions=1)
        command = [sys.executable, "-m", "evals", "run", str(suite), "--to", "run"]
        asked = reached(tmp_path / "evals.trace", *command)
    assert len(server.requests) == 1
    assert ("INET", "127.0.0.1") in asked
    assert [pair for pair in asked if not HERE.fullmatch(pair[1] or "")] == []
    assert strays(home) == []
    assert {path.name for path in tmp_path.iterdir()} == {"home", "suite", "evals.trace", "run"}
