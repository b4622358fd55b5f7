"""Which numbers of a sentence count or measure something, and what."""

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from assistant.quantities import quantities

READ = {
    "Seven ships lay at anchor.": (7.0, "ship"),
    "Some 2,650 people have left.": (2650.0, "person"),
    "Twenty-one were hurt.": (21.0, ""),
    "two hundred and twelve houses": (212.0, "hous"),
    "It cost 1.5 million crowns.": (1_500_000.0, "crown"),
    "It cost $1,500,000.": (1_500_000.0, "dollar"),
    "It cost €3bn.": (3_000_000_000.0, "euro"),
    "at a speed of 9.2 knots": (9.2, "knot"),
    "It is 40m deep.": (40.0, "metre"),
    "Turnout was 54.3 per cent.": (54.3, "percent"),
    "1840 strikers came": (1840.0, "striker"),
    "1,840 of its 1,920 members": (1840.0, ""),
}
NONE = (
    "on May 3, 2024",
    "on 3 May",
    "in 1990",
    "at 7.30 p.m.",
    "a man of 78",
    "Jonas Pell, 61, said",
    "aged 61",
    "an 18-year-old",
    "They won 2–1.",
    "They won 3-2 at home.",
    "Pump Station No. 4",
    "They met at Pier 7.",
    "the G7",
    "the 41st regatta",
    "no one of them",
    "season two",
)


@pytest.mark.parametrize("text", READ)
def test_quantities_are_read(text: str) -> None:
    (found,) = quantities(text)
    assert (found.value, found.unit) == READ[text]


@pytest.mark.parametrize("text", NONE)
def test_other_numbers_are_none(text: str) -> None:
    assert quantities(text) == ()


@pytest.mark.parametrize(
    ("one", "other", "excluded", "different"),
    [
        ("9 knots", "9.2 knots", False, False),
        ("14 people", "17 people", True, True),
        ("100 people", "98 people", False, False),
        ("about 100 people", "88 people", False, True),
        ("about 100 people", "140 people", True, True),
        ("at least 10 people", "12 people", False, True),
        ("at least 10 people", "8 people", True, True),
        ("2 million crowns", "1.9 million crowns", False, False),
        ("2 million crowns", "1.5 million crowns", True, True),
    ],
)
def test_inexact_figures(one: str, other: str, excluded: bool, different: bool) -> None:
    (first,), (second,) = quantities(one), quantities(other)
    assert first.excludes(second) == second.excludes(first) == excluded
    assert first.differs(second) == second.differs(first) == different


@pytest.mark.parametrize(
    ("text", "mark"),
    [("rose by 14 people", "change"), ("29 million more than planned", "change"), ("120 nights a year", "rate")],
)
def test_changes_and_rates_are_marked(text: str, mark: str) -> None:
    (found,) = quantities(text)
    assert mark in found.qualifiers


@given(st.text(max_size=120))
@example("00")
def test_any_text_is_read_and_offsets_are_in_it(text: str) -> None:
    for found in quantities(text):
        assert 0 <= found.start < found.end <= len(text)
        assert not found.excludes(found)
        assert not found.differs(found)
