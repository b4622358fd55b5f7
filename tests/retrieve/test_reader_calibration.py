"""Constants and thresholds are fitted on recorded readings, and scored on stories that they were not fitted on."""

import random
from dataclasses import replace
from statistics import mean

from assistant.answer import CloseScores, Evidence, Scores
from assistant.evidence.confidence import Telling
from evals.reader.calibrate import cross_validated, f1, folds, told
from evals.reader.recorded import FOLDS, Recorded
from evals.reader.thresholds import BEARABLE, MINIMA, TELLINGS, scan
from index.articles import ArticleInfo

QUESTIONS, SENTENCES = 100, 4


def evidence(draw: random.Random, noise: float, *, gold: bool) -> Evidence:
    """A sentence of whose readings each is noise around 1 where it is gold, and around -1 where it is not."""
    values = [draw.gauss(1.0 if gold else -1.0, noise) for _ in range(7)]
    close = CloseScores(*values[5:])
    scores = Scores(values[0], values[1], 0.0, values[2], values[3], values[4], close)
    return Evidence("S1", "It sank.", 0, 8, ArticleInfo("a", ""), "It sank.", "It sank.", scores=scores)


def recorded(seed: int, noise: float = 1.0) -> list[Recorded]:
    """Questions of which every other one is answered, by the first of its sentences."""
    draw = random.Random(seed)
    found = []
    for number in range(QUESTIONS):
        answerable = number % 2 == 0
        items = tuple(evidence(draw, noise, gold=answerable and place == 0) for place in range(SENTENCES))
        gold = tuple(frozenset({0}) if answerable and place == 0 else frozenset[int]() for place in range(SENTENCES))
        found.append(Recorded("Who?", answerable, items, gold, int(answerable), number // 2 % FOLDS))
    return found


def test_what_is_told_apart_by_all_readings_is_found_on_other_stories() -> None:
    worth = cross_validated({"one": recorded(0), "other": recorded(1)})
    for found in worth.values():
        assert found.auroc > 0.95
        assert found.first > 0.9


def test_a_story_has_no_part_in_the_constants_that_answer_it() -> None:
    changed = recorded(0)
    for place, asked in enumerate(changed):
        if asked.fold == 2:
            changed[place] = Recorded("Who?", not asked.answerable, asked.evidence, asked.gold[::-1], 1, 2)
    before, after = folds({"one": recorded(0)}), folds({"one": changed})
    assert before[2] == after[2]
    assert all(before[fold] != after[fold] for fold in range(FOLDS) if fold != 2)


def test_the_least_that_bears_answering_and_the_best_telling_are_chosen() -> None:
    sets = {"one": recorded(0, noise=2.5), "other": recorded(1, noise=2.5)}
    found = scan(sets)
    assert found.minimum in MINIMA[1:]
    fitted = folds(sets)

    def refused(minimum: float) -> list[float]:
        """Shares of the answerable questions."""
        return [mean(fitted[one.fold].answer(one) < minimum for one in own if one.answerable) for own in sets.values()]

    def score(telling: Telling) -> float:
        made = [
            (one, told(one, fitted[one.fold], found.minimum or 0.0, telling)) for own in sets.values() for one in own
        ]
        return mean(f1(one, chosen) for one, chosen in made if one.answerable)

    assert max(refused(found.minimum)) < BEARABLE
    assert max(refused(MINIMA[MINIMA.index(found.minimum) - 1])) >= BEARABLE
    assert score(found.telling) == max(map(score, TELLINGS))


def test_where_every_minimum_refuses_too_much_there_is_none() -> None:
    turned = [replace(one, answerable=not one.answerable) for one in recorded(0, noise=0.3)]
    found = scan({"turned": turned, **{f"good {seed}": recorded(seed, noise=0.3) for seed in range(9)}})
    assert found.minimum is None
