"""A conversation as a value: its answers in order, and its sources with numbers that never change.

Each answer comes with citations numbered from 1. In a conversation a sentence keeps the number under which it was
first cited, so that ``[3]`` means the same sentence from beginning to end.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

from assistant.answer import Answer, Citation, Claim
from assistant.question.follow_up import MOST_EARLIER, Earlier

SCHEMA = "news-assistant/transcript"

_CITED = re.compile(r"\[(\d+)\]")


@dataclass(frozen=True, slots=True)
class Entry:
    """One question of a conversation and its answer.

    Attributes:
        answer: with the conversation's citation numbers.
        asked_at: ISO 8601, UTC.
        limits: which articles were searched, in words; empty when all were.
    """

    answer: Answer
    asked_at: str
    limits: str = ""

    @property
    def as_earlier(self) -> Earlier:
        """What a follow-up question may lean on."""
        told = " ".join(claim.text for claim in self.answer.claims)
        return Earlier(self.answer.standalone or self.answer.question, told)


@dataclass(frozen=True, slots=True)
class Transcript:
    """A conversation so far.

    Attributes:
        started: ISO 8601, UTC.
    """

    started: str
    entries: tuple[Entry, ...] = ()
    version: Literal[1] = 1

    @property
    def sources(self) -> tuple[Citation, ...]:
        """Every sentence that was cited, once, by its number."""
        found = {citation.n: citation for entry in self.entries for citation in entry.answer.citations}
        return tuple(found[n] for n in sorted(found))

    @property
    def history(self) -> tuple[Earlier, ...]:
        """What a follow-up question may lean on, oldest first."""
        return tuple(entry.as_earlier for entry in self.entries[-MOST_EARLIER:])

    def numbered(self, answer: Answer) -> Answer:
        """An answer whose citations are numbered from 1, with the conversation's numbers instead."""
        return _renumbered(answer, _numbers(answer.citations, self.sources))

    def plus(self, entry: Entry) -> "Transcript":
        """The conversation with one more answer, which has the conversation's numbers already."""
        return replace(self, entries=(*self.entries, replace(entry, answer=_kept(entry.answer))))

    def to_dict(self) -> dict[str, Any]:
        """The conversation in JSON types, each answer as ``Answer.to_dict`` gives it."""
        return {
            "schema": SCHEMA,
            "version": self.version,
            "started": self.started,
            "entries": [
                {"asked_at": entry.asked_at, "limits": entry.limits, **entry.answer.to_dict()} for entry in self.entries
            ],
        }


def _numbers(citations: Sequence[Citation], known: Sequence[Citation]) -> dict[int, int]:
    """The answer's numbers → the conversation's; a sentence that is new gets the next one."""
    places = {_place(citation): citation.n for citation in known}
    following = max(places.values(), default=0) + 1
    numbers = {}
    for citation in citations:
        if (place := _place(citation)) not in places:
            places[place] = following
            following += 1
        numbers[citation.n] = places[place]
    return numbers


def _place(citation: Citation) -> tuple[str, int, str]:
    # With the sentence, because an article that was replaced may say something else in the same place.
    return citation.article.id, citation.start, citation.sentence


def _renumbered(answer: Answer, numbers: Mapping[int, int]) -> Answer:
    def renumbered_text(line: str) -> str:
        return _CITED.sub(lambda match: f"[{numbers.get(int(match[1]), match[1])}]", line)

    citations = (replace(citation, n=numbers[citation.n]) for citation in answer.citations)
    return replace(
        answer,
        claims=tuple(Claim(c.text, tuple(numbers[n] for n in c.citations), c.sources) for c in answer.claims),
        citations=tuple(sorted(citations, key=lambda citation: citation.n)),
        disagreements=tuple(map(renumbered_text, answer.disagreements)),
    )


def _kept(answer: Answer) -> Answer:
    """Without what is only needed while an answer is made, so that a long conversation stays small."""
    evidence = (replace(item, context="", reading="", earlier=()) for item in answer.evidence)
    return replace(answer, hits=(), evidence=tuple(evidence))
