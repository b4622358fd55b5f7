"""Reads how much memory this process uses, and its peak."""

import re
import resource
import sys
from pathlib import Path

STATUS = Path("/proc/self/status")


def peak_megabytes() -> float:
    """The most resident memory that this process has had since it began to run its program, in megabytes (10^6 bytes).

    On Linux ``getrusage`` will not do: a process that was started by a large one begins with that one's peak, which
    outlives ``exec`` (``setmax_mm_hiwater_rss`` in the kernel's ``fs/exec.c``). The kernel's own count begins anew.
    """
    found = _of_status("VmHWM")
    if found is not None:
        return found
    size = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return size / 1e6 if sys.platform == "darwin" else size * 1024 / 1e6


def present_megabytes() -> float:
    """The resident memory of this process, in megabytes; where the kernel does not tell it, the most that it had."""
    found = _of_status("VmRSS")
    return peak_megabytes() if found is None else found


def _of_status(name: str) -> float | None:
    if not STATUS.is_file():
        return None
    found = re.search(rf"^{name}:\s+(\d+) kB$", STATUS.read_text(encoding="ascii"), re.M)
    return int(found[1]) * 1024 / 1e6 if found else None
