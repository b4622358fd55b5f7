"""LangChain's retrieval chain with citations, as its documentation sets it up.

The splitter, the vector store and k are those of the tutorial "Build a Retrieval Augmented Generation (RAG) App". The
schema and the form of the sources are those of "How to get a RAG application to add citations": its method "Cite
snippets", and where a model does not keep to the schema, "Direct prompting", as that guide advises. The prompts say in
our words what its prompts say.
https://github.com/langchain-ai/langchain/blob/v0.3/docs/docs/how_to/qa_citations.ipynb
"""

import re
import time
from collections.abc import Mapping, Sequence
from typing import Any, cast

import openai
from langchain_core.documents import Document
from langchain_core.embeddings import Embeddings
from langchain_core.messages import AIMessage
from langchain_core.messages.ai import UsageMetadata
from langchain_core.prompts import ChatPromptTemplate
from langchain_core.vectorstores import InMemoryVectorStore
from langchain_text_splitters import RecursiveCharacterTextSplitter
from pydantic import BaseModel, Field, ValidationError

from evals.peers.reply import Asked, Models, Quote, Reply, Source, TokenCount
from evals.peers.systems import MAX_TOKENS, System
from index.articles import Article
from index.embed.local import Embedder

PROMPT = (
    "You are a helpful assistant. You are given a question and snippets of articles; answer the question from them. If "
    "no article answers it, say only that you don't know.\n\nThe articles: {context}"
)
TAGS_PROMPT = """You are a helpful assistant. You are given a question and snippets of articles; answer the \
question from them and give citations. If no article answers it, say only that you don't know.

Give both: the answer, and for everything in the articles that justifies it a citation, which is a word-for-word quote \
and the ID of the article that it stands in. Write it in this form:

<cited_answer>
    <answer></answer>
    <citations>
        <citation><source_id></source_id><quote></quote></citation>
        <citation><source_id></source_id><quote></quote></citation>
        ...
    </citations>
</cited_answer>

The articles:{context}"""
_ANSWER = re.compile(r"<answer>(.*?)(?:</answer>|<citations>|\Z)", re.S)
_CITATION = re.compile(r"<source_id>\D*(\d+)\D*?</source_id>\s*<quote>(.*?)</quote>", re.S)


class Citation(BaseModel):
    """A source and the words in it."""

    source_id: int = Field(..., description="The number of the one source that justifies the answer.")
    quote: str = Field(..., description="The words of that source, exactly as they stand, that justify it.")


class QuotedAnswer(BaseModel):
    """An answer to the question from the given sources alone, with the sources that it uses."""

    answer: str = Field(..., description="The answer to the question, from the given sources alone.")
    citations: list[Citation] = Field(..., description="What of the given sources justifies the answer.")


class _Embeddings(Embeddings):
    """Our embedder as LangChain wants one."""

    def __init__(self, embedder: Embedder) -> None:
        self._embedder = embedder

    def embed_documents(self, texts: list[str]) -> list[list[float]]:
        return cast("list[list[float]]", self._embedder.embed_documents(texts).tolist())

    def embed_query(self, text: str) -> list[float]:
        return cast("list[float]", self._embedder.embed_query(text).tolist())


def open_system(system: System, articles: Mapping[str, Article], models: Models) -> Asked:
    """Split and embed the articles, and give the function that answers a question over them."""
    settings = system.settings
    splitter = RecursiveCharacterTextSplitter(
        chunk_size=int(settings["chunk_size"]), chunk_overlap=int(settings["chunk_overlap"]), add_start_index=True
    )
    documents = [Document(article.text, metadata=_about(article)) for article in articles.values()]
    store = InMemoryVectorStore(_Embeddings(models.embedder))
    store.add_documents(splitter.split_documents(documents))
    chat = models.chat.model_copy(update={"max_tokens": MAX_TOKENS})
    dated, k = bool(settings["dated"]), int(settings["k"])

    async def ask(question: str) -> Reply:
        started = time.perf_counter()
        found = store.similarity_search(question, k=k)
        searched = time.perf_counter()
        count = TokenCount(models.free)
        text, quotes, form = await _answer(chat, question, found, dated, count)
        ended = time.perf_counter()
        seconds = {"search": searched - started, "generate": ended - searched, "total": ended - started}
        return Reply(text, tuple(map(_source, range(len(found)), found)), quotes, form, count.usage, seconds)

    return ask


async def _answer(
    chat: Any, question: str, found: Sequence[Document], dated: bool, count: TokenCount
) -> tuple[str, tuple[Quote, ...] | None, str]:
    """The answer, its quotes, and the form in which it came."""
    # The method that LangChain's class for OpenAI takes by itself: servers enforce the schema. It is given as a
    # dictionary, because what breaks a Pydantic class is raised by the client, and the tokens would go uncounted.
    schema = QuotedAnswer.model_json_schema()
    structured = chat.with_structured_output(schema, method="json_schema", strict=True, include_raw=True)
    prompt = ChatPromptTemplate.from_messages([("system", PROMPT), ("human", "{input}")])
    try:
        reply = await (prompt | structured).ainvoke({"context": _with_ids(found, dated), "input": question})
    except openai.BadRequestError:  # a server that does not know schemas; a prompt that is too long fails again below
        reply = {"raw": None, "parsed": None}
    except openai.LengthFinishReasonError as error:
        reply = {"raw": _cut(error), "parsed": None}
    count.add(reply["raw"])
    if parsed := _checked(reply["parsed"]):
        return parsed.answer, tuple(Quote(item.source_id, item.quote) for item in parsed.citations), "schema"
    prompt = ChatPromptTemplate.from_messages([("system", TAGS_PROMPT), ("human", "{input}")])
    message = await (prompt | chat).ainvoke({"context": _with_tags(found, dated), "input": question})
    count.add(message)
    return read_tags(str(message.text))


def _cut(error: openai.LengthFinishReasonError) -> AIMessage | None:
    """What is known of a reply that was cut: its tokens."""
    if (usage := error.completion.usage) is None:
        return None
    told = UsageMetadata(
        input_tokens=usage.prompt_tokens, output_tokens=usage.completion_tokens, total_tokens=usage.total_tokens
    )
    return AIMessage("", usage_metadata=told)


def _checked(parsed: object) -> QuotedAnswer | None:
    """What keeps to the schema; None for anything else, such as JSON that was cut off."""
    try:
        return QuotedAnswer.model_validate(parsed)
    except ValidationError:
        return None


def read_tags(text: str) -> tuple[str, tuple[Quote, ...] | None, str]:
    """The answer, its quotes and the form of a reply to ``TAGS_PROMPT``; without tags the text is the answer."""
    answer = _ANSWER.search(text)
    if answer is None:
        return text, None, "marks"
    return answer[1].strip(), tuple(Quote(int(n), quote) for n, quote in _CITATION.findall(text)), "tags"


def _about(article: Article) -> dict[str, str]:
    return {"id": article.id, "title": article.title, "source": article.source, "published": article.published}


def _title(document: Document, dated: bool) -> str:
    names = ("title", "source", "published") if dated else ("title",)
    return " · ".join(filter(None, (document.metadata[name] for name in names)))


def _with_ids(found: Sequence[Document], dated: bool) -> str:
    parts = (
        f"Source ID: {n}\nArticle Title: {_title(document, dated)}\nArticle Snippet: {document.page_content}"
        for n, document in enumerate(found)
    )
    return "\n\n" + "\n\n".join(parts)


def _with_tags(found: Sequence[Document], dated: bool) -> str:
    parts = (
        f'    <source id="{n}">\n        <title>{_title(document, dated)}</title>\n'
        f"        <article_snippet>{document.page_content}</article_snippet>\n    </source>"
        for n, document in enumerate(found)
    )
    return "\n\n<sources>" + "\n".join(parts) + "</sources>"


def _source(n: int, document: Document) -> Source:
    start = document.metadata["start_index"]
    return Source(n, document.metadata["id"], start, start + len(document.page_content))
