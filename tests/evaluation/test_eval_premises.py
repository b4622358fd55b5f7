"""Metrics of questions with a wrong premise."""

from assistant.answer import Status
from evals.metrics.premises import instead_shown, premise_corrected
from tests.eval_outcomes import FIRST, SECOND, THIRD, ask, cite, fail, refuse, say, span, unanswerable

WRONG = unanswerable(question="What did Anna tell Cara?", instead=((span(SECOND),),))


def test_a_premise_is_corrected_when_it_is_named_and_what_is_so_instead_is_cited() -> None:
    named = refuse(WRONG, status=Status.FALSE_PREMISE, citations=(cite(1, SECOND),))
    beside_the_point = refuse(WRONG, status=Status.FALSE_PREMISE, citations=(cite(1, THIRD),))
    refused = refuse(WRONG, status=Status.INSUFFICIENT, beside=(cite(1, SECOND),))
    answered = say(WRONG, "She told Cara.", 1, citations=(cite(1, SECOND),), status=Status.ANSWERED)
    result = premise_corrected([named, beside_the_point, refused, answered])
    assert [score.value for score in result.scores] == [1, 0, 0, 0]


def test_a_refusal_shows_what_is_so_instead_among_its_citations_or_the_nearest_sentences() -> None:
    named = refuse(WRONG, status=Status.FALSE_PREMISE, citations=(cite(1, SECOND),))
    refused = refuse(WRONG, status=Status.INSUFFICIENT, beside=(cite(1, FIRST), cite(2, SECOND)))
    bare = refuse(WRONG, status=Status.INSUFFICIENT)
    answered = say(WRONG, "She told Cara.", 1, citations=(cite(1, SECOND),), status=Status.ANSWERED)
    result = instead_shown([named, refused, bare, answered])
    assert [score.value for score in result.scores] == [1, 1, 0, 0]


def test_questions_without_a_wrong_premise_have_no_score_and_failures_are_wrong() -> None:
    result = premise_corrected([say(ask(("Bo",)), "Bo."), fail(WRONG)])
    assert (result.value, result.n, result.errors) == (0, 1, 1)
    assert dict(result.unscored) == {"no wrong premise": 1}
