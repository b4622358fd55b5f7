"""Embeddings from an OpenAI-compatible server."""

import json
from collections.abc import Iterator, Sequence
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from index.embed.local import Vectors
from index.embed.openai_client import model_names, open_client
from index.embed.openai_errors import Service, service_error
from index.embed.openai_words import fault_of
from index.embed.vectors_reply import LISTS, VECTORS, vectors_in
from index.errors import ReplyError

if TYPE_CHECKING:
    import openai

MAX_TEXTS = 128
# OpenAI takes at most 300 000 tokens a request; a token is at least one byte, so this many bytes never exceed it.
# https://platform.openai.com/docs/api-reference/embeddings/create
MAX_BYTES = 300_000
PROBE = "probe"


class ServiceEmbedder:
    """Vectors from the ``/embeddings`` of any OpenAI-compatible server.

    Args:
        model: name of the model at the server.
        base_url: address of the server, usually ending in ``/v1``.
        api_key: None for servers that want none.
        timeout_seconds: longest silence of the server.
        retries: further attempts after a failed connection or HTTP 408, 409, 429 and 5xx.
    """

    def __init__(
        self, model: str, *, base_url: str, api_key: str | None = None, timeout_seconds: float = 120.0, retries: int = 2
    ) -> None:
        self._model = model
        self._api_key = api_key
        self._retries = retries
        self._service = Service(
            base_url,
            model,
            timeout_seconds,
            secrets=(api_key,) if api_key else (),
            address_setting="embeddings_base_url",
            model_setting="embeddings_model",
            key_setting="embeddings_api_key",
        )

    def __getstate__(self) -> dict[str, object]:
        """Sent to another process, it opens connections of its own there."""
        return {name: value for name, value in self.__dict__.items() if name != "_client"}

    @property
    def name(self) -> str:
        """Identity of the vectors, such as ``openai:text-embedding-3-small``."""
        return f"openai:{self._model}"

    @cached_property
    def dimension(self) -> int:
        """Length of the vectors; asks the server once, by embedding one word.

        Raises:
            ServiceError: the server cannot be used.
        """
        return int(self._embed([PROBE]).shape[1])

    def embed_documents(self, texts: Sequence[str]) -> Vectors:
        """Vectors of shape (len(texts), dimension), each of length 1.

        Raises:
            ServiceError: the server cannot be used, or sent something else than one finite vector a text.
        """
        batches = [self._embed(batch) for batch in batched(texts)]
        if not batches:
            return np.empty((0, self.dimension), dtype=np.float32)
        if len({batch.shape[1] for batch in batches}) > 1:
            raise self._unusable("vectors of different lengths")
        return np.concatenate(batches)

    def embed_query(self, text: str) -> Vectors:
        """A vector of shape (dimension,), of length 1; errors as `embed_documents`."""
        vector: Vectors = self._embed([text])[0]
        return vector

    @cached_property
    def _client(self) -> "openai.OpenAI":
        return open_client(self._service, self._api_key, self._retries)

    def _embed(self, texts: Sequence[str]) -> Vectors:
        """Vectors of shape (len(texts), dimension) of one request."""
        import openai

        try:
            # Text, not token ids, and plain numbers: what servers other than OpenAI understand. The reply is read here:
            # the client breaks at some of what servers send.
            reply = self._client.embeddings.with_raw_response.create(
                model=self._model, input=list(texts), encoding_format="float"
            )
        except (openai.OpenAIError, ValueError) as error:
            raise service_error(error, self._service, self._offered) from error
        return self._normalised(reply.content, len(texts))

    def _normalised(self, reply: bytes, count: int) -> Vectors:
        try:
            vectors = vectors_in(self._read(reply), count)
        except ValueError as error:
            raise self._unusable(str(error)) from error
        lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
        if not np.isfinite(lengths).all() or not lengths.all():
            raise self._unusable("vectors without a direction (zero or not finite)")
        unit: Vectors = vectors / lengths
        return unit

    def _read(self, reply: bytes) -> object:
        """The JSON of a reply.

        Raises:
            ReplyError: it is none, or tells a fault; in the server's words.
        """
        try:
            read = json.loads(reply)
        except (ValueError, RecursionError) as error:
            raise self._unusable("no vectors", fault_of(reply).words) from error
        if isinstance(read, dict) and (read.get("error") or read.get("object") == "error"):
            fault = fault_of(read)
            code = f" ({fault.code})" if fault.code else ""
            raise ReplyError(
                f"{self._service.named} failed{code}: {self._service.quote(fault.words)}", "Try again later."
            )
        if isinstance(read, dict) and not any(read.get(name) for name in (*LISTS, *VECTORS)):
            raise self._unusable("no vectors", fault_of(read).words)
        return read

    def _unusable(self, what: str, words: str = "") -> ReplyError:
        told = f": {self._service.quote(words)}" if words else ""
        return ReplyError(
            f"{self._service.shown} sent {what} (model {self._model}){told}",
            f"Check {self._service.address_setting} and {self._service.model_setting}.",
        )

    def _offered(self) -> tuple[str, ...]:
        import openai

        try:
            return model_names(self._client.with_options(max_retries=0))
        except (openai.OpenAIError, ValueError):
            # The list only helps the message about another error.
            return ()


def batched(texts: Sequence[str]) -> Iterator[Sequence[str]]:
    """Split texts, in order, into requests of at most 128 texts and 300 000 bytes; a longer text goes alone."""
    batch: list[str] = []
    size = 0
    for text in texts:
        length = len(text.encode())
        if batch and (len(batch) == MAX_TEXTS or size + length > MAX_BYTES):
            yield batch
            batch, size = [], 0
        batch.append(text)
        size += length
    if batch:
        yield batch
