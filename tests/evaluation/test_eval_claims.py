"""Claims from labelled files and from runs."""

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from evals.judge.claims import Claim, Label, claims_of_run, read_claims, sample
from evals.questions.schema import Header
from evals.run.append_only import open_line_file
from evals.run.provenance import Provenance
from evals.run.records import Record, Run, RunInfo, create_run
from evals.run.suite import Material, QuestionSource, Suite
from index.articles import Article
from index.errors import InputError
from tests.eval_outcomes import FIRST, TEXT, THIRD, ask, unanswerable

WICE = Path(__file__).parents[3] / "shared" / "data" / "wice" / "claims-dev.jsonl"
LINE: dict[str, Any] = {
    "label": "partially_supported",
    "claim": "Ortega visited Port Alder in May.",
    "evidence": ["Ortega took office.", " ", "She visited Port Alder.", "It rained."],
    "meta": {"id": "dev1", "claim_title": "Ortega", "chunk_idx": [4, 5, 9, 12], "oracle_idx": [2, 9]},
}


def write(path: Path, *lines: object) -> Path:
    path.write_text("".join(f"{line if isinstance(line, str) else json.dumps(line)}\n" for line in lines))
    return path


def answer(*claims: tuple[str, list[int]]) -> dict[str, Any]:
    """What a record keeps of an answer over ``TEXT`` whose citations are its first and its third sentence."""
    article = {"id": "a", "title": "Talks"}
    places = {1: FIRST, 2: THIRD}
    cited = [
        {"n": number, "sentence": TEXT[slice(*place)], "start": place[0], "end": place[1], "article": article}
        for number, place in places.items()
    ]
    return {
        "status": "answered" if claims else "insufficient",
        "claims": [{"text": text, "citations": numbers} for text, numbers in claims],
        "citations": cited if claims else [],
        "hits": [],
        "evidence": [],
        "confidence": 1.0,
        "timings_ms": {},
        "usage": None,
    }


def make_run(folder: Path) -> Run:
    """Three questions, of which one is answered with four claims, one refused, and one not asked yet."""
    suite = Suite(name="talks", questions=QuestionSource(file="q.jsonl"), articles=("a.jsonl",))
    nowhere = Provenance(
        commit="",
        dirty=None,
        code="",
        packages={},
        prompts={},
        model="m",
        weights={},
        settings={},
        articles="",
        machine={},
    )
    info = RunInfo(suite=suite, questions="", created=datetime.now(UTC), provenance=nowhere)
    questions = (ask(("Bo",), id="q/1", cluster="talks"), unanswerable(id="u"), unanswerable(id="later"))
    article = Article(id="a", title="Talks", text=TEXT, source="", url="", author="", published="")
    run = create_run(folder, info, Material(Header(name="talks"), questions, (article,)))
    add(
        run,
        "q/1",
        answer(("Anna met Bo.", [1]), ("They talked for 9.2 hours.", [2, 1]), ("Cara won.", [7]), ("X.", [1])),
    )
    add(run, "u", answer())
    return run


def add(run: Run, question: str, told: dict[str, Any] | None) -> None:
    error = "" if told else "no answer within 60 s"
    record = Record(question=question, seed=0, seconds=1, at=datetime.now(UTC), answer=told, error=error)
    with open_line_file(run.folder / "records.jsonl") as file:
        file.add(record)


def test_a_line_becomes_a_claim_with_its_label_and_gold_sentences(tmp_path: Path) -> None:
    own = {"label": "not_supported", "claim": "It snowed.", "evidence": ["It rained."]}
    found = read_claims(write(tmp_path / "c.jsonl", LINE, "", own))
    first, second = found.claims
    # The blank sentence is left out, and of the two supporting sentences the extract has one, now the second.
    assert first.claim == Claim(
        "dev1@1", LINE["claim"], ("Ortega took office.", "She visited Port Alder.", "It rained."), "dev1"
    )
    assert (first.label, first.gold, first.lost) == (Label.PARTIALLY, (1,), 1)
    assert (second.label, second.gold, second.lost) == (Label.NOT, (), 0)
    assert (second.claim.id, second.claim.cluster) == ("It snowed.@3", "It snowed.")
    assert len(found.digest) == 64


def test_a_digest_is_of_the_claim_and_its_sentences() -> None:
    texts = [("a", ("b", "c")), ("a", ("bc",)), ("ab", ("c",)), ("a", ("c", "b"))]
    assert len({Claim("x", text, sentences, "").digest for text, sentences in texts}) == 4
    assert Claim("x", "a", ("b",), "").digest == Claim("y", "a", ("b",), "z").digest


@pytest.mark.parametrize(
    ("line", "problem"),
    [
        ("{", "not valid JSON"),
        ("[]", "a list, not an object"),
        ({**LINE, "label": "refuted"}, "field 'label'"),
        ({**LINE, "claim": " "}, "field 'claim': must not be blank"),
        ({**LINE, "evidence": []}, "field 'evidence': must have a sentence that is not blank"),
        ({**LINE, "evidence": [" "]}, "field 'evidence': must have a sentence that is not blank"),
        ({**LINE, "evidence": "It rained."}, "field 'evidence'"),
        ({**LINE, "evidence": ["It rained."]}, "a number of its own for each sentence"),
        ({**LINE, "meta": {"chunk_idx": [1, 1, 2, 3]}}, "a number of its own for each sentence"),
        ({**LINE, "meta": {"oracle_idx": ["4"]}}, "field 'meta.oracle_idx[0]'"),
        ({**LINE, "gold": [1]}, "field 'gold': unknown field"),
        ({key: value for key, value in LINE.items() if key != "claim"}, "field 'claim': Field required"),
    ],
)
def test_a_fault_is_named_with_file_line_and_field(tmp_path: Path, line: object, problem: str) -> None:
    path = write(tmp_path / "c.jsonl", LINE, line)
    with pytest.raises(InputError) as caught:
        read_claims(path)
    assert caught.value.problem.startswith(f"{path}:2: ")
    assert problem in caught.value.problem
    assert caught.value.remedy


def test_a_file_without_claims_and_a_missing_one_are_errors(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="holds no claims"):
        read_claims(write(tmp_path / "c.jsonl", ""))
    with pytest.raises(InputError, match="No such file"):
        read_claims(tmp_path / "none.jsonl")


def test_a_larger_sample_has_the_smaller_one(tmp_path: Path) -> None:
    claims = read_claims(write(tmp_path / "c.jsonl", *[LINE] * 30)).claims
    samples = [sample(claims, size) for size in (5, 12, 100)]
    assert [len(one) for one in samples] == [5, 12, 30]
    assert set(samples[0]) < set(samples[1]) < set(samples[2])
    assert samples[1] == tuple(item for item in claims if item in samples[1])
    assert samples[0] != claims[:5]
    assert sample(claims, None) == claims


def test_claims_of_a_run_have_the_sentences_that_they_cite(tmp_path: Path) -> None:
    run = make_run(tmp_path)
    first, second, third, _ = claims_of_run(run)
    assert first == Claim("q/1/0/1", "Anna met Bo.", ("Anna met Bo in Oslo.",), "talks")
    assert second.sentences == ("Anna met Bo in Oslo.", "They talked for 9.2 hours.")
    assert (third.id, third.sentences) == ("q/1/0/3", ())  # no citation has this number


def test_a_failed_question_shows_no_claims(tmp_path: Path) -> None:
    run = make_run(tmp_path)
    add(run, "later", None)
    assert len(claims_of_run(run)) == 4


def test_wice_is_read_whole() -> None:
    if not WICE.exists():
        pytest.skip("shared/data/wice/claims-dev.jsonl is not beside the checkout")
    claims = read_claims(WICE).claims
    labels = [item.label for item in claims]
    assert [labels.count(label) for label in Label] == [342, 576, 125]
    assert len({item.claim.cluster for item in claims}) == 349
    assert len({item.claim.id for item in claims}) == 1043
    assert sum(item.lost > 0 for item in claims) == 6
    assert all(bool(item.gold) is (item.label is not Label.NOT) for item in claims)
