"""Turns what the model writes into claims with citations, and verifies each against the sentence that it cites."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from assistant.answer import Citation, Claim, Evidence, Rejected
from assistant.evidence.independent_sources import independent_sources
from assistant.evidence.list_items import BULLET
from assistant.text.claim_check import PRONOUN, WORD, content_stems, links, states, verify
from index.retrieve.reader import Reader

MAX_CITATIONS = 3  # for one claim; more sources of the same fact do not make it easier to check
LEADING_WORDS = 3  # a pronoun among so many first words is the subject
# The least probability that its sentences state a claim with which it is shown. Showing what is not stated is the worse
# mistake: a claim that is not shown gives way to its sentence word for word. Of our tuning claims .14 of the false ones
# pass at .6 and .17 at .5, and .14 and .09 of the true ones are given up (``python -m evals.reader evaluate``).
STATED = 0.6
REPEATS_A_LINK = "it repeats a link"


@dataclass(frozen=True, slots=True)
class _Draft:
    """A claim, the labels of the sentences that state it, and how far back the first of these is cited."""

    text: str
    labels: tuple[str, ...]
    reach: int


class Claims:
    """The claims of one answer as they come to be.

    A claim of the model that its sentence does not support is shown with another answering sentence that does, and its
    own sentence speaks for itself; what may not be shown at all is kept in ``rejected`` with the reason.

    Args:
        question: as it stands alone.
        answers: the evidence that answers it; more than one of them may state a claim.
        reader: tells whether sentences state a claim; None leaves that to the words that they share.

    Attributes:
        settled: labels of the sentences whose claims are known.
        rejected: what may not be shown.
        supported: whether a claim that the model made is among those that are shown.
    """

    def __init__(self, question: str, answers: Sequence[Evidence], reader: Reader | None) -> None:
        self.settled: set[str] = set()
        self.rejected: list[Rejected] = []
        self.supported = False
        self._question = question
        self._answers = dict[str, Evidence]()
        self.know(answers)
        self._reader = reader
        self._drafts: list[_Draft] = []

    def __bool__(self) -> bool:
        return bool(self._drafts)

    def know(self, answers: Iterable[Evidence]) -> None:
        """Let evidence be quoted, and cited where it states a claim."""
        self._answers.update({item.label: item for item in answers})

    def settle(self, item: Evidence, written: str) -> None:
        """Show what the model wrote for a sentence if the sentence supports it, else the sentence itself."""
        claim = as_statement(_respelt(" ".join(written.split()), item.sentence))
        verdict = verify(claim, item.sentence, before=_texts_before(item), by_words=self._reader is None)
        reason = verdict.reason
        if not reason and self._has_new_link(claim):
            reason = REPEATS_A_LINK
        if not reason and _leaves_answer_out(claim, item):
            reason = "it leaves the answer out"
        if not reason and not self._is_stated(claim, item, verdict.reach):
            reason = "its sentence does not state it"
        if not reason:
            self.supported = True
            self._accept(item, claim, verdict.reach)
            return
        other = next((one for one in self._answers.values() if one is not item and states(claim, one.sentence)), None)
        if other is None or self._has_new_link(claim):
            self.rejected.append(Rejected(claim, (item.label,), reason))
        else:
            self.supported = True
            self._accept(other, claim, 0)
        self.quote(item)

    def quote(self, item: Evidence) -> None:
        """Let a sentence speak for itself; with the name that its pronoun stands for where that is known."""
        self.settled.add(item.label)
        if self._has_new_link(item.sentence):
            self.rejected.append(Rejected(item.sentence, (item.label,), REPEATS_A_LINK))
            return
        verdict = verify(item.reading, item.sentence, before=_texts_before(item))
        text = item.reading if verdict.supported else item.sentence
        leans = PRONOUN.search(" ".join(text.split()[:LEADING_WORDS])) is not None
        self._accept(item, as_statement(text), max(verdict.reach, min(int(leans), len(item.earlier))))

    def take(self, text: str, items: Sequence[Evidence], reach: int = 0) -> None:
        """Show a claim with all the sentences that together state it."""
        labels = tuple(dict.fromkeys(item.label for item in items))
        self.know(items)
        if all(draft.text != text for draft in self._drafts):
            self._drafts.append(_Draft(as_statement(text), labels, reach))

    def clear(self) -> None:
        """Take back what was told; what was rejected stays."""
        self._drafts.clear()
        self.settled.clear()

    def reject_unknown(self, written: Mapping[str, object], known: Sequence[Evidence]) -> None:
        """Keep what the model wrote under labels that it was not given."""
        labels = {item.label for item in known}
        for label, text in written.items():
            if label not in labels:
                self.rejected.append(Rejected(str(text), (label,), "there is no sentence with this label"))

    def numbers(self) -> dict[str, int]:
        """Label → citation number, from 1 in order of first use."""
        labels = dict.fromkeys(label for draft in self._drafts for label in draft.labels)
        return {label: n for n, label in enumerate(labels, start=1)}

    def shown(self) -> tuple[Claim, ...]:
        """The claims with their citation numbers."""
        numbers, shown = self.numbers(), list[Claim]()
        for draft in self._drafts:
            sources = independent_sources([self._answers[label] for label in draft.labels])
            shown.append(Claim(draft.text, tuple(numbers[label] for label in draft.labels), len(sources)))
        return tuple(shown)

    def citations(self) -> tuple[Citation, ...]:
        """The cited sentences, with as many of those before as a claim leans on."""
        reaches = {draft.labels[0]: draft.reach for draft in reversed(self._drafts)}
        return tuple(_citation(n, self._answers[label], reaches.get(label, 0)) for label, n in self.numbers().items())

    def _has_new_link(self, text: str) -> bool:
        return bool(links(text) - links(self._question))

    def _is_stated(self, claim: str, item: Evidence, reach: int) -> bool:
        if self._reader is None or _words(claim) in (_words(item.reading), _words(item.sentence)):
            return True
        before = [sentence.text for sentence in item.earlier[len(item.earlier) - reach :]]
        support = self._reader.support([(claim, " ".join((*before, item.reading)))])
        return support[0].stated >= STATED

    def _accept(self, item: Evidence, text: str, reach: int) -> None:
        """Take a claim in; of two claims of which one says all that the other says, only that one stays."""
        self.settled.add(item.label)
        said = content_stems(text)
        for position, draft in enumerate(self._drafts):
            earlier = content_stems(draft.text)
            if said <= earlier:
                return
            if earlier < said:
                self._drafts[position] = self._draft(text, item, reach)
                return
        self._drafts.append(self._draft(text, item, reach))

    def _draft(self, text: str, author: Evidence, reach: int) -> _Draft:
        """The claim with its own sentence and the others among the answers that state all of it by themselves."""
        others = (label for label, item in self._answers.items() if item is not author and states(text, item.sentence))
        return _Draft(text, (author.label, *others)[:MAX_CITATIONS], reach)


def _leaves_answer_out(claim: str, item: Evidence) -> bool:
    """Whether a claim lacks all of the words by which its sentence answers."""
    if item.words is None:
        return False
    start, end = item.words[0] - item.start, item.words[1] - item.start
    answering = content_stems(item.sentence[start:end])
    return bool(answering) and not answering & content_stems(claim)


def _citation(n: int, item: Evidence, reach: int) -> Citation:
    start = item.earlier[-reach].start if reach else item.start
    text = item.context[start - item.context_start : item.end - item.context_start] if reach else item.sentence
    return Citation(n, text, start, item.end, item.article)


def _texts_before(item: Evidence) -> list[str]:
    return [sentence.text for sentence in item.earlier]


def _respelt(claim: str, sentence: str) -> str:
    """The claim with its sentence's abbreviations: small models write ``U. S.`` for ``U.S.``."""
    for abbreviation in re.findall(r"\b(?:[A-Z]\.){2,}", sentence):
        claim = claim.replace(" ".join(re.findall(r"[A-Z]\.", abbreviation)), abbreviation)
    return claim


def _words(text: str) -> list[str]:
    """The words of a text, letter case and punctuation aside."""
    return WORD.findall(text.lower())


def as_statement(text: str) -> str:
    """The text as a sentence: without a bullet in front, and with a full stop where nothing ends it.

    An item of a list loses the comma and the word that lead on to the next item.
    """
    plain = BULLET.sub("", text, count=1).strip()
    if plain != text.strip():
        plain = re.sub(r"[,;]?(?:\s++(?:and|or))?[,;]?$", "", plain)
        plain = plain[:1].upper() + plain[1:]
    return plain if re.search(r"[.!?…:][\"'”’)\]]*$", plain) else f"{plain}."
