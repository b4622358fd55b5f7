"""The command line: what is printed where, exit statuses, and errors in words."""

import importlib.metadata
import json
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.openai_server import OpenAIServer, Plain, Silence, Streamed, failure
from tests.parts import KEY, NEWSROOM, ROOT, Run, quoting_server

MET = "Who did Blinken meet?"
BOILING = "At what temperature does tungsten boil?"
# Few candidates, so that most of a test is not spent on reranking.
SMALL = {"model": "m", "retries": "0", "candidates": "8", "k": "3"}
HEAVY = ("chromadb", "langchain_core", "langchain_openai", "openai", "onnxruntime", "fastembed", "xllamacpp", "tantivy")


@pytest.fixture
def use(monkeypatch: pytest.MonkeyPatch, newsroom_index: Path) -> Callable[..., None]:
    """Settings for a server at an address, over the newsroom."""

    def use(address: str, **settings: str) -> None:
        monkeypatch.setenv("OPENAI_BASE_URL", address)
        monkeypatch.setenv("OPENAI_API_KEY", KEY)
        monkeypatch.setenv("ASSISTANT_INDEX", str(newsroom_index))
        for name, value in {**SMALL, **settings}.items():
            monkeypatch.setenv(f"ASSISTANT_{name.upper()}", value)

    return use


@pytest.fixture
def server(use: Callable[..., None]) -> Iterator[OpenAIServer]:
    with quoting_server() as server:
        use(server.base_url)
        yield server


# Answers


def test_an_answer_is_printed_with_its_sources(run: Run, server: OpenAIServer) -> None:
    outcome = run("ask", MET)
    assert outcome.status == 0
    assert outcome.err == ""
    assert "Cho Tae-Yong" in outcome.out
    claims, _, sources = outcome.out.partition("\n\n")
    assert "[1]" in claims
    assert "  [1] " in sources
    assert "· Newsroom World Desk ·" in sources
    assert "2023" in sources
    assert "\x1b" not in outcome.out
    assert server.requests[0].headers["authorization"] == f"Bearer {KEY}"


def test_what_the_articles_do_not_say_is_exit_status_3(run: Run, server: OpenAIServer) -> None:
    outcome = run("ask", BOILING)
    assert outcome.status == 3
    assert outcome.out.startswith("The articles do not say.\n")
    assert "[1]" not in outcome.out
    assert server.requests == []


def test_json_has_the_documented_shape(run: Run, server: OpenAIServer) -> None:
    outcome = run("ask", MET, "--json")
    data = json.loads(outcome.out)
    assert outcome.status == 0
    assert {"status", "text", "claims", "citations", "evidence", "rejected", "usage", "timings_ms"} <= data.keys()
    assert data["question"] == MET
    assert data["status"] == "answered"
    assert [set(claim) for claim in data["claims"]] == [{"text", "citations", "sources"}] * len(data["claims"])
    assert data["text"] == " ".join(
        claim["text"] + "".join(f" [{n}]" for n in claim["citations"]) for claim in data["claims"]
    )
    for citation in data["citations"]:
        assert set(citation) == {"n", "sentence", "start", "end", "article", "dates"}
        assert {"id", "title", "source", "url", "published"} <= citation["article"].keys()
        assert len(citation["sentence"]) == citation["end"] - citation["start"]
    assert [citation["n"] for citation in data["citations"]] == list(range(1, len(data["citations"]) + 1))
    assert {"label", "fit", "words", "sentence", "start", "end", "article"} == data["evidence"][0].keys()
    assert data["rejected"] == []
    counts = {"prompt_tokens": 900, "completion_tokens": 50, "cached_tokens": None, "calls": 1}
    assert data["usage"] == {**counts, "cost_usd": None}
    assert data["timings_ms"]["total"] > 0
    assert server.requests


def test_json_of_a_refusal_and_of_rejected_claims(run: Run, use: Callable[..., None]) -> None:
    with OpenAIServer(Plain(200, {})) as server:
        use(server.base_url)
        refused = run("ask", BOILING, "--json")
    data = json.loads(refused.out)
    assert refused.status == 3
    assert (data["status"], data["text"], data["claims"], data["citations"]) == ("insufficient", "", [], [])
    assert data["evidence"]
    assert data["usage"] is None
    nonsense = json.dumps({f"S{n}": "The lighthouse is made of cheese." for n in range(1, 13)})

    def answer(request: Any) -> Streamed:
        wanted = request.body["response_format"]["json_schema"]["schema"]["required"]
        return Streamed([json.dumps({label: json.loads(nonsense)[label] for label in wanted})])

    with OpenAIServer(answer=answer) as server:
        use(server.base_url)
        data = json.loads(run("ask", MET, "--json").out)
    assert data["status"] == "answered"
    assert {"text", "labels", "reason"} == data["rejected"][0].keys()
    assert data["rejected"][0]["text"] == "The lighthouse is made of cheese."


def test_details_are_shown_on_demand(run: Run, server: OpenAIServer) -> None:
    outcome = run("ask", MET, "-v")
    assert "Evidence considered\nS1" in outcome.out
    assert "m: 900 tokens read, 50 written, cost unknown · ms: " in outcome.out
    assert server.requests


def test_the_cost_of_an_answer_is_told_where_its_price_is_known(
    run: Run, use: Callable[..., None], tmp_path: Path
) -> None:
    own = tmp_path / "own.toml"
    own.write_text("m = { input = 2, output = 10 }")
    with quoting_server() as server:
        use(server.base_url, prices=str(own))
        assert "m: 900 tokens read, 50 written, $0.0023 · ms: " in run("ask", MET, "-v").out
        assert json.loads(run("ask", MET, "--json").out)["usage"]["cost_usd"] == 0.0023
        own.write_text("m = { input = 2 }")
        wrong = run("ask", MET)
    assert wrong.status == 2
    assert wrong.err.startswith(f'Error: {own}: price of "m", output: field required\nWrite each price as ')
    assert len(server.requests) == 2


def test_a_window_keeps_other_days_out(run: Run, server: OpenAIServer) -> None:
    flood = "How many people died in the flood?"
    days = ("--since", "2023-09-06", "--until", "2023-09-06")
    data = json.loads(run("ask", flood, *days, "--json").out)
    assert {item["article"]["published"][:10] for item in data["evidence"]} == {"2023-09-06"}
    since = json.loads(run("ask", flood, "--since", "2023-11-01", "--json").out)
    assert min(item["article"]["published"] for item in since["evidence"]) >= "2023-11-01"
    until = json.loads(run("ask", flood, "--until", "2023-05-31", "--json").out)
    assert max(item["article"]["published"] for item in until["evidence"]) < "2023-06-01"
    assert server.models == ["m"]


def test_as_of_is_the_present(run: Run, server: OpenAIServer) -> None:
    question = "How many people died in the flood last week?"
    for moment in ("2023-09-06", "2023-09-06T10:00", "2023-09-06T10:00:00+09:00"):
        data = json.loads(run("ask", question, "--as-of", moment, "--json").out)
        assert {item["article"]["published"][:10] for item in data["evidence"]} <= {
            f"2023-{day}" for day in "08-28 08-29 08-30 08-31 09-01 09-02 09-03 09-04 09-05".split()
        }
    later = run("ask", question, "--as-of", "2020-01-01")
    assert (later.status, "Note: only articles published 23–31 December 2019 were searched" in later.out) == (3, True)


# Errors of servers


@pytest.mark.parametrize(
    ("reply", "problem", "remedy"),
    [
        (failure(401, f"Incorrect API key provided: {KEY}"), "did not accept the API key", "OPENAI_API_KEY"),
        (failure(403, f"key {KEY} is blocked"), "does not allow this key", "OPENAI_API_KEY"),
        (
            failure(404, "model m", code="model_not_found"),
            "does not have the model 'm'",
            "ASSISTANT_MODEL to one of: a, b",
        ),
        (failure(429, "slow down"), "too many requests", "Wait"),
        (failure(429, "pay", code="insufficient_quota"), "quota", "plan"),
        (failure(500, "oops"), "failed (HTTP 500)", "Try again later"),
        (Silence(), "did not answer within 0.3 seconds", "ASSISTANT_TIMEOUT_SECONDS"),
        (Streamed(['{"S1": "Bl'], cut=True), "connection", "Try again"),
    ],
    ids=["key", "blocked", "model", "busy", "quota", "broken", "silent", "cut"],
)
def test_a_failing_server_is_one_line_and_a_remedy(
    run: Run, use: Callable[..., None], reply: Any, problem: str, remedy: str
) -> None:
    with OpenAIServer(reply, models=["a", "b"]) as server:
        use(server.base_url, reranker="none", timeout_seconds="0.3" if isinstance(reply, Silence) else "20")
        outcome = run("ask", MET)
    assert outcome.status == 1
    assert outcome.out == ""
    first, second = outcome.err.splitlines()
    assert first.startswith("Error: ")
    assert server.base_url in first
    assert problem in first
    assert remedy in second


def test_an_unreachable_server_is_named(run: Run, use: Callable[..., None]) -> None:
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        address = f"http://127.0.0.1:{closed.getsockname()[1]}/v1"
        use(address, reranker="none")
        outcome = run("ask", MET)
    assert outcome.status == 1
    assert outcome.err.splitlines() == [
        f"Error: {address} (model m): nothing listens there",
        "Start the server, or correct OPENAI_BASE_URL.",
    ]


# Wrong usage


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((), "Usage: "),
        (("frobnicate",), "No such command"),
        (("ask",), "Missing argument 'QUESTION'"),
        (("ask", ""), "the question is empty"),
        (("ask", MET, "--k", "0"), "Invalid value for '--k'"),
        (("ask", MET, "--nonsense"), "No such option"),
        (("ask", MET, "--since", "yesterday"), "--since yesterday is not a date"),
        (("ask", MET, "--until", "2023-13-01"), "--until 2023-13-01 is not a date"),
        (("ask", MET, "--as-of", "last week"), "--as-of last week is not a date"),
        (("chat", "--as-of", "2023-02-30"), "--as-of 2023-02-30 is not a date"),
        (("index", "add"), "Missing argument"),
        (("models", "pull", "--only", "cat"), "Invalid value for '--only'"),
    ],
)
def test_wrong_usage_is_exit_status_2(
    run: Run, use: Callable[..., None], arguments: tuple[str, ...], message: str
) -> None:
    use("http://127.0.0.1:9/v1")
    outcome = run(*arguments)
    assert outcome.status == 2
    assert message in outcome.err


def test_a_wrong_setting_is_exit_status_2_and_named(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ASSISTANT_K", "many")
    outcome = run("ask", MET)
    assert outcome.status == 2
    assert outcome.err.startswith("Error: k cannot be 'many' (from environment ASSISTANT_K)\n")


# The index


def test_an_empty_index_says_what_to_do(run: Run, use: Callable[..., None], tmp_path: Path) -> None:
    use("http://127.0.0.1:9/v1")
    for arguments in (("ask", MET), ("index", "status"), ("chat",)):
        outcome = run(*arguments, "--index", str(tmp_path / "none"))
        assert outcome.status == 1
        assert outcome.out == ""
        problem, remedy = outcome.err.splitlines()
        assert problem == f"Error: there are no articles in the index {tmp_path / 'none'}"
        assert remedy == "add some first: assistant index add PATH…"
    assert not (tmp_path / "none").exists()


def test_add_tells_what_it_did_and_adding_again_changes_nothing(run: Run, tmp_path: Path) -> None:
    article = tmp_path / "ferry.md"
    article.write_text("---\nid: ferry\ntitle: Ferry\n---\nThe ferry struck the wall.\n", encoding="utf-8")
    index = str(tmp_path / "index")
    first = run("index", "add", str(article), "--index", index)
    assert (first.status, first.err) == (0, "")
    assert first.out == f"1 articles: 1 added, 0 changed, 0 unchanged; 1 chunks embedded into {index}\n"
    assert "0 added, 0 changed, 1 unchanged; 0 chunks" in run("index", "add", str(tmp_path), "--index", index).out
    article.write_text("---\nid: ferry\ntitle: Ferry\n---\nThe ferry sank.\n", encoding="utf-8")
    assert "0 added, 1 changed" in run("index", "add", str(article), "--index", index).out
    status = run("index", "status", "--index", index).out
    assert [line.split()[:2] for line in status.splitlines()][1:3] == [["articles", "1"], ["chunks", "1"]]


def test_ask_can_add_articles_first(run: Run, server: OpenAIServer, tmp_path: Path) -> None:
    article = tmp_path / "ferry.txt"
    article.write_text("Ferry news\n\nThe ferry Gannet struck the breakwater on Saturday.\n", encoding="utf-8")
    index = str(tmp_path / "index")
    outcome = run("ask", "What did the ferry Gannet strike?", "--add", str(article), "--index", index)
    assert outcome.status == 0
    assert "breakwater on Saturday. [1]" in outcome.out
    assert len(server.requests) == 1


def test_files_that_cannot_be_read_are_named(run: Run, tmp_path: Path) -> None:
    missing = tmp_path / "missing.md"
    outcome = run("index", "add", str(missing), "--index", str(tmp_path / "index"))
    assert (outcome.status, outcome.out) == (1, "")
    assert outcome.err.splitlines()[0] == f"Error: {missing}: no such file or folder"


# The program


def test_help_is_quick_because_nothing_heavy_is_imported() -> None:
    code = (
        "import sys\n"
        "try:\n    import assistant.cli.main; assistant.cli.main.main(['--help'])\n"
        f"finally:\n    print(sorted(set(sys.modules) & set({HEAVY})), file=sys.stderr)"
    )
    outcome = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert outcome.stderr == "[]\n"
    for command in ("ask", "chat", "config", "index", "models"):
        assert f"\n  {command} " in outcome.stdout
    assert "Exit status: 0 answered, 3 the articles do not say, 1 error, 2 wrong usage." in outcome.stdout


@pytest.mark.parametrize("command", ["ask", "chat", "config", "index", "models"])
def test_every_command_has_help(run: Run, command: str) -> None:
    outcome = run(command, "--help")
    assert outcome.status == 0
    usage = outcome.out.splitlines()[0]
    assert usage.startswith("Usage: ")
    assert f" {command} [" in usage


def test_the_version_is_the_packages(run: Run) -> None:
    try:
        version = importlib.metadata.version("news-assistant")
    except importlib.metadata.PackageNotFoundError:
        pytest.skip("the package is not installed here")
    assert run("--version").out == f"assistant, version {version}\n"


def test_a_reader_that_has_left_is_no_error(server: OpenAIServer) -> None:
    command = f"{sys.executable} -m assistant ask '{MET}' | true"
    outcome = subprocess.run(["/bin/sh", "-c", command], cwd=ROOT, capture_output=True, text=True, check=True)
    assert outcome.stderr == ""
    assert server.requests


def test_config_masks_the_key(run: Run, use: Callable[..., None]) -> None:
    use("http://127.0.0.1:9/v1")
    outcome = run("config")
    assert outcome.status == 0
    assert "…abcd" in outcome.out
    assert str(NEWSROOM) not in outcome.out
