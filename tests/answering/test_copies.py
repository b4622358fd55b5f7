"""Which sentences come from one report."""

from hypothesis import given
from hypothesis import strategies as st

from assistant.evidence.independent_sources import independent_sources, same_report
from tests.made_evidence import said, told

WIRE = "Dockers in Port Anselm voted on Thursday night to accept a new pay deal, ending a strike of 22 days."
EDITED = "Dockers in Port Anselm voted on Thursday night to accept a new pay deal, ending a strike of three weeks."
OWN = "The strike in the port is over, and traders in Vellin hope that fruit will be cheaper by the end of next week."


def test_no_evidence_no_sources() -> None:
    assert independent_sources(()) == ()


def test_each_report_is_a_source() -> None:
    assert independent_sources(told(WIRE, OWN)) == (("S1",), ("S2",))


def test_an_article_is_one_source() -> None:
    evidence = (said("S1", WIRE, article="a"), said("S2", OWN, article="a"))
    assert independent_sources(evidence) == (("S1", "S2"),)


def test_a_copied_sentence_is_no_further_source() -> None:
    assert independent_sources(told(WIRE, OWN, EDITED)) == (("S1", "S3"), ("S2",))


def test_a_copied_text_is_no_further_source() -> None:
    one = said("S1", "It was a long night.", article="a", context=f"{WIRE} {OWN} It was a long night.")
    two = said("S2", "Work begins on Saturday.", article="b", context=f"{EDITED} {OWN} Work begins on Saturday.")
    apart = said(
        "S3", "It was a long night.", article="c", context="Nothing is known of the other matter; it was a long night."
    )
    assert independent_sources((one, two, apart)) == (("S1", "S2"), ("S3",))


def test_short_sentences_may_be_equal_by_chance() -> None:
    assert independent_sources(told("Nine people died.", "Nine people died.")) == (("S1",), ("S2",))


def test_a_copy_of_a_copy_belongs_to_the_same_report() -> None:
    bridge = said("S2", EDITED, article="b", context=OWN)
    assert independent_sources((said("S1", WIRE, article="a"), said("S3", OWN, article="c"), bridge)) == (
        ("S1", "S3", "S2"),
    )


@given(st.lists(st.sampled_from((WIRE, EDITED, OWN, "Nine people died.")), max_size=6))
def test_every_label_is_in_exactly_one_group(sentences: list[str]) -> None:
    evidence = told(*sentences)
    groups = independent_sources(evidence)
    assert sorted(label for group in groups for label in group) == sorted(item.label for item in evidence)
    backwards = independent_sources(evidence[::-1])
    assert {frozenset(group) for group in backwards} == {frozenset(group) for group in groups}


@given(st.text(max_size=60), st.text(max_size=60))
def test_being_one_report_is_mutual(one: str, other: str) -> None:
    first, second = told(one, other)
    assert same_report(first, second) == same_report(second, first)
    assert same_report(first, first)
