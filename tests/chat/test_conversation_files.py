"""Conversations in the user's data folder: whole, private, and found again."""

import os
import re
import stat
from dataclasses import replace
from pathlib import Path

import platformdirs
import pytest

from assistant.chat.history_files import MOST_KEPT, error_file, history_file, last_conversation, save_conversation
from assistant.render.transcript import Transcript
from assistant.settings import APPLICATION
from index.errors import AssistantError, InputError
from tests.talks import TALK


def mode_of(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_a_conversation_comes_back_as_it_was(tmp_path: Path) -> None:
    assert last_conversation(tmp_path) is None
    save_conversation(TALK, tmp_path)
    kept = last_conversation(tmp_path)
    assert kept is not None
    assert kept.sources == TALK.sources
    assert [entry.answer.to_dict() for entry in kept.entries] == [entry.answer.to_dict() for entry in TALK.entries]
    assert last_conversation(tmp_path / "another index") is None


def test_only_the_user_can_read_it(tmp_path: Path) -> None:
    umask = os.umask(0)
    try:
        files = [save_conversation(TALK, tmp_path), history_file(), error_file("Traceback")]
    finally:
        os.umask(umask)
    home = platformdirs.user_data_path(APPLICATION)
    assert {mode_of(file) for file in files} == {0o600}
    assert {mode_of(folder) for folder in (files[0].parent, files[1].parent)} == {0o700}
    assert all(home in file.parents for file in files)


def test_the_history_of_an_earlier_version_becomes_private() -> None:
    history_file().chmod(0o644)
    assert mode_of(history_file()) == 0o600


def test_the_conversation_that_went_on_last_is_taken(tmp_path: Path) -> None:
    begun_first = save_conversation(Transcript("2023-01-01T00:00:00+00:00", TALK.entries[:1]), tmp_path)
    begun_last = save_conversation(Transcript("2023-02-01T00:00:00+00:00", TALK.entries[:2]), tmp_path)
    os.utime(begun_last, ns=(1, 1))
    os.utime(begun_first, ns=(2, 2))
    kept = last_conversation(tmp_path)
    assert kept is not None
    assert len(kept.entries) == 1


def test_old_conversations_make_room(tmp_path: Path) -> None:
    for number in range(MOST_KEPT + 3):
        file = save_conversation(replace(TALK, started=f"2023-01-01T00:00:{number:02}", entries=()), tmp_path)
        os.utime(file, ns=(number, number))
    names = sorted(path.name for path in file.parent.iterdir())
    assert len(names) == MOST_KEPT
    assert "2023-01-01T000000.json" not in names


@pytest.mark.parametrize("content", [b"", b"{", b'{"started": 1}', b"\xff"])
def test_a_damaged_file_is_named_with_the_way_out(tmp_path: Path, content: bytes) -> None:
    file = save_conversation(TALK, tmp_path)
    file.write_bytes(content)
    with pytest.raises(InputError, match=re.escape(str(file))) as caught:
        last_conversation(tmp_path)
    assert "without --resume" in caught.value.remedy


def test_where_nothing_can_be_written_the_place_and_the_way_out_are_named(tmp_path: Path) -> None:
    home = platformdirs.user_data_path(APPLICATION)
    home.parent.mkdir(parents=True, exist_ok=True)
    home.write_text("a file in the place of the folder")
    with pytest.raises(AssistantError, match=str(home)) as caught:
        save_conversation(TALK, tmp_path)
    assert "/save FILE" in caught.value.remedy
