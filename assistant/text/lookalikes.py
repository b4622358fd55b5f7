"""Normalises text to what a reader sees: removes invisible characters and unifies letters that look alike.

Attacks on text filters write a word with such signs: Boucher et al., "Bad Characters: Imperceptible NLP Attacks", IEEE
Symposium on Security and Privacy 2022. The text of an article stays as it is; these are readings of it.
"""

import re
import unicodedata
from dataclasses import dataclass
from functools import lru_cache

# Default_Ignorable_Code_Point of Unicode 16 (DerivedCoreProperties.txt): zero-width and soft-hyphen, joiners, marks of
# direction, fillers, variation selectors and the tag characters; and the anchors of interlinear annotations.
_UNSEEN = re.compile(
    "[\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u202a-\u202e\u2060-\u206f\u3164\ufe00-\ufe0f"
    "\ufeff\uffa0\ufff0-\ufffb\U0001bca0-\U0001bca3\U0001d173-\U0001d17a\U000e0000-\U000e0fff]"
)
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2800]")  # the empty Braille pattern is a blank, too

# Signs of other scripts and of typesetting that pass for ASCII ones; after NFKD, which unifies full-width, circled and
# mathematical forms. A choice from the confusables of Unicode Technical Standard 39.
_LOOKALIKES = str.maketrans(
    "АВЕЅІЈКМНОРСТУХаеѕіјорсухһԁԛԝԍ"
    "ΑΒΕΖΗΙΚΜΝΟΡΤΥΧοινρ"
    "ɑɡɩꜱᴀᴄᴅᴇɪᴊᴋᴍɴᴏᴘᴛᴜᴠᴡᴢ"
    "【〔〖〘〚［⟦⦋❲⁅「『"
    "】〕〗〙〛］⟧⦌❳⁆」』"
    "〈⟨❬❮❰⧼ᐸ˂"
    "〉⟩❭❯❱⧽ᐳ˃"
    "∣│┃ǀ⏐❘❙⎸ꓲ"
    "∶꞉ː︰"
    "“”„‟«»″"
    "‘’‚‛′ʼ"
    "∕⁄⧸"
    "‐‑‒–—―−",
    "ABESIJKMHOPCTYXaesijopcyxhdqwG"
    "ABEZHIKMNOPTYXoivp"
    "agisACDEIJKMNOPTUVWZ"
    "[[[[[[[[[[[["
    "]]]]]]]]]]]]"
    "<<<<<<<<"
    ">>>>>>>>"
    "|||||||||"
    "::::"
    '"""""""'
    "''''''"
    "///"
    "-------",
)


@dataclass(frozen=True, slots=True)
class Folded:
    """A text in plain signs; ``at[i]`` is the offset in the original of the sign that ``text[i]`` stands for."""

    text: str
    at: tuple[int, ...]


def seen(text: str) -> str:
    """The text on one line, without what cannot be seen; single spaces part its words."""
    return " ".join(_CONTROL.sub(" ", _UNSEEN.sub("", text)).split())


def folded(text: str) -> Folded:
    """The text with accents taken away and every sign that looks like one of ASCII replaced by that one."""
    signs = [(sign, offset) for offset, character in enumerate(text) for sign in _plain(character)]
    return Folded("".join(sign for sign, _ in signs), tuple(offset for _, offset in signs))


@lru_cache(maxsize=4096)
def _plain(character: str) -> str:
    if character.isascii():
        return character
    signs = unicodedata.normalize("NFKD", character.translate(_LOOKALIKES)).translate(_LOOKALIKES)
    return "".join(_digit(sign) for sign in signs if not unicodedata.combining(sign) and not _UNSEEN.match(sign))


def _digit(sign: str) -> str:
    value = unicodedata.decimal(sign, None)
    return sign if value is None else str(value)
