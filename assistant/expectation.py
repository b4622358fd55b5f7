"""What kind of answer a question asks for, and whether a sentence holds an expression of that kind.

A sentence that answers "how many" has a number that the question does not have. Such answer types have long steered
the search for sentences (Li & Roth, "Learning Question Classifiers", COLING 2002); the kinds here are the few that can
be told by the question's own words and be found in a sentence without a model.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

from assistant.verification import FUNCTION_WORDS, NUMBER_WORDS, names, numbers, stem


class AnswerKind(StrEnum):
    """What an answer must hold."""

    NUMBER = "number"
    DATE = "date"
    PERSON = "person"
    PLACE = "place"
    QUOTATION = "quotation"
    REASON = "reason"
    YES_NO = "yes or no"
    OPEN = "open"


@dataclass(frozen=True, slots=True)
class Expectation:
    """The kind of answer that a question asks for.

    Attributes:
        several: whether it asks for more than one thing ("which countries", "name the people").
        count: how many it says there are ("which three countries"); None when it does not say.
    """

    kind: AnswerKind
    several: bool = False
    count: int | None = None

    @property
    def single(self) -> bool:
        """Whether one fact is the whole answer: a number, a date."""
        return self.kind in {AnswerKind.NUMBER, AnswerKind.DATE} and not self.several


_MEASURE = (
    r"amounts?|ages?|bills?|budgets?|costs?|depths?|distances?|fees?|fines?|heights?|lengths?|levels?|limits?|margins?"
    r"|numbers?|percentages?|populations?|prices?|proportions?|ranges?|rates?|results?|salar(?:y|ies)|scores?|shares?"
    r"|sizes?|speeds?|sums?|temperatures?|times?|tolls?|totals?|turnouts?|values?|weights?|widths?"
)
_KINDS = (
    (
        AnswerKind.DATE,
        r"\b(?:when|(?:what|which) (?:year|month|day|date|decade|century)|since when|until when|how long ago)\b",
    ),
    (
        AnswerKind.NUMBER,
        r"\bhow (?:many|much|long|large|big|high|tall|far|fast|deep|wide|old|often|expensive|heavy|hot|cold)\b"
        rf"|\b(?:what|which)(?: is| was| are| were)?(?: the| an?)?(?: [\w’'-]+){{0,3}}? (?:{_MEASURE})\b"
        rf"|\bwhat (?:{_MEASURE})\b",
    ),
    (
        AnswerKind.QUOTATION,
        r"\b(?:with which words|in (?:his|her|their) (?:own )?words|quot(?:e|es|ed|ation)|what exactly did)\b"
        r"|\bwhat (?:did|does|do|has|have|had) .*\b(?:say|says|said|tell|told|answer|reply|comment)\b"
        r"|\bhow (?:did|does) .*\b(?:explain|comment|respond|reply|answer|react)\b",
    ),
    (
        AnswerKind.REASON,
        r"\b(?:why|how come|for what reason|what (?:caused|led to)|what (?:is|was|were) the reasons?)\b",
    ),
    (
        AnswerKind.PERSON,
        r"\b(?:who|whom|whose|(?:what|which)(?: [\w’'-]+)? (?:persons?|people|officials?|ministers?|candidates?"
        r"|deput(?:y|ies)|president|actor|actress|singer|player|captain|director|mayor|governor|leader|author|artist"
        r"|band|team|company|club|party))\b"
        r"|\bwhat (?:is|was|are|were) .*\bnames?\b|\bunder (?:what|which) name\b",
    ),
    (
        AnswerKind.PLACE,
        r"\b(?:where|(?:what|which) (?:country|countries|city|cities|town|towns|state|states|place|places|village"
        r"|region|province|continent|island|river))\b",
    ),
    (
        AnswerKind.YES_NO,
        r"^(?:is|are|was|were|do|does|did|has|have|had|will|would|can|could|should|may|might|must)\b",
    ),
)
KINDS = tuple((kind, re.compile(pattern, re.IGNORECASE)) for kind, pattern in _KINDS)
_COUNT = r"two|three|four|five|six|seven|eight|nine|ten|\d{1,2}"
SEVERAL = re.compile(
    rf"\b(?:which|what|whose)(?: of)?(?: the)?(?: (?P<count>{_COUNT}))?(?: [\w’'-]+)? "
    r"(?:(?!is\b|was\b|does\b|has\b|this\b)[a-z]{3,}(?<!ss)(?<!us)s|people|men|women|children)\b"
    r"|\b(?:list|name) (?:the|all|those|some|three|two)\b|\b(?:all|both|each) (?:the|of)\b"
    rf"|\b(?:who|what) (?:are|were) (?:the|his|her|its|their) (?P<number>{_COUNT})?"
    r"|\bwho (?:are|were|all)\b|\bwhich ones\b"
    # Whoever travels meets more than one.
    r"|\bwhom?\b.* (?:meet|met|meetings?|visit(?:ed)?|talk(?:ed)? (?:to|with)|sp(?:eak|oke) (?:to|with))\b",
    re.IGNORECASE,
)
MONTH = (
    r"(?:January|February|March|April|May|June|July|August|September|October|November|December"
    r"|Jan|Feb|Mar|Apr|Jun|Jul|Aug|Sept?|Oct|Nov|Dec)\b"
)
DATE = re.compile(
    rf"\b{MONTH}|\b(?:1\d|20)\d\d(?:s|\b)|\b(?:(?:Mon|Tues|Wednes|Thurs|Fri|Satur|Sun)days?)\b|\b(?:[12]?\d)(?:st|nd|rd|th)"
    r" century\b|\b(?:yesterday|today|tomorrow|tonight|noon|midnight|spring|summer|autumn|weekend|B\.?C\.?E?|A\.D\.)\b"
    r"|\b\d{1,2}(?:[.:]\d\d)? ?[ap]\.?m\b|\b(?:last|next|this) (?:week|month|year|night|decade)\b"
    r"|\b(?:days?|weeks?|months?|years?|decades?|hours?) (?:ago|later|earlier|after|before)\b",
)
REASON = re.compile(
    r"\b(?:because|due to|owing to|as a result|since|so that|in order to|reasons?|caus(?:e|es|ed|ing)|led to"
    r"|in response|thanks to|after|blam(?:e|es|ed)|therefore|over|failed|designed to|result(?:s|ed)? (?:of|from|in))\b",
    re.IGNORECASE,
)
QUOTATION_MARK = re.compile(r"[\"“”„«»]|(?<!\w)['‘]\w|``")
REPORTED = re.compile(
    r"\b(?:said|says|told|tells|added|adds|explained|explains|announced|stated|admitted|insisted|argued|warned|denied"
    r"|according to|promised|wrote)\b",
    re.IGNORECASE,
)
AFTER_PLACE_WORD = re.compile(r"\b(?:in|at|from|to|near|off|outside|through|across|into|of|around)\s+(?:the )?[A-Z]")
PERSON_WORD = re.compile(
    r"\b(?:president|minister|mayor|governor|officials?|directors?|captain|king|queen|author|actor|actress|singer|band"
    r"|team|company|group|union|police|government|scientists?|researchers?|artists?|people|members?|residents?)\b",
    re.IGNORECASE,
)
# What a number must be a number of, told by the question's words.
_LENGTH = r"(?:kilo|centi|milli)?met(?:re|er)s?|km|miles?|feet|foot|ft|inch(?:es)?|yards?|cm|mm|m\b"
_TIME = r"(?:seconds?|minutes?|hours?|days?|nights?|weeks?|fortnight|months?|years?|decades?|centur(?:y|ies))\b"
_MONEY = (
    r"[$€£¥₹]|\b(?:dollars?|euros?|pounds?|crowns?|yen|yuan|rupees?|roubles?|rubles?|francs?|pesos?|cents?|pence|US\$|USD"
    r"|EUR|GBP)\b|\b(?:million|billion|trillion|thousand)\b"
)
UNITS = tuple(
    (re.compile(asked, re.IGNORECASE), re.compile(unit, re.IGNORECASE))
    for asked, unit in (
        (r"\bhow (?:high|tall|deep|wide|far)\b|\b(?:height|depth|width|distance)\b", rf"\b(?:{_LENGTH})"),
        (r"\b(?:length)\b|\bhow long\b.*\b(?:is|are|was|were) the\b", rf"\b(?:{_LENGTH}|{_TIME})"),
        (r"\bhow long\b|\bhow old\b|\bduration\b", rf"\b(?:{_LENGTH}|{_TIME}|aged?\b|\d+-year)|,\s*\d{{1,3}}\s*,"),
        (r"\bhow fast\b|\bspeed\b", r"\b(?:knots?|mph|km/h|kph)\b|\b(?:an|per|a) (?:hour|second)\b"),
        (r"\b(?:percentage|proportion|share|turnout)\b", r"%|\bper ?cent\b|\bpercentage\b|\b(?:half|third|quarter)\b"),
        (r"\bhow expensive\b|\b(?:costs?|fees?|prices?|fines?|salar(?:y|ies)|budget)\b|\bhow much\b.*\bpay\b", _MONEY),
        (
            r"\b(?:at )?what time\b",
            r"\b\d{1,2}(?:[.:]\d\d)? ?[ap]\.?m\b|\b\d{1,2}[.:]\d\d\b|\b(?:noon|midnight|o['’]clock)\b",
        ),
    )
)
# A comparison takes the numbers of both sides.
COMPARES = re.compile(
    r"\b(?:higher|lower|larger|smaller|bigger|more|less|fewer|longer|shorter|cheaper)\b.* (?:or|than)\b"
    r"|\bhow (?:did|do|does|has|have|had) .*\b(?:change|differ|develop|evolve)d?\b",
    re.IGNORECASE,
)


def expectation(question: str) -> Expectation:
    """What kind of answer a question asks for; ``OPEN`` when its words do not tell."""
    if COMPARES.search(question):
        return Expectation(AnswerKind.NUMBER, several=True)
    first = min(_found(question), default=None)
    kind = KINDS[first[1]][0] if first else AnswerKind.OPEN
    several = SEVERAL.search(question)
    count = several["count"] or several["number"] if several else None
    if several is None or kind in {AnswerKind.YES_NO, AnswerKind.QUOTATION}:
        return Expectation(kind)
    if kind is AnswerKind.NUMBER and not count:  # "what are the costs?" asks for one number too
        return Expectation(kind)
    return Expectation(kind, several=True, count=_value(count) if count else None)


def holds_answer(sentence: str, question: str, expected: AnswerKind) -> bool:
    """Whether a sentence has an expression of the kind that is not the question's own.

    True for kinds that any sentence may answer.
    """
    match expected:
        case AnswerKind.NUMBER:
            return bool(_quantities(sentence) - _quantities(question)) and _in_unit(sentence, question)
        case AnswerKind.DATE:
            asked = {match.group().lower() for match in DATE.finditer(question)}
            return any(match.group().lower() not in asked for match in DATE.finditer(sentence))
        case AnswerKind.PERSON:
            return bool(_new_names(sentence, question)) or bool(PERSON_WORD.search(sentence))
        case AnswerKind.PLACE:
            return bool(_new_names(sentence, question)) and bool(AFTER_PLACE_WORD.search(sentence))
        case AnswerKind.QUOTATION:
            return bool(QUOTATION_MARK.search(sentence) or REPORTED.search(sentence))
        case AnswerKind.REASON:
            return bool(REASON.search(sentence))
        case _:
            return True


def _found(question: str) -> Iterator[tuple[int, int]]:
    """(position, number of the kind) of every kind whose words the question has: the first word decides."""
    for number, (_, pattern) in enumerate(KINDS):
        if found := pattern.search(question):
            yield found.start(), number


def _quantities(text: str) -> frozenset[str]:
    words = set(re.findall(r"[a-z]+", text.lower()))
    large = words & {"dozen", "dozens", "hundred", "hundreds", "thousand", "thousands", "million", "millions", "half"}
    return numbers(text) | large | (words & {"once", "twice", "thirty", "forty", "fifty", "sixty"})


def _in_unit(sentence: str, question: str) -> bool:
    """Whether a sentence has the unit or the things that the question wants a number of; True when it names none."""
    for asked, unit in UNITS:
        if asked.search(question):
            return bool(unit.search(sentence))
    return True


def _new_names(sentence: str, question: str) -> frozenset[str]:
    asked = {stem(word) for word in re.findall(r"[\w’'-]+", question)}
    return frozenset(name for name in names(sentence) if stem(name) not in asked and name.lower() not in FUNCTION_WORDS)


def _value(word: str) -> int:
    return int(NUMBER_WORDS.get(word.lower(), word))
