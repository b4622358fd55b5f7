"""A disk that takes no more is told in one line, with the place, wherever something is written."""

import subprocess
import sys
from pathlib import Path

import pytest

from assistant.chat.history_files import save_conversation
from assistant.render.export import save_transcript
from evals.commands.main import main
from evals.run.append_only import open_line_file
from evals.run.records import Begun
from evals.score.scoring import score_run
from evals.score.stored import save_scores
from index.errors import AssistantError
from index.weights.folder import ASSETS, Weights
from tests.eval_runs import ARTICLE, RIGHT, make_run, meetings
from tests.parts import ROOT, Run
from tests.talks import TALK

FULL = "No space left on device"


def test_no_export_is_left_half_written(run: Run, newsroom_index: Path, full_disk: Path, tmp_path: Path) -> None:
    exported = run("index", "export", "--index", newsroom_index, "--output", full_disk / "a.jsonl")
    assert (exported.status, exported.err.splitlines()[0]) == (
        1,
        f"Error: {full_disk}/a.jsonl cannot be written: {FULL}",
    )
    with pytest.raises(AssistantError, match=f"talk.html cannot be written: {FULL}"):
        save_transcript(TALK, full_disk / "talk.html", lambda _: None)
    done = make_run(tmp_path / "run", meetings(1), [ARTICLE], {"q0": RIGHT})
    with pytest.raises(AssistantError, match=f"scores.json cannot be written: {FULL}"):
        save_scores(score_run(done), full_disk / "scores.json")
    assert [path.name for path in full_disk.iterdir()] == ["fill"]


def test_a_run_stops_with_the_place_and_goes_on_when_there_is_room(
    full_disk: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as caught:
        main(["run", "smoke", "--to", str(full_disk / "run"), "--limit", "1"])
    assert caught.value.code == 1
    assert f"Error: {full_disk}/run cannot be written: {FULL}" in capsys.readouterr().err
    records = full_disk / "records.jsonl"
    with open_line_file(records) as file:
        with pytest.raises(AssistantError, match=f"records.jsonl cannot be written: {FULL}"):
            file.add(Begun(question="q", seed=0))
        (full_disk / "fill").unlink()
        file.add(Begun(question="q", seed=0))
    assert records.read_text(encoding="utf-8").count("\n") == 1


def test_a_conversation_that_cannot_be_kept_is_told(full_disk: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_DATA_HOME", str(full_disk))
    with pytest.raises(AssistantError, match=f"cannot be kept in {full_disk}.*{FULL}"):
        save_conversation(TALK, full_disk)


def test_models_are_not_begun_where_there_is_no_room(full_disk: Path) -> None:
    with pytest.raises(AssistantError, match=f"Not enough disk space in {full_disk}"):
        Weights(full_disk / "models").ensure(ASSETS)


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="/dev/full is a file without room")
@pytest.mark.parametrize("arguments", [["--help"], ["index", "export"], ["models", "--json"]])
def test_what_cannot_be_printed_is_told(
    newsroom_index: Path, monkeypatch: pytest.MonkeyPatch, arguments: list[str]
) -> None:
    monkeypatch.setenv("ASSISTANT_INDEX", str(newsroom_index))
    with Path("/dev/full").open("wb") as full:
        command = [sys.executable, "-m", "assistant", *arguments]
        ended = subprocess.run(command, cwd=ROOT, stdout=full, stderr=subprocess.PIPE, text=True, check=False)
    assert ended.returncode == 1
    assert f"the output cannot be written: {FULL}" in ended.stderr
    assert "Traceback" not in ended.stderr
