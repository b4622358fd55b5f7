"""Reads replies of OpenAI's Responses API and of Anthropic's Messages API, as their Python libraries dump them.

    {"id": "reef-depth", "response": {"object": "response", "output": [{"type": "message", "content": [{"type":
     "output_text", "text": "…", "annotations": [{"type": "file_citation", "filename": "reef.md", "index": 40}]}]}]}}
    {"id": "reef-depth", "documents": ["reef"], "response": {"type": "message", "content": [{"type": "text", "text":
     "…", "citations": [{"type": "char_location", "cited_text": "…", "document_index": 0}]}]}}

A reply does not say which question it answers, so it stands under ``response`` beside ``id`` or ``question``, and
beside whatever plain records have too. ``documents`` names the documents of a request to Anthropic in their order.
"""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, TypeVar

from pydantic import BaseModel, ConfigDict, ValidationError

from evals.exchange.align import Pointer
from evals.exchange.plain import Source
from evals.exchange.shapes import Anchor, Foreign, without
from evals.questions.files import field_error

REMEDY = "write one reply a line, as response.model_dump_json() gives it; see evals/exchange/vendors.py"


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True)


class _Annotation(_Part):
    type: str
    filename: str = ""
    file_id: str = ""
    title: str | None = None
    url: str = ""
    index: int | None = None
    start_index: int | None = None
    end_index: int | None = None


class _Content(_Part):
    type: str
    text: str = ""
    refusal: str = ""
    annotations: tuple[_Annotation, ...] = ()


class _Result(_Part):
    filename: str | None = None
    file_id: str | None = None
    text: str | None = None


class _Output(_Part):
    type: str
    content: tuple[_Content, ...] | None = None
    results: tuple[_Result, ...] | None = None


class _Error(_Part):
    message: str = ""


class _Usage(_Part):
    input_tokens: int | None = None
    output_tokens: int | None = None


class _Response(_Part):
    output: tuple[_Output, ...]
    error: _Error | None = None
    usage: _Usage | None = None


class _Citation(_Part):
    type: str
    cited_text: str | None = None
    document_index: int | None = None
    document_title: str | None = None
    start_char_index: int | None = None
    source: str | None = None
    title: str | None = None
    url: str | None = None


class _Block(_Part):
    type: str
    text: str = ""
    citations: tuple[_Citation, ...] | None = None


class _Message(_Part):
    content: tuple[_Block, ...]
    stop_reason: str | None = None
    usage: _Usage | None = None


class _Wrapper(_Part):
    """What stands beside a reply."""

    id: str = ""
    question: str = ""
    documents: tuple[str, ...] = ()
    contexts: tuple[Source, ...] | None = None
    refused: bool | None = None
    seconds: float | None = None


Reply = TypeVar("Reply", _Response, _Message)


def read_openai(record: Mapping[str, Any], place: str) -> Foreign:
    """A reply of OpenAI's Responses API; citations of files and pages have no quote, so they name articles alone.

    Raises:
        InputError: a field is wrong.
    """
    wrapper, reply = _validated(record, _Response, place)
    parts = [part for output in reply.output if output.type == "message" for part in output.content or ()]
    results = [output.results for output in reply.output if output.results is not None]
    text, pointers, anchors = "", dict[int, Pointer](), list[Anchor]()
    for part in parts:
        plain, cited = _annotated(part)
        for start, end, pointer in cited:
            pointers[len(pointers) + 1] = pointer
            anchors.append(Anchor(len(text) + start, len(text) + end, len(pointers)))
        text += plain
    refused = True if any(part.type == "refusal" for part in parts) else None
    found = tuple(Pointer(_given(item.filename, item.file_id), item.text or "") for part in results for item in part)
    foreign = Foreign(
        text=text, pointers=pointers, anchors=tuple(anchors), contexts=found if results else None, refused=refused
    )
    failure = reply.error.message or "error" if reply.error else ""
    return _beside(replace(foreign, error=failure), wrapper, reply.usage)


def _annotated(part: _Content) -> tuple[str, list[tuple[int, int, Pointer]]]:
    """The text without links that are citations, and (start, end, what it cites) of each citation in it."""
    known = [item for item in part.annotations if item.type in {"file_citation", "url_citation"}]
    known += [item for item in part.annotations if item.type == "container_file_citation"]
    spans = [(item, *_span(item, len(part.text))) for item in known]
    links = [(start, end) for item, start, end in spans if item.url and item.url in part.text[start:end]]
    plain, offsets = without(part.text, links)
    return plain, [
        (offsets[start], offsets[end], Pointer(_given(item.url, item.filename, item.title, item.file_id)))
        for item, start, end in spans
    ]


def _span(item: _Annotation, length: int) -> tuple[int, int]:
    first = item.index if item.start_index is None else item.start_index
    last = first if item.end_index is None else item.end_index
    start = min(max(first or 0, 0), length)
    return start, min(max(last or 0, start), length)


def read_anthropic(record: Mapping[str, Any], place: str) -> Foreign:
    """A reply of Anthropic's Messages API with citations of documents, blocks, search results or pages.

    Raises:
        InputError: a field is wrong.
    """
    wrapper, reply = _validated(record, _Message, place)
    text, pointers, anchors = "", dict[int, Pointer](), list[Anchor]()
    for block in reply.content:
        if block.type == "text":
            for item in block.citations or ():
                pointers[len(pointers) + 1] = _pointer(item, wrapper.documents)
                anchors.append(Anchor(len(text), len(text) + len(block.text.rstrip()), len(pointers)))
            text += block.text
    foreign = Foreign(
        text=text,
        pointers=pointers,
        anchors=tuple(anchors),
        refused=True if reply.stop_reason == "refusal" else None,
    )
    return _beside(foreign, wrapper, reply.usage)


def _pointer(item: _Citation, documents: tuple[str, ...]) -> Pointer:
    known = item.document_index is not None and 0 <= item.document_index < len(documents)
    name = documents[item.document_index] if known and item.document_index is not None else None
    names = _given(name, item.source, item.url, item.document_title, item.title)
    return Pointer(names, item.cited_text or "", start=item.start_char_index)


def _validated(record: Mapping[str, Any], shape: type[Reply], place: str) -> tuple[_Wrapper, Reply]:
    try:
        return _Wrapper.model_validate(record), shape.model_validate(record["response"])
    except ValidationError as error:
        raise field_error(error, place, REMEDY) from error


def _given(*names: str | None) -> tuple[str, ...]:
    return tuple(name for name in names if name)


def _beside(foreign: Foreign, wrapper: _Wrapper, usage: _Usage | None) -> Foreign:
    given = wrapper.contexts
    return replace(
        foreign,
        id=wrapper.id,
        question=wrapper.question,
        contexts=foreign.contexts if given is None else tuple(source.pointer for source in given),
        refused=foreign.refused if wrapper.refused is None else wrapper.refused,
        seconds=wrapper.seconds,
        prompt_tokens=usage.input_tokens if usage else None,
        completion_tokens=usage.output_tokens if usage else None,
    )
