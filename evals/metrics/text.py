"""Normalises texts for comparison: folding, tokens, numbers."""

import re
import string
import unicodedata
from collections.abc import Sequence
from decimal import Decimal, InvalidOperation

from assistant.text.claim_check import numbers

_NUMBER = re.compile(r"\d{1,3}(?:,\d{3})+(?:\.\d+)?(?!\d)|\d+(?:\.\d+)?")
_ARTICLES = frozenset({"a", "an", "the"})
_DOTTED = re.compile(r"\b(?:[^\W\d_]\.){2,}")
_ALPHANUMERIC = re.compile(r"[^\W_]+")
_POINT = "\ue000"  # stands for the decimal point while punctuation is taken out
_BETWEEN_WORDS = re.compile(rf"[^\w{_POINT}]|_")


def fold(text: str) -> str:
    """Compatibility forms unified, accents and case taken away (Unicode Standard Annex 15, NFKD)."""
    if text.isascii():
        return text.casefold()
    decomposed = unicodedata.normalize("NFKD", text)
    return "".join(character for character in decomposed if not unicodedata.combining(character)).casefold()


def squad_tokens(text: str) -> list[str]:
    """Tokens as the SQuAD evaluation makes them: lower case, without punctuation and the articles a, an, the.

    Rajpurkar et al., EMNLP 2016. Beyond it, Unicode is folded and its punctuation counts as punctuation, and numbers
    keep their value: 1,840 is 1840, 2.50 is 2.5, and 9.2 is not 92.
    """
    plain = _NUMBER.sub(lambda match: _canonical(match.group()).replace(".", _POINT), fold(text))
    kept = plain.translate(_WITHOUT_PUNCTUATION).replace(_POINT, ".")
    return [token for token in kept.split() if token not in _ARTICLES]


def words(text: str) -> list[str]:
    """Tokens for looking a phrase up in an answer: as ``squad_tokens``, but hyphens and apostrophes part words."""
    plain = _DOTTED.sub(lambda match: match.group().replace(".", ""), fold(text))
    plain = _NUMBER.sub(lambda match: _canonical(match.group()).replace(".", _POINT), plain)
    kept = _BETWEEN_WORDS.sub(" ", plain)
    return [token for token in kept.replace(_POINT, ".").split() if token not in _ARTICLES]


def alphanumeric_words(text: str) -> list[str]:
    """Runs of letters and digits, folded; for ASCII the tokens of the ROUGE reference code without stemming."""
    return _ALPHANUMERIC.findall(fold(text))


def contains(text: Sequence[str], phrase: Sequence[str]) -> bool:
    """Whether the tokens of the phrase stand next to each other, in order, in the text; an empty phrase never does."""
    size = len(phrase)
    return size > 0 and any(list(text[i : i + size]) == list(phrase) for i in range(len(text) - size + 1))


def number_values(text: str) -> frozenset[Decimal]:
    """The numbers that the text states, in digits or in words up to twenty."""
    values = set()
    for number in numbers(text):
        try:
            values.add(Decimal(number).normalize())
        except InvalidOperation:  # several points, as in 10.48.1: a label, not a value
            continue
    return frozenset(values)


def _canonical(number: str) -> str:
    value = Decimal(number.replace(",", ""))
    plain = format(value, "f")
    return plain.rstrip("0").rstrip(".") if "." in plain else plain


class _WithoutPunctuation(dict[int, str]):
    """For ``str.translate``: what becomes of each character, looked up once."""

    def __missing__(self, code: int) -> str:
        character = chr(code)
        category = unicodedata.category(character)
        if category == "Pd" and character not in string.punctuation:
            self[code] = " "  # a dash between words parts them; the ASCII hyphen does not, as in SQuAD
        else:
            self[code] = "" if character in string.punctuation or category.startswith("P") else character
        return self[code]


_WITHOUT_PUNCTUATION = _WithoutPunctuation()
