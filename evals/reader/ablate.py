"""Measures each rule of the selection: the citations' F1 with and without it, paired over questions.

Questions are replayed from recorded evidence without a language model, so that only what is told and cited counts.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from unittest.mock import patch

import numpy as np

from assistant.answer import Evidence
from assistant.evidence import coverage as support
from assistant.question.time_window import read_question_time
from assistant.selection import select as selection
from assistant.selection.select import select_answers
from evals.reader.calibrate import f1
from evals.reader.recorded import Recorded
from evals.score.statistics import Interval, bootstrap_interval

Switch = tuple[Any, str, Callable[..., Any]]
# What stands in for a rule that is switched off: where it is called, and what it gives then.
RULES: Mapping[str, tuple[Switch, ...]] = {
    "disagreement": ((selection, "find_disagreements", lambda _: ()),),
    "whole lists": ((selection, "with_whole_lists", lambda answers, _: list(answers)),),
    "newest first": ((selection, "prefer_newest", lambda evidence, _: tuple(evidence)),),
    "later reports": ((selection, "lean_to_newest", lambda fits, _: dict(fits)),),
    "no repetition": ((support, "distinct", lambda _, answers, __: tuple(answers)),),
}
FEWEST = 3
PRESENT = datetime(2026, 11, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Effect:
    """What a rule changes on a list of questions.

    Attributes:
        changed: questions whose cited sentences are others without the rule.
        with_rule, without: mean F1 of the citations over the answerable questions.
        gain: of the rule, with its 95 % interval over stories.
        conflicting: questions for which sources are said to differ.
    """

    rule: str
    questions: str
    n: int
    changed: int
    with_rule: float
    without: float
    gain: float
    interval: Interval | None
    conflicting: int

    def __str__(self) -> str:
        spread = "" if self.interval is None else f" ({self.interval.low:+.3f} to {self.interval.high:+.3f})"
        return (
            f"{self.questions}, n {self.n}: {self.rule} changes {self.changed}; F1 {self.with_rule:.3f} with,"
            f" {self.without:.3f} without, gain {self.gain:+.3f}{spread}; sources differ in {self.conflicting}"
        )


def effects(lists: Mapping[str, Sequence[Recorded]]) -> Iterator[Effect]:
    """The effect of each rule on each list of questions."""
    for questions, asked in lists.items():
        before = [_replayed(one) for one in asked]
        for rule, switches in RULES.items():
            with ExitStack() as stack:
                for module, name, instead in switches:
                    stack.enter_context(patch.object(module, name, instead))
                after = [_replayed(one) for one in asked]
            yield _effect(rule, questions, asked, before, after)


def slices(asked: Sequence[Recorded]) -> dict[str, list[Recorded]]:
    """The questions that have each tag, of tags with ``FEWEST`` answerable ones or more."""
    tags = sorted({tag for one in asked for tag in one.tags})
    parts = {tag: [one for one in asked if tag in one.tags] for tag in tags}
    return {tag: part for tag, part in parts.items() if sum(one.answerable for one in part) >= FEWEST}


def _effect(
    rule: str,
    questions: str,
    asked: Sequence[Recorded],
    before: Sequence[tuple[list[str], bool]],
    after: Sequence[tuple[list[str], bool]],
) -> Effect:
    kept = [i for i, one in enumerate(asked) if one.answerable]
    first, second = ([_f1(asked[i], replays[i][0]) for i in kept] for replays in (before, after))
    gains = [one - two for one, two in zip(first, second, strict=True)]
    return Effect(
        rule=rule,
        questions=questions,
        n=len(asked),
        changed=sum(one[0] != two[0] for one, two in zip(before, after, strict=True)),
        with_rule=float(np.mean(first)),
        without=float(np.mean(second)),
        gain=float(np.mean(gains)),
        interval=bootstrap_interval(gains, [asked[i].story for i in kept]),
        conflicting=sum(conflict for _, conflict in before),
    )


def _replayed(asked: Recorded) -> tuple[list[str], bool]:
    """The labels of what is told, and whether sources are said to differ."""
    time = read_question_time(asked.question, PRESENT)
    chosen = select_answers(asked.evidence, time.ordering)
    kept = {label for found in chosen.disagreements for label in found.labels}
    told: Sequence[Evidence] = support.distinct(asked.question, chosen.answers, kept)
    return [item.label for item in told], bool(chosen.disagreements)


def _f1(asked: Recorded, labels: Sequence[str]) -> float:
    gold = {item.label: groups for item, groups in zip(asked.evidence, asked.gold, strict=True)}
    return f1(asked, [gold[label] for label in labels])
