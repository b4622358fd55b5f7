"""``evals import`` and ``evals export``: answers of other systems as runs, and runs for other programs."""

import csv
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import ir_measures
import pytest

from evals.metrics.abstention import answer_curve
from evals.run.records import Run
from evals.score.scoring import RunScores, score_run
from tests.evaluation.test_eval_command import run
from tests.evaluation.test_eval_run import PEOPLE, TEXT, write_suite

SAMPLES = Path(__file__).parent / "exchange_samples"
FIRST = TEXT.split("\n")[0]
Capsys = pytest.CaptureFixture[str]
read_trec_run: Any = ir_measures.read_trec_run  # has no types
read_trec_qrels: Any = ir_measures.read_trec_qrels


def write(path: Path, *records: Mapping[str, Any] | str) -> Path:
    path.write_text("".join(f"{line if isinstance(line, str) else json.dumps(line)}\n" for line in records))
    return path


def imported(tmp_path: Path, capsys: Capsys, *records: Mapping[str, Any] | str) -> tuple[RunScores, str]:
    """The scores of such records of the six questions about ferries, and what the command said."""
    suite = write_suite(tmp_path / "suite", "http://127.0.0.1:9")
    path = write(tmp_path / "records.jsonl", *records)
    status, out, _ = run(capsys, "import", suite, path, "--out", tmp_path / "run")
    assert status == (0 if len(records) == len(PEOPLE) else 3)
    return score_run(Run(tmp_path / "run")), out


@pytest.mark.parametrize(
    ("name", "said", "expected"),
    [
        (
            "openai",
            ("11: 10 article only, 1 not aligned", "refusals 2: 1 by an empty answer, 1 by their own word"),
            {"citation_f1_sentence": 0, "citation_f1_article": 8 / 9, "citation_coverage": 8 / 9, "claim_support": 0},
        ),
        (
            "anthropic",
            ("11: 10 exact, 1 article only", "refusals 2: 1 by their own word, 1 by “I don't know”"),
            {"citation_f1_sentence": 8 / 9, "citation_f1_article": 1, "citation_validity": 8 / 9},
        ),
        (
            "langsmith",
            ("9: 7 exact, 1 normalised, 1 not aligned", "retrieved texts 11: 10 exact, 1 normalised"),
            {"citation_coverage": 7 / 9, "answer_correct": 10 / 11, "total_seconds_p50": 6.0},
        ),
        (
            "ragas",
            ("11: 9 exact, 1 normalised, 1 near", "retrieved texts 13: 11 exact, 1 normalised, 1 near"),
            {"citation_f1_sentence": 1, "citation_validity": 1, "mrr_sentence": 1},
        ),
    ],
)
def test_records_that_libraries_wrote(
    name: str, said: tuple[str, ...], expected: Mapping[str, float], tmp_path: Path, capsys: Capsys
) -> None:
    status, out, _ = run(capsys, "import", "smoke", SAMPLES / f"{name}.jsonl", "--out", tmp_path / "run")
    assert status == 3
    assert f"11 of 18 questions have a record (11 {name})" in out
    assert "7 of 18 questions have no record and stay open: blinken-followup-when, " in out
    assert all(line in out for line in said)
    scores = score_run(Run(tmp_path / "run"))
    assert scores.missing == 7
    assert {metric: scores.measured[metric].metric.value for metric in expected} == pytest.approx(expected)
    assert run(capsys, "report", tmp_path / "run")[0] == 3
    assert f"{name}, imported" in (tmp_path / "run" / "report.html").read_text()


def test_plain_records_of_every_kind(tmp_path: Path, capsys: Capsys) -> None:
    second, third = TEXT.split("\n")[1:3]
    whole = {"article": "talks", "start": 0, "end": len(FIRST)}
    records = (
        {"id": "q0", "answer": "She met the mayor of Port Berg.", "citations": [whole]},
        {"id": "q1", "answer": "The mayor of Port Lund [1].", "sources": [second.upper()], "contexts": [FIRST, second]},
        {
            "question": "whom did  Cara Holm meet about ferry 2",
            "answer": "The mayor of Port Holm. And a bishop [2].",
            "citations": [{"quote": third}, {"quote": "A bishop came to the talks on Monday."}],
        },
        {"id": "q3", "answer": "I cannot say.", "refused": True, "seconds": 2},
        {"id": "q4", "error": "time-out"},
        {"id": "q5", "answer": "I don't know, said the record."},
    )
    scores, out = imported(tmp_path, capsys, *records)
    assert "6 of 6 questions have a record (6 plain)" in out
    assert "refusals 2: 1 by their own word, 1 by “I don't know”" in out
    assert "citations 4: 2 exact, 1 normalised, 1 not aligned" in out
    assert "q2, citation 2: not aligned, the quote is in no article: A bishop came" in out
    by_id = {outcome.question.id: outcome for outcome in scores.outcomes}
    assert [statement.citations for statement in by_id["q2"].statements] == [(1,), (1, 2)]
    assert by_id["q0"].ranked is None
    assert [hit.text for hit in by_id["q1"].ranked or ()] == [FIRST, second]
    assert (by_id["q3"].refused, by_id["q3"].seconds, by_id["q4"].error) == (True, {"total": 2.0}, "time-out")
    precision = {score.question: score.value for score in scores.measured["citation_precision_sentence"].metric.scores}
    assert precision == {"q0": 1, "q1": 1, "q2": 0.5, "q3": None, "q4": 0, "q5": None}
    assert scores.measured["mrr_sentence"].metric.n == 2  # what was told, and the failure
    assert run(capsys, "compare", tmp_path / "run", tmp_path / "run")[0] == 0


def test_without_what_was_retrieved_or_confidence_there_are_no_such_scores(tmp_path: Path, capsys: Capsys) -> None:
    scores, _ = imported(tmp_path, capsys, {"id": "q0", "answer": "A mayor."}, {"id": "q1", "error": "time-out"})
    reasons = {"the system does not say what it retrieved": 2}
    assert dict(scores.measured["recall@5_sentence"].metric.unscored) == reasons
    assert scores.measured["aurc"].metric.value is None
    assert answer_curve(scores.outcomes)[0] is None
    assert "tokens and cost are not told" in run(capsys, "score", tmp_path / "run")[1]


def test_pages_over_what_other_systems_do_not_tell(tmp_path: Path, capsys: Capsys) -> None:
    names = ("anthropic", "ragas")
    for name in names:
        assert run(capsys, "import", "smoke", SAMPLES / f"{name}.jsonl", "--out", tmp_path / name)[0] == 3
    page, report = tmp_path / "page.html", tmp_path / "report.html"
    assert run(capsys, "compare", *(tmp_path / name for name in names), "--page", page)[0] == 3
    assert "no record yet" in page.read_text(encoding="utf-8")
    assert run(capsys, "report", tmp_path / "ragas", "--html", report)[0] == 3
    assert "ragas" in report.read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ("{", "not valid JSON"),
        ({"id": "q9", "answer": "Yes."}, "the suite has no such question: id 'q9'"),
        ({"question": "Who sank?", "answer": "Bo."}, "the suite has no such question: 'Who sank?'"),
        ({"id": "q0", "answer": "Again."}, "question 'q0' has a record already: "),
        ({"id": "q1"}, "neither 'answer' nor 'refused' nor 'error'"),
        ({"id": "q1", "answer": 7}, "field 'answer': Input should be a valid string"),
        ({"id": "q1", "answer": "A [1].", "sources": [{"n": 1}, {"n": 1}]}, "two sources or citations have one number"),
        (
            {"id": "q1", "answer": "A [1].", "sources": ["a"], "citations": ["b"]},
            "marks mean 'sources', so nothing says what 'citations' belong to",
        ),
        ({"object": "response", "output": []}, "a reply that does not say which question it answers"),
        ({"inputs": {"text": "Who?"}, "outputs": {}}, "'inputs' has none of question, input, query, user_input"),
        ({"user_input": "Who?"}, "no 'response'"),
    ],
)
def test_a_fault_names_file_and_line_and_can_be_left_out(
    line: Mapping[str, Any] | str, told: str, tmp_path: Path, capsys: Capsys
) -> None:
    suite = write_suite(tmp_path / "suite", "http://127.0.0.1:9")
    path = write(tmp_path / "records.jsonl", {"id": "q0", "answer": "Yes."}, "", line)
    status, _, err = run(capsys, "import", suite, path, "--out", tmp_path / "run")
    assert (status, f"{path}:3: {told}" in err, "Traceback" in err) == (1, True, False)
    assert not (tmp_path / "run").exists()
    status, out, _ = run(capsys, "import", suite, path, "--out", tmp_path / "run", "--skip-unknown")
    assert (status, f"left out: {path}:3: {told}" in out) == (3, True)
    assert len(Run(tmp_path / "run").completed()) == 1


def test_only_told_words_are_refusals(tmp_path: Path, capsys: Capsys) -> None:
    suite = write_suite(tmp_path / "suite", "http://127.0.0.1:9")
    answers = (
        "I don’t know.",
        "Das weiß ich nicht, leider.",
        "Empty Response",
        "I don't know him.",
        "I don't knowingly.",
        " ",
    )
    records = [{"id": f"q{number}", "answer": answer} for number, answer in enumerate(answers)]
    path = write(tmp_path / "records.jsonl", *records)
    said = run(capsys, "import", suite, path, "--out", tmp_path / "a")[1]
    assert "refusals 4: 2 by “I don't know”, 1 by “Empty Response”, 1 by an empty answer" in said
    said = run(capsys, "import", suite, path, "--out", tmp_path / "b", "--refusal", "das weiss ich nicht")[1]
    assert "refusals 2: 1 by “das weiss ich nicht”, 1 by an empty answer" in said


def test_a_run_is_not_written_over(tmp_path: Path, capsys: Capsys) -> None:
    imported(tmp_path, capsys, {"id": "q0", "answer": "A mayor.", "latency": 3})
    path = tmp_path / "records.jsonl"
    status, _, err = run(capsys, "import", tmp_path / "suite" / "talks.toml", path, "--out", tmp_path / "run")
    assert (status, "holds a run already" in err) == (2, True)


def test_fields_that_are_not_read_are_named(tmp_path: Path, capsys: Capsys) -> None:
    assert (
        "not read: field 'latency', in 1 records"
        in imported(tmp_path, capsys, {"id": "q0", "answer": "A mayor.", "latency": 3})[1]
    )


def test_trec_files_are_read_by_ir_measures(tmp_path: Path, capsys: Capsys) -> None:
    second = TEXT.split("\n")[1]
    imported(
        tmp_path,
        capsys,
        {"id": "q0", "answer": "A mayor.", "contexts": [second, FIRST, "nowhere at all"]},
        {"id": "q1", "answer": "A mayor.", "contexts": [FIRST]},
    )
    out = tmp_path / "trec"
    assert run(capsys, "export", tmp_path / "run", "--format", "trec", "--out", out)[0] == 0
    found = list(read_trec_run(str(out / "passages.run")))
    assert [(item.query_id, item.doc_id.partition(":")[0]) for item in found] == [
        ("q0", "talks"),
        ("q0", "talks"),
        ("q0", "(not%20aligned)%203"),
        ("q1", "talks"),
    ]
    gold = list(read_trec_qrels(str(out / "passages.qrels")))
    values = ir_measures.iter_calc([ir_measures.RR], gold, found)
    assert {item.query_id: item.value for item in values if item.query_id in {"q0", "q1"}} == {"q0": 0.5, "q1": 0}
    assert len(list(read_trec_qrels(str(out / "articles.qrels")))) == len(PEOPLE)
    assert run(capsys, "export", tmp_path / "run", "--format", "trec", "--out", out)[0] == 2


def test_csv_has_a_row_for_each_question(tmp_path: Path, capsys: Capsys) -> None:
    cited = {"id": "q0", "answer": "=1+1 is what she said.", "citations": [{"quote": FIRST}]}
    imported(tmp_path, capsys, cited, {"id": "q1", "error": "time-out"})
    run(capsys, "export", tmp_path / "run", "--format", "csv", "--out", tmp_path)
    with (tmp_path / "answers.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert [row["status"] for row in rows] == ["answered", "failed"]
    assert rows[0]["answer"] == "'=1+1 is what she said."
    assert rows[0]["citations"] == f"[1] talks:0-{len(FIRST)}: {FIRST}"
    assert (rows[0]["seconds"], rows[1]["error"]) == ("", "time-out")
