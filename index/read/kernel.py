"""Has the Linux kernel keep this process from files, network and other programs: Landlock and seccomp by system call.

Both hold for native code as for Python's, and cannot be taken back. Landlock lets files below some folders be read and
nothing else of the file system be touched. The seccomp filter lets through the calls that an interpreter makes while it
imports and calculates; all others fail, so that there is no socket of any kind, no other process, no signal to one and
no file that is opened for writing.

https://docs.kernel.org/userspace-api/landlock.html, https://docs.kernel.org/userspace-api/seccomp_filter.html
"""

import ctypes
import errno
import os
import platform
import struct
import sys
from collections.abc import Iterable, Sequence
from itertools import chain

# prctl(2)
_NO_NEW_PRIVILEGES, _SECCOMP, _FILTER = 38, 22, 2
# linux/landlock.h
_CREATE_RULESET, _ADD_RULE, _RESTRICT_SELF = 444, 445, 446
_ASK_VERSION, _BENEATH_PATH, _READ_FILE, _READ_FOLDER = 1, 1, 1 << 2, 1 << 3
_FILE_RIGHTS = {1: 13, 2: 14, 3: 15, 5: 16}  # from this version on, so many
_NETWORK = {4: 0b11}  # to listen and to connect
_BEYOND = {6: 0b11}  # abstract sockets and signals of processes outside

# What may be called: the numbers of x86-64 and of AArch64, "-" where there is none.
_CALLS = """
read 0 63 / write 1 64 / readv 19 65 / writev 20 66 / pread64 17 67 / lseek 8 62 / close 3 57 / dup 32 23 / fcntl 72 25
stat 4 - / lstat 6 - / fstat 5 80 / newfstatat 262 79 / statx 332 291 / statfs 137 43 / fstatfs 138 44
access 21 - / faccessat 269 48 / faccessat2 439 439 / readlink 89 - / readlinkat 267 78 / getcwd 79 17
getdents64 217 61 / poll 7 - / ppoll 271 73 / select 23 - / pselect6 270 72
mmap 9 222 / munmap 11 215 / mprotect 10 226 / mremap 25 216 / madvise 28 233 / brk 12 214
futex 202 98 / rseq 334 293 / set_robust_list 273 99 / membarrier 324 283 / arch_prctl 158 -
rt_sigaction 13 134 / rt_sigprocmask 14 135 / rt_sigreturn 15 139 / sigaltstack 131 132 / restart_syscall 219 128
clock_gettime 228 113 / clock_getres 229 114 / clock_nanosleep 230 115 / nanosleep 35 101 / gettimeofday 96 169
time 201 - / times 100 153 / getrusage 98 165 / getrandom 318 278 / uname 63 160 / sysinfo 99 179
getpid 39 172 / getppid 110 173 / gettid 186 178 / getuid 102 174 / geteuid 107 175 / getgid 104 176 / getegid 108 177
sched_yield 24 124 / sched_getaffinity 204 123 / sched_getparam 143 121 / sched_getscheduler 145 120
exit 60 93 / exit_group 231 94
"""
# What may be called with some arguments only: which argument, how it is compared, with what.
_OPENAT, _CLONE, _IOCTL, _TGKILL = (257, 56), (56, 220), (16, 29), (234, 131)
_WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC
_THREAD = 0x10000
_TERMINAL_ATTRIBUTES, _CLOSE_ON_EXEC, _BYTES_WAITING = 0x5401, 0x5451, 0x541B
# Later calls are told to be unknown rather than forbidden: the C library then takes an earlier one.
_LATER = 440
_CLONE3 = 435
_MACHINES = {"x86_64": (0, 0xC000003E), "aarch64": (1, 0xC00000B7)}

# linux/bpf_common.h, linux/seccomp.h
_LOAD, _IF_EQUAL, _IF_NOT_LESS, _IF_ANY_BIT, _RETURN = 0x20, 0x15, 0x35, 0x45, 0x06
_ALLOW, _FAIL = 0x7FFF0000, 0x00050000
_NUMBER, _ARCHITECTURE, _FIRST_ARGUMENT = 0, 4, 16

Instruction = tuple[int, int, int, int]


def allow_reading_only(folders: Iterable[str]) -> bool:
    """Let this thread, and those it starts, touch no files but to read below these folders; False without Landlock."""
    libc = _libc()
    version = libc.syscall(_CREATE_RULESET, None, 0, _ASK_VERSION) if libc else 0
    if libc is None or version < 1:
        return False
    files = (1 << _since(_FILE_RIGHTS, version)) - 1
    rights = struct.pack("=QQQ", files, _since(_NETWORK, version), _since(_BEYOND, version))
    rules = libc.syscall(_CREATE_RULESET, rights, 8 if version < 4 else 16 if version < 6 else 24, 0)
    if rules < 0:
        return False
    try:
        for folder in folders:
            _allow(libc, rules, folder)
        libc.prctl(_NO_NEW_PRIVILEGES, 1, 0, 0, 0)
        return bool(libc.syscall(_RESTRICT_SELF, rules, 0) == 0)
    finally:
        os.close(rules)


def allow_calculating_only() -> bool:
    """Let this thread, and those it starts, make only the calls above; False without seccomp."""
    libc = _libc()
    if libc is None or platform.machine() not in _MACHINES or sys.maxsize < 1 << 32:
        return False
    program = _program(*_MACHINES[platform.machine()])
    code = ctypes.create_string_buffer(b"".join(struct.pack("=HBBI", *instruction) for instruction in program))
    head = struct.pack("@HP", len(program), ctypes.addressof(code))
    libc.prctl(_NO_NEW_PRIVILEGES, 1, 0, 0, 0)
    return bool(libc.prctl(_SECCOMP, _FILTER, head, 0, 0) == 0)


def _libc() -> ctypes.CDLL | None:
    if sys.platform != "linux":
        return None
    libc = ctypes.CDLL(None, use_errno=True)
    libc.syscall.restype = ctypes.c_long
    return libc


def _since(values: dict[int, int], version: int) -> int:
    return max((value for first, value in values.items() if first <= version), default=0)


def _allow(libc: ctypes.CDLL, rules: int, place: str) -> None:
    try:
        file = os.open(place, os.O_PATH | os.O_CLOEXEC)
    except OSError:  # a folder of the path that is not there
        return
    try:
        rights = _READ_FILE | (_READ_FOLDER if os.path.isdir(place) else 0)
        libc.syscall(_ADD_RULE, rules, _BENEATH_PATH, struct.pack("=Qi", rights, file), 0)
    finally:
        os.close(file)


def _program(column: int, architecture: int) -> Sequence[Instruction]:
    """The filter, in the language of the Berkeley packet filter."""
    calls = (call.split()[1:] for line in _CALLS.strip().splitlines() for call in line.split(" / "))
    plain = [int(call[column]) for call in calls if call[column] != "-"]
    return [
        (_LOAD, 0, 0, _ARCHITECTURE),
        (_IF_EQUAL, 1, 0, architecture),
        _refusal(errno.EPERM),
        (_LOAD, 0, 0, _NUMBER),
        *chain.from_iterable(((_IF_EQUAL, 0, 1, number), (_RETURN, 0, 0, _ALLOW)) for number in plain),
        *_when(_OPENAT[column], (2, _IF_ANY_BIT, _WRITING), no=True),
        *_when(_CLONE[column], (0, _IF_ANY_BIT, _THREAD)),
        *_when(_TGKILL[column], (0, _IF_EQUAL, os.getpid())),
        *(
            instruction
            for request in (_TERMINAL_ATTRIBUTES, _CLOSE_ON_EXEC, _BYTES_WAITING)
            for instruction in _when(_IOCTL[column], (1, _IF_EQUAL, request))
        ),
        (_IF_EQUAL, 1, 0, _CLONE3),
        (_IF_NOT_LESS, 0, 1, _LATER),
        _refusal(errno.ENOSYS),
        _refusal(errno.EPERM),
    ]


def _when(number: int, condition: tuple[int, int, int], *, no: bool = False) -> Sequence[Instruction]:
    """Allow a call when its argument fits, or when it does not; else go on with the call's number loaded."""
    argument, test, value = condition
    return (
        (_IF_EQUAL, 0, 4, number),
        (_LOAD, 0, 0, _FIRST_ARGUMENT + 8 * argument),
        (test, *((1, 0) if no else (0, 1)), value),
        (_RETURN, 0, 0, _ALLOW),
        (_LOAD, 0, 0, _NUMBER),
    )


def _refusal(error: int) -> Instruction:
    return _RETURN, 0, 0, _FAIL | error
