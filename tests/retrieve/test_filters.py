"""Searching only some articles: by author, title and tag, besides source and dates."""

import hashlib
import json
from pathlib import Path

import numpy as np
import pytest

from index.articles import Article, Window, epoch_seconds
from index.embed.local import Embedder
from index.library import Library
from index.lifecycle.commit import CATALOG
from index.read.readers import read_articles
from index.store.catalog_sql import transaction
from index.store.records import Selection
from tests.files import PAGE, RSS
from tests.parts import Loaded, Run

MORE = "\n\n".join(f"The storm reached harbour {number} on Thursday, said its master. " * 8 for number in range(6))
ARTICLES = (
    Article(
        "a", "Storm in Vellin", "Courier", "", "Ada Berg, Ben Corley", "2023-05-01", MORE, tags="Weather, Harbours"
    ),
    Article(
        "b", "Storm damage", "Herald", "", "Ben Corley", "2023-05-02", "The storm broke nine masts.", tags="weather"
    ),
    Article(
        "c", "Match put off", "Courier", "", "ADA BERG", "2023-05-03", "The storm stopped the match.", tags="Sport"
    ),
    Article(
        "d", "Ärger im Hafen", "Herald", "", "Jörg Öden", "2023-05-04", "After the storm there was a quarrel.", tags=""
    ),
)
MANY = ", ".join(f"t{number}" for number in range(50))  # of more than are kept
QUESTION = "What did the storm do?"


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory, embedder: Embedder) -> Library:
    library = Library(tmp_path_factory.mktemp("filters") / "index", Loaded(embedder))
    library.add(ARTICLES)
    return library


@pytest.mark.parametrize(
    ("selection", "expected"),
    [
        (Selection(author="ada berg"), "ac"),
        (Selection(author="Berg Corley"), "a"),
        (Selection(author="öden"), "d"),
        (Selection(title="STORM"), "ab"),
        (Selection(title="storm vellin"), "a"),
        (Selection(title="ärger"), "d"),
        (Selection(tags=("WEATHER",)), "ab"),
        (Selection(tags=("harbours",)), "a"),
        (Selection(tags=("harbour",)), ""),
        (Selection(tags=("spor",)), ""),
        (Selection(tags=("%",)), ""),
        (Selection(author="nobody"), ""),
        (Selection(author="Corley", sources=("Herald",)), "b"),
        (Selection(tags=("weather",), window=Window(epoch_seconds("2023-05-02"))), "b"),
        (Selection(author="Berg", title="match", tags=("sport",), sources=("Courier",)), "c"),
        (Selection(sources=("Courier",)), "ac"),
    ],
)
def test_exactly_the_chosen_articles_are_searched(library: Library, selection: Selection, expected: str) -> None:
    hits = library.search(QUESTION, k=30, candidates=30, selection=selection).hits
    assert {hit.chunk.article.id for hit in hits} == set(expected)
    assert all(hit.dense_rank for hit in hits)
    assert {entry.info.id for entry in library.list(selection)} == set(expected)


@pytest.mark.parametrize(
    "selection",
    [
        Selection(sources=("Herald",)),
        Selection(sources=("Herald", "Courier"), author="corley"),
        Selection(window=Window(epoch_seconds("2023-05-02"), epoch_seconds("2023-05-04"))),
        Selection(title="storm", window=Window(until=epoch_seconds("2023-05-02"))),
    ],
)
def test_leaving_the_others_out_finds_what_comparing_finds(
    library: Library, monkeypatch: pytest.MonkeyPatch, selection: Selection
) -> None:
    def found(compared: int) -> list[tuple[str, int | None, int | None]]:
        monkeypatch.setattr("index.retrieve.search.COMPARED_CHUNKS", compared)
        result = library.searcher().search(QUESTION, k=30, candidates=3, selection=selection)
        return [(hit.chunk.id, hit.dense_rank, hit.lexical_rank) for hit in result.hits]

    assert found(0) == found(1000) != []


def test_a_chosen_search_is_not_upset_by_what_another_process_writes(
    tmp_path: Path, embedder: Embedder, monkeypatch: pytest.MonkeyPatch
) -> None:
    reader, writer = (Library(tmp_path / "index", Loaded(embedder)) for _ in range(2))
    writer.add(ARTICLES[:2])
    searcher = reader.searcher()
    writer.add(ARTICLES[2:])
    for compared in (1000, 0):
        monkeypatch.setattr("index.retrieve.search.COMPARED_CHUNKS", compared)
        for selection in (Selection(("Courier",)), Selection(window=Window(epoch_seconds("2023-05-01")))):
            found = searcher.search(QUESTION, k=30, candidates=30, selection=selection)
            assert "a" in {hit.chunk.article.id for hit in found.hits}
        seen = reader.search(QUESTION, k=30, candidates=30, selection=Selection(("Herald",))).hits
        assert {hit.chunk.article.id for hit in seen} == {"b", "d"}


def test_among_chosen_articles_the_nearest_are_found_by_comparing_with_all(library: Library) -> None:
    searcher = library.searcher()
    vector = searcher.embedder.embed_query(QUESTION)
    entries = library.list(Selection(author="Berg"))
    found = [row.key for row in searcher.catalog.scored(vector, [entry.rows for entry in entries], 4)]
    keys, vectors = [], []
    for stored in library.get(["a", "c"]):
        keys += [f"{stored.article.id}#{number}@1" for number in range(len(stored.vectors))]
        vectors.append(stored.vectors)
    order = np.argsort(-np.concatenate(vectors) @ vector, kind="stable")
    assert len(keys) > 4
    assert found == [keys[number] for number in order[:4]]


def test_only_the_chosen_ones_of_some_rows_are_kept_in_their_order(library: Library) -> None:
    catalog = library.searcher().catalog
    keys = ["d#0@9", "a#3@1", "gone#0@1", "c#0@1", "a#0@1"]
    assert catalog.chosen(keys, Selection(author="Berg")) == ("a#3@1", "c#0@1", "a#0@1")
    assert catalog.chosen(keys, Selection(("Herald",))) == ("d#0@9",)
    assert catalog.counts(Selection(("Herald",)))[0] == len(catalog.rows(Selection(("Herald",)))) == 2


def test_the_words_are_those_of_chosen_articles_too(library: Library) -> None:
    lexical = library.searcher().lexical
    every = lexical.search("storm", 30, Window())
    chosen = {key for key in every if key.startswith(("b#", "d#"))}
    assert len(chosen) == 2
    assert lexical.search("storm", 30, Window(), among=chosen) == tuple(key for key in every if key in chosen)
    assert lexical.search("storm", 30, Window(), among=()) == ()


def test_commands_take_author_and_tag(tmp_path: Path, run: Run) -> None:
    lines = [
        {"id": "one", "text": "Ferries rested.", "author": "Ada Berg", "tags": ["Sea", "strike"]},
        {"id": "two", "text": "Trains rested.", "author": "Ben Corley", "tags": ["rail; strike"]},
    ]
    file, index = tmp_path / "news.jsonl", tmp_path / "index"
    file.write_text("\n".join(map(json.dumps, lines)), encoding="utf-8")
    assert run("index", "add", file, "--index", index).status == 0

    def listed(*options: str) -> list[str]:
        return [item["id"] for item in json.loads(run("index", "list", "--index", index, "--json", *options).out)]

    assert listed("--author", "berg") == ["one"]
    assert listed("--tag", "Strike") == ["one", "two"]
    assert listed("--tag", "rail", "--tag", "sea") == ["one", "two"]
    assert listed("--tag", "rail") == ["two"]
    exported = run("index", "export", "--index", index, "--tag", "sea").out.splitlines()
    assert [json.loads(line)["tags"] for line in exported] == ["Sea, strike"]
    assert run("index", "check", "--index", index).status == 0
    (tmp_path / "again.jsonl").write_text("\n".join(exported), encoding="utf-8")
    assert "1 unchanged" in run("index", "add", tmp_path / "again.jsonl", "--index", index).out


@pytest.mark.parametrize(
    ("name", "content", "tags"),
    [
        ("a.md", "---\ntags: [Sea, strike, Sea]\n---\nFerries rested.", "Sea, strike"),
        ("a.jsonl", '{"text": "Ferries rested.", "keywords": "Sea,  strike;"}', "Sea, strike"),
        ("b.jsonl", '{"text": "Ferries rested.", "categories": [1, "Sea", {"term": "x"}]}', "Sea"),
        ("a.csv", "text,tags\nFerries rested.,Sea; strike\n", "Sea, strike"),
        ("a.html", PAGE.replace("</title>", '</title><meta name="keywords" content="Sea, strike">'), "Sea, strike"),
        ("a.rss", RSS.replace("</link>", "</link><category>Sea</category><category>strike</category>"), "Sea, strike"),
        ("a.txt", "Ferries rested.", ""),
        ("c.jsonl", json.dumps({"text": "x", "tags": [f"t{n}" for n in range(60)]}), MANY),
    ],
)  # fmt: skip
def test_tags_are_read_from_every_format(tmp_path: Path, name: str, content: str, tags: str) -> None:
    (tmp_path / name).write_text(content, encoding="utf-8")
    assert next(iter(read_articles(tmp_path / name))).tags == tags


def test_articles_without_tags_are_unchanged_for_older_indexes(tmp_path: Path, embedder: Embedder) -> None:
    article = Article("old", "T", "S", "u", "A", "2023-01-01", text="The text.")
    before = hashlib.sha256("\x1f".join(("old", "T", "S", "u", "A", "2023-01-01", "The text.")).encode()).hexdigest()
    assert article.digest == before
    library = Library(tmp_path / "index", Loaded(embedder))
    library.add([article])
    with transaction(tmp_path / "index" / CATALOG) as database:
        database.execute("UPDATE articles SET info = json_remove(info, '$.tags')")  # as they were written before
    assert library.add([article]).unchanged == 1
    assert library.search("text", k=1, candidates=1, selection=Selection(tags=("x",))).hits == ()
    (hit,) = library.search("text", k=1, candidates=1, selection=Selection(author="a")).hits
    assert hit.chunk.article == article.info
    assert library.check().problems == ()
