"""What a page does not show is no part of an article."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from index.formats.html_visible import Page
from index.formats.markdown import render_plain

HIDING = [
    "style='display:none'",
    "style='DISPLAY : none !important'",
    "style='display:/**/none'",
    "style='visibility: hidden'",
    "style='visibility:collapse'",
    "style='opacity:0'",
    "style='opacity: 0.0'",
    "style='font-size:0'",
    "style='font-size:0px'",
    "style='font-size:1px'",
    "style='color:white'",
    "style='color:#FFF'",
    "style='color:#ffffff00'",
    "style='color: rgb(255, 255, 255)'",
    "style='color: rgba(0,0,0,0)'",
    "style='color:transparent'",
    "style='color:#123456;background:#123456'",
    "style='color:black;background-color:#000'",
    "style='position:absolute; left:-9999px'",
    "style='position:fixed; top:-2000px'",
    "style='position:absolute; clip:rect(0,0,0,0)'",
    "style='text-indent:-9999px'",
    "style='height:0;overflow:hidden'",
    "hidden",
    "hidden=''",
]
SHOWING = [
    "",
    "class='x'",
    "aria-hidden='true'",
    "style='display:block'",
    "style='opacity:0.4'",
    "style='font-size:10px'",
    "style='font-size:0.8em'",
    "style='color:white;background:#003366'",
    "style='color:white;background:url(night.jpg)'",
    "style='color:inherit'",
    "style='position:absolute; left:10px'",
    "style='height:0'",
    "style='visibility:visible'",
    "style=''",
    "style='display'",
]
NEVER = ["script", "style", "template", "noscript", "title", "head", "iframe", "video", "dialog"]
FRAGMENTS = ["<div hidden>", "</div>", "<p>", "</p>", "<br>", "<!--", "-->", "<b", ">", "text", "&amp;", "\n", "</"]


@pytest.mark.parametrize("attributes", HIDING)
def test_hidden_elements_are_left_out(attributes: str) -> None:
    assert Page().read(f"a<div {attributes}>x<b>y</b></div>b") == "ab"
    assert render_plain(f"a <span {attributes}>x *y* `z`</span>b", take_title=False).text == "a b"
    assert render_plain(f"a\n\n<div {attributes}>\n\n# x\n\n* y\n\n</div>\n\nb", take_title=True).text == "a\n\nb"


@pytest.mark.parametrize("attributes", SHOWING)
def test_what_is_shown_stays(attributes: str) -> None:
    assert Page().read(f"a<div {attributes}>x</div>b") == "axb"


@pytest.mark.parametrize("tag", NEVER)
def test_elements_that_browsers_never_show(tag: str) -> None:
    assert Page().read(f"a<{tag}>x</{tag}>b") == "ab"
    assert render_plain(f"a <{tag}>x</{tag}>b", take_title=False).text in {"a b", "a"}


@pytest.mark.parametrize(
    ("html", "shown"),
    [
        ("a<!-- x -->b", "ab"),
        ("a<!-- x --!>b", "ab"),
        ("a<!-->b", "ab"),
        ("a<!-- x", "a"),
        ("a<!-- x > y", "a"),
        ("a<![CDATA[x]]>b", "ab"),
        ("a<img alt='x' title='y'>b", "ab"),
        ("a<img hidden>b", "ab"),
        ("a<p hidden>x<p>b", "ab"),
        ("a<p hidden>x<div>b</div>", "ab"),
        ("<ul><li hidden>x<li>b</ul>", "b"),
        ("<head><meta><body>b", "b"),
        ("<div hidden><b>x</div>b", "b"),
        ("</div>b", "b"),
        ("<div hidden/>x", ""),
        ("<ul style='font-size:0'>x<li style='font-size:16px'>b</ul>", "b"),
        ("<div style='background:black'><p style='color:white'>b</div>", "b"),
        ("<body bgcolor='#000000'><font color='black'>x</font><font color='white'>b</font>", "b"),
        ("<dialog open>b</dialog>", "b"),
        ("<details><summary>a</summary>b</details>", "ab"),
        ("a<br>b<p hidden><br>", "a\nb"),
        ("a &amp; b", "a & b"),
    ],
)
def test_pieces_of_pages(html: str, shown: str) -> None:
    assert Page().read(html) == shown


def test_elements_stay_open_from_piece_to_piece_and_end_with_their_block() -> None:
    page = Page()
    with page.block():
        assert page.read("a<span hidden>x") == "a"
        assert page.read("y</i></span>b<span hidden>") == "b"
        assert page.read("x") == ""
    assert page.read("c") == "c"
    assert render_plain("a <span hidden>x\n\nb", take_title=False).text == "a\n\nb"


def test_a_hidden_heading_is_no_title() -> None:
    plain = render_plain("<div hidden>\n\n# x\n\n</div>\n\n# b\n\nc", take_title=True)
    assert (plain.title, plain.text) == ("b", "c")


@given(st.lists(st.sampled_from(FRAGMENTS)).map("".join))
def test_no_page_breaks_the_reader(html: str) -> None:
    assert "<!--" not in Page().read(html)
    assert "hidden" not in Page().read(f"<div hidden>hidden{html.replace('</', '')}")
