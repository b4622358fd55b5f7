"""A chat in a pseudo-terminal, as a person meets it."""

import os
import re
import subprocess
import sys

import pexpect

from tests.parts import ROOT

ESCAPE = re.compile(r"\x1b(?:\[[0-9;?]*[ -/]*[@-~]|\][^\a\x1b]*(?:\a|\x1b\\)|[()][A-Z0-9]|[=>78])")
BRACKETED_PASTE = "\x1b[?2004h"  # prompt-toolkit switches it on when a prompt begins
PASTE_START, PASTE_END = "\x1b[200~", "\x1b[201~"
# Only a chat that hangs waits so long; a slow machine that does other things too may need much of it.
WAIT_SECONDS = 240
COMMAND = [sys.executable, "-m", "assistant", "chat"]


class Terminal:
    """A chat in a terminal of so many columns and lines."""

    def __init__(self, *arguments: str, columns: int = 140, lines: int = 50) -> None:
        self._child = pexpect.spawn(
            COMMAND[0],
            [*COMMAND[1:], *arguments],
            cwd=str(ROOT),
            # Named, because readline, which pytest loads, hides LINES and COLUMNS in the environment that is inherited.
            env=dict(os.environ),
            encoding="utf-8",
            timeout=WAIT_SECONDS,
            dimensions=(lines, columns),
        )

    def type(self, line: str, end: str = "\r") -> None:
        self._child.send(line + end)

    def paste(self, text: str) -> None:
        self._child.send(PASTE_START + text + PASTE_END)

    def press(self, key: str) -> None:
        self._child.sendcontrol(key)

    def until(self, pattern: str) -> str:
        """What was shown up to and with a pattern, without escapes."""
        return without_escapes(self.raw_until(pattern))

    def raw_until(self, pattern: str) -> str:
        """The same with all escapes."""
        self._child.expect(pattern)
        return str(self._child.before + self._child.after)

    def at_prompt(self) -> str:
        """What was shown until the chat reads the keyboard again; from then on, keys mean what the chat says."""
        self._child.expect_exact(BRACKETED_PASTE)
        return without_escapes(self._child.before)

    def ask(self, line: str) -> str:
        """Type a line and wait until it is answered; what was shown."""
        self.type(line)
        return self.at_prompt()

    def leave(self, key: str = "d") -> int | None:
        """The exit status after Ctrl-D."""
        self.press(key)
        return self.ended()

    def ended(self) -> int | None:
        """The exit status of a chat that ends by itself; None when a signal ended it."""
        self._child.expect(pexpect.EOF)
        # The terminal is let go a moment before the process is gone, and closing it kills what is still there.
        self._child.wait()
        self._child.close()
        status = self._child.exitstatus
        assert status is None or isinstance(status, int)
        return status


def without_escapes(text: str) -> str:
    return ESCAPE.sub("", text).replace("\r", "")


def piped(*lines: str, arguments: tuple[str, ...] = ()) -> subprocess.CompletedProcess[str]:
    """The chat with lines that come from a pipe, and its output in another."""
    return subprocess.run(
        [*COMMAND, *arguments],
        input="\n".join(lines),
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
        timeout=WAIT_SECONDS * max(1, len(lines)),
    )
