"""Which of the evidence answers a question, which of it is out of date, and where it disagrees."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from assistant.answer import Evidence
from assistant.confidence import MIN_LOGIT, answer_logit
from assistant.disagreement import Disagreement, find_disagreements
from assistant.expectation import AnswerKind, Expectation, expectation, holds_answer
from assistant.inclusion import ONE_FACT, answering, fit_of, with_words_spoken
from assistant.lists import announced, with_whole_lists
from assistant.newest import prefer_newest
from assistant.question_limits import Ordering
from assistant.succession import asks_for_history, superseded
from assistant.support import unmentioned
from index.hits import Hit

MAX_ANSWERS = 5
MAX_LISTED = 8  # when the question asks for several things
# Sentences within this of the best one's fit may bring an answer up to date or contradict it.
COMPARED_RANGE = 9.0


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


def select_answers(
    question: str, evidence: Sequence[Evidence], hits: Sequence[Hit] = (), ordering: Ordering = Ordering.NONE
) -> Selection:
    """Choose the evidence that answers a question.

    The evidence as a whole, with the text around it, must be relevant enough and mention every name of the question.

    Args:
        evidence: best first.
        hits: the chunks that the evidence was taken from.
        ordering: whether the question asks for the newest or the oldest of what fits it about equally.
    """
    nothing = Selection()
    if not evidence or unmentioned(question, evidence):
        return nothing
    overall = answer_logit(question, evidence, hits)
    if overall is None or evidence[0].fit is None:
        return Selection(tuple(evidence[:MAX_ANSWERS]))
    if overall < MIN_LOGIT:
        return nothing
    expected = expectation(question)
    evidence = prefer_newest(evidence, ordering)
    most = _most(expected, ordering)
    best = max(map(fit_of, evidence))
    compared = [item for item in evidence if fit_of(item) >= best - COMPARED_RANGE]
    outdated = {} if asks_for_history(question) else _outdated(question, expected, compared)
    answers = with_whole_lists(_current(answering(evidence, expected)[:most], compared, outdated), evidence)
    if expected.kind is AnswerKind.QUOTATION:
        answers = with_words_spoken(answers, evidence)
    if expected.count and (things := announced(answers[0], expected.count, evidence)):
        answers = things
    disagreements = _about(answers, find_disagreements(question, [i for i in compared if i.label not in outdated]))
    sides = {label for disagreement in disagreements for label in disagreement.labels}
    known = {item.label for item in answers}
    answers.extend(item for item in compared if item.label in sides - known)
    return Selection(tuple(answers), disagreements, outdated)


def _most(expected: Expectation, ordering: Ordering) -> int:
    """How many sentences answer at most; of a fact that changes the latest is wanted alone."""
    if expected.several:
        return MAX_LISTED
    return 1 if ordering is not Ordering.NONE and expected.kind in ONE_FACT else MAX_ANSWERS


def _outdated(question: str, expected: Expectation, compared: Sequence[Evidence]) -> dict[str, str]:
    """Label of an outdated sentence → label of the newest one in its place, where that one can answer as well."""
    able = {item.label for item in compared if holds_answer(item.reading, question, expected.kind)}
    return {old: new for old, new in _final(superseded(compared)).items() if new in able}


def _current(answers: Sequence[Evidence], compared: Sequence[Evidence], outdated: Mapping[str, str]) -> list[Evidence]:
    """The answers with every outdated one replaced by what took its place, each once."""
    items = {item.label: item for item in compared}
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
