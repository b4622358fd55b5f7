"""What the chat survives, without a terminal."""

import io
import signal
import subprocess
from pathlib import Path

import pytest
from rich.console import Console

from assistant import Assistant
from assistant.answer import Answer, Claim, Status
from assistant.chat.session import Chat
from assistant.chat.terminal import Moving, Screen
from tests.openai_server import OpenAIServer, Silence
from tests.parts import ROOT
from tests.terminal import COMMAND, without_escapes


def fail() -> None:
    raise RuntimeError("the wheel came off")


def test_a_fault_of_the_program_is_kept_for_a_report_and_survived(
    newsroom_index: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    chat = Chat(Assistant.open(newsroom_index), Screen())
    with chat.surviving():
        fail()
    problem, remedy = capsys.readouterr().err.splitlines()
    assert problem == "Error: the program has a fault: RuntimeError: the wheel came off"
    file = Path(remedy.removeprefix("please report it with the file "))
    assert 'raise RuntimeError("the wheel came off")' in file.read_text(encoding="utf-8")
    assert file.stat().st_mode & 0o777 == 0o600
    assert chat.exit_status == 1


def test_ctrl_c_ends_what_is_piped(chat_environment: pytest.MonkeyPatch) -> None:
    with OpenAIServer(Silence()) as server:
        chat_environment.setenv("OPENAI_BASE_URL", server.base_url)
        process = subprocess.Popen(
            COMMAND, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )
        assert process.stdin is not None
        process.stdin.write("Who did Blinken meet?\nHow many people died in the flood?\n")
        process.stdin.flush()
        while not server.requests:
            server.closing.wait(0.05)
        process.send_signal(signal.SIGINT)
        out, _ = process.communicate(timeout=60)
    assert process.returncode == 130
    assert out == ""
    assert len(server.requests) == 1


def test_on_a_low_screen_the_newest_claims_and_the_stage_are_seen() -> None:
    out = io.StringIO()
    terminal = Console(file=out, force_terminal=True, width=60, height=6, _environ={"TERM": "xterm"})
    claims = tuple(Claim(f"Claim number {n}.", (n,)) for n in range(1, 9))
    stages = {"evidence": 1.0, "load": 1.0, "read": 1.0}
    with Moving(terminal, follows=False) as moving:
        moving.update(Answer("What?", Status.IN_PROGRESS, claims=claims, timings_ms=stages))
    drawn = without_escapes(out.getvalue())
    assert "writing…" in drawn
    assert "Claim number 8. [8]" in drawn
    assert "Claim number 5. [5]" not in drawn
