"""HTTP clients for chat servers, whose replies are repaired before LangChain reads them."""

import json
from collections.abc import AsyncIterator, Iterator
from typing import TYPE_CHECKING, Any

from assistant.llm.mending import ChatMender
from index.embed.openai_client import CLOSE_AFTER_REPLY, FIRST_ERROR, http_options, read_failure

if TYPE_CHECKING:
    import httpx2


def http_clients(address: str) -> dict[str, Any]:
    """HTTP clients for both ways of calling; ``HTTPS_PROXY`` and its like hold for both."""
    import openai

    options = http_options(address)
    return {
        "http_client": openai.DefaultHttpxClient(**options, event_hooks={"response": [_mend]}),
        # A connection kept open belongs to one event loop and breaks the next call from another one.
        "http_async_client": openai.DefaultAsyncHttpxClient(
            **{**options, "headers": CLOSE_AFTER_REPLY}, event_hooks={"response": [_amend]}
        ),
        # Else langchain-openai reads OPENAI_PROXY and refuses it together with clients.
        "openai_proxy": None,
    }


def _mend(response: "httpx2.Response") -> None:
    import httpx2

    if not _is_chat(response):
        read_failure(response)
        return
    received = _beneath(response)

    class Mended(httpx2.SyncByteStream):
        def __iter__(self) -> Iterator[bytes]:
            mender = ChatMender()
            try:
                for data in received.iter_bytes():
                    yield mender.feed(data)
            except httpx2.HTTPError:
                yield mender.broken()
                raise
            yield mender.end()

        def close(self) -> None:
            received.close()

    response.stream = Mended()


async def _amend(response: "httpx2.Response") -> None:
    import httpx2

    if not _is_chat(response):
        if response.status_code >= FIRST_ERROR:
            await response.aread()
        return
    received = _beneath(response)

    class Mended(httpx2.AsyncByteStream):
        async def __aiter__(self) -> AsyncIterator[bytes]:
            mender = ChatMender()
            try:
                async for data in received.aiter_bytes():
                    yield mender.feed(data)
            except httpx2.HTTPError:
                yield mender.broken()
                raise
            yield mender.end()

        async def aclose(self) -> None:
            await received.aclose()

    response.stream = Mended()


def _is_chat(response: "httpx2.Response") -> bool:
    """Whether this is the stream of a chat completion."""
    request = response.request
    if not response.is_success or not request.url.path.endswith("/chat/completions"):
        return False
    sent = json.loads(request.content)
    return isinstance(sent, dict) and sent.get("stream") is True


def _beneath(response: "httpx2.Response") -> "httpx2.Response":
    """The response as it came; the given one is left without what held only for its bytes."""
    import httpx2

    received = httpx2.Response(
        response.status_code, headers=response.headers, stream=response.stream, request=response.request
    )
    for name in ("Content-Encoding", "Content-Length", "Transfer-Encoding"):
        response.headers.pop(name, None)
    response.headers["Content-Type"] = "text/event-stream"
    return received
