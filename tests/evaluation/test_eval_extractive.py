"""Runs whose answers are the sentences themselves."""

from pathlib import Path

import pytest

from evals.run.records import Run
from evals.run.runner import prepare_run
from evals.run.suite import load_material, read_suite
from tests.evaluation.test_eval_command import run
from tests.evaluation.test_eval_run import TEXT, server, write_suite
from tests.openai_server import OpenAIServer

__all__ = ["server"]  # a fixture


def test_answers_are_sentences_and_no_language_model_is_asked(
    tmp_path: Path, server: OpenAIServer, capsys: pytest.CaptureFixture[str]
) -> None:
    path, folder = write_suite(tmp_path / "s", server.base_url, 2), tmp_path / "run"
    status, _, err = run(capsys, "run", path, "--extractive", "--to", folder)
    assert status == 0, err
    answers = [record.answer for record in Run(folder).completed()]
    claims = [claim["text"] for answer in answers if answer for claim in answer["claims"]]
    assert claims
    assert all(claim in TEXT for claim in claims)
    assert not server.requests
    assert " · model extractive · " in run(capsys, "score", folder)[1]


def test_an_extractive_run_is_a_run_of_its_own(
    tmp_path: Path, server: OpenAIServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    path = write_suite(tmp_path / "s", server.base_url, 2)
    suite = read_suite(path)
    material = load_material(suite, path)
    names = [
        prepare_run(None, suite.model_copy(update={"extractive": extractive}), material).folder.name
        for extractive in (False, True)
    ]
    assert names[0].rpartition("-")[0] == "talks"
    assert names[1].rpartition("-")[0] == "talks-extractive"
    assert names[0].rpartition("-")[2] != names[1].rpartition("-")[2]
