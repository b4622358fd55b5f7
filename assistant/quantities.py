"""Quantities in a sentence: what was counted or measured, how exactly, and which numbers are none of it.

Dates, clock times, ages, scores, ordinals and numbers of things (“Pier 7”) are not quantities.
"""

import re
from dataclasses import dataclass
from math import inf

from assistant.verification import FUNCTION_WORDS, NUMBER_WORDS, stem

ABOUT_SHARE = 0.15  # “about 100” may mean 85 to 115
ROUNDED_SHARE = 0.1  # “2 million” may stand for 1.8 million, and not for less
MONTHS = "January February March April May June July August September October November December".split()
MONTH = rf"(?:{'|'.join(MONTHS)}|Jan\.?|Feb\.?|Mar\.|Apr\.?|Jun\.|Jul\.|Aug\.?|Sept?\.?|Oct\.?|Nov\.?|Dec\.?)"

SCALES = {"hundred": 100, "thousand": 1000, "million": 10**6, "billion": 10**9, "trillion": 10**12}
SHORT_SCALES = {"k": "thousand", "m": "million", "mn": "million", "bn": "billion", "tn": "trillion"}
TENS = {word: ten for ten, word in enumerate("twenty thirty forty fifty sixty seventy eighty ninety".split(), start=2)}
SMALL = {word: int(digits) for word, digits in NUMBER_WORDS.items()} | {word: 10 * ten for word, ten in TENS.items()}
PERSON = "person"
PERSONS = frozenset(
    stem(word)
    for word in (
        "people person persons residents inhabitants citizens lives life bodies victims fatalities"
        " dead deaths casualties injured wounded missing"
    ).split()
)
UNITS = {
    name: unit
    for unit, names in {
        "percent": "%|percent|per cent|percentage points",
        "dollar": "US$|$|dollar|dollars|USD",
        "euro": "€|euro|euros|EUR",
        "pound": "£|pound|pounds|GBP",
        "yen": "¥|yen",
        "crown": "crown|crowns",
        "knot": "knot|knots",
        "kilometre": "km|kilometre|kilometres|kilometer|kilometers",
        "metre": "m|metre|metres|meter|meters",
        "mile": "mile|miles",
        "tonne": "tonne|tonnes|ton|tons",
        "kilogram": "kg|kilogram|kilograms|kilogrammes",
        "degree": "°C|degree|degrees",
    }.items()
    for name in names.split("|")
}
PHYSICAL = frozenset({"knot", "kilometre", "metre", "mile", "tonne", "kilogram", "degree"})
MONEY = frozenset({"dollar", "euro", "pound", "crown", "yen"})

_WORD_NUMBER = rf"(?:{'|'.join(sorted([*SMALL, *SCALES], key=len, reverse=True))})"
_DIGITS = r"(?<![\w.,])(?:\d{1,3}(?:,\d{3})+(?:\.\d+)?|\d+(?:\.\d+)?)(?!\w|[.,]\d)"
_TIGHT = r"(?<![\w.,])\d+(?:\.\d+)?(?=(?:k|mn?|bn|tn|km|kg)\b)"  # 5km, €3bn
NUMBER = re.compile(
    rf"(?P<sign>US\$|[$€£¥])?(?P<number>{_DIGITS}|{_TIGHT}|\b{_WORD_NUMBER}(?:(?:-|\s(?:and\s)?){_WORD_NUMBER})*\b)"
    r"(?:(?P<short>k|mn?|bn|tn)\b|[\s-](?P<scale>hundred|thousand|million|billion|trillion)\b)?",
    re.IGNORECASE,
)
# What looks like a quantity and is none.
NOT_QUANTITIES = re.compile(
    rf"\b{MONTH}\s\d{{1,2}}(?:st|nd|rd|th)?(?:\s?[–-]\s?\d{{1,2}})?(?:,?\s\d{{4}})?\b"
    rf"|\b\d{{1,2}}(?:st|nd|rd|th)?\s{MONTH}(?:\s\d{{4}})?\b|\b{MONTH},?\s\d{{4}}\b"
    r"|\b\d{1,2}(?:[.:]\d\d)?\s?[ap]\.?m\b\.?|\b\d{1,2}:\d\d\b|\b\d{4}-\d\d-\d\d\b"
    r"|\b(?:1[0-9]|20)\d\d(?:s\b|[–-]\d{2,4}\b|(?=\s*(?:[.,;:)?!]|$|[a-z]+ed\b|(?:and|or|to|the|in|of|when|was|is)\b)))"
    r"|(?<=\bin )(?:1[0-9]|20)\d\d\b|(?<=\bsince )(?:1[0-9]|20)\d\d\b|(?<=\buntil )(?:1[0-9]|20)\d\d\b"
    r"|\b(?:aged?|age of)\s\d{1,3}\b|\b\d{1,3}[\s-]years?[\s-]old\b|,\s\d{1,3},(?!\d)"
    r"|\b(?:man|woman|boy|girl|child)\sof\s\w+\b|\b\d+\s?[–-]\s?\d+\b"
    r"|\bNo\.\s?\d+|\b\d+(?:st|nd|rd|th)\b"
)
NUMBERED_THINGS = frozenset("season episode chapter part page phase".split())
LEAST = re.compile(
    r"\b(?:at least|more than|over|above|no (?:fewer|less) than|not less than|minimum of)\s(?:the\s)?$", re.I
)
MOST = re.compile(
    r"\b(?:up to|at most|no more than|fewer than|less than|under|below|as many as|as much as|maximum of)\s$", re.I
)
ABOUT = re.compile(
    r"\b(?:about|around|some|roughly|approximately|an? estimated|estimated|circa|nearly|almost|close to"
    r"|just (?:over|under))"
    r"\s(?:the\s)?$",
    re.I,
)
CHANGE = re.compile(
    r"\b(?:by|another|additional|further|extra|(?:increase|rise|fall|drop|gain|loss|cut|up|down) (?:of|by)"
    r"|margin of)\s$",
    re.I,
)
CHANGE_AFTER = re.compile(
    r"^(?:\s[\w.]+){0,3}?\s(?:more|less|fewer|higher|lower|longer|shorter|later|earlier|ahead|behind|times)\b"
)
OF_WHOLE = re.compile(r"\b(?:\d[\d,.]*|[a-z-]+)\sof\s(?:the|its|their|his|her|all)\s$", re.I)
RATE = re.compile(
    r"^\s?(?:an?|per|each|every)\s(?:second|minute|hour|day|night|week|month|year|head|person)\b|^\sdaily\b"
)
PLURAL = re.compile(r"[a-z]{2,}[^su\W]s$")
IRREGULAR = frozenset("people men women children police sheep lives dead injured wounded missing crew staff".split())


@dataclass(frozen=True, slots=True)
class Quantity:
    """A number with what it counts or measures.

    Attributes:
        text: as the sentence says it, with the words that make it inexact and the unit.
        value: in ones (``1.5 million`` is 1,500,000) of ``unit``.
        step: half of the last digit that is given, at most a tenth of the value; what rounding may have taken.
        bound: ``least`` (“at least 10”), ``most`` (“up to 10”), ``about``, or empty when it is plain.
        unit: a measure (``percent``, ``crown``), ``person``, the stem of the noun beside it, or empty.
        qualifiers: what narrows it down: stems between number and noun, ``change`` (“by 10”), ``rate`` (“a day”).
        start, end: offsets in characters of the sentence.
    """

    text: str
    value: float
    step: float
    bound: str
    unit: str
    qualifiers: frozenset[str]
    start: int
    end: int

    @property
    def range(self) -> tuple[float, float]:
        """The values that it may mean, both ends left out."""
        if self.bound == "least":
            return self.value - self.step, inf
        if self.bound == "most":
            return -inf, self.value + self.step
        reach = max(self.step, ABOUT_SHARE * self.value) if self.bound == "about" else self.step
        return self.value - reach, self.value + reach

    def excludes(self, other: "Quantity") -> bool:
        """Whether no number can be both, however inexact the two are."""
        return _apart(self.range, other.range)

    def differs(self, other: "Quantity") -> bool:
        """Whether they are different figures; rounding aside, but “at least 3” differs from 7."""
        mine = self.value - self.step, self.value + self.step
        return _apart(mine, (other.value - other.step, other.value + other.step))


def quantities(sentence: str) -> tuple[Quantity, ...]:
    """The quantities of a sentence, in its order."""
    text = NOT_QUANTITIES.sub(lambda match: "·" * len(match.group()), sentence)
    found = (_quantity(text, sentence, match) for match in NUMBER.finditer(text))
    return tuple(item for item in found if item is not None)


def _apart(one: tuple[float, float], other: tuple[float, float]) -> bool:
    # Equal ones are not, even when rounding leaves a point.
    return one != other and (one[1] <= other[0] or other[1] <= one[0])


def _quantity(text: str, sentence: str, match: re.Match[str]) -> Quantity | None:
    start = match.start("sign") if match.group("sign") else match.start("number")
    before, after = text[:start], text[match.end() :]
    number, scale = match.group("number").lower(), match.group("scale")
    if _is_name(before, number) or OF_WHOLE.search(before) or (number == "one" and not scale):
        return None
    short = str(match.group("short") or "").lower()
    if short == "m" and not match.group("sign"):  # metres
        short, after = "", f"m{after}"
    scale = scale or SHORT_SCALES.get(short, "")
    value, step = _value(number, SCALES.get(scale.lower(), 1))
    unit, qualifiers, length = _unit(after)
    sign = match.group("sign")
    bound, lead = _bound(before)
    if CHANGE.search(before) or CHANGE_AFTER.search(after):
        qualifiers |= {"change"}
    if RATE.search(after[length:]):
        qualifiers |= {"rate"}
    end = match.end() + length
    shown = sentence[start - lead : end].strip()
    return Quantity(shown, value, step, bound, UNITS[sign] if sign else unit, qualifiers, start, end)


def _is_name(before: str, number: str) -> bool:
    """Whether the number is part of a name: ``Pier 7``, ``season two``."""
    match = re.search(r"(\w[\w’']*)\s$", before)
    if not match:
        return False
    word = match.group(1)
    if word.lower() in NUMBERED_THINGS:
        return True
    lowered = word.lower()
    common = lowered in FUNCTION_WORDS or lowered in {"nearly", "almost", "around", "roughly", "approximately"}
    return number[0].isdigit() and word[0].isupper() and not common and bool(before[: match.start()].strip())


def _value(number: str, scale: int) -> tuple[float, float]:
    """The value in ones, and half of its last digit that is given."""
    if not number[0].isdigit():
        value = float(_in_words(number) * scale)
        scale = max(scale, SCALES.get(number.rsplit(maxsplit=1)[-1], 1))
        return value, (min(scale / 2, ROUNDED_SHARE * value) if scale > 1 else 0.5)
    plain = number.replace(",", "")
    value = float(plain) * scale
    if "." in plain:
        return value, scale * 0.5 * 10.0 ** -len(plain.partition(".")[2])
    zeros = len(plain) - len(plain.rstrip("0"))
    rounded = zeros >= 2 or scale > 1
    step = scale * 0.5 * 10.0 ** (zeros if rounded else 0)
    return value, min(step, ROUNDED_SHARE * value) if rounded else step


def _in_words(number: str) -> int:
    total, current = 0, 0
    for word in re.findall(r"[a-z]+", number):
        if word == "hundred":
            current = max(current, 1) * 100
        elif word in SCALES:
            total, current = total + max(current, 1) * SCALES[word], 0
        elif word != "and":
            current += SMALL[word]
    return total + current


def _bound(before: str) -> tuple[str, int]:
    """How inexact the words in front make a number, and how many characters they have."""
    for name, words in (("least", LEAST), ("most", MOST), ("about", ABOUT)):
        match = words.search(before)
        if match:
            return name, len(match.group())
    return "", 0


def _unit(after: str) -> tuple[str, frozenset[str], int]:
    """Unit, qualifiers in front of it, and how many characters they take."""
    for length in (2, 1):
        match = re.match(r"[\s-]?(%|°C|[A-Za-z]+(?:\s[A-Za-z]+)?)" if length == 2 else r"[\s-]?(%|[A-Za-z]+)", after)
        if match and match.group(1) in UNITS:
            return UNITS[match.group(1)], frozenset(), match.end()
    qualifiers: list[str] = []
    position = 0
    for match in re.finditer(r"\s([a-z][\w’'-]*)", after, re.IGNORECASE):
        word = match.group(1).lower()
        if match.start() != position or len(qualifiers) > 2 or word in FUNCTION_WORDS:
            break
        position = match.end()
        if word in IRREGULAR or PLURAL.match(word):
            root = stem(word)
            return (PERSON if root in PERSONS else root), frozenset(qualifiers), position
        qualifiers.append(stem(word))
    return "", frozenset(), 0
