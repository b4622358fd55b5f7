"""Which evidence counts as an answer, and how evidence is chosen."""

from collections.abc import Sequence
from dataclasses import replace
from math import exp

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assistant.answer import Evidence
from assistant.confidence import (
    ALONE,
    CHUNK,
    INTERCEPT,
    MIN_LOGIT,
    MISSING_WORD,
    SLOPE,
    WRONG_KIND,
    answer_logit,
    confidence,
)
from assistant.evidence import EvidenceLimits, select_evidence
from assistant.selection import MAX_ANSWERS, select_answers
from assistant.support import distinct, unmentioned
from assistant.tokens import count_tokens
from index.articles import Article, ArticleInfo
from index.chunks import split_chunks
from index.hits import Hit
from index.rerank import Reranker

LOOSE = EvidenceLimits(sentences=100, tokens=10_000)


def item(
    label: str, relevance: float | None, sentence: str = "The ferry sank.", *, context: str = "", title: str = ""
) -> Evidence:
    return Evidence(
        label=label,
        sentence=sentence,
        start=0,
        end=len(sentence),
        article=ArticleInfo("a", title),
        before="",
        context=context or sentence,
        relevance=relevance,
        reading=sentence,
        fit=relevance,
    )


def answering(question: str, evidence: Sequence[Evidence], hits: Sequence[Hit] = ()) -> tuple[Evidence, ...]:
    return select_answers(question, evidence, hits).answers


def hits_of(*texts: str) -> list[Hit]:
    """One hit for each text, each from an article of its own, best first."""
    articles = [Article(f"article-{number}", text=text) for number, text in enumerate(texts)]
    return [Hit(split_chunks(article)[0], fused=1.0 / number) for number, article in enumerate(articles, start=1)]


# Which evidence answers


def test_nothing_answers_without_evidence() -> None:
    assert answering("what sank?", ()) == ()


def found(relevance: float | None) -> list[Hit]:
    return [replace(hits_of("The ferry sank.")[0], relevance=relevance)]


def test_low_relevance_is_no_answer() -> None:
    least = MIN_LOGIT / ALONE
    assert answering("what sank?", [item("S1", least - 0.01)]) == ()
    assert answering("what sank?", [item("S1", least)]) != ()


def test_chunk_and_sentence_in_its_passage_make_up_for_a_sentence_that_is_weak_alone() -> None:
    weak = item("S1", -4.0)
    assert answering("what sank?", [weak], found(0.0)) == ()
    assert answering("what sank?", [weak], found((MIN_LOGIT + 4 * ALONE) / CHUNK)) == (weak,)
    assert answering("what sank?", [replace(weak, in_context=2.0)], found(0.0)) != ()


def test_whoever_asks_for_people_is_told_everyone_once() -> None:
    met, again = item("S1", 5.0), item("S2", 4.0)
    met = replace(met, sentence="Vass met Bram Teague.", reading="Vass met Bram Teague.")
    again = replace(again, sentence="Teague showed her the broken dyke.", reading="Teague showed her the broken dyke.")
    other = replace(again, label="S3", reading="Vass met Wilma Stroud at the broken dyke.")
    assert distinct("Who did Vass meet?", [met, again, other]) == (met, other)
    assert distinct("What did Vass do?", [met, again, other]) == (met, again, other)


def test_the_confidence_is_that_of_sentence_and_chunk_together() -> None:
    asked = "what sank?"
    pair = [item("S1", 3.0), replace(item("S2", -5.0), in_context=1.5)]
    assert answer_logit(asked, pair, found(-2.0)) == 1.5 + 3 * ALONE - 2 * CHUNK
    slowly = answer_logit("what sank slowly?", [item("S1", 3.0)], found(3.0))
    assert slowly == pytest.approx(3 * (ALONE + CHUNK) - MISSING_WORD)
    when = answer_logit("when sank the ferry?", [item("S1", 3.0)], found(3.0))
    assert when == pytest.approx(3 * (ALONE + CHUNK) - WRONG_KIND)
    expected = 1 / (1 + exp(-(2 * (ALONE + CHUNK) * SLOPE + INTERCEPT)))
    assert confidence(asked, [item("S1", 2.0)], found(2.0)) == pytest.approx(expected)
    assert confidence(asked, [item("S1", 2.0)], found(None)) == confidence(asked, [item("S1", 2.0)], [])
    assert confidence(asked, [item("S1", None)], found(None)) is None
    assert confidence(asked, [], found(5.0)) == 0
    assert confidence(asked, [item("S1", -9999.0)], []) == 0


def test_one_sentence_answers_a_question_for_a_number() -> None:
    evidence = [item("S1", 9.0, "Seven ships sank."), item("S2", 8.9, "About seven ships sank.")]
    assert answering("How many ships sank?", evidence) == (evidence[0],)
    assert answering("Which ships sank?", evidence)[0] == evidence[0]


def test_answers_are_few() -> None:
    told = "Ada Bea Cid Dan Eva Fay Gus Hal Ida Jon Kim Lee".split()
    equal = (item(f"S{n}", 9.0, f"{name} sank.") for n, name in enumerate(told, start=1))
    evidence = [replace(one, in_context=9.0) for one in equal]
    assert answering("what sank?", evidence) == tuple(evidence[:MAX_ANSWERS])
    unscored = [item(f"S{n}", None) for n in range(1, 10)]
    assert answering("what sank?", unscored) == tuple(unscored[:MAX_ANSWERS])


def test_a_sentence_that_repeats_a_better_one_is_not_asked_about() -> None:
    first = item("S1", 9.0, "Blinken met the national security adviser, Cho Tae-Yong, in Seoul.")
    echo = item("S2", 8.9, "The national security adviser, Cho Tae-Yong, was met by Blinken in Seoul.")
    other = item("S3", 8.8, "Blinken met the foreign ministers of the Group of Seven.")
    assert distinct("Who did Blinken meet?", [first, echo, other]) == (first, other)
    assert distinct("Who did Blinken meet?", [first, echo, other], {"S2"}) == (first, echo, other)


def test_an_answer_mentions_every_name_of_the_question() -> None:
    evidence = [item("S1", 9.0, "Blinken met Cho in Seoul.")]
    assert answering("What did Blinken do in Seoul?", evidence)
    assert answering("What did Blinken do in Berlin?", evidence) == ()
    assert unmentioned("Did Yoon and Blinken visit Berlin?", evidence) == ("Berlin", "Yoon")


def test_accents_make_no_other_name() -> None:
    assert unmentioned("What did Celeron say?", [item("S1", 9.0, "They saw Céloron and Celéron.")]) == ()


def test_the_first_word_of_a_question_is_no_name() -> None:
    assert unmentioned("Name the people whom Blinken met.", [item("S1", 9.0, "Blinken met Cho.")]) == ()


def test_names_may_stand_around_the_sentence() -> None:
    around = item("S1", 9.0, "He met Cho there.", context="In May. He met Cho there.", title="Blinken in Seoul")
    assert unmentioned("Did Blinken meet Cho in Seoul in May?", [around]) == ()


@pytest.mark.parametrize(
    ("asked", "written"),
    [
        ("U.S.", "the United States"),
        ("America", "the U.S."),
        ("US", "Americans"),
        ("Britain", "the UK"),
        ("EU", "the European Union"),
        ("UN", "the United Nations"),
        ("French", "France"),
        ("Dutch", "the Netherlands"),
        ("Korea", "Korean"),
        ("Chinese", "China"),
    ],
)
def test_names_of_one_thing_are_one(asked: str, written: str) -> None:
    assert unmentioned(f"what did {asked} say?", [item("S1", 9.0, f"They spoke of {written} today.")]) == ()


@given(st.text(max_size=60), st.lists(st.floats(-20, 20), max_size=12))
def test_answers_are_evidence_in_order_and_relevant(question: str, logits: list[float]) -> None:
    evidence = [item(f"S{n}", logit) for n, logit in enumerate(sorted(logits, reverse=True), start=1)]
    chosen = answering(question, evidence)
    assert chosen == tuple(evidence[: len(chosen)])
    assert len(chosen) <= MAX_ANSWERS


# How evidence is chosen


def test_evidence_is_labelled_from_best_to_worst(reranker: Reranker) -> None:
    hits = hits_of("Cows eat grass every day. Blinken met Cho Tae-Yong in Seoul.", "The weather was bad again.")
    evidence = select_evidence("Who did Blinken meet?", hits, reranker, LOOSE)
    assert [one.label for one in evidence] == ["S1", "S2", "S3"]
    assert evidence[0].sentence == "Blinken met Cho Tae-Yong in Seoul."
    logits = [one.relevance or 0.0 for one in evidence]
    assert logits == sorted(logits, reverse=True)
    assert logits[0] > 0 > logits[1]


def test_without_a_reranker_the_order_of_the_hits_stays() -> None:
    evidence = select_evidence("?", hits_of("One came first. Two came next.", "Three came last."), None, LOOSE)
    assert [one.sentence for one in evidence] == ["One came first.", "Two came next.", "Three came last."]
    assert {one.relevance for one in evidence} == {None}


def test_a_repeated_sentence_is_taken_once_from_the_better_hit() -> None:
    evidence = select_evidence(
        "?", hits_of("The ferry sank today.", "THE ferry  sank today. Nobody died there."), None, LOOSE
    )
    assert [(one.article.id, one.sentence) for one in evidence] == [
        ("article-0", "The ferry sank today."),
        ("article-1", "Nobody died there."),
    ]


def test_stray_words_are_no_evidence() -> None:
    evidence = select_evidence("?", hits_of("The end. The ferry sank today."), None, LOOSE)
    assert [one.sentence for one in evidence] == ["The ferry sank today."]


def test_evidence_keeps_its_limits_but_has_one_sentence() -> None:
    hits = hits_of("One came first. Two came next. Three came last.")
    size = count_tokens("One came first.")
    assert len(select_evidence("?", hits, None, EvidenceLimits(2, 1000))) == 2
    assert len(select_evidence("?", hits, None, EvidenceLimits(9, 2 * size))) == 2
    assert len(select_evidence("?", hits, None, EvidenceLimits(9, 1))) == 1
    assert select_evidence("?", [], None, LOOSE) == ()


@given(st.lists(st.text(alphabet="ab .\n!", max_size=60), max_size=5))
def test_evidence_is_text_of_its_article(texts: list[str]) -> None:
    articles = {f"article-{number}": text for number, text in enumerate(texts) if text.strip()}
    hits = [Hit(chunk, 1.0) for name, text in articles.items() for chunk in split_chunks(Article(name, text=text))]
    for one in select_evidence("?", hits, None, LOOSE):
        assert articles[one.article.id][one.start : one.end] == one.sentence
