"""What every test runs in: no network but this machine's own, an empty home, and the real embedded models."""

import ipaddress
import os
import signal
import socket
import subprocess
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from hypothesis import settings as hypothesis_settings

from assistant.assistant import Assistant
from assistant.cli.main import main
from assistant.embedded.download_progress import weights_of
from assistant.embedded.provider import ModelProvider
from assistant.settings import Settings, load_settings
from index.embed.local import Embedder
from index.library import Library
from index.read.readers import find_files, read_articles
from index.retrieve.reader import Reader
from index.retrieve.rerank import Reranker
from index.weights.folder import ASSETS, Role
from tests.parts import KEY, NEWSROOM, Outcome, Run

HOME_VARIABLES = ("HOME", "XDG_CONFIG_HOME", "XDG_DATA_HOME", "XDG_CACHE_HOME", "XDG_STATE_HOME")
FOREIGN_PREFIXES = ("ASSISTANT_", "OPENAI_", "LANGSMITH_", "LANGCHAIN_")
PROXIES = ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY")

# How long an example takes depends on the models and on what else the machine does.
hypothesis_settings.register_profile("project", deadline=None)
hypothesis_settings.load_profile("project")


def _is_here(host: object) -> bool:
    """Whether a host name or address means this machine; None is how servers ask for all of their own addresses."""
    if host is None or host in {"localhost", ""}:
        return True
    try:
        return ipaddress.ip_address(str(host)).is_loopback
    except ValueError:
        return False


def _guarded(connect: Callable[..., Any]) -> Callable[..., Any]:
    def guard(self: socket.socket, address: Any) -> Any:
        if self.family != socket.AF_UNIX and not _is_here(address[0]):
            raise PermissionError(f"a test reached for {address}: tests use this machine only")
        return connect(self, address)

    return guard


@pytest.fixture(scope="session", autouse=True)
def _ctrl_c_works() -> None:
    """Shells start background jobs with SIGINT ignored, and our children would inherit that."""
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture(scope="session", autouse=True)
def _only_this_machine() -> Iterator[None]:
    """Refuse every connection to another machine, and know no other machine's name."""
    look_up = socket.getaddrinfo

    def guarded_look_up(host: Any, *arguments: Any, **options: Any) -> Any:
        name = host.decode() if isinstance(host, bytes) else host
        if not _is_here(name):
            raise socket.gaierror(socket.EAI_NONAME, f"tests know no other machine than this one, not {name}")
        return look_up(host, *arguments, **options)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(socket, "getaddrinfo", guarded_look_up)
        patch.setattr(socket.socket, "connect", _guarded(socket.socket.connect))
        patch.setattr(socket.socket, "connect_ex", _guarded(socket.socket.connect_ex))
        yield


@pytest.fixture(scope="session")
def own_settings() -> Settings:
    """The settings of the person who runs the tests; only the places of the models are used."""
    return load_settings()


@pytest.fixture(scope="session")
def _empty_config(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("config") / "assistant.toml"
    path.touch()
    return path


@pytest.fixture(autouse=True)
def _nobodys_environment(
    own_settings: Settings,
    _empty_config: Path,
    tmp_path_factory: pytest.TempPathFactory,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """An empty home and none of the person's settings, but the models that were fetched before."""
    for variable in os.environ:
        if variable.startswith(FOREIGN_PREFIXES) or variable.upper() in PROXIES:
            monkeypatch.delenv(variable)
    home = tmp_path_factory.mktemp("home")
    for variable in HOME_VARIABLES:
        monkeypatch.setenv(variable, str(home / variable.lower()))
    monkeypatch.setenv("ASSISTANT_CONFIG", str(_empty_config))
    monkeypatch.setenv("ASSISTANT_KEEP_WARM_SECONDS", "0")  # no process outlives its test
    monkeypatch.setenv("ASSISTANT_WRITING", "selected")  # what most tests' scripted models reply to
    for name in ("models_dir", "prefetched_models", "local_model"):
        if (path := getattr(own_settings, name)) is not None:
            monkeypatch.setenv(f"ASSISTANT_{name.upper()}", str(path))


@pytest.fixture(scope="session")
def paths(own_settings: Settings) -> Mapping[Role, Path]:
    """The embedded models' files by role."""
    weights = weights_of(own_settings)
    found = {asset.role: weights.path(asset) for asset in ASSETS}
    missing = sorted(role for role, path in found.items() if path is None)
    if missing:
        pytest.fail(f"the tests need the embedded models ({', '.join(missing)}): run `assistant models pull`")
    return {role: path for role, path in found.items() if path is not None}


@pytest.fixture(scope="session")
def settings(own_settings: Settings, tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """The defaults, with the index in a folder of this session and the models where they are."""
    places = {name: getattr(own_settings, name) for name in ("models_dir", "prefetched_models", "local_model")}
    return Settings(index=tmp_path_factory.mktemp("newsroom"), writing="selected", **places)


@pytest.fixture(scope="session")
def models(settings: Settings, paths: Mapping[Role, Path]) -> Iterator[ModelProvider]:
    """The embedded models, each loaded once for all tests."""
    provider = ModelProvider(settings)
    yield provider
    provider.close()


@pytest.fixture(scope="session")
def embedder(models: ModelProvider) -> Embedder:
    return models.embedder()


@pytest.fixture(scope="session")
def reranker(models: ModelProvider) -> Reranker:
    reranker = models.reranker()
    assert reranker is not None
    return reranker


@pytest.fixture(scope="session")
def reader(models: ModelProvider) -> Reader:
    reader = models.reader()
    assert reader is not None
    return reader


@pytest.fixture(scope="session")
def newsroom(settings: Settings, models: ModelProvider) -> Library:
    """The sample newsroom in a real index, to be read only."""
    library = Library(settings.index, models)
    library.add(article for file in find_files([NEWSROOM]) for article in read_articles(file))
    return library


@pytest.fixture(scope="session")
def newsroom_index(newsroom: Library) -> Path:
    """The folder of that index."""
    return newsroom.folder


@pytest.fixture(scope="session")
def assistant(settings: Settings, models: ModelProvider, newsroom: Library) -> Assistant:
    """The assistant over the newsroom with the real embedded language model; every answer takes seconds."""
    return Assistant(settings, models)


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str]) -> Run:
    """Runs a command line; no key may ever be shown."""

    def run(*arguments: str | Path) -> Outcome:
        capsys.readouterr()
        with pytest.raises(SystemExit) as exit_:
            main([str(argument) for argument in arguments])
        code = exit_.value.code
        outcome = Outcome(code if isinstance(code, int) else 0, *capsys.readouterr())
        assert KEY not in outcome.out + outcome.err
        assert "Traceback" not in outcome.err
        return outcome

    return run


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """The folder of a disk of 2 MB."""
    disk = tmp_path / "disk"
    disk.mkdir()
    if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=2m", "none", str(disk)], check=False).returncode:
        pytest.skip("this user may not mount a small disk")
    yield disk
    subprocess.run(["umount", "-l", str(disk)], check=True)


@pytest.fixture
def full_disk(small_disk: Path) -> Path:
    """The folder of a disk that takes no further byte."""
    with (small_disk / "fill").open("wb", buffering=0) as file, suppress(OSError):
        while True:
            file.write(bytes(4096))
    return small_disk


@pytest.fixture
def chat_environment(monkeypatch: pytest.MonkeyPatch, newsroom_index: Path) -> pytest.MonkeyPatch:
    """A terminal over the newsroom; where the chat server is, the test says."""
    monkeypatch.setenv("TERM", "xterm-256color")
    # Where nobody answers the question for the cursor's position, prompt-toolkit would wait and warn.
    monkeypatch.setenv("PROMPT_TOOLKIT_NO_CPR", "1")
    monkeypatch.setenv("OPENAI_API_KEY", KEY)
    monkeypatch.setenv("ASSISTANT_MODEL", "m")
    monkeypatch.setenv("ASSISTANT_RETRIES", "0")
    # Few candidates, so that most of a test is not spent on reranking.
    monkeypatch.setenv("ASSISTANT_CANDIDATES", "8")
    monkeypatch.setenv("ASSISTANT_INDEX", str(newsroom_index))
    for name in ("NO_COLOR", "FORCE_COLOR", "PAGER", "LESS", "COLUMNS", "LINES"):
        monkeypatch.delenv(name, raising=False)
    return monkeypatch
