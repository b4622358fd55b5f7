"""Suite files, and the questions and articles that they name."""

import json
from pathlib import Path

import pytest

from evals.questions.schema import Question
from evals.run.suite import SUITES, Sample, find_suite, load_material, read_suite
from index.errors import InputError, UsageError
from tests.evaluation.test_eval_questions import GOOD, HEADER

QUESTIONS = f"{HEADER}{json.dumps(GOOD)}\n"
MINIMAL = 'name = "s"\nquestions = { file = "q.jsonl" }\narticles = ["a.txt"]\n'


def write(folder: Path, suite: str = MINIMAL) -> Path:
    (folder / "q.jsonl").write_text(QUESTIONS)
    (folder / "a.txt").write_text("Then Bo spoke.")
    path = folder / "s.toml"
    path.write_text(suite)
    return path


def questions(answerable: int, unanswerable: int) -> list[Question]:
    kinds = [True] * answerable + [False] * unanswerable
    return [
        Question(
            id=f"q{i}",
            question="Who?",
            answerable=kind,
            answer_type="span" if kind else None,
            tags=("even",) if i % 2 == 0 else (),
        )
        for i, kind in enumerate(kinds)
    ]


def test_a_suite_says_what_is_asked(tmp_path: Path) -> None:
    path = write(tmp_path, MINIMAL + 'seed = 3\nrepeats = 2\n[settings]\nk = 4\n[[gates]]\nmetric = "mrr"\nmin = 0.5\n')
    suite = read_suite(path)
    assert (suite.seeds, dict(suite.settings), suite.gates[0].min) == ((3, 4), {"k": 4}, 0.5)
    material = load_material(suite, path)
    assert [question.id for question in material.questions] == [GOOD["id"]]
    assert [article.text for article in material.articles] == ["Then Bo spoke."]


@pytest.mark.parametrize(
    ("added", "message"),
    [
        ("strict = true", "s.toml: field 'strict': unknown field"),
        ("seed = 1.5", "field 'seed'"),
        ("[settings]\nspeed = 1", "settings: 'speed' is not a setting that a suite can have"),
        ('[settings]\napi_key = "sk-1"', "settings: 'api_key' is not a setting that a suite can have"),
        ('[[gates]]\nmetric = "mrr"', "field 'gates[0]': give exactly one of min, max and max_drop"),
        ("[[", "not valid TOML"),
    ],
)
def test_a_fault_is_named_with_file_and_field(tmp_path: Path, added: str, message: str) -> None:
    with pytest.raises(InputError) as caught:
        read_suite(write(tmp_path, MINIMAL + added))
    assert message in caught.value.problem


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("a.txt", "b.txt", "b.txt: no such file or folder"),
        ("q.jsonl", "r.jsonl", "questions: no file"),
        ('"q.jsonl"', '"q.jsonl", convert = "trec"', "no format 'trec'; there are clapnq"),
        ('articles = ["a.txt"]', "", "name the articles, or set questions.own_articles"),
        (
            'articles = ["a.txt"]',
            'articles = ["a.txt"]\nsample = { ids = ["x"] }',
            "sample: no question has the id 'x'",
        ),
        ('articles = ["a.txt"]', 'articles = ["a.txt"]\nsample = { answerable = 0 }', "the sample holds no question"),
    ],
)
def test_material_that_is_not_there_is_named(tmp_path: Path, old: str, new: str, message: str) -> None:
    path = write(tmp_path, MINIMAL.replace(old, new))
    with pytest.raises(InputError) as caught:
        load_material(read_suite(path), path)
    assert message in caught.value.problem


def test_two_articles_with_one_id_are_refused(tmp_path: Path) -> None:
    path = write(tmp_path, MINIMAL.replace('"a.txt"', '"a.txt", "b.jsonl", "c.jsonl"'))
    for name in ("b.jsonl", "c.jsonl"):
        (tmp_path / name).write_text('{"id": "x", "text": "Bo."}\n')
    with pytest.raises(InputError, match=r"c\.jsonl: article 'x' is also in .*b\.jsonl"):
        load_material(read_suite(path), path)


def test_settings_given_later_are_checked_too(tmp_path: Path) -> None:
    suite = read_suite(write(tmp_path))
    assert dict(suite.with_settings({"k": "4"}).settings) == {"k": "4"}
    with pytest.raises(UsageError, match="'speed' is not a setting"):
        suite.with_settings({"speed": 1})


def test_a_sample_does_not_depend_on_the_order_and_grows_by_adding() -> None:
    every = questions(20, 20)
    small = {question.id for question in Sample(answerable=5, unanswerable=3).take(every)}
    large = {question.id for question in Sample(answerable=9, unanswerable=3).take(every[::-1])}
    assert len(small) == 8
    assert len(large) == 12
    assert small < large


def test_a_sample_takes_tags_and_ids_in_the_order_of_the_file() -> None:
    every = questions(4, 2)
    assert [question.id for question in Sample(tags=("even",)).take(every)] == ["q0", "q2", "q4"]
    assert [question.id for question in Sample(ids=("q5", "q1")).take(every)] == ["q1", "q5"]


@pytest.mark.parametrize("path", sorted(SUITES.glob("*.toml")), ids=lambda path: path.stem)
def test_our_suites_can_be_loaded(path: Path) -> None:
    suite = read_suite(path)
    assert suite.name == path.stem
    if not (source := path.parent / suite.questions.file).exists():
        pytest.skip(f"{source.name} is not beside the checkout")
    assert load_material(suite, path).questions


def test_an_unknown_suite_names_ours() -> None:
    with pytest.raises(InputError) as caught:
        find_suite("newsrom")
    assert "newsroom" in caught.value.remedy
    assert find_suite("newsroom").is_file()
