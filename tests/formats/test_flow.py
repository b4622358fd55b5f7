"""Every sentence of a web page is read, once, wherever on it the page's writer put it."""

import pytest

from index.formats.html import page_fields
from index.formats.html_flow import paragraphed

BEFORE = "The council of Norrby closed the old bridge on Thursday after two cracks were found in it."
AFTER = "It stays closed until the engineers have looked at every pillar, the council said."


def text_of(html: str) -> str:
    page = f"<!doctype html><html><head><title>T</title></head><body><article><h1>T</h1>{html}</article></body></html>"
    (found,) = page_fields(page.encode(), "a.html")
    return str(found["text"])


def between(html: str) -> str:
    """What is read of a piece of a page between two paragraphs."""
    text = text_of(f"<p>{BEFORE}</p>{html}<p>{AFTER}</p>")
    assert text.startswith(f"{BEFORE}\n\n")
    assert text.endswith(f"\n\n{AFTER}")
    return text.removeprefix(f"{BEFORE}\n\n").removesuffix(f"\n\n{AFTER}")


@pytest.mark.parametrize(
    ("html", "text"),
    [
        ("<div>A crane came.</div>", "A crane came."),
        ("<div>A <b>crane</b> came.<br>It lifts <i>ten</i> tons.</div>", "A crane came.\nIt lifts ten tons."),
        ("<div>A crane came.<br><br>It stood.<br/> <br>It left.</div>", "A crane came.\n\nIt stood.\n\nIt left."),
        ("<div>The head, <a href='/h'>Ann Ek</a>, left.</div>", "The head, Ann Ek, left."),
        ("A crane came.<p>It lifts ten tons.</p>It left.", "A crane came.\n\nIt lifts ten tons.\n\nIt left."),
        ("<section><span>A crane came.</span><br><span>It left.</span></section>", "A crane came.\nIt left."),
        ("<div><span><p>A crane came.</p></span> It left.</div>", "A crane came.\n\nIt left."),
        ("<div>A came.<div>B came.<div>C came.</div>D came.</div></div>", "A came.\n\nB came.\n\nC came.\n\nD came."),
        ("<story-body>A crane came.<p>It left.</p></story-body>", "A crane came.\n\nIt left."),
        ("<x-paragraph>A crane came.</x-paragraph>", "A crane came."),
        ("<blockquote>A crane came.<footer>Ann Ek</footer></blockquote>", "A crane came.\nAnn Ek"),
        ("<ul><li>One <div>came.</div> Two left.</li></ul>", "• One came. Two left."),
        ("<div>A crane came.<iframe src='x'></iframe>It left.</div>", "A crane came. It left."),
        ("<p>On <time>Monday</time> <label>a</label> <output>lorry</output> came.</p>", "On Monday a lorry came."),
        ("<p>The <x-term>crane</x-term> came.</p>", "The crane came."),
        ("<p>R&D by A&T &amp; Sons &lt;1&gt; cost &pound;5.</p>", "R&D by A&T & Sons <1> cost £5."),
        ("<p>He said <q>it left</q>.</p>", "He said “it left”."),
    ],
)  # fmt: skip
def test_text_beside_paragraphs_is_read(html: str, text: str) -> None:
    assert between(html) == text


@pytest.mark.parametrize(
    "html",
    [
        "<div>Share</div>",
        "<div><a href='/a'>A crane came.</a> <a href='/b'>It left.</a></div>",
        "<div>Share<br><br>Print</div>",
    ],
)
def test_labels_and_lists_of_links_are_not(html: str) -> None:
    assert text_of(f"<p>{BEFORE}</p>{html}<p>{AFTER}</p>") == f"{BEFORE}\n\n{AFTER}"


@pytest.mark.parametrize(
    ("html", "text"),
    [
        ("<p>It cost <del>four</del> <ins>seven</ins> crowns.</p>", "It cost seven crowns."),
        ("<p>It cost <s>four</s> <u>seven</u> crowns.</p>", "It cost seven crowns."),
        ("<p>It cost <strike>four</strike>seven crowns.</p>", "It cost seven crowns."),
        ("<p>It cost <span style='text-decoration: line-through red'>four</span> seven.</p>", "It cost seven."),
        ("<del><p>A crane came.</p></del><ins><p>Two cranes came.</p></ins>", "Two cranes came."),
        ("<p>A crane <s>came.<p>It left.", "A crane\n\nIt left."),
    ],
)
def test_what_is_struck_out_is_no_statement(html: str, text: str) -> None:
    assert between(html) == text


@pytest.mark.parametrize(
    ("html", "text"),
    [
        ("<p>10<sup>6</sup> cells on 5 km<sup>2</sup>, 10<sup>&minus;3</sup> l.</p>", "10⁶ cells on 5 km², 10⁻³ l."),
        ("<p>The 1<sup>st</sup> came in 2019.<sup>3</sup> It left.</p>", "The 1st came in 2019.³ It left."),
        ("<p>It left.<sup><a href='#1'>[1]</a></sup></p>", "It left.[1]"),
        ("<p>CO<sub>2</sub> is 10<sub>2</sub> here.</p>", "CO2 is 10₂ here."),
    ],
)
def test_raised_numbers_are_no_part_of_the_number_before(html: str, text: str) -> None:
    assert between(html) == text


def test_lists_within_lists_are_read_once_and_in_order() -> None:
    inner = "<ol><li>second:<ul><li>third.</li></ul></li></ol>"
    html = f"<ul><li>First:{inner} then fourth.</li><li><p>Fifth.</p><p>Sixth.</p></li></ul>"
    assert between(html) == "• First:\n• second:\n• third.\n• then fourth.\n• Fifth. Sixth."


def test_tables_have_no_lines_without_text() -> None:
    html = "<table><caption>Cranes.</caption><tr><td>One</td><td>10 t</td></tr></table>"
    assert between(html) == "Cranes.\nOne | 10 t"


def test_a_page_without_anything_has_no_tree() -> None:
    assert paragraphed("") is None
    assert paragraphed(" <!-- nothing --> ") is None
