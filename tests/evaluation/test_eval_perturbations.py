"""Perturbations: articles in another order and questions as people type them, and the runs with them."""

import json
from pathlib import Path

import pytest

from evals.metrics.runs import answers_changed
from evals.run.perturbations import CASE, ORDER, in_another_order, reworded
from evals.run.runner import execute, prepare_run
from evals.run.suite import load_material, read_suite
from evals.score.scoring import score_run
from index.articles import Article
from index.errors import UsageError
from tests.eval_outcomes import ask, fail, refuse, say
from tests.eval_runs import ARTICLE, RIGHT, WRONG, make_run, meetings, refused
from tests.evaluation.test_eval_command import run
from tests.evaluation.test_eval_run import begin, server, write_suite
from tests.openai_server import OpenAIServer

__all__ = ["server"]  # a fixture
ARTICLES = tuple(Article(id=f"a{i}", text=f"Text {i}.") for i in range(8))


def test_a_question_as_people_type_it() -> None:
    question = ask(("Bo",), question="Whom did Anna meet in Oslo?")
    typed = reworded(question, CASE)
    assert typed == question.model_copy(update={"question": "whom did anna meet in oslo"})
    assert reworded(typed, CASE) == typed
    assert reworded(question, "", ORDER) == question
    assert reworded(ask(question="??"), CASE).question == "??"


def test_another_order_has_the_same_articles_and_depends_on_the_seed_alone() -> None:
    orders = [in_another_order(ARTICLES, seed) for seed in range(3)]
    assert all(sorted(order, key=ARTICLES.index) == list(ARTICLES) for order in orders)
    assert len({*orders, ARTICLES}) == 4
    assert in_another_order(reversed(ARTICLES), 0) == orders[0]


def test_each_seed_has_articles_in_an_order_of_its_own(tmp_path: Path, server: OpenAIServer) -> None:
    path = write_suite(tmp_path / "s", server.base_url, 1, repeats=2, perturb=ORDER)
    with (path.parent / "articles.jsonl").open("a") as file:
        file.writelines(f'{{"id": "a{i}", "text": "Nothing {i} happened."}}\n' for i in range(6))
    folder = tmp_path / "run"
    run = begin(path, folder)
    execute(run)
    assert score_run(run).complete
    indexes = sorted(entry.name for entry in folder.iterdir() if entry.name.startswith("index"))
    assert indexes == ["index-0", "index-1"]


def test_a_perturbed_run_is_a_run_of_its_own(
    tmp_path: Path, server: OpenAIServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    path = write_suite(tmp_path / "s", server.base_url, 2)
    suite = read_suite(path)
    material = load_material(suite, path)
    plain, *others = (
        prepare_run(None, suite.model_copy(update={"perturb": name}), material) for name in ("", ORDER, CASE)
    )
    assert [run.folder.name.rpartition("-")[0] for run in others] == ["talks-articles-order", "talks-question-case"]
    assert others[1].questions[0].question == "whom did anna berg meet about ferry 0"
    for name in (ORDER, CASE):
        with pytest.raises(UsageError, match=r"holds a run with other (settings|questions)"):
            prepare_run(plain.folder, suite.model_copy(update={"perturb": name}), material)


def test_answers_have_changed_where_they_are_not_alike() -> None:
    one, two, three = (ask(("Bo",), ("Oslo",), id=name) for name in ("one", "two", "three"))
    first = [say(one, "Bo in Oslo"), say(two, "Bo"), refuse(three), refuse(three)]
    second = [say(one, "In Oslo it was Bo."), say(two, "Oslo"), refuse(three), fail(three)]
    assert answers_changed(first, second) == (2, 4)
    assert answers_changed(first, second[:1]) == (0, 1)


def test_a_perturbed_run_compares_with_the_plain_one(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    make_run(tmp_path / "plain", meetings(3), [ARTICLE], {"q0": RIGHT, "q1": RIGHT, "q2": RIGHT})
    typed = [reworded(question, CASE) for question in meetings(3)]
    make_run(tmp_path / "typed", typed, [ARTICLE], {"q0": RIGHT, "q1": WRONG, "q2": refused()}, perturb=CASE)
    status, out, err = run(capsys, "compare", tmp_path / "plain", tmp_path / "typed")
    assert (status, err) == (0, "")
    assert "  perturbation: none → question-case\n" in out
    assert "  2 of 3 answers changed (agreement 0.333): refused in one run only, or other parts\n" in out
    assert run(capsys, "compare", tmp_path / "typed", tmp_path / "plain")[0] == 0
    data = json.loads(run(capsys, "compare", tmp_path / "plain", tmp_path / "typed", "--json")[1])
    assert data["changed"] == [2, 3]


def test_a_perturbation_excuses_no_other_question(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    make_run(tmp_path / "plain", meetings(2), [ARTICLE], {"q0": RIGHT})
    others = [reworded(question, CASE) for question in meetings(2, question="Whom did Cara meet?")]
    make_run(tmp_path / "other", others, [ARTICLE], {"q0": RIGHT}, perturb=CASE)
    status, _, err = run(capsys, "compare", tmp_path / "plain", tmp_path / "other")
    assert status == 2
    assert "questions: 2 not the same in both" in err
    unperturbed = [reworded(question, CASE) for question in meetings(2)]
    make_run(tmp_path / "unsaid", unperturbed, [ARTICLE], {"q0": RIGHT})
    assert run(capsys, "compare", tmp_path / "plain", tmp_path / "unsaid")[0] == 2
    assert "answers changed" not in run(capsys, "compare", tmp_path / "plain", tmp_path / "plain")[1]
