"""What comes from articles, files and people reaches a terminal without anything that it would obey."""

import json
import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assistant.embedded.provider import ModelProvider
from index.articles import Article
from index.library import Library
from index.printable import UNSHOWN, json_text, printable
from tests.parts import Run

EVIL = "\x1b]0;owned\x07\x9b31m\u202eevil\u2066\x7f"
OBEYED = frozenset(map(chr, UNSHOWN))
ANY_TEXT = st.text(alphabet=st.characters(codec=None))


@given(ANY_TEXT)
def test_json_is_the_same_value_without_what_a_terminal_obeys(text: str) -> None:
    written = json_text({text: [text]})
    assert json.loads(written) == {text: [text]}
    assert not OBEYED & set(written)
    assert written.encode()  # no half of a surrogate pair


@given(ANY_TEXT)
def test_printable_text_has_nothing_that_a_terminal_obeys(text: str) -> None:
    assert not OBEYED & set(printable(text))
    assert printable(printable(text)) == printable(text)


def test_letters_of_every_script_stay_as_they_are() -> None:
    text = "Ævar Łódź 東京 عربى\t😀\n"
    assert printable(text) == text
    assert json_text(text) == json.dumps(text, ensure_ascii=False)
    assert json_text("\x1b\x9b\u202e") == r'"\u001b\u009b\u202e"'


@pytest.fixture
def evil_index(tmp_path: Path, models: ModelProvider) -> Path:
    """An index of an article that commands a terminal wherever it can, made by a program."""
    folder = tmp_path / f"index{EVIL}"
    fields = {name: f"{name}{EVIL}" for name in ("id", "title", "source", "author", "url")}
    Library(folder, models).add([Article(text=f"The ferry sank.{EVIL}", **fields)])
    return folder


@pytest.mark.parametrize(
    "command",
    [
        ("list",),
        ("list", "--json"),
        ("show", f"id{EVIL}"),
        ("show", f"id{EVIL}", "--json"),
        ("export",),
        ("export", "--sentences"),
        ("status",),
        ("status", "--json"),
        ("check",),
        ("check", "--json"),
        ("remove", f"id{EVIL}"),
        ("remove", f"none{EVIL}"),
    ],
    ids=" ".join,
)
def test_no_command_of_the_index_hands_a_terminal_what_it_obeys(
    command: tuple[str, ...], evil_index: Path, run: Run
) -> None:
    outcome = run("index", *command, "--index", evil_index)
    assert outcome.out + outcome.err
    assert not OBEYED & set(outcome.out + outcome.err)


def test_names_of_files_are_shown_without_what_a_terminal_obeys(tmp_path: Path, run: Run) -> None:
    folder = tmp_path / "articles"
    folder.mkdir()
    (folder / f"good{EVIL}.txt").write_text("The ferry sank.\n", encoding="utf-8")
    (folder / f"bad{EVIL}.jsonl").write_text("{\n", encoding="utf-8")
    (folder / f"link{EVIL}.txt").symlink_to("/nowhere")
    for options in (("--dry-run",), (), ("--prune",)):
        outcome = run("index", "add", folder, "--index", tmp_path / "index", *options)
        assert outcome.status == 1
        assert not OBEYED & set(outcome.out + outcome.err)
    for options in ((), ("--json",)):
        assert not OBEYED & set(run("index", "list", "--index", tmp_path / "index", *options).out)


def test_a_file_whose_name_is_no_text_is_named(tmp_path: Path, run: Run) -> None:
    name = os.path.join(os.fsencode(tmp_path), b"caf\xe9.txt")
    with open(name, "wb") as file:
        file.write(b"The ferry sank.\n")
    outcome = run("index", "add", "--dry-run", os.fsdecode(name), "--index", tmp_path / "index")
    outcome.out.encode()
    assert outcome.status in {0, 1}
