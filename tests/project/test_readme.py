"""What the README shows works as it stands there."""

import re
import shlex
from pathlib import Path
from xml.etree import ElementTree

import click
import pytest

from assistant.cli.main import cli
from evals.commands.main import evals
from tests.parts import NEWSROOM, ROOT, quoting_server
from tests.picture import PICTURE

README = (ROOT / "README.md").read_text(encoding="utf-8")
BLOCK = re.compile(r"^```(?P<language>\w*)\n(?P<text>.*?)^```$", re.MULTILINE | re.DOTALL)
MADE_BY_USE = {"index": "path/to/index", "articles": "path/to/articles"}


def blocks(language: str) -> list[str]:
    return [match["text"] for match in BLOCK.finditer(README) if match["language"] == language]


def shell_lines(program: str) -> list[list[str]]:
    """Words of the lines of shell blocks that call a program."""
    lines = [line for block in blocks("sh") for line in block.splitlines()]
    calls = [shlex.split(line, comments=True) for line in lines]
    return [call[1:] for call in calls if call and call[0] == program]


def makefile() -> str:
    return (ROOT / "Makefile").read_text(encoding="utf-8")


def resolved(words: list[str]) -> tuple[click.Command, list[str]]:
    """The command that the words name, and its arguments."""
    command: click.Command = cli
    rest = list(words)
    context = click.Context(cli)
    while isinstance(command, click.Group) and rest and not rest[0].startswith("-"):
        found = command.get_command(context, rest[0])
        assert found is not None, f"there is no command {rest[0]}"
        command, rest = found, rest[1:]
    return command, rest


def test_every_make_line_names_a_target_and_its_variables() -> None:
    calls = shell_lines("make")
    assert ["ask", "Q=Who did Blinken meet?"] in calls
    for target, *variables in calls:
        assert re.search(rf"^{re.escape(target)}:.*## ", makefile(), re.MULTILINE), f"no target {target}"
        for variable in variables:
            name = variable.partition("=")[0]
            assert re.search(rf"^{name} \?= ", makefile(), re.MULTILINE), f"no variable {name}"


def test_every_command_line_can_be_parsed() -> None:
    calls = shell_lines("assistant")
    assert calls
    for words in calls:
        command, arguments = resolved(words)
        command.make_context("assistant", arguments, resilient_parsing=False)


def test_every_line_for_the_evals_names_a_command_and_its_options() -> None:
    calls = [words[2:] for words in shell_lines("python") if words[:2] == ["-m", "evals"]]
    assert ["score", "newsroom"] in calls
    context = click.Context(evals)
    for name, *arguments in calls:
        command = evals.get_command(context, name)
        assert command is not None, f"there is no command {name}"
        command.make_parser(click.Context(command)).parse_args(arguments)


def test_every_named_setting_exists() -> None:
    from assistant.settings import CONFIG_VARIABLE, Settings, environment_name

    known = {environment_name(name) for name in Settings.model_fields} | {CONFIG_VARIABLE}
    named = set(re.findall(r"\b(?:ASSISTANT|OPENAI)_[A-Z_]+", README))
    assert named
    assert named <= known


def test_every_linked_or_named_path_exists() -> None:
    links = re.findall(r"\]\((?!https?:|#)([^)#]+)", README)
    folders = re.findall(r"`((?:assistant|index|evals|prompts|tests)/[\w/.-]*)`", README)
    assert folders
    assert [path for path in (*links, *folders) if not (ROOT / path).exists()] == []


def test_every_python_block_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    programs = blocks("python")
    assert programs
    articles = tmp_path / MADE_BY_USE["articles"]
    articles.mkdir(parents=True)
    for file in sorted(NEWSROOM.glob("00*.md")):
        (articles / file.name).write_bytes(file.read_bytes())
    monkeypatch.chdir(tmp_path)
    with quoting_server() as server:
        monkeypatch.setenv("OPENAI_BASE_URL", server.base_url)
        monkeypatch.setenv("ASSISTANT_MODEL", "m")
        for number, program in enumerate(programs, start=1):
            exec(compile(program, f"README.md, Python block {number}", "exec"), {"__name__": "readme"})
    assert server.requests
    assert (tmp_path / MADE_BY_USE["index"]).is_dir()


def test_the_picture_of_the_chat_is_text_that_fetches_nothing() -> None:
    text = PICTURE.read_text(encoding="utf-8")
    assert not re.search(r"@font-face|@import|href=|url\((?!#)|<image|<script", text)
    drawn = ElementTree.fromstring(text).iter("{http://www.w3.org/2000/svg}text")
    said = " ".join(" ".join(element.text or "" for element in drawn).split())
    assert "The articles do not say." in said
    (transcript,) = (block for block in blocks("") if block.startswith("? "))
    for line in filter(None, transcript.splitlines()):
        assert " ".join(line.split()) in said
