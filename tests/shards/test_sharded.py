"""An index in shards does what one index does: adding, searching, listing, removing, checking."""

from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from threading import Event

import numpy as np
import pytest

from index.articles import Article
from index.embed.local import Embedder
from index.errors import IndexStateError, InputError, UnfitError, UsageError
from index.hits import SearchResult
from index.library import Library
from index.lifecycle.add import AddReport, Models
from index.lifecycle.namesakes import Incoming
from index.shards.interface import AnyLibrary
from index.shards.local import LocalShard
from index.shards.manifest import Manifest, read_manifest
from index.shards.opened import OpenLibrary, ThisProcess
from index.shards.reading import ShardLimits
from index.shards.shard import Shard
from index.store.bm25 import WordStatistics
from index.store.records import Selection
from tests.lifecycle.test_library import OtherEmbedder
from tests.parts import Loaded

TOWNS = ("Vellin", "Port Anselm", "Brackwater", "Tolle", "Harrow Sound")
STORM = "The storm took the roof of the market hall. Nobody was hurt, the mayor said on Friday."
VOTES = tuple(
    Article(
        f"report-{n}",
        f"{TOWNS[n % 5]} votes",
        "Courier" if n % 2 else "Herald",
        published=f"2023-05-{1 + n:02}" if n % 4 else "",
        text=f"The council of {TOWNS[n % 5]} voted {n} to {n + 3} on the harbour. The vote {n} was late.",
    )
    for n in range(16)
)
ARTICLES = (
    *VOTES,
    Article("storm-a", "Storm", "Courier", published="2023-06-01", text=STORM),
    Article("storm-b", "Storm in town", "Herald", published="2023-06-02", text=STORM),
)
QUESTIONS = ("How did Vellin vote on the harbour?", "Which council voted 7 to 10?", "Who was hurt by the storm?")


@pytest.fixture(scope="module")
def one(tmp_path_factory: pytest.TempPathFactory, embedder: Embedder) -> Iterator[Library]:
    """The articles in one folder, to be read only."""
    library = Library(tmp_path_factory.mktemp("one") / "index", Loaded(embedder))
    library.add(ARTICLES)
    with closing(library):
        yield library


@pytest.fixture
def sharded(tmp_path: Path, one: Library, embedder: Embedder) -> Iterator[OpenLibrary]:
    """The same in shards, with the same vectors: the quantised model gives a text others in other company."""
    library = OpenLibrary(tmp_path / "shards", Loaded(embedder))
    library.create(3)
    library.add(Incoming(stored.article, vectors=stored.vectors) for stored in one.get())
    with closing(library):
        yield library


def found(library: AnyLibrary, question: str, selection: Selection | None = None) -> list[str]:
    result = library.search(question, k=8, candidates=12, selection=selection)
    return [hit.chunk.id for hit in result.hits]


def test_it_holds_and_tells_what_one_index_does(sharded: OpenLibrary, one: Library) -> None:
    assert [entry.info for entry in sharded.list()] == [entry.info for entry in one.list()]
    assert sharded.known().counts() == one.known().counts()
    for selection in (Selection(("courier",)), Selection(title="tolle")):
        assert sharded.known().counts(selection) == one.known().counts(selection)
    assert (sharded.known().sources(), sharded.known().days()) == (one.known().sources(), one.known().days())
    ids = [article.id for article in ARTICLES[::-1]]
    assert [stored.article for stored in sharded.get(ids)] == list(ARTICLES[::-1])
    assert [chunk.article.id for chunk in sharded.chunks(sharded.list()[0].rows.keys)] == [sharded.list()[0].info.id]
    assert (
        [link.info.id for link in sharded.copies("storm-a")]
        == ["storm-b"]
        == [x.info.id for x in one.copies("storm-a")]
    )
    status = sharded.status()
    assert (status.articles, len(status.shards)) == (len(ARTICLES), 3)
    assert sum(shard.articles for shard in status.shards) == len(ARTICLES)
    assert all(shard.articles for shard in status.shards)
    assert sharded.check().clean


@pytest.mark.parametrize("question", QUESTIONS)
@pytest.mark.parametrize(
    "selection", [Selection(), Selection(("Herald",)), Selection(("Courier", "Herald"), title="votes")]
)
def test_it_finds_what_one_index_does(sharded: OpenLibrary, one: Library, question: str, selection: Selection) -> None:
    assert found(sharded, question, selection) == found(one, question, selection) != []


def test_adding_again_changes_what_has_changed(sharded: OpenLibrary) -> None:
    changed = Article("report-1", text="The council met in secret.")
    totals: list[AddReport] = []
    report = sharded.add([*ARTICLES[2:], changed], totals.append)
    assert (report.added, report.changed, report.unchanged) == (0, 1, len(ARTICLES) - 2)
    assert totals[-1] == report
    (stored,) = sharded.get(["report-1"])
    assert stored.article == changed
    assert sharded.check().clean


def test_several_processes_embed_for_all_shards(tmp_path: Path, embedder: Embedder, sharded: OpenLibrary) -> None:
    library = OpenLibrary(tmp_path / "jobs", Loaded(embedder))
    library.create(2)
    assert library.add(ARTICLES[:6], jobs=2).added == 6
    for mine, other in zip(library.get(), sharded.get([entry.info.id for entry in library.list()]), strict=True):
        assert mine.article == other.article
        assert (np.einsum("ij,ij->i", mine.vectors, other.vectors) > 0.98).all()


def test_stopping_keeps_what_is_committed(tmp_path: Path, embedder: Embedder) -> None:
    library = OpenLibrary(tmp_path / "stopped", Loaded(embedder))
    library.create(3)
    report = library.add(ARTICLES, stop=lambda: True)
    assert 0 < report.added < len(ARTICLES)
    assert library.known().counts()[0] == report.added
    assert library.add(ARTICLES).added == len(ARTICLES) - report.added


def test_namesakes_meet_in_one_shard(sharded: OpenLibrary) -> None:
    first = Article("7", "Ferry", "Courier", text="The ferry sails.")
    other = Article("7", "Bridge", "Herald", text="The bridge is shut.")
    for incoming in (Incoming(first, ("/news/a.jsonl",)), Incoming(other, ("/news/b.jsonl",))):
        sharded.add([incoming])
        assert [change for change, _ in sharded.preview([incoming])] == ["unchanged"]
    assert {stored.article.title for stored in sharded.get(["7", "7@2"])} == {"Ferry", "Bridge"}
    manifest = Manifest.following(1, 100)
    assert len({manifest.place_of(name) for name in ("7", "7@2", "7@31")}) == 1
    assert len({manifest.place_of(article.id) for article in ARTICLES}) > 5


def test_removing_removes_all_or_none(sharded: OpenLibrary) -> None:
    with pytest.raises(InputError, match="no article of the index has the id nobody"):
        sharded.remove(["report-1", "nobody"])
    sharded.remove(["report-1", "report-2", "report-1"])
    assert sharded.known().counts()[0] == len(ARTICLES) - 2
    with pytest.raises(InputError, match="report-1"):
        sharded.get(["report-1"])


def test_an_article_in_the_wrong_shard_is_told(sharded: OpenLibrary, embedder: Embedder) -> None:
    manifest = read_manifest(sharded.folder)
    assert manifest is not None
    wrong = manifest.shards[(manifest.place_of("stray") + 1) % 3]
    Library(sharded.folder / wrong, Loaded(embedder)).add([Article("stray", text="Lost on the way.")])
    assert sharded.check().problems == (f"{wrong}: 1 articles belong to other shards: stray",)


def test_an_index_without_articles_says_so(tmp_path: Path, embedder: Embedder) -> None:
    library = OpenLibrary(tmp_path / "empty", Loaded(embedder))
    library.create(2)
    for use in (library.list, library.known, lambda: found(library, QUESTIONS[0]), library.reader):
        with pytest.raises(IndexStateError, match="there are no articles"):
            use()
    assert library.check().clean
    assert library.rebuild().articles == 0


def test_create_leaves_an_index_alone(sharded: OpenLibrary, one: Library, embedder: Embedder) -> None:
    for folder in (sharded.folder, one.folder):
        with pytest.raises(IndexStateError, match=f"there is an index in {folder}"):
            OpenLibrary(folder, Loaded(embedder)).create(4)
    with pytest.raises(UsageError, match="1 to 1000 shards"):
        OpenLibrary(sharded.folder.with_name("none"), Loaded(embedder)).create(0)


class Shards(ThisProcess):
    """Shards of this process, of some class."""

    def __init__(self, models: Models, of: Callable[[Path, Models], Shard]) -> None:
        super().__init__(models)
        self._of = of, models

    def shard(self, folder: Path) -> Shard:
        make, models = self._of
        return make(folder, models)


class Silent(LocalShard):
    """A shard that answers only when it is let go on."""

    go_on = Event()

    def statistics(self, question: str) -> WordStatistics:
        if self.name == "shard-001":
            self.go_on.wait()
        return super().statistics(question)


def test_a_shard_that_is_late_is_named_and_costs_the_others_no_time(sharded: OpenLibrary, embedder: Embedder) -> None:
    models = Loaded(embedder)
    library = OpenLibrary(sharded.folder, models, limits=ShardLimits(5), machines=Shards(models, Silent))
    Silent.go_on.set()
    assert library.search(QUESTIONS[0], k=8, candidates=12).shards.missing == ()
    Silent.go_on.clear()
    result = library.search(QUESTIONS[0], k=8, candidates=12)
    assert result.shards.gap == "2 of 3 shards answered: shard-001 did not (no answer within 5 seconds)"
    assert result.hits
    Silent.go_on.set()
    assert library.search(QUESTIONS[0], k=8, candidates=12).shards.missing == ()


def asked(library: OpenLibrary) -> SearchResult:
    return library.search(QUESTIONS[0], k=8, candidates=12)


def lose_folder(sharded: OpenLibrary) -> None:
    (sharded.folder / "shard-001").rename(sharded.folder / "lost")


def lose_catalog(sharded: OpenLibrary) -> None:
    catalog = sharded.folder / "shard-001" / "catalog.sqlite3"
    catalog.write_bytes(b"SQLite format 3\0" + b"x" * 5000)


@pytest.mark.parametrize(("harm", "reason"), [(lose_folder, "is missing"), (lose_catalog, "is damaged")])
def test_a_shard_that_cannot_answer_is_named(
    sharded: OpenLibrary, embedder: Embedder, harm: Callable[[OpenLibrary], None], reason: str
) -> None:
    sharded.close()
    harm(sharded)
    result = asked(OpenLibrary(sharded.folder, Loaded(embedder)))
    assert result.hits
    assert result.shards.gap.startswith("2 of 3 shards answered: shard-001 did not (")
    assert reason in result.shards.gap
    with pytest.raises(IndexStateError, match="2 of 3 shards answered: shard-001 did not"):
        asked(OpenLibrary(sharded.folder, Loaded(embedder), limits=ShardLimits(all_shards=True)))
    with pytest.raises(IndexStateError, match="shard-001"):
        OpenLibrary(sharded.folder, Loaded(embedder)).list()


@pytest.mark.parametrize("use", [OpenLibrary.check, OpenLibrary.rebuild, OpenLibrary.status])
def test_a_folder_that_is_missing_is_said_to_be(
    sharded: OpenLibrary, embedder: Embedder, use: Callable[[OpenLibrary], object]
) -> None:
    lose_folder(sharded)
    with pytest.raises(IndexStateError, match="shard-001 is missing"):
        use(OpenLibrary(sharded.folder, Loaded(embedder)))


def test_another_embedding_model_is_refused_by_name(sharded: OpenLibrary, embedder: Embedder) -> None:
    stranger = OpenLibrary(sharded.folder, Loaded(OtherEmbedder("other-model", 8)))
    for use in (lambda: asked(stranger), lambda: stranger.add(ARTICLES)):
        with pytest.raises(UnfitError, match=r"^shard-000: the index was made with local:bge"):
            use()


def test_a_shard_of_another_format_is_refused_by_name(sharded: OpenLibrary, embedder: Embedder) -> None:
    from index.store.catalog_sql import transaction

    with transaction(sharded.folder / "shard-002" / "catalog.sqlite3") as database:
        database.execute("UPDATE meta SET value = '99' WHERE name = 'format'")
    with pytest.raises(UnfitError, match=r"^shard-002: .* has format 99; this version reads format 2"):
        asked(OpenLibrary(sharded.folder, Loaded(embedder)))
