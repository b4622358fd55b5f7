"""Prompt files: what they promise is checked, and what is put into them stays as it is."""

import hashlib
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assistant.llm.prompts import Prompt, load_prompt
from index.split.sentences import split_sentences

PROMPTS = Path(__file__).parents[2] / "prompts"
HEAD = "---\nvariables: [question]\nreply: {type: string}\n---\n"

Load = Callable[[str], Prompt]


@pytest.fixture
def load(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Load:
    """Loads a prompt file with this text from a folder ``prompts`` of the test's own."""
    folder = tmp_path / "prompts"
    folder.mkdir()
    (folder / "__init__.py").touch()
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.delitem(sys.modules, "prompts", raising=False)

    def load(text: str) -> Prompt:
        name = hashlib.sha256(text.encode()).hexdigest()[:12]
        (folder / f"{name}.md").write_text(text, encoding="utf-8")
        return load_prompt(name)

    return load


def test_every_prompt_file_can_be_loaded_and_names_its_digest() -> None:
    files = sorted(PROMPTS.glob("*.md"))
    assert PROMPTS / "answer.md" in files
    for file in files:
        prompt = load_prompt(file.stem)
        assert prompt.digest == hashlib.sha256(file.read_bytes()).hexdigest()
        assert prompt.system
        assert prompt.parts["User"]
        assert prompt.reply


def test_values_stand_where_the_file_names_them(load: Load) -> None:
    prompt = load(f"{HEAD}# System\nBe brief, it costs $$5.\n# User\nQ: $question\n")
    system, user = prompt.messages(question="Why?")
    assert (system.type, system.text) == ("system", "Be brief, it costs $5.")
    assert (user.type, user.text) == ("human", "Q: Why?")


@given(st.text())
def test_values_are_not_read_as_templates(question: str) -> None:
    user = load_prompt("answer").messages(question=question, evidence="[S1] A $question.")[-1]
    assert user.text == f"[S1] A $question.\nQuestion: {question}"


@pytest.mark.parametrize("values", [{}, {"question": "?"}, {"question": "?", "evidence": "", "more": ""}])
def test_missing_and_further_values_are_refused(values: dict[str, str]) -> None:
    with pytest.raises(TypeError, match="prompt answer takes"):
        load_prompt("answer").messages(**values)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("# System\nx\n# User\n$question\n", "front matter must name variables and reply"),
        (HEAD.replace("---\nvar", "---\nmodel: x\nvar") + "# System\nx\n# User\n$question\n", "model"),
        (f"{HEAD}# User\n$question\n", "needs the headings"),
        (f"{HEAD}# System\nx\n$question\n", "needs the headings"),
        (f"{HEAD}Hello\n# System\nx\n# User\n$question\n", "needs the headings"),
        (f"{HEAD}# System\nx\n# User\nhello\n", r"names \['question'\] and uses \[\]"),
        (f"{HEAD}# System\n$tone\n# User\n$question\n", r"uses \['question', 'tone'\]"),
    ],
)
def test_a_file_that_breaks_its_promise_is_refused(load: Load, text: str, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        load(text)


def test_examples_in_the_prompt_are_whole_sentences() -> None:
    shown = [line.partition("] ")[2] for line in load_prompt("answer").system.splitlines() if line.startswith("[S")]
    assert shown
    assert [len(split_sentences(sentence)) for sentence in shown] == [1] * len(shown)
