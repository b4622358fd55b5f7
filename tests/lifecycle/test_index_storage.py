"""Where an index is kept: full disks, folders that cannot be written, other formats, models and ways of cutting."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from index.articles import Article
from index.embed.local import Embedder
from index.errors import DamagedError, IndexStateError
from index.library import Library
from index.lifecycle import rebuild as rebuilding
from index.lifecycle.add import AddReport
from index.lifecycle.commit import CATALOG, NEXT_CATALOG
from index.split.chunks import split_chunks
from index.store import fingerprint as identity
from index.store.catalog import Catalog
from index.store.catalog_sql import transaction
from index.store.chroma import EF_SEARCH, Store
from tests.lifecycle.test_library import ARTICLES, expected, opened, stored
from tests.parts import NEWSROOM, ROOT, Loaded


@pytest.fixture
def library(tmp_path: Path, embedder: Embedder) -> Library:
    library = Library(tmp_path / "index", Loaded(embedder))
    library.add(ARTICLES)
    return library


def test_the_graph_is_searched_more_widely_when_there_are_more_chunks(
    tmp_path: Path, library: Library, embedder: Embedder, monkeypatch: pytest.MonkeyPatch
) -> None:
    def width() -> object:
        store = Store.open(next((tmp_path / "index").glob("vectors-*")))
        assert store is not None
        hnsw = store._collection.configuration_json["hnsw"] or {}
        store.close()
        return hnsw.get("ef_search")

    assert width() == EF_SEARCH[0]
    monkeypatch.setitem(EF_SEARCH, len(ARTICLES), 444)
    found = Library(tmp_path / "index", Loaded(embedder)).search("Who saw the wolf?", k=1, candidates=9)
    assert found.hits[0].chunk.article.id == "wolf"
    assert width() == 444


def test_vectors_that_another_process_has_just_replaced_are_told_to_be_gone(tmp_path: Path, library: Library) -> None:
    folder = next((tmp_path / "index").glob("vectors-*"))
    store = Store.open(folder)
    assert store is not None
    shutil.rmtree(folder)
    with pytest.raises(DamagedError, match="gone"):
        store.reopen()
    store.close()


# Full disks and folders that cannot be written

LIMITED = """
import resource, sys
from pathlib import Path
from assistant.embedded.provider import ModelProvider
from assistant.settings import load_settings
from index.articles import Article
from index.errors import AssistantError
from index.library import Library
models = ModelProvider(load_settings())
models.embedder().embed_query("before the limit")
resource.setrlimit(resource.RLIMIT_FSIZE, (int(sys.argv[2]), int(sys.argv[2])))
articles = [Article(f"a{n}", text=f"Report {n}. " + "It rained in Vellin. " * 50) for n in range(150)]
try:
    Library(Path(sys.argv[1]), models).add(articles)
except AssistantError as error:
    sys.exit(f"{error.problem}")
"""


@pytest.mark.parametrize("kilobytes", [20, 300, 800])
def test_what_no_longer_fits_is_told_and_what_was_committed_stays(
    tmp_path: Path, embedder: Embedder, kilobytes: int
) -> None:
    folder = tmp_path / "index"
    library = Library(folder, Loaded(embedder))
    library.add(ARTICLES)
    command = [sys.executable, "-c", LIMITED, str(folder), str(kilobytes * 1024)]
    ended = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert ended.returncode == 1
    assert "Traceback" not in ended.stderr
    assert str(folder) in ended.stderr
    kept = {entry.info.id for entry in library.list()}
    assert kept >= {"ferry", "council", "wolf"}
    library.add([Article("later", text="There is room again.")])  # mends what is harmed
    assert library.check().problems == ()
    assert {entry.info.id for entry in library.list()} == {*kept, "later"}


def test_a_full_disk_is_named(small_disk: Path, embedder: Embedder) -> None:
    library = Library(small_disk / "index", Loaded(embedder))
    try:
        library.add(ARTICLES)
        texts = ("It rained in Vellin. " * 50 + f"{number}." for number in range(400))
        with pytest.raises(IndexStateError, match="full"):
            library.add(Article(f"a{number}", text=text) for number, text in enumerate(texts))
        assert {"ferry", "council", "wolf"} <= {entry.info.id for entry in library.list()}
        subprocess.run(["mount", "-o", "remount,size=60m", str(small_disk)], check=True)
        library.add([Article("later", text="There is room again.")])  # mends what is harmed
        assert library.search("Who saw the wolf?", k=3, candidates=9).hits
        assert library.check().problems == ()
    finally:
        library.close()


READ_ONLY = """
import os, sys
from pathlib import Path
import chromadb.api.rust, chromadb.telemetry.product.posthog, tantivy
from assistant.embedded.provider import ModelProvider
from assistant.settings import load_settings
from index.errors import AssistantError
from index.library import Library
models = ModelProvider(load_settings())
models.embedder().embed_query("before the change")
class Loaded:
    embedder = models.embedder
    def reranker(self): return None
    def reader(self): return None
if os.getuid() == 0:
    os.setgid(65534); os.setuid(65534)
library = Library(Path(sys.argv[1]), Loaded())
print(library.search("Who saw the wolf?", k=1, candidates=9).hits[0].chunk.id, len(library.list()))
library.close()
for write in (lambda: library.remove(["wolf"]), lambda: library.add([]), library.check, library.rebuild):
    try:
        write()
    except AssistantError as error:
        print(error.problem.partition(":")[0])
"""


def test_a_folder_that_cannot_be_written_can_be_searched(tmp_path: Path, library: Library) -> None:
    library.close()
    for path in (library.folder, *library.folder.rglob("*")):
        path.chmod(0o555 if path.is_dir() else 0o444)
    for path in (tmp_path, *tmp_path.parents):
        if path.stat().st_uid == os.getuid() and path != Path("/"):
            path.chmod(path.stat().st_mode | 0o055)
    command = [sys.executable, "-c", READ_ONLY, str(library.folder)]
    environment = {**os.environ, "TMPDIR": "/tmp"}
    ended = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False, env=environment)
    library.folder.chmod(0o755)
    assert ended.stdout.splitlines() == ["wolf#0 3", *[f"cannot write to {library.folder}"] * 4], ended.stderr


# Formats


def first_format(folder: Path, articles: tuple[Article, ...], embedder: Embedder) -> None:
    """An index as the first version made it: Chroma in the folder itself, rows without versions, no catalog."""
    import chromadb
    from chromadb.api.client import Client

    made = identity.Identity.of(embedder)
    metadata = {"format": 1, "embedder": made.embedder, "dimension": made.dimension, "probe": made.probe}
    client = chromadb.PersistentClient(str(folder))
    assert isinstance(client, Client)
    collection = client.create_collection("chunks", metadata=metadata, embedding_function=None)
    for article in articles:
        for chunk in split_chunks(article):
            vectors = embedder.embed_documents([chunk.text])
            info = {name: getattr(article, name) for name in ("title", "source", "url", "author", "published")}
            spans = " ".join(f"{s.number}:{s.start}-{s.end}" for s in chunk.sentences)
            row = {"article": article.id, "digest": article.digest, "number": chunk.number, "start": chunk.start}
            metadata_of_row = {**row, **info, "sentences": spans}
            collection.upsert(ids=[chunk.id], embeddings=vectors, documents=[chunk.text], metadatas=[metadata_of_row])
    client.close()
    (folder / "words").mkdir()


@pytest.mark.parametrize("use", ["search", "add", "status"])
def test_an_index_of_the_first_format_is_taken_over(tmp_path: Path, embedder: Embedder, use: str) -> None:
    folder = tmp_path / "index"
    first_format(folder, ARTICLES, embedder)
    library = Library(folder, Loaded(embedder))
    if use == "search":
        assert library.search("Who saw the wolf?", k=1, candidates=9).hits[0].chunk.id == "wolf#0"
    elif use == "add":
        assert library.add(ARTICLES) == AddReport(unchanged=3)
    assert library.status().articles == 3
    assert stored(folder) == expected(*ARTICLES)
    assert library.check().problems == ()
    left = {"catalog.sqlite3", "commit.lock", "vectors-1", "words-1", "writer.lock"}
    assert {path.name for path in folder.iterdir()} == left


def test_half_an_article_of_the_first_format_is_not_taken_over(tmp_path: Path, embedder: Embedder) -> None:
    import chromadb
    from chromadb.api.client import Client

    folder = tmp_path / "index"
    first_format(folder, ARTICLES, embedder)
    client = chromadb.PersistentClient(str(folder))
    assert isinstance(client, Client)
    client.get_collection("chunks", embedding_function=None).delete(ids=["council#1"])
    client.close()
    library = Library(folder, Loaded(embedder))
    with pytest.raises(IndexStateError, match="1 articles had lost parts of their texts and were taken out: council"):
        library.status()
    assert {entry.info.id for entry in library.list()} == {"ferry", "wolf"}
    assert library.add(ARTICLES) == AddReport(added=1, unchanged=2, chunks=len(expected(ARTICLES[1])))


@pytest.mark.parametrize("harm", ["delete", "garble"])
def test_a_lost_catalog_is_put_together_again(library: Library, harm: str) -> None:
    catalog = library.folder / CATALOG
    if harm == "delete":
        catalog.unlink()
    else:
        catalog.write_bytes(b"SQLite format 3\0" + os.urandom(4000))
        with pytest.raises(IndexStateError, match="is damaged"):
            library.status()
        library.rebuild()
    assert library.status().articles == 3
    assert stored(library.folder) == expected(*ARTICLES)
    assert library.check().problems == ()


def test_a_newer_format_is_refused(library: Library) -> None:
    with transaction(library.folder / CATALOG) as database:
        database.execute("UPDATE meta SET value = '3' WHERE name = 'format'")
    for use in (library.status, library.searcher, lambda: library.add(ARTICLES), library.rebuild):
        with pytest.raises(IndexStateError, match="has format 3; this version reads format 2"):
            use()


# Other models and other ways of cutting


def test_another_way_of_cutting_is_refused_until_the_index_is_rebuilt(library: Library, embedder: Embedder) -> None:
    with transaction(library.folder / CATALOG) as database:
        made = {**library.list()[0].__class__.__dict__, **opened(library.folder).catalog.identity.to_mapping()}
        made = opened(library.folder).catalog.identity.to_mapping()
        database.execute(
            "UPDATE meta SET value = ? WHERE name = 'identity'", (json.dumps({**made, "chunking": "old"}),)
        )
    for use in (library.searcher, lambda: library.add(ARTICLES)):
        with pytest.raises(IndexStateError, match=r"cut in another way \(old\)") as caught:
            use()
        assert "Library.rebuild()" in caught.value.remedy
    assert library.rebuild().chunks == len(expected(*ARTICLES))
    assert library.search("Who saw the wolf?", k=1, candidates=9).hits
    assert library.check().problems == ()


class Turned:
    """The embedded model under another name, with its vectors turned around."""

    name = "other:model"

    def __init__(self, embedder: Embedder) -> None:
        self.dimension = embedder.dimension
        self.embed_documents = lambda texts: np.flip(embedder.embed_documents(texts), axis=1)
        self.embed_query = lambda text: np.flip(embedder.embed_query(text))


def test_rebuilding_changes_the_model_and_goes_on_after_an_interruption(
    library: Library, embedder: Embedder, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = Library(library.folder, Loaded(Turned(embedder)))
    with pytest.raises(IndexStateError, match="was made with local:bge-small"):
        other.searcher()
    monkeypatch.setattr(rebuilding, "FLUSH_CHUNKS", 1)

    def interrupt(report: rebuilding.Rebuilt) -> None:
        if report.articles == 2:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        other.rebuild(interrupt)
    assert library.search("Who saw the wolf?", k=1, candidates=9).hits[0].chunk.id == "wolf#0"
    following = Catalog.open(library.folder / NEXT_CATALOG)
    assert following is not None
    assert following.counts()[0] == 2
    assert other.rebuild().chunks == len(expected(ARTICLES[2]))
    assert other.status().embedder == "other:model"
    assert other.search("Who saw the wolf?", k=1, candidates=9).hits[0].chunk.id == "wolf#0"
    assert other.check().problems == ()
    with pytest.raises(IndexStateError, match="was made with other:model"):
        library.searcher()


def test_the_way_of_cutting_has_not_changed_without_its_name() -> None:
    """When this fails, change CHUNKING, so that older indexes are refused, and then this number."""
    from hashlib import sha256

    from index.read.readers import read_articles
    from index.split.chunks import CHUNKING

    articles = (article for file in sorted(NEWSROOM.glob("00*.md")) for article in read_articles(file))
    cuts = [[(chunk.start, chunk.end) for chunk in split_chunks(article)] for article in articles]
    assert (CHUNKING, sha256(json.dumps(cuts).encode()).hexdigest()[:12]) == ("sentences-2/120", "3ec0959a933a")
