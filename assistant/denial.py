"""Whether one sentence denies what another one states, for questions that are answered by yes or no."""

import re

from assistant.answer import Evidence
from assistant.quantities import quantities
from assistant.statements import TIME, clauses, root, roots, same_topic, stated
from assistant.verification import MODES, names

# Not the denial of an event: a matter of degree or of time.
NO_DENIAL = re.compile(
    r"\b(?:not only|not just|not yet|no longer|not until|not all|not always|no doubt|no one else|not alone)\b", re.I
)
HYPOTHETICAL = re.compile(r"\b(?:if|whether|unless|would have|could have)\b|\?", re.I)
DENYING = frozenset(
    root(word) for word in "deny denied denies denial reject rejected rejects refute refuted dismiss dismissed".split()
)
# Words that say that something is the case, and nothing of what it is.
EMPTY = frozenset(
    root(word)
    for word in "happen happened occur occurred take took taken place report"
    " reports claim claims allegation ever true fact".split()
)
EVENT = frozenset(root(word) for word in "happen happened occur occurred take took place held".split())
TIMES = re.compile(TIME.pattern)


def contradicts(question: str, yes: Evidence, no: Evidence) -> bool:
    """Whether ``yes`` states what the question asks and ``no`` denies just that.

    All words of the denial must be in the other sentence or in the question; what neither has is another matter.
    """
    asked = roots(question) - EMPTY
    called = frozenset(root(name) for name in names(f"? {question.partition(' ')[2]}"))
    acts = asked - called
    denied = _denied(no.reading)
    if not acts or denied is None or not acts <= denied | called or not _affirms(yes.reading, acts, question):
        return False
    known = roots(yes.reading) | asked | EMPTY
    return denied <= known and _same_moment(yes, no) and same_topic(yes, no)


def _affirms(text: str, acts: frozenset[str], question: str) -> bool:
    """Whether the sentence states it: nothing in it is negated, and what it plans has not happened."""
    if any(MODES[mode].search(text) for mode in ("negated", "denied")) or HYPOTHETICAL.search(text):
        return False
    telling = [text[start:end] for start, end in clauses(text) if acts & roots(text[start:end])]
    if any(MODES["planned"].search(clause) for clause in telling) and not MODES["planned"].search(question):
        return False
    if roots(question) & EVENT and not roots(text) & EVENT:
        return False  # “Did the fireworks take place?” is not answered by a programme that lists them
    return acts <= roots(text)


def _denied(text: str) -> frozenset[str] | None:
    """Stems of what the sentence denies, without who denies it and when; None when it denies nothing for certain."""
    if NO_DENIAL.search(text) or HYPOTHETICAL.search(text):
        return None
    negations = list(MODES["negated"].finditer(text))
    denials = list(MODES["denied"].finditer(text))
    if len(negations) + len(denials) != 1:
        return None
    if denials:
        after = text[denials[0].end() :]
        end = re.search(r"[,;:]\s|\.$|$", after)
        return _words(after[: end.start()] if end else after)
    position = negations[0].start()
    start, end_of_clause = next(span for span in clauses(text) if span[0] <= position < span[1])
    return _words(text[start:end_of_clause])


def _words(text: str) -> frozenset[str]:
    words = roots(stated(text)) - DENYING - EMPTY
    return frozenset(word for word in words if not word[0].isdigit())


def _same_moment(yes: Evidence, no: Evidence) -> bool:
    """Whether neither sentence names figures or days that the other lacks, where both name some."""
    figures = [{figure.value for figure in quantities(item.reading)} for item in (yes, no)]
    days = [
        {match.group().lower() for match in TIMES.finditer(_without_day_of_saying(item.reading))} for item in (yes, no)
    ]
    return all(not (one and two) or one == two for one, two in (figures, days))


def _without_day_of_saying(text: str) -> str:
    """The text without the day on which something was said or denied."""
    return re.sub(rf"\b(?:said|told \w+|denied|announced|rejected)(?: it)? on {TIME.pattern}", " ", text)
