"""Decides by the verbs around a time expression whether it means the past or the future.

No part-of-speech tagger: lists of the auxiliaries, the planning words and the irregular verbs of news English.
"""

import re
from dataclasses import dataclass
from enum import StrEnum
from itertools import takewhile

from index.english import INTENDING, IRREGULAR, MONTH, WEEKDAY


class Tense(StrEnum):
    """Where the verbs put a time, seen from the day of publication."""

    PAST = "past"
    FUTURE = "future"
    OPEN = "open"  # "had been planned for", which may have come or not
    UNSAID = "unsaid"


@dataclass(frozen=True, slots=True)
class Looking:
    """The tense, and whether a verb of the same clause says so."""

    tense: Tense
    by_own_clause: bool


_INTENDING = rf"(?:{INTENDING}|offer|prepare)(?:e?s|ing)?"
_ACTING = (  # verbs that tell "due to begin" from "due to rain"
    "be begin start meet open arrive leave travel visit hold vote speak play return take go give close end sign "
    "appear announce publish release launch decide join resume"
)
_TRAVELLING = r"(?:travell?|go|leav|arriv|fly|meet|host|hold|visit|return|com|head|open|start|beginn|clos|launch)ing"
_PLANNED = r"(?:planned|scheduled|expected|due|slated|promised)"
# What follows "will" and "is to" belongs to it, so that "will be held" and "will cut" are no past.
_VERB = r"(?: (?:not|also|now|soon|again|then|never|only|not yet))?(?: (?:be|stay|remain|get) \w+| \w+)?"
# What is told in the present with a date is still to come.
_SCHEDULED = (
    "begin|start|open|reopen|close|end|arrive|return|resume|leave|meet|expire|launch|premiere|air|run|go|vote|retire"
)
_FOLLOWED = rf"(?= (?:\w+ ){{0,6}}(?:(?:on|in|from|at|next|until|till|by)\b|{WEEKDAY}|{MONTH} \d))"
_FUTURE = "|".join(
    (
        rf"(?:will(?! have)|won[’']t|shall|can|may(?! have)|might(?! have)|should|would(?! have)|could(?= be)){_VERB}",
        rf"(?:(?:is|are|am)(?: (?:now|also|still|not|then))?|has|have) to{_VERB}|(?:has|have) until",
        rf"(?:{_INTENDING}|agreed|promised|pledged|vowed|decided|bound|about) to{_VERB}",
        rf"(?:is|are|am|being) (?:now |also |still |not )?(?:{_PLANNED}|set|on)|(?:is|are|am) {_TRAVELLING}",
        rf"due to (?:{'|'.join(_ACTING.split())})|due (?:on|in|back|at)",
        r"set (?:for|to)|scheduled|planned|expected|promised for|slated|plans? for|ahead of|upcoming|precedes?",
        rf"(?:{_SCHEDULED})e?s{_FOLLOWED}|(?<=[a-z]s )(?:{_SCHEDULED}){_FOLLOWED}",  # “talks resume in May”
        r"takes? (?:place|effect)|heads? (?:to|for|into)|comes? into force|runs until",
    )
)
_OPEN = "|".join(
    (
        rf"(?:was|were|had been)(?: (?:also|then|first|originally))? to{_VERB}",
        rf"(?:was|were|had been|been|be) (?:also |then |first |originally )?(?:{_PLANNED}|set (?:for|to))",
        rf"(?:wanted|hoped|planned|intended|expected|asked|invited|urged|offered) to{_VERB}",
        rf"(?:refused|threatened|proposed|ordered) to{_VERB}",
        r"postponed|rescheduled|adjourned|deferred|delayed|moved to|put off|brought forward|extended",
    )
)
_REFUSING = r"would(?: not)? (?:comment|say|confirm|discuss|talk)"
_IRREGULAR = (
    "were shot died struck hit sank swore threw wore beat bit blew burst caught cost felt fled hid hurt laid lay let "
    "lit meant quit rode sang shook slept slid split spread stole stuck swam swept swung tore woke been done gone "
    "seen taken given shown known driven broken chosen fallen written spoken stolen sworn drawn grown thrown beaten "
    "saying"
)
_NO_VERBS = (
    "need speed indeed hundred seed feed breed bleed exceed proceed succeed naked sacred wicked embed red bed "
    "shed greed"
)
_PAST = (
    rf"{'|'.join((*IRREGULAR.values(), *_IRREGULAR.split()))}|could not|(?:did|was|could)n[’']t"
    rf"|(?:would|will|may|might) have|(?!(?:{'|'.join(_NO_VERBS.split())})\b)[a-z]{{2,}}ed"
)
# The order matters: "was planned" is no plan of today's.
_CUE = re.compile(rf"\b(?:(?P<refusing>{_REFUSING})|(?P<open>{_OPEN})|(?P<future>{_FUTURE})|(?P<past>{_PAST}))\b")
_CLAUSE_END = re.compile(
    r"[,;:—–()“”\"!?]|\s-\s|\.(?=\s+[A-Z“])|\b(?:and|but|which|who|whom|that|when|while|after|before"
    r"|during|as|because|if|where)\b"
)
_OPENS_CLAUSE = re.compile(r"(?:\W|(?:[Ll]ater|[Ee]arlier|[Ll]ate|[Ee]arly|[Bb]y|[Ff]rom|[Ii]n|[Uu]ntil)\b)*")


def looking(sentence: str, start: int, end: int) -> Looking:
    """Whether ``sentence[start:end]`` is told as past or as yet to come.

    The nearest verb before it in its clause decides, else the nearest after it, else the clauses around. An expression
    that opens its clause belongs to what follows: "…, and on Monday he is to hold talks".
    """
    left, right = _clause(sentence, start, end)
    before, after = _cues(sentence, left, start), _cues(sentence, end, right)
    if before[-1:] == [Tense.OPEN] and after[:1] == [Tense.FUTURE]:
        return Looking(Tense.FUTURE, by_own_clause=True)  # "what had been planned for Sunday will not take place"
    if before or after:
        return Looking(before[-1] if before else after[0], by_own_clause=True)
    earlier, later = _cues(sentence, 0, left), _cues(sentence, right, len(sentence))
    opens = _OPENS_CLAUSE.fullmatch(sentence, left, start) is not None
    if opens and later:
        return Looking(later[0], by_own_clause=True)
    if earlier or later:
        return Looking(earlier[-1] if earlier else later[0], by_own_clause=False)
    return Looking(Tense.UNSAID, by_own_clause=False)


def _clause(sentence: str, start: int, end: int) -> tuple[int, int]:
    """Where the clause around a span begins and ends."""
    ends = [match for match in _CLAUSE_END.finditer(sentence) if match.end() <= start or match.start() >= end]
    left = max((match.end() for match in ends if match.end() <= start), default=0)
    right = min((match.start() for match in ends if match.start() >= end), default=len(sentence))
    return left, right


def _cues(sentence: str, start: int, end: int) -> list[Tense]:
    # Not only up to the end: what follows a verb tells whether it is one.
    cues = takewhile(lambda match: match.start() < end, _CUE.finditer(sentence, start))
    found = (match.lastgroup for match in cues)
    return [Tense.PAST if kind in {"past", "refusing"} else Tense(str(kind)) for kind in found]
