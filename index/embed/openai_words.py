"""Finds the error message in a server's reply, in whichever form the server sends it.

OpenAI nests ``{"error": {"message", "type", "code", "param"}}``; Ollama sends ``{"error": "words"}``, vLLM and LiteLLM
``{"object": "error", "message"}``, FastAPI ``{"detail": "words"}`` or a list of faults with their places, llama.cpp a
number as ``code``, Google a list around the object, OpenRouter the words of another server as text within
``metadata.raw``; proxies send pages of HTML or plain text.
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from html.parser import HTMLParser

# Names of what is meant for people, the most telling first; all are compared without case and underscores.
WORDS = (
    "message",
    "detail",
    "errordescription",
    "errormessage",
    "msg",
    "error",
    "errors",
    "details",
    "reason",
    "title",
    "description",
)
# What a server in between quotes of the one behind it.
BEHIND = ("metadata", "raw", "innererror", "cause")
CODES, KINDS, PARAMETERS = ("code", "status", "statuscode"), ("type", "errortype"), ("param", "parameter")
MOST_READ = 20_000  # characters of a page or a text; more is never shown
MOST_LISTED = 3
DEEPEST = 12
UNSEEN_ELEMENTS = {"script", "style", "template", "noscript"}


@dataclass(frozen=True, slots=True)
class Fault:
    """What a server says went wrong.

    Attributes:
        words: its own words, on one line; empty when it says nothing.
        code: its name or number for this fault, such as ``model_not_found`` or ``503``; empty without one.
        kind: its name for faults of this kind.
        param: the parameter of the request that it complains about.
    """

    words: str = ""
    code: str = ""
    kind: str = ""
    param: str = ""


def fault_of(body: object) -> Fault:
    """What the body of an error says: text, JSON as text, or what was read from JSON."""
    read = _from_json(body) if isinstance(body, str | bytes) else body
    return Fault(words_in(read), *(_named(read, names) for names in (CODES, KINDS, PARAMETERS)))


def words_in(body: object, depth: int = DEEPEST) -> str:
    """The words for people in a body of any form, on one line."""
    if depth == 0 or body is None or isinstance(body, bool):
        return ""
    if isinstance(body, str):
        return _in_text(body, depth)
    if isinstance(body, Mapping):
        return _in_object(body, depth)
    if isinstance(body, list | tuple):
        told = (words_in(item, depth - 1) for item in body[:MOST_LISTED])
        return "; ".join(dict.fromkeys(words for words in told if words))
    return str(body)


def _in_text(text: str, depth: int) -> str:
    text = text[:MOST_READ].strip()
    if text[:1] in {"{", "["} and (read := _from_json(text)) is not text:
        return words_in(read, depth - 1) or text
    return _in_page(text) if text.startswith("<") else " ".join(text.split())


def _in_object(body: Mapping[str, object], depth: int) -> str:
    members = _members(body)
    told = next((words for name in WORDS if (words := words_in(members.get(name), depth - 1))), "")
    behind = next((words for name in BEHIND if (words := words_in(members.get(name), depth - 1))), "")
    if behind and behind not in told:
        told = f"{told}: {behind}" if told else behind
    # FastAPI names the place of each fault: {"loc": ["body", "messages"], "msg": "Field required"}.
    place = members.get("loc")
    if told and isinstance(place, list):
        return f"{'.'.join(map(str, place))}: {told}"
    if told or depth < DEEPEST:
        return told
    try:
        return json.dumps(body, ensure_ascii=False, default=str)[:MOST_READ] if body else ""
    except RecursionError:
        return ""


def _in_page(page: str) -> str:
    reader = _Page()
    reader.feed(page)
    reader.close()
    return " ".join(reader.texts)


class _Page(HTMLParser):
    """Collects the texts of a page that people see, each once."""

    def __init__(self) -> None:
        super().__init__()
        self.texts: list[str] = []
        self._unseen = ""

    def handle_starttag(self, tag: str, attrs: object) -> None:
        if tag in UNSEEN_ELEMENTS:
            self._unseen = tag

    def handle_endtag(self, tag: str) -> None:
        if tag == self._unseen:
            self._unseen = ""

    def handle_data(self, data: str) -> None:
        text = " ".join(data.split())
        if text and not self._unseen and text not in self.texts:
            self.texts.append(text)


def _named(body: object, names: tuple[str, ...]) -> str:
    """The first plain value under one of the names; the nested error's own before that of what is around it."""
    for members in _nested(body):
        for name in names:
            value = members.get(name)
            if isinstance(value, str | int) and not isinstance(value, bool) and value != "":
                return str(value)
    return ""


def _nested(body: object) -> Iterator[Mapping[str, object]]:
    if isinstance(body, list) and body:
        body = body[0]
    if not isinstance(body, Mapping):
        return
    members = _members(body)
    for name in ("error", "errors", "detail"):
        yield from _nested_in(members.get(name))
    yield members


def _nested_in(value: object) -> Iterator[Mapping[str, object]]:
    if isinstance(value, list) and value:
        value = value[0]
    if isinstance(value, Mapping):
        yield _members(value)


def _members(body: Mapping[str, object]) -> dict[str, object]:
    return {str(name).casefold().replace("_", ""): value for name, value in body.items()}


def _from_json(text: str | bytes) -> object:
    """What the JSON says; the text itself when it is none."""
    if isinstance(text, bytes):
        text = text.decode(errors="replace")
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return text
