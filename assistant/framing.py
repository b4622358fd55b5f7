"""Texts of articles and readers as a language model may see them: data that cannot leave its place in the prompt."""

import re

# Chat templates mark the ends of messages with texts such as <|im_end|>, </s>, <end_of_turn> and [/INST]. Servers
# tokenise them as control tokens wherever they stand, in the text of a message too.
_TAG = re.compile(r"<(?=[|/\w｜])")
_INSTRUCTION = re.compile(r"\[(?=\s*/?\s*(?:INST|SYSTEM_PROMPT|AVAILABLE_TOOLS|TOOL_)\w*)", re.IGNORECASE)
_LABEL = re.compile(r"\[(?=\s*S\d+\s*\])")


def as_data(text: str) -> str:
    """The text on one line, without anything that reads like one of our labels or like a control token.

    The opening sign is replaced by one that looks like it: ``‹|im_end|>``, ``(S1]``.
    """
    line = " ".join(text.split())
    return _LABEL.sub("(", _INSTRUCTION.sub("(", _TAG.sub("‹", line)))
