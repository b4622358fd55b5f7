"""Which figures contradict each other: exact ones, of one thing, in separate reports of one day."""

from dataclasses import replace

import pytest

from assistant.answer import Evidence
from assistant.selection.disagreement import find_disagreements
from tests.made_evidence import said

DAY, LATER = "2023-05-02", "2023-05-04T09:00"


def told(label: str, sentence: str, words: str, day: str = DAY) -> Evidence:
    """A sentence of an article of its own whose ``words`` answer."""
    start = sentence.index(words)
    return replace(said(label, sentence, article=label, published=day), words=(start, start + len(words)))


FIRST = told("S1", "Fourteen people died in the mill, the mayor of Riverton said on Tuesday.", "Fourteen people")


@pytest.mark.parametrize(
    ("other", "sides"),
    [
        (told("S2", "The police counted 17 dead.", "17"), [("Fourteen people", ("S1",)), ("17", ("S2",))]),
        (
            told("S2", "There were twenty-one dead.", "twenty-one"),
            [("Fourteen people", ("S1",)), ("twenty-one", ("S2",))],
        ),
        (told("S2", "The police counted 14 dead.", "14"), []),
        (told("S2", "At least 17 are dead.", "17"), []),
        (told("S2", "About 17 are dead.", "17"), []),
        (told("S2", "It burned for 17 hours.", "17 hours"), []),
        (told("S2", "The police counted 17 dead.", "17", LATER), []),
        (told("S2", "Between 15 and 17 are dead.", "15 and 17"), []),
        (replace(told("S2", "The police counted 17 dead.", "17"), words=None), []),
    ],
)
def test_exact_figures_of_one_thing_and_day_differ(other: Evidence, sides: list[tuple[str, tuple[str, ...]]]) -> None:
    found = [[(side.value, side.labels) for side in one.sides] for one in find_disagreements([FIRST, other])]
    assert found == ([sides] if sides else [])


def test_sentences_of_one_article_explain_each_other() -> None:
    other = told("S2", "The police counted 17 dead.", "17")
    assert find_disagreements([FIRST, replace(other, article=FIRST.article)]) == ()


def test_those_who_say_the_same_stand_on_one_side() -> None:
    others = [told("S2", "The police counted 17 dead.", "17"), told("S3", "By noon, 14 dead were found.", "14")]
    (found,) = find_disagreements([FIRST, *others])
    assert [side.labels for side in found.sides] == [("S1", "S3"), ("S2",)]
    assert found.labels == ("S1", "S3", "S2")
