"""What to do about an error of ``index``, in the words of the command line.

``index`` is a library: its remedies name its own methods, parameters and settings. A person in a terminal runs commands
and sets variables instead.
"""

import re

COMMANDS = {
    "Library.add()": "assistant index add PATH…",
    "Library(FOLDER).add()": "assistant index add PATH… --index FOLDER",
    "Library.list()": "assistant index list",
    "Library.rebuild()": "assistant index rebuild",
    "Library.reshard()": "assistant index reshard N",
    "Weights.ensure()": "assistant models pull",
    "Weights.ensure(mend=True)": "assistant models pull",
    "Reading.fields": "--field",
    "Reading.private": "--allow-private",
    "Patterns.include": "--include",
    "Patterns.follow_links": "--follow-links",
    "another index folder": "another --index folder",
    "fewer jobs": "fewer --jobs",
}
SETTINGS = (
    *("models_dir", "prefetched_models", "timeout_seconds", "chroma_url", "chroma_token"),
    *("embeddings_base_url", "embeddings_model", "embeddings_api_key"),
)
WORDS = {**COMMANDS, **{name: f"ASSISTANT_{name.upper()}" for name in SETTINGS}}
_KNOWN = re.compile(rf"(?<!\w)(?:{'|'.join(map(re.escape, WORDS))})(?!\w)")


def in_commands(remedy: str) -> str:
    """A remedy with commands, options and variables where ``index`` names methods, parameters and settings."""
    return _KNOWN.sub(lambda found: WORDS[found[0]], remedy)
