"""Questions about time on the whole way: what is searched, in which order, and what the answer says about it."""

import asyncio
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from assistant.answer import Answer, Status
from assistant.answering.chain import AnswerChain
from assistant.assistant import Assistant
from assistant.question.asked import Question
from assistant.question.follow_up import Earlier
from assistant.testing import ScriptedChat
from index.articles import Window, epoch_seconds, until_seconds
from index.errors import UsageError
from index.library import Library
from tests.parts import LIMITS, Chats, chain_over, quoting

TOLL = "How many people died in the flood?"
AUGUST = datetime(2023, 8, 29, 23, 59, 59, tzinfo=UTC)
NOVEMBER = datetime(2023, 11, 20, tzinfo=UTC)


@pytest.fixture(scope="session")
def chain(newsroom: Library) -> AnswerChain:
    return chain_over(newsroom, ScriptedChat(replies=[quoting]))


def days_of(answer: Answer) -> list[str]:
    return [hit.chunk.article.published[:10] for hit in answer.hits]


def test_a_strict_time_is_searched_and_no_other(chain: AnswerChain) -> None:
    answer = chain.invoke(Question("How many people died in the flood last week?", as_of=datetime(2023, 9, 6)))
    assert answer.status in {Status.ANSWERED, Status.CONFLICTING}  # seven by one count, eight by another
    assert all("2023-08-28" <= day <= "2023-09-05" for day in days_of(answer))
    assert answer.warnings == ()


def test_nothing_inside_the_time_is_said_with_the_time(chain: AnswerChain) -> None:
    for as_of, found in ((datetime(2020, 1, 1), False), (NOVEMBER, True)):
        answer = chain.invoke(Question("At what temperature did tungsten boil last week?", as_of=as_of))
        assert (answer.status, bool(answer.hits)) == (Status.INSUFFICIENT, found)
        assert len(answer.warnings) == 1
    assert answer.warnings == ("only articles published 13–20 November 2023 were searched, as the question says",)


def test_the_present_is_now_when_nothing_else_is_said(newsroom: Library) -> None:
    chats = Chats(ScriptedChat(replies=["{}"]))
    answer = AnswerChain(newsroom, chats, LIMITS).invoke("What happened yesterday?")
    assert (answer.status, answer.hits, chats.asked) == (Status.INSUFFICIENT, (), 0)
    assert f"{datetime.now(UTC).year}" in answer.warnings[0]


def test_a_soft_time_excludes_nothing(chain: AnswerChain) -> None:
    question = "How many people died in the flood in August 2023?"
    answer = chain.invoke(Question(question, as_of=NOVEMBER))
    assert answer.hits == chain.invoke(Question(question)).hits
    assert {day[:7] for day in days_of(answer)} > {"2023-08"}


def test_the_callers_window_is_never_left(chain: AnswerChain) -> None:
    window = Window(epoch_seconds("2023-08-29"), until_seconds("2023-08-29"))
    inside = chain.invoke(Question("How many died in the flood since 27 August?", window, as_of=NOVEMBER))
    outside = chain.invoke(Question("How many died in the flood last month?", window, as_of=NOVEMBER))
    assert set(days_of(inside)) == set(days_of(outside)) == {"2023-08-29"}


def test_what_is_published_after_the_present_is_not_known(chain: AnswerChain) -> None:
    before = chain.invoke(Question(TOLL, as_of=AUGUST))
    assert max(days_of(before)) <= "2023-08-29" < max(days_of(chain.invoke(TOLL)))
    with pytest.raises(UsageError, match="after the present"):
        chain.invoke(Question(TOLL, Window(since=epoch_seconds("2023-09-01")), as_of=AUGUST))


def test_of_sentences_that_fit_equally_the_newest_is_cited_first(chain: AnswerChain) -> None:
    newest = chain.invoke(Question("What is the latest on the mayor of Port Anselm?", as_of=NOVEMBER))
    best = max(item.fit or 0.0 for item in newest.evidence)
    near = [item.article.published for item in newest.evidence if (item.fit or 0.0) >= best - 2]
    assert len(set(near)) > 2
    assert newest.citations[0].article.published == max(near)


def test_every_way_to_ask_reads_the_same_time(chain: AnswerChain, assistant: Assistant) -> None:
    question = "At what temperature did tungsten boil last week?"
    asked = replace(chain.invoke(Question(question, as_of=NOVEMBER)), timings_ms={})
    assert replace(asyncio.run(chain.ainvoke(Question(question, as_of=NOVEMBER))), timings_ms={}) == asked
    for answer in (
        assistant.ask(question, as_of=NOVEMBER),
        assistant.ask(Question(question), as_of=NOVEMBER),
        list(assistant.stream(question, as_of=NOVEMBER))[-1],
        asyncio.run(assistant.aask(question, as_of=NOVEMBER)),
    ):
        assert (answer.hits, answer.warnings) == (asked.hits, asked.warnings)


def test_the_time_is_that_of_the_question_as_it_stands_alone(newsroom: Library) -> None:
    rewriting = '{"question": "How many people died in the flood last week?"}'
    chain = chain_over(newsroom, ScriptedChat(replies=[rewriting, quoting]))
    history = (Earlier(TOLL, "Nine people died."),)
    answer = chain.invoke(Question("And last week?", history=history, as_of=datetime(2023, 9, 6)))
    assert answer.standalone == "How many people died in the flood last week?"
    assert all("2023-08-28" <= day <= "2023-09-05" for day in days_of(answer))
