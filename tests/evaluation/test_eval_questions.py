"""Question files: what is read, what is refused, and with which words."""

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evals.questions.files import check_questions, parse_question, question_line, read_questions, write_questions
from evals.questions.schema import Attack, Header, Question, Span, Turn
from index.errors import InputError

HEADER = '{"schema": "news-assistant/questions", "version": 1, "name": "tiny"}\n'
GOOD: dict[str, Any] = {"id": "a", "question": "Who?", "answerable": True, "answer_type": "span", "answers": ["Bo"]}

visible = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=12).filter(
    lambda text: bool(text.strip())
)


@st.composite
def spans(draw: st.DrawFn) -> Span:
    text = draw(visible)
    start = draw(st.none() | st.integers(0, 10_000))
    return Span(article=draw(visible), start=start, end=None if start is None else start + len(text), text=text)


@st.composite
def questions(draw: st.DrawFn) -> Question:
    answerable = draw(st.booleans())
    gold: dict[str, Any] = {
        "answer_type": draw(st.sampled_from(("span", "list", "number", "date", "quote", "long"))),
        "answers": draw(st.lists(st.lists(visible, min_size=1, max_size=3), max_size=3)),
        "evidence": draw(st.lists(st.lists(spans(), min_size=1, max_size=2), max_size=2)),
    }
    return Question(
        id=draw(visible),
        question=draw(visible),
        answerable=answerable,
        question_type=draw(st.text(st.characters(exclude_categories=["Cs"]), max_size=5)),
        tags=tuple(draw(st.lists(visible, max_size=2))),
        as_of=draw(st.sampled_from(("", "2023-11-09", "2023-11-09T08:00:00+01:00"))),
        history=tuple(draw(st.lists(st.builds(Turn, question=visible, answer=st.just("Yes.")), max_size=2))),
        attack=draw(st.none() | st.builds(Attack, goal=visible, says=st.tuples(visible))),
        **(gold if answerable else {}),
    )


def write(tmp_path: Path, *lines: str | dict[str, Any], header: str = HEADER) -> Path:
    path = tmp_path / "questions.jsonl"
    text = "".join(line if isinstance(line, str) else f"{json.dumps(line)}\n" for line in lines)
    path.write_text(header + text, encoding="utf-8")
    return path


@given(questions())
def test_reading_a_written_question_gives_it_back(question: Question) -> None:
    assert parse_question(question_line(question), "here") == question


def test_reading_a_written_file_gives_it_back(tmp_path: Path) -> None:
    header, question = Header(name="tiny", licence="Apache-2.0"), Question.model_validate(GOOD)
    write_questions(tmp_path / "q.jsonl", header, [question])
    read = read_questions(tmp_path / "q.jsonl")
    assert (read.header, read.questions) == (header, (question,))
    assert len(read.digest) == 64


def test_a_flat_list_of_answers_is_one_part_with_alternatives() -> None:
    assert parse_question(json.dumps({**GOOD, "answers": ["Bo", "Mr. Bo"]}), "here").answers == (("Bo", "Mr. Bo"),)
    nested = {**GOOD, "answers": [["Bo", "Mr. Bo"], ["Cara"]]}
    assert parse_question(json.dumps(nested), "here").answers == (("Bo", "Mr. Bo"), ("Cara",))


SPAN = {"article": "x", "start": 0, "end": 2, "text": "ab"}


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"answrs": []}, "field 'answrs': unknown field"),
        ({"answerable": 1}, "field 'answerable': Input should be a valid boolean"),
        ({"answers": ["a", ["b"]]}, "field 'answers[0]': Input should be a list"),
        ({"answers": [["a"], []]}, "field 'answers': holds an empty list"),
        ({"answers": [" "]}, "field 'answers[0][0]': must not be blank"),
        ({"answer_type": "essay"}, "field 'answer_type': Input should be 'span', 'list'"),
        ({"answer_type": None}, "a question with 'answerable': true needs an answer_type"),
        ({"answer_type": "yes_no"}, 'answers to a yes_no question are one list that starts with "yes" or "no"'),
        ({"answerable": False}, "a question with 'answerable': false has no answers"),
        ({"evidence": [[{**SPAN, "start": "0"}]]}, "field 'evidence[0][0].start': Input should be a valid integer"),
        (
            {"evidence": [[{**SPAN, "end": 5}]]},
            "field 'evidence[0][0]': end - start is 5, but the text has 2 characters",
        ),
        ({"evidence": [[{**SPAN, "end": None}]]}, "field 'evidence[0][0]': start and end belong together"),
        ({"as_of": "yesterday"}, "field 'as_of': Invalid isoformat string"),
        ({"attack": {"goal": "g", "says": []}}, "field 'attack.says'"),
        ({"id": " "}, "field 'id': must not be blank"),
    ],
)
def test_a_fault_is_told_with_file_line_and_field(tmp_path: Path, change: dict[str, Any], message: str) -> None:
    path = write(tmp_path, GOOD, {**GOOD, "id": "b", **change})
    with pytest.raises(InputError) as caught:
        read_questions(path)
    assert caught.value.problem.startswith(f"{path}:3: {message}")


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ('{"id": "b", "quest', "not valid JSON: Unterminated string starting at at character 12; the file ends here"),
        ('["b"]\n', "a list, not an object"),
        ('{"id": "b", "id": "c"}\n', "key 'id' is there twice"),
        ('{"id": NaN}\n', "NaN is not JSON"),
        ('{"id": "a", "question": "Who?", "answerable": false}\n', "id 'a' is that of line 2"),
    ],
)
def test_a_broken_line_is_told(tmp_path: Path, line: str, message: str) -> None:
    path = write(tmp_path, GOOD, line)
    with pytest.raises(InputError) as caught:
        read_questions(path)
    assert caught.value.problem.startswith(f"{path}:3: {message}")


@pytest.mark.parametrize(
    ("header", "message"),
    [
        ("", "the first line is not the header"),
        (HEADER.replace("1", "2"), "field 'version' is 2; this program reads version 1"),
        (HEADER.replace('"name"', '"nam"'), "field 'name'"),
    ],
)
def test_a_file_without_our_header_is_refused(tmp_path: Path, header: str, message: str) -> None:
    with pytest.raises(InputError, match=message):
        read_questions(write(tmp_path, GOOD, header=header))


def test_files_without_questions_are_refused(tmp_path: Path) -> None:
    (tmp_path / "empty.jsonl").write_text("\n")
    for path, message in (
        (tmp_path / "empty.jsonl", "is empty"),
        (write(tmp_path), "no questions"),
        (tmp_path, "directory"),
    ):
        with pytest.raises(InputError, match=message):
            read_questions(path)
    (tmp_path / "latin.jsonl").write_bytes(b"\xe9\n")
    with pytest.raises(InputError, match="not UTF-8"):
        read_questions(tmp_path / "latin.jsonl")


def test_checking_goes_on_after_a_fault(tmp_path: Path) -> None:
    items = list(check_questions(write(tmp_path, {**GOOD, "x": 1}, "{\n", {**GOOD, "id": "b"})))
    assert [type(item) for item in items] == [Header, InputError, InputError, Question]


def test_an_interrupted_write_leaves_the_old_file(tmp_path: Path) -> None:
    path = write(tmp_path, GOOD)
    before = path.read_bytes()
    with pytest.raises(ZeroDivisionError):
        write_questions(
            path, Header(name="tiny"), (Question.model_validate({**GOOD, "id": str(1 // n)}) for n in (1, 0))
        )
    assert path.read_bytes() == before
