"""Replies that say what was asked for in another form."""

import json
from typing import Any

import pytest

from assistant.llm.reply_form import best_object, fitted, usable_members, valid_members
from assistant.llm.reply_json import values_in
from tests.odd_replies import SCHEMA, WANTED

GRADE = {"type": "object", "properties": {"grade": {"type": "string", "enum": ["supported", "not"]}}}
COUNT = {"type": "object", "properties": {"n": {"type": "integer"}, "share": {"type": "number"}}}
TAGS = {"type": "object", "properties": {"tags": {"type": "array", "items": {"type": "string"}}}}


@pytest.mark.parametrize(
    ("said", "schema", "meant"),
    [
        ({"S1": 14, "S2": None}, SCHEMA, {"S1": "14", "S2": ""}),
        ({"S1": ["a", "b"], "S2": {"claim": "c"}}, SCHEMA, {"S1": "a b", "S2": "c"}),
        ({"answer": {"s1": "a", "[S2]": "b"}}, SCHEMA, {"S1": "a", "S2": "b"}),
        ([{"label": "S1", "claim": "a"}, {"label": "[S2]", "claim": "b"}], SCHEMA, {"S1": "a", "S2": "b"}),
        ([{"S1": "a"}, {"S2": "b"}], SCHEMA, {"S1": "a", "S2": "b"}),
        ({"S1": "a", "S9": 7}, SCHEMA, {"S1": "a", "S9": 7}),
        ({"grade": "Supported."}, GRADE, {"grade": "supported"}),
        ({"n": "14", "share": "0.5"}, COUNT, {"n": 14, "share": 0.5}),
        ({"n": "many"}, COUNT, {"n": "many"}),
        ({"tags": "a"}, TAGS, {"tags": ["a"]}),
        ({"hello": "world"}, SCHEMA, {"hello": "world"}),
        ("nothing", SCHEMA, "nothing"),
    ],
)
def test_the_same_in_another_form_is_taken(said: Any, schema: dict[str, Any], meant: Any) -> None:
    assert fitted(said, schema) == meant


@pytest.mark.parametrize(
    "text",
    [
        "{'S1': 'a', 'S2': \"b's\"}",
        '{"S1": "a", "S2": "b\'s",}',
        '{"S1": "a", "S2": "b\'s"',
        json.dumps('{"S1": "a", "S2": "b\'s"}'),
        "{“S1”: “a”, “S2”: “b's”}",
        'For example {"x": 1}. So: {"S1": "a", "S2": "b\'s"}',
        '<think>{"S1": "no", "S2": "no"}</think><think>so {</think>{"S1": "a", "S2": "b\'s"}',
        '[THINK]{"S1": "no"}[/THINK] {"S1": "a", "S2": "b\'s"}',
    ],
)
def test_what_is_nearly_json_is_read(text: str) -> None:
    assert best_object(text, SCHEMA) == {"S1": "a", "S2": "b's"}


def test_of_a_cut_reply_the_finished_members_are_kept() -> None:
    text = json.dumps(WANTED)
    assert usable_members(text[:-20], SCHEMA) == {"S1": WANTED["S1"]}
    assert usable_members(text[:20], SCHEMA) == {}
    assert valid_members({"S1": "a", "S2": [], "S9": "b"}, SCHEMA) == {"S1": "a"}


def test_a_reply_without_an_object_is_told() -> None:
    with pytest.raises(ValueError, match="no complete JSON object"):
        best_object("I'm sorry, but I can't help.", SCHEMA)


@pytest.mark.parametrize("text", ["{" * 100_000, '{"a":' * 50_000, "[" * 100_000, '{"' * 50_000, "{'" * 50_000])
def test_brackets_without_end_end(text: str) -> None:
    assert not any(isinstance(value, dict) for value in values_in(text))
