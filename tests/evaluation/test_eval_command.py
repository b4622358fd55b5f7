"""``python -m evals`` as a user runs it."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from evals.commands.main import main
from evals.questions.files import read_questions
from evals.run.provenance import articles_digest
from index.read.readers import find_files, read_articles
from tests.evaluation.test_eval_questions import GOOD, HEADER

ROOT = Path(__file__).parents[2]
NEWSROOM = ROOT / "evals" / "datasets" / "newsroom"


def run(capsys: pytest.CaptureFixture[str], *arguments: str | Path) -> tuple[int, str, str]:
    with pytest.raises(SystemExit) as caught:
        main([str(argument) for argument in arguments])
    printed = capsys.readouterr()
    return int(caught.value.code or 0), printed.out, printed.err


def test_the_newsroom_is_valid_and_all_its_evidence_stands_in_its_articles(capsys: pytest.CaptureFixture[str]) -> None:
    status, out, err = run(capsys, "validate", NEWSROOM / "questions.jsonl", "--articles", NEWSROOM / "articles")
    assert (status, err) == (0, "")
    assert "evidence spans: 372 in place, 0 not found" in out
    assert "newsroom: 276 questions, 110 of them unanswerable" in out


def test_the_dataset_card_has_the_digests_of_its_files() -> None:
    card = (NEWSROOM / "README.md").read_text(encoding="utf-8")
    articles = [article for file in find_files([NEWSROOM / "articles"]) for article in read_articles(file)]
    assert read_questions(NEWSROOM / "questions.jsonl").digest in card
    assert articles_digest(articles) in card


def test_every_fault_is_named_and_the_status_is_1(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path, text = tmp_path / "q.jsonl", tmp_path / "a.txt"
    text.write_text("Bo spoke.")
    lost = {**GOOD, "id": "b", "evidence": [[{"article": "x", "text": "Bo"}]], "group": "g"}
    unlike = {**GOOD, "id": "c", "answers": ["Cara"], "group": "g"}
    path.write_text(HEADER + "".join(f"{json.dumps(record)}\n" for record in ({**GOOD, "x": 1}, lost, unlike)))
    status, out, err = run(capsys, "validate", path, "--articles", text)
    assert status == 1
    assert err.splitlines() == [
        f"{path}:2: field 'x': unknown field",
        f"{path}: questions b and c are paraphrases (g) with different answers",
        f"{path}: question b, evidence[0]: no such article: 'Bo' in 'x'",
    ]
    assert "1 not found" in out


def test_validate_writes_the_offsets_that_it_found(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path, articles = tmp_path / "q.jsonl", tmp_path / "a.jsonl"
    articles.write_text('{"id": "x", "text": "Then Bo spoke."}\n')
    path.write_text(HEADER + json.dumps({**GOOD, "evidence": [[{"article": "x", "text": "Bo spoke."}]]}) + "\n")
    assert run(capsys, "validate", path, "--articles", articles, "--write")[0] == 0
    assert '"start": 5, "end": 14' in path.read_text()
    assert "1 in place, 0 not found" in run(capsys, "validate", path, "--articles", articles)[1]


def test_wrong_usage_has_status_2(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    status, _, err = run(capsys, "validate", tmp_path / "q.jsonl", "--write")
    assert status == 2
    assert "--write needs the articles" in err
    status, _, err = run(capsys, "convert", "table", tmp_path / "q.csv", "--out", tmp_path, "--column", "question")
    assert status == 2
    assert "not of the form FIELD=COLUMN" in err
    assert run(capsys, "convert", "unknown", tmp_path)[0] == 2


def test_a_missing_file_is_told_in_two_lines(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    status, _, err = run(capsys, "validate", tmp_path / "none.jsonl")
    assert status == 1
    assert "none.jsonl: No such file or directory" in err
    assert "Traceback" not in err


def test_convert_says_what_became_of_every_record(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    source = tmp_path / "rows.csv"
    source.write_text("question,reference,note\nWho?,Bo,x\nWhy?,,\n")
    status, out, _ = run(capsys, "convert", "table", source, "--out", tmp_path / "out", "--licence", "CC0-1.0")
    assert status == 0
    assert out.splitlines() == [
        "2 questions read, 1 written (0 of them unanswerable), 1 skipped",
        "0 articles written",
        f"skipped, 1 times: no gold answer, and no column says that it is unanswerable; first in {source}:3",
        f"note, 1 times: column 'note' has no place in a question and is left out; first in {source}:2",
    ]
    header = json.loads((tmp_path / "out" / "questions.jsonl").read_text().splitlines()[0])
    assert (header["name"], header["licence"], header["source"]) == (
        "rows",
        "CC0-1.0",
        "converted from table: rows.csv",
    )


def test_the_module_runs(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "evals", "--help"], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert "convert" in done.stdout
    assert "validate" in done.stdout
