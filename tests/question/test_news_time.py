"""What questions say about publication, and what relative dates in articles come to."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta, timezone
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assistant.answer import Evidence
from assistant.dates.article_dates import ResolvedDate, resolve_dates
from assistant.dates.spans import Days, month_of, moved, unit_at
from assistant.question.time_phrases import Ordering
from assistant.question.time_window import QuestionTime, overlap, read_question_time, until_moment
from assistant.selection.recency import LEAN, lean_to_newest, prefer_newest
from index.articles import ArticleInfo, Window, epoch_seconds

THURSDAY = datetime(2023, 11, 9, 12, tzinfo=UTC)
NOTHING = QuestionTime()


def window(since: str | None, until: str | None) -> Window:
    """The window from one day to another, both inside."""
    return Window(first=since or "", last=until or "")


# Questions: expressions, asked on Thursday, 9 November 2023

STRICT = [
    ("What did Blinken say yesterday?", "yesterday", "2023-11-08", "2023-11-09"),
    ("Yesterday a crane fell: where?", "Yesterday", "2023-11-08", "2023-11-09"),
    ("Who was hurt last night?", "last night", "2023-11-08", "2023-11-09"),
    ("Who resigned the day before yesterday?", "the day before yesterday", "2023-11-07", "2023-11-08"),
    ("What happened today?", "today", "2023-11-09", "2023-11-09"),
    ("Who spoke this morning?", "this morning", "2023-11-09", "2023-11-09"),
    ("What happened last week?", "last week", "2023-10-30", "2023-11-07"),
    ("What was last week's decision?", "last week", "2023-10-30", "2023-11-07"),
    ("What happened this week?", "this week", "2023-11-06", "2023-11-09"),
    ("Who won earlier this week?", "earlier this week", "2023-11-06", "2023-11-09"),
    ("Who played last weekend?", "last weekend", "2023-11-04", "2023-11-07"),
    ("What did the bridge cost last month?", "last month", "2023-10-01", "2023-11-07"),
    ("Who was elected this month?", "this month", "2023-11-01", "2023-11-09"),
    ("Who won last year?", "last year", "2022-01-01", "2023-04-02"),
    ("Who won this year's regatta?", "this year", "2023-01-01", "2023-11-09"),
    ("What has happened in the last 3 days?", "in the last 3 days", "2023-11-06", "2023-11-09"),
    ("Who died in the past two weeks?", "in the past two weeks", "2023-10-26", "2023-11-09"),
    ("Who died over the past week?", "over the past week", "2023-11-02", "2023-11-09"),
    ("What changed during the last month?", "during the last month", "2023-10-09", "2023-11-09"),
    ("What has the past year brought?", "the past year", "2022-11-09", "2023-11-09"),
    ("Last 3 days in Gaza?", "Last 3 days", "2023-11-06", "2023-11-09"),
    ("What was said three days ago?", "three days ago", "2023-11-06", "2023-11-07"),
    ("Who resigned two weeks ago?", "two weeks ago", "2023-10-23", "2023-10-31"),
    ("Who arrived last Thursday?", "last Thursday", "2023-11-02", "2023-11-03"),
    ("What has happened since Monday?", "since Monday", "2023-11-06", None),
    ("What has happened since 3 May 2023?", "since 3 May 2023", "2023-05-03", None),
    ("What has happened since May 11?", "since May 11", "2023-05-11", None),
    ("What has happened since last month?", "since last month", "2023-10-01", None),
    ("What has happened since September?", "since September", "2023-09-01", None),
    ("Who has been mayor since 2020?", "since 2020", "2020-01-01", None),
    ("As of 10 October, what did the bridge cost?", "As of 10 October", None, "2023-10-10"),
    ("How many were missing as of August 29?", "as of August 29", None, "2023-08-29"),
    ("How many were missing as of yesterday?", "as of yesterday", None, "2023-11-08"),
    ("What do reports from September say of the flood?", "reports from September", "2023-09-01", "2023-09-30"),
    ("Which articles published in September 2023 name him?", "published in September 2023", "2023-09-01", "2023-09-30"),
    ("What did articles of 8 November say?", "articles of 8 November", "2023-11-08", "2023-11-08"),
    ("Any news from 2022 about the port?", "news from 2022", "2022-01-01", "2022-12-31"),
    ("Who won, in articles published before October 2023?", "published before October 2023", None, "2023-09-30"),
    ("Who won, by coverage since 1 October?", "coverage since 1 October", "2023-10-01", None),
    ("Who won, by stories published after 1 October?", "published after 1 October", "2023-10-02", None),
]

SOFT = [
    ("What happened in September 2023?", "in September 2023", "2023-09-01", "2023-09-30"),
    ("What happened in September?", "in September", "2023-09-01", "2023-09-30"),
    ("What happened in December?", "in December", "2022-12-01", "2022-12-31"),
    ("what happened in september 2023", "in september 2023", "2023-09-01", "2023-09-30"),
    ("what happened in may", "in may", "2023-05-01", "2023-05-31"),
    ("what happened on march 5", "on march 5", "2023-03-05", "2023-03-05"),
    ("Who won the race in 2023?", "in 2023", "2023-01-01", "2023-12-31"),
    ("What happened on 7 October 1990?", "on 7 October 1990", "1990-10-07", "1990-10-07"),
    ("What happened on 9 November?", "on 9 November", "2023-11-09", "2023-11-09"),
    ("What happened on 10 November?", "on 10 November", "2022-11-10", "2022-11-10"),
    ("What happened on November 9, 2023?", "on November 9, 2023", "2023-11-09", "2023-11-09"),
    ("What happened on Thursday, November 2?", "on Thursday, November 2", "2023-11-02", "2023-11-02"),
    ("What happened on the 9th of November 2022?", "on the 9th of November 2022", "2022-11-09", "2022-11-09"),
    ("What happened on 2023-11-02?", "on 2023-11-02", "2023-11-02", "2023-11-02"),
    ("What happened on 29 February?", "on 29 February", "2020-02-29", "2020-02-29"),
    ("Whom did Blinken meet on Thursday?", "on Thursday", "2023-11-09", "2023-11-09"),
    ("Whom did Blinken meet on Friday?", "on Friday", "2023-11-03", "2023-11-03"),
    ("What was planned before 3 May 2023?", "before 3 May 2023", None, "2023-05-02"),
    ("What was planned until 3 May 2023?", "until 3 May 2023", None, "2023-05-03"),
    ("What came after 3 May 2023?", "after 3 May 2023", "2023-05-04", None),
    ("What changed between 3 and 9 November?", "between 3 and 9 November", "2023-11-03", "2023-11-09"),
    ("What changed between June and September?", "between June and September", "2023-06-01", "2023-09-30"),
    ("What changed between November and February?", "between November and February", "2022-11-01", "2023-02-28"),
    ("What did it cost, from May to October 2023?", "from May to October 2023", "2023-05-01", "2023-10-31"),
    ("What does the report published on 1 November say?", "published on 1 November", "2023-11-01", "2023-11-01"),
]

NEWEST = [
    ("What is the latest on Blinken?", "latest"),
    ("Latest news on the bridge?", "Latest"),
    ("What is the most recent price?", "most recent"),
    ("Who most recently led the group?", "most recently"),
    ("What is the newest figure?", "newest"),
    ("How many have died so far?", "so far"),
    ("Who currently governs the province?", "currently"),
    ("What is the current price of the bridge?", "the current"),
    ("Where is Blinken now?", "now"),
    ("Where is Blinken at the moment?", "at the moment"),
    ("How is the company called today?", "today"),
    ("What does it cost as of today?", "as of today"),
    ("What has Blinken said recently?", "recently"),
]

UNTOUCHED = """Who did Blinken meet?
What is his last name?
How long did the talks last?
How long did the talks last three weeks?
When did the volcano last erupt?
What was the last stop of the tour?
Who came last in the last round?
What happened in the last week of the war?
Who was born on the last day of the year?
Who won the 2006 World Cup?
What caused the September 11 attacks?
When was the March on Rome?
Did thousands march in Washington?
May I ask who won?
Who may succeed him?
Did Theresa May resign?
Did Theresa May resign after May lost the vote?
What does the March of Dimes do?
Who wrote Yesterday?
Who presents the Today programme?
What does USA Today report?
What did the editor of the Sunday Times say?
Who is in Black Friday?
What is Friday's real name in Robinson Crusoe?
Who finished second?
How many seconds are in a minute?
What is a bank's current account?
How strong is the ocean current in the strait?
By when must it open at the latest?
Is it so far away that nobody goes there?
Every now and then a bridge falls: why?
Why is the now-defunct railway missed?
What is known now that the trial is over?
What did Apocalypse Now cost?
Did Sally Rooney write Beautiful World?
How many of the 1990 seats were sold?
Did August Wilson write plays?
Who is April O'Neil?
What was it worth in 2023 dollars?
Which cities did Blinken visit before Tokyo?
How long had it been since a secretary of state last visited South Korea?
Since when has the hospital been open?
What was the score between Athletic and Rovers?
What was the Sea Lark's speed at the moment of the accident?
Did the vote that was planned for the Sunday after the talks take place?
What will the weather be tomorrow?
What happened on 31 September?
What happened on 30 February 2023?
Is Today in the title?""".splitlines()


@pytest.mark.parametrize(("question", "words", "since", "until"), STRICT, ids=lambda value: str(value)[:40])
def test_what_is_relative_to_the_present_or_about_publication_is_strict(
    question: str, words: str, since: str | None, until: str | None
) -> None:
    found = read_question_time(question, THURSDAY)
    assert (found.window, [question[start:end] for start, end in found.spans]) == (window(since, until), [words])
    assert found.strict
    assert found.period.startswith("published ")


@pytest.mark.parametrize(("question", "words", "since", "until"), SOFT, ids=lambda value: str(value)[:40])
def test_a_date_that_may_be_the_subject_is_soft(
    question: str, words: str, since: str | None, until: str | None
) -> None:
    found = read_question_time(question, THURSDAY)
    assert (found.window, [question[start:end] for start, end in found.spans]) == (window(since, until), [words])
    assert not found.strict
    assert found.ordering is Ordering.NONE
    assert found.period.startswith("about ")


@pytest.mark.parametrize(("question", "words"), NEWEST)
def test_questions_for_what_is_newest(question: str, words: str) -> None:
    found = read_question_time(question, THURSDAY)
    assert (found.ordering, found.window, found.strict) == (Ordering.NEWEST, None, False)
    assert [question[start:end] for start, end in found.spans] == [words]
    assert found.period == ""


@pytest.mark.parametrize("question", UNTOUCHED)
def test_other_questions_are_untouched(question: str) -> None:
    assert read_question_time(question, THURSDAY) == NOTHING


def test_questions_for_what_is_oldest() -> None:
    assert read_question_time("What do the earliest reports say?", THURSDAY).ordering is Ordering.OLDEST
    assert read_question_time("Who is the oldest man?", THURSDAY) == NOTHING


def test_several_expressions_are_taken_together() -> None:
    question = "LATEST NEWS SINCE MONDAY"
    found = read_question_time(question, THURSDAY)
    assert (found.window, found.strict, found.ordering) == (window("2023-11-06", None), True, Ordering.NEWEST)
    assert found.period == "published 6 November 2023 or later"
    assert [question[start:end] for start, end in found.spans] == ["LATEST", "NEWS SINCE MONDAY"]


def test_as_of_moves_the_present_of_the_whole_question() -> None:
    found = read_question_time("As of 12 October, what happened last week?", THURSDAY)
    assert found.window == window("2023-10-02", "2023-10-10")
    assert found.period == "published 2–10 October 2023"


def test_strict_words_decide_over_a_date_that_is_the_subject() -> None:
    found = read_question_time("What was said last week about the vote on 8 October?", THURSDAY)
    assert (found.window, found.strict) == (window("2023-10-30", "2023-11-07"), True)


def test_articles_that_are_compared_are_not_filtered_away() -> None:
    question = "Do the articles published on October 6, 2023 and those published on October 20, 2023 agree?"
    found = read_question_time(question, THURSDAY)
    assert (found.window, found.strict) == (window("2023-10-06", "2023-10-20"), False)


def test_years_end_and_leap_years() -> None:
    new_year = datetime(2024, 1, 1, tzinfo=UTC)
    assert read_question_time("What happened yesterday?", new_year).window == window("2023-12-31", "2024-01-01")
    assert read_question_time("What happened last week?", new_year).window == window("2023-12-25", "2024-01-01")
    assert read_question_time("What happened last month?", new_year).window == window("2023-12-01", "2024-01-01")
    leap = datetime(2024, 2, 29, tzinfo=UTC)
    assert read_question_time("What happened over the past year?", leap).window == window("2023-02-28", "2024-02-29")


def test_the_present_day_is_that_of_its_own_zone() -> None:
    seoul = datetime(2023, 11, 9, 1, tzinfo=timezone(timedelta(hours=9)))
    honolulu = seoul.astimezone(timezone(timedelta(hours=-10)))
    assert read_question_time("What happened today?", seoul).window == window("2023-11-09", "2023-11-09")
    assert read_question_time("What happened today?", honolulu).window == window("2023-11-08", "2023-11-08")
    assert until_moment(seoul) == until_moment(honolulu) == Window(until=int(seoul.timestamp()) + 1)
    assert until_moment(datetime(2023, 11, 9)) == Window(until=epoch_seconds("2023-11-09") + 1)


def test_windows_overlap_or_do_not() -> None:
    assert overlap(Window(), Window(5, 9)) == Window(5, 9)
    assert overlap(Window(1, 7), Window(5, None)) == Window(5, 7)
    assert overlap(Window(1, 5), Window(5, 9)) is None


PIECES = st.sampled_from(
    "last this the past next since before after between and from to of as in on by 3 12 31 three a days weeks month "
    "year Monday May March March. Sept. September february 29 2023 2024 1999 yesterday today latest now published "
    "reports ago articles now current so far weekend ? , - – ’s 2023-02-30 0 999 Thursday's".split()
)
TEXTS = st.one_of(st.text(max_size=80), st.lists(PIECES, max_size=12).map(" ".join))
MOMENTS = st.datetimes(timezones=st.one_of(st.none(), st.just(UTC), st.just(timezone(timedelta(hours=-11)))))


@given(question=TEXTS, as_of=MOMENTS)
def test_any_question_can_be_read(question: str, as_of: datetime) -> None:
    found = read_question_time(question, as_of)
    assert found == read_question_time(question, as_of)
    ends = [place for span in found.spans for place in span]
    assert ends == sorted(ends)
    assert all(question[start:end] for start, end in found.spans)
    assert bool(found.spans) is (found != NOTHING)
    if found.window is None:
        assert not found.strict
    elif found.window.first and found.window.last:
        assert found.window.first <= found.window.last


@given(
    st.lists(st.sampled_from("who met Blinken in Seoul when did the bridge open how many died there of what".split()))
)
def test_questions_without_temporal_words_say_nothing(words: list[str]) -> None:
    assert read_question_time(" ".join(words), THURSDAY) == NOTHING


# Sentences: what is resolved, in an article of Thursday, 9 November 2023

RESOLVED = [
    ("Blinken met Cho in Seoul on Thursday.", "on Thursday = 9 November 2023"),
    ("Blinken met Cho in Seoul on Friday.", "on Friday = 3 November 2023"),
    ("On Monday, the talks began.", "On Monday = 6 November 2023"),
    ("Later on Thursday, Blinken is scheduled to meet Yoon.", "on Thursday = 9 November 2023"),
    ("He will meet Yoon on Friday.", "on Friday = 10 November 2023"),
    ("He is to hold talks with the minister on Monday.", "on Monday = 13 November 2023"),
    ("The vote will be held on Tuesday.", "on Tuesday = 14 November 2023"),
    ("The plan will be cut on Tuesday.", "on Tuesday = 14 November 2023"),
    ("The talks on Monday are expected to focus on arms.", "on Monday = 13 November 2023"),
    ("“We will read it on Friday,” said Halm.", "on Friday = 10 November 2023"),
    ("“I had it on Sunday,” Sir Colm said.", "on Sunday = 5 November 2023"),
    (
        "It will open on Sunday, the authority announced on Wednesday.",
        "on Sunday = 12 November 2023; on Wednesday = 8 November 2023",
    ),
    (
        "Fenn, who met Vass on Wednesday, will fly on Saturday.",
        "on Wednesday = 8 November 2023; on Saturday = 11 November 2023",
    ),
    (
        "He was in Seoul on Wednesday, and on Monday he is to be in Delhi.",
        "on Wednesday = 8 November 2023; on Monday = 13 November 2023",
    ),
    ("The vote that had been planned for Sunday will not take place.", "Sunday = 12 November 2023"),
    ("The vote that had been planned for Wednesday was called off.", "Wednesday = 8 November 2023"),
    ("Neither bank would comment on Monday.", "on Monday = 6 November 2023"),
    ("The pumps have worked since Saturday.", "Saturday = 4 November 2023"),
    ("Sunak defended the record Wednesday.", "Wednesday = 8 November 2023"),
    ("Thursday’s strike was the first.", "Thursday = 9 November 2023"),
    ("A storm hit the coast on Saturday night.", "on Saturday = 4 November 2023"),
    ("Austin is to follow this weekend.", "this weekend = 11–12 November 2023"),
    ("The fair took place this weekend.", "this weekend = 4–5 November 2023"),
    ("A storm hit the town over the weekend.", "the weekend = 4–5 November 2023"),
    ("He takes office next week.", "next week = 13–19 November 2023"),
    ("The brakes failed a test last week.", "last week = 30 October – 5 November 2023"),
    ("He resigned on Thursday of last week.", "on Thursday of last week = 2 November 2023"),
    ("A storm yesterday caused a crane to fall.", "yesterday = Wednesday, 8 November 2023"),
    ("Yesterday, a crane fell.", "Yesterday = Wednesday, 8 November 2023"),
    ("He speaks tomorrow.", "tomorrow = Friday, 10 November 2023"),
    ("Blinken met today with Yoon.", "today = Thursday, 9 November 2023"),
    ("He arrived last night.", "last night = Wednesday, 8 November 2023"),
    ("He was cleared last month.", "last month = October 2023"),
    ("It made a profit last year.", "last year = 2022"),
    ("The price went up earlier this month.", "earlier this month = 1–9 November 2023"),
    ("The bridge opens later this month.", "later this month = 9–30 November 2023"),
    ("He resigned two days ago.", "two days ago = Tuesday, 7 November 2023"),
    ("He resigned two weeks ago.", "two weeks ago = about 23–29 October 2023"),
    ("He resigned three months ago.", "three months ago = about August 2023"),
    ("He resigned five years ago.", "five years ago = about 2018"),
    ("The sun rose on Nov. 8 as usual.", "on Nov. 8 = Wednesday, 8 November 2023"),
    ("The chatbot was introduced on November 1.", "on November 1 = Wednesday, 1 November 2023"),
    ("It was opened on 3 October by the minister.", "on 3 October = Tuesday, 3 October 2023"),
    ("It came on Thursday, Nov. 2, with the tide.", "on Thursday, Nov. 2 = 2 November 2023"),
    ("Fares will cost more from Jan. 1.", "Jan. 1 = Monday, 1 January 2024"),
    ("The first hearing is set for Jan. 22.", "Jan. 22 = Monday, 22 January 2024"),
    ("The tour was announced for Nov. 2–10.", "Nov. 2–10 = 2–10 November 2023"),
    ("It runs from November 20 to December 11.", "from November 20 to December 11 = 20 November – 11 December 2023"),
    (
        "Guests paid for nights between July 1 and October 31.",
        "between July 1 and October 31 = 1 July – 31 October 2023",
    ),
    ("They met in Russia’s Far East in September.", "in September = September 2023"),
    ("The pier would be finished by March.", "March = March 2024"),
    ("He said it in March that year’s talks had failed.", "in March = March 2023"),
    ("It came down in February.", "in February = February 2023"),
    ("Trade rose from April to June.", "from April to June = 1 April – 30 June 2023"),
    ("They promised to set up a committee by January.", "January = January 2024"),
]

LEFT_ALONE = """He met Cho on Thursday, 9 November 2023.
On November 9, 2023, he met Cho.
He was born in May 1962.
It was dated 2023-11-02.
The tour ran November 2-10, 2023.
Rain fell between July 2003 and December 2004.
The market is open on Mondays.
It rains every Friday.
Shops were full on Black Friday.
He edits the Sunday Times.
He left the next day.
I went back the next Tuesday.
Planes hit the towers in the September 11 attacks.
The October 7 attacks changed the region.
He may resign and march with them.
Theresa May met Mark Marsh and June Corrie.
Critics praised plays by August Wilson.
In March 10,000 people came.
USA Today reported it.
Last summer was hot.
The council approved money for the fair on December 3.
It cost 5 per cent more than 30 years ago or more than 30 years ago.
Sunday, 9 p.m.: the race of the lanterns
Nothing happened.""".splitlines()


def as_text(found: tuple[ResolvedDate, ...]) -> str:
    return "; ".join(f"{item.text} = {item.readable}" for item in found)


@pytest.mark.parametrize(("sentence", "expected"), RESOLVED)
def test_relative_dates_are_resolved_against_the_day_of_publication(sentence: str, expected: str) -> None:
    assert as_text(resolve_dates(sentence, "2023-11-09")) == expected


@pytest.mark.parametrize("sentence", LEFT_ALONE)
def test_other_dates_and_names_are_left_alone(sentence: str) -> None:
    assert as_text(resolve_dates(sentence, "2023-11-09")) == ""


@pytest.mark.parametrize("published", ["", "last week", "2023-13-01"])
def test_an_article_without_a_date_resolves_nothing(published: str) -> None:
    assert resolve_dates("He left on Thursday.", published) == ()


@pytest.mark.parametrize(
    ("published", "sentence", "first", "last"),
    [
        ("2024-01-02", "He said on Dec. 30 that he would go.", date(2023, 12, 30), date(2023, 12, 30)),
        ("2023-12-30", "He will go on Jan. 2.", date(2024, 1, 2), date(2024, 1, 2)),
        ("2023-12-30", "The fair is on Jan. 2.", date(2024, 1, 2), date(2024, 1, 2)),
        ("2024-01-01", "He left yesterday.", date(2023, 12, 31), date(2023, 12, 31)),
        ("2024-01-01", "He left last week.", date(2023, 12, 25), date(2023, 12, 31)),
        ("2024-01-15", "He left last month.", date(2023, 12, 1), date(2023, 12, 31)),
        ("2024-03-01", "He left yesterday.", date(2024, 2, 29), date(2024, 2, 29)),
        ("2024-02-29", "He left a year ago.", date(2023, 2, 1), date(2023, 2, 28)),
        ("2023-03-01", "He left on Feb. 29.", date(2020, 2, 29), date(2020, 2, 29)),
        ("2023-11-09T23:30:00+09:00", "He left today.", date(2023, 11, 9), date(2023, 11, 9)),
        ("2023-11-08T23:30:00-10:00", "He left today.", date(2023, 11, 8), date(2023, 11, 8)),
    ],
)
def test_years_end_leap_years_and_zones(published: str, sentence: str, first: date, last: date) -> None:
    (found,) = resolve_dates(sentence, published)
    assert (found.first, found.last) == (first, last)


def test_lines_may_break_anywhere() -> None:
    sentence = "He left\non  Thursday,\u00a0Nov.\n 2, and last\nmonth."
    found = resolve_dates(sentence, "2023-11-09")
    assert [(item.text, item.first) for item in found] == [
        ("on  Thursday,\u00a0Nov.\n 2", date(2023, 11, 2)),
        ("last\nmonth", date(2023, 10, 1)),
    ]


def test_what_two_readers_may_take_for_different_days_is_left_alone() -> None:
    monday, friday = "2023-11-06", "2023-11-10"
    assert as_text(resolve_dates("He left last Wednesday.", monday)) == "last Wednesday = 1 November 2023"
    assert as_text(resolve_dates("He left last Wednesday.", friday)) == ""
    assert as_text(resolve_dates("He will go next Wednesday.", friday)) == "next Wednesday = 15 November 2023"
    assert as_text(resolve_dates("He will go next Wednesday.", monday)) == ""
    assert as_text(resolve_dates("He left last December.", monday)) == "last December = December 2022"
    assert as_text(resolve_dates("He left last May.", monday)) == ""


WORDS = st.sampled_from(
    "on On Monday Friday, will met is to last next this weekend week month year ago two a May Sept. 30 31 2 29 Feb. "
    "from between and November 2023 yesterday Tomorrow in by since of the planned had been for said “ ” , . – "
    "earlier".split()
)
SENTENCES = st.one_of(
    st.text(max_size=80),
    st.lists(WORDS, max_size=14).map(" ".join),
    st.lists(WORDS, max_size=14).map("\n  ".join),
)
DAYS = st.dates().map(date.isoformat)


@given(sentence=SENTENCES, published=st.one_of(DAYS, st.text(max_size=12)))
def test_any_sentence_can_be_read(sentence: str, published: str) -> None:
    found = resolve_dates(sentence, published)
    assert all(sentence[item.start : item.end] == item.text for item in found)
    assert all(item.first <= item.last and item.readable for item in found)
    assert all(one.end <= other.start for one, other in pairwise(found))


@given(published=st.dates(date(1900, 1, 1), date(2100, 1, 1)), name=st.sampled_from(["Monday", "Thursday", "Sunday"]))
def test_a_weekday_is_within_a_week_of_publication(published: date, name: str) -> None:
    (past,) = resolve_dates(f"He met her on {name}.", published.isoformat())
    (future,) = resolve_dates(f"He will meet her on {name}.", published.isoformat())
    assert timedelta(0) <= published - past.first < timedelta(7)
    assert timedelta(0) <= future.first - published < timedelta(7)
    assert f"{past.first:%A}" == f"{future.first:%A}" == name


# Calendar


def test_spans_of_days_are_written_with_what_they_share_once() -> None:
    assert Days(date(2023, 11, 11), date(2023, 11, 12)).readable == "11–12 November 2023"
    assert Days(date(2023, 10, 30), date(2023, 11, 5)).readable == "30 October – 5 November 2023"
    assert Days(date(2023, 12, 30), date(2024, 1, 2)).readable == "30 December 2023 – 2 January 2024"
    assert month_of(date(2024, 2, 3)).days_written_out == "1–29 February 2024"
    assert unit_at(date(2024, 2, 3), "year", -1).readable == "2023"
    with pytest.raises(ValueError, match="ends before"):
        Days(date(2023, 11, 2), date(2023, 11, 1))


def test_a_month_later_is_the_last_day_where_there_is_no_such_day() -> None:
    assert moved(date(2023, 1, 31), "months", 1) == date(2023, 2, 28)
    with pytest.raises((ValueError, OverflowError)):
        moved(date(1, 1, 1), "years", -1)


# The newest of equally relevant hits


def hit(name: str, published: str, fit: float | None) -> Evidence:
    article = ArticleInfo(name, published=published)
    return Evidence("S1", name, 0, len(name), article, name, name, fit=fit)


OLD, NEW, UNDATED, WEAK = (
    hit("old", "2023-05-01", 5.0),
    hit("new", "2023-11-09T10:00:00+09:00", 3.5),
    hit("undated", "", 4.0),
    hit("weak", "2023-11-10", 2.9),
)


def test_nearly_equal_sentences_come_newest_first_and_weaker_ones_stay_behind() -> None:
    hits = (OLD, UNDATED, NEW, WEAK)
    assert prefer_newest(hits, Ordering.NEWEST) == (NEW, OLD, UNDATED, WEAK)
    assert prefer_newest(hits, Ordering.OLDEST) == (OLD, NEW, UNDATED, WEAK)
    assert prefer_newest(hits, Ordering.NONE) == hits
    assert prefer_newest((), Ordering.NEWEST) == ()


def test_later_reports_lead_where_earlier_ones_fit_hardly_better() -> None:
    named = [replace(one, label=one.article.id) for one in (OLD, UNDATED, NEW, WEAK)]
    fits = {one.label: fit for one, fit in zip(named, (5.0, 4.9, 4.8, 3.4), strict=True)}
    leaned = lean_to_newest(fits, named)
    assert leaned == {**fits, "new": pytest.approx(4.8 + LEAN)}  # the weak one, though newer, is too far behind
    assert leaned["new"] > leaned["old"]
    undated = [one for one in named if one.label == "undated"]
    assert lean_to_newest({"undated": 1.0}, undated) == {"undated": 1.0}
    assert lean_to_newest({}, ()) == {}


def test_without_a_reranker_sentences_keep_their_order() -> None:
    hits = (hit("old", "2023-05-01", None), hit("new", "2023-11-09", None))
    assert prefer_newest(hits, Ordering.NEWEST) == hits


@given(st.lists(st.tuples(st.dates().map(date.isoformat), st.floats(-11, 11)), max_size=9), st.sampled_from(Ordering))
def test_no_sentence_is_lost(found: list[tuple[str, float]], ordering: Ordering) -> None:
    hits = [hit(str(number), *parts) for number, parts in enumerate(found)]
    assert sorted(prefer_newest(hits, ordering), key=id) == sorted(hits, key=id)
