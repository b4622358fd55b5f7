"""Checks by words whether a sentence states a claim, without a model.

A claim passes when its sentence has every number, every name and most of the other words of the claim, and when what
the sentence plans, reports or denies is not told as a fact. What fails is not shown as it stands.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import pairwise

import snowballstemmer

from index.english import NUMBER_WORDS, PRONOUNS
from index.split.sentences import MAX_SENTENCE_CHARACTERS

# A claim in its sentence's own words has nearly all of them; a lower share lets in claims that add things.
MIN_CONTENT_RECALL = 0.7
MIN_ECHO_RECALL = 0.9
# What a model writes is read by rules, whose time must have a bound; a sentence may be told with its list's first line.
MOST_CLAIM_CHARACTERS = 2 * MAX_SENTENCE_CHARACTERS
PRONOUN = re.compile(rf"\b(?:{'|'.join(PRONOUNS)})\b", re.IGNORECASE)
NAME_RUN = re.compile(r"[A-Z][\w’'.-]*\w(?: [A-Z][\w’'-]*\w)*")  # neighbouring capitalised words
WORD = re.compile(r"\w+(?:['’.\-&]\w+)*", re.UNICODE)
COMPOUND = re.compile(r"\W")
CONTRACTED = re.compile(r"['’](?:m|s|d|re|ve|ll)$")
NUMBER = re.compile(r"(?<!\w)\d+(?:[.,]\d+)*")  # the 7 of G7 belongs to a name
IN_WORDS = re.compile(r"[a-z]+(?:-[a-z]+)?")
CLAUSE_END = re.compile(r"[,;:—–]|\b(?:and|but|while|although|before|after|which|who)\b")

FUNCTION_WORDS = frozenset(
    (
        "a an the this that these those and or but nor so yet if as of in on at by for from to into with without"
        " within over under about between among during before after since until through against is are was were be"
        " been being am has have had having do does did doing will would shall should can could may might must not"
        " no it its he him his she her hers they them their theirs we us our i me my you your who whom whose which"
        " what when where why how there here then than also just only very more most such own same other another"
        " each both all any some few many much one ones said says say according s t"
    ).split()
)
_PLANNED = (
    # In small letters only: Will is a name, and May a month.
    r"(?-i:will|may)|would|shall|schedul\w+|appointments?|plan(?:s|ned|ning)?|due to|set to|expect(?:s|ed)?"
    r"|intend(?:s|ed)?|to be held|hop(?:es|ed|ing) to|aim(?:s|ed|ing)? to|going to|is to|are to|was to|were to"
    r"|propos\w+|slated|about to|promis\w+|pledg\w+|vow\w*|could|might"
)
# Words that tell how a statement is meant. A claim may not drop its sentence's way of meaning it.
MODES = {
    "planned": re.compile(rf"\b(?:{_PLANNED})\b", re.I),
    "yet to come": re.compile(rf"\b(?:{_PLANNED}|upcoming|future|later on|due|set|next)\b", re.I),
    "denied": re.compile(r"\b(?:den(?:y|ies|ied|ying)|denial|reject(?:s|ed|ing)?|refut\w+|dismiss(?:es|ed))\b", re.I),
    "alleged": re.compile(
        r"\b(?:alleg\w+|reported(?:ly)?|accus\w+|suspect\w*|claim(?:s|ed|ing)?|rumou?r\w*|apparent(?:ly)?|unconfirmed"
        r"|believed)\b",
        re.I,
    ),
    "negated": re.compile(
        r"\b(?:not|no(?! (?:fewer|less|more|later|earlier) than)|never|none|neither|nor|without|nobody|nothing"
        r"|cannot)\b|n['’]t\b",
        re.I,
    ),
}


# Addresses that a reader could be sent to; an answer never repeats one that the question does not have.
LINK = re.compile(r"(?:https?://|www\.)\S+|\b[\w.+-]+@[\w-]+\.\w+\b", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Verdict:
    """Whether a claim is supported.

    Attributes:
        reason: what speaks against it; empty when nothing does.
        reach: how many of the sentences before must be cited too, because a pronoun stands for a name in them.
    """

    reason: str = ""
    reach: int = 0

    @property
    def supported(self) -> bool:
        return not self.reason


def verify(claim: str, sentence: str, *, before: Sequence[str] = (), by_words: bool = True) -> Verdict:
    """Check a claim against the sentence that it cites.

    Args:
        before: the sentences just before it, in the order of the article; as few of them as possible lend their names
            when the sentence has a personal pronoun.
        by_words: also ask for most of the claim's words, where no reader says whether the sentence states it.
    """
    if len(claim) > MOST_CLAIM_CHARACTERS:
        return Verdict("it is longer than any sentence")
    if not content_stems(claim):
        return Verdict("says nothing")
    missing = numbers(claim) - numbers(sentence)
    if missing:
        return Verdict(f"the sentence does not have {_listed(missing)}")
    strange = frozenset(name for name in names(claim) if not word_stems(name) <= word_stems(sentence))
    reach = names_before(claim, sentence, before)
    if strange and not reach:
        return Verdict(f"the sentence does not name {_listed(strange)}")
    lent = frozenset().union(*(word_stems(name) for name in strange))
    if otherwise := how_meant_otherwise(claim, sentence):
        return Verdict(otherwise)
    if by_words and content_recall(claim, sentence, lent) < MIN_CONTENT_RECALL:
        return Verdict("the sentence does not state it")
    return Verdict(reach=reach)


def how_meant_otherwise(claim: str, sentence: str) -> str:
    """What only one of claim and sentence tells as planned, alleged or denied; empty when nothing is."""
    if _denies(claim) and not _denies(sentence):
        return "the sentence does not deny it"
    added = next((mode for mode in ("planned", "alleged") if _only_in(claim, sentence, mode)), "")
    if added:
        return f"the claim tells it as {added}, the sentence does not"
    clause = _matching_clause(claim, sentence)
    lost = next((mode for mode in MODES if _only_in(clause, claim, mode)), "")
    return f"the sentence tells it as {lost}, the claim does not" if lost else ""


def names_before(claim: str, sentence: str, before: Sequence[str]) -> int:
    """How many of the sentences before it take to find the claim's names that a sentence with a pronoun lacks."""
    strange = [name for name in names(claim) if not word_stems(name) <= word_stems(sentence)]
    return _reach(strange, before) if strange and PRONOUN.search(sentence) else 0


def states(claim: str, sentence: str) -> bool:
    """Whether a sentence states a claim made of another one: by itself, and in nearly the same words."""
    return verify(claim, sentence).supported and content_recall(claim, sentence) >= MIN_ECHO_RECALL


def content_recall(claim: str, sentence: str, lent: frozenset[str] = frozenset()) -> float:
    """Share of the claim's content words (stemmed) that the sentence has or that are lent to it."""
    wanted = content_stems(claim)
    known = word_stems(sentence) | lent | numbers(sentence)
    numbered = _numbers_by_stem()
    return sum(word in known or numbered.get(word) in known for word in wanted) / len(wanted) if wanted else 0.0


@cache
def _numbers_by_stem() -> Mapping[str, str]:
    return {stem(word): number for word, number in NUMBER_WORDS.items()}


def _reach(wanted: Iterable[str], before: Sequence[str]) -> int:
    """How many of the sentences before it takes to find all these names; 0 when they are not there."""
    stems = {part for name in wanted for part in word_stems(name)}
    for reach in range(1, len(before) + 1):
        lent = frozenset().union(*(word_stems(run) for run in NAME_RUN.findall(" ".join(before[-reach:]))))
        if stems <= lent:
            return reach
    return 0


def links(text: str) -> frozenset[str]:
    """Web and e-mail addresses."""
    return frozenset(match.rstrip(".,;:!?)]\"'”’") for match in LINK.findall(text))


def names(text: str) -> frozenset[str]:
    """Words written with a capital that are not merely the first of a sentence, and words with inner capitals."""
    found: set[str] = set()
    previous_end = 0
    for match in WORD.finditer(text):
        word = match.group()
        starts_sentence = not text[:previous_end].strip() or text[previous_end : match.start()].strip()[-1:] in {
            ".",
            "?",
            "!",
        }
        lowered = CONTRACTED.sub("", word.lower())
        if word[0].isupper() and lowered not in FUNCTION_WORDS and not (starts_sentence and lowered in _COMMON_STARTS):
            found.add(word)
        previous_end = match.end()
    return frozenset(found)


def numbers(text: str) -> frozenset[str]:
    """Numbers in digits, thousands separators taken out; those below a hundred in words count too."""
    digits = {re.sub(r",(?=\d{3})", "", match).strip(".,") for match in NUMBER.findall(text)}
    words = (word for found in IN_WORDS.findall(text.lower()) for word in _number_words(found))
    return frozenset(digits.union(NUMBER_WORDS[word] for word in words if word != "one"))


def _number_words(word: str) -> list[str]:
    """The number that a word is, or those that a compound begins or ends with: ``two-thirds``."""
    return [part for part in ([word] if word in NUMBER_WORDS else word.split("-")) if part in NUMBER_WORDS]


def content_stems(text: str) -> frozenset[str]:
    """Stems of the words that carry meaning."""
    return frozenset(stem(word) for word in WORD.findall(text) if word.lower() not in FUNCTION_WORDS)


def word_stems(text: str) -> frozenset[str]:
    """Stems of all words; of compounds and possessives also those of their parts."""
    stems: set[str] = set()
    for word in WORD.findall(text):
        stems.add(stem(word))
        if not word.isalnum():
            stems.update(stem(part) for part in COMPOUND.split(word) if part)
    return frozenset(stems)


@cache
def stem(word: str) -> str:
    """Snowball English stem of the lower-cased word, without possessive and dots (``U.S.'s`` → ``us``)."""
    plain = re.sub(r"['’]s?$", "", word.lower()).replace(".", "")
    return str(_stemmer().stemWord(plain))


@cache
def _stemmer() -> "snowballstemmer.stemmer":
    return snowballstemmer.stemmer("english")


def _denies(text: str) -> bool:
    return bool(MODES["negated"].search(text) or MODES["denied"].search(text))


def _only_in(one: str, other: str, mode: str) -> bool:
    return MODES[mode].search(one) is not None and not MODES[mode].search(other)


def _matching_clause(claim: str, sentence: str) -> str:
    """The clauses of the sentence from the first to the last that share as much as any with the claim's predicate."""
    cuts = [0, *(match.start() for match in CLAUSE_END.finditer(sentence)), len(sentence)]
    clauses = [clause for start, end in pairwise(cuts) if (clause := sentence[start:end]).strip()]
    wanted = content_stems(claim)
    shares = [len(wanted & word_stems(clause)) for clause in clauses]
    return clauses[max(range(len(clauses)), key=lambda i: (shares[i], -i))] if clauses else sentence


def _listed(items: Iterable[str]) -> str:
    return ", ".join(sorted(items))


_COMMON_STARTS = FUNCTION_WORDS.union(
    NUMBER_WORDS, "yes first last next later earlier today yesterday officials police people".split()
)
