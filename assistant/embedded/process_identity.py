"""Identifies a process beyond its number, because systems reuse the numbers of ended processes."""

import os
import subprocess
from pathlib import Path

PS = "/bin/ps"


def process_identity(number: int) -> str:
    """Owner and start of a process, which no later one with its number has; empty when there is none to be seen.

    Begins with the number of its user and a blank.
    """
    if Path("/proc/self/stat").is_file():
        return _from_proc(Path(f"/proc/{number}"))
    command = [PS, "-o", "uid=,lstart=", "-p", str(number)]
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=10, env={"LC_ALL": "C"})
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
