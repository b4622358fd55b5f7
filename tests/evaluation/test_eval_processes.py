"""Runs in several processes: what they share, how far they are, and what happens when one ends or Ctrl-C is pressed."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest

from evals.commands.tally import Tally
from evals.run.records import Record, Run
from evals.run.runner import execute
from evals.score.scoring import score_run
from tests.eval_runs import ARTICLE, RIGHT, make_run, meetings
from tests.evaluation.test_eval_run import (
    PEOPLE,
    begin,
    means,
    quote,
    run,
    server,
    write_suite,
)
from tests.openai_server import OpenAIServer, Request, Streamed
from tests.parts import ROOT

__all__ = ["server"]  # a fixture
LAST = len(PEOPLE) - 1
MOST_SECONDS = 500  # only something that hangs takes so long


def slowly(request: Request) -> Streamed:
    time.sleep(1)
    return quote(request)


def in_processes(suite: Path, folder: Path, *options: str) -> "subprocess.Popen[str]":
    command = [sys.executable, "-m", "evals", "run", str(suite), "--to", str(folder), "--processes", "2", *options]
    return subprocess.Popen(command, cwd=ROOT, stderr=subprocess.PIPE, env=dict(os.environ), text=True)


def wait_until(is_so: Callable[[], bool]) -> None:
    deadline = time.monotonic() + MOST_SECONDS
    while not is_so():
        assert time.monotonic() < deadline, "it took too long"
        time.sleep(0.05)


def children_of(process: int) -> list[int]:
    listed = subprocess.run(["ps", "-o", "pid=", "--ppid", str(process)], capture_output=True, text=True, check=False)
    return [int(number) for number in listed.stdout.split()]


def test_two_processes_record_what_one_does(
    tmp_path: Path, server: OpenAIServer, capsys: pytest.CaptureFixture[str]
) -> None:
    suite, folder = write_suite(tmp_path / "s", server.base_url), tmp_path / "run"
    status, _, err = run(capsys, "run", suite, "--to", folder, "--processes", "2", "--limit", "3")
    assert status == 0
    assert sorted(record.question for record in Run(folder).completed()) == ["q0", "q1", "q2"]
    status, _, err = run(capsys, "run", suite, "--to", folder, "--processes", "2")
    assert status == 0
    assert f"{folder}: 6 questions, 3 of them recorded before" in err
    assert "6/6 · 6 answered · 0 refused · correct 1.00" in err
    assert len(server.requests) == 6  # nothing is asked twice
    assert len(list(folder.glob("records-?-of-2.jsonl"))) == 2
    execute(begin(suite, tmp_path / "alone"))
    assert means(folder) == means(tmp_path / "alone")


def test_ctrl_c_ends_all_after_the_questions_on_their_way(tmp_path: Path) -> None:
    with OpenAIServer(answer=slowly, models=["m"]) as server:
        suite, folder = write_suite(tmp_path / "s", server.base_url), tmp_path / "run"
        process = in_processes(suite, folder)
        wait_until(lambda: len(server.requests) >= 2)
        process.send_signal(signal.SIGINT)
        err = process.communicate(timeout=MOST_SECONDS)[1]
        asked = len(server.requests)
    assert process.returncode == 130
    assert "Ending after the questions on their way; Ctrl-C again ends at once." in err
    assert "Interrupted. Nothing is lost: run the same command again." in err
    assert "Traceback" not in err
    assert len(Run(folder).completed()) == asked < len(PEOPLE)
    assert not Run(folder).progress().unfinished


def test_a_process_that_is_killed_has_status_1_and_the_others_go_on(tmp_path: Path) -> None:
    with OpenAIServer(answer=slowly, models=["m"]) as server:
        suite, folder = write_suite(tmp_path / "s", server.base_url), tmp_path / "run"
        process = in_processes(suite, folder)
        wait_until(lambda: len(server.requests) >= 2)
        os.kill(children_of(process.pid)[0], signal.SIGKILL)
        err = process.communicate(timeout=MOST_SECONDS)[1]
        assert process.returncode == 1
        assert "a process that asked questions ended with status -9" in err
        assert {f"q{LAST}"} <= {record.question for record in Run(folder).completed()}
        assert not score_run(Run(folder)).complete
        execute(begin(suite, folder))
    assert score_run(Run(folder)).complete


def test_processes_end_when_the_one_that_started_them_is_killed(tmp_path: Path) -> None:
    with OpenAIServer(answer=slowly, models=["m"]) as server:
        suite, folder = write_suite(tmp_path / "s", server.base_url), tmp_path / "run"
        process = in_processes(suite, folder)
        wait_until(lambda: len(server.requests) >= 2)
        children = children_of(process.pid)
        process.kill()
        process.communicate()
        wait_until(lambda: not any(Path(f"/proc/{child}").exists() for child in children))
        assert len(server.requests) < len(PEOPLE)
    assert not Run(folder).progress().unfinished


def test_what_would_meet_every_question_ends_all_processes(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    suite = write_suite(tmp_path / "s", "http://127.0.0.1:9/v1")
    status, _, err = run(capsys, "run", suite, "--to", tmp_path / "run", "--processes", "2")
    assert status == 1
    assert "127.0.0.1:9" in err
    assert not Run(tmp_path / "run").completed()


def test_a_shard_has_no_processes(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    suite = write_suite(tmp_path / "s", "http://127.0.0.1:9/v1")
    status, _, err = run(capsys, "run", suite, "--shard", "1/2", "--processes", "2")
    assert status == 2
    assert "--shard and --processes exclude each other" in err


def taken(*seconds: float) -> list[Record]:
    moment = datetime(2023, 11, 9, tzinfo=UTC)
    return [Record(question=f"q{i}", seed=0, seconds=s, at=moment, answer=RIGHT) for i, s in enumerate(seconds)]


def test_the_time_left_is_that_of_the_median_question_of_this_call(tmp_path: Path) -> None:
    made = make_run(tmp_path / "a", meetings(20), [ARTICLE], {})
    tally = Tally(made, taken(*[1000.0] * 9))
    for record in taken(300, 12, 10, 12):
        tally.add(record)
    assert tally.time_left(120, 2) == ""
    for record in taken(14):
        tally.add(record)
    assert tally.time_left(120, 2) == "about 12 min left"
    assert tally.time_left(4, 2) == "about 24 s left"
    assert tally.time_left(2400, 2) == "about 4.0 h left"
    assert tally.time_left(0, 2) == ""
