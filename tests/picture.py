"""Draw the README's picture of the chat from a real run: ``python -m tests.picture`` (needs tmux and the models).

The chat runs in a real terminal multiplexer; what stands on its screen at the end becomes SVG text. Nothing of the
picture is fetched from anywhere: rich's web fonts are taken out of it.
"""

import io
import re
import shlex
import subprocess
import sys
import time
from pathlib import Path

from rich.console import Console
from rich.text import Text

from tests.parts import NEWSROOM, ROOT

PICTURE = ROOT / "tests" / "pictures" / "chat.svg"
COLUMNS, LINES = 96, 60
TYPED = ("Who did Blinken meet in Seoul?", "And when is he to meet the president?", "What did the talks cost?")
SOCKET = "news-assistant-picture"
WAIT_SECONDS = 900
FONT = re.compile(r"\s*@font-face \{.*?\n    \}", re.DOTALL)


def draw(screen: str) -> str:
    """A screen with its colours as SVG that needs nothing beside it."""
    console = Console(width=COLUMNS, record=True, file=io.StringIO(), force_terminal=True, color_system="truecolor")
    console.print(Text.from_ansi(screen.rstrip("\n")))
    drawn = console.export_svg(title="assistant chat", unique_id="chat")
    return FONT.sub("", drawn).replace("Fira Code", "ui-monospace").replace("\t", " ")


def run() -> str:
    """What stands on the screen after a conversation with the embedded model."""
    index = ROOT / ".index" / "picture"
    assistant = f"{shlex.quote(sys.executable)} -m assistant"
    added = f"{assistant} index add {shlex.quote(str(NEWSROOM))} --index {shlex.quote(str(index))}"
    subprocess.run(shlex.split(added), check=True, cwd=ROOT, capture_output=True)
    command = f"{assistant} chat --as-of 2023-11-10 --index {shlex.quote(str(index))}"
    _tmux("new-session", "-d", "-s", "chat", "-x", str(COLUMNS), "-y", str(LINES), "-c", str(ROOT), command)
    try:
        _at_prompt(0)
        for number, line in enumerate(TYPED, start=1):
            _tmux("send-keys", "-t", "chat", line, "Enter")
            _at_prompt(number)
        return _tmux("capture-pane", "-e", "-p", "-t", "chat")
    finally:
        _tmux("kill-server")


def _at_prompt(asked: int) -> None:
    """Wait for the prompt after so many questions."""
    for _ in range(WAIT_SECONDS * 2):
        time.sleep(0.5)
        lines = [line for line in _tmux("capture-pane", "-p", "-S", "-", "-t", "chat").splitlines() if line.strip()]
        prompts = [line for line in lines if line.startswith("?")]
        if lines and lines[-1].strip() == "?" and len(prompts) == asked + 1:
            return
    raise TimeoutError("the chat has not come back to its prompt")


def _tmux(*arguments: str) -> str:
    return subprocess.run(
        ["tmux", "-L", SOCKET, *arguments], check=True, capture_output=True, text=True, encoding="utf-8"
    ).stdout


def main(file: Path = PICTURE) -> None:
    """Run, draw, and keep the picture."""
    file.parent.mkdir(exist_ok=True)
    file.write_text(draw(run()), encoding="utf-8")
    sys.stdout.write(f"{file}\n")


if __name__ == "__main__":
    main()
