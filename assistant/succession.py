"""Which statements are out of date, because a later article says how it went on.

A statement gives way to a later one

- when it is a plan, and the later one tells that it happened or was called off; or
- when it is a figure (or a planned date) that the later one brings up to date. A later, different figure of the same
  thing is an update when one of these holds; otherwise it is another opinion, which ``assistant.disagreement`` judges:

  1. it is printed by the same paper, or in a copy of the same report;
  2. the same speaker gives it (“the emergency service said”);
  3. its sentence says that the figure moved or was wrong (“has risen to”, “now”, “more than it had announced”);
  4. the text around it looks back on the old figure (“had counted 21 injured”).

Without publication dates nothing gives way. “Later” is by date and time where both are known, else by day.
"""

import re
from collections.abc import Mapping, Sequence
from functools import lru_cache
from itertools import permutations

from assistant.answer import Evidence
from assistant.copies import same_report
from assistant.quantities import PHYSICAL, quantities
from assistant.saidwhen import planned_dates
from assistant.statements import (
    FORMER,
    KEPT,
    Mention,
    clauses,
    later,
    mentions,
    root,
    roots,
    same_topic,
    stated,
)
from assistant.verification import MODES, NUMBER_WORDS, names

MIN_PLAN_SHARE = 0.6  # of the plan's words that the later sentence must have
MIN_PLAN_WORDS = 2
MOST_CHANGE = 2.0  # times; a measure that changes by more is another one (tolls and the like may grow by any factor)
MIN_SPEAKER_SHARE = 0.6  # of the fewer words that name a speaker

_MONTHS = r"(?:January|February|March|April|May|June|July|August|September|October|November|December)"
HISTORY = re.compile(
    r"\b(?:originally|initial(?:ly)?|at first|previous(?:ly)?|earlier|formerly|at the time|back then|used to)\b"
    r"|\bfirst\s(?:\w+\s)?(?:reports?|counts?|figures?|estimates?|numbers?|demands?|asks?|asked|plans?|tolls?|offer(?:s|ed)?"
    r"|said?|says?|announced?|reported|planned|prices?|thought|gave|give|given)\b"
    r"|\b(?:was|were|had been)\s(?:[\w'’.-]+\s){0,8}?(?:scheduled|planned|due|supposed|expected|meant|slated|set)\b"
    r"|\b(?:was|were)\s(?:[\w'’.-]+\s){1,8}?to\s\w+|\bhad\s(?:[\w'’.-]+\s){0,6}?(?:planned|hoped|intended)\b"
    r"|\b(?:change[ds]?|differ(?:ed|s)?|evolved?|revised)\b|\bas of\b"
    rf"|\b(?:from|between)\s{_MONTHS}\b.+\b(?:to|and)\s{_MONTHS}\b"
    rf"|\b(?:how (?:many|much)|price|cost|toll|number|figure|limit)\b.+\b(?:by|on|until|before|in)\s{_MONTHS}\b",
    re.IGNORECASE,
)
ROSE = re.compile(r"\b(?:ris(?:en|es|ing)|rose|climb\w*|increas\w+|gr(?:ew|own)|jump\w*|rais\w+|more\b.* than)\b", re.I)
FELL = re.compile(
    r"\b(?:fall(?:en|s)?|fell|drop\w*|lower\w*|decreas\w+|declin\w+|down to|fewer\b.* than|less\b.* than)\b", re.I
)
REVISED = re.compile(
    r"\b(?:now|revis\w+|correct\w+|updat\w+|final(?:ly)?|no longer|not at \d\S*|not \d\S*|put off|postponed|delayed"
    r"|brought forward|pushed back|once more)\b",
    re.IGNORECASE,
)
# Narrower than what verification takes for planned: “could”, “hopes” and “proposes” are not plans that come true.
INTENDED = re.compile(
    r"\b(?:(?-i:will)|shall|schedul\w+|appointments?|planned|plans to|planning to|due (?:to|on|in|for|at)"
    r"|set (?:to|for)"
    r"|expected|to be held|going to|(?:is|are|was|were) to|slated|about to)\b",
    re.IGNORECASE,
)
CALLED_OFF = re.compile(
    r"\b(?:cancel\w*|call\w* off|postpon\w+|put off|scrapp\w+|abandon\w+|fell through"
    r"|(?:will|did|has|have|had) (?:not|never)"
    r"|never)\b",
    re.IGNORECASE,
)
PLAN_WORDS = frozenset(
    root(word)
    for word in (
        "schedule scheduled plan plans planned planning due set expect expected intends intend hope hopes aims propose"
        " proposed slated promise promised pledge pledged vowed appointment appointments yet later"
        " next ready door doors"
    ).split()
)


def asks_for_history(question: str) -> bool:
    """Whether a question asks for an earlier plan or figure, or for how it changed; then nothing is out of date."""
    return bool(HISTORY.search(question))


def superseded(evidence: Sequence[Evidence]) -> Mapping[str, str]:
    """Labels of statements that are out of date, each with the label of the newest one in its place.

    Without cycles, for what takes a place is always published later.
    """
    found: dict[str, Evidence] = {}
    for old, new in permutations(evidence, 2):
        if later(new, old) and (_plan_is_over(old, new) or _is_updated(old, new)):
            best = found.get(old.label)
            if best is None or _newness(new) > _newness(best):
                found[old.label] = new
    return {label: found[label].label for label in sorted(found)}


def updates(new: Mention, old: Mention) -> bool:
    """Whether a later figure takes the place of an earlier one, by the four rules of this module."""
    if (
        not later(new.item, old.item)
        or new.former
        or not new.same_measure(old)
        or not new.quantity.differs(old.quantity)
    ):
        return False
    if not _can_become(old, new):
        return False
    sentence, rises = new.item.sentence, new.quantity.value > old.quantity.value
    if new.quantity.unit in PHYSICAL:  # a level that falls does not take back how high it stood
        return bool(REVISED.search(sentence)) or _looks_back(new.item, old)
    moved = (FELL if not rises else ROSE).search(sentence) or REVISED.search(sentence)
    return bool(moved) or _same_voice(new, old) or _looks_back(new.item, old)


def _can_become(old: Mention, new: Mention) -> bool:
    """Whether the change is of a size that one thing can have; an amount by which something changed is no state."""
    if "change" in new.quantity.qualifiers:
        return False
    if new.family not in {"", "price", "speed"}:
        return True
    less, more = sorted((old.quantity.value, new.quantity.value))
    return more <= MOST_CHANGE * less or new.family == "speed"


def _newness(item: Evidence) -> tuple[int, int, str]:
    """Grows with the time of publication; of one article the better-ranked sentence counts as newer."""
    return item.article.published_at or 0, -int(re.sub(r"\D", "", item.label) or 0), item.label


def _is_updated(old: Evidence, new: Evidence) -> bool:
    figures = mentions(new)
    if any(updates(figure, former) for former in mentions(old) for figure in figures):
        return True
    return _plan_has_moved(old, new)


def _same_voice(new: Mention, old: Mention) -> bool:
    if new.speaker and old.speaker:
        fewer = min(len(new.speaker), len(old.speaker))
        if len(new.speaker & old.speaker) >= MIN_SPEAKER_SHARE * fewer:
            return True
    return _same_paper(new.item, old.item)


def _same_paper(new: Evidence, old: Evidence) -> bool:
    return (bool(new.article.source) and new.article.source == old.article.source) or same_report(new, old)


def _looks_back(new: Evidence, old: Mention) -> bool:
    """Whether the text around the later figure tells the earlier one as past."""
    for sentence in re.split(r"(?<=[.!?])\s", f"{new.context} {new.before}"):
        for start, end in clauses(sentence):
            clause = sentence[start:end]
            if FORMER.search(clause) and _tells(clause, old):
                return True
    return False


def _tells(clause: str, old: Mention) -> bool:
    return any(
        not figure.differs(old.quantity) and {figure.unit, old.quantity.unit} <= {old.quantity.unit, "", "person"}
        for figure in quantities(clause)
    )


def _plan_is_over(old: Evidence, new: Evidence) -> bool:
    """Whether the earlier sentence plans what the later one tells as done or called off."""
    return any(_fulfils(new, plan) for plan in _plans(old)) and same_topic(old, new)


@lru_cache(maxsize=KEPT)
def _plans(item: Evidence) -> tuple[tuple[frozenset[str], frozenset[str]], ...]:
    """Words and names of each plan: from the clause's beginning, for a plan may be told after what is planned."""
    text: str = item.reading
    found: list[tuple[frozenset[str], frozenset[str]]] = []
    if re.search(r"\bif\b", text, re.IGNORECASE):
        return ()
    for start, end in clauses(text):
        clause = text[start:end]
        if INTENDED.search(clause) and not MODES["negated"].search(clause):
            core = stated(_without_figures(clause))
            words = roots(core) - PLAN_WORDS - frozenset(NUMBER_WORDS)
            called = frozenset(root(name) for name in names(f"x {core}"))
            if not called and INTENDED.match(clause.lstrip(" ,")):  # the subject stands before an apposition
                called = frozenset(root(name) for name in names(f"x {stated(text[slice(*clauses(text)[0])])}"))
                words |= called
            if words - called:
                found.append((frozenset(word for word in words if not word[0].isdigit()), called))
    return tuple(found)


def _without_figures(clause: str) -> str:
    for figure in reversed(quantities(clause)):
        clause = clause[: figure.start] + clause[figure.end :]
    return clause


def _fulfils(new: Evidence, plan: tuple[frozenset[str], frozenset[str]]) -> bool:
    words, called = plan
    text = new.reading
    known = roots(text)
    acts = words - called
    least = max(MIN_PLAN_WORDS, (MIN_PLAN_SHARE if called else 1.0) * len(words))
    if not called <= known or not acts & known or len(words & known) < least:
        return False
    for start, end in clauses(text):
        clause = text[start:end]
        if not acts & roots(clause):
            continue
        if CALLED_OFF.search(clause):
            return True
        if not any(MODES[mode].search(clause) for mode in ("planned", "negated", "denied", "alleged")):
            return True
    return False


def _plan_has_moved(old: Evidence, new: Evidence) -> bool:
    """Whether both plan the same for different dates, and the later sentence says so or is of the same paper."""
    pairs = ((one, two) for one in planned_dates(old) for two in planned_dates(new))
    return any(
        one.words & two.words
        and one.date.excludes(two.date)
        and same_topic(old, new)
        and bool(_same_paper(new, old) or REVISED.search(new.sentence))
        for one, two in pairs
    )
