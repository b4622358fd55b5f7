"""Runs with a budget: when they stop, how they go on, and what they are not begun with."""

import json
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from assistant.settings import Settings
from evals.run.budget import check_price
from evals.run.records import Run
from tests.evaluation.test_eval_run import quote, run, unless, write_suite
from tests.openai_server import OpenAIServer, Request, Streamed, failure

PRICE = "m = { input = 1000, output = 2000 }\n"  # a question of 90 and 5 tokens costs ten cents


@pytest.fixture(autouse=True)
def _priced(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "prices.toml").write_text(PRICE)
    monkeypatch.setenv("ASSISTANT_PRICES", str(tmp_path / "prices.toml"))


@pytest.fixture
def server() -> Iterator[OpenAIServer]:
    with OpenAIServer(answer=quote, models=["m"]) as server:
        yield server


def test_a_run_stops_at_its_budget_and_goes_on_with_a_larger_one(
    tmp_path: Path, server: OpenAIServer, capsys: pytest.CaptureFixture[str]
) -> None:
    suite, folder = write_suite(tmp_path / "s", server.base_url), tmp_path / "run"
    command = ("run", suite, "--to", folder)
    status, _, err = run(capsys, *command, "--budget", "0.25")
    assert (status, len(server.requests)) == (3, 3)
    assert err.endswith(
        "stopped at the budget of $0.2500; 3 questions are left\nso far: $0.3000; to go on, give a larger --budget\n"
    )
    # What was recorded counts, so that nothing more is asked, and nothing is made ready for it.
    shutil.rmtree(folder / "index")
    assert run(capsys, *command, "--budget", "0.25")[0] == 3
    assert not (folder / "index").exists()
    assert len(server.requests) == 3
    assert run(capsys, *command, "--budget", "0.35")[0] == 3
    assert len(server.requests) == 4
    status, _, err = run(capsys, *command, "--budget", "5")
    assert (status, len(server.requests)) == (0, 6)
    assert f"next: python -m evals score {folder}" in err
    assert len(Run(folder).completed()) == 6
    status, out, _ = run(capsys, "score", folder)
    assert "6 questions: 6 calls, 540 tokens read, 30 written, $0.6000" in out.splitlines()
    spent = json.loads(run(capsys, "score", folder, "--json")[1])["spent"]
    assert (spent["answers"], spent["unknown"], round(spent["cost_usd"], 6)) == (6, 0, 0.6)
    assert "cost usd " in run(capsys, "score", folder, "--all")[1]
    run(capsys, "report", folder)
    page = (folder / "report.html").read_text()
    assert "540 tokens read, 30 written, $0.6000" in page
    assert "<dt>cost</dt><dd>$0.1000</dd>" in page


def test_of_several_workers_none_begins_after_the_budget_is_reached(
    tmp_path: Path, server: OpenAIServer, capsys: pytest.CaptureFixture[str]
) -> None:
    suite, folder = write_suite(tmp_path / "s", server.base_url), tmp_path / "run"
    assert run(capsys, "run", suite, "--to", folder, "--workers", "2", "--budget", "0.15")[0] == 3
    # Two are on their way at once: the second of them to end may find a third begun.
    assert 2 <= len(server.requests) <= 3
    assert len(Run(folder).completed()) == len(server.requests)


def test_a_budget_that_nothing_reaches_changes_nothing(
    tmp_path: Path, server: OpenAIServer, capsys: pytest.CaptureFixture[str]
) -> None:
    suite = write_suite(tmp_path / "s", server.base_url, 2)
    assert run(capsys, "run", suite, "--to", tmp_path / "run", "--budget", "0.2")[0] == 0
    assert len(server.requests) == 2


def test_without_a_price_nothing_is_asked(
    tmp_path: Path, server: OpenAIServer, capsys: pytest.CaptureFixture[str]
) -> None:
    suite, folder = write_suite(tmp_path / "s", server.base_url), tmp_path / "run"
    command = ("run", suite, "--to", folder, "--budget", "1")
    status, _, err = run(capsys, *command, "--set", "model=other")
    assert (status, folder.exists(), server.requests) == (2, False, [])
    assert "what other costs is not known, so that no --budget can be kept\n" in err
    assert '"other" = { input = 0.40' in err


def test_the_embedded_model_is_within_every_budget() -> None:
    check_price(Settings(model="local", prices=Path("nowhere.toml")))


def test_prices_may_change_within_a_run(
    tmp_path: Path, server: OpenAIServer, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("ASSISTANT_PRICES")
    suite, folder = write_suite(tmp_path / "s", server.base_url), tmp_path / "run"
    assert run(capsys, "run", suite, "--to", folder, "--limit", "2")[0] == 0
    monkeypatch.setenv("ASSISTANT_PRICES", str(tmp_path / "prices.toml"))
    status, _, err = run(capsys, "run", suite, "--to", folder, "--budget", "0.15")
    assert (status, len(server.requests)) == (3, 4)
    assert "so far: at least $0.2000 (2 questions of unknown cost)" in err
    out = run(capsys, "score", folder)[1]
    assert "at least $0.2000 (2 questions of unknown cost)" in out


def test_a_server_that_does_not_count_ends_a_run_with_a_budget(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    def silent(request: Request) -> Streamed:
        return Streamed(quote(request).pieces)

    with OpenAIServer(answer=silent, models=["m"]) as other:
        suite, folder = write_suite(tmp_path / "s", other.base_url), tmp_path / "run"
        status, _, err = run(capsys, "run", suite, "--to", folder, "--budget", "1")
    assert (status, len(other.requests)) == (2, 1)
    assert "the server does not say how many tokens it reads and writes" in err
    assert len(Run(folder).completed()) == 1


def test_a_failed_question_has_an_unknown_cost(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with OpenAIServer(answer=unless("Anna", failure(500, "down")), models=["m"]) as other:
        suite, folder = write_suite(tmp_path / "s", other.base_url, 2), tmp_path / "run"
        assert run(capsys, "run", suite, "--to", folder, "--budget", "1")[0] == 0
    assert "at least $0.1000 (1 question of unknown cost)" in run(capsys, "score", folder)[1]


@pytest.mark.parametrize("amount", ["0", "-1", "much"])
def test_a_budget_is_an_amount(tmp_path: Path, capsys: pytest.CaptureFixture[str], amount: str) -> None:
    status, _, err = run(capsys, "run", write_suite(tmp_path / "s", "http://127.0.0.1:9/v1"), "--budget", amount)
    assert status == 2
    assert "--budget" in err
