"""Lists in articles: reads each item together with the line that introduces the list.

"• Piet Lomax, 52, a former tram driver" is an answer to "who are the candidates?" because "The candidates are:" stands
above the list. Items are read behind that line; their citation stays the item.
"""

import re
from collections.abc import Sequence

from assistant.answer import Evidence
from index.articles import Sentence

BULLET = re.compile(r"^\s*(?:[•‣◦▪●–—*-]|\(?\d{1,2}[.)])\s+")
INTRODUCTION_END = re.compile(r":[\"'”’)\]]*\s*$")
LONGEST_LIST = 12  # sentences; beyond, the line above is too far away to be meant


def introduction(sentence: Sentence, chunk: Sequence[Sentence]) -> str:
    """The line that introduces the list in which a bulleted sentence stands; empty when there is none.

    Args:
        chunk: the sentences of its chunk, in order.
    """
    if not BULLET.match(sentence.text):
        return ""
    before = [other for other in chunk if other.number < sentence.number][-LONGEST_LIST:]
    for other in reversed(before):
        if INTRODUCTION_END.search(other.text):
            return other.text.strip()
    return ""


def in_its_list(item: str, line: str) -> str:
    """An item behind its line: ``The candidates are: Piet Lomax, 52, a former tram driver``."""
    return f"{INTRODUCTION_END.sub('', line)}: {BULLET.sub('', item, count=1)}"


def with_whole_lists(answers: Sequence[Evidence], evidence: Sequence[Evidence]) -> list[Evidence]:
    """The answers, an item of a list together with all its items, and a line that introduces a list giving way to them.

    Args:
        evidence: where the other items are looked for.
    """
    lists: dict[tuple[str, str], list[Evidence]] = {}
    for item in sorted(evidence, key=lambda item: item.start):
        if line := _line(item):
            lists.setdefault((item.article.id, line), []).append(item)
    told: dict[str, Evidence] = {}
    for answer in answers:
        line = _line(answer) or INTRODUCTION_END.sub("", answer.sentence.strip())
        told.update((item.label, item) for item in lists.get((answer.article.id, line), [answer]))
    return list(told.values())


def _line(item: Evidence) -> str:
    """The line above the list that an item is read behind; empty for other sentences."""
    if not BULLET.match(item.sentence):
        return ""
    line, _, _ = item.reading.partition(": ")
    return "" if item.reading == item.sentence else line
