"""What the language model knows after the fixed part of a prompt outlives the process."""

import stat
from collections.abc import Mapping
from pathlib import Path

import openai
import pytest

from assistant.embedded.llama_server import LocalServer
from index.weights.folder import Role

SYSTEM = "You answer in one word. Bridges are red, boats are blue, and houses are green, in the city of Port Alder."
QUESTION = "Which colour do boats have in Port Alder?"


@pytest.fixture
def gguf(paths: Mapping[Role, Path]) -> Path:
    return paths["llm"]


def ask(gguf: Path, states: Path | None) -> tuple[str, int]:
    """The answer of a server that has just started, and how many tokens it did not have to read."""
    with (
        LocalServer(gguf, context_tokens=512, system=SYSTEM, states=states) as server,
        openai.OpenAI(base_url=server.base_url, api_key=server.api_key, max_retries=0) as client,
    ):
        messages: list[openai.types.chat.ChatCompletionMessageParam] = [
            {"role": "system", "content": SYSTEM},
            {"role": "user", "content": QUESTION},
        ]
        reply = client.chat.completions.create(model=server.model, messages=messages, max_tokens=8, temperature=0)
    details = reply.usage.prompt_tokens_details if reply.usage else None
    return str(reply.choices[0].message.content), (details.cached_tokens if details else None) or 0


def test_the_fixed_part_is_read_once_and_answers_stay_the_same(gguf: Path, tmp_path: Path) -> None:
    plain, nothing = ask(gguf, None)
    first, _ = ask(gguf, tmp_path)
    (state,) = tmp_path.iterdir()
    written = state.stat()
    second, kept = ask(gguf, tmp_path)
    assert plain == first == second
    assert nothing == 0
    assert kept > len(SYSTEM.split())
    assert stat.S_IMODE(written.st_mode) == 0o600
    assert [path.stat().st_ino for path in tmp_path.iterdir()] == [written.st_ino]


def test_a_damaged_state_is_replaced_and_never_read(gguf: Path, tmp_path: Path) -> None:
    whole, _ = ask(gguf, tmp_path)
    (state,) = tmp_path.iterdir()
    content = bytearray(state.read_bytes())
    content[len(content) // 2] ^= 0xFF
    state.write_bytes(content)
    answer, _ = ask(gguf, tmp_path)
    assert answer == whole
    (new,) = tmp_path.iterdir()
    assert new.name == state.name
    assert new.read_bytes() != bytes(content)


def test_a_place_that_cannot_be_written_costs_nothing_but_time(gguf: Path, tmp_path: Path) -> None:
    (tmp_path / "taken").write_text("a file, not a folder")
    answer, _ = ask(gguf, tmp_path / "taken")
    assert answer
