"""Bytes to text, whatever their encoding, and text to the one form that articles are kept in."""

import codecs
import os
import re

from index.errors import InputError

_NEWLINE = re.compile(r"\r\n?|\x85")
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")
_SURROGATE = re.compile(r"[\ud800-\udfff]")
# Encodings of scripts that an English text is not mistaken for, from the Encoding Standard's legacy encodings. All
# Western ones are read as the first, which is what browsers do: on short texts no guess tells them apart.
WESTERN = "cp1252"
FOREIGN = tuple("big5 cp1251 cp1253 cp1255 cp1256 cp874 cp932 cp949 euc_jp gb18030 koi8_r".split())
STRAY_NULS = 8  # of a text, however short it is
GUESSED_BYTES = 65_536  # what the guess looks at; more only takes longer
# Longer marks first: that of UTF-32 starts like that of UTF-16.
_MARKS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)


def clean(text: str) -> str:
    """One kind of line end, no control characters or byte order marks, and no half of a surrogate pair."""
    text = _CONTROL.sub(" ", _NEWLINE.sub("\n", text.replace("\ufeff", "")))
    return _SURROGATE.sub("\ufffd", text)


def mended(text: str) -> str:
    """A text that came as bytes of another encoding than was expected, such as an argument: read in the likeliest one.

    What stands for no letter at all, half of a surrogate pair, becomes the replacement character.
    """
    if not _SURROGATE.search(text):
        return text
    try:
        data = text.encode("utf-8", "surrogateescape")
    except UnicodeEncodeError:
        return _SURROGATE.sub("\ufffd", text)
    return data.decode(guess(data), "replace")


def storable(path: str) -> str:
    """A path as text: bytes of it that are none are written as a backslash, ``x`` and two digits, as in Python."""
    return path.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")


def stored_path(path: str) -> str:
    """The path that ``storable`` wrote."""
    return os.fsdecode(
        re.sub(rb"\\x([89a-f][0-9a-f])", lambda byte: bytes.fromhex(byte[1].decode()), os.fsencode(path))
    )


def decode(data: bytes, place: str, declared: str = "") -> str:
    """The text of a file.

    A byte order mark decides; then UTF-8, when the bytes are that; then what the file or its server declares; then a
    guess. Text that is UTF-8 but for some bytes was damaged on its way and is refused: any other reading of it would
    make words that were never written.

    Args:
        declared: name of an encoding, known or not.

    Raises:
        InputError: it is no text, or damaged.
    """
    for mark, encoding in _MARKS:
        if data.startswith(mark):
            return _strict(data[len(mark) :], encoding, place).lstrip("\ufeff")
    if _is_binary(data):
        problem = f"{place}: not a text: a NUL byte at byte {data.find(0)}"
        raise InputError(problem, "save it as text with the encoding UTF-8")
    data = data.replace(b"\0", b" ")
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError as error:
        encoding = _known(declared)
        if not encoding and _is_damaged_utf8(data):
            raise _not_text(place, "UTF-8", error) from error
    return _strict(data, encoding or guess(data), place)


def _is_binary(data: bytes) -> bool:
    """Whether there are more NUL bytes than stray ones: they are half of UTF-16 without a mark."""
    count = data.count(0)
    return count * 4 >= len(data) > 0 if count <= STRAY_NULS else count * 100 > len(data)


def guess(data: bytes) -> str:
    """The likeliest encoding of bytes that are not UTF-8."""
    from charset_normalizer import from_bytes

    sample = data[:GUESSED_BYTES]
    best = from_bytes(sample, cp_isolation=[WESTERN, *FOREIGN]).best()
    if best is None or best.encoding not in FOREIGN:
        return WESTERN
    letters = [letter for letter in str(best) if letter.isalpha()]
    foreign = sum(letter > "\u024f" for letter in letters)  # beyond the last of the Latin letters with accents
    return best.encoding if foreign * 2 > len(letters) else WESTERN


def _strict(data: bytes, encoding: str, place: str) -> str:
    try:
        return data.decode(encoding)
    except UnicodeDecodeError as error:
        if encoding == WESTERN:  # five bytes stand for nothing; browsers read them as the control codes they once were
            return data.decode("latin-1")
        raise _not_text(place, encoding.upper(), error) from error


def _known(encoding: str) -> str:
    """The codec for a declared encoding; empty for none, for what is no text encoding, and for UTF-8, which failed."""
    try:
        found = codecs.lookup(encoding)
    except (LookupError, ValueError):
        return ""
    if not getattr(found, "_is_text_encoding", True) or found.name in {"utf-8", "ascii"}:
        return ""
    return WESTERN if found.name in {"iso8859-1", "cp1252"} else found.name  # as browsers do: Encoding Standard, 4.2


def _is_damaged_utf8(data: bytes) -> bool:
    """Whether most of what is not ASCII is well-formed UTF-8, which text in another encoding hardly ever is."""
    text = data.decode("utf-8", "replace")
    return sum(letter > "\x7f" for letter in text) > 2 * text.count("\ufffd")


def _not_text(place: str, encoding: str, error: UnicodeDecodeError) -> InputError:
    problem = f"{place}: not {encoding} text at byte {error.start}"
    return InputError(problem, "save the file with the encoding UTF-8")
