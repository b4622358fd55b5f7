"""LlamaIndex's ``CitationQueryEngine``, as its documentation sets it up.

https://developers.llamaindex.ai/python/examples/query_engine/citation_query_engine: a ``VectorStoreIndex`` with its
default splitter, ``similarity_top_k=3`` and ``citation_chunk_size=512``.

Its own class for OpenAI-compatible servers wants a version of the ``openai`` package that the assistant cannot be
installed with; the same requests go out through the client that every system here uses, by the class that LlamaIndex
documents for language models of one's own, with that class's defaults.
"""

import re
import time
from collections.abc import Mapping
from typing import Any, cast

from llama_index.core import Document, VectorStoreIndex
from llama_index.core.base.embeddings.base import BaseEmbedding
from llama_index.core.base.llms.types import CompletionResponse, LLMMetadata
from llama_index.core.llms import CustomLLM
from llama_index.core.node_parser import SentenceSplitter
from llama_index.core.query_engine import CitationQueryEngine
from llama_index.core.schema import MetadataMode, NodeWithScore

from evals.peers.align import located
from evals.peers.reply import Asked, Models, Reply, Source, TokenCount
from evals.peers.systems import MAX_TOKENS, System
from index.articles import Article

_HEAD = re.compile(r"\ASource \d+:\n")
_KEY = "article_id"


class _Embedding(BaseEmbedding):
    """Our embedder as LlamaIndex wants one."""

    embedder: Any

    def _get_text_embedding(self, text: str) -> list[float]:
        return cast("list[float]", self.embedder.embed_documents([text])[0].tolist())

    def _get_text_embeddings(self, texts: list[str]) -> list[list[float]]:
        return cast("list[list[float]]", self.embedder.embed_documents(texts).tolist())

    def _get_query_embedding(self, query: str) -> list[float]:
        return cast("list[float]", self.embedder.embed_query(query).tolist())

    async def _aget_query_embedding(self, query: str) -> list[float]:
        return self._get_query_embedding(query)


class _Llm(CustomLLM):
    """A LangChain chat model as LlamaIndex wants one; counts tokens."""

    model: Any
    count: Any = None

    @property
    def metadata(self) -> LLMMetadata:
        return LLMMetadata(model_name="chat")

    def complete(self, prompt: str, formatted: bool = False, **_: Any) -> CompletionResponse:
        return self._read(self.model.invoke(prompt))

    async def acomplete(self, prompt: str, formatted: bool = False, **_: Any) -> CompletionResponse:
        return self._read(await self.model.ainvoke(prompt))

    def stream_complete(self, prompt: str, formatted: bool = False, **_: Any) -> Any:
        raise NotImplementedError("answers are not streamed here")

    def _read(self, message: Any) -> CompletionResponse:
        self.count.add(message)
        return CompletionResponse(text=str(message.text))


def open_system(system: System, articles: Mapping[str, Article], models: Models) -> Asked:
    """Split and embed the articles, and give the function that answers a question over them."""
    settings = {name: int(value) for name, value in system.settings.items()}
    splitter = SentenceSplitter(chunk_size=settings["chunk_size"], chunk_overlap=settings["chunk_overlap"])
    index = VectorStoreIndex.from_documents(
        [_document(article) for article in articles.values()],
        embed_model=_Embedding(embedder=models.embedder),
        transformations=[splitter],
    )
    llm = _Llm(model=models.chat.model_copy(update={"max_tokens": MAX_TOKENS}))
    engine = CitationQueryEngine.from_args(
        index,
        llm=llm,
        similarity_top_k=settings["k"],
        citation_chunk_size=settings["citation_chunk_size"],
        metadata_mode=MetadataMode.LLM if settings["dated"] else MetadataMode.NONE,
    )

    async def ask(question: str) -> Reply:
        started = time.perf_counter()
        llm.count = count = TokenCount(models.free)
        response = await engine.aquery(question)
        sources = (_source(n, node, articles) for n, node in enumerate(response.source_nodes, start=1))
        seconds = {"total": time.perf_counter() - started}
        return Reply(str(response), tuple(sources), usage=count.usage, seconds=seconds)

    return ask


def _document(article: Article) -> Document:
    about = {"title": article.title, "source": article.source, "published": article.published}
    return Document(
        text=article.text,
        metadata={_KEY: article.id, **{name: value for name, value in about.items() if value}},
        excluded_llm_metadata_keys=[_KEY],
        excluded_embed_metadata_keys=[_KEY],
    )


def _source(n: int, node: NodeWithScore, articles: Mapping[str, Article]) -> Source:
    """Where a citation chunk stands: the engine keeps no offsets of it; the whole article where it is not found."""
    article = articles[node.node.metadata[_KEY]]
    words = _HEAD.sub("", node.node.get_content(MetadataMode.NONE))
    # With metadata the first chunk of a node begins with them, and then comes an empty line.
    words = words.removeprefix(node.node.get_metadata_str(MetadataMode.LLM))
    return Source(n, *(located(words, article) or (article.id, 0, len(article.text))))
