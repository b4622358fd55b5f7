"""The page of compared runs: complete, escaped, readable by keyboard and screen reader, and right in what it counts."""

import json
import re
import shutil
import subprocess
from collections import Counter
from collections.abc import Mapping, Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from evals.questions.schema import Question
from evals.report.comparison_page import ComparisonPage, comparison_page_of, render_comparison
from evals.report.recorded import read_recorded
from evals.report.rendering import counted
from evals.report.side_by_side import Fate, Side, who_in_words, who_was_right
from evals.run.records import Run
from evals.score.comparison import compare_runs
from evals.score.comparison_tables import shown_change_interval, shown_p_value
from evals.score.stored import save_scores, scores_of
from index.articles import Article
from index.errors import UsageError
from tests.eval_outcomes import FIRST, SECOND, TEXT, span
from tests.eval_runs import ARTICLE, RIGHT, WRONG, answered, make_run, meetings, mysteries, refused
from tests.evaluation.test_eval_command import run as evals
from tests.evaluation.test_eval_report import SCRIPT, Parsed, hostile

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
LANDMARKS = ("header", "main", "nav")


def pages_of(*runs: Run, names: Sequence[str] = ()) -> ComparisonPage:
    return comparison_page_of([read_recorded(run) for run in runs], names)


def written(*runs: Run) -> str:
    return render_comparison(pages_of(*runs))


QUESTIONS: tuple[Question, ...] = (
    *meetings(5, question_type="single", tags=("core", "trap:Bo")),
    *mysteries(2, question_type="none"),
)
FIRST_ANSWERS = {"q0": RIGHT, "q1": WRONG, "q2": refused(), "q3": "no answer within 60 s", "u0": refused(), "u1": RIGHT}
SECOND_ANSWERS = {"q0": RIGHT, "q1": RIGHT, "q2": WRONG, "q3": RIGHT, "q4": RIGHT, "u0": RIGHT}


def two(folder: Path, **suite: Any) -> tuple[Run, Run]:
    """Two runs in which everything happens that can: right, wrong, refused, failed, and no record."""
    return (
        make_run(folder / "before", QUESTIONS, [ARTICLE], FIRST_ANSWERS, **suite),
        make_run(folder / "after", QUESTIONS, [ARTICLE], SECOND_ANSWERS, provenance={"settings": {"k": "4"}}, **suite),
    )


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> ComparisonPage:
    """The page of ``two`` runs, made once."""
    return pages_of(*two(tmp_path_factory.mktemp("runs")))


@pytest.fixture(scope="module")
def html(page: ComparisonPage) -> str:
    """The same as text."""
    return render_comparison(page)


def test_a_row_says_what_each_system_made_of_the_question(page: ComparisonPage) -> None:
    rows = {row.id: row for row in page.questions}
    fates = {name: tuple(side.fate for side in row.sides) for name, row in rows.items()}
    assert fates == {
        "q0": ("right", "right"),
        "q1": ("wrong", "right"),
        "q2": ("over-refused", "wrong"),
        "q3": ("error", "right"),
        "q4": ("no record", "right"),
        "u0": ("refused", "wrong"),
        "u1": ("wrong", "no record"),
    }
    assert [row.verdict for row in rows.values()] == [
        *("both right", "only B right", "both wrong", "only B right", "not compared", "only A right", "not compared"),
    ]
    assert rows["q1"].failures == (
        "no-part",
        "no-part.A",
        *[f"{kind}{by}" for kind in ("wrong-sentence", "evidence-missing") for by in ("", ".A")],
    )


def test_filters_and_counts_agree_with_the_rows(page: ComparisonPage, html: str) -> None:
    found = {choice.name: choice.count for choice in page.filters}
    assert found == {"only-A": 1, "only-B": 2, "none": 1, "all": 1, "differ": 3, "unjudged": 2}
    rows = Parsed(html).find("article")
    for name, count in found.items():
        assert sum(name in str(row["data-flags"]).split() for row in rows) == count
    for kind in page.failures:
        shown = [str(row["data-failures"]).split() for row in rows]
        assert sum(kind.name in names for names in shown) == kind.count
        assert tuple(sum(f"{kind.name}.{letter}" in names for names in shown) for letter in "AB") == kind.counts
        assert {letter: len(places) for letter, places in kind.places} == dict(zip("AB", kind.counts, strict=True))
    assert dict(page.fates)["not answered in this run"] == (1, 1)
    assert sum(counts[0] for _, counts in page.fates) == len(rows) == 7


SIDES: Mapping[str, tuple[Sequence[Fate], tuple[str, ...], str]] = {
    "two alike": (("right", "refused"), ("all",), "both right"),
    "two wrong": (("error", "over-refused"), ("none",), "both wrong"),
    "three, one right": (("wrong", "right", "wrong"), ("differ", "only-B"), "only B right"),
    "three, two right": (("right", "wrong", "right"), ("differ",), "A and C right"),
    "three right": (("right", "right", "right"), ("all",), "all right"),
    "without gold": (("right", "no gold"), ("unjudged",), "not compared"),
}


@pytest.mark.parametrize("case", SIDES)
def test_who_was_right(case: str) -> None:
    fates, flags, words = SIDES[case]
    sides = [Side(letter, fate) for letter, fate in zip("ABC", fates, strict=False)]
    assert (who_was_right(sides), who_in_words(sides)) == (flags, words)


def test_nothing_that_a_run_says_becomes_part_of_the_page(tmp_path: Path) -> None:
    page = written(hostile(tmp_path / "a"), hostile(tmp_path / "b"))
    parsed = Parsed(page)
    assert len(parsed.find("script")) == 1
    assert not parsed.find("img")
    attributes = Counter(name for _, found in parsed.elements for name in found)
    assert not [name for name in attributes if name.startswith("on") or name in {"src", "srcset", "action", "style"}]
    assert not [found for found in parsed.find("a") if not str(found.get("href", "#")).startswith("#")]
    assert parsed.text.count(SCRIPT) > 10
    assert parsed.unbalanced == parsed.open == []
    assert json.loads(str(parsed.find("article", id="q1")[0]["data-tags"])) == ['"><script>alert(2)</script>', SCRIPT]


def test_the_page_needs_nothing_beside_it(html: str) -> None:
    assert not re.findall(r"https?://|@import|//cdn|\bsrc=|<link|url\(", html)
    assert "default-src 'none'" in html


def test_identifiers_are_unique_and_every_inner_link_leads_somewhere(html: str) -> None:
    parsed = Parsed(html)
    names = Counter(str(found["id"]) for _, found in parsed.elements if "id" in found)
    assert [name for name, count in names.items() if count > 1] == []
    links = {str(found["href"])[1:] for found in parsed.find("a") if "href" in found}
    assert [link for link in links if "=" not in link and link not in names] == []
    offered = {str(found["value"]) for found in parsed.find("option") if found.get("value")}
    views = {link.removeprefix("failure=") for link in links if "=" in link}
    assert views
    assert views <= offered


def test_a_screen_reader_finds_its_way(html: str) -> None:
    parsed = Parsed(html)
    assert parsed.find("html", lang="en")
    assert parsed.find("a", **{"class": "skip", "href": "#questions"})
    assert all(len(parsed.find(tag)) == 1 for tag in LANDMARKS)
    levels = [int(tag[1]) for tag, _ in parsed.elements if re.fullmatch("h[1-6]", tag)]
    assert levels[0] == 1
    assert levels.count(1) == 1
    assert all(after <= before + 1 for before, after in pairwise(levels))
    names = {found.get("id") for _, found in parsed.elements}
    assert all(found["aria-labelledby"] in names for _, found in parsed.elements if "aria-labelledby" in found)
    (status,) = parsed.find("output", role="status")
    assert status["aria-live"] == "polite"
    assert all(found.get("scope") for found in parsed.find("th"))


def test_every_control_is_native_and_has_a_label(html: str) -> None:
    form = html[html.index("<form") : html.index("</form>")]
    without = re.sub(r"<label.*?</label>", "", form, flags=re.DOTALL)
    assert not re.findall(r"<(?:input|select|textarea)", without)
    assert len(re.findall(r"<label", form)) == len(re.findall(r"<(?:input|select)", form))
    assert re.search(r"<fieldset><legend>Who was right</legend>", form)
    assert not re.findall(r"tabindex=\"[1-9]|role=\"(?:button|checkbox|radio)", html)


def test_every_citation_and_every_mark_has_a_text(html: str) -> None:
    cites = re.findall(r'<(?:a|span) class="cite"[^>]*>(.*?)</', html)
    assert len(cites) == 9
    assert all(re.fullmatch(r"\[[AB]\d+\]", text) for text in cites)
    marks = re.findall(r"<mark[^>]*>(.*?)</mark>", html[html.index('id="list"') :], re.DOTALL)
    assert marks
    assert all('<span class="label">' in mark for mark in marks)
    assert '<span class="label">gold 1</span><span class="label">A1</span><span class="label">B1</span>Anna met' in html
    assert f'<a id="q2-A1"></a><span class="label">A1</span>{TEXT[slice(*SECOND)]}</mark>' in html


def test_a_citation_without_a_place_is_told_and_no_link(tmp_path: Path) -> None:
    lost = answered("Anna met Bo.", span(FIRST))
    lost["claims"] = [{"text": "Anna met Bo.", "citations": [7]}, {"text": "She did.", "citations": []}]
    runs = [make_run(tmp_path / name, meetings(1), [ARTICLE], {"q0": lost}) for name in "ab"]
    page = written(*runs)
    assert "[A7, which is not there]" in page
    assert "[no citation]" in page
    assert 'href="#q1-A7"' not in page


def test_differences_stand_in_words_with_interval_and_p(tmp_path: Path) -> None:
    questions = meetings(20)
    good = {item.id: RIGHT for item in questions}
    runs = [
        make_run(tmp_path / "a", questions, [ARTICLE], good),
        make_run(tmp_path / "b", questions, [ARTICLE], {**good, **{f"q{i}": refused() for i in range(18)}}),
    ]
    page = pages_of(*runs)
    row = next(row for row in page.metrics if row.name == "answer correct")
    ((value, paired),) = row.others
    assert (row.first.value, value.value, paired.difference, paired.verdict) == ("1.000", "0.100", "-0.900", "worse")
    found = compare_runs(scores_of(runs[0]), scores_of(runs[1]))
    change = next(change for change in found.changes if change.name == "answer_correct")
    assert (paired.won, paired.p_value) == ("0 won, 18 lost", shown_p_value(change.p_value))
    assert paired.interval == shown_change_interval("answer_correct", change.interval)
    told = f'<span class="said worse">worse</span> <small>p {paired.p_value} (Holm) · 0 won, 18 lost</small>'
    assert told in render_comparison(page)
    (only,) = pages_of(*runs, names=["answer_correct"]).metrics
    assert only.others[0][1].p_value == "<0.001"


def test_facts_notices_and_differences(tmp_path: Path) -> None:
    page = pages_of(*two(tmp_path, list="tuning", in_house=True))
    assert ("list", "tuning list, in-house") in page.facts
    assert [system.name for system in page.systems] == ["before", "after"]
    assert page.systems[1].differences == (("settings.k", "8", "4"),)
    assert page.notices == (
        "A is not complete: 1 of 7 questions has no record yet.",
        "B is not complete: 1 of 7 questions has no record yet.",
        "Values rest on what a run has; differences on the questions that were asked in both: 5 in A and B.",
        "Questions and articles were written for this project: scores are too high for news in the wild.",
    )


def test_three_runs_and_repetitions(tmp_path: Path) -> None:
    answers: list[Mapping[Any, Any]] = [{("q0", 0): RIGHT, ("q0", 1): WRONG}, {"q0": RIGHT}, {"q0": WRONG}]
    runs = [
        make_run(tmp_path / name, meetings(1), [ARTICLE], given, repeats=2)
        for name, given in zip("abc", answers, strict=True)
    ]
    page = pages_of(*runs)
    assert [row.verdict for row in page.questions] == ["A and B right", "only B right"]
    assert [row.seeds for row in page.questions] == ["A 0, B 0, C 0", "A 1, B 1, C 1"]
    assert {choice.label for choice in page.filters} >= {"Only C right", "All right", "All wrong"}
    assert all(len(row.others) == 2 for row in page.metrics)


def test_long_articles_are_cut_to_what_is_near_the_marks(tmp_path: Path) -> None:
    filler = "\n\n".join(f"Paragraph {number} of the filler goes on and on." for number in range(600))
    article = Article(id="a", title="Talks", text=f"{TEXT}\n\n{filler}")
    runs = [make_run(tmp_path / name, meetings(3), [article], {"q0": RIGHT, "q1": RIGHT, "q2": WRONG}) for name in "ab"]
    page = written(*runs)
    assert "Paragraph 0" not in page
    assert f"[{len(article.text) - len(TEXT)} characters left out]" in page


def test_plurals() -> None:
    assert [counted(count, "question") for count in (0, 1, 2)] == ["0 questions", "1 question", "2 questions"]


def test_the_page_is_the_same_each_time(tmp_path: Path, html: str) -> None:
    assert written(*two(tmp_path)) == html


def test_the_command_writes_the_page_and_says_how_to_open_it(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    runs = two(tmp_path)
    path = tmp_path / "new" / "page.html"
    call: tuple[str | Path, ...] = ("compare", *(run.folder for run in runs), "--page", path)
    status, out, err = evals(capsys, *call)
    assert (status, err) == (3, "")
    assert out.splitlines()[0].startswith("A: before · commit cccccccccccc")
    assert out.splitlines()[-2:] == [
        f"{path}: {path.stat().st_size / 1000:.0f} kB",
        f"open it in a browser: {path.as_uri()}",
    ]
    assert [found.name for found in path.parent.iterdir()] == ["page.html"]
    status, _, err = evals(capsys, *call)
    assert status == 2
    assert "--force" in err


def test_the_command_refuses_what_cannot_be_compared(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    first, second = (make_run(tmp_path / name, meetings(1), [ARTICLE], {"q0": RIGHT}) for name in "ab")
    make_run(tmp_path / "other", meetings(2), [ARTICLE], {"q0": RIGHT})
    save_scores(scores_of(first), tmp_path / "scores.json")
    path = tmp_path / "page.html"
    wrong: Mapping[str, tuple[str | Path, ...]] = {
        "cannot be compared": (first.folder, second.folder, tmp_path / "other", "--page", path),
        "has no texts to show": (first.folder, tmp_path / "scores.json", "--page", path),
        "on a page only": (first.folder, second.folder, first.folder),
        "none of --by, --list and --json": (first.folder, second.folder, "--page", path, "--json"),
    }
    for problem, arguments in wrong.items():
        status, out, err = evals(capsys, "compare", *arguments)
        assert (status, out) == (2, "")
        assert problem in err
    assert not path.exists()
    with pytest.raises(UsageError, match="do not fit"):
        pages_of(*[first] * 7)


@pytest.mark.skipif(CHROMIUM is None, reason="no Chromium here: the page's script is not run")
def test_a_link_to_a_kind_of_failure_opens_that_view_in_a_browser(tmp_path: Path, html: str) -> None:
    path = tmp_path / "page.html"
    path.write_text(html, encoding="utf-8")

    def view(fragment: str) -> tuple[Parsed, list[str]]:
        parsed = Parsed(dom_of(f"{path.as_uri()}#{fragment}", tmp_path / "profile"))
        return parsed, [str(row["id"]) for row in parsed.find("article") if "hidden" not in row]

    parsed, shown = view("failure=over-refused.A")
    assert shown == ["q3"]
    assert "1 of 7 questions" in parsed.text
    assert "hidden" not in parsed.find("form", id="filters")[0]
    parsed, shown = view("show=only-B&find=meet")
    assert shown == ["q2", "q4"]
    assert "2 of 7 questions; Who was right: Only B right; Search: “meet”" in parsed.text


def dom_of(address: str, profile: Path) -> str:
    """The page after its script ran, in a browser that reaches no other machine."""
    assert CHROMIUM is not None
    options = ("--headless", "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking")
    offline = "--host-resolver-rules=MAP * ~NOTFOUND"
    command = (CHROMIUM, *options, offline, f"--user-data-dir={profile}", "--dump-dom", address)
    return subprocess.run(command, capture_output=True, text=True, timeout=120, check=True).stdout
