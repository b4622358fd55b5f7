"""Markdown to the plain text that sentences are cited from."""

from collections.abc import Iterable
from dataclasses import dataclass

from markdown_it import MarkdownIt
from markdown_it.tree import SyntaxTreeNode

from index.formats.html_visible import Page


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
