"""Embeddings from a real server that behaves well and badly."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from index.embed.service import MAX_BYTES, MAX_TEXTS, ServiceEmbedder, batched
from index.errors import AuthenticationError, ReplyError, ServiceError, ServiceTimeoutError, UnknownModelError
from tests.openai_server import OpenAIServer, Plain, Reply, Request, Silence, failure, vectors

KEY = "sk-secret-0123456789"


def embedder_of(server: OpenAIServer, **options: Any) -> ServiceEmbedder:
    return ServiceEmbedder("m", base_url=server.base_url, **{"api_key": KEY, "retries": 0, **options})


def by_length(request: Request) -> Plain:
    """Vectors that tell the texts apart: (length, 1)."""
    return vectors(*[(float(len(text)), 1.0) for text in request.body["input"]])


def test_rows_follow_the_texts_and_have_length_one() -> None:
    texts = ["x" * length for length in range(1, 2 * MAX_TEXTS + 45)]
    with OpenAIServer(answer=by_length) as server:
        embedder = embedder_of(server)
        rows = embedder.embed_documents(texts)
        assert np.array_equal(embedder.embed_query(texts[2]), rows[2])
    assert rows.dtype == np.float32
    assert rows.shape == (len(texts), 2)
    assert np.allclose(np.linalg.norm(rows, axis=1), 1)
    assert np.allclose(rows[:, 0] / rows[:, 1], [len(text) for text in texts], rtol=1e-4)
    assert [len(request.body["input"]) for request in server.requests] == [128, 128, 44, 1]


def test_send_texts_and_ask_for_plain_numbers() -> None:
    with OpenAIServer(vectors([3.0, 4.0])) as server:
        assert np.allclose(embedder_of(server).embed_query("Who won?"), [0.6, 0.8])
    (request,) = server.requests
    assert request.path == "/v1/embeddings"
    assert request.body == {"model": "m", "input": ["Who won?"], "encoding_format": "float"}
    assert request.headers["authorization"] == f"Bearer {KEY}"


def test_the_dimension_is_asked_once() -> None:
    with OpenAIServer(vectors([3.0, 4.0, 0.0])) as server:
        embedder = embedder_of(server)
        assert (embedder.dimension, embedder.dimension) == (3, 3)
        assert embedder.embed_documents([]).shape == (0, 3)
    assert len(server.requests) == 1
    assert embedder.name == "openai:m"


@given(st.lists(st.text(max_size=30), max_size=40), st.integers(0, 5))
def test_batches_keep_every_text_in_order_within_the_limits(texts: list[str], long: int) -> None:
    texts = [*texts, *["é" * (MAX_BYTES // 5)] * long, *texts]
    batches = list(batched(texts))
    assert [text for batch in batches for text in batch] == texts
    assert all(len(batch) <= MAX_TEXTS for batch in batches)
    assert all(sum(len(text.encode()) for text in batch) <= MAX_BYTES for batch in batches)


def test_a_text_beyond_the_limit_goes_alone() -> None:
    assert [len(batch) for batch in batched(["a", "b" * (MAX_BYTES + 1), "c"])] == [1, 1, 1]


@pytest.mark.parametrize(
    ("reply", "kind", "problem", "remedy", "requests"),
    [
        (failure(401, f"Wrong: {KEY}"), AuthenticationError, "did not accept", "embeddings_api_key", 1),
        (failure(500, "GPU lost"), ServiceError, "(HTTP 500): ", "Try again", 3),
        (failure(404, "model not found"), UnknownModelError, "'m'", "embeddings_model to one of: a, b.", 1),
        (vectors([1.0], [2.0]), ReplyError, "2 vectors for 1 texts", "_model", 1),
        (vectors([0.0, 0.0]), ReplyError, "without a direction", "_model", 1),
        (vectors([float("nan")]), ReplyError, "without a direction", "_model", 1),
        (Plain(200, {"data": [{"index": 0, "embedding": "AAAA"}]}), ReplyError, "no vectors", "_model", 1),
        (Plain(200, {"data": [{"index": 0, "embedding": [[1.0]]}]}), ReplyError, "no vectors", "_model", 1),
        (Plain(200, {"data": []}), ReplyError, "no vectors", "embeddings_base_url", 1),
        (Plain(200, {"data": [{"index": 0}]}), ReplyError, "no vectors", "_model", 1),
        (Plain(200, {"hello": "world"}), ReplyError, "no vectors", "embeddings_base_url", 1),
        (Plain(200, "<html>Welcome</html>"), ReplyError, "no vectors", "_url", 1),
    ],
)
def test_each_failure_has_its_error(
    reply: Reply, kind: type[ServiceError], problem: str, remedy: str, requests: int
) -> None:
    with OpenAIServer(reply, models=["a", "b"]) as server:
        embedder = embedder_of(server, retries=2)
        with pytest.raises(ServiceError) as caught:
            embedder.embed_query("Who won?")
    assert type(caught.value) is kind
    assert problem in caught.value.problem
    assert remedy in caught.value.remedy
    assert server.base_url in caught.value.problem
    assert KEY not in str(caught.value)
    assert len(server.requests) == requests


def test_vectors_that_change_their_length_are_refused() -> None:
    replies = [vectors(*[[1.0]] * MAX_TEXTS), vectors([1.0, 1.0])]
    with OpenAIServer(*replies) as server, pytest.raises(ReplyError, match="different lengths"):
        embedder_of(server).embed_documents(["a"] * (MAX_TEXTS + 1))


def test_a_silent_server_is_given_up_after_the_time_out() -> None:
    with OpenAIServer(Silence()) as server, pytest.raises(ServiceTimeoutError, match=r"within 0\.2 seconds"):
        embedder_of(server, timeout_seconds=0.2).embed_query("Who won?")
