"""Exports and feeds as they are found: nested values, markup in JSON, marks of spreadsheets, tables without rows."""

import json
from pathlib import Path

import pytest

from index.articles import Article
from index.errors import InputError, InputWarning
from index.read.readers import Reader
from tests.files import read

FEED = "<?xml version='1.0'?><rss version='2.0'><channel><title>Courier</title>{}</channel></rss>"
LINKED = '<script type="application/ld+json">'
CRANE = "A crane came to Norrby on Monday."


def items(folder: Path, name: str, content: str | bytes) -> list[Article | InputError | InputWarning]:
    path = folder / name
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    with Reader() as reader:
        return list(reader.read([path]))


@pytest.mark.parametrize(
    ("record", "expected"),
    [
        ({"headline": "T", "articleBody": CRANE}, {"title": "T"}),
        ({"body": CRANE, "datePublished": "2024-05-01"}, {"published": "2024-05-01"}),
        ({"Title": "T", "Full Text": CRANE, "Publish-Date": "2024-05-01"}, {"title": "T", "published": "2024-05-01"}),
        ({"content": CRANE, "source": {"id": None, "name": "Courier"}}, {"source": "Courier"}),
        ({"content": CRANE, "description": "Short.", "publishedAt": "2024-05-01"}, {"published": "2024-05-01"}),
        ({"description": CRANE, "content": None}, {}),
        ({"content": f"{CRANE} [+1284 chars]"}, {}),
        ({"title": {"rendered": "A&amp;B &#8211;"}, "content": {"rendered": f"<p>{CRANE}</p>"}}, {"title": "A&B –"}),
        ({"text": CRANE, "link": "https://a.example/1"}, {"url": "https://a.example/1"}),
        ({"_id": {"$oid": "65f0"}, "text": CRANE}, {"id": "65f0"}),
        ({"text": CRANE, "date": {"$date": "2024-05-01"}}, {"published": "2024-05-01"}),
        ({"text": CRANE, "authors": [{"name": "Ann Ek"}, {"name": "Bo Lind"}]}, {"author": "Ann Ek, Bo Lind"}),
        ({"text": CRANE, "tags": [{"name": "cranes"}, "harbour"]}, {"tags": "cranes, harbour"}),
        ({"text": CRANE, "published": 1706947200}, {"published": "2024-02-03T08:00:00+00:00"}),
        ({"text": CRANE, "timestamp": 1706947200000}, {"published": "2024-02-03T08:00:00+00:00"}),
        ({"blocks": 1, "body": [{"type": "paragraph", "text": CRANE}]}, {}),
        ({"webTitle": "T", "fields": {"bodyText": CRANE}}, {"title": "T"}),
    ],
)  # fmt: skip
def test_fields_go_by_the_names_that_exports_use(
    tmp_path: Path, record: dict[str, object], expected: dict[str, str]
) -> None:
    (article,) = read(tmp_path, "a.json", json.dumps([record]))
    assert article.text == CRANE
    assert {name: getattr(article, name) for name in expected} == expected


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("<p>One &amp; two.</p><p>It is <b>on</b>.</p><script>no()</script>", "One & two.\n\nIt is on."),
        ("One.<br>Two.<br/>Three.", "One.\nTwo.\nThree."),
        ("<ul><li>One</li><li>Two</li></ul>", "• One\n• Two"),
        (["<p>One.</p>", "<p>Two.</p>"], "One.\n\nTwo."),
        (["One.", "", None, "Two."], "One.\n\nTwo."),
        ([{"type": "p", "children": [{"text": "One."}]}, {"type": "p", "data": {"text": "Two."}}], "One.\n\nTwo."),
        ("Tom &amp; Ann&#8217;s", "Tom & Ann’s"),
        ("R&D; 3 < 4 and 5 > 4, <b>ut", "R&D; 3 < 4 and 5 > 4, <b>ut"),
        ("It <del>sank</del> sailed.", "It sailed."),
        ("<p>It <![éCDATA[sails.</p>", "It"),
        ("<p>It <![if x]>sails.</p>", "It sails."),
    ],
)
def test_markup_and_lists_become_text(tmp_path: Path, value: object, text: str) -> None:
    assert [article.text for article in read(tmp_path, "a.jsonl", json.dumps({"text": value}))] == [text]


def test_texts_that_are_said_to_be_plain_stay_as_they_are(tmp_path: Path) -> None:
    record = {"id": "a&amp;b", "title": "What <br> does", "text": "<br> ends a line, &amp; an ampersand is &amp;."}
    (article,) = read(tmp_path, "a.jsonl", json.dumps({**record, "content_type": "text/plain"}))
    assert (article.id, article.title, article.text) == tuple(record.values())


@pytest.mark.parametrize(
    "document",
    [
        {"status": "ok", "totalResults": 1, "articles": ["?"]},
        {"response": {"status": "ok", "results": ["?"]}},
        {"response": {"docs": ["?"], "meta": {"hits": 1}}},
        {"hits": {"total": 1, "hits": ["?"]}},
        {"rss": {"channel": {"title": "T", "item": ["?"]}}},
        {"version": "https://jsonfeed.org/version/1.1", "title": "T", "items": ["?"]},
    ],
)
def test_lists_of_articles_are_found_in_what_is_around_them(tmp_path: Path, document: object) -> None:
    records = json.dumps({"_id": "1", "_source": {"text": CRANE}}), json.dumps({"_id": "2", "text": CRANE})
    found = read(tmp_path, "a.json", json.dumps(document).replace('"?"', ", ".join(records)))
    assert [(article.id, article.text) for article in found] == [("1", CRANE), ("2", CRANE)]


def test_marks_of_spreadsheets_are_no_part_of_a_table(tmp_path: Path) -> None:
    rows = f"title;text\nT;{CRANE}\n"
    for content in (
        f"sep=;\n{rows}",
        f'\ufeff"sep=;"\r\n{rows}',
        f"\ufeff\ufeff{rows}",
        f"\n\n{rows}",
        f"\ufeff{rows}".encode("utf-16"),
    ):
        (article,) = read(tmp_path, "a.csv", content)
        assert (article.title, article.text) == ("T", CRANE)


def test_columns_of_one_name_are_told_and_the_first_with_something_is_read(tmp_path: Path) -> None:
    content = f"Title, Text ,Text\nA,{CRANE},It left.\nB,,It left.\n"
    note, first, second = items(tmp_path, "a.csv", content)
    assert isinstance(note, InputWarning)
    assert "2 columns are called 'Text'" in note.problem
    assert [item.text for item in (first, second) if isinstance(item, Article)] == [CRANE, "It left."]


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("a.csv", f"Crane,{CRANE},2024-05-01\n", "none of its columns is known to be the text: Crane, A crane came"),
        ("a.csv", "title,text\n", "there are no articles in it"),
        ("a.json", "[]", "there are no articles in it"),
        ("a.json", '{"articles": []}', "there are no articles in it"),
        ("a.jsonl", "\n\n", "there are no articles in it"),
        ("a.rss", "<rss version='2.0'><channel><title>T</title></channel></rss>", "there are no articles in it"),
    ],
)
def test_a_file_without_articles_is_told(tmp_path: Path, name: str, content: str, said: str) -> None:
    (item,) = items(tmp_path, name, content)
    assert isinstance(item, InputWarning if name == "a.rss" else InputError)
    assert item.problem.startswith(f"{tmp_path / name}: {said}")


def test_json_is_read_whatever_its_name_says(tmp_path: Path) -> None:
    for content in (json.dumps([{"text": CRANE}]), f'{{"text": "{CRANE}"}}\n{{"text": "It left."}}\n'):
        assert read(tmp_path, "a.csv", content)[0].text == CRANE


@pytest.mark.parametrize("mark", ["\ufeff", "\ufeff\ufeff"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-16-le", "utf-16-be"])
@pytest.mark.parametrize("name", ["a.txt", "a.md", "a.html", "a.jsonl", "a.json", "a.csv", "a.rss"])
def test_byte_order_marks_are_no_text(tmp_path: Path, mark: str, encoding: str, name: str) -> None:
    line = json.dumps({"text": CRANE})
    content = {
        "a.txt": CRANE,
        "a.md": f"---\ntitle: T\n---\n{CRANE}",
        "a.html": f"<!doctype html><html><head><title>T</title></head><body><p>{CRANE}</p></body></html>",
        "a.jsonl": f"{line}\n",
        "a.json": f"[{line}]",
        "a.csv": f"text,title\n{CRANE},T\n",
        "a.rss": FEED.format(f"<item><description>{CRANE}</description></item>"),
    }[name]
    assert [article.text for article in read(tmp_path, name, (mark + content).encode(encoding))] == [CRANE]


def test_files_with_marks_may_be_put_together(tmp_path: Path) -> None:
    line = "\ufeff" + json.dumps({"text": CRANE}) + "\n"
    assert len(read(tmp_path, "a.jsonl", line + line.replace("Monday", "Friday"))) == 2
    assert read(tmp_path, "a.txt", f"{CRANE}\n\ufeffIt left.")[0].text == f"{CRANE}\nIt left."


@pytest.mark.parametrize(
    ("description", "text"),
    [
        (f"&lt;![CDATA[{CRANE}]]&gt;", CRANE),
        (f"&lt;![CDATA[&lt;p&gt;{CRANE}&lt;/p&gt;]]&gt;", CRANE),
        (f"<![CDATA[<p>{CRANE}</p> R&D]]>", f"{CRANE}\n\nR&D"),
        ("R&D at A&T & Sons cost&nbsp;3m.", "R&D at A&T & Sons cost 3m."),
        ("R&amp;D &#38; &quot;more&quot; &eacute;", 'R&D & "more" é'),
        ("R&amp;amp;D", "R&D"),
    ],
)
def test_feeds_are_read_as_they_are_meant(tmp_path: Path, description: str, text: str) -> None:
    entries = f"<item><title>R&D</title><description>{description}</description><guid>7</guid></item>"
    (article,) = read(tmp_path, "a.rss", FEED.format(entries))
    assert (article.text.replace("\xa0", " "), article.title, article.url) == (text, "R&D", "")


def test_a_bad_date_of_an_entry_costs_the_date(tmp_path: Path) -> None:
    dates = ("Sat, 03 Feb 24 09:00:00 Z", "Sat, 03 Feb 2024 09:00 CET", "soon")
    entries = "".join(f"<item><description>{CRANE}</description><pubDate>{date}</pubDate></item>" for date in dates)
    found = items(tmp_path, "a.rss", FEED.format(entries))
    articles = [item for item in found if isinstance(item, Article)]
    assert [article.published for article in articles] == ["2024-02-03T09:00:00+00:00", "2024-02-03T09:00:00+01:00", ""]
    assert [item.problem for item in found if isinstance(item, InputWarning)] == [
        f"{tmp_path / 'a.rss'}: entry 3: 'soon' is not a date: no year of four digits; the article is added without one"
    ]


@pytest.mark.parametrize(
    ("head", "published"),
    [
        (f'{LINKED}[{{"datePublished": "2024-05-01T23:30:00-05:00"}}]</script>', "2024-05-01T23:30:00-05:00"),
        ('<meta name="parsely-pub-date" content="2024-05-01T08:00:00Z">', "2024-05-01T08:00:00+00:00"),
        ('<meta property="article:published_time" content="2024-05-01 08:00:00 UTC">', "2024-05-01T08:00:00+00:00"),
    ],
)  # fmt: skip
def test_the_hour_of_a_page_is_kept_wherever_it_stands(tmp_path: Path, head: str, published: str) -> None:
    html = (
        f"<!doctype html><html><head><title>T</title>{head}</head><body><article><p>{CRANE}</p></article></body></html>"
    )
    assert read(tmp_path, "a.html", html)[0].published == published
