"""Luck: repetitions of questions, what varies between and within questions, and its share in a difference."""

import json
from collections.abc import Mapping
from itertools import combinations
from math import sqrt
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from evals.metrics.abstention import refused as refusals
from evals.metrics.runs import repetitions_right
from evals.metrics.scores import Metric, Score, mean
from evals.run.records import Run
from evals.run.runner import execute, prepare_run
from evals.run.suite import load_material, read_suite
from evals.score.comparison import compare_runs
from evals.score.luck import components_of, luck_of, luck_share
from evals.score.scoring import average_repeats, score_run
from evals.score.stored import StoredRun, save_scores, scores_of
from tests.eval_outcomes import ask, fail, refuse, say
from tests.eval_runs import ARTICLE, RIGHT, WRONG, make_run, meetings, mysteries, refused
from tests.evaluation.test_eval_command import run
from tests.evaluation.test_eval_run import begin, server, write_suite
from tests.openai_server import OpenAIServer

__all__ = ["server"]  # a fixture
GOLD = ask(("Bo",))


def repeated(*values: tuple[float, ...]) -> Metric:
    """A metric of these repetitions of each question, averaged."""
    scores = [Score(f"q{i}", value) for i, row in enumerate(values) for value in row]
    return average_repeats(mean("m", scores))


def test_components_are_as_computed_by_hand() -> None:
    parts = components_of(repeated((1, 1), (0, 0), (1, 0)))
    assert parts is not None
    # Mean squares: between 2 · (.25 + .25 + 0) / 2 = 1/2, within .5 / 3 = 1/6.
    assert (parts.within, parts.between) == pytest.approx((1 / 6, (1 / 2 - 1 / 6) / 2))
    assert parts.correlation == pytest.approx(1 / 2)
    assert parts.standard_error == pytest.approx(sqrt(1 / 6 * 3 / 2) / 3)


def test_questions_may_have_been_asked_unequally_often() -> None:
    parts = components_of(repeated((1, 0, 1, 0), (1, 1), (0,)))
    assert parts is not None
    assert parts.within == pytest.approx(1 / 4)  # 1 / (7 - 3)
    between = (4 * (1 / 2 - 4 / 7) ** 2 + 2 * (1 - 4 / 7) ** 2 + (4 / 7) ** 2) / 2
    assert parts.between == pytest.approx((between - 1 / 4) / ((7 - (16 + 4 + 1) / 7) / 2))
    assert parts.standard_error == pytest.approx(sqrt(1 / 4 * (1 / 4 + 1 / 2 + 1)) / 3)


def test_components_find_the_variances_that_scores_were_drawn_with() -> None:
    random = np.random.default_rng(1)
    questions = random.normal(0.5, 0.3, size=(3000, 1))
    parts = components_of(repeated(*map(tuple, questions + random.normal(0, 0.2, size=(3000, 4)))))
    assert parts is not None
    assert (parts.between, parts.within) == pytest.approx((0.09, 0.04), rel=0.06)
    assert parts.standard_error == pytest.approx(0.2 / sqrt(12000), rel=0.05)


def test_luck_that_hides_every_difference_has_no_negative_variance() -> None:
    parts = components_of(repeated((1, 0), (0, 1), (1, 0)))
    assert parts is not None
    assert (parts.between, parts.correlation) == (0, 0)
    alike = components_of(repeated((1, 1), (1, 1)))
    assert alike is not None
    assert (alike.within, alike.correlation, alike.standard_error) == (0, None, 0)


def test_without_repetitions_nothing_is_known() -> None:
    assert components_of(repeated((1,), (0,))) is None
    assert components_of(repeated((1, 0))) is None
    assert luck_share(repeated((1,), (0,)), repeated((1, 0), (0, 0))) is None


def test_the_chance_that_all_are_right_is_that_over_all_choices() -> None:
    answers = [say(GOLD, "Bo"), say(GOLD, "Cara"), say(GOLD, "Bo"), fail(GOLD), say(GOLD, "Bo")]
    found = {metric.name: metric for metric in repetitions_right(answers)}
    rights = [outcome.text == "Bo" for outcome in answers]
    assert list(found) == ["pass^1", "pass^2", "pass^3", "pass^4", "pass^5", "pass@2", "pass@3", "pass@4", "pass@5"]
    for k in range(1, 6):
        chosen = list(combinations(rights, k))
        assert found[f"pass^{k}"].value == pytest.approx(sum(map(all, chosen)) / len(chosen))
        if k > 1:
            assert found[f"pass@{k}"].value == pytest.approx(sum(map(any, chosen)) / len(chosen))
    assert found["pass^2"].errors == 1


def test_a_question_asked_too_seldom_or_without_gold_has_no_chance() -> None:
    other, unknown = GOLD.model_copy(update={"id": "seldom"}), ask(id="unknown")
    outcomes = [say(GOLD, "Bo"), say(GOLD, "Bo"), say(other, "Bo"), say(unknown, "Bo"), say(unknown, "Bo")]
    both = next(metric for metric in repetitions_right(outcomes) if metric.name == "pass^2")
    assert (both.value, both.n) == (1, 1)
    assert dict(both.unscored) == {"asked fewer than 2 times": 1, "the question has no gold answer": 1}
    assert repetitions_right([say(GOLD, "Bo"), refuse(other)]) == []


def test_refusals_count_whether_right_or_not_and_failures_do_not() -> None:
    metric = refusals([refuse(GOLD), say(GOLD, "Bo"), fail(GOLD)])
    assert (metric.value, metric.n, dict(metric.unscored)) == (0.5, 2, {"failed": 1})


def lucky(count: int, share: int) -> Mapping[Any, Any]:
    """Answers with two seeds of which the first so many questions are right with one seed only."""
    return {(f"q{i}", seed): RIGHT if i >= share or seed == i % 2 else WRONG for i in range(count) for seed in (0, 1)}


def test_a_run_has_the_luck_of_its_repetitions(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    given = {**lucky(4, 2), "u0": refused()}
    settings = {"settings": {"temperature": "0.3"}}
    made = make_run(
        tmp_path / "a", [*meetings(4), *mysteries(1)], [ARTICLE], given, repeats=2, seed=0, provenance=settings
    )
    found = luck_of(score_run(made))
    assert list(found) == ["answer_correct", "citation_f1_sentence", "refused"]
    metric, parts = found["answer_correct"]
    assert [metric.value, parts.within] == pytest.approx([0.8, (0.5 + 0.5) / 5])
    assert found["refused"][1].within == 0
    status, out, _ = run(capsys, "score", made.folder)
    assert status == 0
    lines = out.splitlines()
    assert lines[1] == "temperature 0.3 · seeds 0, 1"
    row = next(
        line.split() for line in lines[lines.index("Luck, as far as the repetitions tell:") :] if "correct" in line
    )
    assert row[2:] == ["0.800", "0.0000", "0.2000", "0.0000", "0.1414"]
    told = next(line.split() for line in lines if line.startswith("pass^2"))
    assert told[1] == "0.600"
    data = json.loads(run(capsys, "score", made.folder, "--json")[1])
    assert data["luck"]["answer_correct"]["within"] == pytest.approx(0.2)


def test_a_run_with_one_seed_says_nothing_of_luck(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    make_run(tmp_path / "a", meetings(2), [ARTICLE], {"q0": RIGHT, "q1": WRONG}, seed=3)
    out = run(capsys, "score", tmp_path / "a")[1]
    assert "temperature not recorded · seed 3\n" in out
    assert "Luck" not in out
    assert "pass^" not in run(capsys, "score", tmp_path / "a", "--all")[1]


def test_the_share_of_luck_in_a_difference() -> None:
    random = np.random.default_rng(2)

    def drawn(gain: float, luck: float) -> Metric:
        questions = np.linspace(0, 1, 2000)[:, None] + random.normal(0, gain, size=(2000, 1))
        return repeated(*map(tuple, questions + random.normal(0, luck, size=(2000, 3))))

    assert luck_share(drawn(0, 0.3), drawn(0, 0.3)) == pytest.approx(1, abs=0.05)  # the same but for the seeds
    # Of each run comes gain² to a difference's variance, and luck² / 3.
    assert luck_share(drawn(0.3, 0.3), drawn(0.3, 0.3)) == pytest.approx(1 / 4, abs=0.03)
    assert luck_share(drawn(0.3, 0), drawn(0.3, 0)) == pytest.approx(0)
    same = drawn(0, 0.3)
    assert luck_share(same, same) is None  # nothing differs


def test_only_questions_that_both_have_a_score_for_count() -> None:
    first, second = repeated((1, 1), (0, 1), (1, 0)), repeated((1, 1), (0, 0))
    assert luck_share(first, second) == pytest.approx(luck_share(repeated((1, 1), (0, 1)), second) or -1)


def test_compare_says_what_luck_explains(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    first = make_run(tmp_path / "a", meetings(12), [ARTICLE], lucky(12, 6), repeats=2)
    second = make_run(tmp_path / "b", meetings(12), [ARTICLE], lucky(12, 3), repeats=2)
    change = next(c for c in compare_runs(score_run(first), score_run(second)).changes if c.name == "answer_correct")
    # Within: 6 · ½ / 12 and 3 · ½ / 12, halved by two repetitions; of the differences three are ½ and nine 0.
    share = ((1 / 4 + 1 / 8) / 2 / 12) / (12 / 11 * (3 * (3 / 8) ** 2 + 9 * (1 / 8) ** 2) / 144)
    assert change.luck == pytest.approx(min(1, share))
    out = run(capsys, "compare", tmp_path / "a", tmp_path / "b")[1]
    assert f"luck explains of a difference's variance: {change.luck:.0%} (answer correct), " in out
    chosen = ("--metric", "answer_correct", "--json")
    assert json.loads(run(capsys, "compare", tmp_path / "a", tmp_path / "b", *chosen)[1])["metrics"][0]["luck"] == (
        pytest.approx(change.luck)
    )


def test_without_repetitions_of_both_the_share_of_luck_is_not_known(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    first = make_run(tmp_path / "a", meetings(4), [ARTICLE], lucky(4, 2), repeats=2)
    make_run(tmp_path / "b", meetings(4), [ARTICLE], {"q0": RIGHT, "q1": WRONG, "q2": RIGHT, "q3": RIGHT})
    save_scores(score_run(first), tmp_path / "a.json")
    for one in ("a", "a.json"):
        out = run(capsys, "compare", tmp_path / one, tmp_path / "b")[1]
        assert "luck: which share of a difference's variance it explains is not known: run with --repeats" in out
    assert list(luck_of(scores_of(StoredRun(tmp_path / "a.json")))) == ["refused"]  # of which answer, a file knows


def test_a_run_goes_on_with_more_repetitions(
    tmp_path: Path, server: OpenAIServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    path = write_suite(tmp_path / "s", server.base_url, 2, seed=5)
    suite = read_suite(path)
    material = load_material(suite, path)
    once = prepare_run(None, suite, material)
    execute(once)
    more = prepare_run(None, suite.model_copy(update={"repeats": 3}), material)
    assert more == once
    execute(more)
    assert [request.body["seed"] for request in server.requests] == [5, 5, 6, 6, 7, 7]
    fewer = prepare_run(None, suite, material)
    assert fewer.info.suite.repeats == 3
    assert score_run(fewer).complete
    assert prepare_run(None, suite.model_copy(update={"seed": 6}), material) != once


def test_the_command_takes_repetitions(
    tmp_path: Path, server: OpenAIServer, capsys: pytest.CaptureFixture[str]
) -> None:
    suite, folder = write_suite(tmp_path / "s", server.base_url, 2), tmp_path / "run"
    begin(suite, folder)
    status, _, err = run(capsys, "run", suite, "--to", folder, "--repeats", "2")
    assert status == 0
    assert f"{folder}: 4 questions, 0 of them recorded before" in err
    assert Run(folder).keys == (("q0", 0), ("q1", 0), ("q0", 1), ("q1", 1))
