"""Replaces a pronoun at the head of a sentence by the name it stands for, if the question asks about that person.

A sentence such as "He flew in from Japan" scores low for a question about Blinken only because it does not say his
name. Where the sentences before tell that he is meant, the sentence is read with the name in its place. Only the
reading changes: the citation stays the sentence as it stands in the article.
"""

import re
from collections.abc import Iterator, Sequence

from assistant.text.claim_check import FUNCTION_WORDS, stem
from index.english import TITLES

LOOK_BACK = 3  # sentences; beyond, a pronoun seldom reaches
HEAD_WORDS = 7  # the pronoun must stand near the head, where the subject stands: "From Japan, where he had been, …"
PRONOUN = re.compile(r"\b(?P<possessive>his|their)\b|\b(?P<subject>he|she|they)\b", re.IGNORECASE)
NAME = re.compile(r"(?<![\w-])[A-Z][\w’'-]*\w")
HONORIFIC = re.compile(rf"\b(?:{'|'.join(TITLES)}|Sir|Dame)\b\.? ")
# A name after one of these is a place or an object, not the one who acts.
BEFORE_OBJECT = re.compile(
    r"\b(?:in|at|on|to|from|for|of|by|with|after|before|about|into|near|against|over|the)\s+$", re.I
)


def named_reading(sentence: str, before: Sequence[str], question: str) -> str:
    """The sentence with its first pronoun replaced by the person of the question whom it means, else as it is.

    The pronoun means that person when, in the nearest of the sentences before that has an acting name at all, the
    person's is the first of them.

    Args:
        before: the ``LOOK_BACK`` sentences before it, in the order of the article.
    """
    pronoun = PRONOUN.search(sentence)
    if pronoun is None or len(sentence[: pronoun.start()].split()) >= HEAD_WORDS or any(_actors(sentence)):
        return sentence
    asked = {stem(name) for name in _actors(question)}
    actor = next((first for text in reversed(before) if (first := next(_actors(text), ""))), "")
    if not actor or stem(actor) not in asked:
        return sentence
    name = re.sub(r"['’]s?$", "", actor)
    substitute = f"{name}’s" if pronoun["possessive"] else name
    return sentence[: pronoun.start()] + substitute + sentence[pronoun.end() :]


def _actors(text: str) -> Iterator[str]:
    """Surnames (the last word of a run of capitalised words) that are not the object of a preposition."""
    text, position = HONORIFIC.sub("", text), 0
    while match := NAME.search(text, position):
        end = match.end()
        last = match.group()
        while (following := NAME.match(text, end + 1)) and text[end] == " ":
            last, end = following.group(), following.end()
        if not BEFORE_OBJECT.search(text[: match.start()]) and last.lower() not in FUNCTION_WORDS:
            yield last
        position = end
