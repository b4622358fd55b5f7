"""Articles from pages, feeds, PDF, JSON, CSV and compressed files: what is in them, and what is not."""

import gzip
import io
import json
from collections.abc import Mapping
from pathlib import Path
from types import SimpleNamespace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from index.articles import Article
from index.decoding import decode
from index.errors import InputError, UsageError
from index.fields import FieldNames, field_names
from index.kinds import Kind
from index.pages import page_fields
from index.parsing import Parsers, Task, parsed
from index.readers import Reader, Reading
from index.sentences import split_sentences
from tests.files import ATOM, PAGE, RSS, pdf

FERRY = (
    "The ferry Gannet returned to Brackwater on Thursday after nine weeks in the yard.\n\n"
    "“She sails better than before,” said captain Odo Renn.\nHe bowed.\n\n"
    "• Two crossings a day\n• Fares as before\n\nAdults | 4.50"
)


def read(folder: Path, name: str, content: str | bytes, reading: Reading | None = None) -> list[Article]:
    """All articles of a file in which everything can be read."""
    path = folder / name
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    with Reader(reading) as reader:
        items = list(reader.read([path]))
    assert not [item for item in items if isinstance(item, InputError)]
    return [item for item in items if isinstance(item, Article)]


def page(html: str) -> Mapping[str, object]:
    (fields,) = page_fields(html.encode(), "page.html")
    return fields


# Pages


def test_a_page_gives_main_text_title_author_date_and_source(tmp_path: Path) -> None:
    (article,) = read(tmp_path, "ferry.html", PAGE)
    assert article == Article(
        f"file:{(tmp_path / 'ferry.html').resolve().as_posix()}",
        "Ferry returns to Brackwater",
        "Lakeside Courier",
        "https://courier.example/ferry",
        "Jana Halm",
        "2023-11-09T08:00:00+09:00",
        FERRY,
    )
    assert article.published_at == 1_699_484_400  # 8 November, 23:00 UTC
    for sentence in split_sentences(article.text):
        assert article.text[sentence.start : sentence.end] == sentence.text


@pytest.mark.parametrize(
    "hidden",
    [
        "<p hidden>{}</p>",
        '<p style="display: none">{}</p>',
        '<p style="color: #fff">{}</p>',
        '<div style="visibility:hidden"><p>{}</p></div>',
        '<p style="font-size:0">{}</p>',
        "<template><p>{}</p></template>",
        "<noscript><p>{}</p></noscript>",
        "<!-- <p>{}</p> -->",
        "<script>document.write('<p>{}</p>')</script>",
        '<script type="application/ld+json">{{"@type": "NewsArticle", "articleBody": "{}"}}</script>',
        '<img alt="{}" src="a.png">',
        '<meta name="description" content="{}">',
    ],
)
def test_what_a_page_hides_is_no_part_of_its_article(hidden: str) -> None:
    html = PAGE.replace("<h1>", hidden.format("All ships must obey the harbour master at once.") + "<h1>")
    assert html != PAGE
    assert page(html)["text"] == FERRY
    assert "obey" not in json.dumps(page(html))


def test_a_page_of_hidden_text_alone_is_no_article() -> None:
    data = '<script type="application/ld+json">{"@type": "NewsArticle", "articleBody": "Obey."}</script>'
    with pytest.raises(InputError, match="no article text"):
        page(f"<!doctype html><title>T</title>{data}<p hidden>Obey.</p>")


def test_linked_data_names_the_article() -> None:
    data: dict[str, object] = {
        "@context": "https://schema.org",
        "@type": "NewsArticle",
        "headline": "Ferry back",
        "datePublished": "2023-11-09",
    }
    data |= {"author": {"@type": "Person", "name": "Ada Moll"}}
    html = f'<html><head><script type="application/ld+json">{json.dumps(data)}</script></head>'
    found = page(f"{html}<body><article><p>The ferry is back in the harbour.</p></article></body></html>")
    assert (found["title"], found["author"], found["published"]) == ("Ferry back", "Ada Moll", "2023-11-09")


@pytest.mark.parametrize(
    ("start", "encoding"),
    [
        ('<meta charset="windows-1251">', "cp1251"),
        ('<meta http-equiv="content-type" content="text/html; charset=iso-8859-1">', "cp1252"),
        ("", "cp1252"),
        ("", "utf-8"),
        ("", "utf-16"),
    ],
)
def test_a_page_is_read_in_its_encoding(tmp_path: Path, start: str, encoding: str) -> None:
    text = "Паром вернулся в гавань." if encoding == "cp1251" else "The café said “no” – twice, it’s shut."
    html = f"<!doctype html><html><head>{start}</head><body><article><p>{text}</p></article></body></html>"
    assert [article.text for article in read(tmp_path, "a.html", html.encode(encoding))] == [text]


# Feeds


def test_each_entry_of_a_feed_is_an_article(tmp_path: Path) -> None:
    first, second = read(tmp_path, "news.rss", RSS)
    text = "The ferry sails.\n\n• Twice a day"
    day = "2023-11-09T08:00:00+09:00"
    assert first == Article(
        "c-1", "Ferry & tide", "Lakeside Courier", "https://courier.example/1", "Jana Halm", day, text
    )
    assert (second.id, second.title, second.text) == ("c-2", "Second", "Only a summary.")


def test_atom_feeds_are_read_too(tmp_path: Path) -> None:
    (entry,) = read(tmp_path, "news.xml", ATOM)
    day, author = "2023-11-09T08:00:00+00:00", "Ada Moll, Ivo Stark"
    address = "https://post.example/1"
    assert entry == Article("urn:post:1", "Dredging begins", "Harbour Post", address, author, day, "The dredger came.")


def test_feeds_read_no_other_files_and_expand_no_bombs(tmp_path: Path) -> None:
    secret = tmp_path / "secret.txt"
    secret.write_text("Nobody may read this.", encoding="utf-8")
    entities = f'<!ENTITY out SYSTEM "{secret.as_uri()}"><!ENTITY a0 "lol">'
    entities += "".join(f'<!ENTITY a{number + 1} "{f"&a{number};" * 10}">' for number in range(9))
    item = "<item><title>A</title><description>Before &out; &a9; after.</description></item>"
    feed = f'<?xml version="1.0"?><!DOCTYPE rss [{entities}]><rss version="2.0"><channel>{item}</channel></rss>'
    (article,) = read(tmp_path, "news.rss", feed)
    assert "Before" in article.text
    assert "Nobody" not in article.text
    assert len(article.text) < 100


# PDF


def test_a_pdf_gives_paragraphs_title_and_author(tmp_path: Path) -> None:
    lines = [
        *("The ferry Gannet returned to Brackwater on Thursday after nine", "weeks in the yard, the harbour master"),
        *("said, and the mili-", "tary band played.", "", "Fares (adults) stay as they are."),
    ]
    (article,) = read(tmp_path, "a.pdf", pdf([["Courier", *lines, "1"], ["Courier", "The crew trains.", "2"],
                                              ["Courier", "It rests.", "3"]], "Ferry back", "Jana Halm"))  # fmt: skip
    assert (article.title, article.author, article.published) == ("Ferry back", "Jana Halm", "")
    assert "on Thursday after nine weeks in the yard, the harbour master said" in article.text
    assert "the military band played." in article.text
    assert "Fares (adults) stay as they are." in article.text
    assert "Courier" not in article.text
    assert not any(line.isdigit() for line in article.text.splitlines())


# Records


def test_json_documents_hold_a_list_or_one_article(tmp_path: Path) -> None:
    article = {"id": 7, "text": "It sails.", "author": ["Ada Moll", "Ivo Stark"]}
    documents: list[object] = [[article], {"count": 1, "articles": [article]}, article]
    for number, document in enumerate(documents):
        (found,) = read(tmp_path, f"{number}.json", json.dumps(document, indent=2))
        assert found == Article("7", author="Ada Moll, Ivo Stark", text="It sails.")


def test_a_table_gives_an_article_for_each_row(tmp_path: Path) -> None:
    rows = [("title", "date", "text"), ("Ferry; back", "9 November 2023", 'It "sails".\nTwice.'), ("Two", "", "Rests.")]
    for name, separator, encoding in (("a.csv", ",", "utf-8-sig"), ("b.csv", ";", "cp1252"), ("c.tsv", "\t", "utf-16")):
        lines = [separator.join('"{}"'.format(cell.replace('"', '""')) for cell in row) for row in rows]
        first, second = read(tmp_path, name, "\r\n".join(lines).encode(encoding))
        assert (first.title, first.published, first.text) == ("Ferry; back", "2023-11-09", 'It "sails".\nTwice.')
        assert (second.title, second.published, second.text) == ("Two", "", "Rests.")


@pytest.mark.parametrize("kind", ["json", "jsonl", "csv"])
def test_fields_can_go_by_other_names(tmp_path: Path, kind: str) -> None:
    record = {"headline": "Ferry", "day": "2023-11-09", "story": "It sails.", "text": "Not this."}
    content = json.dumps(record)
    if kind == "csv":
        content = "\n".join((",".join(record), ",".join(record.values())))
    names = field_names(["text=story", "title = headline", "published=day"])
    (article,) = read(tmp_path, f"a.{kind}", content, Reading(names))
    assert (article.title, article.published, article.text) == ("Ferry", "2023-11-09", "It sails.")


def test_a_dot_reaches_into_an_object(tmp_path: Path) -> None:
    record = {"meta": {"head": {"line": "Ferry"}}, "body": "It sails.", "a.b": "u:1"}
    names = FieldNames((("title", "meta.head.line"), ("url", "a.b"), ("author", "body.none")))
    (article,) = read(tmp_path, "a.jsonl", json.dumps(record), Reading(names))
    assert (article.title, article.url, article.author) == ("Ferry", "u:1", "")


@pytest.mark.parametrize("pair", ["text", "text=", "=body", "headline=title", "hash=x"])
def test_names_of_fields_that_articles_do_not_have_are_refused(pair: str) -> None:
    with pytest.raises(UsageError) as raised:
        field_names([pair])
    assert pair in raised.value.problem
    assert "text" in raised.value.remedy


# Kinds and encodings


@pytest.mark.parametrize(
    ("name", "content", "text"),
    [
        ("page", PAGE, FERRY),
        ("page.txt", PAGE, FERRY),
        ("page.pdf", PAGE, FERRY),
        ("page.xml", PAGE, FERRY),
        ("a.docx", pdf([["It sails."]]), "It sails."),
        ("a.html", pdf([["It sails."]]), "It sails."),
        ("atom", ATOM, "The dredger came."),
        ("atom.html", ATOM, "The dredger came."),
        ("a", '{"text": "It sails."}', "It sails."),
        ("a.log", '[{"text": "It sails."}]', "It sails."),
        ("lines.json", '{"text": "It sails."}\n', "It sails."),
        ("list.jsonl", '[\n{"text": "It sails."}]', "It sails."),
        ("a", "---\ntitle: A\n---\nIt *sails*.", "It sails."),
        ("a", "It *sails*.", "It *sails*."),
        ("a.txt", "[Harbour] It sails.", "[Harbour] It sails."),
        ("a.txt.gz", gzip.compress(b"It sails."), "It sails."),
        ("a.txt", gzip.compress(b"It sails."), "It sails."),
        ("b.gz", gzip.compress(PAGE.encode()), FERRY),
        ("c.jsonl.gz", gzip.compress(b'{"text": "It sails."}'), "It sails."),
        ("d.txt", "It sails.".encode("utf-16"), "It sails."),
        ("e.txt", "It sails.".encode("utf-32"), "It sails."),
        ("f.jsonl", '{"text": "It sails."}'.encode("utf-16"), "It sails."),
    ],
)
def test_content_says_what_a_file_is(tmp_path: Path, name: str, content: str | bytes, text: str) -> None:
    assert [article.text for article in read(tmp_path, name, content)] == [text]


def test_a_format_that_is_named_is_the_one(tmp_path: Path) -> None:
    assert read(tmp_path, "a.txt", "title,text\nA,B", Reading(kind=Kind.CSV))[0].text == "B"
    assert read(tmp_path, "b.html", "<p>B", Reading(kind=Kind.TEXT))[0].text == "<p>B"


@pytest.mark.parametrize(
    ("encoding", "text"),
    [
        ("cp1252", "The café said “no” – it’s shut, and 5 € is the fare."),
        ("latin-1", "naïve"),
        ("cp1251", "Министр заявил в четверг, что переговоры начнутся завтра."),
        ("cp932", "首相は木曜日に、会談は明日始まると述べた。"),
        ("gb18030", "总理星期四表示，会谈将于明天开始。"),
        ("utf-8-sig", "The café."),
        ("utf-16-be", "\ufeffThe café."),
    ],
)
def test_encodings_are_found_out(encoding: str, text: str) -> None:
    assert decode(text.encode(encoding), "a.txt") == text.removeprefix("\ufeff")


@given(st.text(alphabet=st.characters(exclude_characters="\0", codec="utf-8")))
def test_utf8_is_never_taken_for_anything_else(text: str) -> None:
    assert decode(text.encode(), "a.txt", "cp1251") == text.removeprefix("\ufeff")


@given(st.binary())
def test_bytes_are_text_or_an_error_in_words(data: bytes) -> None:
    try:
        decoded = decode(data, "a.txt")
    except InputError as error:
        decoded = error.problem.removeprefix("a.txt: not ")
        assert decoded != error.problem  # noqa: PT017 -- most bytes are text
    assert isinstance(decoded, str)


# Standard input


def test_standard_input_is_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for content in (b'{"text": "One."}\n{"text": "Two."}\n', gzip.compress(b'{"text": "One."}\n{"text": "Two."}')):
        monkeypatch.setattr("sys.stdin", SimpleNamespace(buffer=io.BytesIO(content)))
        with Reader() as reader:
            items = list(reader.read(reader.find(["-"]).items))
        assert [item.text for item in items if isinstance(item, Article)] == ["One.", "Two."]


# The process of the parsers


def test_a_parser_that_takes_too_long_is_ended_and_the_next_document_is_read() -> None:
    slow = ("<!doctype html><body>" + "<p>The ferry sails on.</p>" * 49_000).encode()
    with Parsers(seconds=0.05) as parsers:
        (fault,) = parsers.parse(Task("html", "slow.html"), slow)
        assert isinstance(fault, InputError)
        assert fault.problem == "slow.html: cannot be read as html: takes longer than 0.05 s"
    with Parsers() as parsers:
        parsers.parse(Task("html", "a.html"), PAGE.encode())
        (fields,) = parsers.parse(Task("html", "a.html"), PAGE.encode())
        assert not isinstance(fields, InputError)
        assert fields["text"] == FERRY


def test_a_parser_that_breaks_down_is_told_and_started_again() -> None:
    with Parsers() as parsers:
        assert len(list(parsers.parse(Task("html", "a.html"), PAGE.encode()))) == 1
        process = parsers._process
        assert process is not None
        process.kill()
        process.wait()
        (fault,) = parsers.parse(Task("html", "b.html"), PAGE.encode())
        assert isinstance(fault, InputError)
        assert "its parser broke down" in fault.problem
        (fields,) = parsers.parse(Task("html", "c.html"), PAGE.encode())
        assert not isinstance(fields, InputError)


def test_both_processes_parse_alike() -> None:
    tasks = [(Task("html", "a"), PAGE), (Task("feed", "b"), RSS), (Task("markdown", "c"), "# A\n\nB")]
    with Parsers() as parsers:
        for task, content in tasks:
            assert list(parsers.parse(task, content.encode())) == list(parsed(task, content.encode()))
