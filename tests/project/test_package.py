"""What people and programs expect of an installed package: version, types, completion, JSON, extras."""

import importlib.metadata
import io
import json
import os
import subprocess
import sys
import tomllib
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import click
import pytest

import assistant
from assistant.cli.main import cli
from evals.commands.main import evals
from tests.openai_server import OpenAIServer, Reply, Request, Streamed, vectors
from tests.parts import ROOT, Run, reply_to

PACKAGES = ("assistant", "index", "evals", "prompts")
LOCAL_RUNTIME = ("fastembed", "onnxruntime", "tokenizers", "xllamacpp")
MET = "What did the ferry Gannet strike?"
ARTICLE = "Ferry news\n\nThe ferry Gannet struck the breakwater on Saturday.\n"
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]


def python(code: str, **environment: str) -> subprocess.CompletedProcess[str]:
    variables = {**os.environ, **environment}
    return subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=False, env=variables
    )


def program(module: str, missing: Sequence[str], *arguments: str, **environment: str) -> Any:
    """A command line in a Python where some packages are not installed."""
    hidden = f"import sys; sys.modules.update(dict.fromkeys({tuple(missing)!r})); from {module} import main; "
    return python(f"{hidden}main({list(arguments)!r})", **environment)


def commands(command: click.Command, path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], click.Command]]:
    yield path, command
    if isinstance(command, click.Group):
        context = click.Context(command)
        for name in command.list_commands(context):
            found = command.get_command(context, name)
            assert found is not None
            yield from commands(found, (*path, name))


# Version, types and metadata


def test_the_version_is_told_in_python_and_on_the_command_line(run: Run) -> None:
    version = importlib.metadata.version("news-assistant")
    assert assistant.__version__ == version
    assert run("-V").out == run("--version").out == f"assistant, version {version}\n"


def test_every_package_says_that_it_has_types() -> None:
    assert [name for name in PACKAGES if not (ROOT / name / "py.typed").is_file()] == []


def test_the_metadata_names_authors_versions_and_both_programs() -> None:
    assert PROJECT["authors"] == [{"name": "The news assistant developers"}]
    assert PROJECT["keywords"]
    for version in ("3.11", "3.12", "3.13"):
        assert f"Programming Language :: Python :: {version}" in PROJECT["classifiers"]
    assert "urls" not in PROJECT
    assert PROJECT["scripts"] == {"assistant": "assistant.cli.main:main", "assistant-evals": "evals.commands.main:main"}


def test_set_up_asks_pip_for_nothing_beyond_the_pinned_list() -> None:
    # pip would warn about an extra of lxml that a package below trafilatura spells in an old way.
    readme, makefile = ((ROOT / name).read_text(encoding="utf-8") for name in ("README.md", "Makefile"))
    lines = [line for line in (readme + makefile).splitlines() if "-r requirements.txt" in line]
    assert len(lines) == 2
    assert all("--no-deps" in line for line in lines)


def test_what_web_pages_need_is_named_itself() -> None:
    # pip below 23.3 does not understand the extra by which a package below trafilatura asks for it.
    assert any(item.startswith("lxml-html-clean") for item in PROJECT["dependencies"])


# Help and completion


@pytest.mark.parametrize("whole", [cli, evals], ids=["assistant", "evals"])
def test_every_help_has_examples(whole: click.Command) -> None:
    without = [path for path, command in commands(whole) if "Example" not in (command.epilog or "")]
    assert without == []


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_the_completion_of_each_shell_is_printed(run: Run, shell: str) -> None:
    outcome = run("completion", shell)
    assert outcome.status == 0
    assert "_ASSISTANT_COMPLETE" in outcome.out


def test_a_shell_completes_commands() -> None:
    words = {"_ASSISTANT_COMPLETE": "bash_complete", "COMP_WORDS": "assistant index s", "COMP_CWORD": "2"}
    outcome = python("from assistant.cli.main import main; main()", **words)
    assert outcome.stdout.split() == ["plain,show", "plain,status"]


# JSON for programs


def test_models_are_told_to_programs(run: Run) -> None:
    outcome = run("models", "--json")
    rows = json.loads(outcome.out)["models"]
    assert {row["role"] for row in rows} == {"embeddings", "reranker", "llm"}
    assert {row["state"] for row in rows} <= {"ready", "missing", "partly downloaded"}


def test_adding_is_told_to_programs(run: Run, tmp_path: Path) -> None:
    folder = tmp_path / "articles"
    folder.mkdir()
    (folder / "a.txt").write_text(ARTICLE, encoding="utf-8")
    (folder / "b.jsonl").write_text('{"text": "Fine."}\n{"text"\n', encoding="utf-8")
    index = ("--index", str(tmp_path / "index"), "--json")
    planned = json.loads(run("index", "add", str(folder), "--dry-run", *index).out)
    assert (planned["dry_run"], planned["added"]) == (True, 2)
    outcome = run("index", "add", str(folder), *index)
    assert (outcome.status, outcome.err) == (1, "")
    told = json.loads(outcome.out)
    assert (told["added"], told["changed"], told["unchanged"], told["removed"]) == (2, 0, 0, [])
    (unread,) = told["unread"]
    assert "b.jsonl:2" in unread


@pytest.mark.parametrize(
    ("arguments", "kind", "status"),
    [
        (("ask", "Who?", "--json", "--index", "/nowhere/at/all"), "IndexStateError", 1),
        (("ask", "Who?", "--json", "--since", "soon"), "SettingError", 2),
        (("ask", "--json"), "UsageError", 2),
        (("index", "add", "/nowhere/at/all.md", "--json"), "InputError", 1),
    ],
)
def test_errors_are_told_to_programs(run: Run, arguments: tuple[str, ...], kind: str, status: int) -> None:
    outcome = run(*arguments)
    assert (outcome.status, outcome.out) == (status, "")
    error = json.loads(outcome.err)["error"]
    assert (error["kind"], error["exit_status"]) == (kind, status)
    assert error["problem"]
    # Without --json the same is told to people.
    plain = run(*(argument for argument in arguments if argument != "--json"))
    assert plain.status == status
    assert "Error: " in plain.err


def test_a_question_may_come_from_standard_input(run: Run, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    nowhere = ("--index", str(tmp_path / "none"))
    for typed, told in ((b"", "the question is empty"), (b"Who w\xffon?\n", "there are no articles")):
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(typed)))
        assert told in run("ask", "-", *nowhere).err
    assert "cannot both come from standard input" in run("ask", "-", "--add", "-", *nowhere).err


# Extras that are not installed


def test_the_evals_say_what_to_install() -> None:
    missing = ("ir_measures", "matplotlib", "rapidfuzz")
    outcome = program("evals.commands.main", missing, "--help")
    assert outcome.returncode == 0
    assert "pip install 'news-assistant[evals]'" in " ".join(outcome.stdout.split())
    outcome = program("evals.commands.main", missing, "score", "smoke")
    assert outcome.returncode == 1
    assert "which is not installed\npip install 'news-assistant[evals]'" in outcome.stderr
    assert "Traceback" not in outcome.stdout + outcome.stderr


def of_both_kinds(request: Request) -> Reply:
    """A server for chat and embeddings."""
    if request.path.endswith("/embeddings"):
        return vectors(*[(1.0, float(len(text))) for text in request.body["input"]])
    return Streamed([reply_to(request.body["messages"][-1]["content"], lambda _, sentence: sentence)])


def test_servers_without_the_embedded_runtime_work_and_say_what_is_lost(tmp_path: Path) -> None:
    article = tmp_path / "ferry.txt"
    article.write_text(ARTICLE, encoding="utf-8")
    with OpenAIServer(answer=of_both_kinds, models=["m"]) as server:
        chosen = {
            "OPENAI_BASE_URL": server.base_url,
            "ASSISTANT_MODEL": "m",
            "ASSISTANT_EMBEDDINGS_MODEL": "m",
            "ASSISTANT_INDEX": str(tmp_path / "index"),
        }
        arguments = ("ask", MET, "--add", str(article), "--json")
        outcome = program("assistant.cli.main", ("fastembed", "xllamacpp"), *arguments, **chosen)
        assert "Traceback" not in outcome.stderr
        answer = json.loads(outcome.stdout)
        assert "the reranker's runtime is not installed" in answer["warnings"][0]
        assert "breakwater" in answer["text"]
        wanted = program("assistant.cli.main", ("fastembed",), *arguments, **chosen, ASSISTANT_RERANKER="local")
        assert wanted.returncode == 1
        assert json.loads(wanted.stderr)["error"]["kind"] == "ModelError"


# What libraries say to their programmers


def test_no_warning_of_a_library_reaches_the_terminal(tmp_path: Path) -> None:
    code = (
        "import warnings, logging, click; from assistant.console.output import run\n"
        "@click.command()\n"
        "def noisy():\n"
        "    warnings.warn('for programmers', UserWarning)\n"
        "    logging.getLogger('langchain_openai').warning('for programmers')\n"
        "run(noisy, 'noisy', [])"
    )
    outcome = python(code)
    assert (outcome.returncode, outcome.stderr) == (0, "")
