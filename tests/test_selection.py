"""Which sentences answer: brought up to date, with both sides of a contradiction, by the real models and without."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from assistant.answer import Evidence, Status
from assistant.chain import AnswerChain, Question
from assistant.evidence import EvidenceLimits, select_evidence
from assistant.question_limits import Ordering
from assistant.scripted import ScriptedChat
from assistant.selection import COMPARED_RANGE, select_answers
from index.articles import Article
from index.chunks import split_chunks
from index.hits import Hit
from index.library import Library
from tests.parts import chain_over, quoting

AFTER_THE_FLOOD = datetime(2023, 8, 29, 23, tzinfo=UTC)


@pytest.fixture(scope="session")
def chain(newsroom: Library) -> AnswerChain:
    return chain_over(newsroom, ScriptedChat(replies=[quoting]))


def reported(number: int, day: str, text: str, fit: float = 5.0) -> Evidence:
    """The sentence of an article of its own."""
    source = f"Paper {number}"
    article = Article(f"article-{number}", title="Fire in Riverton", source=source, published=day, text=text)
    (chunk,) = split_chunks(article)
    (only,) = select_evidence("?", [Hit(chunk, 1.0)], None, EvidenceLimits(9, 900))
    return replace(only, label=f"S{number}", fit=fit)


TOLL = "How many people died in the Riverton fire?"
FIRST = reported(1, "2023-05-02", "Fourteen people died in the Riverton fire.")
OTHER = reported(2, "2023-05-02", "In Riverton, 17 people died in the fire, police said.", 4.0)
RISEN = reported(3, "2023-05-04", "The number of people who died in the Riverton fire has risen to 21.", 3.0)


def test_sources_of_one_day_that_differ_are_both_answers() -> None:
    selection = select_answers(TOLL, [FIRST, OTHER])
    assert [item.label for item in selection.answers] == ["S1", "S2"]
    (disagreement,) = selection.disagreements
    assert set(disagreement.labels) == {"S1", "S2"}


def test_a_later_figure_takes_the_place_of_an_earlier_one() -> None:
    selection = select_answers(TOLL, [FIRST, RISEN])
    assert ([item.label for item in selection.answers], dict(selection.outdated)) == (["S3"], {"S1": "S3"})
    assert selection.disagreements == ()


def test_a_question_about_the_past_keeps_the_earlier_figure() -> None:
    first = "How many people died in the Riverton fire, by the first reports?"
    assert [item.label for item in select_answers(first, [FIRST, replace(RISEN, fit=1.0)]).answers] == ["S1"]


def test_what_fits_much_worse_takes_no_place() -> None:
    far = replace(RISEN, fit=5.0 - COMPARED_RANGE - 0.1)
    assert [item.label for item in select_answers(TOLL, [FIRST, far]).answers] == ["S1"]


def test_the_latest_is_the_newest_of_what_fits_equally() -> None:
    older = reported(1, "2023-05-02", "The ferry was found by divers.", 5.0)
    newer = reported(2, "2023-05-09", "The ferry was raised by a crane.", 4.0)
    answers = [select_answers("what of the ferry?", [older, newer], ordering).answers[0] for ordering in Ordering]
    assert [item.label for item in answers] == ["S1", "S2", "S1"]


def test_without_a_reader_the_first_sentences_answer() -> None:
    unscored = [replace(item, fit=None) for item in (FIRST, OTHER)]
    assert list(select_answers(TOLL, unscored).answers) == unscored


def test_an_answer_says_where_its_sources_differ(chain: AnswerChain) -> None:
    answer = chain.invoke(Question("How many people have died in the flood?", as_of=AFTER_THE_FLOOD))
    assert answer.status is Status.CONFLICTING
    (line,) = answer.disagreements
    assert line.startswith("Sources differ: seven [")
    cited = {citation.article.source for citation in answer.citations}
    assert {"Estmere News Agency", "Tolle Valley Gazette"} <= cited
    assert answer.to_dict()["disagreements"] == [line]


def test_what_was_planned_gives_way_to_what_happened(chain: AnswerChain) -> None:
    answer = chain.invoke("When did St. Edda's Hospital in Vellin open?")
    assert answer.citations[0].article.published >= "2023-10-16"


def test_a_refusal_names_what_was_not_found(chain: AnswerChain) -> None:
    answer = chain.invoke("Who directed the opera house of Trondheim?")
    assert answer.status is Status.INSUFFICIENT
    assert "Trondheim" in answer.missing
    assert (answer.confidence or 0.0) < 0.28
