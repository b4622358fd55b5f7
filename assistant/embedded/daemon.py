"""Keeps the embedded language model loaded in a process of its own, so that the next command need not load it.

That process serves one user on the loopback interface. Its address and its key are in a record that nobody else can
read; records with the same name are of the same model, settings and versions, so that an upgrade never meets an old
process. It ends by itself when it was idle for long enough, and soon after its record is gone.
"""

import hashlib
import json
import os
import subprocess
import sys
import threading
import time
from contextlib import suppress
from dataclasses import asdict, dataclass, field, replace
from importlib.metadata import version
from pathlib import Path

from filelock import FileLock

from assistant.embedded.llama_client import LlamaClient
from assistant.embedded.llama_server import LocalServer
from index.children import CALCULATING, ROOT, command, environment
from index.embed.openai_client import is_loopback
from index.errors import ModelError
from index.private import is_private, private_file, private_folder

START = "from assistant.embedded.daemon_main import main; main()"
LOCK_SECONDS = 120  # another command is loading the model meanwhile
HEALTH_SECONDS = 5
PS = "/bin/ps"


@dataclass(frozen=True, slots=True)
class Serving:
    """What a process serves, and for how long.

    Attributes:
        context_tokens, threads, slots, system, states: as ``LocalServer`` takes them.
        idle_seconds: the process ends when it was idle for so long.
    """

    gguf: Path
    context_tokens: int = 4096
    threads: int | None = None
    slots: int = 1
    system: str = ""
    states: Path | None = None
    idle_seconds: float = 300.0

    @property
    def key(self) -> str:
        """Changes with everything that makes one process differ from another."""
        file = self.gguf.stat()
        runtime = (version("news-assistant"), version("xllamacpp"), sys.version)
        parts = (*runtime, str(file.st_size), str(file.st_mtime_ns), self.to_json())
        return hashlib.sha256("\0".join(parts).encode()).hexdigest()[:24]

    def server(self) -> LocalServer:
        """The server, not started yet."""
        options = asdict(self)
        del options["idle_seconds"]
        return LocalServer(**options)

    def to_json(self) -> str:
        """As one line of JSON; paths are whole, for the process works in another folder."""
        return json.dumps(asdict(self), default=os.path.abspath)

    @classmethod
    def from_json(cls, text: str) -> "Serving":
        fields = json.loads(text)
        states = fields.pop("states")
        return cls(gguf=Path(fields.pop("gguf")), states=None if states is None else Path(states), **fields)


@dataclass(frozen=True, slots=True)
class Address:
    """Where a model is served: the process, the base URL of its OpenAI protocol, the key, and the model's name.

    Attributes:
        identity: owner and start of the process, so that no other one with its number is taken for it.
    """

    process: int
    base_url: str
    api_key: str
    model: str
    identity: str = field(default="", compare=False)

    @property
    def is_genuine(self) -> bool:
        """Whether the process that wrote this still runs, as this user, and serves this machine alone.

        Only then is the key sent: otherwise another process on its port would get it, and the articles after it.
        """
        served_here = self.base_url.startswith("http://") and is_loopback(self.base_url)
        return served_here and is_own(self.identity) and self.identity == process_identity(self.process)

    def answers(self) -> bool:
        """Whether the server is there and takes the key."""
        try:
            LlamaClient(self.base_url, self.api_key, HEALTH_SECONDS).send("/v1/models")
        except OSError:
            return False
        return True


@dataclass(frozen=True, slots=True)
class Record:
    """The file that says where a process serves; change it only while ``lock`` is held."""

    path: Path

    @property
    def lock(self) -> FileLock:
        """Held by who looks for the process, starts it, or lets it end."""
        return FileLock(self.path.with_suffix(".lock"), mode=0o600, thread_local=False)

    @property
    def age(self) -> float:
        """Seconds since the address was last taken."""
        return time.time() - self.path.stat().st_mtime

    def read(self) -> Address | None:
        """The address; None when no process serves, or others than this user could have written it."""
        try:
            with open(os.open(self.path, os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0)), encoding="utf-8") as file:
                known = json.load(file) if is_private(os.fstat(file.fileno())) else None
        except (OSError, ValueError):  # there is none, it is a link, or it was cut off
            return None
        kinds = {"process": int, "base_url": str, "api_key": str, "model": str, "identity": str}
        if not isinstance(known, dict) or {name: type(value) for name, value in known.items()} != kinds:
            return None
        return Address(**known)

    def write(self, address: Address) -> None:
        """Say where the model is served, and which process that is; only this user can read it."""
        with private_file(self.path) as file:
            whole = replace(address, identity=process_identity(address.process))
            file.write(json.dumps(asdict(whole)).encode())

    def remove(self) -> None:
        """Say that nothing serves; a process that does ends soon."""
        self.path.unlink(missing_ok=True)


class WarmModel:
    """Finds the process that serves a model, or starts it. May be used from several threads.

    Args:
        folder: where the records are; made when it is missing.
    """

    def __init__(self, serving: Serving, folder: Path) -> None:
        self._serving = serving
        self._folder = folder
        self._beginning: threading.Thread | None = None

    def begin(self) -> None:
        """Look for the process, or start it, while the caller does something else."""
        self._beginning = threading.Thread(target=self._try, name="warm model", daemon=True)
        self._beginning.start()

    def address(self) -> Address:
        """Where the model is served now; ask for it before each request, because an idle process ends.

        Raises:
            ModelError: the model cannot be loaded.
            OSError: the folder cannot be written, or another command has been loading the model for too long.
        """
        if self._beginning is not None:
            self._beginning.join()
        return self._found()

    def _try(self) -> None:
        with suppress(ModelError, OSError):  # who asks for the address meets it too, and says so
            self._found()

    def _found(self) -> Address:
        private_folder(self._folder)
        record = Record(self._folder.absolute() / f"{self._serving.key}.json")
        with record.lock.acquire(timeout=LOCK_SECONDS):
            address = record.read()
            if address is not None and address.is_genuine and address.answers():
                os.utime(record.path)
                return address
            record.remove()
            return _started(self._serving, record)


def process_identity(number: int) -> str:
    """Owner and start of a process, which no later one with its number has; empty when there is none to be seen.

    Begins with the number of its user and a blank. Systems reuse the numbers of ended processes.
    """
    if Path("/proc/self/stat").is_file():
        return _from_proc(Path(f"/proc/{number}"))
    listing = [PS, "-o", "uid=,lstart=", "-p", str(number)]
    try:
        done = subprocess.run(listing, capture_output=True, text=True, check=False, timeout=10, env={"LC_ALL": "C"})
    except (OSError, subprocess.TimeoutExpired):  # no such program: nothing is known of any process
        return ""
    return " ".join(done.stdout.split())


def is_own(identity: str) -> bool:
    """Whether this user runs the process."""
    return identity.partition(" ")[0] == str(os.geteuid())


def _from_proc(folder: Path) -> str:
    try:
        owner, text = folder.stat().st_uid, (folder / "stat").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""
    # Behind the name, which may hold anything, stands the start as the 20th field, in ticks since boot: proc(5).
    return f"{owner} {text.rpartition(')')[2].split()[19]}"


def stop_all(folder: Path) -> int:
    """Let every process end that has a record in the folder; how many there were."""
    records = [Record(path) for path in folder.glob("*.json")]
    for record in records:
        with record.lock.acquire(timeout=LOCK_SECONDS):
            record.remove()
    return len(records)


def _started(serving: Serving, record: Record) -> Address:
    """Start the process and wait until it serves.

    Raises:
        ModelError: it cannot load the model.
        OSError: its record cannot be written.
    """
    with subprocess.Popen(
        [*command(START), str(record.path)],
        cwd=ROOT,  # no folder that a user may want to remove
        env=environment(CALCULATING),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        start_new_session=True,  # Ctrl-C and a closed terminal are not meant for it
        text=True,
    ) as process:
        said, _ = process.communicate(serving.to_json())
    told = json.loads(said) if said else {"problem": "the process of the embedded model has ended", "remedy": ""}
    if "unwritten" in told:
        raise OSError(told["unwritten"])
    if "problem" in told:
        raise ModelError(told["problem"], told["remedy"] or "Run it again with ASSISTANT_KEEP_WARM_SECONDS=0.")
    return Address(**told)
