"""Reads a model's reply that differs in form from the requested schema but means the same.

Models that are not held to a schema wrap the object that was asked for into another one, list its members, give one
item in place of a list, a number as text or text as a list of sentences. None of that changes what is said.
"""

import json
from collections.abc import Mapping, Sequence
from typing import Any

from assistant.llm.reply_json import after_thinking, complete_items, complete_members, complete_object, values_in

Schema = Mapping[str, Any]
Object = dict[str, Any]
DEEPEST = 6
NUMBERS = {"integer": int, "number": float}
SAYING = ("claim", "text", "answer", "content", "value", "statement", "sentence")


def best_object(text: str, schema: Schema) -> Object:
    """The object in a finished reply that says most of what was asked for, in its form.

    Raises:
        ValueError: there is none; the message is fit to be shown to the model.
    """
    after = after_thinking(text)
    found = [fitted(value, schema) for value in values_in(after)]
    objects = [value for value in found if isinstance(value, dict)]
    wanted = schema.get("properties", {})
    best = max(objects, key=lambda one: len(one.keys() & wanted.keys()), default=None)
    return complete_object(text) if best is None else best


def usable_members(text: str, schema: Schema) -> Object:
    """What is finished and of the right form in a reply that was cut off, or that lacks something; may be empty."""
    data = complete_items(text) or fitted(complete_members(text), schema)
    return data if isinstance(data, dict) else {}


def valid_members(data: Object, schema: Schema) -> Object:
    """The members that the schema asks for and that are as it asks."""
    from jsonschema import Draft202012Validator

    wanted = schema.get("properties", {})
    return {
        name: data[name] for name in data if name in wanted and Draft202012Validator(wanted[name]).is_valid(data[name])
    }


def lenient(schema: Any) -> Any:
    """The schema without its ban on further members: they do no harm, and who asks looks at them."""
    if isinstance(schema, Mapping):
        return {name: lenient(value) for name, value in schema.items() if name != "additionalProperties"}
    return [lenient(item) for item in schema] if isinstance(schema, list) else schema


def fitted(value: Any, schema: Schema) -> Any:
    """The value in the form of the schema where it says the same in another one; else as it is."""
    kind = schema.get("type")
    if kind == "object" and schema.get("properties"):
        return _object(value, schema["properties"])
    if kind == "array":
        items = value if isinstance(value, list) else [] if value is None else [value]
        return [fitted(item, schema.get("items", {})) for item in items]
    if kind == "string":
        return _choice(_string(value), schema.get("enum"))
    return _number(value, NUMBERS[kind]) if kind in NUMBERS else value


def _object(value: Any, wanted: Mapping[str, Schema]) -> Any:
    members = _members(value, wanted, DEEPEST)
    if members is None:
        return value
    named = {name: fitted(member, wanted[name]) if name in wanted else member for name, member in members.items()}
    return {name: member for name, member in named.items() if name not in wanted or member is not None}


def _members(value: Any, wanted: Mapping[str, Schema], depth: int) -> Object | None:
    """The members that were asked for, with those beside them, wherever they are within the value."""
    if depth == 0:
        return None
    if isinstance(value, str):
        return _merged(values_in(value), wanted, depth) if "{" in value else None
    if isinstance(value, list):
        return _merged(value, wanted, depth)
    if not isinstance(value, Mapping):
        return None
    members: Object = {}
    for key, member in value.items():
        members.setdefault(key if key in wanted else _meant(key, wanted), member)
    if members.keys() & wanted.keys():
        return members
    within = (_members(member, wanted, depth - 1) for member in value.values())
    return _record(value, wanted) or next((part for part in within if part), None)


def _merged(values: list[Any], wanted: Mapping[str, Schema], depth: int) -> Object | None:
    merged: Object = {}
    for value in values:
        for name, member in (_members(value, wanted, depth - 1) or {}).items():
            merged.setdefault(name, member)
    return merged or None


def _meant(key: str, wanted: Mapping[str, Schema]) -> str:
    """The name that a key stands for: ``s1``, ``[S1]``; else the key."""
    plain = "".join(key.split()).strip("[]()\"'`.:").casefold()
    return next((name for name in wanted if name.casefold() == plain), key)


def _record(value: Mapping[str, Any], wanted: Mapping[str, Schema]) -> Object | None:
    """``{"label": "S1", "claim": "…"}`` as ``{"S1": "…"}``."""
    names = [key for key, member in value.items() if isinstance(member, str) and _meant(member, wanted) in wanted]
    said = [key for key in SAYING if key in value and key not in names]
    return {_meant(value[names[0]], wanted): value[said[0]]} if len(names) == 1 and said else None


def _string(value: Any) -> Any:
    if value is None:
        return ""
    if isinstance(value, bool | int | float):
        return json.dumps(value)
    if isinstance(value, list):
        texts = [_string(item) for item in value]
        return " ".join(texts) if all(isinstance(text, str) for text in texts) else value
    if isinstance(value, Mapping):
        said = [value[name] for name in SAYING if isinstance(value.get(name), str)]
        said = said or [member for member in value.values() if isinstance(member, str)]
        return said[0] if len(value) == 1 or len(said) == 1 else value
    return value


def _choice(value: Any, among: Sequence[Any] | None) -> Any:
    if not among or not isinstance(value, str):
        return value
    plain = value.strip(" .\"'`").casefold()
    return next((one for one in among if isinstance(one, str) and one.casefold() == plain), value)


def _number(value: Any, kind: type[int] | type[float]) -> Any:
    try:
        return kind(value) if isinstance(value, str) else value
    except ValueError:
        return value
