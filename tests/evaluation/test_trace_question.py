"""The trace of a question shows the chain's stages in their order."""

import sys
from itertools import pairwise
from pathlib import Path

import pytest
from click.testing import CliRunner

from evals.experiments.trace_question import STAGES, main
from tests.parts import NEWSROOM, quoting_server

QUESTION = "Who did Blinken meet?"
ONCE = "begin × 1, understand × 1, search × 1, read × 1, select × 1, write × "


@pytest.fixture(scope="module")
def article(tmp_path_factory: pytest.TempPathFactory) -> Path:
    file = tmp_path_factory.mktemp("articles") / "blinken.md"
    file.write_bytes((NEWSROOM / "001-blinken-seoul-talks.md").read_bytes())
    return file


def traced(monkeypatch: pytest.MonkeyPatch, *arguments: str) -> list[str]:
    with quoting_server() as server:
        monkeypatch.setenv("OPENAI_BASE_URL", server.base_url)
        monkeypatch.setenv("ASSISTANT_MODEL", "m")
        outcome = CliRunner().invoke(main, [QUESTION, *arguments], catch_exceptions=False)
    assert server.requests
    assert sys.getprofile() is None
    return outcome.output.splitlines()


def test_each_stage_before_the_writing_is_entered_once(article: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first, *lines = traced(monkeypatch, "--articles", str(article))
    assert first.startswith(ONCE)
    assert first.endswith("answer × 1: answered")
    headings = [line.split()[0] for line in lines if line and not line.startswith(" ")]
    assert headings == ["begin", *dict.fromkeys(STAGES.values())]
    assert "index.retrieve.fusion 1/" in " ".join(lines)


def test_every_visit_is_listed_under_its_stage(article: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first, *lines = traced(monkeypatch, "--articles", str(article), "--visits")
    assert first.startswith(ONCE)
    visits = [tuple(line.split()[:2]) for line in lines]
    assert ("read", "index.retrieve.reader") in visits
    assert ("verify", "assistant.text.claim_check") in visits
    assert all(one != other for one, other in pairwise(visits))
    stages = [stage for stage, _ in visits]
    assert stages.index("search") < stages.index("read") < stages.index("select") < stages.index("write")
