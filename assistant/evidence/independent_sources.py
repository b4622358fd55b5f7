"""Groups evidence by report, so that copies of one report do not count as further sources."""

from collections.abc import Sequence

from assistant.answer import Evidence
from index.retrieve.near_duplicates import repeats, word_triples

# A shared sentence of fewer words may be a coincidence: “Nine people died.”
MIN_COPIED_WORDS = 8


def independent_sources(evidence: Sequence[Evidence]) -> tuple[tuple[str, ...], ...]:
    """Labels in groups, one group for each report; as many groups as there are independent sources.

    Sentences belong to one report when they stand in one article, when the texts around them are copies, or when they
    themselves are (wire copy in an article of its own). Copies have ``index.retrieve.near_duplicates.COPY_OVERLAP`` of
    the shorter one's word triples in common, as in search.

    Returns:
        Groups in the order of the evidence; every label is in exactly one.
    """
    groups: list[list[Evidence]] = []
    for item in evidence:
        joined = [group for group in groups if any(same_report(item, other) for other in group)]
        groups = [group for group in groups if group not in joined]
        groups.append([*(member for group in joined for member in group), item])
    position = {item.label: number for number, item in enumerate(evidence)}
    ordered = (sorted((item.label for item in group), key=position.__getitem__) for group in groups)
    return tuple(sorted((tuple(group) for group in ordered), key=lambda group: position[group[0]]))


def same_report(one: Evidence, other: Evidence) -> bool:
    """Whether two sentences come from one article or from copies of one report."""
    if one.article.id == other.article.id:
        return True
    return _copied(one.context, other.context) or _copied(one.sentence, other.sentence)


def _copied(one: str, other: str) -> bool:
    if min(len(one.split()), len(other.split())) < MIN_COPIED_WORDS:
        return False
    return repeats(word_triples(one), word_triples(other))
