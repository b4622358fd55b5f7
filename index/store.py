"""The chunks with their vectors in Chroma: the index's one truth. The only module that imports chromadb."""

import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from index.articles import ArticleInfo, Chunk, Sentence, Window
from index.embedding import Embedder, Vectors
from index.errors import IndexStateError

if TYPE_CHECKING:
    from chromadb.api import ClientAPI
    from chromadb.api.collection_configuration import CreateHNSWConfiguration
    from chromadb.api.models.Collection import Collection

COLLECTION = "chunks"
FORMAT = 1
PROBE = "The ministers met in the capital on Thursday."
PROBE_SIMILARITY = 0.98  # the same int8 model on another processor differs by less; another model by far more
PAGE = 1000  # rows read at a time when all are walked
# Chroma's defaults found .83 of the ten nearest among 10,000 hard vectors; these raise recall for little time.
HNSW: "CreateHNSWConfiguration" = {"space": "cosine", "ef_construction": 200, "ef_search": 200, "max_neighbors": 32}


class Store:
    """Chunks and vectors of one index folder."""

    def __init__(self, client: "ClientAPI", collection: "Collection") -> None:
        self._client = client
        self._collection = collection

    @classmethod
    def create(cls, folder: Path, embedder: Embedder) -> "Store":
        """Make an empty store for vectors of ``embedder``."""
        from chromadb.api.collection_configuration import CreateCollectionConfiguration

        client = _client(folder)
        probe = [round(float(value), 4) for value in embedder.embed_query(PROBE)]
        metadata = {
            "format": FORMAT,
            "embedder": embedder.name,
            "dimension": embedder.dimension,
            "probe": json.dumps(probe),
        }
        collection = client.create_collection(
            COLLECTION,
            metadata=metadata,
            configuration=CreateCollectionConfiguration(hnsw=HNSW),
            embedding_function=None,
        )
        return cls(client, collection)

    @classmethod
    def open(cls, folder: Path) -> "Store | None":
        """The store in ``folder``, or None when there is none; nothing is created.

        Raises:
            IndexStateError: the folder holds something else, or an index of another format.
        """
        if not (folder / "chroma.sqlite3").is_file():
            return None
        from chromadb.errors import NotFoundError

        client = _client(folder)
        try:
            collection = client.get_collection(COLLECTION, embedding_function=None)
        except NotFoundError:
            return None  # the process was killed between making the database and making the collection
        found = (collection.metadata or {}).get("format")
        if found != FORMAT:
            raise IndexStateError(
                f"the index in {folder} has format {found}; this version reads format {FORMAT}",
                "add the articles again into a new folder: assistant index add PATH --index NEW_FOLDER",
            )
        return cls(client, collection)

    @property
    def embedder_name(self) -> str:
        return str(self._metadata["embedder"])

    @property
    def _metadata(self) -> Mapping[str, Any]:
        return self._collection.metadata or {}

    def check_embedder(self, embedder: Embedder) -> None:
        """Refuse vectors of another model than the one that the index was made with.

        Raises:
            IndexStateError: naming both models and the way out.
        """
        made_with = f"{self._metadata['embedder']} ({self._metadata['dimension']} dimensions)"
        asked_for = f"{embedder.name} ({embedder.dimension} dimensions)"
        remedy = "set embeddings_model to the one it was made with, or add the articles into a new index folder"
        if made_with != asked_for:
            raise IndexStateError(f"the index was made with {made_with}, the settings ask for {asked_for}", remedy)
        probe = np.array(json.loads(self._metadata["probe"]), dtype=np.float32)
        similarity = float(probe @ embedder.embed_query(PROBE))
        if similarity < PROBE_SIMILARITY:
            raise IndexStateError(
                f"{embedder.name} gives other vectors than when the index was made (similarity {similarity:.2f})",
                remedy,
            )

    def count(self) -> int:
        """Number of stored chunks."""
        return int(self._collection.count())

    def digests(self, article_ids: Sequence[str]) -> dict[str, str]:
        """Article id → digest, for those of the articles that are stored."""
        digests: dict[str, str] = {}
        for first in range(0, len(article_ids), PAGE):
            ids = [f"{identifier}#0" for identifier in article_ids[first : first + PAGE]]
            rows = self._collection.get(ids=ids, include=["metadatas"])
            digests.update({str(row["article"]): str(row["digest"]) for row in rows["metadatas"] or ()})
        return digests

    def article_count(self) -> int:
        """Number of stored articles: each has exactly one chunk numbered 0."""
        return len(self._collection.get(where={"number": 0}, include=[])["ids"])

    def put(self, chunks: Sequence[Chunk], vectors: Vectors, digests: Mapping[str, str]) -> None:
        """Store chunks of whole articles, in place of what was stored under the same ids."""
        size = int(self._client.get_max_batch_size())
        for first in range(0, len(chunks), size):
            part = chunks[first : first + size]
            self._collection.upsert(
                ids=[chunk.id for chunk in part],
                embeddings=vectors[first : first + size],
                documents=[chunk.text for chunk in part],
                metadatas=[_to_metadata(chunk, digests[chunk.article.id]) for chunk in part],
            )

    def truncate(self, article_id: str, kept: int) -> None:
        """Delete the article's chunks numbered ``kept`` and higher."""
        surplus: dict[str, Any] = {"$and": [{"article": article_id}, {"number": {"$gte": kept}}]}
        self._collection.delete(where=surplus)

    def get(self, ids: Sequence[str]) -> dict[str, Chunk]:
        """Chunk id → chunk, for those that exist."""
        if not ids:
            return {}
        rows = self._collection.get(ids=list(ids), include=["documents", "metadatas"])
        return {chunk.id: chunk for chunk in _chunks(rows)}

    def all_chunks(self) -> Iterator[Chunk]:
        """Every chunk, a page at a time."""
        for offset in range(0, self.count(), PAGE):
            yield from _chunks(self._collection.get(limit=PAGE, offset=offset, include=["documents", "metadatas"]))

    def nearest(self, vector: Vectors, limit: int, window: Window) -> tuple[str, ...]:
        """Ids of the chunks nearest to a vector of shape (dimension,), nearest first."""
        query: Any = [vector]
        rows = self._collection.query(
            query_embeddings=query, n_results=limit, where=_where(window), include=["distances"]
        )
        return tuple(rows["ids"][0])


def _client(folder: Path) -> "ClientAPI":
    import chromadb
    from chromadb.config import Settings

    try:
        return chromadb.PersistentClient(str(folder), settings=Settings(anonymized_telemetry=False))
    except (OSError, ValueError) as error:
        raise IndexStateError(
            f"the index in {folder} cannot be opened: {error}", "choose another --index folder"
        ) from error


def _where(window: Window) -> dict[str, Any] | None:
    bounds: list[dict[str, Any]] = []
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
