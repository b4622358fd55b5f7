"""Makes the models that the settings name, each when it is first needed."""

import os
import threading
from collections.abc import Mapping
from contextlib import suppress
from functools import cached_property
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

from assistant.cassettes.cassette import cassette_of
from assistant.embedded.daemon import Address, Serving, WarmModel
from assistant.embedded.download_progress import fetch, weights_of
from assistant.embedded.llama_server import LocalServer
from assistant.llm.client import make_chat_model, only_model
from assistant.llm.prices import FREE, Prices, load_prices
from assistant.llm.prompts import load_prompt
from assistant.llm.service import model_name
from assistant.settings import Settings, cache_path, reveal
from index.embed.local import Embedder, LocalEmbedder
from index.embed.service import ServiceEmbedder
from index.errors import AssistantError, ModelError
from index.retrieve.reader import LocalReader, Reader
from index.retrieve.rerank import LocalReranker, Reranker
from index.store.chroma_server import Server
from index.weights.folder import EMBEDDINGS, LLM, RERANKER, Asset, Role

if TYPE_CHECKING:
    from langchain_core.language_models import BaseChatModel

NEEDS_LOCAL = "install the embedded models' runtime (pip install 'news-assistant[local]'), or name a server instead"
RERANKER_NEEDS = ("fastembed", "onnxruntime", "tokenizers")
WITHOUT_RERANKER = (
    "the reranker's runtime is not installed: sentences are chosen less well, and nothing says how sure an answer is; "
    "pip install 'news-assistant[local]' brings it, and ASSISTANT_RERANKER=none says that none is wanted"
)


class ModelProvider:
    """Embedder, reranker and chat model for one set of settings.

    The first of them that needs a file has all files fetched that these settings can need, so that a person waits
    once. May be used from several threads.

    Args:
        chat: used instead of the model that the settings name; a cassette of the settings holds for it too.
        warm: let the embedded language model run in a process of its own that outlives this one for as long as the
            settings say; else it runs in this process and ends with it.
        at_once: questions that the embedded language model answers at the same time.
    """

    def __init__(
        self,
        settings: Settings,
        chat: "BaseChatModel | None" = None,
        *,
        warm: bool = False,
        at_once: int = 1,
    ) -> None:
        self._settings = settings
        self._given_chat = chat
        self._warm = warm and settings.keep_warm_seconds > 0 and hasattr(os, "fork")
        self._at_once = at_once
        self._embedded_chats: dict[str, BaseChatModel] = {}
        self._cassette = cassette_of(settings)
        self._lock = threading.RLock()

    def embedder(self) -> Embedder:
        """The embedder.

        Raises:
            ModelError: it cannot be fetched or loaded.
        """
        with self._lock:
            return self._embedder

    def reranker(self) -> Reranker | None:
        """The reranker; None when the settings want none, or it is only the default and its runtime is missing.

        Raises:
            ModelError: it cannot be fetched or loaded.
        """
        with self._lock:
            return self._reranker

    def reranker_folder(self) -> Path:
        """The folder that holds the files of the reranker's model.

        Raises:
            ModelError: they cannot be fetched.
        """
        with self._lock:
            return self._paths["reranker"]

    def reader(self) -> Reader | None:
        """The reader; None when the settings want no reranker, whose model file it shares.

        Raises:
            ModelError: it cannot be fetched or loaded.
        """
        with self._lock:
            return self._reader

    def chat(self) -> "BaseChatModel":
        """The chat model, or the cassette that records it or stands for it; the embedded one is loaded at first.

        Raises:
            ModelError: the embedded model cannot be fetched or loaded.
            SettingError: the server offers several models and the settings name none, or the package of the provider
                that they name is not installed.
            ServiceError: the server cannot be asked which models it offers.
        """
        with self._lock:
            if self._cassette is None:
                return self._real_chat()
            from assistant.cassettes.chat import CassetteChat

            given, named = self._given_chat, self._settings.chat_model or "cassette"
            return CassetteChat(
                cassette=self._cassette,
                model_name=named if given is None else model_name(given),
                real=None if self._cassette.plays else self._real_chat(),
            )

    def _real_chat(self) -> "BaseChatModel":
        if self._given_chat is not None:
            return self._given_chat
        return self._embedded_chat() if self._settings.uses_local_llm else self._served_chat

    @property
    def is_embedded(self) -> bool:
        return self._given_chat is None and self._settings.uses_local_llm

    @property
    def prices(self) -> Prices:
        """What chat models cost; the embedded one costs nothing.

        Raises:
            SettingError: the file of prices that the settings name is wrong.
        """
        return FREE if self.is_embedded else load_prices(self._settings.prices)

    @property
    def lost(self) -> str:
        """What is worse than it could be because the embedded models' runtime is missing; empty when nothing is."""
        return WITHOUT_RERANKER if self._settings.reranker == "local" and not self._reranks else ""

    @cached_property
    def _reranks(self) -> bool:
        wanted = "reranker" in self._settings.model_fields_set or self._settings.uses_local_embeddings
        return self._settings.reranker != "none" and (wanted or all(map(is_installed, RERANKER_NEEDS)))

    def begin(self) -> None:
        """Load the reranker, and where it runs in another process the embedded LLM, meanwhile; nothing is fetched."""
        if not self.complete:
            return
        if self._warm and self._asks_embedded:
            self._warm_model.begin()
        threading.Thread(target=self._load_reranker, name="reranker").start()

    def _load_reranker(self) -> None:
        with suppress(AssistantError):  # told when it is used
            reranker, reader = self.reranker(), self.reader()
            if isinstance(reranker, LocalReranker):
                reranker.load()
            if isinstance(reader, LocalReader):
                reader.load()

    @property
    def _asks_embedded(self) -> bool:
        return self.is_embedded and not (self._cassette is not None and self._cassette.plays)

    @property
    def complete(self) -> bool:
        """Whether every model file that these settings can need is there."""
        weights = weights_of(self._settings)
        return all(weights.path(asset) is not None for asset in self._needed())

    def prepare(self) -> None:
        """Fetch the model files that are missing, showing how far that is.

        Raises:
            ModelError: one cannot be fetched.
        """
        with self._lock:
            _ = self._paths

    def close(self) -> None:
        """Stop the embedded language model, if it runs; the next question starts it again."""
        with self._lock:
            if "_server" in self.__dict__:
                self._server.close()

    @cached_property
    def _embedder(self) -> Embedder:
        settings = self._settings
        if settings.uses_local_embeddings:
            return LocalEmbedder(self._paths["embeddings"], settings.threads)
        return ServiceEmbedder(
            settings.embeddings_model,
            base_url=settings.embeddings_service_url,
            api_key=reveal(settings.embeddings_service_key),
            timeout_seconds=settings.timeout_seconds,
            retries=settings.retries,
        )

    @cached_property
    def _reranker(self) -> Reranker | None:
        return LocalReranker(self._paths["reranker"], self._settings.threads) if self._reranks else None

    @cached_property
    def _reader(self) -> Reader | None:
        return LocalReader(self._paths["reranker"], threads=self._settings.threads) if self._reranks else None

    @cached_property
    def _served_chat(self) -> "BaseChatModel":
        settings = self._settings
        key = reveal(settings.api_key)
        model = settings.chat_model
        if model is None:
            model = only_model(str(settings.base_url), key, settings.timeout_seconds)
        return make_chat_model(settings, base_url=settings.base_url, api_key=key, model=model)

    @cached_property
    def _server(self) -> LocalServer:
        return self._serving.server()

    def _embedded_chat(self) -> "BaseChatModel":
        """A client of the embedded model where it listens now: another address each time that it is started."""
        found = self._warm_address() or self._server
        address = found.base_url
        if address not in self._embedded_chats:
            chat = make_chat_model(self._settings, base_url=address, api_key=found.api_key, model=found.model)
            self._embedded_chats = {address: chat}
        return self._embedded_chats[address]

    def _warm_address(self) -> Address | None:
        """The model in its own process; None when it is to run in this one, or no such process can be had."""
        with suppress(OSError):  # no folder to meet that process in
            return self._warm_model.address() if self._warm else None
        return None

    @cached_property
    def _warm_model(self) -> WarmModel:
        return WarmModel(self._serving, warm_path())

    @cached_property
    def _serving(self) -> Serving:
        require("xllamacpp")
        settings = self._settings
        return Serving(
            self._paths["llm"],
            context_tokens=settings.context_tokens,
            threads=settings.threads,
            slots=self._at_once,
            system=load_prompt("answer").system,
            states=cache_path() / "states",
            idle_seconds=settings.keep_warm_seconds,
        )

    @cached_property
    def _paths(self) -> Mapping[Role, Path]:
        needed = self._needed()
        if EMBEDDINGS in needed or RERANKER in needed:
            require("fastembed")
        return fetch(weights_of(self._settings), needed)

    def _needed(self) -> tuple[Asset, ...]:
        settings = self._settings
        wanted = ((EMBEDDINGS, settings.uses_local_embeddings), (RERANKER, self._reranks), (LLM, self._asks_embedded))
        return tuple(asset for asset, needed in wanted if needed)


def warm_path() -> Path:
    """The folder where processes say that keep a model loaded."""
    return cache_path() / "warm"


def vector_server(settings: Settings) -> Server | None:
    """The Chroma server that the settings name; None keeps vectors in the index folder."""
    if settings.chroma_url is None:
        return None
    return Server(settings.chroma_url, reveal(settings.chroma_token), settings.timeout_seconds)


def is_installed(package: str) -> bool:
    """Whether a package is there to be imported."""
    return find_spec(package) is not None


def require(package: str) -> None:
    """Check that a package is installed.

    Raises:
        ModelError: it is not.
    """
    if not is_installed(package):
        raise ModelError(f"the embedded models need the package {package}, which is not installed", NEEDS_LOCAL)
