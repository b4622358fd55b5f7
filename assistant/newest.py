"""Newer articles before older ones, where both bear on the question about equally."""

from collections.abc import Sequence

from assistant.question_limits import Ordering
from index.search import Hit

# Hits within so many logits of the best one bear on the question about equally: 2 logits are odds of 7 to 1, and what
# the cross-encoder gives different reports of the same event differs by as much.
NEARLY_EQUAL = 2.0


def prefer_newest(hits: Sequence[Hit], ordering: Ordering) -> tuple[Hit, ...]:
    """The hits, those nearly as relevant as the best one by date; the others keep their places after them.

    Hits of the same time keep their order; articles without a date come after those with one. Nothing changes without
    a reranker, because ranks do not tell how near two hits are.

    Args:
        hits: best first.
        ordering: newest first, oldest first, or none.
    """
    if ordering is Ordering.NONE or not hits or any(hit.relevance is None for hit in hits):
        return tuple(hits)
    floor = max(hit.relevance or 0.0 for hit in hits) - NEARLY_EQUAL
    near = [hit for hit in hits if (hit.relevance or 0.0) >= floor]
    others = [hit for hit in hits if (hit.relevance or 0.0) < floor]
    sign = -1 if ordering is Ordering.NEWEST else 1
    return (*sorted(near, key=lambda hit: _when(hit, sign)), *others)


def _when(hit: Hit, sign: int) -> tuple[bool, int]:
    published = hit.chunk.article.published_at
    return published is None, sign * (published or 0)
