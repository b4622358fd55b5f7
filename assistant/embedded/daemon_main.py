"""The process that keeps the embedded language model loaded; ``assistant.embedded.daemon`` starts it.

It reads what to serve from standard input, writes one line of JSON to standard output when it serves or cannot, and
ends when it was idle for a while or its record is gone.
"""

import json
import os
import sys
import time
from dataclasses import asdict
from pathlib import Path

from filelock import Timeout

from assistant.embedded.daemon import Address, Record, Serving
from index.errors import AssistantError

LOOK_SECONDS = 2.0
BUSY_SHARE = 0.05  # of one processor's time; a waiting server takes next to none


def main() -> None:
    """Serve until the process is idle for too long."""
    record, serving = Record(Path(sys.argv[1])), Serving.from_json(sys.stdin.read())
    if hasattr(os, "fork") and os.fork():
        return  # detached, so that no parent has to wait for its end
    try:
        with serving.server() as server:
            address = Address(os.getpid(), server.base_url, server.api_key, server.model)
            record.write(address)
            _say(asdict(address))
            _stay(record, address, serving.idle_seconds)
    except AssistantError as error:
        _say({"problem": error.problem, "remedy": error.remedy})
    except OSError as error:  # no room for the record
        _say({"unwritten": str(error)})


def _say(told: dict[str, object]) -> None:
    """Write the one line, and close the pipe that the waiting process reads."""
    sys.stdout.write(json.dumps(told) + "\n")
    sys.stdout.flush()
    with Path(os.devnull).open("wb") as nothing:
        os.dup2(nothing.fileno(), sys.stdout.fileno())


def _stay(record: Record, own: Address, idle_seconds: float) -> None:
    """Return when the record is gone or another process's, or the server was idle for so long."""
    pause = min(LOOK_SECONDS, idle_seconds / 4)
    spent, asked = time.process_time(), time.monotonic()
    while True:
        time.sleep(pause)
        before, spent = spent, time.process_time()
        if spent - before > BUSY_SHARE * pause:
            asked = time.monotonic()
            continue
        try:
            with record.lock.acquire(timeout=0):
                if record.read() != own:
                    return
                if min(record.age, time.monotonic() - asked) > idle_seconds:
                    record.remove()
                    return
        except Timeout:  # another process is taking the address just now
            asked = time.monotonic()
