"""What kind of answer a question asks for, and which sentences can hold it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assistant.expectation import AnswerKind, Expectation, expectation, holds_answer

NUMBER, DATE, PERSON, PLACE = AnswerKind.NUMBER, AnswerKind.DATE, AnswerKind.PERSON, AnswerKind.PLACE


@pytest.mark.parametrize(
    ("question", "kind"),
    [
        ("How many boats sank?", NUMBER),
        ("how much does the bridge cost", NUMBER),
        ("What share of the vote did she get?", NUMBER),
        ("By how many votes did he win?", NUMBER),
        ("At what speed did the ferry hit the pier?", NUMBER),
        ("When did the strike begin?", DATE),
        ("In what year was the harbour built?", DATE),
        ("By when will the court decide?", DATE),
        ("Who cut the ribbon?", PERSON),
        ("In whose office did they meet?", PERSON),
        ("Which foreign minister was the host?", PERSON),
        ("What is the name of the captain?", PERSON),
        ("Where did the ferry sink?", PLACE),
        ("Which city did he fly to?", PLACE),
        ("Why was the opening put off?", AnswerKind.REASON),
        ("What did the mayor say about the bridge?", AnswerKind.QUOTATION),
        ("Did the mayor resign?", AnswerKind.YES_NO),
        ("is the harbour closed", AnswerKind.YES_NO),
        ("What does the treaty involve?", AnswerKind.OPEN),
        ("", AnswerKind.OPEN),
    ],
)
def test_the_words_of_a_question_tell_the_kind(question: str, kind: AnswerKind) -> None:
    assert expectation(question).kind is kind


@pytest.mark.parametrize(
    ("question", "several", "count"),
    [
        ("Which three countries signed?", True, 3),
        ("Which cities did he visit?", True, None),
        ("Name the people whom she met.", True, None),
        ("Who were the two candidates?", True, 2),
        ("Which three prices has the bridge had?", True, 3),
        ("How did the price change between June and October?", True, None),
        ("Was turnout higher in the first round or in the second?", True, None),
        ("Which bus is late?", False, None),
        ("How many boats sank?", False, None),
        ("Did three boats sink?", False, None),
    ],
)
def test_some_questions_ask_for_several_things(question: str, several: bool, count: int | None) -> None:
    asked = expectation(question)
    assert (asked.several, asked.count) == (several, count)


def test_one_number_or_date_is_a_whole_answer() -> None:
    assert Expectation(NUMBER).single
    assert Expectation(DATE).single
    assert not Expectation(NUMBER, several=True).single
    assert not Expectation(PERSON).single


@pytest.mark.parametrize(
    ("sentence", "question", "holds"),
    [
        ("Seven boats sank.", "How many boats sank?", True),
        ("The boats sank.", "How many boats sank?", False),
        ("In 2023 the boats sank.", "How many boats sank in 2023?", False),
        ("Hundreds of boats sank.", "How many boats sank?", True),
        ("It is 41 metres high.", "How high is the lighthouse?", True),
        ("It was built in 1868.", "How high is the lighthouse?", False),
        ("She was travelling at 9 knots.", "How fast was the ferry?", True),
        ("The pier is 9 metres long.", "How fast was the ferry?", False),
        ("It leaves at 10.48 p.m.", "At what time does the train leave?", True),
        ("It leaves from platform 3.", "At what time does the train leave?", False),
        ("The fee was 6.5 million crowns.", "What fee did the club pay?", True),
        ("He scored 12 goals.", "What fee did the club pay?", False),
        ("Turnout was 54.3 per cent.", "What was the turnout?", True),
        ("It opened in October.", "When did the hospital open?", True),
        ("It opened with a speech.", "When did the hospital open?", False),
        ("The hospital of October opened.", "When in October did the hospital open?", False),
        ("It opened on Monday.", "When did the hospital open?", True),
        ("Governor Vass cut the ribbon.", "Who cut the ribbon?", True),
        ("The ribbon was cut at noon.", "Who cut the ribbon?", False),
        ("A minister cut the ribbon.", "Who cut the ribbon?", True),
        ("He flew to New Delhi.", "Where did Blinken fly?", True),
        ("He flew by night.", "Where did Blinken fly?", False),
        ('"Not one crown," she said.', "What did she say about it?", True),
        ("She answered at once.", "What did she say about it?", False),
        ("It was put off because a test failed.", "Why was it put off?", True),
        ("It was put off by six weeks.", "Why was it put off?", False),
        ("Anything goes.", "What happened?", True),
        ("Anything goes.", "Did it happen?", True),
    ],
)
def test_a_sentence_must_hold_what_is_asked_for(sentence: str, question: str, holds: bool) -> None:
    assert holds_answer(sentence, question, expectation(question).kind) is holds


@given(st.text(max_size=80), st.text(max_size=80))
def test_any_text_is_read(question: str, sentence: str) -> None:
    asked = expectation(question)
    assert asked.count is None or (asked.several and asked.count >= 0)
    assert holds_answer(sentence, question, asked.kind) in {True, False}


@given(st.integers(2, 10**6))
def test_the_questions_own_number_is_no_answer(number: int) -> None:
    question = f"How many of the {number} boats sank?"
    assert not holds_answer(f"There were {number} boats.", question, NUMBER)
    assert holds_answer(f"Of {number} boats, {number + 1} sank.", question, NUMBER)
