"""What the chat shows besides answers."""

from dataclasses import replace
from datetime import date

import pytest
from rich.console import Console, RenderableType

from assistant.answer import Answer, Status
from assistant.render.answer import age, answer_view, error_line, shown, source_view
from assistant.render.chat import article_view, articles_view, help_view, meanwhile_view, sources_view, stage_of
from index.articles import Article, ArticleInfo, Chunk
from index.hits import Hit
from tests.talks import ANSWERED, FERRY, LOST, REFUSED, SANK, TALK, cited

PRESENT = date(2023, 11, 16)
HITS = tuple(Hit(Chunk(ArticleInfo("ferry"), number, 0, "It sank.", ()), fused=1.0) for number in range(2))
WIDE = Article(
    "wide", "船" * 30, "日本新聞", published="2023-11-09", text="船は沈んだ。" * 8 + "\n\n" + "המעבורת טבעה. " * 9
)


def printed(view: RenderableType, *, width: int = 100, colours: bool = False) -> str:
    console = Console(
        width=width, force_terminal=colours, highlight=False, color_system="standard" if colours else None
    )
    with console.capture() as capture:
        console.print(view)
    return "\n".join(line.rstrip() for line in capture.get().splitlines())


def test_the_stage_follows_from_what_is_done() -> None:
    waiting = Answer("Who?", Status.IN_PROGRESS)
    assert stage_of(None) == "searching…"
    assert stage_of(None, follows=True) == "understanding the question…"
    stages = [
        waiting,
        *(
            replace(waiting, hits=HITS, evidence=REFUSED.evidence * 12, timings_ms=dict.fromkeys(done, 1.0))
            for done in (("search", "evidence"), ("evidence", "load"), ("evidence", "load", "read"), ("load", "read"))
        ),
    ]
    assert [stage_of(answer) for answer in stages] == [
        "searching…",
        "found 12 sentences, starting the language model…",
        "reading 12 sentences…",
        "read 12 sentences, writing…",
        "read 2 passages, writing…",
    ]


def test_the_best_evidence_gives_way_to_the_first_claim() -> None:
    waiting = replace(ANSWERED, status=Status.IN_PROGRESS, claims=(), citations=())
    assert printed(meanwhile_view(waiting)) == (
        "→ What *ferry* sank?\n"
        "Best evidence so far:\n"
        "  – The ferry <b>sank</b> at noon.\n"
        "    Ferry <sinks> off Brack & Co · The_Gazette · 8 November 2023"
    )
    text = printed(meanwhile_view(replace(ANSWERED, status=Status.IN_PROGRESS)))
    assert "The ferry <b>sank</b> at noon. [1]" in text
    assert "Best evidence" not in text
    assert printed(meanwhile_view(None)) == ""


def test_cited_sentences_are_marked_with_colours_or_with_signs() -> None:
    plain = printed(article_view(FERRY, (SANK, LOST), plain=True))
    assert plain == (
        "Ferry <sinks> off Brack & Co\n"
        "A. Writer · The_Gazette · 8 November 2023 · https://example.org/a?b=1&c=2\n"
        "\n"
        "[1] »The ferry <b>sank</b> at noon.«\n"
        "\n"
        "[2] »Nobody & nothing was lost, *they* said.« It lay [1] there."
    )
    coloured = printed(article_view(FERRY, (SANK,), plain=False), colours=True)
    assert "\x1b[30;43mThe ferry <b>sank</b> at noon.\x1b[0m" in coloured
    assert "»" not in coloured


def test_sentences_that_touch_or_overlap_are_each_marked() -> None:
    text = "One two. Three four."
    article = Article("a", text=text)
    citations = (cited(1, article, "One two."), cited(2, article, "One two. Three four."))
    assert printed(article_view(article, citations, plain=True)).endswith("[1] [2] »One two. Three four.«")
    gone = replace(citations[0], sentence="Something else.")
    assert printed(article_view(article, (gone,), plain=True)).endswith(f"\n{text}")


@pytest.mark.parametrize("width", [20, 40, 80, 200])
def test_no_line_is_wider_than_the_terminal_whatever_the_script(width: int) -> None:
    citation = cited(1, WIDE, "船は沈んだ。")
    answer = replace(ANSWERED, citations=(citation,))
    for view in (
        article_view(WIDE, (citation,), plain=True),
        answer_view(answer, verbose=True, present=PRESENT),
        answer_view(REFUSED),
        sources_view(TALK.sources, PRESENT),
        articles_view([WIDE.info] * 3, 3),
        meanwhile_view(answer),
    ):
        console = Console(width=width, highlight=False)
        for line in printed(view, width=width).splitlines():
            assert console.measure(line).maximum <= width


@pytest.mark.parametrize("width", [40, 200])
def test_no_character_of_a_wide_or_right_to_left_text_is_lost(width: int) -> None:
    text = "".join(printed(article_view(WIDE, (), plain=True), width=width).split())
    assert "".join(WIDE.text.split()) in text


@pytest.mark.parametrize(
    ("published", "expected"),
    [
        ("2023-11-16", "today"),
        ("2023-11-15T23:00:00+00:00", "yesterday"),
        ("2023-11-14", "2 days ago"),
        ("2023-11-09", "1 week ago"),
        ("2023-10-25", "3 weeks ago"),
        ("2023-10-16", "1 month ago"),
        ("2022-11-17", "11 months ago"),
        ("2022-11-16", "1 year ago"),
        ("1999-01-01", "24 years ago"),
        ("2023-11-17", ""),
        ("last week", ""),
        ("", ""),
    ],
)
def test_ages_are_in_the_largest_unit_that_is_full(published: str, expected: str) -> None:
    assert age(published, PRESENT) == expected
    assert age(published, None) == ""


def test_sources_say_how_old_they_are() -> None:
    assert printed(source_view(SANK, PRESENT)).endswith("· 8 November 2023 · 1 week ago")
    assert printed(sources_view((), PRESENT)) == "Nothing has been cited yet."


def test_nothing_of_a_text_commands_the_terminal() -> None:
    hostile = "\x1b]0;owned\a\x1b[31mred\x9b2J \u202egnihsif\u2066"
    article = ArticleInfo("a", hostile, hostile, hostile, hostile, "2023-11-09")
    answer = replace(
        ANSWERED,
        question=hostile,
        standalone=hostile,
        claims=tuple(replace(claim, text=hostile) for claim in ANSWERED.claims),
        citations=(replace(SANK, sentence=hostile, article=article),),
        evidence=(replace(ANSWERED.evidence[0], sentence=hostile, article=article),),
        disagreements=(hostile,),
        warnings=(hostile,),
    )
    refused = replace(answer, status=Status.INSUFFICIENT, missing=(hostile,))
    views = (
        answer_view(answer, verbose=True),
        answer_view(refused),
        meanwhile_view(answer),
        articles_view([article], 1),
        article_view(Article("a", hostile, text=hostile), (), plain=True),
        error_line(hostile, hostile),
    )
    for view in views:
        text = printed(view)
        assert not {"\x1b", "\a", "\x9b", "\u202e", "\u2066"} & set(text)
        assert "red" in text
    assert shown("tab\tand\nline stay, é船ע too") == "tab\tand\nline stay, é船ע too"


def test_an_error_is_one_line() -> None:
    assert str(error_line("it\nbroke [1]", "mend\nit")) == "Error: it broke [1] – mend it"
    assert str(error_line("it broke", "")) == "Error: it broke"


def test_lists_say_how_many_there_are_and_help_has_a_line_for_each() -> None:
    text = printed(articles_view([FERRY.info], 3))
    assert text.splitlines()[0].split() == "2023-11-08 Ferry <sinks> off Brack & Co The_Gazette".split()
    assert text.endswith("1 of 3 articles")
    assert printed(help_view([("/open N", "opens")], [("Tab", "completes")])) == (
        "  /open N  opens\n\n  Tab      completes"
    )
