"""Verifies that cited sentences state a claim, read with title, date and the text around them.

Models that read well write true claims in words of their own, with names and days that stand elsewhere in the article.
So the exact checks speak only where they are sure, and the reader only where it sees nothing of the claim.
"""

import re
from collections.abc import Sequence
from datetime import date, timedelta

from assistant.answer import Evidence
from assistant.dates.article_dates import resolve_dates
from assistant.text.claim_check import (
    Verdict,
    content_recall,
    content_stems,
    how_meant_otherwise,
    links,
    names,
    names_before,
    numbers,
    states,
    stem,
    word_stems,
)
from index.english import MONTHS, WEEKDAYS
from index.retrieve.reader import Reader

# Fitted on 93 claims that a strong model made for 90 questions (CLAPNQ, our newsroom, Wikinews) and on 362 false
# ones made of them by rule: 3 of the true ones are taken for false, and .50 of the others are caught (numbers .96,
# negations .76, names .64; roles, plans and hedges hardly). On 37 claims of other CLAPNQ questions: 6, and .61 of 130.
# All this with the reader before its fourth step of training; with the one in use it was not measured anew.
ABSENT = 0.03  # no text near states the claim with such a probability
DOUBTFUL = 0.3  # nor with this one, and it is planned, alleged or denied in one of claim and sentence alone
# Of the claim's words in the sentences, those before and the title. The least of the true claims is .64; claims put to
# another question's sentences pass in .02 of 93 cases.
LEAST_RECALL = 0.5
NOT_STATED = "the cited sentences do not state it"
WEEK = 7  # days
LIKE = 4  # letters that two forms of a name begin with: Brazil, Brazilian
_DAY_NAMES = frozenset(map(stem, (*MONTHS, *WEEKDAYS)))
_LOOSE_HYPHEN = re.compile(r"(?<=\w) - (?=\w)")  # "P - type" of texts that were cut into words
_CONTRAST = re.compile(r",? (?:and |but )?not ([^,.;:]{1,200})")


def find_fault(
    claim: str, cited: Sequence[Evidence], question: str, reader: Reader | None, around: str = ""
) -> Verdict:
    """What speaks against a claim, and how many sentences before must be cited with it.

    Args:
        cited: the sentences, in the order in which the model names them.
        reader: None leaves it to the words that claim and sentences share.
        question: links that it has may be repeated, and what it wrongly says may be contrasted: ", not in 1996".
        around: all that the model has read of the articles.
    """
    if links(claim) - links(question):
        return Verdict("it repeats a link")
    said = _CONTRAST.sub(lambda found: "" if _is_from(found[1], question) else found[0], claim)
    ordered = sorted(cited, key=lambda item: (item.article.id, item.start))
    sentences, before = " ".join(item.sentence for item in ordered), _before(ordered)
    verdict = _check_exactly(said, cited, sentences, before, around)
    if not verdict.supported or states(said, sentences):
        return verdict
    head = f"{ordered[0].article.title}. ({ordered[0].article.published[:10]})"
    in_context = " ".join((head, *before, sentences))
    if content_recall(said, in_context) < LEAST_RECALL:
        return Verdict(NOT_STATED)
    meant = how_meant_otherwise(said, sentences)
    if reader is None:
        return Verdict(meant) if meant else verdict
    passages = " ".join(dict.fromkeys(item.context for item in ordered))
    texts = (sentences, in_context, f"{head} {passages}")
    stated = _best_support(reader, said, texts, enough=DOUBTFUL if meant else ABSENT)
    if stated < ABSENT:
        return Verdict(NOT_STATED)
    return Verdict(meant) if meant and stated < DOUBTFUL else verdict


def _best_support(reader: Reader, claim: str, texts: Sequence[str], enough: float) -> float:
    """The greatest probability with which one of the texts states a claim.

    They are read one after the other, and no further than up to the first that reaches ``enough``.
    """
    best = 0.0
    for text in texts:
        best = max(best, reader.support([(claim, text)])[0].stated)
        if best >= enough:
            break
    return best


def _check_exactly(
    claim: str, cited: Sequence[Evidence], sentences: str, before: Sequence[str], around: str
) -> Verdict:
    """Numbers and names that stand nowhere near the sentences."""
    if not content_stems(claim):
        return Verdict("it says nothing")
    near = _LOOSE_HYPHEN.sub("-", " ".join((sentences, *before, around, *_about(cited))))
    strange = numbers(claim) - numbers(near) - _days(cited, " ".join((*before, sentences)))
    if strange:
        return Verdict(f"nothing near its sentences has {', '.join(sorted(strange))}")
    known = word_stems(near) | _DAY_NAMES
    begun = {word[:LIKE] for word in known}
    foreign = [name for name in names(claim) if not all(_is_known(part, known, begun) for part in _parts(name))]
    if foreign:
        return Verdict(f"nothing near its sentences names {', '.join(sorted(foreign))}")
    return Verdict(reach=names_before(claim, sentences, [sentence.text for sentence in cited[0].earlier]))


def _is_known(word: str, known: frozenset[str], begun: set[str]) -> bool:
    return word in known or (len(word) >= LIKE and word[:LIKE] in begun)


def _parts(name: str) -> list[str]:
    """The stems of a name's parts; those of one letter tell nothing."""
    parts = word_stems(name)
    return [part for part in parts if len(part) > 1] if len(parts) > 1 else list(parts)


def _days(cited: Sequence[Evidence], text: str) -> frozenset[str]:
    """The numbers of days and years that the sentences may mean: the week around their publication."""
    found = set[str]()
    for item in cited:
        if len(day := item.article.published[:10]) == len("2023-11-09"):
            days = [date.fromisoformat(day) + timedelta(days=n) for n in range(-WEEK, WEEK + 1)]
            named = [one for one in days if f"{one:%A}" in text or one == days[WEEK]]
            resolved = [one for said in resolve_dates(text, item.article.published) for one in (said.first, said.last)]
            found.update(number for one in (*named, *resolved) for number in (str(one.day), str(one.year)))
    return frozenset(found)


def _is_from(words: str, question: str) -> bool:
    known = {stem[:LIKE] for stem in content_stems(question)}
    return all(stem[:LIKE] in known for stem in content_stems(words))


def _before(cited: Sequence[Evidence]) -> list[str]:
    """The sentences before the first cited one of each passage."""
    places = [(item.article.id, item.context_start) for item in cited]
    firsts = (item for item, place, last in zip(cited, places, (None, *places), strict=False) if place != last)
    return [sentence.text for item in firsts for sentence in item.earlier]


def _about(cited: Sequence[Evidence]) -> list[str]:
    """Titles, sources, authors, dates and passages of cited sentences: where names and numbers may stand as well."""
    known = ((one.article.title, one.article.source, one.article.author, one.article.published) for one in cited)
    return [text for texts in known for text in texts if text] + [one.context for one in cited]
