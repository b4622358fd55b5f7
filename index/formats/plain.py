"""Fields of an article from plain text and from Markdown."""

import re
from collections.abc import Iterator, Mapping
from datetime import date

from frontmatter.default_handlers import YAMLHandler
from yaml import SafeLoader, YAMLError

from index.errors import InputError
from index.formats.article_fields import TEXT_FIELDS, FieldNames
from index.formats.decoding import clean
from index.formats.markdown import render_plain

# A headline has no full stop and seldom more than two dozen words; longer first lines are the article's own text.
MAX_HEADLINE_CHARACTERS = 160

_FRONT_MATTER = re.compile(r"---[ \t]*\n(?P<yaml>.*?)^---[ \t]*$\n?", re.DOTALL | re.MULTILINE)


def plain_fields(text: str) -> Iterator[Mapping[str, object]]:
    """The whole text is the article's, apart from a headline: a short first line without a full stop, then a blank."""
    text = clean(text).strip()
    first, _, rest = text.partition("\n")
    following, _, below = rest.partition("\n")
    headline = len(first) <= MAX_HEADLINE_CHARACTERS and first.rstrip()[-1:] not in ".,;:…"
    if headline and rest and not following.strip() and below.strip():
        yield {"title": first, "text": below.strip()}
    else:
        yield {"text": text}


def markdown_fields(text: str, place: str) -> Iterator[Mapping[str, object]]:
    """YAML front matter with the fields of JSON Lines, then the text, whose first ``# Heading`` may be the title.

    Raises:
        InputError: the front matter is none.
    """
    text = clean(text)
    matter = _FRONT_MATTER.match(text)
    fields = _front_matter(matter["yaml"], place) if matter else {}
    _, title = FieldNames().value(fields, "title")
    plain = render_plain(text[matter.end() :] if matter else text, take_title=not title)
    kept = {name: value for name, value in fields.items() if name not in TEXT_FIELDS}
    yield {**kept, "title": title or plain.title, "text": plain.text.strip()}


def _front_matter(source: str, place: str) -> dict[str, object]:
    try:
        # The loader in C, which is the usual one, ends the process when lists are nested some ten thousand deep.
        fields = YAMLHandler().load(source, Loader=SafeLoader)
    except (YAMLError, ValueError, RecursionError) as error:
        mark = getattr(error, "problem_mark", None)
        line = mark.line + 2 if mark else 1  # the mark counts from 0 and below the opening ---
        problem = getattr(error, "problem", None) or " ".join(str(error).split())
        raise InputError(
            f"{place}:{line}: front matter is not valid YAML: {problem}", "put the value in quotes"
        ) from error
    if fields is None:
        return {}
    if not isinstance(fields, dict):
        remedy = "write `key: value` lines, or put a blank line above --- when it is meant as a rule"
        raise InputError(f"{place}:1: front matter is not a mapping", remedy)
    return {str(name): _from_yaml(value) for name, value in fields.items()}


def _from_yaml(value: object) -> object:
    """Dates and numbers as text: YAML guesses these types from unquoted words."""
    if isinstance(value, date):  # a datetime is a date
        return value.isoformat()
    return str(value) if isinstance(value, int | float) and not isinstance(value, bool) else value
