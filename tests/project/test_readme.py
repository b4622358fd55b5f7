"""What the README and the pages beside it show works as it stands there."""

import re
import shlex
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path
from xml.etree import ElementTree

import click
import pytest

import assistant
from assistant import Answer, Assistant, Status
from assistant.cli.main import cli
from evals.commands.main import evals
from evals.index_bench.command import index_bench
from evals.reader.__main__ import main as reader
from tests.parts import NEWSROOM, ROOT, quoting_server
from tests.picture import PICTURE
from tests.project.test_layout import ROOMS

PAGES = (
    *("README.md", "CONTRIBUTING.md", "assistant/README.md", "index/README.md"),
    *(
        "evals/README.md",
        "evals/docs/failures.md",
        "evals/docs/other_systems.md",
        "evals/reader/README.md",
        "assistant/docs/commands.md",
        "assistant/docs/decisions.md",
        "assistant/docs/glossary.md",
    ),
    *("assistant/docs/python.md", "assistant/docs/scale.md", "assistant/docs/settings.md"),
)
BLOCK = re.compile(r"^```(?P<language>\w*)\n(?P<text>.*?)^```$", re.MULTILINE | re.DOTALL)
MOST_LINES = 200
MADE_BY_USE = {"index": "path/to/index", "articles": "path/to/articles"}
PROGRAMS = {"evals": evals, "evals.index_bench": index_bench, "evals.reader": reader}

every_page = pytest.mark.parametrize("page", PAGES)


def text_of(page: str) -> str:
    return (ROOT / page).read_text(encoding="utf-8")


def blocks(page: str, language: str) -> list[str]:
    return [match["text"] for match in BLOCK.finditer(text_of(page)) if match["language"] == language]


def shell_lines(page: str, program: str) -> list[list[str]]:
    """Words of the lines of shell blocks that call a program, in the last place of a pipe if there is one."""
    lines = [line for block in blocks(page, "sh") for line in block.splitlines()]
    calls = [shlex.split(line.rpartition(" | ")[2], comments=True) for line in lines]
    return [call[1:] for call in calls if call and call[0] == program]


def makefile() -> str:
    return (ROOT / "Makefile").read_text(encoding="utf-8")


def resolved(program: click.Command, words: list[str]) -> tuple[click.Command, list[str]]:
    """The command of a program that the words name, and its arguments."""
    command, rest = program, list(words)
    context = click.Context(program)
    while isinstance(command, click.Group) and rest and not rest[0].startswith("-"):
        found = command.get_command(context, rest[0])
        assert found is not None, f"there is no command {rest[0]}"
        command, rest = found, rest[1:]
    return command, rest


def shown(page: str) -> Iterator[str]:
    """What kinds of things a page shows that can be checked."""
    for program in ("make", "assistant", "python"):
        if shell_lines(page, program):
            yield program
    if blocks(page, "python"):
        yield "Python block"


def test_the_pages_show_something_of_each_kind() -> None:
    assert set(shown("README.md")) == {"make", "assistant", "python", "Python block"}
    assert ["ask", "Q=Who did Blinken meet?"] in shell_lines("README.md", "make")
    assert "assistant" in shown("assistant/docs/commands.md")
    assert "Python block" in shown("assistant/docs/python.md")
    assert "assistant" in shown("index/README.md")
    assert ["-m", "evals", "score", "newsroom"] in shell_lines("evals/README.md", "python")


@every_page
def test_every_make_line_names_a_target_and_its_variables(page: str) -> None:
    for target, *variables in shell_lines(page, "make"):
        assert re.search(rf"^{re.escape(target)}:.*## ", makefile(), re.MULTILINE), f"no target {target}"
        for variable in variables:
            name = variable.partition("=")[0]
            assert re.search(rf"^{name} \?= ", makefile(), re.MULTILINE), f"no variable {name}"


@every_page
def test_every_command_line_can_be_parsed(page: str) -> None:
    for words in shell_lines(page, "assistant"):
        command, arguments = resolved(cli, words)
        context = command.make_context("assistant", arguments, resilient_parsing=False)  # else it raises
        assert context.command is command


@every_page
def test_every_line_for_the_evals_names_a_command_and_its_options(page: str) -> None:
    for dash, module, *words in shell_lines(page, "python"):
        assert dash == "-m"
        if module not in PROGRAMS:
            assert find_spec(module), f"there is no module {module}"
            continue
        command, arguments = resolved(PROGRAMS[module], words)
        command.make_parser(click.Context(command)).parse_args(arguments)


@every_page
def test_every_named_setting_exists(page: str) -> None:
    from assistant.settings import CONFIG_VARIABLE, Settings, environment_name

    known = {environment_name(name) for name in Settings.model_fields} | {CONFIG_VARIABLE}
    named = set(re.findall(r"\b(?:ASSISTANT|OPENAI)_[A-Z_]+", text_of(page)))
    assert named <= known
    assert named or page not in {"README.md", "assistant/docs/settings.md"}


@every_page
def test_every_linked_or_named_path_exists(page: str) -> None:
    links = re.findall(r"\]\((?!https?:|#)([^)#]+)", text_of(page))
    named = re.findall(r"`((?:assistant|index|evals|examples|prompts|tests)/[\w/.-]*)`", text_of(page))
    assert links or named
    assert [path for path in links if not ((ROOT / page).parent / path).exists()] == []
    assert [path for path in named if not (ROOT / path).exists()] == []


@every_page
def test_every_linked_heading_exists(page: str) -> None:
    for path, heading in re.findall(r"\]\((?!https?:)([^)#]*)#([^)]+)\)", text_of(page)):
        target = ((ROOT / page).parent / path) if path else ROOT / page
        titles = re.findall(r"^#+ (.+)$", target.read_text(encoding="utf-8"), re.MULTILINE)
        anchors = [re.sub(r"[^\w -]", "", title.lower()).replace(" ", "-") for title in titles]
        assert heading in anchors, f"no heading #{heading} in {target}"


@every_page
def test_what_is_said_to_be_in_a_file_is_there(page: str) -> None:
    places = re.findall(r"`(\w+)` in\s+`([\w/-]+\.\w+)`", text_of(page))
    assert [name for name, file in places if not re.search(rf"\b{name}\b", (ROOT / file).read_text("utf-8"))] == []


@pytest.mark.parametrize("package", ROOMS)
def test_the_map_of_a_package_has_its_rooms_in_their_order(package: str) -> None:
    table = text_of(f"{package}/README.md").partition("| room |")[2].partition("\n\n")[0]
    first_cells = [row.split("|")[1] for row in table.splitlines()[2:]]
    assert re.findall(r"`(\w+)`", " ".join(first_cells)) == ROOMS[package]


def first_cells(page: str, heading: str) -> list[str]:
    """What the first cells of the table below a heading name, in their order."""
    table = text_of(page).partition(f"{heading}\n")[2].partition("|---|---|\n")[2].partition("\n\n")[0]
    return [name for row in table.splitlines() for name in re.findall(r"`(\w+)`", row.split("|")[1])]


def test_the_page_of_the_python_interface_has_every_public_name() -> None:
    members = [name for name in vars(Assistant) if not name.startswith("_")]
    assert first_cells("assistant/docs/python.md", "## Public names") == assistant.__all__
    assert sorted(first_cells("assistant/docs/python.md", "### Members of Assistant")) == sorted(members)
    assert sorted(first_cells("assistant/docs/python.md", "### Fields of an answer")) == sorted(
        Answer.__dataclass_fields__
    )
    assert {"text", *Answer.__dataclass_fields__} == Answer("", Status.INSUFFICIENT).to_dict().keys()


def test_each_page_is_as_long_as_it_may_be() -> None:
    lines = {page: len(text_of(page).splitlines()) for page in PAGES}
    assert {page: count for page, count in lines.items() if count > MOST_LINES} == {}


@pytest.mark.parametrize("page", [page for page in PAGES if blocks(page, "python")])
def test_every_python_block_runs(page: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    articles = tmp_path / MADE_BY_USE["articles"]
    articles.mkdir(parents=True)
    for file in sorted(NEWSROOM.glob("00*.md")):
        (articles / file.name).write_bytes(file.read_bytes())
    monkeypatch.chdir(tmp_path)
    with quoting_server() as server:
        monkeypatch.setenv("OPENAI_BASE_URL", server.base_url)
        monkeypatch.setenv("ASSISTANT_MODEL", "m")
        for number, program in enumerate(blocks(page, "python"), start=1):
            exec(compile(program, f"{page}, Python block {number}", "exec"), {"__name__": "readme"})
    assert server.requests
    assert (tmp_path / MADE_BY_USE["index"]).is_dir()


def test_the_picture_of_the_chat_is_text_that_fetches_nothing() -> None:
    text = PICTURE.read_text(encoding="utf-8")
    assert not re.search(r"@font-face|@import|href=|url\((?!#)|<image|<script", text)
    drawn = ElementTree.fromstring(text).iter("{http://www.w3.org/2000/svg}text")
    said = " ".join(" ".join(element.text or "" for element in drawn).split())
    assert "The articles do not say." in said
    (transcript,) = (block for page in PAGES for block in blocks(page, "") if block.startswith("? "))
    for line in filter(None, transcript.splitlines()):
        assert " ".join(line.split()) in said
