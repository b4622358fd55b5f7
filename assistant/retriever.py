"""The search as a LangChain retriever, for use in any LangChain program."""

from dataclasses import asdict
from typing import Any

from langchain_core.callbacks import CallbackManagerForRetrieverRun
from langchain_core.documents import Document
from langchain_core.retrievers import BaseRetriever
from pydantic import ConfigDict

from index.articles import Window
from index.hits import Hit
from index.shards.interface import AnyLibrary
from index.store.records import Selection


class NewsRetriever(BaseRetriever):
    """Gives the chunks that bear on a question as LangChain documents.

    The metadata of a document has the article's fields, ``start`` and ``end`` (offsets in characters of the article),
    ``relevance`` (the reranker's logit, or None) and ``sentences`` (a list of start and end offsets).
    """

    model_config = ConfigDict(arbitrary_types_allowed=True)

    library: AnyLibrary
    k: int
    candidates: int
    window: Window = Window()

    def _get_relevant_documents(self, query: str, *, run_manager: CallbackManagerForRetrieverRun) -> list[Document]:
        selection = Selection(window=self.window)
        found = self.library.search(query, k=self.k, candidates=self.candidates, selection=selection)
        return [_document(hit) for hit in found.hits]


def _document(hit: Hit) -> Document:
    chunk, known = hit.chunk, asdict(hit.chunk.article)
    metadata: dict[str, Any] = {
        "article": known.pop("id"),
        **known,
        "start": chunk.start,
        "end": chunk.end,
        "relevance": hit.relevance,
        "sentences": [[sentence.start, sentence.end] for sentence in chunk.sentences],
    }
    return Document(page_content=chunk.text, metadata=metadata, id=chunk.id)
