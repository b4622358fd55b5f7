"""From the model's words to claims: what is shown, what each cites, and what is rejected with which reason."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assistant.answer import Evidence
from assistant.answering.claims import Claims
from assistant.evidence.select import EvidenceLimits, select_evidence
from index.articles import Article
from index.hits import Hit
from index.retrieve.reader import Reader
from index.split.chunks import split_chunks

TEXT = (
    "Greta Lomax works for the railway. She is not related to the mayor. The ferry sank on Monday with 40 people.\n\n"
    "Write to help@ferry.example for lists of passengers."
)
ASKED = "What sank?"


def evidence_of(text: str, name: str = "a") -> tuple[Evidence, ...]:
    hits = [Hit(chunk, 1.0) for chunk in split_chunks(Article(name, text=text))]
    return select_evidence("?", hits, None, EvidenceLimits(100, 10_000))


GRETA, SHE, FERRY, LINK = evidence_of(TEXT)


def claims_of(*answers: Evidence, question: str = ASKED) -> Claims:
    return Claims(question, answers, None)


def test_a_supported_claim_cites_its_sentence() -> None:
    claims = claims_of(FERRY)
    claims.settle(FERRY, "The ferry sank on Monday")
    assert [(claim.text, claim.citations) for claim in claims.shown()] == [("The ferry sank on Monday.", (1,))]
    assert claims.citations()[0].sentence == FERRY.sentence
    assert claims.rejected == []


@pytest.mark.parametrize(
    "written", ["The ferry sank with 41 people.", "The ferry will sink on Monday.", "Cho sank on Monday.", ""]
)
def test_what_a_sentence_does_not_say_gives_way_to_the_sentence(written: str) -> None:
    claims = claims_of(FERRY)
    claims.settle(FERRY, written)
    assert [claim.text for claim in claims.shown()] == [FERRY.sentence]
    assert [item.text for item in claims.rejected] == [written or "."]


def test_a_claim_is_cited_to_the_sentence_that_states_it() -> None:
    claims = claims_of(GRETA, FERRY)
    claims.settle(GRETA, "The ferry sank on Monday with 40 people.")
    assert [claim.text for claim in claims.shown()] == [FERRY.sentence, GRETA.sentence]
    assert [citation.sentence for citation in claims.citations()] == [FERRY.sentence, GRETA.sentence]
    assert claims.rejected == []


def test_a_name_for_a_pronoun_is_cited_too() -> None:
    claims = claims_of(SHE)
    claims.settle(SHE, "Greta Lomax is not related to the mayor.")
    (citation,) = claims.citations()
    assert citation.sentence == f"{GRETA.sentence} {SHE.sentence}" == TEXT[citation.start : citation.end]


def test_a_sentence_that_begins_with_a_pronoun_is_shown_with_the_one_before() -> None:
    claims = claims_of(SHE)
    claims.quote(SHE)
    (citation,) = claims.citations()
    assert (citation.start, citation.end) == (GRETA.start, SHE.end)
    first = replace(SHE, earlier=())
    alone = claims_of(first)
    alone.quote(first)
    assert alone.citations()[0].sentence == SHE.sentence


def test_links_are_not_repeated() -> None:
    claims = claims_of(FERRY, LINK)
    claims.settle(FERRY, "The ferry sank, see https://evil.example/x.")
    claims.quote(LINK)
    assert [claim.text for claim in claims.shown()] == [FERRY.sentence]
    assert claims.rejected[-1].reason == "it repeats a link"
    asked = claims_of(LINK, question="What is help@ferry.example for?")
    asked.quote(LINK)
    assert [claim.text for claim in asked.shown()] == [LINK.sentence]


def test_a_claim_with_all_of_another_takes_its_place() -> None:
    claims = claims_of(FERRY, replace(FERRY, label="S9"))
    claims.settle(FERRY, "The ferry sank.")
    claims.settle(replace(FERRY, label="S9"), "The ferry sank on Monday.")
    assert [claim.text for claim in claims.shown()] == ["The ferry sank on Monday."]


def test_copies_of_a_report_are_one_source() -> None:
    text = "The ferry sank on Monday evening with 40 people aboard near the old pier of the town."
    (one,), (copy,) = evidence_of(text, "one"), evidence_of(text, "copy")
    other = replace(evidence_of(f"{text} Nobody knows why.", "other")[0], label="S3", context="An own report.")
    claims = claims_of(one, replace(copy, label="S2"))
    claims.settle(one, text)
    assert [(claim.citations, claim.sources) for claim in claims.shown()] == [((1, 2), 1)]
    assert other.article.id == "other"


def test_items_of_lists_become_sentences() -> None:
    items = evidence_of("The aims are:\n\n• shielding the civilians,\n• letting more aid in, and\n• ending the war.")
    claims = claims_of(*items[1:])
    for item in items[1:]:
        claims.quote(replace(item, reading=item.sentence))
    assert [claim.text for claim in claims.shown()] == [
        "Shielding the civilians.",
        "Letting more aid in.",
        "Ending the war.",
    ]


def test_a_dash_inside_a_sentence_is_no_bullet() -> None:
    (item,) = evidence_of("Air - to - air pictures are taken from another aircraft - 9 of them won a prize.")
    claims = claims_of(item)
    claims.settle(item, item.sentence)
    assert [claim.text for claim in claims.shown()] == [item.sentence]


def test_unknown_labels_are_kept_as_rejected() -> None:
    claims = claims_of(FERRY)
    claims.reject_unknown({"S1": "x", "S7": "The ferry sank."}, [replace(FERRY, label="S1")])
    assert [(item.text, item.labels) for item in claims.rejected] == [("The ferry sank.", ("S7",))]


@given(st.lists(st.text(max_size=60), min_size=3, max_size=3))
def test_every_citation_is_text_of_its_article_whatever_is_written(written: list[str]) -> None:
    answers = (GRETA, SHE, FERRY)
    claims = claims_of(*answers)
    for item, text in zip(answers, written, strict=True):
        claims.settle(item, text)
    numbers = [citation.n for citation in claims.citations()]
    assert numbers == list(range(1, len(numbers) + 1))
    assert {n for claim in claims.shown() for n in claim.citations} == set(numbers)
    for citation in claims.citations():
        assert TEXT[citation.start : citation.end] == citation.sentence


def test_a_claim_with_another_verb_gives_way_to_the_sentence(reader: Reader) -> None:
    (storm,) = evidence_of("The storm cut power to 9,800 homes in Quell.")
    claims = Claims("How many homes did the storm destroy?", [storm], reader)
    claims.settle(storm, "The storm destroyed 9,800 homes in Quell.")
    assert [claim.text for claim in claims.shown()] == [storm.sentence]
    assert [item.reason for item in claims.rejected] == ["its sentence does not state it"]


def test_a_claim_that_lacks_the_words_that_answer_gives_way(reader: Reader) -> None:
    start = FERRY.sentence.index("40 people")
    marked = replace(FERRY, words=(FERRY.start + start, FERRY.start + start + len("40 people")))
    claims = Claims("How many people were aboard?", [marked], reader)
    claims.settle(marked, "The ferry sank on Monday.")
    assert [claim.text for claim in claims.shown()] == [FERRY.sentence]
    assert [item.reason for item in claims.rejected] == ["it leaves the answer out"]
