"""Fits the constants of ``assistant.evidence.confidence``: two logistic regressions and the thresholds.

The sets weigh the same but for ``MORE``. What is reported of them is cross-validated over stories: each story's
questions are scored by weights that were fitted without it.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize

from assistant.answer import Evidence
from assistant.evidence import confidence
from assistant.evidence.confidence import Telling, of_question, of_sentence
from evals.metrics.abstention import auroc
from evals.reader.recorded import FOLDS, TUNING, Recorded

Sets = Mapping[str, Sequence[Recorded]]
Floats = NDArray[np.float64]
RIDGE = 1e-2  # on standardised features; keeps weights finite where a set is small
MOST_TOLD = 6
SET_WEIGHT = 1000.0  # of each set together
MORE = {TUNING: 2.0}  # times as much for the question's log-odds: in people's own words, and no head has seen them
OVER_REFUSAL = 0.1


@dataclass(frozen=True, slots=True)
class Constants:
    """The weights of ``assistant.evidence.confidence``."""

    first: tuple[float, ...]
    first_bias: float
    sentence: tuple[float, ...]
    sentence_bias: float
    question: tuple[float, ...]
    question_bias: float

    def fit(self, item: Evidence) -> float:
        """The log-odds that a sentence answers."""
        if item.scores is None:
            raise ValueError(f"nothing was read of {item.label}")
        return _dot(self.sentence, of_sentence(item.scores)) + self.sentence_bias

    def answer(self, asked: Recorded) -> float:
        """The log-odds that a question is answered; very low where nothing was found."""
        if not asked.evidence:
            return -20.0
        scores = [item.scores for item in asked.evidence if item.scores is not None]
        features = of_question(scores, [self.fit(item) for item in asked.evidence])
        return _dot(self.question, features) + self.question_bias


@dataclass(frozen=True, slots=True)
class Worth:
    """How well the constants do on a set.

    Attributes:
        first: share of the answerable questions with a gold sentence in front.
        f1: mean F1 of the sentences that are told, refused questions counting as 0.
        over_refused, refused: of the answerable and the unanswerable ones, at the threshold in use.
        refused_at: of the unanswerable ones, where a tenth of the others is refused.
    """

    n: int
    first: float
    f1: float
    over_refused: float
    refused: float
    auroc: float
    refused_at: float


def fitted(sets: Sets, keep: Callable[[Recorded], bool] = lambda _: True) -> Constants:
    """The constants for the questions that are kept."""
    chosen = {name: [asked for asked in found if keep(asked) and asked.evidence] for name, found in sets.items()}
    rows, gold, weights = [], [], []
    for found in chosen.values():
        own = [(item, bool(groups)) for asked in found for item, groups in zip(asked.evidence, asked.gold, strict=True)]
        rows += [of_sentence(item.scores) for item, _ in own if item.scores is not None]
        gold += [is_gold for _, is_gold in own]
        weights += [SET_WEIGHT / len(own)] * len(own)
    first = regression([row[: len(confidence.FIRST)] for row in rows], gold, weights, RIDGE * sum(weights))
    sentence = regression(rows, gold, weights, RIDGE * sum(weights))
    half = Constants(*first, *sentence, (), 0.0)
    rows, answerable, weights = [], [], []
    for name, found in chosen.items():
        if len({asked.answerable for asked in found}) < 2:
            continue
        for asked in found:
            scores = [item.scores for item in asked.evidence if item.scores is not None]
            rows.append(of_question(scores, [half.fit(item) for item in asked.evidence]))
            answerable.append(asked.answerable)
            weights.append(SET_WEIGHT * MORE.get(name, 1.0) / len(found))
    question, question_bias = regression(rows, answerable, weights, RIDGE * sum(weights))
    return replace(half, question=question, question_bias=question_bias)


def in_use() -> Constants:
    """The constants that the assistant has."""
    first, sentence = (confidence.FIRST, confidence.FIRST_BIAS), (confidence.SENTENCE, confidence.SENTENCE_BIAS)
    return Constants(*first, *sentence, confidence.QUESTION, confidence.QUESTION_BIAS)


def cross_validated(sets: Sets) -> dict[str, Worth]:
    """What the constants are worth on each set, for stories that they were not fitted on."""
    each = folds(sets)
    return {name: worth([(asked, each[asked.fold]) for asked in found]) for name, found in sets.items()}


def folds(sets: Sets) -> list[Constants]:
    """For each fold the constants that are fitted without it."""
    return [fitted(sets, lambda asked, fold=fold: asked.fold != fold) for fold in range(FOLDS)]  # type: ignore[misc]


def worth(pairs: Sequence[tuple[Recorded, Constants]]) -> Worth:
    """What constants are worth on questions that they were not fitted on."""
    yes = [(asked, constants) for asked, constants in pairs if asked.answerable]
    no = [(asked, constants) for asked, constants in pairs if not asked.answerable]
    sure, unsure = ([constants.answer(asked) for asked, constants in part] for part in (yes, no))
    least = float(np.quantile(sure, OVER_REFUSAL))
    return Worth(
        n=len(pairs),
        first=_mean(bool(next(iter(told(asked, constants, -99.0)), frozenset())) for asked, constants in yes),
        f1=_mean(f1(asked, told(asked, constants, confidence.MIN_LOGIT)) for asked, constants in yes),
        over_refused=_mean(logit < confidence.MIN_LOGIT for logit in sure),
        refused=_mean(logit < confidence.MIN_LOGIT for logit in unsure),
        auroc=auroc(sure, unsure),
        refused_at=_mean(logit < least for logit in unsure),
    )


def told(
    asked: Recorded, constants: Constants, minimum: float, telling: Telling = confidence.TELLING
) -> list[frozenset[int]]:
    """The gold groups of each sentence that would be told."""
    if not asked.evidence or constants.answer(asked) < minimum:
        return []
    fits = [constants.fit(item) for item in asked.evidence]
    order = sorted(range(len(fits)), key=lambda i: -fits[i])
    enough = confidence.least_told(max(fits), telling)
    return [asked.gold[i] for i in order if i == order[0] or fits[i] >= enough][:MOST_TOLD]


def f1(asked: Recorded, chosen: Sequence[frozenset[int]]) -> float:
    """Of precision over the sentences and recall over the gold groups."""
    if not chosen or not asked.groups:
        return 0.0
    precision = sum(map(bool, chosen)) / len(chosen)
    recall = len(frozenset().union(*chosen)) / asked.groups
    return 2 * precision * recall / (precision + recall) if precision + recall else 0.0


def regression(
    rows: Sequence[Sequence[float]], labels: Sequence[bool], weights: Sequence[float], ridge: float
) -> tuple[tuple[float, ...], float]:
    """Weights and bias of a logistic regression, for features that are not standardised."""
    x, y, w = np.array(rows, dtype=float), np.array(labels, dtype=float), np.array(weights)
    centre, scale = x.mean(axis=0), x.std(axis=0) + 1e-6
    z = (x - centre) / scale

    def loss(theta: Floats) -> tuple[float, Floats]:
        logits = z @ theta[:-1] + theta[-1]
        error = (1 / (1 + np.exp(-logits)) - y) * w
        value = float(((np.logaddexp(0, logits) - y * logits) * w).sum() + ridge * (theta[:-1] ** 2).sum() / 2)
        return value, np.append(z.T @ error + ridge * theta[:-1], error.sum())

    theta = minimize(loss, np.zeros(x.shape[1] + 1), jac=True, method="L-BFGS-B", options={"maxiter": 2000}).x
    plain = theta[:-1] / scale
    return tuple(float(weight) for weight in plain), float(theta[-1] - plain @ centre)


def _dot(weights: Sequence[float], features: Sequence[float]) -> float:
    return sum(weight * feature for weight, feature in zip(weights, features, strict=True))


def _mean(values: Iterator[float] | Iterator[bool]) -> float:
    found = list(values)
    return float(np.mean(found)) if found else 0.0
