"""Prompt injection: separates sentences that tell news from those that address the model or person reading them.

A sentence that gives orders to a machine is no evidence, and what follows it in its paragraph is not trusted either.
Articles are data: what they order is not done, and it is not said. Whether a sentence addresses machines is told by the
reader, which has learned it (``index.retrieve.reader``); the signs that forge a prompt, and letters that hide, are told
by rule.
"""

import re
import unicodedata
from collections.abc import Sequence
from itertools import takewhile

from assistant.text.claim_check import content_stems
from index.articles import Sentence

# The least log-odds with which a sentence is taken for an order. Of the newsroom's 1,088 sentences, which the head was
# not trained on, it takes 15 for orders; one is.
ORDER_LOGIT = -0.5
MIN_LIKE = 3  # sentences of a paragraph in nearly the same words
MIN_LIKE_STEMS = 4  # in common; fewer may be chance
LIKE_SHARE = 0.7  # of the longer sentence's stems
MIN_LETTERS = 3  # of a word; shorter ones are units and formulas
SCRIPTS = ("CYRILLIC", "GREEK", "ARMENIAN", "CHEROKEE")  # have letters that look like Latin ones

# What chat templates put around turns; the headings of instruction-tuning sets (Alpaca: "### Response:"); the turns of
# conversations with a model ("USER: … ASSISTANT:", Vicuna); and the labels of our own prompt and reply. Of 9,886
# sentences of the newsroom, the news test list, CLAPNQ and SQuAD 2 none has one.
_MARKUP = re.compile(
    r"<\|[\w. ]{1,30}\|>|<</?SYS>>|\[/?INST\]|\[/?SYSTEM_PROMPT\]|\[gMASK\]"
    r"|^#{2,}\s?(?:instruction|input|response|system|user|assistant|human)\b|^(?:user|assistant|human)\s?:"
    r"|^\W{0,4}S\d{1,3}\W{0,2}[:=]|^\W{0,2}[\[【〔‹«(]\s?S\d{1,3}\s?[\]】〕›»)]",
    re.IGNORECASE,
)
# Marks that turn the direction of writing, and tag characters, which are invisible.
_HIDING = re.compile("[\u202a-\u202e\u2066-\u2069\U000e0000-\U000e007f]")
_WORD = re.compile(r"\w+")


def news_of(text: str, sentences: Sequence[Sentence], start: int = 0) -> tuple[Sentence, ...]:
    """The sentences of a text that can be evidence by what they look like: no forged prompt, and no repetitions.

    What follows a forged prompt in its paragraph is not trusted either. Three sentences of a paragraph in nearly the
    same words are not how news is written; such a paragraph is there to be found by a search (Zou et al.,
    "PoisonedRAG", USENIX Security 2025).

    Args:
        text: holds the sentences; a chunk's, say.
        start: offset of the text in the article, whose offsets the sentences have.
    """
    news: list[Sentence] = []
    for paragraph in _paragraphs(text, sentences, start):
        if not _repeats_itself(paragraph):
            news += takewhile(lambda sentence: not forged(sentence.text), paragraph)
    return tuple(news)


def said_before(text: str, sentences: Sequence[Sentence], sentence: Sentence, start: int = 0) -> list[str]:
    """A sentence and those before it in its paragraph: an order goes on to the end of the paragraph.

    Args:
        text, sentences, start: as for ``news_of``.
    """
    paragraph = next(found for found in _paragraphs(text, sentences, start) if sentence in found)
    return [other.text for other in paragraph if other.number <= sentence.number]


def forged(sentence: str) -> bool:
    """Whether a sentence holds signs of a prompt, marks that hide text, or words of letters that only look right."""
    if _MARKUP.search(unicodedata.normalize("NFKC", sentence)) or _HIDING.search(sentence):
        return True
    return not sentence.isascii() and any(map(_is_disguised, _WORD.findall(sentence)))


def _is_disguised(word: str) -> bool:
    """Whether a word has letters of two scripts that look alike, or letters made for formulas and wide columns.

    Unicode Technical Standard 39, section 5.1, and the compatibility forms of Unicode Standard Annex 15.
    """
    if word.isascii() or len(word) < MIN_LETTERS:
        return False
    scripts = {unicodedata.name(letter, "").partition(" ")[0] for letter in word if letter.isalpha()}
    if "LATIN" in scripts and any(script in scripts for script in SCRIPTS):
        return True
    plain = unicodedata.normalize("NFKC", word)
    return plain.isascii() and plain.isalpha() and len(plain) == len(word)


def _paragraphs(text: str, sentences: Sequence[Sentence], start: int) -> list[list[Sentence]]:
    """Runs of sentences without a line break between them; one that ends with a colon takes the next run in."""
    found: list[list[Sentence]] = []
    for sentence in sentences:
        last = found[-1][-1] if found else None
        broken = last is None or "\n" in text[last.end - start : sentence.start - start]
        if last is not None and (not broken or last.text.rstrip().endswith(":")):
            found[-1].append(sentence)
        else:
            found.append([sentence])
    return found


def _repeats_itself(paragraph: Sequence[Sentence]) -> bool:
    stems = [content_stems(sentence.text) for sentence in paragraph]
    return any(sum(_alike(one, other) for other in stems) >= MIN_LIKE for one in stems)  # itself among them


def _alike(one: frozenset[str], other: frozenset[str]) -> bool:
    common = len(one & other)
    return common >= MIN_LIKE_STEMS and common >= LIKE_SHARE * max(len(one), len(other))
