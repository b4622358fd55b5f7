"""Markdown to the plain text that sentences are cited from."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from html.parser import HTMLParser

from markdown_it import MarkdownIt
from markdown_it.tree import SyntaxTreeNode

_LINE_BREAK = re.compile(r"<br\s*/?>", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class PlainText:
    """A rendered document: its title, which may be empty, and the text below it."""

    title: str
    text: str


def render_plain(markdown: str, *, take_title: bool) -> PlainText:
    """Render CommonMark (with tables and strikethrough) as plain text.

    Blocks are separated by a blank line; the items of a list and the rows of a table by a line break. An item starts
    with ``•``, a numbered one with its number. Soft line breaks become spaces; emphasis, links and images are reduced
    to their text; code stays as it is; HTML tags and comments are dropped, the text between tags stays.

    Args:
        markdown: without front matter.
        take_title: whether the first heading of level 1 is the title and no part of the text.
    """
    root = SyntaxTreeNode(MarkdownIt("commonmark").enable(["table", "strikethrough"]).parse(markdown))
    heading = next((node for node in root.children if take_title and node.tag == "h1"), None)
    title = " ".join(_block(heading).split()) if heading else ""
    return PlainText(title, _join((_block(node) for node in root.children if node is not heading), "\n\n"))


def _block(node: SyntaxTreeNode) -> str:
    """Text of a block; its own line breaks are kept, no blank line surrounds it."""
    match node.type:
        case "bullet_list" | "ordered_list" | "table" | "thead" | "tbody":
            return _join(map(_block, node.children), "\n")
        case "list_item":
            return (f"{node.info}{node.markup} " if node.info else "• ") + _join(map(_block, node.children), "\n")
        case "tr":
            return " | ".join(map(_block, node.children))
        case "inline":
            return "".join(map(_inline, node.children)).strip()
        case "fence" | "code_block":
            return node.content.rstrip("\n")
        case "html_block":
            return _without_tags(node.content)
        case _:
            return _join(map(_block, node.children), "\n\n")


def _inline(node: SyntaxTreeNode) -> str:
    match node.type:
        case "text" | "code_inline":
            return node.content
        case "softbreak":
            return " "
        case "hardbreak":
            return "\n"
        case "html_inline":
            return "\n" if _LINE_BREAK.fullmatch(node.content) else ""
        case _:  # emphasis, links and images hold their text in their children
            return "".join(map(_inline, node.children))


def _join(pieces: Iterable[str], separator: str) -> str:
    return separator.join(piece for piece in pieces if piece.strip())


class _TextOnly(HTMLParser):
    """Collects what stands between tags, scripts and style sheets left out."""

    def __init__(self) -> None:
        super().__init__()
        self.pieces: list[str] = []

    def handle_data(self, data: str) -> None:
        if self.lasttag not in self.CDATA_CONTENT_ELEMENTS:
            self.pieces.append(data)


def _without_tags(html: str) -> str:
    parser = _TextOnly()
    parser.feed(html)
    parser.close()
    lines = "".join(parser.pieces).splitlines()
    return _join((" ".join(line.split()) for line in lines), "\n")
