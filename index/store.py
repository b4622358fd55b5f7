"""The chunks with their vectors in Chroma, where meaning is searched. The only module that imports chromadb."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from threading import Condition
from typing import TYPE_CHECKING, Any, cast
from uuid import uuid4

import numpy as np

from index.articles import ArticleInfo, Chunk, Sentence, Window
from index.embedding import Vectors
from index.entries import row_key
from index.errors import DamagedError, IndexStateError
from index.identity import Identity

if TYPE_CHECKING:
    from chromadb.api.client import Client
    from chromadb.api.collection_configuration import CreateHNSWConfiguration
    from chromadb.api.models.Collection import Collection

COLLECTION = "chunks"
DATABASE = "chroma.sqlite3"
PAGE = 1000  # rows read at a time when all are walked
# Chroma's defaults found .83 of the ten nearest among 10,000 hard vectors; these raise recall for little time.
HNSW: "CreateHNSWConfiguration" = {"space": "cosine", "ef_construction": 200, "ef_search": 200, "max_neighbors": 32}


class Store:
    """Chunks and vectors in one folder.

    Rows have the keys of ``index.entries.row_key``. An open store sees what it writes itself, and of what other
    processes write only what was there when it was opened: ``reopen`` shows the rest. Chroma writes its vector files in
    place, so that a process killed at the wrong moment leaves files that cannot be read: ``DamagedError``.
    """

    def __init__(self, folder: Path, client: "Client", collection: "Collection") -> None:
        self._folder = folder
        self._client = client
        self._collection = collection
        self._users = _Users()
        self._closed = False

    @classmethod
    def create(cls, folder: Path, identity: Identity) -> "Store":
        """Make an empty store."""
        from chromadb.api.collection_configuration import CreateCollectionConfiguration

        folder.mkdir(parents=True, exist_ok=True)
        client = _client(folder)
        with _explained(folder):
            collection = client.get_or_create_collection(
                COLLECTION,
                metadata=identity.to_mapping(),
                configuration=CreateCollectionConfiguration(hnsw=HNSW),
                embedding_function=None,
            )
        return cls(folder, client, collection)

    @classmethod
    def open(cls, folder: Path) -> "Store | None":
        """The store in ``folder``, or None when there is none; nothing is created.

        Raises:
            DamagedError: it cannot be read.
        """
        if not (folder / DATABASE).is_file():
            return None
        from chromadb.errors import NotFoundError

        client = _client(folder)
        try:
            with _explained(folder):
                return cls(folder, client, client.get_collection(COLLECTION, embedding_function=None))
        except NotFoundError:
            client.close()  # the process was killed between making the database and making the collection
            return None

    def reopen(self) -> None:
        """See what other processes have written; waits for the searches that are under way."""
        with self._users.alone():
            self._client.close()
            self._client = _client(self._folder)
            with _explained(self._folder):
                self._collection = self._client.get_collection(COLLECTION, embedding_function=None)

    def close(self) -> None:
        """Give memory and files back; the store cannot be used any more."""
        with self._users.alone():
            self._closed = True
            self._client.close()

    @property
    def identity(self) -> Identity:
        """What it was made with."""
        return Identity.from_mapping(self._collection.metadata or {})

    def count(self) -> int:
        """Number of stored chunks, as of now, even where another process wrote them."""
        with self._reading() as collection:
            return int(collection.count())

    def put(self, chunks: Sequence[Chunk], vectors: Vectors, digests: Mapping[str, str], version: int) -> None:
        """Store chunks of whole articles under a version."""
        size = int(self._client.get_max_batch_size())
        for first in range(0, len(chunks), size):
            part = chunks[first : first + size]
            with self._reading() as collection:
                collection.upsert(
                    ids=[row_key(chunk.article.id, chunk.number, version) for chunk in part],
                    embeddings=vectors[first : first + size],
                    documents=[chunk.text for chunk in part],
                    metadatas=[_to_metadata(chunk, digests[chunk.article.id]) for chunk in part],
                )

    def delete(self, keys: Sequence[str]) -> None:
        """Delete rows; those that are not there are gone already."""
        for first in range(0, len(keys), PAGE):
            with self._reading() as collection:
                collection.delete(ids=list(keys[first : first + PAGE]))

    def get(self, keys: Sequence[str]) -> dict[str, Chunk]:
        """Row key → chunk, for those that exist."""
        if not keys:
            return {}
        with self._reading() as collection:
            rows = collection.get(ids=list(keys), include=["documents", "metadatas"])
        return dict(zip(rows["ids"], _chunks(rows), strict=True))

    def keys(self) -> Iterator[str]:
        """The key of every row, a page at a time."""
        for offset in range(0, self.count(), PAGE):
            with self._reading() as collection:
                yield from collection.get(limit=PAGE, offset=offset, include=[])["ids"]

    def rows(self, keys: Sequence[str]) -> Iterator["Row"]:
        """Rows with their vectors, for those keys that exist, a page at a time."""
        for first in range(0, len(keys), PAGE):
            with self._reading() as collection:
                rows = collection.get(
                    ids=list(keys[first : first + PAGE]), include=["documents", "metadatas", "embeddings"]
                )
            digests = (str(metadata["digest"]) for metadata in rows["metadatas"] or ())
            vectors = np.asarray(rows["embeddings"], dtype=np.float32)
            for fields in zip(rows["ids"], _chunks(rows), digests, vectors, strict=True):
                yield Row(*fields)

    def nearest(self, vector: Vectors, limit: int, window: Window, source: str = "") -> tuple[str, ...]:
        """Keys of the rows nearest to a vector of shape (dimension,), nearest first; of one source, if it is named."""
        query: Any = [vector]
        with self._reading() as collection:
            rows = collection.query(
                query_embeddings=query, n_results=limit, where=_where(window, source), include=["distances"]
            )
        return tuple(rows["ids"][0])

    @contextmanager
    def _reading(self) -> "Iterator[Collection]":
        with self._users.one_more(), _explained(self._folder):
            if self._closed:  # by another thread, because the index was rebuilt or is damaged
                raise DamagedError(f"the vectors in {self._folder} are closed", "try again")
            yield self._collection


@dataclass(frozen=True, slots=True)
class Row:
    """A stored chunk with the digest of its article and its vector, of shape (dimension,)."""

    key: str
    chunk: Chunk
    digest: str
    vector: Vectors


class _Users:
    """Counts the threads that use a client, so that it is closed while nobody does."""

    def __init__(self) -> None:
        self._condition = Condition()
        self._count = 0

    @contextmanager
    def one_more(self) -> Iterator[None]:
        with self._condition:
            self._count += 1
        try:
            yield
        finally:
            with self._condition:
                self._count -= 1
                self._condition.notify_all()

    @contextmanager
    def alone(self) -> Iterator[None]:
        with self._condition:
            self._condition.wait_for(lambda: self._count == 0)
            yield


def _client(folder: Path) -> "Client":
    import chromadb
    from chromadb.config import Settings

    # Chroma shares one client among all who spell a path alike, and that one sees nothing of what others wrote:
    # a spelling of its own gives each store a client of its own.
    spelling = "".join("/." if bit == "1" else "/" for bit in f"{uuid4().int % 2**64:064b}")
    with _explained(folder):
        client = chromadb.PersistentClient(f"{folder}{spelling}", settings=Settings(anonymized_telemetry=False))
    return cast("Client", client)  # its interface lacks close()


@contextmanager
def _explained(folder: Path) -> Iterator[None]:
    """Chroma's errors in words for people.

    Raises:
        DamagedError: Chroma cannot read or write its files.
        IndexStateError: the disk is full, or the folder cannot be written.
    """
    from chromadb.errors import InternalError

    try:
        yield
    except (InternalError, OSError) as error:
        raise _state_error(folder, " ".join(str(error).split())) from error


def _state_error(folder: Path, message: str) -> IndexStateError:
    if not folder.exists():
        return DamagedError(f"{folder} is gone", "mend it: assistant index rebuild")
    if "full" in message or "No space left" in message:
        return IndexStateError(f"{folder}: the disk is full", "free some space, then run the same command again")
    if "readonly" in message or "Permission denied" in message or "unable to open database" in message:
        return IndexStateError(f"cannot write to {folder}: {message}", "choose another --index folder")
    return DamagedError(f"the vectors in {folder} cannot be read: {message}", "mend it: assistant index rebuild")


def _where(window: Window, source: str) -> dict[str, Any] | None:
    bounds: list[dict[str, Any]] = [{"source": source}] if source else []
    if window.since is not None:
        bounds.append({"published_at": {"$gte": window.since}})
    if window.until is not None:
        bounds.append({"published_at": {"$lt": window.until}})
    return {"$and": bounds} if len(bounds) > 1 else (bounds[0] if bounds else None)


def _to_metadata(chunk: Chunk, digest: str) -> dict[str, str | int]:
    article = chunk.article
    metadata: dict[str, str | int] = {
        "article": article.id,
        "title": article.title,
        "source": article.source,
        "url": article.url,
        "author": article.author,
        "published": article.published,
        "digest": digest,
        "number": chunk.number,
        "start": chunk.start,
        "sentences": " ".join(f"{s.number}:{s.start}-{s.end}" for s in chunk.sentences),
    }
    if article.published_at is not None:
        metadata["published_at"] = article.published_at
    return metadata


def _chunks(rows: Any) -> Iterator[Chunk]:
    for text, metadata in zip(rows["documents"], rows["metadatas"], strict=True):
        yield _to_chunk(text, metadata)


def _to_chunk(text: str, metadata: Mapping[str, Any]) -> Chunk:
    names = ("title", "source", "url", "author", "published")
    info = ArticleInfo(str(metadata["article"]), *(str(metadata[name]) for name in names))
    start = int(metadata["start"])
    sentences = []
    for item in str(metadata["sentences"]).split():
        number, _, span = item.partition(":")
        first, _, end = span.partition("-")
        sentences.append(Sentence(int(number), int(first), int(end), text[int(first) - start : int(end) - start]))
    return Chunk(info, int(metadata["number"]), start, text, tuple(sentences))
