"""Which claims pass as stated by their sentence, and which do not."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assistant.text.claim_check import (
    Verdict,
    content_recall,
    content_stems,
    names,
    numbers,
    states,
    stem,
    verify,
    word_stems,
)
from index.read.readers import find_files, read_articles
from index.split.sentences import split_sentences
from tests.parts import NEWSROOM

TOLL = "Nine people died, the provincial emergency service said on Wednesday, and nobody is missing any more."
PLANNED = "Later on Thursday, Blinken is scheduled to meet President Yoon Suk Yeol."
LISTED = "Blinken’s schedule for the rest of Thursday lists a meeting with President Yoon Suk Yeol."
APPOINTED = "Blinken has an appointment with President Yoon Suk Yeol later in the day."
DENIED = "North Korea and Russia have both denied that they concluded any arms deals."
PRONOUN = "He flew in from Japan, where he had met the foreign ministers of the Group of Seven."
MET = "Blinken, who met Cho Tae-Yong on Thursday, will see President Yoon Suk Yeol on Friday."


@pytest.mark.parametrize(
    ("claim", "sentence"),
    [
        ("Nine people died.", TOLL),
        ("Nobody is missing any more.", TOLL),
        ("Blinken is due to meet President Yoon.", PLANNED),
        ("Blinken will meet President Yoon Suk Yeol.", PLANNED),
        ("Blinken met Cho Tae-Yong.", MET),
        ("North Korea and Russia denied arms deals.", DENIED),
        ("She is not related to the mayor.", "She is not related to the mayor, she said."),
        ("The manager allegedly stole the money.", "The manager allegedly stole the money, prosecutors said."),
        ("The flood damaged 1140 buildings in Brackwater.", "The flood damaged 1,140 buildings in Brackwater."),
        ("The minister's visit cost 3.5 million crowns.", "The visit of the minister cost 3.5 million crowns."),
        ("The US sent troops.", "The U.S. sent troops to Europe."),
        ("The G7 ministers called for pauses.", "Together, the G7 ministers called for humanitarian pauses."),
        ("Three pumps failed.", "The station's 3 pumps failed."),
        ("9 people died.", TOLL),
        ("Ana Ortega took office.", "Ana Ortega took office in May."),
        ("The new bridge over the lake is going to open in May.", "The new bridge over the lake will open in May."),
        ("No fewer than 30 buildings are wet.", "At least 30 buildings in all, so no fewer than 30, are wet."),
        ("At least 30 buildings are wet.", "No fewer than 30 buildings are wet, at least 30."),
        ("Twenty-one people are missing.", "The police said that 21 people are missing."),
        ("The minister greeted Ana Ortega.", "The minister greeted Will Smith and Ana Ortega."),
    ],
)
def test_pass_what_the_sentence_states(claim: str, sentence: str) -> None:
    assert verify(claim, sentence) == Verdict()


@pytest.mark.parametrize(
    ("claim", "sentence", "reason"),
    [
        ("Blinken met President Yoon.", PLANNED, "the sentence tells it as planned, the claim does not"),
        ("Blinken met Yoon Suk Yeol.", MET, "the sentence tells it as planned, the claim does not"),
        ("Blinken met Yoon Suk Yeol.", LISTED, "the sentence tells it as planned, the claim does not"),
        ("Blinken met Yoon Suk Yeol.", APPOINTED, "the sentence tells it as planned, the claim does not"),
        ("North Korea and Russia concluded arms deals.", DENIED, "the sentence tells it as denied, the claim does not"),
        (
            "She is related to the mayor.",
            "She is not related to the mayor, she said.",
            "the sentence tells it as negated, the claim does not",
        ),
        (
            "The manager stole the money.",
            "The manager allegedly stole the money, prosecutors said.",
            "the sentence tells it as alleged, the claim does not",
        ),
        (
            "The banks held merger talks.",
            "The banks reportedly held merger talks.",
            "the sentence tells it as alleged, the claim does not",
        ),
        (
            "The bridge opens in May.",
            "The bridge may open in May.",
            "the sentence tells it as planned, the claim does not",
        ),
        ("Seven people died.", TOLL, "the sentence does not have 7"),
        ("The flood damaged 114 buildings.", "The flood damaged 1,140 buildings.", "the sentence does not have 114"),
        ("It cost 3.8 million crowns.", "It cost 3.5 million crowns.", "the sentence does not have 3.8"),
        ("Corvey was sworn in.", "Piet Lomax was sworn in on Monday.", "the sentence does not name Corvey"),
        ("The G20 ministers met.", "The G7 ministers met.", "the sentence does not name G20"),
        ("The sky is green.", TOLL, "the sentence does not state it"),
        ("The union praised the offer.", "The union accepted the offer.", "the sentence does not state it"),
        ("", TOLL, "says nothing"),
        ("It is so.", TOLL, "says nothing"),
    ],
)
def test_reject_what_the_sentence_does_not_state(claim: str, sentence: str, reason: str) -> None:
    assert verify(claim, sentence) == Verdict(reason)


@pytest.mark.parametrize(
    ("claim", "sentence"),
    [
        ("The hospital did not open on Monday.", "The hospital opened on Monday."),
        (
            "Corran Bank denied holding secret talks about a merger.",
            "Corran Bank and Shoreline Mutual are holding secret talks about a merger.",
        ),
    ],
)
def test_reject_a_denial_that_the_sentence_does_not_have(claim: str, sentence: str) -> None:
    assert not verify(claim, sentence).supported


@pytest.mark.parametrize(
    ("claim", "sentence"),
    [
        ("The hospital will open on Monday.", "The hospital opened on Monday."),
        ("The mayor allegedly took the money.", "The mayor took the money."),
    ],
)
def test_reject_a_plan_or_an_allegation_that_the_sentence_does_not_have(claim: str, sentence: str) -> None:
    assert "the sentence does not" in verify(claim, sentence).reason


def test_the_text_before_lends_names_to_a_pronoun_and_nothing_else() -> None:
    claim = "Blinken met the foreign ministers of the Group of Seven."
    assert verify(claim, PRONOUN).reason == "the sentence does not name Blinken"
    assert verify(claim, PRONOUN, before=["Antony Blinken landed at 9 a.m."]).supported
    assert not verify("Blinken met 9 foreign ministers.", PRONOUN, before=["Blinken landed at 9 a.m."]).supported
    words = "Blinken condemned shipments of ammunition."
    assert not verify(words, PRONOUN, before=["Blinken landed and condemned shipments of ammunition."]).supported
    no_pronoun = "The foreign ministers of the Group of Seven met in Japan."
    assert not verify("Blinken met in Japan.", no_pronoun, before=["Antony Blinken landed."]).supported


def test_the_citation_reaches_back_to_the_sentence_that_says_the_name() -> None:
    claim = "Blinken met the foreign ministers of the Group of Seven."
    assert verify(claim, PRONOUN, before=["Antony Blinken landed.", "It rained.", "Crowds waved."]).reach == 3
    assert verify(claim, PRONOUN, before=["Antony Blinken landed.", "Blinken waved."]).reach == 1
    assert verify(claim, f"Blinken was busy: {PRONOUN}", before=["Antony Blinken landed."]).reach == 0


def test_a_part_of_a_name_is_not_completed_from_elsewhere() -> None:
    sentence = "In the meeting, Cho was told that Blinken condemned the deliveries."
    claim = "Blinken told Cho Tae-Yong that he condemned the deliveries."
    assert verify(claim, sentence, before=["Cho Tae-Yong was asked."]).reason == "the sentence does not name Tae-Yong"


def test_another_sentence_states_a_claim_only_by_itself_and_wholly() -> None:
    claim = "Blinken met the national security adviser in Seoul."
    assert states(claim, "In Seoul, Blinken met the national security adviser, Cho Tae-Yong.")
    assert not states(claim, "Blinken met the national security adviser, Cho Tae-Yong.")
    assert not states(claim, "In Seoul, Blinken will meet the national security adviser.")


def test_every_sentence_of_the_newsroom_states_itself() -> None:
    sentences = [
        sentence.text
        for file in find_files([NEWSROOM])
        for article in read_articles(file)
        for sentence in split_sentences(article.text)
    ]
    assert len(sentences) > 600
    assert not [text for text in sentences if content_stems(text) and not verify(text, text).supported]


words = st.from_regex(r"[A-Za-z0-9][A-Za-z0-9'’.,-]{0,9}", fullmatch=True)
known = st.sampled_from(
    "not will denied alleged Blinken 7 seven 1,140 U.S. G7 met the of Cho and , ; who before visit".split()
)


@given(st.lists(words | known, min_size=1, max_size=25).map(" ".join), st.text(max_size=50))
def test_a_claim_equal_to_its_sentence_is_always_supported(sentence: str, other: str) -> None:
    verdict = verify(sentence, sentence, before=[other])
    assert verdict.supported or (verdict.reason == "says nothing" and not content_stems(sentence))


@given(st.text(max_size=80), st.text(max_size=80), st.text(max_size=40))
def test_any_text_gets_a_verdict(claim: str, sentence: str, other: str) -> None:
    verdict = verify(claim, sentence, before=[other])
    assert verdict.supported is not bool(verdict.reason)
    assert 0 <= content_recall(claim, sentence) <= 1
    assert verify(claim, sentence).supported or not states(claim, sentence)


@given(st.integers(21, 10**7), st.integers(21, 10**7))
def test_no_number_comes_from_nowhere(stated: int, told: int) -> None:
    verdict = verify(f"The flood damaged {told} buildings.", f"The flood damaged {stated:,} buildings.")
    assert verdict.supported is (stated == told)


def test_names_are_capitals_that_no_sentence_start_explains() -> None:
    assert names("Later today the G7 met in Port Anselm. It rained.") == {"G7", "Port", "Anselm"}
    assert names("Officials said iPhones sell well.") == set()
    assert names("Blinken left. Cho stayed, said McCabe.") == {"Blinken", "Cho", "McCabe"}


def test_numbers_in_digits_and_in_words_are_the_same() -> None:
    assert numbers("1,140 of 3.5 and nine; one of the G7, 2023.") == {"1140", "3.5", "9", "2023"}
    assert numbers("no one of them") == set()


def test_stems_join_the_forms_of_a_word() -> None:
    assert stem("Ministers’") == stem("minister’s") == stem("minister")
    assert stem("U.S.") == "us"
    assert {"tae-yong", "tae", "yong"} <= word_stems("Cho Tae-Yong")
    assert not re.search(r"\b(?:the|of)\b", " ".join(content_stems("The end of the visit")))


@pytest.mark.parametrize("text", ["He said I'm happy.", "They told us that I’ve won.", "She thinks It's late."])
def test_a_contracted_pronoun_is_no_name(text: str) -> None:
    assert names(text) == frozenset()
