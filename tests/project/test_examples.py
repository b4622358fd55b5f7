"""The programs in ``evals/examples/`` run and print answers with their sources."""

import runpy
import shutil
import sys
from pathlib import Path

import pytest

from tests.parts import NEWSROOM, ROOT, quoting_server

EXAMPLES = {
    "ask_folder.py": (["Who did Blinken meet?"], "answered "),
    "follow_up.py": ([], "answered: Who did Blinken meet in Seoul?"),
    "langchain_chain.py": ([], "found: "),
}


def test_every_example_is_run_here() -> None:
    assert {file.name for file in (ROOT / "evals" / "examples").glob("*.py")} == EXAMPLES.keys()


@pytest.mark.parametrize("name", EXAMPLES)
def test_every_example_runs(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for file in NEWSROOM.glob("00*.md"):
        shutil.copy(file, tmp_path)
    arguments, printed = EXAMPLES[name]
    monkeypatch.setattr(sys, "argv", [name, str(tmp_path), *arguments])
    with quoting_server() as server:
        monkeypatch.setenv("OPENAI_BASE_URL", server.base_url)
        monkeypatch.setenv("ASSISTANT_MODEL", "m")
        runpy.run_path(str(ROOT / "evals" / "examples" / name), run_name="__main__")
    assert server.requests
    shown = capsys.readouterr().out
    assert printed in shown
    assert "Cho Tae-Yong" in shown
