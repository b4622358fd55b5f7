"""Which of the evidence answers a question, which of it is out of date, and where it disagrees."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from assistant.answer import Evidence
from assistant.confidence import LEAST, MIN_LOGIT, RANGE, answer_logit, scored
from assistant.disagreement import Disagreement, find_disagreements
from assistant.lists import with_whole_lists
from assistant.newest import prefer_newest
from assistant.question_limits import Ordering
from assistant.succession import asks_for_history, superseded

MAX_ANSWERS = 6
# Sentences within this of the best one's fit may bring an answer up to date or contradict it.
COMPARED_RANGE = 5.0


@dataclass(frozen=True, slots=True)
class Selection:
    """What answers a question.

    Attributes:
        answers: best first; empty when the articles do not say.
        disagreements: where answering sentences contradict each other; their labels are among the answers.
        outdated: label of a sentence that was left out → label of the answer that took its place.
    """

    answers: tuple[Evidence, ...] = ()
    disagreements: tuple[Disagreement, ...] = ()
    outdated: Mapping[str, str] = field(default_factory=dict)


def select_answers(question: str, evidence: Sequence[Evidence], ordering: Ordering = Ordering.NONE) -> Selection:
    """Choose the evidence that answers a question.

    Args:
        evidence: best first.
        ordering: whether the question asks for the newest or the oldest of what fits it about equally.
    """
    fits = scored(evidence)
    if fits is None:
        return Selection(tuple(evidence[:MAX_ANSWERS]))
    overall = answer_logit(evidence)
    if not evidence or (overall is not None and overall < MIN_LOGIT):
        return Selection()
    best = max(fits.values())
    compared = [item for item in evidence if fits[item.label] >= best - COMPARED_RANGE]
    outdated = {} if asks_for_history(question) else _final(superseded(compared))
    first, *others = prefer_newest(evidence, ordering)
    enough = [item for item in others if fits[item.label] >= max(LEAST, best - RANGE)]
    answers = with_whole_lists(_current([first, *enough][:MAX_ANSWERS], compared, outdated), evidence)
    disagreements = _about(answers, find_disagreements(question, [i for i in compared if i.label not in outdated]))
    sides = {label for disagreement in disagreements for label in disagreement.labels}
    known = {item.label for item in answers}
    answers.extend(item for item in compared if item.label in sides - known)
    return Selection(tuple(answers), disagreements, outdated)


def _current(answers: Sequence[Evidence], compared: Sequence[Evidence], outdated: Mapping[str, str]) -> list[Evidence]:
    """The answers with every outdated one replaced by what took its place, each once."""
    items = {item.label: item for item in (*compared, *answers)}
    labels = dict.fromkeys(outdated.get(item.label, item.label) for item in answers)
    return [items[label] for label in labels if label in items]


def _final(replaced: Mapping[str, str]) -> dict[str, str]:
    """The last of each chain of replacements."""
    final: dict[str, str] = {}
    for old in replaced:
        new = old
        while new in replaced:
            new = replaced[new]
        final[old] = new
    return final


def _about(answers: Sequence[Evidence], found: Sequence[Disagreement]) -> tuple[Disagreement, ...]:
    """The disagreements that the answers take part in."""
    labels = {item.label for item in answers}
    return tuple(disagreement for disagreement in found if labels & set(disagreement.labels))
