"""Articles from plain text and Markdown: their fields, and the plain text that sentences are cited from."""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date

from frontmatter.default_handlers import YAMLHandler
from markdown_it import MarkdownIt
from markdown_it.tree import SyntaxTreeNode
from yaml import SafeLoader, YAMLError

from index.errors import InputError
from index.formats.article_fields import TEXT_FIELDS, FieldNames
from index.formats.decoding import clean
from index.formats.html_visible import Page

# A headline has no full stop and seldom more than two dozen words; longer first lines are the article's own text.
MAX_HEADLINE_CHARACTERS = 160

_FRONT_MATTER = re.compile(r"---[ \t]*\n(?P<yaml>.*?)^---[ \t]*$\n?", re.DOTALL | re.MULTILINE)


@dataclass(frozen=True, slots=True)
class PlainText:
    """A rendered document: its title, which may be empty, and the text below it."""

    title: str
    text: str


def render_plain(markdown: str, *, take_title: bool) -> PlainText:
    """Render CommonMark (with tables and strikethrough) as plain text.

    Blocks are separated by a blank line; the items of a list and the rows of a table by a line break. An item starts
    with ``•``, a numbered one with its number. Soft line breaks become spaces; emphasis and links are reduced to their
    text; code stays as it is; images, HTML tags and comments are dropped. The text between tags stays unless the page
    does not show it: ``index.formats.html_visible`` says when.

    Args:
        markdown: without front matter.
        take_title: whether the first heading of level 1 that is shown is the title and no part of the text.
    """
    root = SyntaxTreeNode(MarkdownIt("commonmark").enable(["table", "strikethrough"]).parse(markdown))
    page = Page()
    blocks = [(node, _block(node, page)) for node in root.children]
    heading = next((node for node, text in blocks if take_title and node.tag == "h1" and text.strip()), None)
    title = " ".join(" ".join(text for node, text in blocks if node is heading).split())
    return PlainText(title, _join((text for node, text in blocks if node is not heading), "\n\n"))


def _block(node: SyntaxTreeNode, page: Page) -> str:
    """Text of a block; its own line breaks are kept, no blank line surrounds it."""
    if node.type == "html_block":  # what it opens stays open for the blocks after it
        return _without_blank_lines(page.read(node.content))
    with page.block():
        return _inside(node, page)


def _inside(node: SyntaxTreeNode, page: Page) -> str:
    match node.type:
        case "bullet_list" | "ordered_list" | "table" | "thead" | "tbody":
            return _join([_block(child, page) for child in node.children], "\n")
        case "list_item":
            text = _join([_block(child, page) for child in node.children], "\n")
            return f"{f'{node.info}{node.markup}' if node.info else '•'} {text}" if text.strip() else ""
        case "tr":
            return " | ".join(_block(child, page) for child in node.children)
        case "inline":
            return "".join(_inline(child, page) for child in node.children).strip()
        case "fence" | "code_block":
            return "" if page.hidden else node.content.rstrip("\n")
        case _:
            return _join([_block(child, page) for child in node.children], "\n\n")


def _inline(node: SyntaxTreeNode, page: Page) -> str:
    match node.type:
        case "text" | "code_inline":
            return "" if page.hidden else node.content
        case "softbreak":
            return " "
        case "hardbreak":
            return "\n"
        case "html_inline":
            return page.read(node.content)
        case "image":  # its text stands in its place only where the picture cannot be shown
            return ""
        case _:  # emphasis and links hold their text in their children
            return "".join(_inline(child, page) for child in node.children)


def _join(pieces: Iterable[str], separator: str) -> str:
    return separator.join(piece for piece in pieces if piece.strip())


def _without_blank_lines(text: str) -> str:
    return _join((" ".join(line.split()) for line in text.splitlines()), "\n")


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
