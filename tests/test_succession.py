"""When a later article takes the place of an earlier one, and when it is only another opinion."""

from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from assistant.answer import Evidence
from assistant.succession import asks_for_history, superseded
from tests.evidence import said

MORNING, EVENING, NEXT_DAY = "2024-03-04T08:00:00+00:00", "2024-03-04T20:00:00+00:00", "2024-03-05T08:00:00+00:00"

REPLACED = {
    "planned, then done": ("Anna Lund is scheduled to meet Governor Vass.", "Anna Lund met Governor Vass."),
    "due, then done": ("Anna Lund is due to meet Governor Vass on Monday.", "Anna Lund met Governor Vass at her farm."),
    "a planned meeting": (
        "A meeting of Anna Lund and Governor Vass is planned.",
        "Anna Lund met Governor Vass on Monday.",
    ),
    "will open": ("The Riverton hospital will open on May 3.", "The Riverton hospital opened on Monday."),
    "called off": (
        "The Riverton concert is planned for Monday.",
        "The Riverton concert was cancelled because of rain.",
    ),
    "sworn in": ("Piet Lomax is to be sworn in on November 6.", "Piet Lomax was sworn in as mayor."),
    "risen to": ("The Riverton fire killed 5 people.", "The death toll of the Riverton fire has risen to 8."),
    "at least, then more": (
        "At least 5 people died in the Riverton fire.",
        "The toll of the Riverton fire rose to 8 deaths.",
    ),
    "now": ("The Riverton fire killed 5 people.", "The Riverton fire is now known to have killed 8 people."),
    "corrected down": (
        "The Riverton fire killed 8 people.",
        "Corrected figures say that the Riverton fire killed 5 people.",
    ),
    "more than announced": (
        "The Riverton bridge will cost 184 million crowns.",
        "The Riverton bridge will cost 213 million crowns, 29 million more than it had announced.",
    ),
    "not at 19": (
        "The ferry Sea Lark was travelling at 19 knots.",
        "The ferry Sea Lark was travelling at 9 knots, not at 19.",
    ),
    "by the same speaker": (
        "The Riverton fire killed 5 people, the emergency service said.",
        "The Riverton fire killed 8 people, the emergency service said.",
    ),
    "a name with an ordinal, and a year elsewhere": (
        "The Second Crossing will cost 213 million crowns, and will not open before October 2026.",
        "The Second Crossing will cost 247.5 million crowns, 34.5 million more than it had announced.",
    ),
    "in other words": (
        "The service said that about 2,300 people had been brought to safety from the Riverton flood.",
        "In the Riverton flood 2,650 people had to leave their homes, 350 more than was first reported.",
    ),
    "put off": (
        "The Riverton bridge is planned to open in April 2026.",
        "The opening of the Riverton bridge, now planned for May 2027, is late.",
    ),
}


@pytest.mark.parametrize(("old", "new"), REPLACED.values(), ids=REPLACED)
def test_the_later_report_takes_the_place(old: str, new: str) -> None:
    evidence = (
        said("S1", old, article="a", published="2024-03-04"),
        said("S2", new, article="b", published="2024-03-09"),
    )
    assert superseded(evidence) == {"S1": "S2"}


@pytest.mark.parametrize(("old", "new"), REPLACED.values(), ids=REPLACED)
def test_the_earlier_report_takes_no_place(old: str, new: str) -> None:
    evidence = (
        said("S1", old, article="a", published="2024-03-09"),
        said("S2", new, article="b", published="2024-03-04"),
    )
    assert "S1" not in superseded(evidence)


@pytest.mark.parametrize(("old", "new"), REPLACED.values(), ids=REPLACED)
def test_nothing_gives_way_without_dates(old: str, new: str) -> None:
    assert superseded((said("S1", old, article="a", published=""), said("S2", new, article="b", published=""))) == {}


KEPT = {
    "two opinions": ("The Riverton fire killed 5 people.", "The Riverton fire killed 8 people."),
    "the same figure": ("The Riverton fire killed 5 people.", "The toll of the Riverton fire is now five deaths."),
    "killed and injured": (
        "The Riverton fire killed 5 people.",
        "The number of injured in the Riverton fire rose to 8.",
    ),
    "risen to less": ("The Riverton fire killed 8 people.", "The death toll of the Riverton fire has risen to 5."),
    "another place": ("The fire in Riverton killed 5 people.", "The toll of the fire in Oldham has risen to 8 deaths."),
    "another plan": ("Anna Lund is scheduled to meet Governor Vass.", "Anna Lund met Mayor Fenn."),
    "still planned": ("Anna Lund is scheduled to meet Governor Vass.", "Anna Lund will meet Governor Vass tomorrow."),
    "alleged": ("Anna Lund is scheduled to meet Governor Vass.", "Anna Lund allegedly met Governor Vass."),
    "a condition": ("If Anna Lund wins, she will meet Governor Vass.", "Anna Lund met Governor Vass."),
    "a level that fell": (
        "The river at Upper Haddon stood at 6.8 metres.",
        "The river at Upper Haddon had fallen to 4.9 metres.",
    ),
    "quite another price": (
        "The Riverton bridge cost 400 crowns.",
        "The price of the Riverton bridge rose to 247 million crowns.",
    ),
    "some of those": (
        "The Riverton fire injured 21 people, the service said.",
        "Three of his patients were injured in the Riverton fire, the service said.",
    ),
    "two facts": ("Anna Lund met Governor Vass.", "Anna Lund met Governor Vass again."),
}


@pytest.mark.parametrize(("old", "new"), KEPT.values(), ids=KEPT)
def test_the_earlier_report_stands(old: str, new: str) -> None:
    evidence = (
        said("S1", old, article="a", published="2024-03-04"),
        said("S2", new, article="b", published="2024-03-09"),
    )
    assert superseded(evidence) == {}


def test_the_same_paper_updates_its_figures() -> None:
    one = said("S1", "The Riverton fire killed 5 people.", article="a", published=MORNING, source="Courier")
    two = said("S2", "The Riverton fire killed 8 people.", article="b", published=EVENING, source="Courier")
    assert superseded((one, two)) == {"S1": "S2"}


def test_a_bare_date_and_a_time_of_that_day_are_not_ordered() -> None:
    one = said("S1", "The Riverton fire killed 5 people.", article="a", published="2024-03-04", source="Courier")
    two = said("S2", "The Riverton fire killed 8 people.", article="b", published=EVENING, source="Courier")
    assert superseded((one, two)) == {}


def test_the_text_around_looks_back_on_the_old_figure() -> None:
    one = said("S1", "The Riverton fire injured 21 people.", article="a")
    around = "Twenty-four were injured in the Riverton fire. This ends a dispute, for police had counted 21 injured."
    two = said("S2", "Twenty-four were injured in the Riverton fire.", article="b", published=NEXT_DAY, context=around)
    assert superseded((one, two)) == {"S1": "S2"}


def test_an_edited_copy_is_an_update() -> None:
    text = "The fire in the old harbour of Riverton killed {} people, who had gathered in the hall for a concert."
    one = said("S1", text.format(5), article="a", published=MORNING)
    two = said("S2", text.format(8), article="b", published=EVENING)
    assert superseded((one, two)) == {"S1": "S2"}


def test_the_newest_takes_the_place_of_all() -> None:
    counts = ((5, "2024-03-04"), (8, "2024-03-05"), (9, "2024-03-06"))
    evidence = [
        said(f"S{n}", f"The toll of the Riverton fire rose to {count} deaths.", article=f"a{n}", published=day)
        for n, (count, day) in enumerate(counts, 1)
    ]
    assert superseded(evidence) == {"S1": "S3", "S2": "S3"}


SENTENCES = sorted({text for pair in (*REPLACED.values(), *KEPT.values()) for text in pair})
reports = st.lists(
    st.tuples(
        st.sampled_from(SENTENCES), st.sampled_from(("", "2024-03-04", MORNING, EVENING, NEXT_DAY, "2024-04-01"))
    ),
    max_size=7,
).map(
    lambda pairs: [
        said(f"S{n}", text, article=f"a{n}", published=day, source=f"Paper {n % 2}")
        for n, (text, day) in enumerate(pairs, 1)
    ]
)


@given(reports)
@settings(max_examples=60, deadline=None)
def test_no_statement_takes_its_own_place_even_by_detours(evidence: list[Evidence]) -> None:
    successor = superseded(evidence)
    for label in successor:
        seen = {label}
        while label in successor:
            label = successor[label]  # noqa: PLW2901
            assert label not in seen
            seen.add(label)


@given(reports, st.randoms(use_true_random=False))
@settings(max_examples=60, deadline=None)
def test_the_order_of_the_evidence_does_not_matter(evidence: list[Evidence], random: Random) -> None:
    shuffled = list(evidence)
    random.shuffle(shuffled)
    assert superseded(shuffled) == superseded(evidence)


@pytest.mark.parametrize(
    "question",
    [
        "What was the price originally?",
        "How many dead were counted at first?",
        "Whom was Blinken scheduled to meet?",
        "When was the hospital due to open?",
        "How much was the bridge to cost in May?",
        "How did the number of dead change?",
        "How do the two tolls differ?",
        "How many people had died as of August 27?",
        "How many people were known to be dead by August 29?",
        "What did the union first demand?",
        "What did the first reports say?",
        "Which prices has it had from May to October?",
        "What was the previous price?",
    ],
)
def test_questions_for_the_past_state(question: str) -> None:
    assert asks_for_history(question)


@pytest.mark.parametrize(
    "question",
    [
        "How many people died in the flood?",
        "Who did Blinken meet?",
        "Whom is Blinken scheduled to meet?",
        "How many dockers took part in the strike on its first day?",
        "Who won the first round?",
        "When is the bridge to open?",
        "Who scored in the derby between Athletic and Rovers?",
        "Did the fireworks take place on Saturday?",
        "What was the score of the derby on October 1?",
        "How fast was the ferry going?",
    ],
)
def test_questions_for_the_present_state(question: str) -> None:
    assert not asks_for_history(question)
