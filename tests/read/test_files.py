"""Files in folders: which are found, which are left out, and what cannot be searched."""

import os
from collections.abc import Iterable
from pathlib import Path

import pytest

from index.errors import InputError
from index.read.files import Patterns, find_files, search_files
from tests.files import PAGE


def grown(root: Path, *names: str, content: bytes = b"It sails.") -> Path:
    for name in names:
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    return root


def names(paths: Iterable[Path], root: Path) -> list[str]:
    return [path.relative_to(root).as_posix() for path in paths]


def test_every_known_suffix_is_found_and_others_are_counted(tmp_path: Path) -> None:
    known = ["a.csv", "a.html", "a.json.gz", "a.jsonl", "a.md", "a.pdf", "a.rss", "a.tsv", "a.txt", "a.xml"]
    grown(tmp_path, *known, "a.docx", "b.DOCX", "a.tar.gz", "a.py", ".a.txt", ".git/a.txt")
    found = search_files([tmp_path])
    assert names(found.files, tmp_path) == known
    assert found.left_out == ((".docx", 2), (".gz", 1), (".py", 1))


def test_files_without_suffix_are_found_when_they_hold_articles(tmp_path: Path) -> None:
    grown(tmp_path, "page", content=PAGE.encode())
    grown(tmp_path, "text")
    grown(tmp_path, "program", content=b"\x7fELF\2\1\1\0\0\0")
    grown(tmp_path, "nothing", content=b"")
    assert names(find_files([tmp_path]), tmp_path) == ["page", "text"]


@pytest.mark.parametrize(
    ("include", "exclude", "expected"),
    [
        ((), ("*.md",), ["a.txt", "in/a.txt", "in/deep/a.txt"]),
        ((), ("in/",), ["a.md", "a.txt"]),
        ((), ("/a.txt",), ["a.md", "in/a.md", "in/a.txt", "in/deep/a.txt"]),
        ((), ("in/*", "!in/a.md"), ["a.md", "a.txt", "in/a.md"]),
        (("in/**/*.txt",), (), ["in/a.txt", "in/deep/a.txt"]),
        (("*.log",), (), ["a.log"]),
        (("*.txt", "*.log"), ("deep",), ["a.log", "a.txt", "in/a.txt"]),
    ],
)
def test_patterns_choose(
    tmp_path: Path, include: tuple[str, ...], exclude: tuple[str, ...], expected: list[str]
) -> None:
    grown(tmp_path, "a.txt", "a.md", "a.log", "in/a.txt", "in/a.md", "in/deep/a.txt")
    assert names(find_files([tmp_path], Patterns(include, exclude)), tmp_path) == expected


def test_links_that_leave_the_folder_are_named_and_followed_only_when_asked(tmp_path: Path) -> None:
    root, other = grown(tmp_path / "news", "a.txt"), grown(tmp_path / "other", "b.txt", "key")
    (root / "folder").symlink_to(other)
    (root / "file.txt").symlink_to(Path("..") / "other" / "b.txt")
    (root / "key").symlink_to(other / "key")
    found = search_files([root])
    assert names(found.files, root) == ["a.txt"]
    assert [fault.problem for fault in found.faults] == [
        f"{root / 'file.txt'}: a link out of the folder, to {other / 'b.txt'}",
        f"{root / 'folder'}: a link out of the folder, to {other}",
        f"{root / 'key'}: a link out of the folder, to {other / 'key'}",
    ]
    assert {fault.remedy for fault in found.faults} == {"to follow such links: Patterns.follow_links"}
    assert not search_files([root, other]).faults  # both are named
    asked = search_files([root], Patterns(follow_links=True))
    assert len(asked.files) == 3
    assert not asked.faults
    (tmp_path / "linked").symlink_to(root)
    assert names(search_files([tmp_path / "linked"], Patterns(exclude=("f*", "key"))).files, tmp_path) == [
        "linked/a.txt"
    ]


def test_links_are_followed_and_circles_end(tmp_path: Path) -> None:
    root, other = grown(tmp_path / "news", "in/a.txt"), grown(tmp_path / "other", "b.txt")
    (root / "in" / "up").symlink_to(root)
    (root / "in" / "self").symlink_to(root / "in")
    (root / "linked").symlink_to(other)
    (root / "same.txt").symlink_to(root / "in" / "a.txt")
    found = search_files([root, root / "in"], Patterns(follow_links=True))
    assert names(found.files, root) == ["in/a.txt", "linked/b.txt"]
    assert not found.faults


def test_what_cannot_be_searched_is_named_and_the_rest_is_found(tmp_path: Path) -> None:
    root = grown(tmp_path / "news", "a.txt", "b.txt")
    (root / "itself.txt").symlink_to(root / "itself.txt")
    (root / "nowhere.txt").symlink_to(root / "none")
    os.mkfifo(root / "pipe.txt")
    found = search_files([tmp_path / "none", root, Path("nul\0")])
    assert names(found.files, root) == ["a.txt", "b.txt"]
    said = sorted(fault.problem.removeprefix(f"{root}/") for fault in found.faults)
    assert said == [
        f"{tmp_path / 'none'}: no such file or folder",
        "itself.txt: Too many levels of symbolic links",
        "nowhere.txt: a link to nothing",
        "nul\0: embedded null byte",
        "pipe.txt: a pipe or device in a folder",
    ]
    with pytest.raises(InputError, match="no such file or folder"):
        find_files([root / "a.txt", tmp_path / "none"])


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_a_folder_that_may_not_be_read_is_named(tmp_path: Path) -> None:
    root = grown(tmp_path / "news", "a.txt", "shut/b.txt")
    (root / "shut").chmod(0)
    try:
        found = search_files([root])
    finally:
        (root / "shut").chmod(0o700)
    assert names(found.files, root) == ["a.txt"]
    assert [fault.problem for fault in found.faults] == [f"{root / 'shut'}: Permission denied"]
