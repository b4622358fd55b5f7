"""Running heads and feet of PDF files are no text, and a sentence that a page breaks is one."""

from pathlib import Path

from tests.files import pdf, read

FIRST = [
    "The council of Norrby voted on Monday to",
    "close the old bridge, over which 900 cars",
    "drive. The head of the board, Ann Ek, said",
]
SECOND = ["the pillars had cracks. A new bridge is to", "cost 12 million crowns and to open in 2027."]
TEXT = (
    "The council of Norrby voted on Monday to close the old bridge, over which 900 cars drive. The head of the board,"
    " Ann Ek, said the pillars had cracks. A new bridge is to cost 12 million crowns and to open in 2027."
)


def test_heads_and_feet_that_count_the_pages_are_no_text(tmp_path: Path) -> None:
    pages = [
        ["HILL COURIER  6 May 2024  Page 1", "Local news", *FIRST, "(c) Hill Courier 1/2"],
        ["HILL COURIER  6 May 2024  Page 2", "Local news", *SECOND, "(c) Hill Courier 2/2"],
    ]
    assert [article.text for article in read(tmp_path, "a.pdf", pdf(pages))] == [TEXT]


def test_left_and_right_pages_may_have_their_own(tmp_path: Path) -> None:
    middle = [
        f"In year {number} the bridge of Norrby was painted, number {number * 7}." for number in ("one", "two", "six")
    ]
    pages = [
        ["- 1 -", *FIRST],
        ["HILL", middle[0], "| 2 |"],
        ["COURIER", middle[1], "p. 3"],
        ["HILL", middle[2], "4"],
        ["COURIER", *SECOND],
    ]
    (article,) = read(tmp_path, "a.pdf", pdf(pages))
    assert "HILL" not in article.text
    assert "COURIER" not in article.text
    assert not [word for word in article.text.split() if word in {"-", "|", "p.", "3", "4"}]


def test_a_short_last_line_of_a_page_does_not_end_a_sentence(tmp_path: Path) -> None:
    (article,) = read(tmp_path, "a.pdf", pdf([[*FIRST, "that"], [*SECOND]]))
    assert article.text == TEXT.replace("Ek, said the", "Ek, said that the")


def test_lines_within_a_page_stay(tmp_path: Path) -> None:
    pages = [
        [*FIRST, "Local news", *SECOND, "It is so.", f"Page {number} of the plan", "says it too."] for number in (1, 2)
    ]
    (article,) = read(tmp_path, "a.pdf", pdf(pages))
    assert article.text.count("Local news") == 2
