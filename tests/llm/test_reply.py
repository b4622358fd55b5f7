"""Reading replies: laws that hold for every object and every place where it is cut."""

import json
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from assistant.llm.reply_json import after_thinking, complete_items, complete_object, partial_object

TEXTS = st.text(alphabet='ab"\\{}[], \n\u00e9\U0001f600', max_size=12)
ITEMS = st.fixed_dictionaries({"labels": st.lists(TEXTS, max_size=3), "text": TEXTS})
OBJECTS = st.builds(lambda note, claims: {"note": note, "claims": claims}, TEXTS, st.lists(ITEMS, max_size=4))
PROSE = st.text(alphabet="ab \n`:.", max_size=20)


@given(OBJECTS, PROSE, PROSE, st.booleans())
def test_an_object_is_found_among_prose(data: dict[str, Any], before: str, after: str, ascii_only: bool) -> None:
    text = f"{before}{json.dumps(data, ensure_ascii=ascii_only)}{after}"
    assert complete_object(text) == data
    assert partial_object(text) == data


@given(OBJECTS, TEXTS.filter(lambda text: "<" not in text))
def test_thoughts_are_passed_over(data: dict[str, Any], thought: str) -> None:
    for text in (f"<think>{thought}</think>{json.dumps(data)}", f"  <think>{thought}</think>\n{json.dumps(data)}"):
        assert complete_object(text) == data
        assert partial_object(text) == data
    assert after_thinking(f"<think>{thought}") == ""


@given(OBJECTS, st.data())
def test_a_cut_object_keeps_exactly_its_finished_items(data: dict[str, Any], draw: st.DataObject) -> None:
    text = json.dumps(data)
    cut = draw.draw(st.integers(0, len(text) - 1), label="cut")
    # An item is finished when its own closing brace has arrived.
    ends = [
        len(json.dumps({**data, "claims": data["claims"][: count + 1]})) - 2 for count in range(len(data["claims"]))
    ]
    finished = sum(end <= cut for end in ends)
    expected = {"note": data["note"], "claims": data["claims"][:finished]} if finished else None
    assert complete_items(text[:cut]) == expected


@given(OBJECTS, st.data())
def test_what_has_arrived_is_a_beginning_of_the_whole(data: dict[str, Any], draw: st.DataObject) -> None:
    text = json.dumps(data, ensure_ascii=False)
    partial = partial_object(text[: draw.draw(st.integers(0, len(text)), label="cut")])
    assert data["note"].startswith(partial.get("note", ""))
    for shown, whole in zip(partial.get("claims", []), data["claims"], strict=False):
        assert whole["text"].startswith(shown.get("text", ""))


@given(st.text())
def test_no_text_breaks_the_reader(text: str) -> None:
    assert isinstance(partial_object(text), dict)
    assert complete_items(text) is None or isinstance(complete_items(text), dict)
