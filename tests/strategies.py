"""Hypothesis strategies for article texts, shared by the property tests."""

from hypothesis import strategies as st

from index.articles import Article

# What makes splitting hard: abbreviations, quotes, numbers, addresses, bullets, odd white space.
FRAGMENTS = (
    *("The minister spoke.", "Who knew?", "They did what?!", "He paused…", "Nobody… came", "We waited...", "No."),
    *("U.S.", "Mr.", "Gen.", "J. R. Halm", "Inc.", "Ph.D.", "No. 4", "2.5 percent", "at 5 p.m.", "Nov. 9", "St. Paul"),
    *("“We go.”", "‘at the same time.'”", '"Stop!" she said.', "(It fell.)", "fell.[1]", "a; b", "— so they say", "!"),
    *(
        "https://example.org/a.html?b=c.",
        "desk@example.org",
        "•",
        "-",
        "* item",
        "1. item",
        "***",
        "\u200b",
        "é",
        "中文。",
    ),
    *("the", "talks", "Blinken", "Oslo", "said", "and", "7", "iPhone", "WHO", "word " * 30),
)
SEPARATORS = (" ", " ", " ", "  ", "\n", "\n\n", "\n\n\n", "\t", "\r\n", "\u00a0", "\u2028", "\x85", "\f", "")


def news_texts() -> st.SearchStrategy[str]:
    """Texts put together from fragments of news, and, now and then, of anything at all."""
    pieces = st.tuples(st.sampled_from(FRAGMENTS) | st.text(max_size=6), st.sampled_from(SEPARATORS))
    return st.lists(pieces, max_size=60).map(lambda parts: "".join(piece + gap for piece, gap in parts))


def texts() -> st.SearchStrategy[str]:
    """Any text, news-like or not, of letters that UTF-8 can hold."""
    return news_texts() | st.text(st.characters(exclude_categories=["Cs"]), max_size=200)


def articles() -> st.SearchStrategy[Article]:
    """Articles with any text; the text may be empty or white space."""
    short = st.text(st.characters(exclude_categories=["Cs", "Cc"]), max_size=12)
    return st.builds(Article, id=short.map("id-{}".format), title=short, text=texts())
