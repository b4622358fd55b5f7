"""A chunk as a row in Chroma: to and from what Chroma takes and gives."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from index.articles import ArticleInfo, Chunk, Sentence
from index.embed.local import Vectors


@dataclass(frozen=True, slots=True)
class Row:
    """A stored chunk with the digest of its article and its vector, of shape (dimension,)."""

    key: str
    chunk: Chunk
    digest: str
    vector: Vectors


def to_metadata(chunk: Chunk, digest: str) -> dict[str, str | int]:
    """What Chroma keeps of a chunk beside its text and vector.

    Args:
        digest: of the article.
    """
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
    if article.tags:
        metadata["tags"] = article.tags
    if article.published_at is not None:
        metadata["published_at"] = article.published_at
    return metadata


def to_chunks(rows: Any) -> Iterator[Chunk]:
    """The chunks of what Chroma gives, with documents and metadatas."""
    for text, metadata in zip(rows["documents"], rows["metadatas"], strict=True):
        yield _to_chunk(text, metadata)


def _to_chunk(text: str, metadata: Mapping[str, Any]) -> Chunk:
    names = ("title", "source", "url", "author", "published", "tags")
    info = ArticleInfo(str(metadata["article"]), **{name: str(metadata.get(name, "")) for name in names})
    start = int(metadata["start"])
    sentences = []
    for item in str(metadata["sentences"]).split():
        number, _, span = item.partition(":")
        first, _, end = span.partition("-")
        sentences.append(Sentence(int(number), int(first), int(end), text[int(first) - start : int(end) - start]))
    return Chunk(info, int(metadata["number"]), start, text, tuple(sentences))
