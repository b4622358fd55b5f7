"""Whether the sentences that a claim cites state it, read in their context: title, date and the sentences before.

The reader decides. Exact checks speak only where they are sure: numbers, names and links that stand nowhere near.
"""

from collections.abc import Sequence

from assistant.answer import Evidence
from assistant.text.claim_check import Verdict, check_in_context, links, states
from index.retrieve.reader import Reader

STATED = 0.3


def find_fault(
    claim: str, cited: Sequence[Evidence], question: str, reader: Reader | None, around: str = ""
) -> Verdict:
    """What speaks against a claim, and how many sentences before must be cited with it.

    Args:
        cited: the sentences, in the order in which the model names them.
        question: addresses that it has may be repeated.
        around: the rest of the articles that the model has read.
    """
    if links(claim) - links(question):
        return Verdict("it repeats a link")
    ordered = sorted(cited, key=lambda item: (item.article.id, item.start))
    sentences = " ".join(item.sentence for item in ordered)
    verdict = check_in_context(claim, sentences, before=_before(ordered), around="\n".join((*_about(ordered), around)))
    if not verdict.supported or reader is None or states(claim, sentences):
        return verdict
    texts = dict.fromkeys((sentences, " ".join((*_before(ordered), sentences)), *(item.reading for item in cited)))
    support = reader.support([(claim, text) for text in texts])
    return verdict if max(one.stated for one in support) >= STATED else Verdict("the cited sentences do not state it")


def _before(cited: Sequence[Evidence]) -> list[str]:
    """The sentences before the first cited one of each passage."""
    places = [(item.article.id, item.context_start) for item in cited]
    firsts = (item for item, place, last in zip(cited, places, (None, *places), strict=False) if place != last)
    return [sentence.text for item in firsts for sentence in item.earlier]


def _about(cited: Sequence[Evidence]) -> list[str]:
    """Titles, sources, authors, dates and passages of cited sentences: where names and numbers may stand as well."""
    known = ((one.article.title, one.article.source, one.article.author, one.article.published) for one in cited)
    return [text for texts in known for text in texts if text] + [one.context for one in cited]
