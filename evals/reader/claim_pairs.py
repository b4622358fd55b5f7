"""Makes true and false claims out of sentences by rule, for training and measuring the reader's support score.

Each rule changes one thing that decides whether a sentence states a claim (a number, a hedge, a plan, a direction, who
did what to whom), or changes something that does not decide it (how a number is written, a hedge for its synonym).
Words of the sentence stay otherwise as they are, so that only the change itself tells a false claim from a true one.
"""

import random
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Literal

from index.english import ABOUT, BOUNDS, INTENDING, IRREGULAR, MONTHS, NEARLY, NUMBER_WORDS, TO_TWELVE, WEEKDAYS

Label = Literal["stated", "partly", "not"]

NAME = re.compile(r"(?<![.!?“\"] )(?<!^)\b[A-Z][\w’'-]+(?: (?:of |de |al-)?[A-Z][\w’'-]+)*")
NUMBER = re.compile(r"(?<![\w.,-])\d{1,3}(?:,\d{3})+(?![\w,])|(?<![\w.,-])\d+(?:\.\d+)?(?![\w.,-]\w)")
CALENDAR = {*MONTHS, *WEEKDAYS}
SMALL = {word: NUMBER_WORDS[word] for word in TO_TWELVE[1:]}

HEDGED = re.compile(rf"\b({'|'.join((*ABOUT, *NEARLY, *BOUNDS))})(?= (?:[$€£]?\d|an? |{'|'.join(SMALL)}))", re.I)
BOUND_SYNONYMS = {"at least": "no fewer than", "more than": "over", "up to": "as many as", "fewer than": "under"}

ANTONYMS = tuple(
    tuple(pair.split("/"))
    for pair in (
        "rose/fell increased/decreased increase/decrease higher/lower more/fewer won/lost accepted/rejected "
        "approved/rejected opened/closed before/after began/ended arrested/released bought/sold "
        "allowed/banned supported/opposed first/last north/south east/west northern/southern eastern/western "
        "largest/smallest highest/lowest young/old early/late gained/lost raised/lowered up/down above/below "
        "male/female men/women joined/left hired/fired guilty/innocent legal/illegal public/private "
        "success/failure confirmed/denied strengthened/weakened improved/worsened arrived/departed "
        "started/stopped growth/decline rise/fall best/worst oldest/youngest with/without convicted/acquitted "
        "praised/criticised entered/left inside/outside new/old majority/minority ahead/behind"
    ).split()
)
OPPOSITE = {one: other for pair in ANTONYMS for one, other in (pair, pair[::-1])}
PLAN = re.compile(
    rf"\b(?:(?:{INTENDING})(?:s|ed|d)? to"
    r"|(?:is|are|was|were) (?:scheduled|due|set|expected|planned|likely|about|supposed|hoping|planning|ready)? ?to"
    r"|will|may|might|could|would) (?P<verb>[a-z]{3,})\b"
)
NO_VERBS = frozenset("not have never also now then only the soon continue".split())
PLAN_SYNONYMS = (
    (re.compile(r"\b(is|are) scheduled to\b"), r"\1 due to"),
    (re.compile(r"\b(is|are) expected to\b"), r"\1 likely to"),
    (re.compile(r"\bwants to\b"), "would like to"),
    (re.compile(r"\bplans to\b"), "intends to"),
    (re.compile(r"\bhopes to\b"), "is hoping to"),
    (re.compile(r"\bwill (?=[a-z]{3,})"), "is going to "),
)
ALLEGED = re.compile(r"\b(?:allegedly|reportedly|apparently|possibly|probably|perhaps|likely) ", re.I)
ACCUSED = re.compile(r"\b(?:(?:is|are|was|were|been) )?(?:accused|suspected) of (?P<verb>[a-z]{3,})ing\b", re.I)
CLAIMED = re.compile(r"\b(?:claims|claimed|alleges|alleged|believes|believed|suspects|suspected) (?:that )?", re.I)
AUXILIARY = re.compile(r"\b(?:is|are|was|were|has|have|had|will|can|could|would|should|did|does|do)\b(?! not|n[’'])")
NOT = re.compile(r"\b(?:not|never|no longer) |(?<=[a-z])n[’']t\b")
WIDER = (
    (re.compile(r"\b[Ss]ome(?= (?:of )?[a-z])"), "all"),
    (re.compile(r"\b[Mm]any(?= (?:of )?[a-z])"), "all"),
    (re.compile(r"\b[Mm]ost(?= (?:of )?[a-z])"), "all"),
    (re.compile(r"\b[Ss]everal\b"), "all"),
    (re.compile(r"\bone of the\b"), "the only one of the"),
    (re.compile(r"\bpartly\b|\bpartially\b"), "fully"),
    (re.compile(r"\boften\b|\bsometimes\b"), "always"),
)
PAST = re.compile(
    r"\b(?<!been )(?<!was )(?<!were )(?<!be )(?<!is )(?<!are )[a-z]{3,}ed\b(?= (?:the|a|an|his|her|its|their|[A-Z]))"
)
VERBS = (
    "attacked destroyed rebuilt visited criticised funded designed rejected signed bought closed repaired "
    "filmed inspected insured renamed financed abandoned burned defended blocked evacuated investigated "
    "praised rescued replaced sued welcomed banned founded inherited invaded cancelled delayed doubled "
    "halved raised"
).split()
ACTING = re.compile(r"\b[a-z]{2,}(?:ed|es|s)\b|\b(?:beat|told|won|led|left|sold|bought|gave|said)\b")
MUTUAL = re.compile(r"\b(?:met|meets|married|marries|faced|faces|played|plays|resembles|borders)\b")  # both ways alike
TRANSITIVE = re.compile(r" ([a-z]{3,}ed) ")
CAPITALISED = re.compile(r"\b[A-Z][\w’'-]+(?: [A-Z][\w’'-]+)*")
APART = re.compile(r"[,;:]|\b(?:and|in|of|on|at)\b")
TAIL = re.compile(
    r",? (?:which|who|where|while|after|because|although|according to|following|including|as well as) [^,]{12,}$"
)
FRONT = re.compile(r"^(?:On|In|At|Since|By|During|After|Earlier|Later|Yesterday|Today)\b[^,]{2,40}, ")
SPELLINGS = (("ise", "ize"), ("ised", "ized"), ("isation", "ization"), ("our", "or"), ("centre", "center"))
MIN_WORDS, MAX_WORDS = 6, 60  # of sentences that claims are made of


@dataclass(frozen=True, slots=True)
class Pair:
    """A claim and the sentence that it is judged against; ``kind`` names the rule."""

    claim: str
    sentence: str
    label: Label
    kind: str


def pairs(sentence: str, names: Sequence[str], draw: random.Random) -> list[Pair]:
    """Every pair that the rules can make of a sentence.

    Args:
        names: other names that occur around it; a false name is drawn from them.
    """
    text = " ".join(sentence.split())
    if not MIN_WORDS <= len(text.split()) <= MAX_WORDS or not text[0].isupper():
        return []
    found = [Pair(text, text, "stated", "same")]
    for kind, rule in RULES.items():
        found += [Pair(claim, text, label, kind) for claim, label in rule(text, names, draw) if claim and claim != text]
    return found


Made = Iterator[tuple[str, Label]]
Rule = Callable[[str, Sequence[str], random.Random], Made]


def _put(text: str, match: re.Match[str], new: str) -> str:
    old = match.group()
    cased = new[:1].upper() + new[1:] if old[:1].isupper() and match.start() == 0 else new
    return " ".join((text[: match.start()] + cased + text[match.end() :]).split())


def _one(pattern: re.Pattern[str], text: str, draw: random.Random) -> re.Match[str] | None:
    matches = list(pattern.finditer(text))
    return draw.choice(matches) if matches else None


def _number(text: str, names: Sequence[str], draw: random.Random) -> Made:
    if match := _one(NUMBER, text, draw):
        plain = match.group().replace(",", "")
        value = float(plain)
        other = value + draw.choice((-3, -2, -1, 1, 2, 4, 10)) if value > 3 else value + draw.choice((1, 2, 5))
        shown = f"{other:.1f}" if "." in plain else f"{int(other):,}" if "," in match.group() else str(int(other))
        if abs(other) != value:
            yield _put(text, match, shown), "not"
        if "," in match.group():
            yield _put(text, match, plain), "stated"
    if match := _one(re.compile(rf"\b(?:{'|'.join(SMALL)})\b"), text, draw):
        yield _put(text, match, draw.choice([word for word in SMALL if word != match.group()])), "not"
        yield _put(text, match, SMALL[match.group()]), "stated"


def _name(text: str, names: Sequence[str], draw: random.Random) -> Made:
    match = _one(NAME, text, draw)
    others = [name for name in names if name not in text and not (set(name.split()) & set(text.split()))]
    if match and others and match.group() not in CALENDAR:
        yield _put(text, match, draw.choice(others)), "not"


def _roles(text: str, names: Sequence[str], draw: random.Random) -> Made:
    """Two names change places around a verb; one name after "was …ed by" is the same told in the other voice."""
    known = set(names)
    runs = [m for m in CAPITALISED.finditer(text) if m.group() in known and m.group() not in CALENDAR]
    for one, two in pairwise(runs):
        first, between, second = one.group(), text[one.end() : two.start()], two.group()
        before, after = text[: one.start()], text[two.end() :]
        if APART.search(between) or len(between.split()) > 6 or re.match(r"[’']s\b", after):
            continue
        if MUTUAL.search(between):
            yield before + second + between + first + after, "stated"
        elif verb := TRANSITIVE.fullmatch(between):
            yield f"{before}{second} was {verb[1]} by {first}{after}", "stated"
            yield f"{before}{first} was {verb[1]} by {second}{after}", "not"
            yield before + second + between + first + after, "not"
        elif ACTING.search(between):
            yield before + second + between + first + after, "not"
        else:
            continue
        return


def _hedge(text: str, names: Sequence[str], draw: random.Random) -> Made:
    match = HEDGED.search(text)
    if match is None:
        if number := _one(NUMBER, text, draw):
            yield _put(text, number, f"{draw.choice((*BOUNDS, *NEARLY))} {number.group()}"), "not"
        return
    hedge = match.group(1).lower()
    label: Label = "partly" if hedge in ABOUT else "not"
    yield text[: match.start()] + text[match.end() :].lstrip(), label
    others = [word for word in ("at least", "up to", "fewer than", "more than") if word != hedge]
    yield _put(text, match, draw.choice(others)), "not"
    same = [word for group in (ABOUT, NEARLY) if hedge in group for word in group if word != hedge]
    if same or hedge in BOUND_SYNONYMS:
        yield _put(text, match, draw.choice(same) if same else BOUND_SYNONYMS[hedge]), "stated"


def past(verb: str) -> str:
    """The past tense of a verb given in its base form."""
    if verb in IRREGULAR:
        return IRREGULAR[verb]
    if verb.endswith("e"):
        return f"{verb}d"
    return f"{verb[:-1]}ied" if re.search(r"[^aeiou]y$", verb) else f"{verb}ed"


def _plan(text: str, names: Sequence[str], draw: random.Random) -> Made:
    match = PLAN.search(text)
    if match and match["verb"] not in NO_VERBS:
        yield _put(text, match, past(match["verb"])), "not"
        yield _put(text, match, f"has already {past(match['verb'])}") if match["verb"] not in IRREGULAR else "", "not"
        for pattern, new in PLAN_SYNONYMS:
            if pattern.search(text):
                yield pattern.sub(new, text, count=1), "stated"


def _allegation(text: str, names: Sequence[str], draw: random.Random) -> Made:
    if match := ALLEGED.search(text):
        yield _put(text, match, ""), "not"
    if match := ACCUSED.search(text):
        yield _put(text, match, past(match["verb"])), "not"
    if match := CLAIMED.search(text):
        yield _put(text, match, draw.choice(("proved that ", "has shown that "))), "not"


def _direction(text: str, names: Sequence[str], draw: random.Random) -> Made:
    if match := _one(re.compile(rf"\b(?:{'|'.join(OPPOSITE)})\b"), text, draw):
        yield _put(text, match, OPPOSITE[match.group()]), "not"


def _negation(text: str, names: Sequence[str], draw: random.Random) -> Made:
    if match := _one(NOT, text, draw):
        yield _put(text, match, ""), "not"
    elif match := _one(AUXILIARY, text, draw):
        yield _put(text, match, f"{match.group()} not"), "not"


def _verb(text: str, names: Sequence[str], draw: random.Random) -> Made:
    if match := _one(PAST, text, draw):
        yield _put(text, match, draw.choice([verb for verb in VERBS if verb not in text])), "not"


def _time(text: str, names: Sequence[str], draw: random.Random) -> Made:
    for words in (MONTHS, WEEKDAYS):
        if match := _one(re.compile(rf"\b(?:{'|'.join(words)})\b"), text, draw):
            yield _put(text, match, draw.choice([word for word in words if word not in text])), "not"
    if match := _one(re.compile(r"\b(?:19|20)\d\d\b"), text, draw):
        yield _put(text, match, str(int(match.group()) + draw.choice((-9, -4, -2, -1, 1, 2, 3)))), "not"


def _wider(text: str, names: Sequence[str], draw: random.Random) -> Made:
    for pattern, new in WIDER:
        if match := pattern.search(text):
            yield _put(text, match, new), "not"
            return


def _shorter(text: str, names: Sequence[str], draw: random.Random) -> Made:
    if match := TAIL.search(text):
        yield f"{text[: match.start()].rstrip(',')}.", "stated"
    if match := FRONT.match(text):
        rest = text[match.end() :]
        yield rest[:1].upper() + rest[1:], "stated"


def _spelling(text: str, names: Sequence[str], draw: random.Random) -> Made:
    for british, american in SPELLINGS:
        if re.search(rf"[a-z]{{3,}}{british}\b", text):
            yield re.sub(rf"([a-z]{{3,}}){british}\b", rf"\1{american}", text), "stated"
            return


RULES: dict[str, Rule] = {
    "number": _number,
    "name": _name,
    "roles": _roles,
    "hedge": _hedge,
    "plan": _plan,
    "allegation": _allegation,
    "direction": _direction,
    "negation": _negation,
    "verb": _verb,
    "time": _time,
    "wider": _wider,
    "shorter": _shorter,
    "spelling": _spelling,
}
