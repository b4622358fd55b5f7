"""Restricts the process that parses untrusted files: no network, no programs, no files, bounded memory.

Three layers. Limits of the system bound memory and forbid files to grow, where the system has them. On Linux the kernel
refuses the rest, also to native code (``index.read.kernel``). Everywhere an audit hook of Python refuses it; this one
alone holds against mistakes of a parser, not against native code that was taken over.
"""

import os
import sys
import sysconfig
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

from index.formats.limits import PARSE_BYTES
from index.read.kernel import allow_calculating_only, allow_reading_only

PACKAGE = Path(__file__).resolve().parents[1]
# Where the system keeps libraries that those of Python may need; no user's files are there.
_LIBRARIES = ("/lib", "/lib64", "/usr/lib", "/usr/lib64", "/usr/local/lib", "/nix/store", "/etc/ld.so.cache")
_REFUSED = (
    *("socket.", "subprocess.", "ctypes.", "pty.", "shutil.", "sqlite3.", "tempfile.", "winreg.", "_winapi."),
    *("os.system", "os.exec", "os.posix_spawn", "os.spawn", "os.fork", "os.startfile", "os.kill"),
    *("os.remove", "os.rename", "os.rmdir", "os.mkdir", "os.link", "os.symlink", "os.truncate", "os.utime"),
    *("os.chdir", "os.chmod", "os.chown", "os.chflags", "os.lockf", "os.setxattr", "os.removexattr"),
)
_READING = ("open", "os.listdir", "os.scandir", "os.walk")
_WRITES = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND


def confine() -> tuple[str, ...]:
    """Give up for ever what a parser does not need; which parts of it the kernel guarantees."""
    readable = tuple(_code_folders())
    _limit()
    held = (("files", allow_reading_only(readable)), ("calls", allow_calculating_only()))
    _refuse(readable)
    return tuple(name for name, done in held if done)


def _code_folders() -> Iterable[str]:
    """Folders of the code that parsers consist of; a project's own folder is none, for it holds other things too."""
    standard = sysconfig.get_paths()
    wanted = [standard["stdlib"], standard["platstdlib"], os.path.join(sys.base_prefix, "lib"), str(PACKAGE)]
    installed = [entry for entry in sys.path if os.path.isfile(entry) or any(Path(entry).glob("*.dist-info"))]
    # lib-dynload is below the standard library, but not everywhere.
    dynamic = [entry for entry in sys.path if os.path.basename(entry) == "lib-dynload"]
    return dict.fromkeys(os.path.realpath(folder) for folder in (*wanted, *installed, *dynamic, *_LIBRARIES))


def _limit() -> None:
    with suppress(ImportError, ValueError, OSError):
        import resource

        resource.setrlimit(resource.RLIMIT_AS, (PARSE_BYTES, PARSE_BYTES))
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))


def _refuse(readable: tuple[str, ...]) -> None:
    below = tuple(f"{folder}{os.sep}" for folder in readable)

    def refuse(event: str, arguments: tuple[object, ...]) -> None:
        if event.startswith(_REFUSED) or (event in _READING and not _may_read(arguments, readable, below)):
            raise PermissionError(f"a parser tried {event}")

    sys.addaudithook(refuse)


def _may_read(arguments: tuple[object, ...], readable: tuple[str, ...], below: tuple[str, ...]) -> bool:
    """Whether ``open``, or the listing of a folder, is a reading of code."""
    path, *rest = arguments
    if isinstance(path, int):  # a file that is open already
        return True
    if not isinstance(path, str | bytes) or (rest and isinstance(rest[-1], int) and rest[-1] & _WRITES):
        return False
    real = os.path.realpath(os.fsdecode(path))
    return real in readable or real.startswith(below)
