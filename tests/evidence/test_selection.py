"""Which sentences answer: by the real models and without, with both sides of a contradiction."""

from dataclasses import replace
from pathlib import Path

import pytest

from assistant.answer import Evidence, Status
from assistant.answering.chain import AnswerChain
from assistant.evidence.select import EvidenceLimits, select_evidence
from assistant.question.time_phrases import Ordering
from assistant.selection.select import select_answers
from assistant.testing import ScriptedChat
from index.articles import Article
from index.embed.local import Embedder
from index.hits import Hit
from index.library import Library
from index.retrieve.reader import Reader
from index.retrieve.rerank import Reranker
from index.split.chunks import split_chunks
from tests.parts import Loaded, chain_over, quoting


@pytest.fixture(scope="session")
def chain(newsroom: Library) -> AnswerChain:
    return chain_over(newsroom, ScriptedChat(replies=[quoting]))


def reported(number: int, day: str, text: str, fit: float = 5.0) -> Evidence:
    """The sentence of an article of its own."""
    source = f"Paper {number}"
    article = Article(f"article-{number}", title="Fire in Riverton", source=source, published=day, text=text)
    (chunk,) = split_chunks(article)
    (only,) = select_evidence("?", [Hit(chunk, 1.0)], None, EvidenceLimits(9, 900))
    return replace(only, label=f"S{number}", fit=fit)


def test_the_latest_is_the_newest_of_what_fits_equally() -> None:
    older = reported(1, "2023-05-02", "The ferry was found by divers.", 5.0)
    newer = reported(2, "2023-05-09", "The ferry was raised by a crane.", 4.0)
    answers = [select_answers([older, newer], ordering).answers[0] for ordering in Ordering]
    assert [item.label for item in answers] == ["S1", "S2", "S1"]


def test_without_a_reader_the_first_sentences_are_taken_but_not_chosen() -> None:
    unscored = [replace(reported(n, "2023-05-02", f"Report {n} is of the ferry."), fit=None) for n in (1, 2)]
    taken = select_answers(unscored)
    assert (list(taken.answers), taken.chosen) == (unscored, False)
    assert select_answers([reported(1, "2023-05-02", "The ferry was found.", 5.0)]).chosen


def test_an_answer_says_where_its_sources_differ(
    tmp_path: Path, embedder: Embedder, reranker: Reranker, reader: Reader
) -> None:
    library = Library(tmp_path / "index", Loaded(embedder, reranker, reader))
    texts = {
        "Riverton Post": "Fourteen people died in the Riverton mill fire. The mill made rope until 1990.",
        "Lake Times": "In Riverton, 17 people died in the fire at the mill, the police said. Two roads are closed.",
    }
    library.add(
        Article(source, title="Fire in Riverton", source=source, published="2023-05-02", text=text)
        for source, text in texts.items()
    )
    answer = chain_over(library, ScriptedChat(replies=[quoting])).invoke("How many people died in the Riverton fire?")
    assert answer.status is Status.CONFLICTING
    (line,) = answer.disagreements
    numbers = {citation.article.source: citation.n for citation in answer.citations}
    sides = {f"Fourteen [{numbers['Riverton Post']}]", f"17 [{numbers['Lake Times']}]"}
    assert set(line.removeprefix("Sources differ: ").split(" or ")) == sides
    assert answer.to_dict()["disagreements"] == [line]


def test_what_was_planned_gives_way_to_what_happened(chain: AnswerChain) -> None:
    answer = chain.invoke("When did St. Edda's Hospital in Vellin open?")
    assert answer.citations[0].article.published >= "2023-10-16"


def test_a_refusal_names_what_was_not_found(chain: AnswerChain) -> None:
    answer = chain.invoke("Who directed the opera house of Trondheim?")
    assert answer.status is Status.INSUFFICIENT
    assert "Trondheim" in answer.missing
    assert (answer.confidence or 0.0) < 0.28
