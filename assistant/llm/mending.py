"""Repairs a chat server's reply into the stream of events that the OpenAI protocol describes.

Every field may be missing, null, of another type or elsewhere: the text in a list of parts, in the arguments of a tool
call or among the thoughts, one object in place of a list, a whole reply where pieces were asked for. The libraries
below break at most of that, so it is mended before they see it. What is no reply at all becomes an error in the
server's words.
"""

import json
from collections.abc import Iterator, Mapping
from typing import Any

from assistant.llm.events import DONE, MOST_BYTES, EventReader
from index.embed.openai_errors import NOT_A_REPLY, REFUSAL
from index.embed.openai_words import fault_of

# Where a reply's text is: OpenAI's own names, then those of Ollama, llama.cpp, text generation servers and others.
TEXTS = ("content", "output_text", "output", "response", "generated_text", "text", "value", "parts")
THOUGHTS = ("reasoning_content", "reasoning", "thinking", "reasoning_text")
REPLIES = ("message", "delta", "tool_calls", *TEXTS)
CUT_REASONS = ("length", "max_", "limit")  # as parts of what servers say
ENDS = ("finish_reason", "stop_reason", "done_reason", "finishReason")
READ_TOKENS = ("prompt_tokens", "input_tokens", "prompt_eval_count", "promptTokenCount")
WRITTEN_TOKENS = ("completion_tokens", "output_tokens", "eval_count", "candidatesTokenCount")
CACHED_TOKENS = ("cached_tokens", "cache_read_input_tokens")
MOST_TOKENS = 1 << 40
DEEPEST = 8
HIGH, LOW = "\ud800", "\udbff"  # first halves of characters that UTF-16 writes in two


class ChatMender:
    """Takes a reply's bytes and gives those of well-formed server-sent events."""

    def __init__(self) -> None:
        self._reader = EventReader()
        self._over = False
        self._begun = False  # something like a reply has arrived
        self._strange: object = None  # the first value that is none
        self._half = ""
        self._role = {"role": "assistant"}
        self._blank = True  # so far the text is white space
        self._braced = False  # an object may have begun in the text
        self._calls = ""
        self._call: object = None
        self._thoughts = ""
        self._refusal = ""
        self._finish = ""
        self._usage: dict[str, Any] | None = None

    def feed(self, data: bytes) -> bytes:
        """The events that these bytes complete."""
        if self._over:
            return b""
        events = self._taken(self._reader.feed(data))
        if self._reader.too_long:
            events += self._failed({"message": f"the reply has more than {MOST_BYTES} bytes and no end"})
        return _lines(events)

    def end(self) -> bytes:
        """The last events; the mark that nothing follows is among them."""
        if self._over:
            return b""
        events = self._taken(self._reader.end())
        return _lines(events + ([] if self._over else self._finished()))

    def broken(self) -> bytes:
        """What is still held back when the connection breaks; no ending."""
        return b"" if self._over else _lines(self._held_back())

    def _taken(self, values: list[object]) -> list[Any]:
        events: list[Any] = []
        for value in values:
            if not self._over:
                events += self._finished() if value is DONE else self._take(value)
        return events

    def _take(self, value: object) -> list[Any]:
        if isinstance(value, list):
            return self._taken(value)
        if not isinstance(value, dict):
            return []
        usage, choice = _usage(value), _choice(value)
        self._usage = usage or self._usage
        events = [] if choice is None else self._piece(choice)
        if choice is None and usage is None and self._strange is None:
            self._strange = value
        failed = next((one for one in (value, choice) if one is not None and _is_error(one)), None)
        return events if failed is None else events + self._failed(failed)

    def _piece(self, choice: Mapping[str, Any]) -> list[Any]:
        self._begun = True
        reason = next((choice[name] for name in ENDS if choice.get(name)), "")
        self._finish = str(reason).lower() or self._finish
        for part in _parts(choice):
            self._refusal += _text(part.get("refusal"))
            self._thoughts += "".join(_text(part.get(name)) for name in THOUGHTS)
            self._take_calls(part)
            text = next((text for name in TEXTS if (text := _text(part.get(name)))), "")
            if not text and isinstance(part.get("parsed"), dict):
                text = json.dumps(part["parsed"])
            if text:
                return self._content(text)
        return []

    def _take_calls(self, part: Mapping[str, Any]) -> None:
        """The arguments of the first tool call, which some models make of a schema."""
        calls = part.get("tool_calls") or part.get("function_call")
        for call in calls if isinstance(calls, list) else [calls]:
            if not isinstance(call, dict):
                continue
            number = call.get("index", 0)
            if self._call is None:
                self._call = number
            named = call.get("function")
            function = named if isinstance(named, dict) else call
            if number == self._call:
                wanted = next((function[name] for name in ("arguments", "args", "input") if function.get(name)), "")
                self._calls += wanted if isinstance(wanted, str) else json.dumps(wanted)

    def _content(self, text: str) -> list[Any]:
        text = self._half + text
        self._half = text[-1] if HIGH <= text[-1] <= LOW else ""
        text = text[: len(text) - len(self._half)].encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
        self._blank = self._blank and not text.strip()
        self._braced = self._braced or "{" in text
        return [self._chunk(text)] if text else []

    def _held_back(self) -> list[Any]:
        """Text from elsewhere, where the content itself holds no reply."""
        if self._braced:
            return []
        if "{" in self._calls:
            return self._content(self._calls)
        # Thoughts are no reply; but some servers file all that the model says as thoughts, its reply too.
        if self._blank and self._thoughts.lstrip().startswith(("{", "[", "`")) and not self._cut:
            return self._content(self._thoughts)
        return []

    @property
    def _cut(self) -> bool:
        return any(reason in self._finish for reason in CUT_REASONS)

    def _finished(self) -> list[Any]:
        events = self._held_back()
        if not self._begun:
            words = fault_of(self._strange).words if self._strange is not None else self._reader.words
            return self._failed({"message": words or "nothing at all", "type": NOT_A_REPLY})
        if self._refusal.strip() and not self._braced:
            return self._failed({"message": self._refusal, "type": REFUSAL})
        finish = "length" if self._cut else "content_filter" if "filter" in self._finish else "stop"
        self._over = True
        last = self._chunk("", finish)
        counted = [{**last, "choices": [], "usage": self._usage}] if self._usage else []
        return [*events, last, *counted, DONE]

    def _chunk(self, text: str, finish: str | None = None) -> dict[str, Any]:
        # The client joins what several events say, the role too: it may be said once.
        role, self._role = self._role, {}
        choices = [{"index": 0, "delta": {**role, "content": text}, "finish_reason": finish}]
        return {"id": "reply", "object": "chat.completion.chunk", "created": 0, "model": "model", "choices": choices}

    def _failed(self, body: Mapping[str, Any]) -> list[Any]:
        """The error in OpenAI's form, after what is still held back."""
        fault = fault_of(body)
        words = fault.words or self._reader.words or "it does not say why"
        error = {"message": words, "code": fault.code or None, "type": fault.kind or None, "param": fault.param or None}
        events = self._held_back()
        self._over = True
        return [*events, {"error": error}, DONE]


def _choice(value: Mapping[str, Any]) -> Mapping[str, Any] | None:
    """The one choice that was asked for; None where there is nothing like a reply."""
    for name in ("choices", "candidates", "results", "generations"):
        choices = value.get(name)
        found = choices if isinstance(choices, list) else [choices]
        dicts = [{"text": one} if isinstance(one, str) else one for one in found if isinstance(one, dict | str)]
        if dicts:
            return next((one for one in dicts if str(one.get("index")) in {"0", "None"}), dicts[0])
    return value if any(value.get(name) is not None for name in REPLIES) else None


def _parts(choice: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    """Where the text of a choice may be, most likely first."""
    for name in ("delta", "message"):
        part = choice.get(name)
        if isinstance(part, list | str):
            part = {"content": part}
        if isinstance(part, dict):
            yield part
    yield choice


def _text(value: object, depth: int = DEEPEST) -> str:
    """The text in a value of any type: parts are joined, thoughts left out, an object that is no part is JSON."""
    if isinstance(value, str):
        return value
    if value is None or isinstance(value, bool) or depth == 0:
        return ""
    if isinstance(value, list):
        return "".join(_text(item, depth - 1) for item in value)
    if not isinstance(value, dict):
        return json.dumps(value)
    kind = str(value.get("type") or "")
    if "think" in kind or "reason" in kind:
        return ""
    named = next((name for name in TEXTS if value.get(name) is not None), None)
    if named is not None and (kind or len(value) == 1 or value.get("role")):
        return _text(value[named], depth - 1)
    return json.dumps(value) if value else ""


def _is_error(value: Mapping[str, Any]) -> bool:
    return bool(value.get("error")) or value.get("object") == "error" or value.get("type") == "error"


def _usage(value: Mapping[str, Any]) -> dict[str, Any] | None:
    """The tokens that were read and written, as OpenAI tells them; None where the server does not."""
    told = next((value[name] for name in ("usage", "usageMetadata") if isinstance(value.get(name), dict)), value)
    read, written = _count(told, READ_TOKENS), _count(told, WRITTEN_TOKENS)
    if not read and not written:
        return None
    places = [told, *(told[name] for name in told if name.endswith("tokens_details"))]
    counts = [_count(place, CACHED_TOKENS) for place in places if isinstance(place, dict)]
    cached = next((count for count in counts if count is not None), None)
    usage: dict[str, Any] = {"prompt_tokens": read or 0, "completion_tokens": written or 0}
    usage["total_tokens"] = usage["prompt_tokens"] + usage["completion_tokens"]
    return usage if cached is None else {**usage, "prompt_tokens_details": {"cached_tokens": cached}}


def _count(told: Mapping[str, Any], names: tuple[str, ...]) -> int | None:
    for name in names:
        value = told.get(name)
        if isinstance(value, str) and value.strip().isdecimal() and len(value) < 20:
            value = int(value)
        if isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value < MOST_TOKENS:
            return int(value)
    return None


def _lines(events: list[Any]) -> bytes:
    return b"".join(
        b"data: " + (b"[DONE]" if event is DONE else json.dumps(event).encode()) + b"\n\n" for event in events
    )
