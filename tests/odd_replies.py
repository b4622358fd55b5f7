"""Replies as servers send them that speak the OpenAI protocol in ways of their own, made from a seed.

Each is built from a good one: how the model writes its JSON, where in the reply the text is, how the reply travels, and
what stands in the other fields are drawn independently. All that is drawn so leaves a good reply. Then, in some, one
thing is broken, or the server tells a fault instead.
"""

import gzip
import json
import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from tests.openai_server import Raw

WANTED = {"S1": "The ferry Alda stopped off Küsel on Monday.", "S2": "14 passengers fell ill, said “the captain”."}
SCHEMA: dict[str, Any] = {
    "type": "object",
    "properties": {name: {"type": "string"} for name in WANTED},
    "required": list(WANTED),
    "additionalProperties": False,
}
WORDS = "the boiler of unit 7 is cold"
JUNK: tuple[Any, ...] = (None, "", "x", 0, -1, 7.5, True, [], [None], {}, {"a": {"b": []}}, "0", "null", [1, 2], 10**30)


@dataclass(frozen=True, slots=True)
class Odd:
    """A reply.

    Attributes:
        good: the model's reply is whole and must not be lost.
        told: words of the server that must reach the user; empty where it has none.
        traits: what was drawn, to be read when a test fails.
    """

    raw: Raw
    good: bool
    told: str
    traits: tuple[str, ...]


def odd_reply(seed: int) -> Odd:
    """The reply to a chat request that belongs to a seed."""
    draw = random.Random(seed)
    if draw.random() < 0.2:
        return _fault(draw)
    writing, where, travel = draw.choice(WRITINGS), draw.choice(PLACES), draw.choice(TRAVELS)
    values = [_with_odd_fields(value, draw) for value in where(writing(draw), draw)]
    # Lines of objects and a single object hold one reply each; pieces need events.
    travel = travel if len(values) == 1 or travel is not _document else _events
    odd = Odd(Raw(_pieces(travel(values, draw), draw), 200, _headers(draw)), True, "", _names(writing, where, travel))
    odd = _zipped(odd) if draw.random() < 0.1 else odd
    return _broken(odd, draw) if draw.random() < 0.3 else odd


def _names(*made: Callable[..., Any]) -> tuple[str, ...]:
    return tuple(one.__name__.strip("_") for one in made)


# How the model writes its JSON


def _plain(draw: random.Random) -> str:
    return json.dumps(WANTED, ensure_ascii=draw.random() < 0.5, indent=draw.choice([None, 2]))


def _reordered(draw: random.Random) -> str:
    return json.dumps(dict(reversed(WANTED.items())))


def _fenced(draw: random.Random) -> str:
    before = draw.choice(["", "Here is the JSON:", "Sure [1]!"])
    fence = "```" + draw.choice(["json", "", "JSON"])
    return f"{before}\n{fence}\n{_plain(draw)}\n```\nI hope this helps {{you}}!"


def _among_words(draw: random.Random) -> str:
    before, after = draw.choice(["Answer: ", "I think [S1] says {so}: ", "\ufeff"]), draw.choice(["", " Done.", "\n"])
    return f"{before}{_plain(draw)}{after}"


def _after_thoughts(draw: random.Random) -> str:
    thought = draw.choice(['Let me see {"S1": "bad"} hm', "S1 is { and then }", "one\n\ntwo"])
    start, end = draw.choice(
        [
            ("<think>", "</think>"),
            ("", "</think>"),
            ("<thinking>", "</thinking>"),
            ("[THINK]", "[/THINK]"),
            ("◁think▷", "◁/think▷"),
            ("<reasoning>", "</reasoning>"),
            ("<|channel|>analysis<|message|>", "<|end|><|start|>assistant<|channel|>final<|message|>"),
        ]
    )
    return f"{draw.choice(['', chr(10)])}{start}{thought}{end}\n{_plain(draw)}"


def _wrapped(draw: random.Random) -> str:
    outer = draw.choice(["answer", "claims", "properties", "result", "0"])
    return json.dumps({"note": "as asked", outer: WANTED} if draw.random() < 0.5 else {outer: [WANTED]})


def _listed(draw: random.Random) -> str:
    return json.dumps(draw.choice([[WANTED], [{name: text} for name, text in WANTED.items()]]))


def _recorded(draw: random.Random) -> str:
    label, said = draw.choice([("label", "claim"), ("id", "text"), ("sentence", "answer"), ("number", "value")])
    records = [{label: name, said: text} for name, text in WANTED.items()]
    return json.dumps(records if draw.random() < 0.5 else {"claims": records})


def _misspelt(draw: random.Random) -> str:
    spell: Callable[[str], str] = draw.choice([str.lower, "[{}]".format, "{}:".format, " {} ".format])
    return json.dumps({spell(name): text for name, text in WANTED.items()})


def _as_python(draw: random.Random) -> str:
    return repr(WANTED)


def _with_comma(draw: random.Random) -> str:
    return json.dumps(WANTED)[:-1] + ",}"


def _without_brace(draw: random.Random) -> str:
    return json.dumps(WANTED)[:-1]


def _written_twice(draw: random.Random) -> str:
    return json.dumps(json.dumps(WANTED))


def _as_lists(draw: random.Random) -> str:
    return json.dumps({name: draw.choice([[text], text.split(" ", 1)]) for name, text in WANTED.items()})


def _as_objects(draw: random.Random) -> str:
    said = draw.choice(["claim", "text", "anything"])
    return json.dumps({name: {said: text} for name, text in WANTED.items()})


def _with_more(draw: random.Random) -> str:
    return json.dumps({**WANTED, "S99": "The moon is cheese.", "notes": draw.choice(JUNK)})


def _with_line_breaks(draw: random.Random) -> str:
    return json.dumps(WANTED).replace("ferry ", "ferry\n").replace("\\n", "\n").replace("ferry\n", "ferry ")


# Where in the reply the text is


def _chunk(delta: Any, **more: Any) -> dict[str, Any]:
    choice = {"index": 0, "delta": delta, "finish_reason": None, **more}
    return {"id": "x", "object": "chat.completion.chunk", "created": 1, "model": "m", "choices": [choice]}


def _whole(message: Any, **more: Any) -> list[dict[str, Any]]:
    choice = {"index": 0, "message": message, "finish_reason": "stop", **more}
    usage = {"prompt_tokens": 9, "completion_tokens": 9, "total_tokens": 18}
    return [{"id": "x", "object": "chat.completion", "created": 1, "model": "m", "choices": [choice], "usage": usage}]


def _cuts(text: str, draw: random.Random) -> list[str]:
    size = draw.choice([1, 3, 7, 1000])
    return [text[start : start + size] for start in range(0, len(text), size)]


def _deltas(text: str, draw: random.Random) -> list[dict[str, Any]]:
    first = [_chunk({"role": "assistant", "content": ""})] if draw.random() < 0.5 else []
    return [*first, *(_chunk({"content": cut}) for cut in _cuts(text, draw)), _chunk({}, finish_reason="stop")]


def _in_parts(text: str, draw: random.Random) -> list[dict[str, Any]]:
    parts = [_chunk({"content": [{"type": "text", "text": cut}]}) for cut in _cuts(text, draw)]
    thought = [_chunk({"content": [{"type": "thinking", "thinking": [{"type": "text", "text": "{hm}"}]}]})]
    return [*thought, *parts] if draw.random() < 0.5 else parts


def _in_message(text: str, draw: random.Random) -> list[dict[str, Any]]:
    return _whole({"role": "assistant", "content": draw.choice([text, [{"type": "text", "text": text}], [text]])})


def _in_legacy_text(text: str, draw: random.Random) -> list[dict[str, Any]]:
    return [{"choices": [{"text": cut, "index": 0}]} for cut in _cuts(text, draw)]


def _in_one_choice(text: str, draw: random.Random) -> list[dict[str, Any]]:
    return [{"choices": {"message": {"content": text}, "finish_reason": "stop"}}]


def _in_second_choice(text: str, draw: random.Random) -> list[dict[str, Any]]:
    return [{"choices": [{"index": 1, "message": {"content": "no"}}, {"index": 0, "message": {"content": text}}]}]


def _in_tool_call(text: str, draw: random.Random) -> list[dict[str, Any]]:
    calls = [
        _chunk({"tool_calls": [{"index": 0, "id": "c", "function": {"name": "answer" * (n == 0), "arguments": cut}}]})
        for n, cut in enumerate(_cuts(text, draw))
    ]
    return [_chunk({"role": "assistant", "content": None}), *calls, _chunk({}, finish_reason="tool_calls")]


def _in_whole_tool_call(text: str, draw: random.Random) -> list[dict[str, Any]]:
    arguments = draw.choice([text, WANTED])
    call = {"id": "c", "type": "function", "function": {"name": "answer", "arguments": arguments}}
    old = {"content": draw.choice([None, ""]), "function_call": {"name": "answer", "arguments": text}}
    return _whole(draw.choice([{"content": None, "tool_calls": [call]}, {"tool_calls": call}, old]))


def _in_thoughts(text: str, draw: random.Random) -> list[dict[str, Any]]:
    name = draw.choice(["reasoning_content", "reasoning"])
    text = json.dumps(WANTED)  # among words it is no reply
    return [*(_chunk({name: cut, "content": None}) for cut in _cuts(text, draw)), _chunk({}, finish_reason="stop")]


def _after_other_thoughts(text: str, draw: random.Random) -> list[dict[str, Any]]:
    return [_chunk({"reasoning_content": 'I think {"S1": "wrong"} maybe', "content": None}), *_deltas(text, draw)]


def _as_object(text: str, draw: random.Random) -> list[dict[str, Any]]:
    return _whole({"content": WANTED}) if draw.random() < 0.5 else _whole({"content": None, "parsed": WANTED})


def _as_ollama(text: str, draw: random.Random) -> list[dict[str, Any]]:
    cuts = [
        {"model": "m", "message": {"role": "assistant", "content": cut}, "done": False} for cut in _cuts(text, draw)
    ]
    last = {"model": "m", "message": {"content": ""}, "done": True, "done_reason": "stop", "prompt_eval_count": 9}
    return [*cuts, last]


def _as_completion(text: str, draw: random.Random) -> list[dict[str, Any]]:
    return [{draw.choice(["response", "content", "text", "generated_text", "output_text"]): text, "stop": True}]


def _as_response(text: str, draw: random.Random) -> list[dict[str, Any]]:
    said = {"type": "message", "content": [{"type": "output_text", "text": text, "annotations": []}]}
    return [{"object": "response", "output": [{"type": "reasoning", "summary": []}, said], "text": {"format": {}}}]


# What stands in the other fields

MEANT = {"choices", "delta", "message", "content", "text", "tool_calls", "function_call", "arguments", "function"}
MEANT |= {"reasoning_content", "reasoning", "thinking", "parsed", "response", "generated_text", "output_text", "output"}

MORE = ("usage", "logprobs", "system_fingerprint", "x_groq", "timings", "error", "refusal", "tool_calls")


def _with_odd_fields(value: Any, draw: random.Random, chance: float = 0.25) -> Any:
    """The same text, with other fields missing, null, of another type, or in another order."""
    if isinstance(value, list):
        return [_with_odd_fields(item, draw, chance) for item in value]
    if not isinstance(value, dict) or value is WANTED:
        return value
    fields = list(value.items())
    if draw.random() < chance:
        draw.shuffle(fields)
    odd: dict[str, Any] = {}
    for name, member in fields:
        kept = name in MEANT or name in {"type", "index"} or draw.random() >= chance
        if kept or draw.random() < 0.7:
            odd[name] = _with_odd_fields(member, draw, chance) if kept else draw.choice(JUNK)
    if draw.random() < chance:
        odd.setdefault(draw.choice(MORE), draw.choice([None, {}]))
    return odd


# How the reply travels


def _events(values: Sequence[Any], draw: random.Random) -> bytes:
    end = draw.choice(["\n\n", "\r\n\r\n", "\n", "\r\r"])
    head = draw.choice(["data: ", "data:", "event: message\ndata: ", "id: 1\ndata: "])
    lines = [head + json.dumps(value, ensure_ascii=draw.random() < 0.5) + end for value in values]
    if draw.random() < 0.3:
        lines.insert(
            draw.randrange(len(lines) + 1), draw.choice([": keep-alive\n\n", "\n\n", "data: \n\n", "retry: 3\n\n"])
        )
    done = draw.choice(["data: [DONE]" + end, "data:[DONE]", "", "data: [DONE]\n\ndata: {\n\n"])
    return (draw.choice(["", "\ufeff", "\n"]) + "".join(lines) + done).encode()


def _json_lines(values: Sequence[Any], draw: random.Random) -> bytes:
    return draw.choice(["\n", "\r\n", "\n\n"]).join(json.dumps(value) for value in values).encode()


def _document(values: Sequence[Any], draw: random.Random) -> bytes:
    return json.dumps(values[0], indent=draw.choice([None, 1, 4]), ensure_ascii=draw.random() < 0.5).encode()


def _pieces(data: bytes, draw: random.Random) -> list[bytes]:
    size = draw.choice([1 << 20, 1 << 20, 200, 37])
    return [data[start : start + size] for start in range(0, len(data), size)] or [b""]


def _headers(draw: random.Random) -> dict[str, str]:
    kinds = [
        "text/event-stream",
        "application/json",
        "text/plain",
        "application/x-ndjson",
        "text/event-stream; charset=x",
    ]
    return {"Content-Type": draw.choice(kinds)} if draw.random() < 0.9 else {}


def _zipped(odd: Odd) -> Odd:
    raw = replace(odd.raw, pieces=[gzip.compress(b"".join(odd.raw.pieces))])
    raw.headers["Content-Encoding"] = "gzip"
    return replace(odd, raw=raw, traits=(*odd.traits, "gzip"))


# What is broken


def _broken(odd: Odd, draw: random.Random) -> Odd:
    data = bytearray(b"".join(odd.raw.pieces))
    how = draw.choice(["cut", "bytes", "dropped", "promised"])
    if how == "cut":
        data = data[: draw.randrange(len(data) + 1)]
    elif how == "bytes":
        for _ in range(draw.randint(1, 30)):
            data[draw.randrange(len(data))] = draw.randrange(256)
    elif how == "dropped":
        start = draw.randrange(len(data))
        del data[start : start + draw.randint(1, 200)]
    promised = len(data) + 999 if how == "promised" else None
    raw = replace(odd.raw, pieces=_pieces(bytes(data), draw), promised=promised)
    return Odd(raw, False, "", (*odd.traits, how))


def _fault(draw: random.Random) -> Odd:
    """A fault in one of the forms that servers have for it."""
    nested = json.dumps({"error": {"message": WORDS}})
    forms: list[Any] = [
        {"error": {"message": WORDS, "type": "server_error", "param": None, "code": draw.choice(JUNK[:5])}},
        {"error": WORDS},
        {"error": WORDS, "error_type": "overloaded"},
        {"object": "error", "message": WORDS, "type": "BadRequestError", "param": None, "code": 40303},
        {"detail": WORDS},
        {"detail": [{"loc": ["body", "messages", 0], "msg": WORDS, "type": "value_error"}]},
        {"error": {"code": 500, "message": WORDS, "type": "server_error"}},
        [{"error": {"code": 400, "message": WORDS, "status": "INVALID_ARGUMENT"}}],
        {"error": {"message": "Provider returned error", "metadata": {"raw": nested, "provider_name": "X"}}},
        {"timestamp": 1, "status": 500, "error": "Internal Server Error", "message": WORDS, "path": "/"},
        {"errors": [{"message": WORDS}]},
        {"error": {"message": nested}},
        {"error": {"message": [WORDS]}},
        {"error": [WORDS]},
        {"Message": WORDS, "__type": "Throttled"},
        {"title": "Bad", "detail": WORDS, "status": 400},
        f"<html><head><title>Bad</title><style>p {{}}</style></head><body><h1>{WORDS}</h1></body></html>",
        WORDS,
        {"whatever": {"else": WORDS}},
    ]
    form = draw.choice(forms)
    text = form if isinstance(form, str) else json.dumps(form, indent=draw.choice([None, 2]))
    status = draw.choice([200, 400, 401, 403, 404, 409, 413, 418, 422, 429, 500, 502, 503, 529])
    if status == 200 and draw.random() < 0.5 and isinstance(form, dict):
        text = f"{draw.choice(['', 'event: error' + chr(10)])}data: {json.dumps(form)}\n\n"
    raw = Raw(_pieces(text.encode(), draw), status, _headers(draw))
    return Odd(raw, False, WORDS, ("fault", str(status), text[:60]))


WRITINGS = (
    *(_plain, _plain, _reordered, _fenced, _among_words, _after_thoughts, _wrapped, _listed, _recorded, _misspelt),
    *(_as_python, _with_comma, _without_brace, _written_twice, _as_lists, _as_objects, _with_more, _with_line_breaks),
)
PLACES = (
    *(_deltas, _deltas, _in_parts, _in_message, _in_legacy_text, _in_one_choice, _in_second_choice, _in_tool_call),
    *(_in_whole_tool_call, _in_thoughts, _after_other_thoughts, _as_object, _as_ollama, _as_completion, _as_response),
)
TRAVELS = (_events, _events, _json_lines, _document)
