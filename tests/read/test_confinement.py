"""A parser that was taken over: what it tries is refused, by Python and below it by the kernel."""

import subprocess
from pathlib import Path

import pytest

from index.children import command
from tests.files import PAGE, RSS, pdf
from tests.parts import ROOT

PYTHON = (
    "import socket; socket.create_connection(('127.0.0.1', 9))",
    "import socket; socket.getaddrinfo('localhost', 9)",
    "import socket; socket.socket(socket.AF_INET, socket.SOCK_DGRAM).sendto(b'a', ('127.0.0.1', 9))",
    "import subprocess; subprocess.run(['true'])",
    "import os; os.system('true')",
    "import os; os.fork()",
    "import os; os.posix_spawn('/bin/true', ['true'], {})",
    "import os; os.execv('/bin/true', ['true'])",
    "import os; os.kill(os.getppid(), 0)",
    "import ctypes; ctypes.CDLL(None)",
    "open('/etc/passwd')",
    "open(PRIVATE)",
    "import os; os.open(PRIVATE, os.O_RDONLY)",
    "import os; os.listdir(FOLDER)",
    "import os; os.listdir('/proc')",
    "open(FOLDER + '/new', 'w')",
    "open(FOLDER + '/new', 'x')",
    "open(PACKAGE + '/new.py', 'w')",
    "import os; os.mkdir(FOLDER + '/new')",
    "import os; os.remove(PRIVATE)",
    "import os; os.rename(PRIVATE, FOLDER + '/new')",
    "import os; os.symlink('/etc/passwd', PACKAGE + '/new')",
    "import os; os.truncate(PRIVATE, 0)",
    "import os; os.chmod(PRIVATE, 0o777)",
    "import sqlite3; sqlite3.connect(FOLDER + '/new')",
)
# What native code would call: (function, arguments). Looked up before, so that Python's own refusal has no part in it.
NATIVE = (
    "socket, 2, 1, 0",
    "socket, 2, 2, 0",
    "socket, 1, 1, 0",
    "socket, 16, 3, 0",
    "socketpair, 1, 1, 0, BUFFER",
    "fork",
    "vfork",
    "execve, b'/bin/true', ARGUMENTS, None",
    "system, b'true'",
    "kill, PARENT, 0",
    "open, b'/etc/passwd', 0",
    "open, PRIVATE, 0",
    "open, FOLDER + b'/new', 0o101, 0o600",
    "open, PACKAGE + b'/new.py', 0o101, 0o600",
    "syscall, 437, -100, b'/etc/passwd', BUFFER, 24",  # openat2
    "mkdir, FOLDER + b'/new', 0o700",
    "unlink, PRIVATE",
    "rename, PRIVATE, FOLDER + b'/new'",
    "truncate, PRIVATE, 0",
    "chmod, PRIVATE, 0o777",
    "ptrace, 16, PARENT, 0, 0",
    "memfd_create, b'a', 0",
    "syscall, 425, 8, BUFFER",  # io_uring_setup
    "syscall, 434, PARENT, 0",  # pidfd_open
    "prlimit, PARENT, 7, None, BUFFER",
    "ioctl, 0, 0x5412, b'a'",  # TIOCSTI, which types into a terminal
)
TRY = """
import ctypes, errno, os, sys
BUFFER, ARGUMENTS, PARENT = ctypes.create_string_buffer(128), (ctypes.c_char_p * 2)(b'true', None), os.getppid()
FOLDER, PACKAGE = (name.encode() for name in sys.argv[1:3])
PRIVATE = FOLDER + b'/private'
libc = ctypes.CDLL(None)
reason = libc.__errno_location
reason.restype = ctypes.POINTER(ctypes.c_int)
from index.read.confinement import confine
calls = [(text, getattr(libc, text.split(',')[0]), eval('(' + text.partition(',')[2] + ',)' if ',' in text else '()'))
         for text in sys.argv[3:]]
spawn, process = libc.posix_spawn, ctypes.c_int()
held = confine()
print(*held)
for text, function, arguments in calls:
    outcome = function(*arguments)
    if outcome == 0 and text in ('fork', 'vfork'):
        os._exit(0)
    print(text if outcome >= 0 and not (text.startswith('system') and outcome) else errno.errorcode[reason()[0]])
print(errno.errorcode[spawn(ctypes.byref(process), b'/bin/true', None, None, ARGUMENTS, None)])
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "private").write_text("a letter", encoding="utf-8")
    return tmp_path


def confined(call: str, *arguments: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run([*command(call), *arguments], cwd=ROOT, capture_output=True, text=True, check=False)


@pytest.mark.parametrize("attempt", PYTHON)
def test_parsers_have_no_network_no_programs_and_no_files(folder: Path, attempt: str) -> None:
    names = f"FOLDER, PRIVATE, PACKAGE = {str(folder)!r}, {str(folder / 'private')!r}, {str(ROOT / 'index')!r}"
    outcome = confined(f"exec({f'from index.read.confinement import confine; confine(); {names}; {attempt}'!r})")
    assert outcome.returncode == 1
    assert outcome.stderr.splitlines()[-1].startswith("PermissionError: a parser tried")
    assert [path.name for path in folder.iterdir()] == ["private"]
    assert not (ROOT / "index" / "new.py").exists()


def test_parsers_have_bounded_memory() -> None:
    outcome = confined("from index.read.confinement import confine; confine(); bytearray(3 << 30)")
    assert outcome.stderr.splitlines()[-1].startswith("MemoryError")


def test_the_kernel_refuses_it_to_native_code_too(folder: Path) -> None:
    outcome = confined(f"exec({TRY!r})", str(folder), str(ROOT / "index"), *NATIVE)
    held, *refused, spawned = outcome.stdout.splitlines() or ["", ""]
    if held != "files calls":
        pytest.skip(f"this system confines no more than: {held or 'nothing'}")
    assert outcome.returncode == 0, outcome.stderr
    tried = dict(zip(NATIVE, refused, strict=True))
    assert {text: told for text, told in tried.items() if told not in {"EPERM", "EACCES"}} == {}
    assert spawned in {"EPERM", "ENOSYS"}
    assert (folder / "private").read_text(encoding="utf-8") == "a letter"
    assert [path.name for path in folder.iterdir()] == ["private"]


THREADS = """
from threading import Thread
from index.read.confinement import confine
confine()
for work in (lambda: print(__import__("index.formats.feeds").__name__, flush=True), lambda: open("/etc/passwd")):
    thread = Thread(target=work)
    thread.start()
    thread.join()
"""


def test_threads_that_a_parser_starts_work_and_are_as_confined() -> None:
    outcome = confined(f"exec({THREADS!r})")
    assert outcome.stdout == "index\n"
    assert "PermissionError" in outcome.stderr


@pytest.mark.parametrize(
    ("kind", "document"),
    [
        ("html", PAGE.encode()),
        ("html", "<meta charset=koi8-r><p>Паром".encode("koi8-r")),
        ("html", "<meta charset=big5><p>渡輪".encode("big5")),
        ("feed", RSS.encode()),
        ("pdf", pdf([["It sails."]])),
        ("markdown", b"---\ntitle: A\n---\n# A\n\n| a | b |\n|---|---|\n| *c* | d |"),
    ],
)
def test_what_parsers_need_they_have(kind: str, document: bytes) -> None:
    # Each is the first of its process, so that whatever it imports and loads is imported and loaded confined.
    code = (
        "import sys; from index.read.confinement import confine; from index.read.sandbox import Task, parsed;"
        "confine();"
        f"print(sum(isinstance(item, dict) for item in parsed(Task({kind!r}, 'a'), {document!r})))"
    )
    outcome = confined(code)
    assert outcome.stderr == ""
    assert int(outcome.stdout) >= 1


def test_the_filter_of_the_other_processor_is_well_formed() -> None:
    from index.read.kernel import _program

    for column in (0, 1):
        program = _program(column, 1)
        for position, (code, yes, no, _) in enumerate(program):
            assert position + max(yes, no) + 1 < len(program) or code == 0x06
        assert program[-1][0] == 0x06
