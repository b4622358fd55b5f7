"""Vectors in every form in which servers send them."""

import base64
import json
from typing import Any

import numpy as np
import pytest

from index.embed.service import ServiceEmbedder
from index.embed.vectors_reply import vectors_in
from index.errors import ReplyError, ServiceError
from tests.odd_replies import WORDS
from tests.openai_server import OpenAIServer, Plain

ROWS = [[3.0, 4.0], [0.0, 2.0]]


def packed(row: list[float]) -> str:
    return base64.b64encode(np.asarray(row, dtype="<f4").tobytes()).decode()


@pytest.mark.parametrize(
    "reply",
    [
        {"data": [{"embedding": row, "index": n} for n, row in enumerate(ROWS)]},
        {"data": [{"embedding": row, "index": n} for n, row in reversed(list(enumerate(ROWS)))]},
        {"data": [{"embedding": row, "index": str(n)} for n, row in reversed(list(enumerate(ROWS)))]},
        {"data": [{"embedding": row} for row in ROWS]},
        {"data": [{"embedding": row, "index": None} for row in ROWS]},
        {"data": [{"embedding": row, "index": 0} for row in ROWS]},
        {"data": [{"embedding": [str(number) for number in row]} for row in ROWS]},
        {"data": [{"embedding": packed(row)} for row in ROWS], "usage": None},
        {"data": [{"embedding": [row], "index": n} for n, row in enumerate(ROWS)]},
        {"data": [{"embedding": {"values": row}} for row in ROWS]},
        {"data": ROWS},
        {"embeddings": ROWS, "model": "m"},
        {"embeddings": [{"values": row} for row in ROWS]},
        [{"index": n, "embedding": row} for n, row in enumerate(ROWS)],
        ROWS,
    ],
    ids=lambda reply: json.dumps(reply)[:60],
)
def test_vectors_are_found_in_the_order_of_the_texts(reply: Any) -> None:
    assert vectors_in(reply, 2).tolist() == ROWS


@pytest.mark.parametrize(
    "reply", [{"embedding": ROWS[0]}, {"data": {"embedding": ROWS[0]}}, ROWS[0], {"data": ROWS[0]}]
)
def test_one_vector_needs_no_list_around_it(reply: Any) -> None:
    assert vectors_in(reply, 1).tolist() == ROWS[:1]


@pytest.mark.parametrize(
    "reply", [None, 5, "x", [], {}, {"data": None}, {"data": [None]}, {"data": [{"embedding": []}]}]
)
def test_where_there_are_none_that_is_said(reply: Any) -> None:
    with pytest.raises(ValueError, match="no vectors"):
        vectors_in(reply, 1)


@pytest.mark.parametrize(
    "reply",
    [
        Plain(200, {"error": {"message": WORDS, "code": 503}}),
        Plain(200, {"error": WORDS}),
        Plain(200, {"detail": WORDS}),
        Plain(200, f"<html><h1>{WORDS}</h1></html>"),
        Plain(400, {"detail": WORDS}),
        Plain(502, f"<html><h1>{WORDS}</h1></html>"),
    ],
    ids=str,
)
def test_the_servers_own_words_reach_the_user(reply: Plain) -> None:
    with OpenAIServer(reply) as server, pytest.raises(ServiceError, match=WORDS):
        ServiceEmbedder("m", base_url=server.base_url, retries=0).embed_query("Who won?")


def test_a_reply_that_is_none_names_the_settings() -> None:
    with OpenAIServer(Plain(200, {"object": "list"})) as server, pytest.raises(ReplyError) as caught:
        ServiceEmbedder("m", base_url=server.base_url, retries=0).embed_query("Who won?")
    assert "embeddings_base_url" in caught.value.remedy
