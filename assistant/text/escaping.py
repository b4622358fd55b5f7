"""Escapes texts of articles and readers for prompts, so that a model reads them as data."""

import re

from assistant.text.lookalikes import folded, seen

# Chat templates mark the ends of messages with texts such as <|im_end|>, </s>, <end_of_turn>, <start_header_id|> and
# <｜Assistant｜>. Servers tokenise them as control tokens wherever they stand, in the text of a message too. All of
# ChatML (Qwen), Llama 3 and 4, Gemma, Phi, DeepSeek, Command-R and Harmony (gpt-oss) begin with this sign.
_TAG = re.compile(r"(?<!<)<++(?=[|/\w!?])")
# Llama 2 and Mistral (mistral-common, SpecialTokens) put theirs into brackets, and so does GLM ([gMASK]).
_BRACKET_TOKEN = re.compile(
    r"\[(?=\s*+(?:/\s*+)?(?:INST|SYSTEM_PROMPT|AVAILABLE_TOOLS|TOOL_|IMG|PREFIX|MIDDLE|SUFFIX|ARGS|CALL_ID|THINK|AUDIO"
    r"|BEGIN_AUDIO|TRANSCRIBE|MODEL_SETTINGS|REFERENCE_DOC|g?MASK|CLS|SEP|PAD|BOS|EOS|UNK)\w*\s*\])",
    re.IGNORECASE,
)
# [S1] begins a line of our evidence, and "S1": a claim of the reply.
_LABEL = re.compile(r"\[(?=\s*+S\s*+\d)", re.IGNORECASE)
_LABEL_COLON = re.compile(r"(?<!\w)S\s?\d++\s*+(?:[\"']\s*+)?(?P<opening>:)", re.IGNORECASE)

_SUBSTITUTES = ((_TAG, "‹"), (_BRACKET_TOKEN, "("), (_LABEL, "("), (_LABEL_COLON, ";"))


def as_data(text: str) -> str:
    """The text on one line, without anything that reads like one of our labels or like a control token.

    What cannot be seen is taken out. The sign that makes a token or a label of it is replaced by one that looks like
    it: ``‹|im_end|>``, ``(S1]``, ``S1;``. Full-width, accented and other look-alike forms count as the plain ones.
    """
    line = seen(text)
    plain = folded(line)
    signs = list(line)
    # As it stands, too: a mark that folding takes away may part a label from the word before it.
    for text_read, at in ((plain.text, plain.at), (line, range(len(line)))):
        for pattern, substitute in _SUBSTITUTES:
            for match in pattern.finditer(text_read):
                for place in range(*match.span("opening" if pattern is _LABEL_COLON else 0)):
                    signs[at[place]] = substitute
    return "".join(signs)
