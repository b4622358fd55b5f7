"""Counting tokens without the network."""

import sys

import pytest

from assistant.text import tokens
from assistant.text.tokens import count_tokens


def test_count_with_the_table_that_is_carried_along() -> None:
    assert count_tokens("") == 0
    assert count_tokens("tiktoken is great!") == 6
    assert count_tokens("<|endoftext|>") == 7


def test_estimate_when_there_is_no_table(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "tiktoken", None)
    tokens._encoding.cache_clear()
    try:
        assert count_tokens("12345") == 2
    finally:
        tokens._encoding.cache_clear()
