"""A stray control character costs itself, and not the article that it stands in."""

import json
from pathlib import Path

import pytest

from index.errors import InputError
from index.read.readers import read_articles
from tests.files import RSS

BEFORE, AFTER = "The ferry sails at noon", "from the northern harbour."
STRAY = [*range(0x09), 0x0B, 0x0C, *range(0x0E, 0x20), 0x7F]


def texts_of(folder: Path, name: str, content: bytes) -> list[str]:
    (folder / name).write_bytes(content)
    return [" ".join(article.text.split()) for article in read_articles(folder / name)]


def line(text: str) -> str:
    """JSON as a careless program writes it, which puts texts between quotes."""
    return f'{{"title": "Ferry", "text": "{text}"}}'


@pytest.mark.parametrize(
    ("name", "around"),
    [
        ("a.txt", "{}"),
        ("a.md", "# Ferry\n\n{}\n"),
        ("b.md", "---\ntitle: Ferry\n---\n{}\n"),
        ("a.html", "<!doctype html><html><body><article><p>{}</p></article></body></html>"),
        ("a.csv", "title,text\nFerry,{}\n"),
        ("b.csv", 'title,text\nFerry,"{}"\n'),
        ("a.jsonl", '{{"title": "Ferry", "text": "{}"}}\n'),
        ("a.json", '[\n{{"title": "Ferry", "text": "{}"}}\n]\n'),
        (
            "a.rss",
            '<?xml version="1.0"?><rss version="2.0"><channel><title>News</title>'
            "<item><title>Ferry</title><description>{}</description></item></channel></rss>",
        ),
    ],
)
def test_a_stray_control_character_costs_itself(name: str, around: str, tmp_path: Path) -> None:
    for code in STRAY:
        content = around.format(f"{BEFORE} {chr(code)} {AFTER}").encode()
        assert texts_of(tmp_path, name, content) == [f"{BEFORE} {AFTER}"], hex(code)


def test_raw_line_ends_and_tabs_in_json_cost_nothing_but_themselves(tmp_path: Path) -> None:
    assert texts_of(tmp_path, "a.jsonl", line(f"{BEFORE}\t{AFTER}").encode()) == [f"{BEFORE} {AFTER}"]
    for space in "\t\n\r":
        document = f"[{line(f'{BEFORE}{space}{AFTER}')},\n{line(AFTER)}]"
        assert texts_of(tmp_path, "a.json", document.encode()) == [f"{BEFORE} {AFTER}", AFTER]


def test_neighbours_of_a_stray_character_are_kept(tmp_path: Path) -> None:
    rows = [json.dumps({"text": f"Article {number}."}) for number in range(3)]
    content = f"{rows[0]}\x00\n\x0b{rows[1]}\n{rows[2]}\n"
    assert texts_of(tmp_path, "a.jsonl", content.encode()) == ["Article 0.", "Article 1.", "Article 2."]
    feed = RSS.encode()
    count = len(texts_of(tmp_path, "good.rss", feed))
    assert len(texts_of(tmp_path, "a.rss", feed.replace(b"</item>", b"\x0b</item>"))) == count


@pytest.mark.parametrize(
    "content",
    ["The ferry sails.".encode("utf-16-le"), b"\0" * 20, b"The ferry" + bytes(9) + b"sails.", b"\0", b"ab\0"],
)
def test_what_is_full_of_nul_bytes_is_no_text(content: bytes, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="not a text: a NUL byte at byte"):
        texts_of(tmp_path, "a.txt", content)
