"""Parses JSON from a model's reply: still arriving, cut off, or among other words."""

import json
import re
from ast import literal_eval
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar

# DeepSeek, Qwen and most others; Magistral; Kimi; gpt-oss (Harmony); Seed; names that people train in.
_NAMES = "(?:think|thinking|thought|thoughts|reasoning|reflection|analysis|seed:think)"
THINK_START = re.compile(rf"<{_NAMES}>|\[THINK\]|◁think▷|<\|channel\|>analysis", re.IGNORECASE)
THINK_END = re.compile(rf"</{_NAMES}>|\[/THINK\]|◁/think▷|<\|channel\|>final(?:<\|message\|>)?", re.IGNORECASE)
DECODER = json.JSONDecoder(strict=False)
BRACKET = re.compile(r"[{\[]")
CLOSINGS = ("", "}", "]}", "}}", "}]")
PLAIN_QUOTES = str.maketrans("“”„", '"""')
MOST_READ = 200_000  # characters of a reply; no answer comes near it
MOST_TRIES = 500  # brackets at which JSON may begin


@dataclass(frozen=True, slots=True)
class Usage:
    """What one question cost.

    Attributes:
        prompt_tokens: tokens read by the model, all calls together; None when the server does not tell.
        completion_tokens: tokens written.
        cached_tokens: those of the prompt that the server had read before.
        calls: requests made, with the refused and the repeated ones.
        cost_usd: US dollars for all of it; None when a price or a count is not known.
    """

    prompt_tokens: int | None
    completion_tokens: int | None
    cached_tokens: int | None
    calls: int
    cost_usd: float | None = None

    def plus(self, other: "Usage | None") -> "Usage":
        """The sum; a count that one of them lacks stays unknown."""
        if other is None:
            return self
        return Usage(
            _sum(self.prompt_tokens, other.prompt_tokens),
            _sum(self.completion_tokens, other.completion_tokens),
            _sum(self.cached_tokens, other.cached_tokens),
            self.calls + other.calls,
            _sum(self.cost_usd, other.cost_usd),
        )


@dataclass(frozen=True, slots=True)
class ReplyPart:
    """The reply as far as it is known.

    Attributes:
        data: all that was received so far, not only what is new. Before ``done`` the last text in it may be cut in
            the middle (``S1`` of ``S12``), and fields may be missing.
        done: nothing follows; ``data`` has been checked against the schema.
        usage: only in the last part.
        truncated: the token limit cut the reply; ``data`` holds its complete items, unchecked.
        warning: something a person should know, such as a prompt that the server cut; empty when all is well.
        attempt: 1, or 2 when the first reply was unusable; a later attempt replaces all that was shown before.
    """

    data: dict[str, Any]
    done: bool
    usage: Usage | None = None
    truncated: bool = False
    warning: str = ""
    attempt: int = 1


UNCOUNTED = Usage(None, None, None, calls=1)  # of a call that failed
_Number = TypeVar("_Number", int, float)


def _sum(one: _Number | None, other: _Number | None) -> _Number | None:
    return None if one is None or other is None else one + other


def partial_object(text: str) -> dict[str, Any]:
    """The JSON object as far as it has arrived; empty while there is none."""
    from langchain_core.utils.json import parse_partial_json

    try:
        data = parse_partial_json(_from_first_brace(text))
    except json.JSONDecodeError:
        data = None
    if data is None:
        # Words after the object, or the end of a code fence.
        data = _first_object(text)
    return data if isinstance(data, dict) else {}


def complete_object(text: str) -> dict[str, Any]:
    """The first JSON object of a finished reply; thinking, code fences and prose around it are passed over.

    Raises:
        ValueError: there is none; the message is fit to be shown to the model.
    """
    data = _first_object(text)
    if data is None:
        raise ValueError("it holds no complete JSON object")
    return data


def values_in(text: str) -> list[Any]:
    """The JSON objects and lists in a text, in its order, whatever stands between them; not those within others.

    Where there is no JSON, what is nearly JSON counts: a Python dictionary, commas too many, typographic quotes, the
    closing brackets left out, or JSON written as a string.
    """
    found: list[Any] = []
    position, tries = _next_bracket(text, 0), 0
    while 0 <= position < MOST_READ and tries < MOST_TRIES:
        tries += 1
        try:
            value, end = DECODER.raw_decode(text, position)
        except (ValueError, RecursionError):
            end = position + 1
        else:
            found.append(value)
        position = _next_bracket(text, end)
    return found if any(map(_holds_object, found)) else [*found, *_nearly(text[:MOST_READ])]


def complete_items(text: str) -> dict[str, Any] | None:
    """The object of a reply that was cut off, with only the finished items of its list; None when there are none."""
    kept = _up_to_last_item(_from_first_brace(text))
    return _first_object(kept) if kept else None


def complete_members(text: str) -> dict[str, Any]:
    """The object of a reply that was cut off, without its last member, which may be unfinished."""
    return dict(list(partial_object(text).items())[:-1])


def after_thinking(text: str) -> str:
    """The reply without the thoughts that reasoning models put in front; empty while they last."""
    text = text.lstrip()
    while not text.startswith("{"):
        end = THINK_END.search(text)
        if end is None:
            return "" if THINK_START.match(text) else text
        text = text[end.end() :].lstrip()
    return text


def _from_first_brace(text: str) -> str:
    _, brace, rest = after_thinking(text).partition("{")
    return brace + rest


def _first_object(text: str) -> dict[str, Any] | None:
    text = after_thinking(text)
    position = text.find("{")
    tries = 0
    while position >= 0 and tries < MOST_TRIES:
        tries += 1
        try:
            data, _ = DECODER.raw_decode(text, position)
        except (ValueError, RecursionError):
            position = text.find("{", position + 1)
        else:
            return data if isinstance(data, dict) else None
    return None


def _next_bracket(text: str, start: int) -> int:
    found = BRACKET.search(text, start)
    return found.start() if found else -1


def _holds_object(value: object) -> bool:
    return isinstance(value, dict) or (isinstance(value, list) and any(map(_holds_object, value)))


def _nearly(text: str) -> list[Any]:
    """The object that a text means to be, as a list of none or one."""
    if text.strip().startswith('"{'):
        try:
            return values_in(json.loads(text))
        except (ValueError, RecursionError):
            text = text.replace('\\"', '"')
    start, end = text.find("{"), text.rfind("}")
    body = text[start : end + 1] if 0 <= start < end else text[start:] if start >= 0 else ""
    ways: list[tuple[Callable[[str], Any], str]] = [
        *((DECODER.decode, body.rstrip(", \n`") + closing) for closing in CLOSINGS),
        (literal_eval, body),
        (DECODER.decode, body.translate(PLAIN_QUOTES)),
    ]
    for read, written in ways:
        try:
            value = read(written)
        except (ValueError, SyntaxError, RecursionError, MemoryError, TypeError):
            continue
        if isinstance(value, dict):
            return [value]
    return []


def _up_to_last_item(text: str) -> str:
    """Text up to the last finished item of the outermost list, closed so that it is JSON again."""
    kept, open_brackets, in_string, escaped = "", "", False, False
    for position, character in enumerate(text):
        if in_string:
            in_string = escaped or character != '"'
            escaped = character == "\\" and not escaped
        elif character == '"':
            in_string = True
        elif character in "{[":
            open_brackets += "}" if character == "{" else "]"
        elif character in "}]":
            open_brackets = open_brackets[:-1]
        if not in_string and character in '"}]' and open_brackets.endswith("]") and open_brackets.count("]") == 1:
            kept = text[: position + 1] + open_brackets[::-1]
    return kept
