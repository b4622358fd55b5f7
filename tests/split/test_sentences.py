"""The laws of sentence splitting, and its conventions on texts written for them."""

import textwrap

import pytest
from hypothesis import example, given

from evals.experiments.splitters import Result, Score, evaluate, read_gold
from index.split.sentences import MAX_SENTENCE_CHARACTERS, split_blocks, split_sentences
from tests.strategies import texts


def sentences(text: str) -> list[str]:
    return [sentence.text for sentence in split_sentences(text)]


@given(texts())
def test_sentences_are_slices_of_their_text(text: str) -> None:
    assert all(text[sentence.start : sentence.end] == sentence.text for sentence in split_sentences(text))


@given(texts())
def test_only_white_space_lies_outside_sentences(text: str) -> None:
    end = 0
    for sentence in split_sentences(text):
        assert sentence.start >= end
        assert not text[end : sentence.start].strip()
        end = sentence.end
    assert not text[end:].strip()


@given(texts())
def test_sentences_are_numbered_stripped_and_not_empty(text: str) -> None:
    for number, sentence in enumerate(split_sentences(text)):
        assert sentence.number == number
        assert sentence.text == sentence.text.strip() != ""


@given(texts())
def test_every_sentence_has_a_letter_or_digit_when_the_text_has_one(text: str) -> None:
    found = sentences(text)
    if any(character.isalnum() for character in text):
        assert all(any(character.isalnum() for character in sentence) for sentence in found)
    else:
        assert len(found) == (1 if text.strip() else 0)


@given(texts())
@example("The minister spoke.\n! The talks went on.")
def test_blocks_start_where_sentences_start(text: str) -> None:
    starts = {sentence.start for sentence in split_sentences(text)}
    worded = [block for block in split_blocks(text) if any(map(str.isalnum, text[block.start : block.end]))]
    assert {block.start for block in worded[1:]} <= starts


@given(texts())
def test_splitting_the_same_text_again_gives_the_same(text: str) -> None:
    assert split_sentences(text) == split_sentences(text)


GOLD = {text.id: text for text in read_gold()}
# "Yahoo! Inc." and '"But it was!" Lee said.' need to know what a name is.
UNSOLVED = {"companies-3", "second-8"}


@pytest.mark.parametrize("name", sorted(GOLD.keys() - UNSOLVED))
def test_gold_texts_split_as_written(name: str) -> None:
    gold = GOLD[name]
    assert sentences(gold.text) == [gold.text[start:end] for start, end in gold.spans]


def test_unsolved_gold_texts_are_still_unsolved() -> None:
    for name in UNSOLVED:
        assert sentences(GOLD[name].text) != [GOLD[name].text[start:end] for start, end in GOLD[name].spans]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", []),
        (" \n\t\n ", []),
        ("***", ["***"]),
        ("Fell.\n\n* * *\n\nRose.", ["Fell.\n\n* * *", "Rose."]),
        ("-\nOne.\n-\nTwo.\n-", ["-\nOne.", "-\nTwo.\n-"]),
        ("“\nWe go.\n”", ["“\nWe go.\n”"]),
    ],
)
def test_marks_without_words_join_a_neighbour(text: str, expected: list[str]) -> None:
    assert sentences(text) == expected


def test_ordinary_words_end_sentences_before_names() -> None:
    words = [
        "port",
        "bank",
        "century",
        "cancer",
        "coal",
        "day",
        "ill",
        "miss",
        "wash",
        "no",
        "art",
        "sun",
        "sat",
        "mass",
    ]
    for word in words:
        assert len(sentences(f"They spoke of the {word}. Blinken left.")) == 2, word


@pytest.mark.parametrize(
    ("text", "count"),
    [
        ("Papers, e.g. The Globe, knew. It is Hale v. The Crown.", 2),
        ("They met at 5 p.m. NATO ministers had come. At 6 p.m. EDT they left.", 3),
        ("Is it art? It is art. 30 works are shown.", 3),
        ("The answer is no. 47 members abstained on No. 12.", 2),
    ],
)
def test_short_forms_end_sentences_only_where_they_can(text: str, count: int) -> None:
    assert len(sentences(text)) == count


def test_lines_are_paragraphs_unless_the_text_is_wrapped() -> None:
    prose = (
        "The Harbour Board of Arle met Mayor Hana Weiss on Tuesday. It agreed to close the North Quay for a month. "
        "Ferries to Brome will leave from Tarn, the board's chair, Ona Petrauskas, told reporters after the meeting. "
        "Nobody had expected the vote, which came after two hours of argument, to be unanimous."
    )
    expected = sentences(prose)
    assert len(expected) == 4
    for width in (48, 60, 72, 80):
        wrapped = textwrap.fill(prose, width)
        assert [" ".join(sentence.split()) for sentence in sentences(wrapped)] == expected
    headlines = "Ferry Returns After Nine Long Years\nPort Strike Enters Its Third Week\nCouncil Backs Night Bus Plan"
    assert len(sentences(headlines)) == 3


@pytest.mark.parametrize(
    "unit", ["a", ".", "?!", '." ', "He said. ", "x\n", "- \n", "\n", "U.S. Gen. Moss left at 5 p.m. "]
)
def test_a_megabyte_is_split_to_the_end(unit: str) -> None:
    """Linear code takes seconds here; quadratic code would take hours, so this test would never come back."""
    text = unit * (1_000_000 // len(unit))
    words = sum(-(-len(word) // MAX_SENTENCE_CHARACTERS) for word in text.split())  # longer ones are cut
    assert sum(len(sentence.text.split()) for sentence in split_sentences(text)) == words


def test_scores_are_perfect_only_for_the_gold_splits() -> None:
    gold = read_gold()
    spans = {text.text: text.spans for text in gold}
    assert evaluate(lambda text: spans[text], gold) == Result(Score(1, 1, 1), Score(1, 1, 1))
    assert evaluate(lambda text: [(0, len(text))], gold).boundaries.value == 0
    ours = evaluate(lambda text: [(s.start, s.end) for s in split_sentences(text)], gold)
    assert ours.boundaries.value > 0.99
    assert ours.sentences.value > 0.98


@pytest.mark.parametrize(
    "text",
    [
        "The ferry sailed on Friday.|Tickets cost 3.5% more.|They last until 2026.|She said “no.”|Guests left.",
        "It left at 5 p.m.|Drivers slept.|Why?|A man knew.|I did not.",
        "It grew in 2019.³ |It left.",
        "Boat no. 9 of the team won. |The no. 4 boat, of Mr. Ek, came in ch. 2 last. |Nos. 5 and 6 sank.",
        "Use Node.js or ASP.NET at Booking.Com, see Foo.Bar.baz, St.Petersburg, Dr.Ek, J.Smith and the U.S.The end.",
    ],
)
def test_sentences_that_are_glued_together_are_parted_and_names_are_not(text: str) -> None:
    assert [sentence.text for sentence in split_sentences(text.replace("|", ""))] == [
        s.strip() for s in text.split("|")
    ]
