"""Joins several rankings into one by reciprocal rank fusion."""

from collections import defaultdict
from collections.abc import Sequence

RRF_K = 60  # Cormack, Clarke & Büttcher, "Reciprocal Rank Fusion outperforms Condorcet", SIGIR 2009


def reciprocal_rank_fusion(rankings: Sequence[Sequence[str]], k: int = RRF_K) -> dict[str, float]:
    """Fuse rankings of ids: the score of an id is the sum of 1 / (k + rank) over the rankings that hold it.

    Args:
        rankings: each best first, without repeats; ranks count from 1.
        k: damping of the first ranks.

    Returns:
        id → score, best first; ties keep the order in which ids were first met.
    """
    scores: dict[str, float] = defaultdict(float)
    for ranking in rankings:
        for rank, identifier in enumerate(ranking, start=1):
            scores[identifier] += 1 / (k + rank)
    return dict(sorted(scores.items(), key=lambda item: -item[1]))
