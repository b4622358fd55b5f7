"""The assistant for Python programs: open an index, add articles, ask questions."""

from collections.abc import AsyncIterator, Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from datetime import datetime
from functools import cached_property
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING

from assistant.embedded.provider import ModelProvider, vector_server
from assistant.llm.providers import names_provider
from assistant.settings import LOCAL, OPENAI_BASE_URL, Settings, load_settings, reveal
from index.articles import Article, Window
from index.cluster.cluster import RayCluster
from index.errors import InputError, InputWarning
from index.formats.decoding import mended
from index.lifecycle.add import AddReport
from index.lifecycle.article_source import ArticleSource
from index.read.readers import Reading
from index.shards.opened import OpenLibrary
from index.shards.reading import ShardLimits
from index.store.records import IndexStatus

if TYPE_CHECKING:
    from langchain_core.language_models import BaseChatModel

    from assistant.answer import Answer
    from assistant.answering.chain import AnswerChain
    from assistant.question.asked import Question
    from assistant.retriever import NewsRetriever


class Assistant:
    """Answers questions from the articles of one index.

        with Assistant.open() as assistant:
            answer = assistant.ask("Who did Blinken meet?")
            print(answer.text, answer.citations[0].sentence)

    Models are fetched and loaded when they are first needed. May be used from several threads.
    """

    def __init__(self, settings: Settings, models: ModelProvider, waiting: Callable[[], None] | None = None) -> None:
        self.settings = settings
        self._models = models
        self._chats = models
        self.library = _library(settings, models, waiting)

    @classmethod
    def open(
        cls,
        index: str | PathLike[str] | None = None,
        *,
        chat: "BaseChatModel | None" = None,
        settings: Settings | None = None,
        waiting: Callable[[], None] | None = None,
        keep_warm: bool = False,
        at_once: int = 1,
    ) -> "Assistant":
        """An assistant over an index folder; nothing is read or created yet.

        Args:
            index: the folder; None takes the setting ``index``.
            chat: any LangChain chat model; None takes the one that the settings name.
            settings: None reads environment and ``assistant.toml``.
            waiting: called when another process writes to the index and this one has to wait.
            keep_warm: let the embedded language model run in a process of its own that outlives this one for the
                setting ``keep_warm_seconds``, so that the next program finds it loaded.
            at_once: questions that the embedded language model answers at the same time, for ``aask`` and threads.

        Raises:
            SettingError: a setting is wrong.
        """
        chosen = settings or load_settings()
        if index is not None:
            chosen = chosen.model_copy(update={"index": Path(index).expanduser()})
        return cls(chosen, ModelProvider(chosen, chat=chat, warm=keep_warm, at_once=at_once), waiting)

    def ask(self, question: "str | Question", *, as_of: datetime | None = None, extractive: bool = False) -> "Answer":
        """Answer a question; ``Question`` also takes a time window.

        Args:
            as_of: the present, instead of the question's own; see ``Question.as_of``.
            extractive: answer with the sentences themselves; no language model is loaded or asked.

        Raises:
            AssistantError: the index is empty, a model cannot be used, or the chat server failed.
        """
        return self.chain.invoke(_asked(question, as_of, extractive))

    async def aask(self, question: "str | Question", *, as_of: datetime | None = None) -> "Answer":
        """Answer a question without blocking the event loop; raises as ``ask``."""
        return await self.chain.ainvoke(_asked(question, as_of))

    def stream(self, question: "str | Question", *, as_of: datetime | None = None) -> "Iterator[Answer]":
        """Ever more complete answers; the last one equals what ``ask`` gives."""
        return self.chain.stream(_asked(question, as_of))

    def astream(self, question: "str | Question", *, as_of: datetime | None = None) -> "AsyncIterator[Answer]":
        """Ever more complete answers, without blocking the event loop."""
        return self.chain.astream(_asked(question, as_of))

    def add(
        self,
        articles: str | PathLike[str] | Iterable[Article],
        progress: Callable[[AddReport], None] | None = None,
        *,
        reading: Reading | None = None,
        unreadable: Callable[[InputError | InputWarning], None] | None = None,
        jobs: int = 1,
        prune: bool = False,
    ) -> AddReport:
        """Add a file, a folder, a web address, or articles made by a program; unchanged ones are skipped.

        Args:
            reading: how files are read; None takes what their names and contents say.
            unreadable: is told of each file, line or entry that cannot be read, and the rest is added; without it the
                first of them is raised. Of what an article has to do without, such as a date that is none, it is told
                by an ``InputWarning``, which is issued as a warning otherwise.
            jobs: processes that embed, each with the model in its memory; 1 embeds in this one.
            prune: also remove what was once added from this folder and is in its files no more.

        Raises:
            InputError: a file cannot be read, or there is none; names it and the line.
            UsageError: what is to be pruned is no folder.
            IndexStateError: the index was made with another embedding model, or cannot be written.
        """
        if not isinstance(articles, str | PathLike):
            return self.library.add(articles, progress, jobs=jobs, prune=prune)
        place = articles if isinstance(articles, str) else Path(articles)
        with self.source([place], reading) as source:
            return self.library.add(source.articles(unreadable), progress, jobs=jobs, source=source, prune=prune)

    def source(self, paths: Sequence[str | Path], reading: Reading | None = None) -> ArticleSource:
        """What there is to read in files, folders and addresses, for ``Library.add``.

        Raises:
            InputError: there is nothing.
        """
        return ArticleSource(paths, reading or Reading(private=self.settings.allow_private), self.settings.index)

    def status(self) -> IndexStatus:
        """How the index stands.

        Raises:
            IndexStateError: there is none.
        """
        return self.library.status()

    @cached_property
    def chain(self) -> "AnswerChain":
        """The whole way from question to answer, as a LangChain ``Runnable``."""
        from assistant.answering.chain import AnswerChain, ChainLimits
        from assistant.evidence.select import EvidenceLimits

        settings = self.settings
        evidence = EvidenceLimits(settings.sentences, settings.evidence_tokens)
        wide = settings.writing == "wide" or (settings.writing == "auto" and not self._chats.is_embedded)
        passage_tokens = settings.passage_tokens if wide else 0
        limits = ChainLimits(settings.candidates, settings.k, evidence, passage_tokens, settings.second_look)
        return AnswerChain(self.library, self._chats, limits, self._models.lost, self._chats.prices)

    def retriever(self, k: int | None = None, window: Window | None = None) -> "NewsRetriever":
        """The search alone, as a LangChain ``BaseRetriever`` that gives ``k`` chunks."""
        from assistant.retriever import NewsRetriever

        return NewsRetriever(
            library=self.library, k=k or self.settings.k, candidates=self.settings.candidates, window=window or Window()
        )

    def prepare(self) -> None:
        """Fetch the model files that are missing, showing on standard error how far that is.

        Raises:
            ModelError: one cannot be fetched.
        """
        for models in {self._models, self._chats}:
            models.prepare()

    @property
    def prepared(self) -> bool:
        """Whether all model files are there, so that nothing has to be fetched."""
        return self._models.complete and self._chats.complete

    def use_model(self, name: str) -> None:
        """Answer with another chat model from now on; the index, the embedder and the reranker stay loaded.

        Args:
            name: as the setting ``model``; ``local`` is the embedded one.
        """
        self._chats.close()
        self.settings = self.settings.model_copy(update={"model": name})
        self._chats = ModelProvider(self.settings)
        self.__dict__.pop("chain", None)

    def model_names(self) -> tuple[str, ...]:
        """What ``use_model`` takes: the embedded model, and what the server offers where one is set.

        Raises:
            ServiceError: the server cannot be asked.
        """
        settings = self.settings
        if settings.base_url is None and (settings.api_key is None or names_provider(settings)):
            return (LOCAL,)
        from assistant.llm.client import offered_models

        address, key = settings.base_url or OPENAI_BASE_URL, reveal(settings.api_key)
        return (LOCAL, *offered_models(address, key, settings.timeout_seconds))

    def close(self) -> None:
        """Stop the embedded language model, if it runs, and let go of the index."""
        self.library.close()
        self._chats.close()
        self._models.close()

    def __enter__(self) -> "Assistant":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def _asked(question: "str | Question", as_of: datetime | None, extractive: bool = False) -> "Question":
    """The question, asked at a moment, as text whatever bytes it was made of."""
    from assistant.question.asked import Question

    asked = Question(question) if isinstance(question, str) else question
    names = ("text", "source", "author", "title", "tag")
    texts = {name: mended(getattr(asked, name)) for name in names}
    asked = replace(asked, **texts)  # type: ignore[arg-type]
    asked = asked if as_of is None else replace(asked, as_of=as_of)
    return replace(asked, extractive=True) if extractive else asked


def _library(settings: Settings, models: ModelProvider, waiting: Callable[[], None] | None) -> OpenLibrary:
    limits, server = ShardLimits(settings.shard_seconds, settings.all_shards), vector_server(settings)
    machines = RayCluster(settings.ray_address, models, server) if settings.ray_address else None
    return OpenLibrary(settings.index, models, waiting, server, limits, machines)
