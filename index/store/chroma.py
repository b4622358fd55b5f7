"""The chunks with their vectors in Chroma, where meaning is searched. The only module that imports chromadb."""

import warnings
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, nullcontext, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast
from uuid import uuid4

import numpy as np

from index.articles import Chunk
from index.dotenv import import_unheeding
from index.embed.local import Vectors
from index.errors import DamagedError, ServiceError, SettingError
from index.store.chroma_rows import Row, to_chunks, to_metadata
from index.store.chroma_server import (
    Server,
    await_ready,
    check_place,
    close_client,
    explained,
    note_collection,
    noted_collection,
    state_error,
)
from index.store.fingerprint import Identity
from index.store.records import Scored, row_key
from index.store.usage_lock import Users

if TYPE_CHECKING:
    from chromadb.api.client import Client
    from chromadb.api.collection_configuration import CreateHNSWConfiguration
    from chromadb.api.models.Collection import Collection

COLLECTION = "chunks"
DATABASE = "chroma.sqlite3"
PAGE = 1000  # rows read at a time when all are walked
# Chroma's defaults found .83 of the ten nearest among 10,000 hard vectors; these raise recall for little time.
HNSW: "CreateHNSWConfiguration" = {"space": "cosine", "ef_construction": 200, "ef_search": 200, "max_neighbors": 32}
# From so many chunks on, so many candidates are kept while the graph is searched. Of the ten nearest among a million
# made-up vectors, which lie as real ones do, 200 found .987 and 400 found .988.
EF_SEARCH = {0: 200, 200_000: 400}


class Store:
    """Chunks and vectors in one folder, or in the collection of a server that the folder names.

    Rows have the keys of ``index.store.records.row_key``. An open store in a folder sees what it writes itself, and of
    what other processes write only what was there when it was opened: ``reopen`` shows the rest. Chroma writes its
    vector files in place, so that a process killed at the wrong moment leaves files that cannot be read:
    ``DamagedError``. On a server everything is seen at once, and any method may raise ``ServiceError``.
    """

    def __init__(self, place: "_Place", client: "Client", collection: "Collection") -> None:
        self._place = place
        self._client = client
        self._collection = collection
        self._users = Users()
        self._closed = False

    @classmethod
    def create(cls, folder: Path, identity: Identity, server: Server | None = None) -> "Store":
        """Make an empty store."""
        import_unheeding("chromadb")
        from chromadb.api.collection_configuration import CreateCollectionConfiguration

        own = server.of(folder) if server else None
        folder.mkdir(parents=True, exist_ok=True)
        place = _Place(folder, own, note_collection(folder) if own else COLLECTION)
        client = place.client()
        with place.explained():
            collection = client.get_or_create_collection(
                place.collection,
                metadata=identity.to_mapping(),
                configuration=CreateCollectionConfiguration(hnsw=HNSW),
                embedding_function=None,
            )
        return cls(place, client, collection)

    @classmethod
    def open(cls, folder: Path, server: Server | None = None) -> "Store | None":
        """The store in ``folder``, or None when there is none; nothing is created.

        Raises:
            DamagedError: it cannot be read.
            IndexStateError: it is on a server and none is given, or the other way round.
        """
        if not holds_vectors(folder):
            return None
        import_unheeding("chromadb")
        from chromadb.errors import NotFoundError

        check_place(folder, server)
        place = _Place(folder, server.of(folder) if server else None, noted_collection(folder) or COLLECTION)
        client = place.client()
        try:
            with place.explained():
                return cls(place, client, client.get_collection(place.collection, embedding_function=None))
        except NotFoundError:
            close_client(client)  # the process was killed between making the database and making the collection
            return None

    @staticmethod
    def delete_all(folder: Path, server: Server | None) -> bool:
        """Delete what a folder's note names on a server; False when that cannot be done now."""
        name = noted_collection(folder)
        if name is None:
            return True
        if server is None:
            return False
        import_unheeding("chromadb")
        from chromadb.errors import NotFoundError

        try:
            place = _Place(folder, server.of(folder), name)
            client = place.client()
            with place.explained(), suppress(NotFoundError):
                client.delete_collection(name)
            close_client(client)
        except (ServiceError, SettingError):
            return False
        return True

    def reopen(self) -> None:
        """See what other processes have written; waits for the searches that are under way."""
        if self._place.server:
            return
        from chromadb.errors import NotFoundError

        with self._users.alone():
            self._client.close()
            self._client = self._place.client()
            try:
                with self._place.explained():
                    self._collection = self._client.get_collection(self._place.collection, embedding_function=None)
            except NotFoundError as error:
                raise DamagedError(f"the vectors of {self._place.folder} are gone", "try again") from error

    def close(self) -> None:
        """Give memory and files back; the store cannot be used any more."""
        with self._users.alone():
            self._closed = True
            close_client(self._client)

    @property
    def identity(self) -> Identity:
        """What it was made with."""
        return Identity.from_mapping(self._collection.metadata or {})

    def tune(self, chunks: int) -> None:
        """Let searches look as far as so many chunks need; on a server that is its own affair."""
        from chromadb.api.collection_configuration import UpdateCollectionConfiguration

        wanted = max(ef for least, ef in EF_SEARCH.items() if chunks >= least)
        hnsw = self._collection.configuration_json.get("hnsw") or {}
        if self._place.server is None and hnsw.get("ef_search") != wanted:
            with self._reading() as collection, warnings.catch_warnings():
                warnings.simplefilter("ignore", DeprecationWarning)  # that no embedding function is noted; none is used
                collection.modify(configuration=UpdateCollectionConfiguration(hnsw={"ef_search": wanted}))

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
                    metadatas=[to_metadata(chunk, digests[chunk.article.id]) for chunk in part],
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
        return dict(zip(rows["ids"], to_chunks(rows), strict=True))

    def keys(self) -> Iterator[str]:
        """The key of every row, a page at a time."""
        for offset in range(0, self.count(), PAGE):
            with self._reading() as collection:
                yield from collection.get(limit=PAGE, offset=offset, include=[])["ids"]

    def rows(self, keys: Sequence[str]) -> Iterator[Row]:
        """Rows with their vectors, for those keys that exist, a page at a time."""
        for first in range(0, len(keys), PAGE):
            with self._reading() as collection:
                rows = collection.get(
                    ids=list(keys[first : first + PAGE]), include=["documents", "metadatas", "embeddings"]
                )
            digests = (str(metadata["digest"]) for metadata in rows["metadatas"] or ())
            vectors = np.asarray(rows["embeddings"], dtype=np.float32)
            for fields in zip(rows["ids"], to_chunks(rows), digests, vectors, strict=True):
                yield Row(*fields)

    def nearest(self, vector: Vectors, limit: int) -> tuple[str, ...]:
        """Keys of the rows nearest to a vector of shape (dimension,), nearest first."""
        return tuple(found.key for found in self.scored(vector, limit))

    def scored(self, vector: Vectors, limit: int) -> tuple[Scored, ...]:
        """The same with their cosine distances, 0 to 2."""
        query: Any = [vector]
        with self._reading() as collection:
            rows = collection.query(query_embeddings=query, n_results=limit, include=["distances"])
        distances = (rows["distances"] or [[]])[0]
        return tuple(Scored(key, float(far)) for key, far in zip(rows["ids"][0], distances, strict=True))

    @contextmanager
    def _reading(self) -> "Iterator[Collection]":
        from chromadb.errors import NotFoundError

        with self._users.one_more(), self._place.explained():
            if self._closed:  # by another thread, because the index was rebuilt or is damaged
                raise DamagedError(f"the vectors in {self._place.folder} are closed", "try again")
            try:
                yield self._collection
            except NotFoundError as error:
                raise DamagedError(f"the vectors of {self._place.folder} are gone", "try again") from error


@dataclass(frozen=True, slots=True)
class _Place:
    """Where a collection is: in Chroma's files in a folder, or on a server."""

    folder: Path
    server: Server | None
    collection: str

    def client(self) -> "Client":
        """A client of its own.

        Raises:
            DamagedError, IndexStateError: Chroma's files cannot be opened.
            ServiceError: the server cannot be used.
        """
        import chromadb
        from chromadb.config import Settings

        unheeding: Any = {"_env_file": None}
        settings = Settings(**unheeding, anonymized_telemetry=False, chroma_otel_collection_endpoint="")
        with self.explained():
            if self.server:
                await_ready(self.server)
                url, headers = self.server.url, self.server.headers
                # A whole URL for a host keeps Chroma from adding its own port.
                client: Any = chromadb.HttpClient(url, ssl=url.startswith("https:"), headers=headers, settings=settings)
                client._server._session.timeout = self.server.timeout_seconds  # Chroma has no setting for it: for ever
            else:
                # Chroma shares one client among all who spell a path alike, and that one sees nothing of what others
                # wrote: a spelling of its own gives each store a client of its own.
                spelling = "".join("/." if bit == "1" else "/" for bit in f"{uuid4().int % 2**64:064b}")
                client = chromadb.PersistentClient(f"{self.folder}{spelling}", settings=settings)
        return cast("Client", client)  # its interface lacks close()

    @contextmanager
    def explained(self) -> Iterator[None]:
        """Chroma's errors in words for people.

        Raises:
            DamagedError: Chroma cannot read or write its files.
            IndexStateError: the disk is full, or the folder cannot be written.
            ServiceError: the server cannot be reached, does not accept the token, or failed.
        """
        from chromadb.errors import InternalError

        try:
            with explained(self.server) if self.server else nullcontext():
                yield
        except (InternalError, OSError) as error:
            message = " ".join(str(error).split())
            if self.server:
                problem = f"the Chroma server {self.server.service.shown} failed: {self.server.service.quote(message)}"
                raise ServiceError(problem, "Try again.") from error
            raise state_error(self.folder, message) from error


def holds_vectors(folder: Path) -> bool:
    """Whether a folder has Chroma's files, or a note of what is on a server."""
    return (folder / DATABASE).is_file() or noted_collection(folder) is not None
