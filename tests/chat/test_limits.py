"""Which articles the chat searches."""

import pytest

from assistant.chat.search_filters import Limits
from index.articles import Window
from index.errors import UsageError

SOURCES = ("Newsroom World Desk", "The Anselm Courier", "The Vellin Herald")


def test_days_are_inside_and_an_empty_one_takes_the_limit_away() -> None:
    limits = Limits().from_day("2023-11-01").to_day("2023-11-09")
    assert limits.window == Window(first="2023-11-01", last="2023-11-09")
    assert limits.words == "since 1 November 2023 · until 9 November 2023"
    assert limits.from_day("").to_day("") == Limits()
    assert Limits().words == ""
    assert Limits(since="2023-11-01", source="World Desk").words == "since 1 November 2023 · from World Desk"
    assert Limits().from_day("2023-11-01").to_day("2023-11-01").window.bounded


@pytest.mark.parametrize("text", ["yesterday", "2023-13-01", "9 November 2023"])
def test_what_is_no_date_is_said_with_an_example(text: str) -> None:
    with pytest.raises(UsageError, match=f"{text} is not a date") as caught:
        Limits().from_day(text)
    assert caught.value.remedy == "write it as /since 2023-11-09"


def test_an_empty_span_is_refused() -> None:
    with pytest.raises(UsageError, match="no day is inside: since 2 November 2023 · until 1 November 2023"):
        Limits().from_day("2023-11-02").to_day("2023-11-01")


@pytest.mark.parametrize("text", ["the anselm courier", "Courier", "anselm"])
def test_a_source_is_named_in_any_case_or_by_a_part(text: str) -> None:
    assert Limits().of_source(text, SOURCES).source == "The Anselm Courier"


def test_a_source_that_is_not_there_or_not_clear_is_said() -> None:
    with pytest.raises(UsageError, match="there is no source The Velin Heral") as caught:
        Limits().of_source("The Velin Heral", SOURCES)
    assert caught.value.remedy.startswith("name one of: The Vellin Herald")
    with pytest.raises(UsageError, match="2 sources are called so: the") as caught:
        Limits().of_source("the", SOURCES)
    assert caught.value.remedy == "name one of: The Anselm Courier, The Vellin Herald"
    assert Limits(source="The Vellin Herald").of_source("", ()) == Limits()
