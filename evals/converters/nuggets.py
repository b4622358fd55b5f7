"""Nuggets for questions that are there already, as TREC publishes them.

As AutoNuggetizer writes them (Pradeep et al., "Initial Nugget Evaluation Results for the TREC 2024 RAG Track with the
AutoNuggetizer Framework", 2024), a question a line:

    {"qid": "reef", "query": "…", "nuggets": [{"text": "The reef lies 412 m deep.", "importance": "vital"}]}

Or as the question answering track wrote them (Voorhees, "Overview of the TREC 2003 Question Answering Track"), a
nugget a line, with tabs between question, number, ``vital`` or ``okay``, and text.
"""

from collections.abc import Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import Any

from evals.converters.source import Item, Note, Options, by_record, json_object, need, text_lines
from evals.questions.files import read_questions
from evals.questions.schema import Nugget
from index.errors import InputError, UsageError

VITAL = {"vital": True, "okay": False}
Nuggets = dict[str, dict[str, bool]]  # question → text → whether it is vital


def convert_nuggets(path: Path, options: Options) -> Iterator[Item]:
    """The questions of ``options.questions``, with these nuggets beside those that they have."""
    if options.questions is None:
        raise UsageError("nuggets belong to questions", "name the file that has these: --questions FILE")
    questions = read_questions(options.questions).questions
    found: Nuggets = {question.id: {} for question in questions if question.answerable}
    yield from by_record(_records(path), partial(_collect, found))
    for question in questions:
        every = {nugget.text: nugget.vital for nugget in question.nuggets} | found.get(question.id, {})
        nuggets = tuple(Nugget(text=text, vital=vital) for text, vital in every.items())
        yield question.model_copy(update={"nuggets": nuggets})


def _collect(found: Nuggets, place: str, record: Mapping[str, Any]) -> Iterator[Item]:
    name = str(need(record, "qid", place))
    if name not in found:
        yield Note(place, "no answerable question has this id; its nuggets are left out")
        return
    for nugget in need(record, "nuggets", place):
        importance = str(need(nugget, "importance", place))
        if importance not in VITAL:
            raise InputError(f"{place}: importance {importance!r}", "write vital or okay")
        text = Nugget(text=need(nugget, "text", place).strip()).text
        found[name][text] = VITAL[importance]


def _records(path: Path) -> Iterator[tuple[str, dict[str, Any]]]:
    """Records as AutoNuggetizer writes them, of either form."""
    for place, line in text_lines(path):
        if line.lstrip().startswith("{"):
            yield place, json_object(line, place)
            continue
        cells = line.split("\t", 3)
        if len(cells) < 4:
            problem = f"{place}: not question, number, vital or okay, and text, with tabs between"
            raise InputError(problem, "see the forms in evals/converters/nuggets.py")
        yield place, {"qid": cells[0], "nuggets": [{"importance": cells[2], "text": cells[3]}]}
