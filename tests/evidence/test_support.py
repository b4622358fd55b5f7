"""Which evidence counts as an answer, and how evidence is chosen."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assistant.answer import CloseScores, Evidence, Scores
from assistant.evidence.confidence import (
    MIN_LOGIT,
    TELLING,
    answer_logit,
    confidence,
    fit_of,
)
from assistant.evidence.coverage import distinct, missing_words
from assistant.evidence.select import EvidenceLimits, select_evidence
from assistant.selection.select import MAX_ANSWERS, select_answers
from assistant.text.tokens import count_tokens
from index.articles import Article, ArticleInfo
from index.hits import Hit
from index.retrieve.reader import Reader
from index.split.chunks import split_chunks

LOOSE = EvidenceLimits(sentences=100, tokens=10_000)


def item(
    label: str, fit: float | None, sentence: str = "The ferry sank.", *, context: str = "", title: str = ""
) -> Evidence:
    return Evidence(
        label=label,
        sentence=sentence,
        start=0,
        end=len(sentence),
        article=ArticleInfo("a", title),
        context=context or sentence,
        reading=sentence,
        fit=fit,
    )


def read(label: str, **changed: Any) -> Evidence:
    """Evidence of which everything was read; clearly an answer but for what is changed."""
    close = CloseScores(sentence=4.0, stated=4.0)
    clear = Scores(sentence=4.0, reranked=4.0, behind=0.0, passage=4.0, stated=4.0, span=4.0, close=close)
    scores = replace(clear, **changed)
    return replace(item(label, fit_of(scores)), scores=scores)


def answering(question: str, evidence: Sequence[Evidence]) -> tuple[Evidence, ...]:
    return select_answers(evidence).answers


def hits_of(*texts: str) -> list[Hit]:
    """One hit for each text, each from an article of its own, best first."""
    articles = [Article(f"article-{number}", text=text) for number, text in enumerate(texts)]
    return [Hit(split_chunks(article)[0], fused=1.0 / number) for number, article in enumerate(articles, start=1)]


# Which evidence answers


def test_nothing_answers_without_evidence() -> None:
    assert answering("what sank?", ()) == ()


def test_what_is_read_decides_whether_anything_answers() -> None:
    clear, poor = (
        read("S1"),
        read("S1", sentence=-6.0, reranked=-6.0, passage=-6.0, stated=-6.0, span=-6.0, close=CloseScores(-6.0, -6.0)),
    )
    logits = [answer_logit([one]) for one in (clear, poor)]
    clearly, hardly = logits
    assert clearly is not None
    assert hardly is not None
    assert clearly > MIN_LOGIT > hardly
    assert answering("what sank?", [clear]) == (clear,)
    assert answering("what sank?", [poor]) == ()


def test_the_confidence_is_a_probability() -> None:
    clear = confidence([read("S1")])
    assert clear is not None
    assert 0.5 < clear < 1
    assert confidence([item("S1", None)]) is None
    assert confidence([]) == 0


def test_sentences_far_behind_the_best_do_not_answer() -> None:
    evidence = [
        item("S1", TELLING.sure),
        item("S2", TELLING.sure - TELLING.behind / 2, "It sank."),
        item("S3", TELLING.sure - 2 * TELLING.behind, "No, none."),
    ]
    assert [one.label for one in answering("what sank?", evidence)] == ["S1", "S2"]


def test_what_probably_answers_is_told_however_much_better_the_best_is() -> None:
    evidence = [
        item("S1", 9.0),
        item("S2", TELLING.sure + 0.1, "It sank."),
        item("S3", TELLING.sure - 0.1, "Nothing sank."),
    ]
    assert [one.label for one in answering("what sank?", evidence)] == ["S1", "S2"]


def test_where_no_sentence_fits_well_those_near_the_best_are_told_too() -> None:
    fits = TELLING.least - 1, TELLING.least - 1 - TELLING.near / 2, TELLING.least - 1 - 2 * TELLING.near
    evidence = [item(f"S{n}", fit, f"The {n}th ship sank.") for n, fit in enumerate(fits, start=1)]
    assert [one.label for one in answering("what sank?", evidence)] == ["S1", "S2"]


def test_answers_are_few() -> None:
    told = "Ada Bea Cid Dan Eva Fay Gus Hal Ida Jon Kim Lee".split()
    equal = (item(f"S{n}", 9.0, f"{name} sank.") for n, name in enumerate(told, start=1))
    evidence = list(equal)
    assert answering("what sank?", evidence) == tuple(evidence[:MAX_ANSWERS])
    unscored = [item(f"S{n}", None) for n in range(1, 10)]
    assert answering("what sank?", unscored) == tuple(unscored[:MAX_ANSWERS])


def test_a_sentence_that_repeats_a_better_one_is_not_asked_about() -> None:
    first = item("S1", 9.0, "Blinken met the national security adviser, Cho Tae-Yong, in Seoul.")
    echo = item("S2", 8.9, "The national security adviser, Cho Tae-Yong, was met by Blinken in Seoul.")
    other = item("S3", 8.8, "Blinken met the foreign ministers of the Group of Seven.")
    assert distinct("Who did Blinken meet?", [first, echo, other]) == (first, other)
    assert distinct("Who did Blinken meet?", [first, echo, other], {"S2"}) == (first, echo, other)


def test_words_that_nothing_has_are_found() -> None:
    evidence = [item("S1", 9.0, "Blinken met Cho in Seoul.")]
    assert missing_words("Who met Blinken in Seoul?", evidence) == ()
    assert missing_words("Did Yoon and Blinken visit Berlin?", evidence) == ("Yoon", "visit", "Berlin")


def test_accents_make_no_other_name() -> None:
    written = [item("S1", 9.0, "They saw Céloron, Wałęsa, Sørensen and Weiß.")]
    assert missing_words("They saw Celoron, Walesa, Sorensen and Weiss?", written) == ()


def test_words_may_stand_around_the_sentence() -> None:
    around = item("S1", 9.0, "He met Cho there.", context="In May. He met Cho there.", title="Blinken in Seoul")
    assert missing_words("Who of Seoul met Blinken and Cho in May?", [around]) == ()


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
    ],
)
def test_names_of_one_thing_are_one(asked: str, written: str) -> None:
    assert missing_words(f"what did {asked} say?", [item("S1", 9.0, f"They spoke of {written} today.")]) == ()


@given(st.text(max_size=60), st.lists(st.floats(-20, 20), max_size=12))
def test_answers_are_evidence_in_order_and_relevant(question: str, logits: list[float]) -> None:
    evidence = [item(f"S{n}", logit) for n, logit in enumerate(sorted(logits, reverse=True), start=1)]
    chosen = answering(question, evidence)
    assert chosen == tuple(evidence[: len(chosen)])
    assert len(chosen) <= MAX_ANSWERS


# How evidence is chosen


def test_evidence_is_labelled_from_best_to_worst(reader: Reader) -> None:
    hits = hits_of("Cows eat grass every day. Blinken met Cho Tae-Yong in Seoul.", "The weather was bad again.")
    evidence = select_evidence("Who did Blinken meet?", hits, reader, LOOSE)
    assert [one.label for one in evidence] == ["S1", "S2", "S3"]
    assert evidence[0].sentence == "Blinken met Cho Tae-Yong in Seoul."
    fits = [one.fit or 0.0 for one in evidence]
    assert fits == sorted(fits, reverse=True)
    assert fits[0] > 0 > fits[1]


def test_the_words_that_answer_are_marked(reader: Reader) -> None:
    text = "Cows eat grass every day. Blinken met Cho Tae-Yong in Seoul."
    first = select_evidence("Who did Blinken meet?", hits_of(text), reader, LOOSE)[0]
    assert first.words is not None
    assert text[slice(*first.words)] == "Cho Tae-Yong"


def test_without_a_reader_the_order_of_the_hits_stays() -> None:
    evidence = select_evidence("?", hits_of("One came first. Two came next.", "Three came last."), None, LOOSE)
    assert [one.sentence for one in evidence] == ["One came first.", "Two came next.", "Three came last."]
    assert {one.fit for one in evidence} == {None}


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
