"""Tells whether a peer's reply is a refusal: peers write that in words, as their prompts ask them to."""

import re

_SOURCES = r"(?:sources?|articles?|context|snippets?|texts?|documents?|passages?|information)"
_NOT = r"\b(?:do|does|did|is|are|was|were|has|have)(?: not|n['’]t)\b"
_SAY = (
    r"\b(?:say|state|mention|provide|contain|include|specify|give|answer|indicate|tell|discuss|address|report"
    r"|mentioned|provided|stated|given|specified|available|included|helpful|relevant|enough|any)\b"
)
# What a reply says that tells no answer, as a pattern over its first sentence in small letters. The first is what
# LangChain's prompts ask for: "just say you don't know" (how-to "add citations"), "If you don't know the answer, just
# say that you don't know" (its tutorials). "Empty Response" is LlamaIndex's ``BaseSynthesizer`` without a source. Its
# ``CITATION_QA_TEMPLATE`` asks, "If none of the sources are helpful, you should indicate that": the other patterns are
# ways in which models indicate it, each telling of the sources or the answer as a whole.
REFUSALS = {
    "I don't know": r"\bi (?:do not|don['’]t|cannot|can['’]t|am (?:not able|unable) to) (?:know|answer|find|tell)\b"
    r"|^(?:unknown|not known|n/?a|none|no answer)\W*$",
    "Empty Response": r"^empty response\W*$",
    "none of the sources": rf"\b(?:none|neither) of the (?:\w+ ){{0,2}}{_SOURCES}",
    "the sources do not say": rf"\b{_SOURCES}\b.{{0,60}}?{_NOT}.{{0,30}}?{_SAY}",
    "no information": r"^(?:there is |there['’]s )?no (?:\w+ ){0,3}(?:information|mention|evidence|answer|details?)\b",
    "not mentioned": rf"{_NOT} (?:\w+ )?{_SAY}(?:\W*$|.{{0,40}}?\b(?:in|by|from) (?:\w+ ){{1,3}}{_SOURCES})",
    "cannot be told": r"\b(?:cannot|can['’]t|can not|could not) be (?:determined|answered|found)\b"
    r"|\b(?:unable|impossible) to (?:determine|answer|find|provide)\b",
}
EMPTY = "empty"
_PATTERNS = {name: re.compile(pattern) for name, pattern in REFUSALS.items()}


def refusal_in(first_sentence: str) -> str:
    """Which of ``REFUSALS`` the first sentence of a reply is, or ``EMPTY`` for none at all; empty for an answer."""
    text = " ".join(first_sentence.lower().split())
    if not any(character.isalnum() for character in text):
        return EMPTY
    return next((name for name, pattern in _PATTERNS.items() if pattern.search(text)), "")
