"""Remedies of ``index``, which names its own methods and settings, in the words of a terminal."""

import ast
import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from assistant.console.remedies import COMMANDS, SETTINGS, WORDS, in_commands
from assistant.settings import Settings
from index.lifecycle.commit import CATALOG
from tests.parts import ROOT, Run

# As remedies of ``index`` name what a program would do: a class of it, with a method or an attribute.
LIBRARY_TERM = re.compile(r"\b(?:Library|Weights|Reading|Patterns)(?:\([A-Z]+\))?\.\w+")


def texts_of_index() -> Iterator[str]:
    for module in (ROOT / "index").rglob("*.py"):
        tree = ast.parse(module.read_text(encoding="utf-8"))
        described = {
            ast.get_docstring(node, clean=False)
            for node in ast.walk(tree)
            if hasattr(node, "body") and isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef)
        }
        texts = (node.value for node in ast.walk(tree) if isinstance(node, ast.Constant))
        yield from (text for text in texts if isinstance(text, str) and text not in described)


def test_every_term_of_the_library_has_its_command() -> None:
    texts = [text for text in texts_of_index() if LIBRARY_TERM.search(text)]
    assert texts
    assert not [text for text in texts if LIBRARY_TERM.search(in_commands(text))]


def test_every_word_of_the_table_is_said_by_the_library() -> None:
    said = "\n".join(texts_of_index())
    assert not [word for word in WORDS if word not in said]
    assert set(SETTINGS) <= Settings.model_fields.keys()
    assert not [word for word in COMMANDS if in_commands(f"first {word}, then more") == f"first {word}, then more"]


def test_other_words_stay() -> None:
    words = "Set ASSISTANT_MODELS_DIR, my_models_dir or models_dirs; see chroma.url and Library.added()."
    assert in_commands(words) == words


@pytest.mark.parametrize("as_json", [False, True])
def test_a_damaged_index_names_the_command_that_mends_it(run: Run, tmp_path: Path, as_json: bool) -> None:
    (tmp_path / CATALOG).write_bytes(b"no database" * 1000)
    outcome = run("index", "list", "--index", tmp_path, *(["--json"] if as_json else []))
    assert outcome.status == 1
    remedy = json.loads(outcome.err)["error"]["remedy"] if as_json else outcome.err.splitlines()[1]
    assert remedy == "mend it: assistant index rebuild"


def test_missing_models_name_the_command_that_fetches_them(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ASSISTANT_MODELS_DIR", str(tmp_path))
    outcome = run("models", "verify")
    assert outcome.err.splitlines()[1] == "Run: assistant models pull"


def test_a_server_that_is_away_is_named_with_its_variable(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    article = tmp_path / "a.txt"
    article.write_text("It sails.", encoding="utf-8")
    monkeypatch.setenv("ASSISTANT_CHROMA_URL", "http://127.0.0.1:9")
    outcome = run("index", "add", str(article), "--index", str(tmp_path / "index"))
    assert outcome.err.endswith("\nStart the server, or correct ASSISTANT_CHROMA_URL.\n")
