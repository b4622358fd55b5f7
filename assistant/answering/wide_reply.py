"""Reads parts of the reply of a model that was given whole passages."""

import re
from collections.abc import Mapping, Sequence
from typing import Any

from assistant.answer import Evidence
from assistant.text.claim_check import NAME_RUN, names, numbers, word_stems

LABEL = re.compile(r"S\d+", re.IGNORECASE)


def labels_of(given: Any) -> list[str]:
    """Labels as ``["S1", "[S2]"]`` or as ``"S1, S2"``, each once."""
    texts = given if isinstance(given, list) else [given]
    return list(dict.fromkeys(label.upper() for text in texts for label in LABEL.findall(str(text))))


def text_around(claim: str, cited: Sequence[Evidence], read: Sequence[Evidence], question: str) -> str:
    """What was read of the cited articles; of others, names asked for and longer ones: Ingrid Vass for Vass."""
    articles = {item.article.id for item in cited}
    near = " ".join(item.sentence for item in read if item.article.id in articles)
    everywhere = " ".join(item.sentence for item in read)
    near_stems, all_stems = word_stems(near), word_stems(everywhere)
    asked = (name for name in names(question) if word_stems(name) <= all_stems)
    runs = (re.sub("['’]s?$", "", run) for run in NAME_RUN.findall(claim))
    longer = (run for run in runs if run in everywhere and word_stems(run.split()[-1]) <= near_stems)
    return " ".join((near, *asked, *longer))


def missing_part(reply: Mapping[str, Any], question: str) -> str:
    """The model's words for what is not said; empty when they bring in what nobody has asked."""
    text = " ".join(str(reply.get("missing", "")).split()).rstrip(".")
    asked = word_stems(question)
    known = all(word_stems(name) <= asked for name in names(f"it {text}"))
    return text if known and numbers(text) <= numbers(question) else ""
