"""Finds text of web pages outside paragraph elements: beside them, between line breaks, in bare boxes.

Pages written by hand or in an editor have sentences anywhere; what extracts the main text looks for paragraphs,
and leaves such sentences out, or all before the first line break. So they are put into paragraphs before, and lists
within lists into one.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from lxml.etree import ParserError, _Element, strip_tags
from lxml.html import HtmlElement, HTMLParser, document_fromstring
from lxml.html.defs import tags

WORDS_OF_TEXT = 8  # without a full stop, fewer are a label, a button or a line of links
MOST_LINKED = 0.5  # of the letters; beyond it is a list of links

_INLINE = frozenset(
    (
        "a abbr acronym b bdi bdo big br cite code data dfn em font i img ins kbd label mark nobr output q rp rt ruby"
        " samp small span strong sub sup time tt u var wbr"
    ).split()
)
_NO_ELEMENT = "no-element"  # its text stays
_WITHIN_SENTENCES = _INLINE - {"a", "br", "img", "wbr"}
# Boxes whose own text is a paragraph; items and cells only where they hold other blocks too.
_BOXES = frozenset("address article blockquote body center details div fieldset form main section".split())
_ITEMS = frozenset("dd li td th".split())
_TEXTS = frozenset("dd dt figcaption h1 h2 h3 h4 h5 h6 li p td th".split())
_LISTS = frozenset({"ol", "ul"})
_SENTENCE_END = re.compile(r"[.!?…:;][\"'”’»)\]]*(?:\s|\Z)")


def paragraphed(html: str) -> HtmlElement | None:
    """The tree of a page in which text that reads like sentences is in paragraphs, items, cells or headings.

    Returns:
        None when there is nothing on the page.
    """
    parser = HTMLParser(default_doctype=False, encoding="utf-8", remove_comments=True, remove_pis=True)
    try:
        tree = document_fromstring(html.encode(), parser=parser)
    except ParserError:
        return None
    for item in reversed(list(tree.iter("li"))):
        _flatten(item)
    for element in list(tree.iter()):
        _make_known(element)
    strip_tags(tree, _NO_ELEMENT)
    holding = _holding_blocks(tree)
    for element in list(tree.iter()):
        if _is_box(element, holding):
            _wrap(element, holding)
    return tree


def _is_box(element: _Element, holding: set[_Element]) -> bool:
    tag = str(element.tag)
    if tag in _BOXES:
        return True
    return element in holding and (tag in _ITEMS or (tag in _INLINE and tag != "a"))  # “span” around paragraphs


def _holding_blocks(tree: _Element) -> set[_Element]:
    """The elements that hold a block, however deep."""
    found: set[_Element] = set()
    for element in tree.iter():
        if element.tag not in _INLINE:
            outer = element.getparent()
            while outer is not None and outer not in found:
                found.add(outer)
                outer = outer.getparent()
    return found


def _make_known(element: HtmlElement) -> None:
    """Put a box or nothing in the place of elements that would be left out with their text."""
    tag, outer = element.tag, element.getparent()
    if tag == "footer" and next(element.iterancestors("blockquote"), None) is not None:
        element.tag = "p"  # who said it
    elif outer is None or (tag in tags and tag not in _WITHIN_SENTENCES):
        return
    elif outer.tag in _TEXTS or _is_beside_text(
        element
    ):  # “on <time>Monday</time>”, and what a site made up, “the <x-term>bank</x-term>”
        element.tag = _NO_ELEMENT
    elif tag not in tags:
        element.tag = "div"


def _is_beside_text(element: _Element) -> bool:
    outer, before = element.getparent(), element.getprevious()
    texts = [element.tail, before.tail if before is not None else outer.text if outer is not None else ""]
    return any(text and text.strip() for text in texts) and not len(element)


def _flatten(item: _Element) -> None:
    """Put the items of a list within an item behind it, and what follows that list behind them."""
    for inner in [child for child in item if child.tag in _LISTS]:
        place, tail = item, inner.tail
        for nested in [child for child in inner if child.tag == "li"]:
            place.addnext(nested)
            nested.tail = None
            place = nested
        item.remove(inner)
        if tail and tail.strip():
            rest = item.makeelement("li")
            rest.text = tail
            place.addnext(rest)


@dataclass(slots=True)
class _Run:
    """Text and inline elements in a row."""

    text: str = ""
    elements: list[_Element] = field(default_factory=list)

    def reads_like_sentences(self) -> bool:
        whole = self.text + "".join(_text(element) for element in self.elements)
        linked = sum(len(_text(link, tail=False)) for element in self.elements for link in _links(element))
        if not whole.strip() or linked > MOST_LINKED * len(whole.strip()):
            return False
        return len(whole.split()) >= WORDS_OF_TEXT or _SENTENCE_END.search(whole) is not None

    def paragraph(self, maker: _Element) -> _Element:
        made: _Element = maker.makeelement("p")
        made.text = self.text
        made.extend(self.elements)
        return made


def _wrap(box: _Element, holding: set[_Element]) -> None:
    """Put each run of a box that reads like sentences into a paragraph."""
    parts = list(_parts(box, holding))
    if not any(isinstance(part, _Run) and part.reads_like_sentences() for part in parts):
        return
    for child in list(box):
        box.remove(child)
    box.text = None
    wrapped = False
    for part in parts:
        if not isinstance(part, _Run):
            if part.tag != "br" or not wrapped:
                box.append(part)
        elif wrapped := part.reads_like_sentences():
            box.append(part.paragraph(box))
        else:
            _append(box, part)


def _parts(box: _Element, holding: set[_Element]) -> Iterator["_Run | _Element"]:
    """The runs, blocks and line breaks between runs of a box, in order."""
    run = _Run(box.text or "")
    children = list(box)
    for number, child in enumerate(children):
        tail, child.tail = child.tail or "", None
        if child.tag in _INLINE and child not in holding and not _ends_run(children, number, tail):
            child.tail = tail
            run.elements.append(child)
            continue
        yield run
        yield child
        run = _Run(tail)
    yield run


def _ends_run(children: Sequence[_Element], number: int, tail: str) -> bool:
    """Whether a line break is one of two in a row."""
    if children[number].tag != "br":
        return False
    following = children[number + 1 : number + 2]
    return not tail.strip() and bool(following) and following[0].tag == "br"


def _append(box: _Element, run: _Run) -> None:
    """Leave a run where it was."""
    last = box[-1] if len(box) else None
    if last is None:
        box.text = (box.text or "") + run.text
    else:
        last.tail = (last.tail or "") + run.text
    box.extend(run.elements)


def _links(element: _Element) -> list[_Element]:
    return [element] if element.tag == "a" else list(element.iter("a"))


def _text(element: _Element, *, tail: bool = True) -> str:
    return "".join(element.itertext()) + ((element.tail or "") if tail else "")
