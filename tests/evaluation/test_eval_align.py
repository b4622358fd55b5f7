"""Citations of other systems and the places of articles that they mean."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evals.exchange.align import Aligner, Fit, Pointer, folded
from evals.exchange.shapes import Foreign, statements, take_marks
from index.articles import Article
from index.read.readers import find_files, read_articles
from index.split.sentences import split_sentences
from tests.parts import NEWSROOM

ARTICLES = tuple(article for file in find_files([NEWSROOM]) for article in read_articles(file))
ALIGNER = Aligner(ARTICLES)
SENTENCES = tuple((article, sentence) for article in ARTICLES for sentence in split_sentences(article.text))
REEF = Article(
    id="reef",
    title="A reef",
    url="https://news.example/reef",
    text="The reef – “a cathedral” – lies 412 m deep. It is 31 miles long. Nobody knew of it before Thursday.",
)
COPY = Article(id="copy", title="A reef", text="The reef – “a cathedral” – lies 412 m deep. So said the ship.")
PAIR = Aligner((REEF, COPY))


@given(st.sampled_from(SENTENCES))
def test_a_sentence_of_an_article_is_found_where_it_stands(place: tuple) -> None:  # type: ignore[type-arg]
    article, sentence = place
    found = ALIGNER.align(Pointer((article.id,), sentence.text, start=sentence.start))
    assert (found.fit, found.article, found.start, found.end) == (Fit.EXACT, article.id, sentence.start, sentence.end)


@given(st.sampled_from(SENTENCES), st.sampled_from((str.upper, str.lower)), st.sampled_from((" ", "\n", "\u00a0 ")))
def test_case_white_space_and_quotation_marks_do_not_count(place: tuple, case, space: str) -> None:  # type: ignore[no-untyped-def, type-arg]
    article, sentence = place
    plain = sentence.text.replace("“", '"').replace("”", '"').replace("’", "'").replace("–", "-")
    quote = space.join(case(plain).split())
    found = ALIGNER.align(Pointer((article.id,), quote))
    assert found.fit in {Fit.EXACT, Fit.NORMALISED}
    assert folded(article.text[found.start : found.end]).text == folded(quote).text


@given(st.text())
def test_folded_characters_keep_their_places(text: str) -> None:
    made = folded(text)
    assert len(made.text) == len(made.offsets)
    assert list(made.offsets) == sorted(made.offsets)
    assert all(0 <= place < len(text) for place in made.offsets)


@given(st.text(max_size=40), st.text(max_size=40), st.none() | st.integers(), st.none() | st.integers())
def test_whatever_is_cited_has_a_place_in_an_article_or_none(
    name: str, quote: str, start: int | None, end: int | None
) -> None:
    for names in ((), (name,), ("reef",)):
        found = PAIR.align(Pointer(names, quote, start, end))
        text = {article.id: article.text for article in (REEF, COPY)}.get(found.article, "")
        assert 0 <= found.start <= found.end <= len(text)
        assert (found.start < found.end) == (found.fit in {Fit.EXACT, Fit.NORMALISED, Fit.NEAR})
        assert bool(found.reason) == (found.start == found.end)


@pytest.mark.parametrize(
    ("pointer", "fit", "text"),
    [
        (Pointer(("reef",), start=44, end=65), Fit.EXACT, "It is 31 miles long. "),
        (Pointer(("reef",), start=44, end=6500), Fit.ARTICLE, ""),
        (Pointer(("https://news.example/reef/",)), Fit.ARTICLE, ""),
        (Pointer(("It is 31 miles long.",), "It is 31 miles long."), Fit.EXACT, "It is 31 miles long."),
        (
            Pointer(quote='the reef - "a cathedral"  - lies 412 m'),
            Fit.NORMALISED,
            "The reef – “a cathedral” – lies 412 m",
        ),
        (Pointer(("reef",), "lies 412 m … 31 miles"), Fit.NORMALISED, "lies 412 m deep. It is 31 miles"),
        (Pointer(("reef",), "31 miles … lies 412 m"), Fit.ARTICLE, ""),
        (Pointer(quote="Nobody knew about it before Thursday."), Fit.NEAR, "Nobody knew of it before Thursday."),
        (Pointer(quote="Everybody had heard of it long before Thursday."), Fit.LOST, ""),
        (Pointer(quote="Nobody knew of it Thursday, before anybody."), Fit.LOST, ""),  # its words, put otherwise
        (Pointer(quote="It is 31 mile"), Fit.LOST, ""),  # no whole words
        (Pointer(quote="412 m deep"), Fit.LOST, ""),  # three words of two articles
        (Pointer(("unknown",), "It is 31 miles long."), Fit.EXACT, "It is 31 miles long."),
        (Pointer(("A reef",)), Fit.LOST, ""),  # the title of two articles
        (Pointer(("reef",), "The ship sank on Monday."), Fit.ARTICLE, ""),
        (Pointer(("reef",), "Source 2:\nIt is 31 miles long."), Fit.EXACT, "It is 31 miles long."),
        (Pointer(), Fit.LOST, ""),
    ],
)
def test_places_are_found_as_documented(pointer: Pointer, fit: Fit, text: str) -> None:
    found = PAIR.align(pointer)
    where = {article.id: article.text for article in (REEF, COPY)}.get(found.article, "")
    assert (found.fit, where[found.start : found.end]) == (fit, text)


def test_of_several_places_the_one_nearest_to_the_offset_counts() -> None:
    twice = Aligner([Article(id="a", text="It rained. Then it stopped. It rained.")])
    assert twice.align(Pointer(("a",), "It rained.", start=25)).start == 28


@pytest.mark.parametrize("name", ["reef.md", "news/041-reef.md", "C:\\news\\reef.txt", "REEF"])
def test_file_names_mean_articles(name: str) -> None:
    assert PAIR.article((name,)) == "reef"


def test_marks_cite_for_the_sentence_that_they_stand_in_or_end() -> None:
    text, anchors = take_marks("Anna met Bo [1][3]. Cara left. [2-3] In [2020] Dan came [4, 5].")
    assert text == "Anna met Bo. Cara left. In [2020] Dan came."
    pointers = {number: Pointer() for number in (1, 2, 3, 4, 5, 9)}
    assert statements(Foreign(text=text, anchors=anchors, pointers=pointers)) == (
        ("Anna met Bo.", (9, 1, 3)),
        ("Cara left.", (9, 2, 3)),
        ("In [2020] Dan came.", (9, 4, 5)),
    )
