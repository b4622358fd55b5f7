"""Dates as people and programs write them."""

import pytest

from index.formats.dates import iso_date


@pytest.mark.parametrize(
    ("given", "stored"),
    [
        # The year first: nobody writes year, day, month.
        ("2024/02/03", "2024-02-03"),
        ("2024.2.3", "2024-02-03"),
        ("2024-02-03 08:00:00 UTC", "2024-02-03T08:00:00+00:00"),
        ("2024-2-3 8:05 pm", "2024-02-03T20:05:00+00:00"),
        ("2024/02/03, 08:05:07.25 +0200", "2024-02-03T08:05:07+02:00"),
        ("2024年2月3日", "2024-02-03"),
        # Years of two digits, with the month in words.
        ("Sat, 03 Feb 24 09:00:00 Z", "2024-02-03T09:00:00+00:00"),
        ("3-Feb-24", "2024-02-03"),
        ("Feb. 3, ’24", "2024-02-03"),
        ("3 Feb 98 09:00", "1998-02-03T09:00:00+00:00"),
        # Zones as people write them.
        ("Sat, 3 Feb 2024 08:00:00 GMT+0200", "2024-02-03T08:00:00+02:00"),
        ("Sat Feb 03 2024 08:00:00 GMT-0330 (Newfoundland Standard Time)", "2024-02-03T08:00:00-03:30"),
        ("3 July 2024 08:00 CEST", "2024-07-03T08:00:00+02:00"),
        ("3 July 2024 8.15pm BST", "2024-07-03T20:15:00+01:00"),
        ("July 3, 2024 at 8:15 a.m. ET", "2024-07-03T08:15:00-04:00"),
        ("Feb. 3, 2024 8:15 AM ET", "2024-02-03T08:15:00-05:00"),
        ("2024-07-03T08:00:00+02:00[Europe/Berlin]", "2024-07-03T08:00:00+02:00"),
        ("2024-07-03 08:00 Asia/Tokyo", "2024-07-03T08:00:00+09:00"),
        ("2024-07-03 08:00:00.5 +0000 UTC", "2024-07-03T08:00:00+00:00"),
        ("Wed Jul  3 08:00:00 CEST 2024", "2024-07-03T08:00:00+02:00"),
        ("Wed Jul 03 08:00:00 +0000 2024", "2024-07-03T08:00:00+00:00"),
        ("3 July 2024 23:30 IST", "2024-07-03"),
        # Seconds, and thousandths and smaller parts of them, since 1970; days without marks.
        ("1706947200", "2024-02-03T08:00:00+00:00"),
        ("1706947200000", "2024-02-03T08:00:00+00:00"),
        ("1706947200000000", "2024-02-03T08:00:00+00:00"),
        ("1706947200.75", "2024-02-03T08:00:00+00:00"),
        ("20240203", "2024-02-03"),
        ("20240203T080000Z", "2024-02-03T08:00:00+00:00"),
        ("20240203080000", "2024-02-03T08:00:00+00:00"),
        # What stands around dates.
        ("Published: Feb 3, 2024", "2024-02-03"),
        ("Last updated on 3 February 2024 at noon", "2024-02-03T12:00:00+00:00"),
        ("2024-02-03T24:00:00Z", "2024-02-04T00:00:00+00:00"),
        ("Feb 3, 2024, 8:00\u202fAM", "2024-02-03T08:00:00+00:00"),
    ],
)
def test_dates_are_understood(given: str, stored: str) -> None:
    assert iso_date(given) == stored
    assert iso_date(stored) == stored


@pytest.mark.parametrize(
    "given",
    [
        "3/2/2024", "3.2.2024", "03/02/24", "2024", "2024-02", "Feb 2024", "3 Feb", "yesterday", "2024/13/03", "17",
        "2024-02-03 25:00", "2024-02-30", "99999999", "3 Feb 2024 08:00 Moon/Base", "1 2 3 2024", "",
    ],
)  # fmt: skip
def test_what_is_no_date_or_two_is_refused(given: str) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 -- each has its own words
        iso_date(given)
