"""Lists of articles: items behind their line, and whole lists."""

from collections.abc import Sequence

from assistant.answer import Evidence
from assistant.evidence.list_items import in_its_list, introduction
from assistant.evidence.select import EvidenceLimits, select_evidence
from index.articles import Article
from index.hits import Hit
from index.split.chunks import split_chunks

LOOSE = EvidenceLimits(sentences=100, tokens=10_000)
BALLOT = (
    "Three candidates stand for mayor.\n\nThe candidates are:\n\n• Hanna Corvey, a physician. She wants flats.\n"
    "• Piet Lomax, a tram driver.\n• Elsa Tarrant, a member of the assembly.\n\nThe vote is on Sunday."
)


def evidence_of(text: str) -> tuple[Evidence, ...]:
    hits = [Hit(chunk, 1.0) for chunk in split_chunks(Article("a", text=text))]
    return select_evidence("?", hits, None, LOOSE)


def saying(evidence: Sequence[Evidence], *starts: str) -> list[Evidence]:
    return [next(item for item in evidence if item.sentence.startswith(start)) for start in starts]


def test_items_are_read_behind_the_line_above_their_list() -> None:
    (chunk,) = split_chunks(Article("a", text=BALLOT))
    lines = {sentence.text: introduction(sentence, chunk.sentences) for sentence in chunk.sentences}
    assert {text for text, line in lines.items() if line} == {
        "• Hanna Corvey, a physician.",
        "• Piet Lomax, a tram driver.",
        "• Elsa Tarrant, a member of the assembly.",
    }
    assert set(lines.values()) == {"", "The candidates are:"}
    assert in_its_list("• Piet Lomax, a tram driver.", "The candidates are:") == (
        "The candidates are: Piet Lomax, a tram driver."
    )


def test_a_bullet_without_a_line_above_stays_as_it_is() -> None:
    (chunk,) = split_chunks(Article("a", text="• The ferry sank.\n• Nobody died there."))
    assert [introduction(sentence, chunk.sentences) for sentence in chunk.sentences] == ["", ""]


def test_a_citation_is_the_item_and_not_its_line() -> None:
    (item,) = saying(evidence_of(BALLOT), "• Piet")
    assert item.reading.startswith("The candidates are: Piet Lomax")
    assert BALLOT[item.start : item.end] == item.sentence == "• Piet Lomax, a tram driver."
