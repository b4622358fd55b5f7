"""Starts our child processes: they import nothing from the current folder and get few environment variables.

Python puts the current folder on the path of ``-c`` and ``-m``, so that a ``signal.py`` beside the user's articles
would be run in place of the library's. Our processes are isolated (``-I``), work in the project's own folder, and are
told where installed packages are. Of the environment they get what a process needs to start and what is named besides;
no key is ever among that.
"""

import os
import sys
from collections.abc import Iterable
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
# What the loader, the C library and Windows need; the language decides how file names are encoded, and without a home
# the system would be asked for it.
STARTING = (
    *("HOME", "USERPROFILE"),
    *("LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH", "DYLD_FALLBACK_LIBRARY_PATH", "LANG", "LC_ALL", "LC_CTYPE"),
    *("SYSTEMROOT", "SYSTEMDRIVE", "WINDIR", "TEMP", "TMP", "TMPDIR"),
)
# How many threads calculate, and where; for processes that run a model.
CALCULATING = ("OMP_", "GOMP_", "KMP_", "GGML_", "CUDA_VISIBLE_DEVICES", "HIP_VISIBLE_DEVICES")


def command(call: str) -> list[str]:
    """The command line of a process that runs a statement, in which the packages of the project can be imported."""
    flags = ["-I", *(["-B"] if sys.dont_write_bytecode else []), *(["-X", "utf8"] if sys.flags.utf8_mode else [])]
    # Ctrl-C is for the process that people started, which ends the others.
    start = f"import signal, sys; signal.signal(signal.SIGINT, signal.SIG_IGN); sys.path += {list(package_folders())!r}"
    return [sys.executable, *flags, "-c", f"{start}; {call}"]


def package_folders() -> Iterable[str]:
    """Where packages are installed that this process can import, and the folder of this project.

    A folder that pip never installed into is left out, and so is the current one, unless it is the project's.
    """
    kept = (Path(entry) for entry in sys.path if os.path.isabs(entry) and os.path.realpath(entry) != _current_folder())
    return dict.fromkeys([str(ROOT), *(str(path) for path in kept if any(path.glob("*.dist-info")))])


def _current_folder() -> str | None:
    try:
        return os.path.realpath(os.getcwd())
    except FileNotFoundError:  # it was removed
        return None


def environment(names: Iterable[str] = (), **values: str) -> dict[str, str]:
    """The environment of a process: what it needs to start, and variables of these names.

    Args:
        names: further variables to hand on; a name that ends with ``_`` stands for all that begin so. Letter case does
            not matter.
        values: variables to set.
    """
    wanted = tuple(name.upper() for name in (*STARTING, *names))
    groups = tuple(name for name in wanted if name.endswith("_"))
    kept = {
        name: value
        for name, value in os.environ.items()
        if name.upper() in wanted or (groups and name.upper().startswith(groups))
    }
    return {**kept, **values}
