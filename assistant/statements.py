"""What a sentence of the evidence states, who says so, and whether two sentences speak of the same thing.

Used where sentences are set against each other. Everything here errs on the side of “not the same”.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from itertools import pairwise

from assistant.answer import Evidence
from assistant.quantities import MONEY, MONTH, PERSON, Quantity, quantities
from assistant.verification import FUNCTION_WORDS, MODES, NUMBER_WORDS, WORD, names, stem

# Words of one family tell what happened to the people counted, or what the money is for.
FAMILIES = {
    name: re.compile(rf"\b(?:{words})\b", re.IGNORECASE)
    for name, words in {
        "death": r"die[sd]?|dead|deaths?|kill(?:s|ed|ing)?|tolls?|fatalit\w+|perish\w*|drowned|lives lost"
        r"|lost (?:their|his|her) li(?:ves|fe)|(?:cost|claimed) [\w ]*lives",
        "injury": r"injur\w+|hurt|wound(?:s|ed)",
        "missing": r"missing|unaccounted",
        "evacuation": r"evacuat\w+|(?:brought|taken) to safety|(?:leave|left) their homes|displaced|fled|homeless",
        "arrest": r"arrest\w*|detain\w*",
        "rescue": r"rescu\w+|saved",
        "aboard": r"aboard|on board",
        "price": r"costs?|prices?|priced|expensive|worth|bill",
        "speed": r"speed|fast|travelling|traveling",
    }.items()
}
IRREGULAR = {
    past: stem(verb)
    for verb, forms in {
        "meet": "met",
        "hold": "held",
        "take": "took taken",
        "begin": "began begun",
        "win": "won",
        "lose": "lost",
        "go": "went gone",
        "come": "came",
        "leave": "left",
        "give": "gave given",
        "speak": "spoke spoken",
        "see": "saw seen",
        "sign": "signed",
        "fly": "flew flown",
        "pay": "paid",
        "sell": "sold",
        "buy": "bought",
        "build": "built",
        "break": "broke broken",
        "rise": "rose risen",
        "fall": "fell fallen",
        "find": "found",
        "strike": "struck",
        "sail": "sailed",
        "swear": "swore sworn",
        "ride": "rode ridden",
        "run": "ran",
        "send": "sent",
        "make": "made",
    }.items()
    for past in forms.split()
}
SPEECH = re.compile(
    r"\b(?:said|says|told|announced|reported|according to|stated|wrote|confirmed|added|estimates?)\b",
    re.I,
)
REPORTING = re.compile(
    r"^[^,]*?\b(?:said|says|announced|reported|confirmed|stated|told \w+)(?: on \w+)?(?: that\b|(?= at least\b))"
)
DATELINE = re.compile(r"^[A-Z][A-Z .’'-]+(?:\([A-Z]+\))? [–—-] ")
WEEKDAY = re.compile(r"\b(?:Mon|Tues|Wednes|Thurs|Fri|Satur|Sun)day(?:['’]s)?\b")
TIME = re.compile(
    rf"{WEEKDAY.pattern}|\b{MONTH}(?:\s\d{{1,2}})?(?:,?\s\d{{4}})?(?!\w)|\b(?:1[0-9]|20)\d\d\b"
    r"|\b(?:yesterday|today|tomorrow|last|next|this|that|previous|first|second|third|fourth|final)\s"
    r"(?:day|night|week|weekend|month|year|quarter|half|season|time|round|race|match|game|series)s?\b"
)
ORDINAL = re.compile(
    r"\b(?:\d+(?:st|nd|rd|th)|first|second|third|fourth|fifth|sixth|seventh|eighth|ninth|tenth|last|final)\b"
    r"|^(?:First|Second|Third|Last|Final)\b(?! [A-Z])"
)
# The sentence looks back on a figure, or takes it back.
FORMER = re.compile(
    r"\bhad (?:\w+ )?(?:spoken|counted|reported|said|put|announced|asked|stood|predicted|expected|estimated"
    r"|offered|demanded)\b"
    r"|\b(?:at first|initially|originally|earlier|previous(?:ly)?|formerly|first reported|at the time)\b|\bwe wrote\b"
    r"|\b(?:was|were) to (?:cost|be|have|open)\b|\bwhen the \w+ stood\b|\bnot \d",
    re.IGNORECASE,
)
PLANNED = re.compile(MODES["planned"].pattern + r"|\b(?:forecast|ready to|may soon|as planned)\b", re.I)
CLAUSE_END = re.compile(
    r"[;:—–]|,(?!\d)|\s(?=(?:and(?!\s[A-Z])|but|while|although|before|after|which|who|whom|whose|when|where|as|because|that"
    r"|in which)\b)"
)
# One of these makes it a part of those counted.
NARROWED = re.compile(
    r"\b(?:serious\w*|critical\w*|slight\w*|badly|severe\w*|minor|women|men|children|child|female|male|foreign\w*|soldiers?"
    r"|civilians?|police\w*|officers?|crew|tourists?|students?|adults?|of (?:whom|his|her|its|our))\b",
    re.IGNORECASE,
)
GENERIC = frozenset(
    stem(word) for word in "people person number total count figure time day year week month report".split()
)
SHORT_NAME = 2  # letters; shorter ones are initials
MIN_SHARED_TOPIC = 2
KEPT = 256  # readings of sentences, for each is set against all others


@dataclass(frozen=True, slots=True)
class Mention:
    """A quantity in its place.

    Attributes:
        family: of ``FAMILIES``; empty when its clause has none; ``?`` when it has several.
        words: stems of the clause's other words, without who said so and when.
        names: those of ``words`` that are names.
        times: points of time and ordinals in the clause.
        narrowed: words of the clause that tell of a part only (“seriously”, “children”).
        planned, former: whether it is a plan or a forecast; whether the sentence looks back on it.
        speaker: stems of the words that name who said so; empty when nobody is named.
    """

    item: Evidence
    quantity: Quantity
    family: str
    words: frozenset[str]
    names: frozenset[str]
    times: frozenset[str]
    narrowed: frozenset[str]
    planned: bool
    former: bool
    speaker: frozenset[str]

    def same_measure(self, other: "Mention") -> bool:
        """Whether both count or measure the same, of the same thing, in the same state of affairs."""
        one, two = self.quantity, other.quantity
        if "?" in (self.family, other.family) or self.family != other.family or one.qualifiers != two.qualifiers:
            return False
        if self.narrowed != other.narrowed:
            return False
        if not self._same_unit(other) or self.planned != other.planned or self.times != other.times:
            return False
        if self.family in {"", "price"} and not (self.words & other.words or self.family):
            return False
        return not (self.names - other.names and other.names - self.names) and same_topic(self.item, other.item)

    def _same_unit(self, other: "Mention") -> bool:
        units = {self.quantity.unit, other.quantity.unit}
        if len(units) == 1:
            return units != {""} or self.family not in {"", "price"}
        return units == {"", PERSON} and self.family not in {"", "price", "speed"}


@lru_cache(maxsize=KEPT)
def mentions(item: Evidence) -> tuple[Mention, ...]:
    """The quantities that a sentence states, each with its clause."""
    found = quantities(item.sentence)
    said = speaker(item.sentence)
    spans = clauses(item.sentence)
    return tuple(_mention(item, quantity, said, spans) for quantity in found)


def _mention(item: Evidence, quantity: Quantity, said: frozenset[str], spans: list[tuple[int, int]]) -> Mention:
    start, end = next(span for span in spans if span[0] <= quantity.start < span[1])
    clause = item.sentence[start:end]
    rest = item.sentence[start : quantity.start] + " " + item.sentence[quantity.end : end]
    families = [name for name, words in FAMILIES.items() if words.search(clause)]
    if quantity.unit in MONEY or families != ["price"]:
        families = [name for name in families if (name == "price") <= (quantity.unit in MONEY | {""})]
    core = stated(rest)
    return Mention(
        item=item,
        quantity=quantity,
        family="" if not families else families[0] if len(families) == 1 else "?",
        words=roots(core) - {quantity.unit},
        names=frozenset(root(name) for name in names(f"x {core}")),
        times=times(clause, item.sentence) - {item.article.published[:4]},
        narrowed=frozenset(word.lower() for word in NARROWED.findall(clause)),
        planned=bool(PLANNED.search(clause)),
        former=bool(FORMER.search(clause)) or _moved_from(item.sentence, quantity),
        speaker=said,
    )


def _moved_from(sentence: str, quantity: Quantity) -> bool:
    """Whether it is the first figure of “from 4.0 to 5.2”."""
    return bool(
        re.search(r"\bfrom\s$", sentence[: quantity.start])
        and re.match(r"\s(?:[\w.]+\s){0,2}to\s", sentence[quantity.end :])
    )


def clauses(sentence: str) -> list[tuple[int, int]]:
    """Offsets of the clauses, which tile the sentence."""
    cuts = sorted({0, *(match.start() for match in CLAUSE_END.finditer(sentence) if match.start()), len(sentence)})
    return list(pairwise(cuts)) or [(0, len(sentence) + 1)]


def stated(text: str) -> str:
    """The text without dateline, points of time, and who said so."""
    text = DATELINE.sub("", text)
    text = REPORTING.sub("", text)
    return TIME.sub(" ", text)


def speaker(sentence: str) -> frozenset[str]:
    """Stems of the words that tell who said so."""
    parts = re.split(r",(?!\d)\s?", DATELINE.sub("", sentence))
    saying = next((i for i, part in enumerate(parts) if SPEECH.search(part)), None)
    if saying is None:
        return frozenset()
    part = parts[saying]
    reporting = REPORTING.match(part)
    first = saying
    while not reporting and first and not quantities(parts[first - 1]) and first - 1:
        first -= 1
    text = reporting.group() if reporting else " ".join(parts[first : saying + 1])
    return roots(SPEECH.sub(" ", TIME.sub(" ", text))) if reporting or not quantities(text) else frozenset()


def times(clause: str, sentence: str) -> frozenset[str]:
    """Years and ordinals of the clause and of a phrase in front (“In 2022, …”); not days, which are relative."""
    front = re.match(r"(?:[\w ]{1,20} )?(?:in|during|by|since|of) (?:\w+ )?\d{4},", sentence, re.IGNORECASE)
    years = re.findall(r"\b(?:1[0-9]|20)\d\d\b(?!,\d)", f"{front.group() if front else ''} {clause}")
    return frozenset(years) | frozenset(word.lower() for word in ORDINAL.findall(clause))


def same_topic(one: Evidence, other: Evidence) -> bool:
    """Whether the sentences with their titles share enough, or their surroundings share names."""
    shared = topic(one) & topic(other)
    if len(shared) >= MIN_SHARED_TOPIC:
        return True
    return len(_context_names(one) & _context_names(other)) >= MIN_SHARED_TOPIC and bool(shared)


@lru_cache(maxsize=KEPT)
def topic(item: Evidence) -> frozenset[str]:
    """Stems of sentence and title that tell what it is about."""
    text = without_families(stated(f"{item.article.title}. {item.reading}"))
    plain = roots(text) - GENERIC - frozenset(NUMBER_WORDS)
    return frozenset(word for word in plain if not word[0].isdigit())


def without_families(text: str) -> str:
    """The text without the words of ``FAMILIES``, which say the same in many ways."""
    for words in FAMILIES.values():
        text = words.sub(" ", text)
    return text


@lru_cache(maxsize=KEPT)
def _context_names(item: Evidence) -> frozenset[str]:
    text = TIME.sub(" ", f"{item.article.title} {item.context}")
    return frozenset(root(name) for name in names(text) if len(name) > SHORT_NAME) - GENERIC - frozenset(NUMBER_WORDS)


@lru_cache(maxsize=KEPT)
def surroundings(item: Evidence) -> frozenset[str]:
    """Stems of title, sentence and the text around it."""
    return roots(f"{item.article.title} {item.article.source} {item.reading} {item.before} {item.context}")


def roots(text: str) -> frozenset[str]:
    """Stems of the words that carry meaning, irregular verbs by their present."""
    return frozenset(_roots(text))


def _roots(text: str) -> Iterator[str]:
    for word in WORD.findall(text):
        for part in (word,) if word.isalnum() else (word, *re.split(r"[-&]", word)):
            if part and part.lower() not in FUNCTION_WORDS:
                yield root(part)


def root(word: str) -> str:
    """The stem of a word; of an irregular past that of its verb."""
    return IRREGULAR.get(word.lower(), stem(word))


def later(item: Evidence, other: Evidence) -> bool:
    """Whether an article is known to be published after another one; a bare date and a time of that day are not."""
    one, two = item.article.published, other.article.published
    if not one or not two:
        return False
    if min(len(one), len(two)) <= len("2023-11-09"):
        return one[:10] > two[:10]
    return (item.article.published_at or 0) > (other.article.published_at or 0)


def days_apart(one: Evidence, other: Evidence) -> int | None:
    """Calendar days between two publications, None when one is unknown."""
    if not one.article.published or not other.article.published:
        return None
    first, second = (date.fromisoformat(item.article.published[:10]) for item in (one, other))
    return abs((first - second).days)
