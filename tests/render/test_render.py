"""What a person sees of an answer."""

import io
from dataclasses import replace

from rich.console import Console, RenderableType

from assistant.answer import Answer, Citation, Claim, Evidence, Rejected, Status
from assistant.llm.reply_json import Usage
from assistant.render.answer import (
    answer_view,
    article_line,
    cost_line,
    dates_line,
    error_view,
    readable_date,
    source_view,
)
from index.articles import ArticleInfo

SEOUL = ArticleInfo("seoul", "Talks in [Seoul]", "World Desk", "https://example.org/1", "A. Writer", "2023-11-09")
CITATIONS = (
    Citation(1, "Blinken met\n  Cho [in Seoul].", 0, 29, SEOUL),
    Citation(2, "He had met the G7 ministers.", 30, 58, ArticleInfo("tokyo", published="2023-11-08T09:00:00+09:00")),
)
EVIDENCE = tuple(
    Evidence(
        label=f"S{n}",
        sentence=f"Sentence number {n} [b].",
        start=0,
        end=22,
        article=SEOUL,
        context="",
        fit=None if n == 5 else n - 2.0,
        reading="",
    )
    for n in range(1, 6)
)
ANSWERED = Answer(
    question="Who?",
    status=Status.ANSWERED,
    claims=(Claim("Blinken met Cho [in Seoul].", (1,)), Claim("He met the G7 ministers.", (1, 2))),
    citations=CITATIONS,
    evidence=EVIDENCE,
    rejected=(Rejected("He met [Yoon].", ("S2", "S9"), "planned"),),
    usage=Usage(300, 20, 5, 1),
    timings_ms={"embed": 12.4, "total": 99.6},
    model="m",
)
REFUSED = Answer("Who?", Status.INSUFFICIENT, confidence=0.2, evidence=EVIDENCE, warnings=("the prompt was cut",))


def shown(view: RenderableType, *, terminal: bool = False, width: int = 100) -> str:
    console = Console(
        width=width, force_terminal=terminal, highlight=False, color_system="standard" if terminal else None
    )
    with console.capture() as capture:
        console.print(view)
    return "\n".join(line.rstrip() for line in capture.get().splitlines())


def test_an_answer_shows_each_claim_with_its_numbers_and_each_source_sentence() -> None:
    assert shown(answer_view(ANSWERED)) == (
        "Blinken met Cho [in Seoul]. [1]\n"
        "He met the G7 ministers. [1] [2]\n"
        "\n"
        "  [1] Blinken met Cho [in Seoul].\n"
        "      Talks in [Seoul] · World Desk · 9 November 2023\n"
        "  [2] He had met the G7 ministers.\n"
        "      tokyo · 8 November 2023"
    )


def test_a_refusal_shows_the_three_nearest_sentences_and_no_number() -> None:
    assert shown(answer_view(REFUSED)) == (
        "The articles do not say.\n"
        "\n"
        "The nearest sentences, which do not answer it:\n"
        + "".join(
            f"  – Sentence number {n} [b].\n    Talks in [Seoul] · World Desk · 9 November 2023\n" for n in (1, 2, 3)
        )
        + "Note: the prompt was cut"
    )
    bare = Answer(question="Who?", status=Status.INSUFFICIENT)
    assert shown(answer_view(bare)) == "The articles do not say."


def test_what_nobody_has_judged_is_not_said_to_be_no_answer() -> None:
    text = shown(answer_view(replace(REFUSED, confidence=None)))
    assert text.startswith(
        "Nothing tells whether the articles say.\n\nThe nearest sentences:\n  – Sentence number 1 [b]."
    )


def test_details_show_evidence_rejections_and_costs() -> None:
    text = shown(answer_view(ANSWERED, verbose=True))
    assert text.startswith(shown(answer_view(ANSWERED)))
    assert "S1  -1.0  Sentence number 1 [b].  (Talks in [Seoul] · World Desk · 9 November 2023)" in text
    assert "\nS5        Sentence number 5" in text
    assert "  S2, S9: He met [Yoon].  (planned)" in text
    assert text.endswith("m: 300 tokens read (5 cached), 20 written, cost unknown · ms: embed 12, total 100")


def test_costs_say_what_is_not_known() -> None:
    unknown = Answer(question="", status=Status.ANSWERED, usage=Usage(None, None, None, 1), model="m")
    assert cost_line(unknown).startswith("m: an unknown number of tokens read")
    assert cost_line(REFUSED).startswith("language model not asked")


def test_narrow_terminals_break_lines_and_lose_no_word() -> None:
    words = shown(answer_view(ANSWERED), width=30).split()
    assert words == shown(answer_view(ANSWERED)).split()


def test_styles_are_for_terminals_only() -> None:
    assert "\x1b[36m[1]" in shown(answer_view(ANSWERED), terminal=True)
    assert "\x1b" not in shown(answer_view(ANSWERED))


def test_dates_are_written_out_and_strange_ones_stay() -> None:
    assert readable_date("2023-11-09") == "9 November 2023"
    assert readable_date("2023-11-09T23:30:00+09:00") == "9 November 2023"
    assert readable_date("last week") == "last week"
    assert readable_date("") == ""


def test_relative_dates_are_explained_below_the_source_once() -> None:
    sentence = "He left on\n  Thursday, on Friday he will meet her, and\non Thursday he spoke."
    assert dates_line(sentence, "2023-11-09") == ("“on Thursday” = 9 November 2023 · “on Friday” = 10 November 2023")
    assert dates_line(sentence, "") == dates_line("He left on 9 November 2023.", "2023-11-09") == ""
    view = source_view(Citation(1, "He left on Thursday.", 0, 20, SEOUL))
    assert shown(view) == (
        "  [1] He left on Thursday.\n"
        "      Talks in [Seoul] · World Desk · 9 November 2023\n"
        "      “on Thursday” = 9 November 2023"
    )
    assert "\x1b[2m“on Thursday” = 9 November 2023" in shown(view, terminal=True)


def test_relative_dates_are_in_json_too() -> None:
    citation = Citation(1, "He will leave this weekend.", 0, 27, SEOUL)
    (found,) = Answer("When?", Status.ANSWERED, citations=(citation,)).to_dict()["citations"]
    assert found["dates"] == [
        {"text": "this weekend", "start": 14, "end": 26, "from": "2023-11-11", "to": "2023-11-12"}
    ]


def test_an_article_is_named_by_what_is_known() -> None:
    assert article_line(ArticleInfo("a")) == "a"
    assert article_line(ArticleInfo("a", url="https://example.org/1", source="Post")) == "https://example.org/1 · Post"


def test_errors_are_shown_word_for_word() -> None:
    assert shown(error_view("bad [red]value[/]", "use [1]")) == "Error: bad [red]value[/]\nuse [1]"
    assert shown(error_view("bad", "")) == "Error: bad"


def test_numbers_stay_with_the_last_word_and_dates_are_not_broken() -> None:
    claims = (Claim("The ferry sank.", (1, 2)),)
    view = answer_view(
        Answer("What?", Status.ANSWERED, claims=claims, citations=(Citation(1, "It sank.", 0, 8, SEOUL),))
    )
    for width in range(24, 60):
        console = Console(width=width, file=io.StringIO(), record=True)
        console.print(view)
        lines = [line.strip() for line in console.export_text().splitlines()]
        assert any(line.endswith("sank. [1] [2]") for line in lines), width
        assert any("9 November 2023" in line for line in lines), width
