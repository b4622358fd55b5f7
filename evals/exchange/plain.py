"""Reads plain records, and those of LangSmith and RAGAS, whose fields have other names.

    {"id": "reef-depth", "answer": "It lies 412 m deep [1].", "sources": ["The reef lies 412 metres down."]}
    {"question": "How deep?", "answer": "412 m.", "citations": [{"article": "reef", "start": 96, "end": 120}]}
    {"id": "reef-depth", "answer": "412 m.", "citations": [{"quote": "lies 412 metres", "article": "reef"}]}
    {"id": "reef-owner", "answer": "", "refused": true, "seconds": 1.2, "contexts": ["…"]}
    {"id": "reef-size", "error": "time-out"}

``[n]`` in an answer means the nth of ``sources``, else of ``citations``, else of ``contexts``, or the one with that
``n``. Citations that no mark means are cited by the whole answer. LangSmith's runs are those of ``langsmith.schemas``,
RAGAS's samples those of ``ragas.dataset_schema.SingleTurnSample``.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, StrictBool, StrictInt, ValidationError, model_validator

from evals.exchange.align import Pointer
from evals.exchange.shapes import Foreign, take_marks
from evals.questions.files import field_error
from index.errors import InputError

REMEDY = "see the examples in evals/exchange/plain.py"
NAMES = ("article", "id", "url", "title", "source", "file", "filename", "file_path", "doc_id", "document")
QUOTES = ("quote", "text", "page_content", "content", "cited_text", "snippet")
QUESTIONS = ("question", "input", "query", "user_input")  # of LangSmith's inputs
ANSWERS = ("answer", "output", "result", "response", "content")  # of its outputs
CONTEXTS = ("contexts", "documents", "context", "source_documents")


class Source(BaseModel):
    """A citation, a source or a retrieved text, whichever of the usual names its fields have."""

    model_config = ConfigDict(frozen=True)

    n: StrictInt | None = None
    names: tuple[str, ...] = ()
    quote: str = ""
    start: StrictInt | None = None
    end: StrictInt | None = None

    @model_validator(mode="before")
    @classmethod
    def _usual_names(cls, value: object) -> object:
        if isinstance(value, str):
            return {"names": (value,), "quote": value}
        if not isinstance(value, Mapping):
            raise ValueError("neither a text nor an object")
        given = value.get("kwargs", value)  # LangChain's serialised objects have their fields there
        about = {**(given.get("metadata") or {}), **given}
        quote = next((given[name] for name in QUOTES if given.get(name)), "")
        names = tuple(str(about[name]) for name in NAMES if about.get(name))
        return {"names": names, "quote": quote, **{name: given.get(name) for name in ("n", "start", "end")}}

    @property
    def pointer(self) -> Pointer:
        """What it points at."""
        return Pointer(self.names, self.quote, self.start, self.end)


class PlainRecord(BaseModel):
    """A plain record; the docstring of the module has examples."""

    model_config = ConfigDict(frozen=True, extra="allow")

    id: str = ""
    question: str = ""
    answer: str | None = None
    citations: tuple[Source, ...] = ()
    sources: tuple[Source, ...] = ()
    contexts: tuple[Source, ...] | None = None
    refused: StrictBool | None = None
    error: str | None = None
    seconds: float | None = Field(default=None, ge=0, allow_inf_nan=False)
    confidence: float | None = Field(default=None, allow_inf_nan=False)
    prompt_tokens: StrictInt | None = Field(default=None, ge=0)
    completion_tokens: StrictInt | None = Field(default=None, ge=0)


def read_plain(record: Mapping[str, Any], place: str) -> Foreign:
    """A plain record.

    Raises:
        InputError: a field is wrong, or there is neither answer, refusal nor error.
    """
    try:
        found = PlainRecord.model_validate({name: value for name, value in record.items() if value is not None})
    except ValidationError as error:
        raise field_error(error, place, REMEDY) from error
    if found.answer is None and found.refused is None and not found.error:
        raise InputError(f"{place}: neither 'answer' nor 'refused' nor 'error'", REMEDY)
    text, anchors = take_marks(found.answer or "")
    numbered = found.sources or found.citations or found.contexts or ()
    pointers = _numbered(numbered, {anchor.number for anchor in anchors}, place)
    if numbered is found.citations or not anchors:
        pointers = _numbered(found.citations, None, place) | pointers
    elif found.citations:
        raise InputError(f"{place}: marks mean 'sources', so nothing says what 'citations' belong to", REMEDY)
    return Foreign(
        id=found.id,
        question=found.question,
        text=text,
        pointers=pointers,
        anchors=anchors,
        contexts=None if found.contexts is None else tuple(source.pointer for source in found.contexts),
        refused=found.refused,
        error=found.error or "",
        seconds=found.seconds,
        prompt_tokens=found.prompt_tokens,
        completion_tokens=found.completion_tokens,
        confidence=found.confidence,
        unread=tuple(found.model_extra or ()),
    )


def _numbered(sources: Sequence[Source], wanted: Iterable[int] | None, place: str) -> dict[int, Pointer]:
    """The sources by number, those that are wanted; a number that none has points at nothing."""
    numbers = [source.n if source.n is not None else position for position, source in enumerate(sources, start=1)]
    if len(set(numbers)) < len(numbers):
        raise InputError(f"{place}: two sources or citations have one number", REMEDY)
    found = {number: source.pointer for number, source in zip(numbers, sources, strict=True)}
    return found if wanted is None else {number: found.get(number, Pointer()) for number in sorted(wanted)}


def read_langsmith(record: Mapping[str, Any], place: str) -> Foreign:
    """A run as ``langsmith.schemas.Run`` dumps it; raises as ``read_plain``."""
    given, made = _objects(record, "inputs", place), _objects(record, "outputs", place)
    plain: dict[str, Any] = {"question": _first(given, QUESTIONS, "inputs", place), "error": record.get("error")}
    if not plain["error"]:
        plain["answer"] = _message_text(_first(made, ANSWERS, "outputs", place))
    for name in ("citations", "sources", "refused"):
        if isinstance(made.get(name), list | bool):
            plain[name] = made[name]
    plain["contexts"] = next((made[name] for name in CONTEXTS if isinstance(made.get(name), list)), None)
    for name in ("prompt_tokens", "completion_tokens"):
        plain[name] = record.get(name)
    plain["seconds"] = _between(record.get("start_time"), record.get("end_time"), place)
    return read_plain(plain, place)


def read_ragas(record: Mapping[str, Any], place: str) -> Foreign:
    """A sample as RAGAS dumps it; its references stay unread, as the suite has its own. Raises as ``read_plain``."""
    texts, ids = record.get("retrieved_contexts"), record.get("retrieved_context_ids")
    if record.get("response") is None:
        raise InputError(f"{place}: no 'response'", "export the samples after the system has answered")
    if texts and ids and len(texts) != len(ids):
        raise InputError(f"{place}: retrieved_contexts and retrieved_context_ids are not equally many", REMEDY)
    contexts = [{"id": name} for name in ids] if ids else texts
    if texts and ids:
        contexts = [{"id": name, "text": text} for name, text in zip(ids, texts, strict=True)]
    return read_plain({"question": record["user_input"], "answer": record["response"], "contexts": contexts}, place)


def _objects(record: Mapping[str, Any], name: str, place: str) -> Mapping[str, Any]:
    value = record.get(name) or {}
    if not isinstance(value, Mapping):
        raise InputError(f"{place}: field '{name}': not an object", REMEDY)
    return value


def _first(fields: Mapping[str, Any], names: Sequence[str], where: str, place: str) -> Any:
    for name in names:
        if fields.get(name) is not None:
            return fields[name]
    raise InputError(f"{place}: '{where}' has none of {', '.join(names)}", "rename the field, or write plain records")


def _message_text(value: Any) -> Any:
    """The text of a chat message that was dumped or serialised; anything else as it is."""
    return value.get("kwargs", value).get("content") if isinstance(value, Mapping) else value


def _between(start: Any, end: Any, place: str) -> float | None:
    if not (start and end):
        return None
    try:
        taken = datetime.fromisoformat(str(end)) - datetime.fromisoformat(str(start))
    except (ValueError, TypeError) as error:
        raise InputError(f"{place}: start_time and end_time are no two times: {error}", REMEDY) from error
    return taken.total_seconds()
