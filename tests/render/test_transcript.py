"""Conversations as values: numbers that stay, what is kept, and what follow-ups may lean on."""

from collections.abc import Sequence
from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from assistant.answer import Answer, Citation, Claim, Status
from assistant.question.follow_up import MOST_EARLIER
from assistant.render.transcript import Entry, Transcript
from index.articles import ArticleInfo
from tests.talks import ANSWERED, REFUSED, STARTED, STOPPED, TALK

# Which sentences each answer of a conversation cites, in order of first use.
TALKS = st.lists(st.lists(st.integers(0, 6), max_size=4, unique=True), max_size=6)


def answer(sentences: Sequence[int]) -> Answer:
    """An answer as the chain gives it: numbered from 1."""
    citations = tuple(
        Citation(n, f"Sentence {place}.", place * 10, place * 10 + 11, ArticleInfo(f"article {place % 2}"))
        for n, place in enumerate(sentences, start=1)
    )
    claims = tuple(Claim(citation.sentence, (citation.n,)) for citation in citations)
    lines = (f"Sources differ: 7 [1] or 8 [{len(citations)}]",) if citations else ()
    return Answer("Who?", Status.ANSWERED, claims=claims, citations=citations, disagreements=lines)


def conversation(sentences: Sequence[Sequence[int]]) -> Transcript:
    talk = Transcript(STARTED)
    for cited in sentences:
        talk = talk.plus(Entry(talk.numbered(answer(cited)), STARTED))
    return talk


@given(TALKS)
def test_a_number_means_one_sentence_from_beginning_to_end(talks: list[list[int]]) -> None:
    meant: dict[int, str] = {}
    for entry in conversation(talks).entries:
        for citation in entry.answer.citations:
            assert meant.setdefault(citation.n, citation.sentence) == citation.sentence
    assert len(set(meant.values())) == len(meant)
    assert sorted(meant) == list(range(1, len(meant) + 1))
    assert [citation.n for citation in conversation(talks).sources] == sorted(meant)


@given(TALKS)
def test_claims_and_disagreements_keep_pointing_at_their_sentences(talks: list[list[int]]) -> None:
    for cited, entry in zip(talks, conversation(talks).entries, strict=True):
        sentences = {citation.n: citation.sentence for citation in entry.answer.citations}
        assert [sentences[claim.citations[0]] for claim in entry.answer.claims] == [f"Sentence {n}." for n in cited]
        assert list(sentences) == sorted(sentences)
        if cited:
            first, last = (next(n for n, text in sentences.items() if text == f"Sentence {cited[i]}.") for i in (0, -1))
            assert entry.answer.disagreements == (f"Sources differ: 7 [{first}] or 8 [{last}]",)


@given(TALKS, TALKS)
def test_what_comes_later_changes_no_number(before: list[list[int]], after: list[list[int]]) -> None:
    assert conversation([*before, *after]).entries[: len(before)] == conversation(before).entries


def test_a_sentence_of_a_replaced_article_is_another_source() -> None:
    talk = conversation([[1]])
    other = answer([1])
    other = replace(other, citations=(replace(other.citations[0], sentence="Sentence 1, corrected."),))
    assert [citation.n for citation in talk.numbered(other).citations] == [2]


def test_a_long_conversation_stays_small() -> None:
    (kept,) = Transcript(STARTED).plus(Entry(ANSWERED, STARTED)).entries
    assert kept.answer.evidence[0].sentence == ANSWERED.evidence[0].sentence
    assert (kept.answer.evidence[0].context, kept.answer.hits) == ("", ())


def test_follow_ups_lean_on_what_the_last_questions_meant() -> None:
    earlier = TALK.history
    assert [item.question for item in earlier] == ["Who?", "And then?"]
    assert len(earlier) == MOST_EARLIER
    assert TALK.entries[0].as_earlier.question == ANSWERED.standalone
    assert TALK.entries[0].as_earlier.answer == "The ferry <b>sank</b> at noon. Nobody_was_lost # at all."
    assert TALK.entries[1].as_earlier.answer == ""


def test_json_has_every_answer_with_when_and_what_was_searched() -> None:
    data = TALK.to_dict()
    assert data["schema"] == "news-assistant/transcript"
    assert [entry["status"] for entry in data["entries"]] == [
        REFUSED.status and s for s in ("conflicting", "insufficient", "in progress")
    ]
    assert data["entries"][1]["limits"] == "since 1 November 2023 · The_Gazette"
    assert data["entries"][2]["citations"][0]["n"] == STOPPED.citations[0].n
