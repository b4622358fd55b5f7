"""Ranges of days in questions, and plans told in the present with a month."""

from datetime import UTC, date, datetime

import pytest

from assistant.dates.article_dates import resolve_dates
from assistant.question.time_window import read_question_time

NOON = datetime(2024, 6, 14, 12, tzinfo=UTC)  # a Friday


@pytest.mark.parametrize(
    ("question", "period"),
    [
        ("news from 2024-06-03 to 2024-06-07", "published 3–7 June 2024"),
        ("reports between 2024-06-03 and 2024-06-07", "published 3–7 June 2024"),
        ("Which articles from June 3 to June 7 mention the crane?", "published 3–7 June 2024"),
        ("What did articles from the 3rd to the 7th of June say?", "published 3–7 June 2024"),
        ("articles published from 3 June 2024 until 7 June", "published 3–7 June 2024"),
        ("coverage of 3–7 June 2024", "published 3–7 June 2024"),
        ("headlines from June 3-7", "published 3–7 June 2024"),
        ("What do reports from Monday to Wednesday say?", "published 10–12 June 2024"),
        ("stories from 28 May to 3 June", "published 28 May – 3 June 2024"),
        ("news from 2022 to 2023", "published 1 January 2022 – 31 December 2023"),
        ("The report published from 3 to 7 June", "about 3–7 June 2024"),
        ("What happened from June 3 to 7?", "about 3–7 June 2024"),
        ("What happened from 3 June to 7 June 2023?", "about 3–7 June 2023"),
        ("What did the train from 3 to 7 carry?", ""),
        ("How far is it from Norrby to Sandvik?", ""),
    ],
)
def test_a_range_is_read_as_a_whole(question: str, period: str) -> None:
    found = read_question_time(question, NOON)
    assert found.period == period
    assert found.strict is period.startswith("published")


@pytest.mark.parametrize(
    ("published", "sentence", "first"),
    [
        ("2024-01-08", "The gallery opens in December.", "2024-12-01"),
        ("2024-01-08", "The gallery closes its doors in November.", "2024-11-01"),
        ("2024-02-19", "The rule begins Dec. 1.", "2024-12-01"),
        ("2024-02-19", "The ferry leaves port Dec. 1.", "2024-12-01"),
        ("2024-02-19", "Lessons resume in September.", "2024-09-01"),
        ("2024-02-19", "The hearing starts in November, the judge said.", "2024-11-01"),
        ("2024-02-19", "The licence expires in December.", "2024-12-01"),
        ("2024-01-08", "The gallery closed in November.", "2023-11-01"),
        ("2024-01-08", "The close in November was bitter.", "2023-11-01"),
        ("2024-02-19", "The fair will be in December.", "2024-12-01"),
    ],
)
def test_what_is_told_in_the_present_is_still_to_come(published: str, sentence: str, first: str) -> None:
    (found,) = resolve_dates(sentence, published)
    assert found.first == date.fromisoformat(first)
