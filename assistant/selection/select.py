"""Selects the evidence that answers a question, or nothing: then the answer is a refusal."""

from collections.abc import Sequence
from dataclasses import dataclass

from assistant.answer import Evidence
from assistant.evidence.confidence import MIN_LOGIT, answer_logit, least_told, scored
from assistant.evidence.list_items import with_whole_lists
from assistant.question.time_phrases import Ordering
from assistant.selection.disagreement import Disagreement, find_disagreements
from assistant.selection.recency import lean_to_newest, prefer_newest

MAX_ANSWERS = 6


@dataclass(frozen=True, slots=True)
class Selection:
    """What answers a question.

    Attributes:
        answers: best first; empty when the articles do not say.
        disagreements: where answering sentences contradict each other; their labels are among the answers.
        chosen: whether the reader says that they answer; without one they are only the nearest.
    """

    answers: tuple[Evidence, ...] = ()
    disagreements: tuple[Disagreement, ...] = ()
    chosen: bool = True


def select_answers(evidence: Sequence[Evidence], ordering: Ordering = Ordering.NONE) -> Selection:
    """Choose the evidence that answers a question.

    Args:
        evidence: what was found for the question, best first.
        ordering: whether the question asks for the newest or the oldest of what fits it about equally.
    """
    fits = scored(evidence)
    if fits is None:
        return Selection(tuple(evidence[:MAX_ANSWERS]), chosen=False)
    overall = answer_logit(evidence)
    if not evidence or (overall is not None and overall < MIN_LOGIT):
        return Selection()
    if ordering is Ordering.NONE:
        fits = lean_to_newest(fits, evidence)
        evidence = sorted(evidence, key=lambda item: -fits[item.label])
    first, *others = prefer_newest(evidence, ordering)
    least = least_told(max(fits.values()))
    enough = [item for item in others if fits[item.label] >= least]
    answers = tuple(with_whole_lists([first, *enough][:MAX_ANSWERS], evidence))
    return Selection(answers, find_disagreements(answers))
