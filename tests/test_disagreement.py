"""When sources contradict each other, and above all when they do not."""

from collections.abc import Sequence
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from assistant.answer import Evidence
from assistant.disagreement import Disagreement, Side, find_disagreements
from tests.evidence import said, told

KILLED = "How many people were killed in the Riverton fire?"


def between(question: str, *sentences: str, day: str = "2024-03-04") -> tuple[Disagreement, ...]:
    """Disagreements of sentences from as many newspapers, all of one day."""
    return find_disagreements(question, told(*sentences, day=day))


CONTRADICTIONS = {
    "digits": (KILLED, "The Riverton fire killed 14 people.", "The Riverton fire killed 17 people."),
    "number words": (
        KILLED,
        "Fourteen people died in the Riverton fire.",
        "Seventeen people died in the Riverton fire.",
    ),
    "another verb": (
        KILLED,
        "The Riverton fire killed 14 people.",
        "In Riverton, 17 people died in the fire, police said.",
    ),
    "who says so": (
        KILLED,
        "Police said that 14 people died in the fire in Riverton.",
        "The Riverton fire killed 17 people.",
    ),
    "no noun beside it": (
        KILLED,
        "The death toll of the Riverton fire stands at 14.",
        "The Riverton fire killed 17 people.",
    ),
    "far from about": (
        KILLED,
        "About 100 people died in the Riverton fire.",
        "Exactly 140 people died in the Riverton fire.",
    ),
    "above a limit": (KILLED, "Up to 10 people died in the Riverton fire.", "The Riverton fire killed 17 people."),
    "below a limit": (KILLED, "At least 20 people died in the Riverton fire.", "The Riverton fire killed 17 people."),
    "beside the injured": (
        KILLED,
        "The Riverton fire killed 14 people and injured 30.",
        "The Riverton fire killed 17 people and injured 30.",
    ),
    "money": (
        "How much did the Riverton stadium cost?",
        "The Riverton stadium cost 1.5 million dollars to build.",
        "The Riverton stadium cost $2,400,000 to build.",
    ),
    "ships": (
        "How many ships were waiting off Port Anselm?",
        "Seven ships lay at anchor off Port Anselm on Thursday.",
        "We counted 11 ships at anchor off Port Anselm.",
    ),
    "aboard": (
        "How many people were aboard the ferry Sea Lark?",
        "The ferry Sea Lark had 143 people on board.",
        "There were 151 people aboard the ferry Sea Lark.",
    ),
    "a past date": (
        "When was the Riverton bridge opened?",
        "The Riverton bridge was opened on May 3, 1987.",
        "The Riverton bridge was opened on June 9, 1987.",
    ),
    "a denial": (
        "Are Corran Bank and Shoreline in merger talks?",
        "Corran Bank and Shoreline are holding talks about a merger.",
        "Corran Bank denied that it is in talks about a merger with Shoreline.",
    ),
    "a negation": (
        "Did Anna Lund resign?",
        "Anna Lund resigned on Monday as mayor.",
        "Anna Lund did not resign, her office said.",
    ),
}


@pytest.mark.parametrize(("question", "one", "two"), CONTRADICTIONS.values(), ids=CONTRADICTIONS)
def test_sources_contradict_each_other(question: str, one: str, two: str) -> None:
    (found,) = between(question, one, two)
    assert sorted(found.labels) == ["S1", "S2"]
    assert len(found.sides) == 2


AGREEMENTS = {
    "the same number": (KILLED, "The Riverton fire killed 14 people.", "Fourteen people died in the Riverton fire."),
    "about": (KILLED, "About 100 people died in the Riverton fire.", "The Riverton fire killed 98 people."),
    "at least": (KILLED, "At least 10 people died in the Riverton fire.", "The Riverton fire killed 12 people."),
    "dozens": (KILLED, "Dozens of people died in the Riverton fire.", "The Riverton fire killed 36 people."),
    "more than": (KILLED, "More than 100 people died in the Riverton fire.", "The Riverton fire killed 107 people."),
    "up to": (KILLED, "Up to 20 people died in the Riverton fire.", "The Riverton fire killed 12 people."),
    "nearly": (KILLED, "Nearly 100 people died in the Riverton fire.", "The Riverton fire killed 97 people."),
    "rounded": (KILLED, "The Riverton fire killed 100 people.", "The Riverton fire killed 98 people."),
    "killed and injured": (KILLED, "The Riverton fire killed 14 people.", "The Riverton fire injured 17 people."),
    "only the injured differ": (
        KILLED,
        "The Riverton fire killed 14 people and injured 30.",
        "The Riverton fire killed 14 people and injured 31.",
    ),
    "children among them": (KILLED, "The Riverton fire killed 14 people.", "The Riverton fire killed 3 children."),
    "a part of them": (
        "How many people were injured in the Riverton fire?",
        "The Riverton fire injured 14 people.",
        "In the Riverton fire 3 people were seriously injured.",
    ),
    "different years": (
        "How many people died on the roads of Riverton?",
        "In 2022, 14 people died on the roads of Riverton.",
        "In 2023, 17 people died on the roads of Riverton.",
    ),
    "an age": (KILLED, "The fire in Riverton killed a man of 78.", "The fire in Riverton killed 2 people."),
    "an age in commas": (
        KILLED,
        "Jonas Pell, 61, was killed in the Riverton fire.",
        "The Riverton fire killed 2 people.",
    ),
    "a date": (KILLED, "People were killed in the Riverton fire on May 3.", "The Riverton fire killed 14 people."),
    "a clock time": (
        KILLED,
        "The fire that killed them in Riverton began at 5 p.m.",
        "The Riverton fire killed 14 people.",
    ),
    "the number of a pier": (
        KILLED,
        "People died at Pier 7 in the Riverton fire.",
        "The Riverton fire killed 14 people.",
    ),
    "another place": (
        "How many people were killed in the fire?",
        "The fire in Riverton killed 14 people.",
        "The fire in Oldham killed 17 people.",
    ),
    "a rise": (KILLED, "The toll of the Riverton fire rose by 3 deaths.", "The Riverton fire killed 14 people."),
    "more than before": (KILLED, "Two more people died in the Riverton fire.", "The Riverton fire killed 14 people."),
    "an old figure": (
        KILLED,
        "Officials had counted 12 people killed in the Riverton fire.",
        "The Riverton fire killed 14 people.",
    ),
    "a figure taken back": (
        KILLED,
        "The Riverton fire killed 14 people.",
        "The Riverton fire killed 17 people, not 14.",
    ),
    "a forecast": (
        "How many visitors came to the Riverton fair?",
        "The Riverton fair expects 50,000 visitors.",
        "The Riverton fair had 38,000 visitors.",
    ),
    "other nouns": (
        "How many ships were waiting off Port Anselm?",
        "Seven ships lay at anchor off Port Anselm.",
        "Three tugs lay at anchor off Port Anselm.",
    ),
    "a narrower noun": (
        "How many ships were waiting off Port Anselm?",
        "Seven ships lay at anchor off Port Anselm.",
        "Three container ships lay at anchor off Port Anselm.",
    ),
    "1.5 million": (
        "How much did the Riverton stadium cost?",
        "The Riverton stadium cost 1.5 million dollars to build.",
        "The Riverton stadium cost $1,500,000 to build.",
    ),
    "another currency": (
        "How much did the Riverton stadium cost?",
        "The Riverton stadium cost 2 million dollars to build.",
        "The Riverton stadium cost 3 million euros to build.",
    ),
    "9 and 9.2 knots": (
        "How fast was the Sea Lark travelling?",
        "The Sea Lark was travelling at 9 knots when she struck.",
        "The Sea Lark was travelling at 9.2 knots when she struck.",
    ),
    "a rate": (
        "How many nights may homes in Riverton be let?",
        "Homes in Riverton may be let for 120 nights a year.",
        "Homes in Riverton may be let for 7 nights.",
    ),
    "a score": (
        "How many goals did Riverton score in the match?",
        "Riverton won the match 2-1 with two goals.",
        "Riverton won the match 3-2 with three late goals.",
    ),
    "first and second season": (
        "How many episodes does Riverton have?",
        "The first season of Riverton has 13 episodes.",
        "The second season of Riverton has 22 episodes.",
    ),
    "not what is asked": (
        "Who founded the Riverton club?",
        "Anna Lund founded the Riverton club with 14 friends.",
        "The Riverton club, which has 17 rooms, was founded by Anna Lund.",
    ),
    "dates as exact as they are": (
        "When was the Riverton bridge opened?",
        "The Riverton bridge was opened in May 1987.",
        "The Riverton bridge was opened on May 3, 1987.",
    ),
    "a limit": (
        "When was the Riverton bridge opened?",
        "The Riverton bridge was not opened before June 1987.",
        "The Riverton bridge was opened on July 3, 1987.",
    ),
    "begun and ended": (
        "When was the Riverton bridge built?",
        "Work on the Riverton bridge began on May 3, 1987.",
        "The Riverton bridge was opened on June 9, 1989.",
    ),
    "what happens often": (
        "When did Riverton win the cup?",
        "Riverton won the cup in 1998.",
        "Riverton won the cup in 2002.",
    ),
    "planned and done": (
        "When was the Riverton bridge opened?",
        "The Riverton bridge will be opened on May 3, 1987.",
        "The Riverton bridge was opened on June 9, 1987.",
    ),
    "planned is no yes": (
        "Did Anna Lund meet the mayor?",
        "Anna Lund is scheduled to meet the mayor.",
        "Anna Lund did not meet the mayor.",
    ),
    "not yet": (
        "Did Anna Lund resign?",
        "Anna Lund resigned as mayor.",
        "Anna Lund has not yet resigned as mayor.",
    ),
    "no longer": (
        "Is Anna Lund mayor?",
        "Anna Lund is mayor of Riverton.",
        "Anna Lund is no longer mayor of Riverton.",
    ),
    "something else is denied": (
        "Did Hanna Corvey win the election?",
        "Hanna Corvey won the first round of the election.",
        "Hanna Corvey did not win a majority in the election.",
    ),
    "another day": (
        "Did Anna Lund meet the mayor?",
        "Anna Lund met the mayor on Tuesday.",
        "Anna Lund did not meet the mayor on Monday.",
    ),
    "both deny": ("Did Anna Lund resign?", "Anna Lund denied that she resigned.", "Anna Lund did not resign."),
    "a question for a name": (
        "Who resigned?",
        "Anna Lund resigned as mayor.",
        "Anna Lund did not resign as mayor.",
    ),
    "a condition": (
        "Did Anna Lund resign?",
        "If Anna Lund resigned, the council would choose another mayor.",
        "Anna Lund did not resign.",
    ),
}


@pytest.mark.parametrize(("question", "one", "two"), AGREEMENTS.values(), ids=AGREEMENTS)
def test_sources_do_not_contradict_each_other(question: str, one: str, two: str) -> None:
    assert between(question, one, two) == ()


def test_sentences_of_one_article_are_not_set_against_each_other() -> None:
    one = said("S1", "The Riverton fire killed 14 people.", article="a")
    two = said("S2", "The Riverton fire killed 17 people.", article="a")
    assert find_disagreements(KILLED, (one, two)) == ()


def test_figures_of_different_days_are_not_set_against_each_other() -> None:
    one = said("S1", "The Riverton fire killed 14 people.", article="a", published="2024-03-04")
    two = said("S2", "The Riverton fire killed 17 people.", article="b", published="2024-03-09")
    assert find_disagreements(KILLED, (one, two)) == ()


def test_denials_may_come_some_days_later() -> None:
    one = said("S1", "Anna Lund resigned.", article="a", published="2024-03-04")
    two = said("S2", "Anna Lund did not resign.", article="b", published="2024-03-06")
    assert find_disagreements("Did Anna Lund resign?", (one, two))
    late = said("S2", "Anna Lund did not resign.", article="b", published="2024-06-06")
    assert not find_disagreements("Did Anna Lund resign?", (one, late))


def test_what_is_out_of_date_takes_no_part() -> None:
    one = said("S1", "The Riverton fire killed 14 people.", article="a", published="2024-03-04T08:00:00+00:00")
    two = said(
        "S2",
        "The toll of the Riverton fire has risen to 17 deaths.",
        article="b",
        published="2024-03-04T20:00:00+00:00",
    )
    assert find_disagreements(KILLED, (one, two)) == ()


def test_sentences_that_lack_a_name_of_the_question_take_no_part() -> None:
    assert between("How many people were killed in the Oldham fire?", *CONTRADICTIONS["digits"][1:]) == ()


def test_equal_values_stand_on_one_side() -> None:
    (found,) = between(
        KILLED,
        "The Riverton fire killed 17 people.",
        "The Riverton fire killed 14 people.",
        "Fourteen people died in the Riverton fire.",
    )
    assert found == Disagreement("number", (Side("14 people", ("S2", "S3")), Side("17 people", ("S1",))))
    assert found.description == "Sources differ: 14 people [S2][S3] or 17 people [S1]"


def test_three_values_make_three_sides() -> None:
    (found,) = between(KILLED, *(f"The Riverton fire killed {count} people." for count in (14, 17, 21)))
    assert [side.value for side in found.sides] == ["14 people", "17 people", "21 people"]


def test_yes_stands_before_no() -> None:
    (found,) = between(*CONTRADICTIONS["a negation"])
    assert found.description == "Sources differ: yes [S1] or no [S2]"
    assert found.kind == "yes/no"


def test_no_evidence_no_disagreement() -> None:
    assert find_disagreements(KILLED, ()) == ()


SENTENCES = sorted({text for case in (*CONTRADICTIONS.values(), *AGREEMENTS.values()) for text in case[1:]})
QUESTIONS = sorted({case[0] for case in (*CONTRADICTIONS.values(), *AGREEMENTS.values())})
texts = st.lists(st.sampled_from(SENTENCES), max_size=6)


@given(st.sampled_from(QUESTIONS), texts, st.randoms(use_true_random=False))
@settings(max_examples=60, deadline=None)
def test_the_order_of_the_evidence_does_not_matter(question: str, sentences: list[str], random: Random) -> None:
    evidence = told(*sentences)
    shuffled: list[Evidence] = list(evidence)
    random.shuffle(shuffled)
    assert find_disagreements(question, shuffled) == find_disagreements(question, evidence)


@given(st.sampled_from(QUESTIONS), st.sampled_from(SENTENCES))
@settings(max_examples=60, deadline=None)
def test_a_sentence_agrees_with_itself_and_with_its_like(question: str, sentence: str) -> None:
    assert between(question, sentence) == ()
    assert between(question, sentence, sentence) == ()


@given(st.sampled_from(QUESTIONS), texts)
@settings(max_examples=60, deadline=None)
def test_sides_are_several_and_of_known_labels(question: str, sentences: list[str]) -> None:
    evidence = told(*sentences)
    for found in find_disagreements(question, evidence):
        assert len(found.sides) >= 2
        assert set(found.labels) <= labels(evidence)
        assert found.description.startswith("Sources differ: ")


@given(st.text(max_size=80), st.lists(st.text(max_size=60), max_size=3))
@settings(max_examples=60, deadline=None)
def test_any_text_is_read(question: str, sentences: list[str]) -> None:
    find_disagreements(question, told(*sentences))


def labels(evidence: Sequence[Evidence]) -> set[str]:
    return {item.label for item in evidence}
