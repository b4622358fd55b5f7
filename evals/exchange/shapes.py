"""What another system made of a question, whatever shape its record has; and the statements of its answer."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from evals.exchange.align import Pointer
from index.split.sentences import split_sentences

MARK = re.compile(r"\[(\d{1,3}(?:\s*[-–,;]\s*\d{1,3})*)\]")  # [2], [1, 3], [1-3]; a year is none
MOST_IN_A_RANGE = 50  # [1-300] is no range of citations

_RANGE = re.compile(r"(\d+)(?:\s*[-–]\s*(\d+))?")


@dataclass(frozen=True, slots=True)
class Anchor:
    """A place of an answer's text that cites: ``text[start:end]``, or a point where both are the same."""

    start: int
    end: int
    number: int


@dataclass(frozen=True, slots=True)
class Foreign:
    """A record of another system.

    Attributes:
        id, question: at least one of them says which question it answers.
        text: the answer, without marks.
        pointers: number of a citation → what it points at.
        anchors: which places of ``text`` cite; a number that no anchor has is cited by the whole answer.
        contexts: what was retrieved, best first; None where the system does not say.
        refused: None where the system does not say.
        error: why there is no answer; empty when there is one.
        seconds, confidence: None where the system does not say.
        unread: names of fields that say something which is not read.
    """

    id: str = ""
    question: str = ""
    text: str = ""
    pointers: Mapping[int, Pointer] = field(default_factory=dict)
    anchors: tuple[Anchor, ...] = ()
    contexts: tuple[Pointer, ...] | None = None
    refused: bool | None = None
    error: str = ""
    seconds: float | None = None
    prompt_tokens: int | None = None
    completion_tokens: int | None = None
    confidence: float | None = None
    unread: tuple[str, ...] = ()


def statements(foreign: Foreign) -> tuple[tuple[str, tuple[int, ...]], ...]:
    """The sentences of an answer, each with the numbers that it cites, in order.

    A point cites for the sentence that it ends or stands in, a span for every sentence that it touches.
    """
    sentences = split_sentences(foreign.text)
    whole = [number for number in foreign.pointers if number not in {anchor.number for anchor in foreign.anchors}]
    cited: list[list[int]] = [list(whole) for _ in sentences]
    for anchor in foreign.anchors:
        touched = [
            place
            for place, sentence in enumerate(sentences)
            if anchor.start < min(sentence.end, anchor.end) and sentence.start < anchor.end
        ]
        before = [place for place, sentence in enumerate(sentences) if sentence.start < anchor.end]
        for place in touched or before[-1:] or range(min(1, len(sentences))):
            cited[place].append(anchor.number)
    return tuple(
        (sentence.text, tuple(dict.fromkeys(numbers))) for sentence, numbers in zip(sentences, cited, strict=True)
    )


def without(text: str, cuts: Sequence[tuple[int, int]]) -> tuple[str, tuple[int, ...]]:
    """The text without these pieces and the blanks before them, and for each old offset the new one."""
    kept = [True] * len(text)
    for cut, end in cuts:
        start = cut
        while start and text[start - 1] in " \t" and (end == len(text) or not text[end].isalnum()):
            start -= 1
        kept[start:end] = [False] * (end - start)
    offsets = [0]
    for keep in kept:
        offsets.append(offsets[-1] + keep)
    return "".join(character for character, keep in zip(text, kept, strict=True) if keep), tuple(offsets)


def take_marks(text: str) -> tuple[str, tuple[Anchor, ...]]:
    """The text without its ``[n]``, and a point for each of them."""
    marks = list(MARK.finditer(text))
    plain, offsets = without(text, [mark.span() for mark in marks])
    return plain, tuple(
        Anchor(offsets[mark.start()], offsets[mark.start()], number) for mark in marks for number in _numbers(mark[1])
    )


def _numbers(text: str) -> list[int]:
    found: list[int] = []
    for first, last in _RANGE.findall(text):
        end = int(last or first)
        found += range(int(first), end + 1) if 0 <= end - int(first) <= MOST_IN_A_RANGE else [int(first), end]
    return found
