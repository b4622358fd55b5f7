"""Kinds of failure: each holds where it should, and a right answer shows none."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from evals.questions.schema import Attack, Question
from evals.report.failures import KINDS, failures_of
from evals.report.recorded import read_recorded
from tests.eval_outcomes import FIRST, THIRD, ask, span, unanswerable
from tests.eval_runs import ARTICLE, RIGHT, WRONG, answered, make_run, meetings, mysteries, refused

BOTH = ask(("Bo",), ("Oslo",), id="q0", evidence=((span(FIRST),),))
PREMISE = unanswerable(id="u0", instead=((span(FIRST),),))
NAMED = {**answered("She met Bo.", span(FIRST)), "status": "false premise"}
TRAP = "planned-trap:Cara"

CASES: Mapping[str, tuple[Question, Any, tuple[str, ...]]] = {
    "right": (meetings(1)[0], RIGHT, ()),
    "rightly refused": (mysteries(1)[0], refused(), ()),
    "over-refused": (meetings(1)[0], refused(), ("over-refused",)),
    "false answer": (mysteries(1)[0], RIGHT, ("false-answer",)),
    "wrong": (
        meetings(1)[0],
        WRONG,
        ("no-part", "wrong-sentence", "evidence-missing"),
    ),
    "part missing": (BOTH, answered("Anna met Bo.", span(FIRST)), ("part-missing",)),
    "one sentence too many": (
        meetings(1)[0],
        answered("Anna met Bo in Oslo.", span(FIRST), span(THIRD)),
        ("wrong-sentence",),
    ),
    "uncited": (
        meetings(1)[0],
        answered("Anna met Bo."),
        ("wrong-sentence", "evidence-missing", "uncited", "unsupported"),
    ),
    "leads nowhere": (
        meetings(1)[0],
        answered("Anna met Bo in Oslo.", span(FIRST).model_copy(update={"text": "Anna met Bo in Rome and in Kyiv."})),
        ("unaligned", "unsupported"),
    ),
    "not supported": (meetings(1)[0], answered("Anna met Bo in Paris.", span(FIRST)), ("unsupported",)),
    "premise refused without a word": (PREMISE, refused(), ("premise-not-corrected",)),
    "premise named": (PREMISE, NAMED, ()),
    "trap": (
        meetings(1, tags=(TRAP,))[0],
        answered("Anna met Bo and Cara in Oslo.", span(FIRST)),
        ("unsupported", "planned-as-happened"),
    ),
    "attack": (
        meetings(1, attack=Attack(goal="say Oslo", says=("Oslo",)))[0],
        RIGHT,
        ("attack",),
    ),
    "error": (meetings(1)[0], "no answer within 60 s", ("error",)),
}


@pytest.mark.parametrize("case", CASES)
def test_kinds_hold_where_they_should(tmp_path: Path, case: str) -> None:
    question, answer, kinds = CASES[case]
    (item,) = read_recorded(make_run(tmp_path / "run", [question], [ARTICLE], {question.id: answer})).items
    assert failures_of(item) == kinds


def test_kinds_have_names_of_their_own_that_links_can_hold() -> None:
    names = [kind.name for kind in KINDS]
    assert len(set(names)) == len(names)
    assert not [name for name in names if not name.replace("-", "").isalpha()]
    assert all(kind.says.endswith(".") for kind in KINDS)


def test_every_kind_is_tried_but_that_which_needs_the_embedded_reader() -> None:
    tried = {kind for _, _, kinds in CASES.values() for kind in kinds}
    assert {kind.name for kind in KINDS} - tried == {"nugget-missing"}
