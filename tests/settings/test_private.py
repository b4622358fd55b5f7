"""What the assistant keeps is its user's alone to read, and what it writes for others replaces nothing unasked."""

import os
import stat
from collections.abc import Iterator
from pathlib import Path

import platformdirs
import pytest

from assistant.chat.history_files import error_file, history_file, save_conversation
from assistant.render.transcript import Transcript
from assistant.settings import APPLICATION
from evals.run.append_only import open_line_file
from index.errors import UsageError
from index.exports import new_file
from index.private import private_file, private_folder, tighten_tree
from tests.parts import Run


@pytest.fixture(autouse=True)
def _usual_mask() -> Iterator[None]:
    """Files are readable by everybody unless somebody takes care."""
    before = os.umask(0o022)
    yield
    os.umask(before)


def modes(folder: Path) -> dict[str, str]:
    """Path → mode of a folder and all that is in it."""
    return {str(path.relative_to(folder)): oct(path.lstat().st_mode & 0o777) for path in (folder, *folder.rglob("*"))}


def loose(folder: Path) -> list[str]:
    return [name for name, mode in modes(folder).items() if int(mode, 8) & 0o077]


def test_an_index_is_private_and_a_loose_one_is_tightened(tmp_path: Path, run: Run) -> None:
    folder, article = tmp_path / "made" / "index", tmp_path / "a.txt"
    article.write_text("The ferry sank.\n", encoding="utf-8")
    assert run("index", "add", article, "--index", folder).status == 0
    assert loose(folder) == []
    assert stat.S_IMODE(folder.parent.stat().st_mode) == 0o700
    assert stat.S_IMODE(article.stat().st_mode) == 0o644
    for path in (folder, *folder.rglob("*")):
        path.chmod(0o755 if path.is_dir() else 0o644)
    article.write_text("The ferry sails.\n", encoding="utf-8")
    assert run("index", "add", article, "--index", folder).status == 0
    assert loose(folder) == []


def test_what_is_not_of_the_index_stays_as_it_is(tmp_path: Path, run: Run) -> None:
    article = tmp_path / "a.txt"
    article.write_text("The ferry sank.\n", encoding="utf-8")
    tmp_path.chmod(0o755)
    assert run("index", "add", article, "--index", tmp_path).status == 0
    assert [name for name in loose(tmp_path) if name not in {"a.txt", "."}] == []
    assert stat.S_IMODE(tmp_path.stat().st_mode) == 0o755
    assert stat.S_IMODE(article.stat().st_mode) == 0o644


def test_conversations_are_private_and_loose_ones_are_tightened(tmp_path: Path) -> None:
    def keep() -> None:
        history_file()
        error_file("trace \udcff")
        save_conversation(Transcript("2023-11-09T08:00:00+00:00"), tmp_path)

    data = platformdirs.user_data_path(APPLICATION)
    keep()
    assert loose(data) == []
    for path in (data / "chat").rglob("*"):
        path.chmod(0o755 if path.is_dir() else 0o644)
    (data / "chat").chmod(0o755)
    keep()
    assert loose(data) == []


def test_lines_of_a_run_are_private(tmp_path: Path) -> None:
    with open_line_file(tmp_path / "runs" / "one" / "answers.jsonl"):
        pass
    assert [name for name in loose(tmp_path / "runs") if not name.endswith(".lock")] == []
    (tmp_path / "runs" / "one" / "answers.jsonl").chmod(0o644)
    with open_line_file(tmp_path / "runs" / "one" / "answers.jsonl"):
        pass
    assert [name for name in loose(tmp_path / "runs") if not name.endswith(".lock")] == []


def test_a_private_file_is_never_written_through_a_link(tmp_path: Path) -> None:
    precious = tmp_path / "precious"
    precious.write_text("mine", encoding="utf-8")
    (tmp_path / "file").symlink_to(precious)
    with private_file(tmp_path / "file") as file:
        file.write(b"new")
    assert precious.read_text(encoding="utf-8") == "mine"
    assert (tmp_path / "file").read_text(encoding="utf-8") == "new"
    assert stat.S_IMODE((tmp_path / "file").lstat().st_mode) == 0o600


def test_what_links_lead_to_is_not_tightened(tmp_path: Path) -> None:
    outside = private_folder(tmp_path / "outside")
    outside.chmod(0o755)
    folder = private_folder(tmp_path / "folder")
    (folder / "link").symlink_to(outside)
    tighten_tree(folder)
    assert stat.S_IMODE(outside.stat().st_mode) == 0o755


@pytest.mark.parametrize("replace", [False, True])
def test_a_file_for_others_is_never_written_through_a_link(tmp_path: Path, replace: bool) -> None:
    precious = tmp_path / "precious"
    precious.write_text("mine", encoding="utf-8")
    (tmp_path / "link").symlink_to(precious)
    (tmp_path / "nowhere").symlink_to(tmp_path / "none")
    for name in ("link", "nowhere"):
        if replace:
            with new_file(tmp_path / name, "", replace=True) as file:
                file.write("new")
            assert not (tmp_path / name).is_symlink()
        else:
            with pytest.raises(UsageError, match="is a link to"), new_file(tmp_path / name, ""):
                pytest.fail("it was opened")
    assert precious.read_text(encoding="utf-8") == "mine"
    assert not (tmp_path / "none").exists()


def test_a_file_for_others_is_whole_or_not_there(tmp_path: Path) -> None:
    def fail_halfway() -> None:
        with new_file(tmp_path / "file", "") as file:
            file.write("half")
            raise KeyError

    with pytest.raises(KeyError):
        fail_halfway()
    assert list(tmp_path.iterdir()) == []
    with pytest.raises(UsageError, match="exists already"), new_file(tmp_path / "file", ""):
        (tmp_path / "file").write_text("somebody else's", encoding="utf-8")
    assert (tmp_path / "file").read_text(encoding="utf-8") == "somebody else's"
    with pytest.raises(UsageError, match="is no file"), new_file(Path(os.devnull), "", replace=True):
        pytest.fail("it was opened")


def test_an_export_replaces_nothing_unasked(tmp_path: Path, newsroom_index: Path, run: Run) -> None:
    file = tmp_path / "out.jsonl"
    file.write_text("mine", encoding="utf-8")
    refused = run("index", "export", "--index", newsroom_index, "--output", file)
    assert refused.status == 2
    assert f"{file} exists already" in refused.err
    assert "--force" in refused.err
    assert file.read_text(encoding="utf-8") == "mine"
    assert run("index", "export", "--index", newsroom_index, "--output", file, "--force").status == 0
    assert file.read_text(encoding="utf-8").startswith("{")
    assert [path.name for path in tmp_path.iterdir()] == ["out.jsonl"]
