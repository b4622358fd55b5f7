"""What is marked in an article's text: the runs join to the text, and each character has its marks."""

from collections import Counter
from collections.abc import Sequence

from hypothesis import given
from hypothesis import strategies as st

from assistant.render.highlight import Excerpts, Piece, Place, excerpts, highlight

TEXTS = st.text(alphabet="ab \n", max_size=60)
PLACES = st.lists(
    st.builds(
        Place,
        st.integers(-3, 65),
        st.integers(-3, 65),
        cited=st.integers(0, 3),
        gold=st.integers(0, 2),
    ),
    max_size=6,
)


def joined(pieces: Sequence[Piece]) -> str:
    return "".join(piece.text for piece in pieces)


@given(TEXTS, PLACES)
def test_pieces_join_to_the_text_and_each_character_has_its_marks(text: str, places: list[Place]) -> None:
    pieces = highlight(text, places)
    assert joined(pieces) == text
    position = 0
    for piece in pieces:
        for at in range(position, position + len(piece.text)):
            over = [place for place in places if place.start <= at < place.end]
            assert set(piece.cited) == {place.cited for place in over} - {0}
            assert set(piece.gold) == {place.gold for place in over} - {0}
        position += len(piece.text)
    begun = Counter(number for piece in pieces for number in piece.first)
    assert set(begun) == {number for piece in pieces for number in piece.cited}


@given(TEXTS, PLACES, st.integers(0, 20))
def test_excerpts_show_every_mark_and_count_what_they_leave_out(text: str, places: list[Place], context: int) -> None:
    shown: Excerpts = excerpts(text, places, context=context)
    position, seen = 0, set[int]()
    for part in shown.parts:
        position += part.before
        assert joined(part.pieces) == text[position : position + len(joined(part.pieces))]
        seen |= set(range(position, position + len(joined(part.pieces))))
        position += len(joined(part.pieces))
    assert position + shown.after == len(text)
    assert {at for place in places for at in range(place.start, place.end) if 0 <= at < len(text)} <= seen


def test_excerpts_keep_to_the_paragraph_and_to_whole_words() -> None:
    text = f"First paragraph.\n\n{'word ' * 200}here {'word ' * 200}\n\nLast paragraph."
    start = text.index("here")
    (part,) = excerpts(text, [Place(start, start + 4, cited=1)], context=12).parts
    assert joined(part.pieces) == "word word word here word word word"
    assert [(piece.label, piece.mark) for piece in part.pieces] == [("", ""), ("[1]", "cited"), ("", "")]


def test_little_between_two_excerpts_is_shown_and_much_is_left_out() -> None:
    text = f"One.\n\nTwo.\n\nThree.\n\n{'Four. ' * 50}\n\nFive."
    places = [Place(text.index(word), text.index(word) + len(word), cited=1) for word in ("One.", "Three.", "Five.")]
    first, second = excerpts(text, places).parts
    assert joined(first.pieces) == "One.\n\nTwo.\n\nThree."
    assert (second.before, joined(second.pieces)) == (len(f"\n\n{'Four. ' * 50}\n\n"), "Five.")


def test_marks_that_overlap_have_a_style_of_their_own() -> None:
    pieces = highlight("abcdef", [Place(0, 4, cited=1), Place(2, 6, gold=2)])
    assert [(piece.text, piece.mark, piece.label) for piece in pieces] == [
        ("ab", "cited", "[1]"),
        ("cd", "both", "[1] gold 2"),
        ("ef", "gold", "gold 2"),
    ]
