"""The embedded language model, run inside this process as an OpenAI-compatible server on the loopback interface.

The chain talks to it as to any other server. Being threads of this process, it cannot outlive it.
"""

import os
import secrets
import threading
import weakref
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any

from assistant.embedded.llama_client import LlamaClient
from assistant.embedded.prompt_state import PromptState
from index.errors import ModelError
from index.private import private_folder
from index.weights.folder import check_gguf

if TYPE_CHECKING:
    from xllamacpp import CommonParams, Server

LOOPBACK = "127.0.0.1"
# Room for the key-value caches of prompts that alternate (question rewriting, answering, checking), so that each
# keeps its fixed first part; the 1.5 B model takes 28 KiB a token, and llama.cpp's own default is 8 GiB.
PROMPT_CACHE_MIB = 512
_SILENT = -1  # below llama.cpp's lowest log level
_ANSWER_SECONDS = 120  # the fixed part of prompts may be read meanwhile, on a slow machine
# How often a streaming request that waits for a token looks whether the server is stopping: with llama.cpp's 30 s,
# closing in the middle of an answer was seen to take that long. Clients skip the pings, which are comments.
_PING_SECONDS = 1


class LocalServer:
    """A GGUF model behind ``base_url``; nothing is loaded until the address is first asked for.

    Use it as a context manager, or call ``close``; at the latest it stops with the process. All members may be
    used from several threads. Loading takes seconds and holds the interpreter, so say so before.

    Args:
        gguf: the model file.
        context_tokens: longest prompt and answer together, in tokens, for each slot.
        threads: processor threads; None takes one for each physical core that this process may use.
        slots: requests answered at the same time.
        system: the system message that most prompts begin with; read when the server starts.
        states: folder that keeps what the model knows after it, so that it is read once only; None keeps nothing.
    """

    def __init__(
        self,
        gguf: Path,
        *,
        context_tokens: int = 4096,
        threads: int | None = None,
        slots: int = 1,
        system: str = "",
        states: Path | None = None,
    ) -> None:
        self._gguf = gguf
        self._context_tokens = context_tokens
        self._threads = threads
        self._slots = slots
        self._system = system
        self._states = states
        self._lock = threading.Lock()
        self._running: dict[str, Server] = {}
        # Runs at close(), when this object is collected, or at the interpreter's exit, whichever comes first.
        self._stop: weakref.finalize[..., Any] | None = None
        self.api_key = secrets.token_urlsafe(32)

    @property
    def model(self) -> str:
        """Name to put into requests."""
        return self._gguf.stem

    @property
    def base_url(self) -> str:
        """Address for an OpenAI client, ending in ``/v1``; starts the server when it is not running.

        Raises:
            ModelError: see ``start``.
        """
        return f"{self._started().listening_address}/v1"

    def start(self) -> "LocalServer":
        """Loads the model and listens; does nothing when that is done already.

        Raises:
            ModelError: the file is not a model that llama.cpp can load, or memory is short.
            SettingError: there is no such file, or it is not a GGUF file.
        """
        self._started()
        return self

    def close(self) -> None:
        """Stops listening and frees the memory; a request in progress is cut off."""
        with self._lock:
            if self._stop is not None:
                self._stop()
                self._stop = None

    def __enter__(self) -> "LocalServer":
        return self.start()

    def __exit__(self, *_: object) -> None:
        self.close()

    def _started(self) -> "Server":
        with self._lock:
            if not self._running:
                parameters, state = self._parameters(), self._state()
                if state is not None:
                    parameters.slot_save_path = f"{state.folder}{os.sep}"
                server = _load(parameters, self._gguf)
                self._running["server"] = server
                self._stop = weakref.finalize(self, self._running.clear)
                client = LlamaClient(server.listening_address, self.api_key, _ANSWER_SECONDS)
                _await_loop(client)
                if state is not None:
                    state.take_up(client, self._slots)
            return self._running["server"]

    def _state(self) -> PromptState | None:
        """Where the state after the system message is kept; None when nothing is to be kept, or nothing can be."""
        if not self._system or self._states is None:
            return None
        try:
            private_folder(self._states)
        except OSError:
            return None
        return PromptState(self._states, self._system, check_gguf(self._gguf), version("xllamacpp"))

    def _parameters(self) -> "CommonParams":
        parameters = _llama().CommonParams()
        parameters.model.path = str(check_gguf(self._gguf))
        parameters.model_alias = {self.model}
        parameters.hostnames = [LOOPBACK]
        parameters.port = 0  # the system chooses
        parameters.api_keys = [self.api_key]
        parameters.ui = False  # the web page would be served without the key
        parameters.n_ctx = self._context_tokens * self._slots
        parameters.n_parallel = self._slots
        parameters.cpuparams.n_threads = default_threads() if self._threads is None else self._threads
        parameters.cache_prompt = True
        parameters.cache_ram_mib = PROMPT_CACHE_MIB
        parameters.sse_ping_interval = _PING_SECONDS
        parameters.verbosity = _SILENT
        return parameters


def default_threads() -> int:
    """One thread for each processor this process is confined to; -1, llama.cpp's "physical cores", when it is not."""
    everything = os.cpu_count() or 1
    allowed = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else everything
    return allowed if allowed < everything else -1


def _llama() -> Any:
    """The module ``xllamacpp``.

    Raises:
        ModelError: it is not installed, or a system library it needs is missing.
    """
    # The prebuilt Linux wheel runs its threads with the GNU OpenMP library, which reads this when it is loaded. Left
    # alone, its threads spin for milliseconds at every step, and beside any other busy program they starve each other.
    # Measured with two threads on two cores, tokens written a second, idle machine / one core busy otherwise:
    # default 27 / 2, 500 turns 23 / 12, no spinning at all 18 / 15.
    os.environ.setdefault("GOMP_SPINCOUNT", "500")
    try:
        import xllamacpp
    except ImportError as error:
        raise ModelError(
            f"The embedded model needs llama.cpp, which cannot be loaded ({error})",
            "Run: pip install 'news-assistant[local]'. Where libgomp.so.1 is missing, install the system's libgomp1.",
        ) from error
    return xllamacpp


def _load(parameters: "CommonParams", gguf: Path) -> "Server":
    try:
        return _llama().Server(parameters)
    except (RuntimeError, MemoryError) as error:  # llama.cpp gives no reason beyond "failed"
        raise ModelError(
            f"llama.cpp cannot load {gguf} ({gguf.stat().st_size} bytes): damaged, of an unknown kind, or too large "
            "for the memory",
            "Run: assistant models verify. For a model of your own, correct local_model or lower context_tokens.",
        ) from error


def _await_loop(client: LlamaClient) -> None:
    """Returns once the server's main loop answers.

    A server that is told to stop before its loop has begun never stops: the loop forgets the order when it starts.
    """
    try:
        client.send("/slots")
    except OSError as error:
        raise ModelError(
            f"The embedded model does not answer at {client.address} ({error})", "Run it again."
        ) from error
