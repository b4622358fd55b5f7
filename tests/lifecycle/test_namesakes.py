"""Articles that only share an id: feeds and files number their articles each for itself, and all of them stay."""

import json
from collections.abc import Iterable
from pathlib import Path

import pytest

from assistant.assistant import Assistant
from assistant.embedded.provider import ModelProvider
from assistant.settings import Settings
from index.articles import Article
from index.embed.local import Embedder
from index.library import Library
from index.lifecycle.namesakes import Incoming, made_unique
from index.read.readers import read_articles
from tests.parts import Loaded, Run

FEED = """<?xml version="1.0" encoding="utf-8"?><rss version="2.0"><channel><title>{source}</title>
<link>https://news.example/</link>{items}</channel></rss>"""
ITEM = "<item><title>{title}</title><guid isPermaLink='false'>{id}</guid><description>{text}</description></item>"


def feed(source: str, *entries: tuple[str, str, str]) -> str:
    items = "".join(ITEM.format(id=name, title=title, text=text) for name, title, text in entries)
    return FEED.format(source=source, items=items)


def listed(run: Run, index: Path) -> dict[str, str]:
    return {item["id"]: item["title"] for item in json.loads(run("index", "list", "--json", "--index", index).out)}


@pytest.fixture
def news(tmp_path: Path) -> Path:
    """Two feeds and two exports that count their articles each from the beginning."""
    folder = tmp_path / "news"
    folder.mkdir()
    contents = {
        "hill.rss": feed("Hill Courier", ("7", "Bridge opens", "The bridge of Norrby opened on Monday.")),
        "lake.rss": feed("Lake Gazette", ("7", "Mill sold", "The mill of Sandvik was sold on Tuesday.")),
        "may.json": '[{"id": 1, "title": "Weather", "text": "It rained in Norrby."}]',
        "june.json": '[{"id": 1, "title": "Weather", "text": "It snowed in Sandvik."}]',
    }
    for name, content in contents.items():
        (folder / name).write_text(content, encoding="utf-8")
    return folder


def test_articles_of_one_id_from_several_places_all_stay(run: Run, news: Path, tmp_path: Path) -> None:
    index = tmp_path / "index"
    assert run("index", "add", news, "--index", index).out.startswith("4 articles: 4 added, 0 changed, 0 unchanged")
    found = listed(run, index)
    assert found == {"1": "Weather", "1@2": "Weather", "7": "Bridge opens", "7@2": "Mill sold"}
    for order in ([news], sorted(news.iterdir(), reverse=True)):
        again = run("index", "add", *order, "--index", index)
        assert again.out.startswith("4 articles: 0 added, 0 changed, 4 unchanged; 0 chunks")
    assert listed(run, index) == found


def test_a_changed_article_replaces_its_own_older_version(run: Run, news: Path, tmp_path: Path) -> None:
    index = tmp_path / "index"
    run("index", "add", news, "--index", index)
    (news / "lake.rss").write_text(feed("Lake Gazette", ("7", "Mill kept", "The mill was not sold.")), encoding="utf-8")
    for options, told in ((("--dry-run",), "0 added, 1 changed"), ((), "4 articles: 0 added, 1 changed, 3 unchanged")):
        assert told in run("index", "add", news, *options, "--index", index).out
    assert listed(run, index) == {"1": "Weather", "1@2": "Weather", "7": "Bridge opens", "7@2": "Mill kept"}
    (news / "hill.rss").unlink()
    assert "1 removed" in run("index", "add", news, "--prune", "--index", index).out
    assert listed(run, index) == {"1": "Weather", "1@2": "Weather", "7@2": "Mill kept"}
    assert "3 unchanged" in run("index", "add", news, "--prune", "--index", index).out


def test_an_index_that_was_made_before_keeps_its_articles(
    run: Run, embedder: Embedder, news: Path, tmp_path: Path
) -> None:
    """It holds the last of the articles of one id, and the files of all of them."""
    library = Library(tmp_path / "index", Loaded(embedder))
    places = [(news / name).resolve().as_posix() for name in ("hill.rss", "lake.rss")]
    (last,) = read_articles(news / "lake.rss")
    library.add([Incoming(last, tuple(places))])
    assert run("index", "add", news, "--prune", "--index", tmp_path / "index").out.startswith("4 articles: 3 added")
    assert listed(run, tmp_path / "index") == {
        "1": "Weather",
        "1@2": "Weather",
        "7": "Mill sold",
        "7@2": "Bridge opens",
    }


PLACE, OTHER = ("/news/a.jsonl",), ("/news/b.jsonl",)
FIRST = Article("1", "Ferry", "Courier", "https://courier.example/1", published="2024-05-01", text="It sails.")


@pytest.mark.parametrize(
    ("origins", "second", "ids"),
    [
        (PLACE, Article("1", "Other", "Courier", text="It rests."), {"1"}),
        (PLACE, Article("1", "Ferry", "Herald", text="It rests."), {"1", "1@2"}),
        (("-",), Article("1", "Other", "Courier", text="It rests."), {"1", "1@2"}),
        (("-",), Article("1", "Ferry", "Courier", text="It rests."), {"1"}),
        ((), Article("1", "Other", "Herald", text="It rests."), {"1"}),
        (OTHER, Article("1", "Other", url=FIRST.url, text="It rests."), {"1"}),
        (OTHER, Article("1", "Ferry", url="https://courier.example/2", text="It rests."), {"1", "1@2"}),
        (OTHER, Article("1", "FERRY", "Courier", text="It rests."), {"1"}),
        (OTHER, Article("1", "Other", "Courier", text="It rests."), {"1", "1@2"}),
        (OTHER, Article("1", "Ferry", text="It rests."), {"1", "1@2"}),
        (OTHER, Article("1", "Ferry", published="2024-05-01", text="It rests."), {"1"}),
    ],
)
def test_which_articles_are_versions_of_one(
    embedder: Embedder, tmp_path: Path, origins: tuple[str, ...], second: Article, ids: set[str]
) -> None:
    library = Library(tmp_path, Loaded(embedder))
    library.add([Incoming(FIRST, PLACE)])
    library.add([Incoming(second, origins)])
    assert {entry.info.id for entry in library.list()} == ids
    assert "It rests." in {stored.article.text for stored in library.get()}
    assert library.add([Incoming(second, origins)]).unchanged == 1


def test_an_export_is_read_again_under_the_same_ids(run: Run, news: Path, tmp_path: Path) -> None:
    run("index", "add", news, "--index", tmp_path / "index")
    for index in (tmp_path / "copy", tmp_path / "index"):
        export = tmp_path / "export.jsonl"
        run("index", "export", "--output", export, "--index", tmp_path / "index")
        run("index", "add", export, "--index", index)
        assert listed(run, index) == listed(run, tmp_path / "index")
    export.write_text(export.read_text(encoding="utf-8").replace("snowed", "hailed"), encoding="utf-8")
    assert "0 added, 1 changed, 3 unchanged" in run("index", "add", export, "--index", tmp_path / "copy").out


def test_entries_of_one_feed_that_share_their_id_all_stay(tmp_path: Path) -> None:
    entries = [("0", "One", "The first."), ("0", "Two", "The second."), ("0", "One", "The first.")]
    path = tmp_path / "a.rss"
    path.write_text(feed("Courier", *entries), encoding="utf-8")
    found = list(read_articles(path))
    assert [article.text for article in found] == ["The first.", "The second."]
    assert found[0].id == "0"
    assert found[1].id.startswith("sha256:")
    home = ITEM.replace("<guid isPermaLink='false'>{id}</guid>", "<link>https://news.example/</link>")
    items = (home.format(title=title, text=text) for _, title, text in entries[:2])
    path.write_text(FEED.format(source="Courier", items="".join(items)), encoding="utf-8")
    assert len(set(ids(read_articles(path)))) == 2
    assert all(name.startswith("sha256:") for name in ids(read_articles(path)))


def ids(articles: Iterable[Article]) -> list[str]:
    return [article.id for article in articles]


@pytest.mark.parametrize(
    ("article_id", "unique"),
    [
        ("https://courier.example/2024/ferry", True),
        ("https://courier.example/?p=17", True),
        ("https://courier.example/", False),
        ("tag:courier.example,2024:17", True),
        ("urn:uuid:0b6ff7b6-54ef-4d1c-b7a3-7a4ac0f6f1e7", True),
        ("0b6ff7b6-54ef-4d1c-b7a3-7a4ac0f6f1e7", True),
        ("sha256:0123", True),
        ("17", False),
        ("ferry-returns", False),
    ],
)
def test_ids_that_nobody_else_uses(article_id: str, unique: bool) -> None:
    assert made_unique(article_id) is unique


def test_python_programs_lose_none_either(
    settings: Settings, models: ModelProvider, news: Path, tmp_path: Path
) -> None:
    with Assistant(settings.model_copy(update={"index": tmp_path / "index"}), models) as assistant:
        for path in sorted(news.iterdir()):
            assert assistant.add(path).added == 1
        assert assistant.add(news).unchanged == 4
