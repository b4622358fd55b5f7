"""Citations against gold spans, and claims against what they cite."""

from dataclasses import replace
from functools import partial

import pytest

from evals.metrics.citations import (
    citation_coverage,
    citation_f1,
    citation_precision,
    citation_recall,
    citation_validity,
    cited_first,
    words_cited,
)
from evals.metrics.outcome import Outcome, Passage, Statement, same_place
from evals.metrics.support import claim_facts, claim_recall, claim_support
from evals.questions.schema import Span
from tests.eval_outcomes import FIRST, SECOND, TEXT, THIRD, ask, cite, fail, refuse, say, span, unanswerable

ONE = ask(("Bo",), evidence=((span(FIRST), span(FIRST, "copy")),))
TWO = ask(("Bo",), evidence=((span(FIRST), span(FIRST, "copy")), (span(THIRD),)))


def citing(question: object, *passages: Passage) -> Outcome:
    numbers = tuple(passage.number for passage in passages)
    return say(question, "She met Bo.", *numbers, citations=passages)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("passages", "precision", "recall", "f1"),
    [
        ((cite(1, FIRST),), 1, 0.5, 2 / 3),
        ((cite(1, FIRST), cite(2, FIRST, "copy")), 1, 0.5, 2 / 3),
        ((cite(1, FIRST), cite(2, THIRD)), 1, 1, 1),
        ((cite(1, FIRST), cite(2, SECOND)), 0.5, 0.5, 0.5),
        ((cite(1, SECOND),), 0, 0, 0),
        ((cite(1, FIRST), cite(2, FIRST)), 1, 0.5, 2 / 3),  # the same place twice is one place
        ((), 0, 0, 0),
    ],
)
def test_citations_are_scored_against_groups_of_spans(
    passages: tuple[Passage, ...], precision: float, recall: float, f1: float
) -> None:
    outcome = citing(TWO, *passages)
    values = [metric([outcome]).value for metric in (citation_precision, citation_recall, citation_f1)]
    assert values == pytest.approx([precision, recall, f1])


def test_at_article_level_any_place_of_the_article_is_right() -> None:
    outcome = citing(ONE, cite(1, SECOND), cite(2, SECOND, "other"))
    values = [metric([outcome], "article").value for metric in (citation_precision, citation_recall, citation_f1)]
    assert values == pytest.approx([0.5, 1, 2 / 3])


def test_a_place_counts_when_half_of_the_shorter_is_shared() -> None:
    assert same_place(cite(1, (0, 20)), span((9, 11)))  # a phrase inside the sentence
    assert same_place(cite(1, (0, 20)), span((10, 30)))
    assert not same_place(cite(1, (0, 20)), span((11, 31)))
    assert not same_place(cite(1, (0, 20)), span((20, 40)))
    assert not same_place(cite(1, (0, 20)), span((0, 20), "b"))
    with pytest.raises(ValueError, match="has no offsets"):
        same_place(cite(1, FIRST), Span(article="a", text="Anna"))


def test_refusing_an_answerable_question_has_no_precision_but_loses_recall() -> None:
    precision, recall, f1 = (metric([refuse(ONE)]) for metric in (citation_precision, citation_recall, citation_f1))
    assert (precision.value, precision.n, dict(precision.unscored)) == (None, 0, {"refused, nothing is cited": 1})
    assert recall.value == f1.value == 0


def test_questions_without_gold_evidence_are_not_scored() -> None:
    for metric in (citation_precision, citation_recall, citation_f1):
        result = metric([citing(unanswerable(), cite(1, FIRST)), citing(ask(("Bo",)), cite(1, FIRST))])
        assert (result.value, dict(result.unscored)) == (None, {"the question has no gold evidence": 2})


def test_errors_count_as_wrong_citations() -> None:
    coverage = partial(citation_coverage, texts={"a": TEXT})
    for metric in (citation_precision, citation_recall, citation_f1, coverage, claim_support, claim_recall):
        result = metric([citing(ONE, cite(1, FIRST)), fail(ONE)])
        assert (result.value, result.errors, result.without_errors) == (0.5, 1, 1)


def test_a_dangling_citation_is_invalid_and_covers_nothing() -> None:
    dangling = say(ONE, "She met Bo.", 7, citations=(cite(1, FIRST),))
    assert citation_validity([dangling], {"a": TEXT}).value == 0
    assert citation_coverage([dangling], {"a": TEXT}).value == 0
    assert claim_support([dangling]).value == claim_recall([dangling]).value == 0


def test_a_citation_is_valid_when_its_article_has_its_text_there() -> None:
    right = cite(1, FIRST)
    faults = (
        replace(right, start=1, end=21),
        replace(right, article="gone"),
        replace(right, end=0),
        replace(right, start=-70),
    )
    assert citation_validity([citing(ONE, right)], {"a": TEXT}).value == 1
    for fault in faults:
        assert citation_validity([citing(ONE, fault)], {"a": TEXT}).value == 0
    uncited = citation_validity([say(ONE, "She met Bo.")], {"a": TEXT})
    assert dict(uncited.unscored) == {"answered without citations": 1}


def test_coverage_is_the_share_of_statements_with_a_citation() -> None:
    statements = (Statement("One.", (1,)), Statement("Two.", ()))
    outcome = Outcome(ONE, answered=True, statements=statements, citations=(cite(1, FIRST),))
    assert citation_coverage([outcome], {"a": TEXT}).value == 0.5
    assert citation_coverage([Outcome(ONE, answered=True)], {"a": TEXT}).value == 0
    assert citation_coverage([refuse(ONE)], {"a": TEXT}).n == 0


def test_words_are_counted_once_for_each_place() -> None:
    assert words_cited([citing(ONE, cite(1, FIRST), cite(2, FIRST), cite(3, SECOND))]).value == 10


@pytest.mark.parametrize(
    ("claim", "supported"),
    [
        ("Anna met Bo in Oslo.", 1),
        ("Anna met Cara in Oslo.", 0),
        ("Anna did not meet Bo in Oslo.", 0),
        ("Anna met Bo in Oslo for 9.3 hours.", 0),
    ],
)
def test_a_claim_is_supported_by_the_words_of_what_it_cites(claim: str, supported: float) -> None:
    assert claim_support([say(ONE, claim, 1, citations=(cite(1, FIRST),))]).value == supported


def test_a_claim_may_rest_on_several_sentences_together() -> None:
    claim = "Anna met Bo and talked for 9.2 hours."
    passages = (cite(1, FIRST), cite(2, THIRD))
    assert claim_support([say(ONE, claim, 1, 2, citations=passages)]).value == 1
    assert claim_support([say(ONE, claim, 1, citations=passages)]).value == 0


@pytest.mark.parametrize(
    ("claim", "stands"),
    [
        ("Anna met Bo in Oslo.", 1),
        ("Anna spoke in Oslo.", 1),
        ("Anna met Bo in Bergen.", 0),
        ("Anna met Bo 2 times.", 0),
    ],
)
def test_the_facts_of_a_claim_are_its_numbers_and_names(claim: str, stands: float) -> None:
    assert claim_facts([say(ONE, claim, 1, citations=(cite(1, FIRST),))]).value == stands
    assert claim_facts([say(ONE, claim, 2, citations=(cite(1, FIRST),))]).value == 0


def test_the_first_citation_is_scored_alone() -> None:
    right_first, wrong_first = (cite(1, FIRST), cite(2, THIRD)), (cite(1, THIRD), cite(2, FIRST))
    assert cited_first([say(ONE, "x", 1, citations=right_first)]).value == 1
    assert cited_first([say(ONE, "x", 1, citations=wrong_first)]).value == 0
    assert cited_first([refuse(ONE)]).value == 0
