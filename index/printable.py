"""Makes texts safe for terminals, which would obey some of their characters instead of showing them."""

import json
import re

# Line breaks and tabs are shown; the other control characters are obeyed, 0x80 to 0x9F as ESC and a letter.
_BLANKED = (range(0x09), range(0x0B, 0x20), range(0x7F, 0xA0), range(0x2028, 0x202A))
# They turn the reading direction, so that what is read is not what stands there.
_TURNING = (range(0x061C, 0x061D), range(0x200E, 0x2010), range(0x202A, 0x202F), range(0x2066, 0x206A))
_LONE = (range(0xD800, 0xE000),)  # halves of a surrogate pair, as file names have them that are no text: not encodable
_SHOWN_AS = {" ": _BLANKED, "": _TURNING, "\ufffd": _LONE}
UNSHOWN = {code: shown for shown, ranges in _SHOWN_AS.items() for codes in ranges for code in codes}
_RANGES = tuple(codes for ranges in _SHOWN_AS.values() for codes in ranges)
_UNSHOWN_IN_JSON = re.compile(f"[{''.join(f'{chr(codes[0])}-{chr(codes[-1])}' for codes in _RANGES)}]")


def printable(text: str) -> str:
    """A text as a terminal may have it: without what it would obey instead of showing."""
    return text.translate(UNSHOWN)


def json_text(value: object, indent: int | None = None, *, ascii_only: bool = False) -> str:
    r"""JSON in which ``\u001b`` stands for what a terminal would obey; others stay unless only ASCII is wanted."""
    text = json.dumps(value, ensure_ascii=ascii_only, indent=indent)
    # Unescaped ones stand within strings only. json has escaped line breaks and tabs there.
    return _UNSHOWN_IN_JSON.sub(lambda found: f"\\u{ord(found.group()):04x}", text)
