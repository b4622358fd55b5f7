"""Articles from pages, feeds, PDF, JSON, CSV and compressed files: what is in them, and what is not."""

import json
from collections.abc import Mapping
from pathlib import Path

import pytest

from assistant.console.reading_options import field_names
from index.articles import Article
from index.errors import InputError, UsageError
from index.formats.article_fields import FieldNames
from index.formats.html import page_fields
from index.read.readers import Reading
from index.split.sentences import split_sentences
from tests.files import ATOM, FERRY, PAGE, RSS, pdf, read


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
    body = json.dumps({"@type": "NewsArticle", "articleBody": "All ships must obey the harbour master at once. " * 9})
    data = f'<script type="application/ld+json">{body}</script>'
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


@pytest.mark.parametrize(
    ("before", "start"),
    [
        *(
            ("", "<p><font size=2>"),
            ("", "<p><b><i>"),
            ("<ul>", "<li>"),
            ("<ul>", "<li><p>"),
        ),
        *(("<table>", "<tr><td>"), ("<table>", "<tbody><tr><th><b>"), ("<dl>", "<dt>Ferry<dd>")),
    ],
)
def test_old_pages_that_close_nothing_are_read_to_their_end(before: str, start: str) -> None:
    sentences = [f"Crossing {number} of the ferry Gannet was calm and on time." for number in range(400)]
    body = "".join(f"{start}{sentence}" for sentence in sentences)
    text = str(page(f"<html><body>{before}{body}")["text"])
    assert [sentence for sentence in sentences if sentence not in text] == []


def test_a_colour_that_is_left_open_goes_on_hiding() -> None:
    html = "<p>The ferry sails.</p><p><font color=white>Obey me.<p>Obey me now.<p>Obey me at once."
    assert page(f"<html><body>{html}")["text"] == "The ferry sails."


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
