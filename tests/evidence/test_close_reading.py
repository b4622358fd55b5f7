"""Sentences that may answer are read once more, each alone, and asked whether they state what is asked."""

from dataclasses import replace

import pytest

from assistant.evidence.confidence import answer_logit, fit_of
from assistant.evidence.select import EvidenceLimits, select_evidence
from index.articles import Article
from index.hits import Hit
from index.retrieve.reader import Reader
from index.split.chunks import split_chunks

HARBOUR = (
    "The port of Alder will be closed for three weeks from 4 May. The council voted 7 to 2 for the works, which cost "
    "12 million crowns. Mayor Ana Ortega spoke of a long overdue step."
)
PLAYER = (
    "Midfielder Jan Okell joins Carrow for a fee of 6.5 million crowns. He signed for three years and will wear number "
    "8. Carrow finished fourth last season."
)
LIMITS = EvidenceLimits(sentences=10, tokens=1000)


def hits_of(title: str, text: str) -> list[Hit]:
    return [Hit(split_chunks(Article("report", title=title, text=text))[0], fused=1.0)]


def test_every_sentence_is_read_closely_and_the_best_comes_first(reader: Reader) -> None:
    evidence = select_evidence("What do the works cost?", hits_of("Harbour works", HARBOUR), reader, LIMITS)
    assert len(evidence) == 3
    assert "12 million crowns" in evidence[0].sentence
    for item in evidence:
        assert item.scores
        assert item.scores.close
        assert item.fit == fit_of(item.scores)
    assert [item.fit for item in evidence] == sorted((item.fit or 0.0 for item in evidence), reverse=True)


@pytest.mark.parametrize(
    ("title", "text", "answered", "near_miss"),
    [
        ("Harbour works", HARBOUR, "How long will the port be closed?", "How long was the airport closed?"),
        ("Harbour works", HARBOUR, "What do the works cost?", "Who voted against the works?"),
        ("Okell moves", PLAYER, "For how long did Okell sign?", "How many goals did Okell score last season?"),
    ],
)
def test_a_sentence_that_is_only_near_does_not_state_what_is_asked(
    reader: Reader, title: str, text: str, answered: str, near_miss: str
) -> None:
    told, near = (select_evidence(question, hits_of(title, text), reader, LIMITS) for question in (answered, near_miss))
    assert told[0].scores
    assert told[0].scores.close
    assert near[0].scores
    assert near[0].scores.close
    assert told[0].scores.close.stated > near[0].scores.close.stated + 2
    assert told[0].scores.stated > near[0].scores.stated + 2
    assert (answer_logit(told) or 0.0) > (answer_logit(near) or 0.0) + 1


def test_what_was_read_of_a_sentence_alone_counts(reader: Reader) -> None:
    """The same passage scores with a close reading that finds nothing stated make a worse answer."""
    (item, *_) = select_evidence("What do the works cost?", hits_of("Harbour works", HARBOUR), reader, LIMITS)
    assert item.scores
    assert item.scores.close
    unstated = replace(item.scores, close=replace(item.scores.close, sentence=-6.0, stated=-6.0))
    worse = replace(item, fit=fit_of(unstated), scores=unstated)
    assert (worse.fit or 0.0) < (item.fit or 0.0) - 1
    assert (answer_logit([worse]) or 0.0) < (answer_logit([item]) or 0.0) - 1
