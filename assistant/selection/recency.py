"""Puts newer articles first where their sentences fit the question about equally."""

from collections.abc import Mapping, Sequence

from assistant.answer import Evidence
from assistant.question.time_phrases import Ordering

# Sentences within so many logits of the best one fit about equally: 2 logits are odds of 7 to 1, and what the
# cross-encoder gives different reports of the same event differs by as much.
NEARLY_EQUAL = 2.0
# What the newest day's sentences are worth more, in logits, and how far behind the best one they may be: facts change,
# and the later report has what became of them. Citations' F1, paired, with 95 % intervals over stories: ``practice``
# (171) +.013 (.003 to .023), newsroom (166) +.009 (-.001 to .019), ``practice-test`` (119, real news) +.003 (-.007 to
# .014).
LEAN, WITHIN = 0.3, 1.5
DAY = 86_400  # seconds


def prefer_newest(evidence: Sequence[Evidence], ordering: Ordering) -> tuple[Evidence, ...]:
    """The evidence, what fits nearly as well as the best of it by date; the rest keeps its places after that.

    Sentences of the same time keep their order; those of articles without a date come after those with one. Nothing
    changes without a reranker, because ranks do not tell how near two sentences are.

    Args:
        evidence: best first.
        ordering: newest first, oldest first, or none.
    """
    fits = [item.fit for item in evidence if item.fit is not None]
    if ordering is Ordering.NONE or not evidence or len(fits) < len(evidence):
        return tuple(evidence)
    floor = max(fits) - NEARLY_EQUAL
    near = [item for item in evidence if (item.fit or 0.0) >= floor]
    others = [item for item in evidence if (item.fit or 0.0) < floor]
    sign = -1 if ordering is Ordering.NEWEST else 1
    return (*sorted(near, key=lambda item: _when(item, sign)), *others)


def lean_to_newest(fits: Mapping[str, float], evidence: Sequence[Evidence]) -> dict[str, float]:
    """Label → fit, with ``LEAN`` more for sentences of the newest day among those that fit about as well as the best.

    Articles without a date neither gain nor count.
    """
    floor = max(fits.values(), default=0.0) - WITHIN
    days = {item.label: published // DAY for item in evidence if (published := item.article.published_at) is not None}
    newest = max((day for label, day in days.items() if fits[label] >= floor), default=None)
    return {
        label: fit + LEAN * (fit >= floor and label in days and days[label] == newest) for label, fit in fits.items()
    }


def _when(item: Evidence, sign: int) -> tuple[bool, int]:
    published = item.article.published_at
    return published is None, sign * (published or 0)
