"""The words of servers in every form of error body."""

import json

import pytest

from index.embed.openai_errors import Service
from index.embed.openai_words import fault_of
from tests.odd_replies import WORDS

KEY = "sk-secret-0123456789"


@pytest.mark.parametrize(
    "body",
    [
        {"error": {"message": WORDS, "type": "t", "param": None, "code": None}},
        {"error": WORDS},
        {"object": "error", "message": WORDS, "code": 400},
        {"detail": WORDS},
        {"error": {"message": [{"text": "x", "message": WORDS}]}},
        [{"error": {"message": WORDS, "status": "INVALID"}}],
        {"error": {"message": "Provider failed", "metadata": {"raw": json.dumps({"error": {"message": WORDS}})}}},
        {"status": 400, "error": "Bad Request", "message": WORDS},
        {"error": {"message": json.dumps({"detail": WORDS})}},
        {"error": "invalid", "error_description": WORDS},
        {"errors": [{"message": WORDS}]},
        {"foo": {"bar": WORDS}},
        f"<html><style>p {{x}}</style><title>502</title><h1>{WORDS}</h1><script>no()</script></html>",
        f"\n {WORDS}\n",
    ],
    ids=str,
)
def test_the_words_are_found(body: object) -> None:
    text = body if isinstance(body, str) else json.dumps(body)
    assert WORDS in fault_of(text).words
    assert WORDS in fault_of(text.encode()).words
    assert WORDS in fault_of(body).words
    assert "no()" not in fault_of(text).words


@pytest.mark.parametrize("body", ["", "{}", "null", "[]", "true", None, "<html></html>"])
def test_who_says_nothing_has_no_words(body: object) -> None:
    assert fault_of(body).words == ""


def test_the_place_the_name_and_the_number_of_a_fault_are_kept() -> None:
    fault = fault_of({"detail": [{"loc": ["body", "messages", 0], "msg": "Field required", "type": "missing"}]})
    assert (fault.words, fault.kind) == ("body.messages.0: Field required", "missing")
    assert fault_of({"error": {"message": "m", "code": 503, "type": "t", "param": "p"}}).code == "503"
    assert fault_of({"error": {"message": "m"}, "code": 503}).code == "503"


def test_nesting_without_end_ends() -> None:
    assert fault_of("[" * 50_000).words
    assert fault_of('{"error":' * 500 + "1" + "}" * 500).words.startswith('{"error"')


def test_quotes_are_one_line_without_keys_and_without_commands_to_a_terminal() -> None:
    service = Service("http://127.0.0.1/v1", "m", secrets=(KEY,))
    assert service.quote(f"a\n\x1b[31mred\x1b[0m {KEY} \u202eb") == "a [31mred [0m … b"
    told = service.quote_refusal_of_key("Incorrect API key provided: sk-sec****6789, or …6789. Buy one at x.org")
    assert told == "Incorrect API key provided: … or … Buy one at x.org"
