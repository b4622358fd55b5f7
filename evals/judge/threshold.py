"""From which score on a claim is supported: fits thresholds of graders with scores, and measures them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from hashlib import sha256

import numpy as np

from evals.judge.agreement import Judgement, binary_agreement, cohen_kappa
from evals.judge.claims import Label
from evals.judge.grades import Grade
from evals.score.scoring import Measured

FOLDS = 5
CANDIDATES = 101  # quantiles of the scores


@dataclass(frozen=True, slots=True)
class Assessed:
    """What people say of thresholds.

    Attributes:
        fitted: the threshold that agrees best with all labels.
        measured: ``…_cross_validated`` of claims each of which was labelled by the threshold fitted on other clusters,
            ``…_at_X`` of all claims labelled by the constant X.
    """

    fitted: float
    measured: Mapping[str, Measured]


def assess_threshold(judgements: Sequence[Judgement], constant: float | None = None) -> Assessed | None:
    """Fit a threshold, and measure it by cross-validation over clusters.

    Stone, "Cross-Validatory Choice and Assessment of Statistical Predictions", Journal of the Royal Statistical
    Society B 36, 1974.

    Args:
        constant: the threshold in use, to be measured as well.

    Returns:
        None where a grade is no score, and with fewer than two clusters.
    """
    clusters = sorted({item.cluster for item in judgements}, key=lambda name: sha256(name.encode()).digest())
    if len(clusters) < 2 or any(item.grade.score is None for item in judgements):
        return None
    fold = {name: rank % FOLDS for rank, name in enumerate(clusters)}
    others = {number: [item for item in judgements if fold[item.cluster] != number] for number in set(fold.values())}
    fitted = {number: fit_threshold(items) for number, items in others.items()}
    held_out = [_labelled(item, fitted[fold[item.cluster]]) for item in judgements]
    measured = dict(binary_agreement(held_out, "_cross_validated"))
    if constant is not None:
        measured |= binary_agreement([_labelled(item, constant) for item in judgements], f"_at_{constant:g}")
    return Assessed(fit_threshold(judgements), measured)


def fit_threshold(judgements: Sequence[Judgement]) -> float:
    """The quantile of the scores that splits "supported" from the rest with the highest kappa; of several the middle.

    Args:
        judgements: one at least, all with scores.
    """
    scores = [item.grade.score for item in judgements if item.grade.score is not None]
    gold = [str(item.gold is Label.SUPPORTED) for item in judgements]
    kappas = {
        float(candidate): cohen_kappa(gold, [str(score >= candidate) for score in scores]) or 0.0
        for candidate in np.quantile(scores, np.linspace(0, 1, CANDIDATES))
    }
    highest = max(kappas.values())
    best = [candidate for candidate, kappa in kappas.items() if kappa == highest]
    return best[len(best) // 2]


def _labelled(item: Judgement, threshold: float) -> Judgement:
    supported = item.grade.score is not None and item.grade.score >= threshold
    return replace(item, grade=Grade(Label.SUPPORTED if supported else Label.NOT))
