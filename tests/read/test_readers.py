"""Articles from real files: formats, identities, and errors that name the place and the remedy."""

import json
from collections.abc import Iterable
from itertools import islice
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from index.articles import Article
from index.errors import InputError, InputWarning
from index.formats.markdown import render_plain
from index.read.readers import Reader, find_files, good_articles, read_articles
from tests.strategies import texts


def write(folder: Path, name: str, content: str | bytes) -> Path:
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path


def write_lines(folder: Path, *records: object) -> Path:
    return write(folder, "news.jsonl", "".join(json.dumps(record) + "\n" for record in records))


def read(path: Path) -> list[Article]:
    return list(read_articles(path))


def problem_of(path: Path) -> str:
    with pytest.raises(InputError) as raised:
        read(path)
    assert raised.value.remedy
    assert "\n" not in raised.value.problem
    return raised.value.problem


# JSON Lines


def test_every_field_of_a_line_is_read(tmp_path: Path) -> None:
    fields = {"id": "a1", "title": " Ferry\nreturns ", "source": "Lakeside", "url": "https://example.org/a"}
    path = write_lines(
        tmp_path, {**fields, "author": "J. Halm", "published": "2023-11-09", "text": "It sails.", "x": [1]}
    )
    expected = Article("a1", "Ferry returns", "Lakeside", "https://example.org/a", "J. Halm", "2023-11-09", "It sails.")
    assert read(path) == [expected]


@pytest.mark.parametrize("name", ["text", "body", "content"])
def test_the_text_may_go_by_three_names(tmp_path: Path, name: str) -> None:
    assert read(write_lines(tmp_path, {"id": "a", name: "It sails.", "title": None}))[0].text == "It sails."


@pytest.mark.parametrize(
    ("given_date", "stored"),
    [
        ("2023-11-09", "2023-11-09"),
        ("20231109", "2023-11-09"),
        ("2023-11-09T08:00:00Z", "2023-11-09T08:00:00+00:00"),
        ("2023-11-09 08:00", "2023-11-09T08:00:00+00:00"),
        ("2023-11-09T08:00:00+09:00", "2023-11-09T08:00:00+09:00"),
        ("9 November 2023", "2023-11-09"),
        ("Nov. 9, 2023 5 p.m. EST", "2023-11-09T17:00:00-05:00"),
        ("Thu, 09 Nov 2023 08:00:00 +0900", "2023-11-09T08:00:00+09:00"),
        ("13/11/2023", "2023-11-13"),
        ("", ""),
    ],
)
def test_dates_are_stored_in_one_spelling(tmp_path: Path, given_date: str, stored: str) -> None:
    assert read(write_lines(tmp_path, {"id": "a", "text": "x", "date": given_date}))[0].published == stored


def test_the_id_is_given_or_the_url_or_a_digest(tmp_path: Path) -> None:
    records = [
        {"id": "a", "url": "u:1"},
        {"url": "u:2"},
        {"title": "One"},
        {"title": "Two"},
        {"title": "One", "date": "2023-01-01"},
    ]
    ids = [article.id for article in read(write_lines(tmp_path, *({**record, "text": "x"} for record in records)))]
    assert ids[:2] == ["a", "u:2"]
    assert len(set(ids[2:])) == 3
    assert all(identity.startswith("sha256:") for identity in ids[2:])


def test_empty_lines_and_repeated_articles_are_skipped(tmp_path: Path) -> None:
    path = write(tmp_path, "a.jsonl", '\ufeff{"id": "a", "text": "x"}\r\n\r\n{"text": "x", "id": "a"}\r\n{"text": "y"}')
    assert [article.text for article in read(path)] == ["x", "y"]


def test_different_articles_with_one_id_are_refused(tmp_path: Path) -> None:
    path = write_lines(tmp_path, {"id": "a", "text": "x"}, {"id": "b", "text": "x"}, {"id": "a", "text": "y"})
    problem = problem_of(path)
    assert f"{path}:3" in problem
    assert "line 1" in problem


@pytest.mark.parametrize(
    ("line", "named"),
    [
        ('{"text": "x"', "not valid JSON"),
        ("[" * 100_000, "not valid JSON"),
        ('["x"]', "list"),
        ('"x"', "str"),
        ('{"title": "x"}', "no text"),
        ('{"text": " \\n"}', "no text"),
        ('{"text": [true]}', "'text'"),
        ('{"text": 7}', "'text'"),
        ('{"text": "x", "id": 7.5}', "'id'"),
        ('{"text": "x", "id": true}', "'id'"),
    ],
)
def test_a_bad_line_is_named(tmp_path: Path, line: str, named: str) -> None:
    path = write(tmp_path, "a.jsonl", f'{{"text": "fine"}}\n{line}\n')
    problem = problem_of(path)
    assert problem.startswith(f"{path}:2: ")
    assert named in problem


@pytest.mark.parametrize(
    ("fields", "named"),
    [
        ({"published": "9 Nov"}, "'9 Nov' is not a date: no year of four digits"),
        ({"published": "9/11/2023"}, "'9/11/2023' is not a date: day and month can be taken for each other"),
        ({"published": "0001-01-01"}, "'0001-01-01' is not a date: the year 1 is"),
        ({"published": "2023-02-30"}, "'2023-02-30' is not a date: day is out of range"),
        ({"published": 17}, "'17' is not a date"),
        ({"published": True}, "'True' is not a date"),
        ({"published": [2023, 11, 9]}, "'2023, 11, 9' is not a date"),
        ({"date": "1" * 70}, "1…' is not a date: "),
        ({"title": True}, "field 'title' is no text but bool"),
        ({"source": {"rank": []}}, "field 'source' is no text but dict"),
    ],
)
def test_a_bad_date_costs_the_date_and_not_the_article(tmp_path: Path, fields: dict[str, object], named: str) -> None:
    path = write_lines(tmp_path, {"text": "One."}, {"id": "b", "text": "Two.", **fields}, {"text": "Three."})
    told: list[InputError | InputWarning] = []
    with Reader() as reader:
        articles = list(good_articles(reader.read([path]), told.append))
    assert [article.text for article in articles] == ["One.", "Two.", "Three."]
    assert (articles[1].published, articles[1].title, articles[1].source) == ("", "", "")
    (note,) = told
    assert isinstance(note, InputWarning)
    assert note.problem.startswith(f"{path}:2: ")
    assert named in note.problem
    with pytest.warns(InputWarning, match="news.jsonl:2: "):
        assert len(read(path)) == 3


def test_bytes_that_are_not_utf8_are_named(tmp_path: Path) -> None:
    lines = write(tmp_path, "a.jsonl", b'{"text": "fine"}\n{"text": "caf\xe9"}\n')
    assert problem_of(lines).startswith(f"{lines}:2: ")
    assert "byte 30 " in problem_of(lines)
    for name in ("a.txt", "a.md"):
        path = write(tmp_path, name, "“Café” – fermé".encode() + b"\xe9")
        assert problem_of(path).startswith(f"{path}: ")
        assert "byte 22" in problem_of(path)


def test_lines_are_read_one_by_one(tmp_path: Path) -> None:
    """Articles before a fault are given out; reading all of the file first would raise at once."""
    path = write(tmp_path, "a.jsonl", '{"text": "one"}\n{"text": "two"}\nbroken\n')
    assert [article.text for article in islice(read_articles(path), 2)] == ["one", "two"]


@given(texts().filter(lambda text: text.strip() != ""), st.sampled_from(["text", "body"]))
def test_a_text_is_kept_but_for_line_ends_and_control_characters(
    tmp_path_factory: pytest.TempPathFactory, text: str, name: str
) -> None:
    path = write_lines(tmp_path_factory.mktemp("lines"), {name: text})
    kept = text.replace("\r\n", "\n").replace("\r", "\n").replace("\x85", "\n")
    expected = "".join(" " if c not in "\n\t" and (c < " " or "\x7f" <= c < "\xa0") else c for c in kept)
    if expected.strip():
        assert read(path)[0].text == expected
    else:
        assert "no text" in problem_of(path)


def test_half_a_surrogate_pair_does_not_reach_the_index(tmp_path: Path) -> None:
    (article,) = read(write(tmp_path, "a.jsonl", r'{"text": "cut \ud83d off", "title": "\u0000ok"}'))
    assert article.text == "cut \ufffd off"
    assert article.title == "ok"
    assert article.digest


# Plain text


@pytest.mark.parametrize(
    ("content", "title", "text"),
    [
        ("Ferry returns\n\nIt sails.\nAt last.\n", "Ferry returns", "It sails.\nAt last."),
        ("\ufeff\r\nFerry returns\r\n \r\nIt sails.\r\n", "Ferry returns", "It sails."),
        ("It sails.\n\nAt last.", "", "It sails.\n\nAt last."),
        ("Ferry returns\nIt sails.", "", "Ferry returns\nIt sails."),
        ("Ferry returns\n\n", "", "Ferry returns"),
        ("word " * 40 + "\n\nIt sails.", "", "word " * 40 + "\n\nIt sails."),
    ],
)
def test_a_headline_is_the_title_and_not_in_the_text(tmp_path: Path, content: str, title: str, text: str) -> None:
    path = write(tmp_path, "a b.txt", content)
    assert read(path) == [Article(f"file:{path.resolve().as_posix()}", title, text=text)]


def test_a_file_without_text_is_refused(tmp_path: Path) -> None:
    for name in ("a.txt", "a.md"):
        assert "no text" in problem_of(write(tmp_path, name, "\n \n"))


# Markdown


def test_front_matter_gives_the_fields(tmp_path: Path) -> None:
    matter = "title: 'Ferry: back'\nauthor: J. Halm\ndate: 2023-11-09\nid: 2023\ntags: [a, b]\ntext: ignored"
    (article,) = read(write(tmp_path, "a.md", f"---\r\n{matter}\r\n---\r\n# Ferry\n\nIt *sails*."))
    assert article == Article(
        "2023", "Ferry: back", author="J. Halm", published="2023-11-09", text="Ferry\n\nIt sails.", tags="a, b"
    )


def test_front_matter_times_keep_their_zone(tmp_path: Path) -> None:
    path = write(tmp_path, "a.md", "---\npublished: 2023-11-09T08:00:00+09:00\nurl: u:1\n---\nIt sails.")
    assert (read(path)[0].published, read(path)[0].id) == ("2023-11-09T08:00:00+09:00", "u:1")


def test_the_first_heading_is_the_title_without_front_matter(tmp_path: Path) -> None:
    path = write(tmp_path, "a.markdown", "Lead.\n\n# Ferry *returns*\n\n## Now\n\n# Later\n")
    expected = Article(f"file:{path.resolve().as_posix()}", "Ferry returns", text="Lead.\n\nNow\n\nLater")
    assert read(path) == [expected]


@pytest.mark.parametrize(
    ("matter", "line"),
    [("title: a: b", 2), ("title: x\nauthor: [a", 4), ("- a\n- b", 1), ("id: [true]", None)],
)
def test_bad_front_matter_is_named(tmp_path: Path, matter: str, line: int | None) -> None:
    path = write(tmp_path, "a.md", f"---\n{matter}\n---\nIt sails.")
    assert problem_of(path).startswith(f"{path}:{line}: " if line else f"{path}: ")


@pytest.mark.parametrize(
    ("markdown", "text"),
    [
        ("one\ntwo  \nthree", "one two\nthree"),
        ("a\n\n\nb", "a\n\nb"),
        ("**bold** _it_ ~~no~~ [link](https://example.org) ![ship](s.png) `x = 1`", "bold it no link  x = 1"),
        ("* one\n* two\n  more\n\n    * three", "• one\n• two more\n• three"),
        ("3. one\n4. two", "3. one\n4. two"),
        ("> said\n> she\n\nyes", "said she\n\nyes"),
        ("```py\na  = 1\n\nb\n```", "a  = 1\n\nb"),
        ("| a | b |\n|---|---|\n| 1 | 2 |", "a | b\n1 | 2"),
        ("a <!-- note --> b<br>c &amp; d", "a  b\nc & d"),
        ("<!-- a\nnote -->\n\n<div class='x'>kept\n</div>\n\n<script>dropped()</script>\n\nb", "kept\n\nb"),
        ("a\n\n---\n\nb", "a\n\nb"),
        ("", ""),
    ],
)
def test_markdown_becomes_plain_text(markdown: str, text: str) -> None:
    assert render_plain(markdown, take_title=False).text == text


@given(texts())
def test_rendering_never_fails(markdown: str) -> None:
    plain = render_plain(markdown, take_title=True)
    assert "\n" not in plain.title


# Files


def names(paths: Iterable[Path], root: Path) -> list[str]:
    return [path.relative_to(root).as_posix() for path in paths]


def test_folders_are_searched_in_order_without_hidden_or_other_files(tmp_path: Path) -> None:
    for name in ("b.txt", "a/z.MD", "a/y.jsonl", ".hidden/x.txt", "a/.x.txt", "a/notes.docx", "c.markdown"):
        write(tmp_path, name, "x")
    assert names(find_files([tmp_path]), tmp_path) == ["a/y.jsonl", "a/z.MD", "b.txt", "c.markdown"]


def test_a_file_named_twice_is_found_once(tmp_path: Path) -> None:
    path = write(tmp_path, "a.txt", "x")
    assert find_files([path, tmp_path, tmp_path / ".." / tmp_path.name / "a.txt"]) == (path,)


def test_missing_paths_and_other_kinds_of_files_are_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError) as raised:
        find_files([tmp_path / "none.txt"])
    assert str(tmp_path / "none.txt") in raised.value.problem
    assert raised.value.remedy
    assert "neither text nor" in problem_of(write(tmp_path, "a.docx", b"PK\x03\x04\x14\x00\x06\x00"))


def test_a_file_that_went_away_is_named(tmp_path: Path) -> None:
    assert str(tmp_path / "gone.txt") in problem_of(tmp_path / "gone.txt")
