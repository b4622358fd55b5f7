"""The page of a run: complete, escaped, self-contained, and right about what it marks."""

import base64
import hashlib
import json
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from html.parser import HTMLParser
from itertools import pairwise
from pathlib import Path
from typing import Any

import matplotlib as mpl
import pytest

from evals.commands.main import main
from evals.questions.schema import Attack, Question, Turn
from evals.report.page import page_of, render_page
from evals.report.plots import COLOURS, latency_plot
from evals.report.recorded import read_recorded
from evals.report.series import Stage, citations_of, reliability_of
from evals.run.records import Run
from index.articles import Article
from tests.eval_outcomes import FIRST, SECOND, TEXT, ask, span
from tests.eval_runs import ARTICLE, RIGHT, WRONG, answered, make_run, meetings, mysteries, refused

SCRIPT = "<script>alert('owned')</script>"
WITHOUT_END = {"meta", "link", "input", "br", "img", "hr", "use", "path"}
TEMPLATES = Path(__file__).parents[2] / "evals" / "report" / "templates"


class Parsed(HTMLParser):
    """A page's elements with their attributes, and its text without scripts and styles."""

    def __init__(self, page: str) -> None:
        super().__init__(convert_charrefs=True)
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self.open: list[str] = []
        self.unbalanced: list[str] = []
        self.feed(page)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))
        if tag not in WITHOUT_END:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        if tag in {"li", "p", "option"} or tag in WITHOUT_END:
            self.open = self.open[: -1 if self.open[-1:] == [tag] else None]
        elif self.open and self.open[-1] == tag:
            self.open.pop()
        else:
            self.unbalanced.append(tag)

    def handle_data(self, data: str) -> None:
        if not {"script", "style"} & set(self.open):
            self.text += data

    def find(self, tag: str, **attributes: str) -> list[dict[str, str | None]]:
        return [found for name, found in self.elements if name == tag and attributes.items() <= {**found}.items()]


def page_text(run: Run) -> str:
    return render_page(page_of(read_recorded(run)))


def made(folder: Path, questions: Sequence[Question], answers: Mapping[Any, Any], **suite: Any) -> Run:
    return make_run(folder, questions, [ARTICLE], answers, **suite)


def questions_of(page: str) -> dict[str, dict[str, str | None]]:
    """Question anchor → attributes of its element."""
    return {str(found["id"]): found for found in Parsed(page).find("details", **{"class": "question"})}


def every_kind(folder: Path, **suite: Any) -> Run:
    """A right, a wrong, a refused and a failed answer, and one that is missing."""
    questions = (*meetings(5, question_type="single", tags=("core", "trap:Bo")), *mysteries(1, question_type="none"))
    answers = {"q0": RIGHT, "q1": WRONG, "q2": refused(), "q3": "no answer within 60 s", "u0": refused()}
    return made(folder, questions, answers, **suite)


def hostile(folder: Path) -> Run:
    """A run in which every text is an attack on the page."""
    text = f"{SCRIPT} Anna met Bo. </details><img src=x onerror=alert(1)>"
    quote = '"><script>alert(2)</script>'
    articles = [
        Article(id=quote, title=SCRIPT, source=quote, url="javascript:alert(1)", author=SCRIPT, text=text),
        Article(id="b", title="B", url='https://example.org/"onmouseover="alert(1)', text="Bo spoke."),
    ]
    cited = span(FIRST).model_copy(update={"article": quote, "start": 0, "end": len(text), "text": text})
    other = span(FIRST).model_copy(update={"article": "b", "start": 0, "end": 9, "text": "Bo spoke."})
    question = ask(
        (SCRIPT, quote),
        id=quote,
        question=SCRIPT,
        question_type=quote,
        tags=(quote, SCRIPT),
        group=SCRIPT,
        history=(Turn(question=SCRIPT, answer=SCRIPT),),
        attack=Attack(goal=SCRIPT, says=(quote,)),
        evidence=((cited,), (other,)),
    )
    failed = question.model_copy(update={"id": SCRIPT})
    reply = answered(SCRIPT, cited, other)
    reply["warnings"] = [SCRIPT]
    reply["rejected"] = [{"text": SCRIPT, "labels": [quote], "reason": SCRIPT}]
    reply["evidence"] = [{"label": quote, "sentence": SCRIPT}]
    reply["timings_ms"] = {"total": 5.0, "<script>$x$": 3.0}
    origin = {"model": SCRIPT, "settings": {SCRIPT: quote}, "packages": {SCRIPT: quote}, "machine": {SCRIPT: quote}}
    given_answers = {quote: reply, SCRIPT: f"failed: {SCRIPT}"}
    return make_run(folder, [question, failed], articles, given_answers, provenance=origin, description=SCRIPT)


def test_nothing_that_a_run_says_becomes_part_of_the_page(tmp_path: Path) -> None:
    page = page_text(hostile(tmp_path / "run"))
    parsed = Parsed(page)
    assert len(parsed.find("script")) == 1
    assert not parsed.find("img")
    attributes = Counter(name for _, found in parsed.elements for name in found)
    assert not [name for name in attributes if name.startswith("on") or name in {"src", "srcset", "action"}]
    assert [found["href"] for found in parsed.find("a") if not str(found["href"]).startswith("#")] == [
        'https://example.org/"onmouseover="alert(1)'
    ]
    assert parsed.text.count(SCRIPT) > 20
    assert parsed.unbalanced == parsed.open == []
    assert json.loads(str(parsed.find("details", id="q1")[0]["data-tags"])) == ['"><script>alert(2)</script>', SCRIPT]


def test_the_page_needs_nothing_beside_it(tmp_path: Path) -> None:
    page = page_text(every_kind(tmp_path / "run"))
    assert not re.findall(r"https?://|@import|//cdn|\bsrc=|<link", page)
    assert set(re.findall(r"url\((.)", page)) <= {"#"}
    parsed = Parsed(page)
    assert parsed.find("html", lang="en")
    assert "run · evaluation report" in parsed.text
    assert parsed.unbalanced == parsed.open == []


def test_only_the_pages_own_script_may_run(tmp_path: Path) -> None:
    page = page_text(every_kind(tmp_path / "run"))
    script = page[page.index("<script>") + len("<script>") : page.index("</script>")]
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    policy = Parsed(page).find("meta", **{"http-equiv": "Content-Security-Policy"})[0]["content"]
    assert f"script-src 'sha256-{digest}'" in str(policy)
    assert "default-src 'none'" in str(policy)
    assert script == (TEMPLATES / "page.js").read_text(encoding="utf-8")


def test_identifiers_are_unique_and_every_inner_link_leads_somewhere(tmp_path: Path) -> None:
    elements = Parsed(page_text(every_kind(tmp_path / "run"))).elements
    names = Counter(found["id"] for _, found in elements if "id" in found)
    assert [name for name, count in names.items() if count > 1] == []
    links = {str(found["href"]) for _, found in elements if str(found.get("href", "")).startswith("#")}
    assert len(links) > 10
    assert [link for link in links if link[1:] not in names] == []


def test_filters_know_what_became_of_each_question(tmp_path: Path) -> None:
    found = list(questions_of(page_text(every_kind(tmp_path / "run"))).values())
    assert [item["data-flags"] for item in found] == [
        "right",
        "wrong uncited",
        "wrong refused",
        "error",
        "right refused",
    ]
    assert [item["data-status"] for item in found] == ["answered", "answered", "refused", "failed", "refused"]
    assert {item["data-type"] for item in found} == {"single", "none"}
    assert json.loads(str(found[0]["data-tags"])) == ["core", "trap"]
    assert json.loads(str(found[-1]["data-tags"])) == []


def test_a_question_shows_its_answer_its_gold_and_its_error(tmp_path: Path) -> None:
    page = page_text(every_kind(tmp_path / "run"))
    text = " ".join(Parsed(page).text.split())
    assert "1 of 6 questions have no record yet; every number here is about the 5 that have one." in text
    assert "Error. time-out: no answer within 60 s" in text
    assert "The articles do not say." in text
    assert "Not answerable: a refusal is right." in text
    assert "found Bo" in text
    assert "missing Bo" in text
    assert f'id="q1-c1"><span class="label">[1] gold 1</span>{TEXT[slice(*FIRST)]}</mark>' in page
    assert f'<mark class="cited" id="q2-c1"><span class="label">[1]</span>{TEXT[slice(*SECOND)]}</mark>' in page
    assert f'<mark class="gold"><span class="label">gold 1</span>{TEXT[slice(*FIRST)]}</mark>' in page


def test_a_citation_that_is_not_there_and_a_statement_without_one_are_told(tmp_path: Path) -> None:
    lost, bare = answered("Anna met Bo.", span(FIRST)), answered("Anna met Bo.")
    lost["claims"] = [{"text": "Anna met Bo.", "citations": [7]}]
    page = page_text(made(tmp_path / "run", meetings(2), {"q0": lost, "q1": bare}))
    assert "[7, which is not there]" in page
    assert "[no citation]" in page
    assert {item["data-flags"] for item in questions_of(page).values()} == {"right uncited"}


def test_rejected_statements_stand_with_their_reason_and_sentence(tmp_path: Path) -> None:
    reply = {
        **RIGHT,
        "rejected": [{"text": "Anna met Cara.", "labels": ["S2", "S9"], "reason": "it is denied"}],
        "evidence": [{"label": "S2", "sentence": "She did not meet Cara."}],
    }
    text = " ".join(Parsed(page_text(made(tmp_path / "run", meetings(1), {"q0": reply}))).text.split())
    assert "Anna met Cara. Because it is denied. S2: She did not meet Cara. S9: no such sentence" in text


RUNS: Mapping[str, tuple[Sequence[Question], Mapping[str, Any]]] = {
    "errors only": (meetings(2), {"q0": "broke", "q1": "broke"}),
    "refusals only": ((*meetings(1), *mysteries(1)), {"q0": refused(), "u0": refused()}),
    "no confidence": (meetings(2), {"q0": {**RIGHT, "confidence": None}, "q1": {**WRONG, "confidence": None}}),
    "no gold": ((ask(id="q0"),), {"q0": RIGHT}),
    "no times, no hits": (meetings(1), {"q0": {**RIGHT, "timings_ms": {}, "hits": []}}),
    "long prose": (
        (ask(("Long prose",), id="q0", answer_type="long", evidence=((span(FIRST),),)),),
        {"q0": RIGHT},
    ),
    "an article that the run lacks": (
        meetings(1),
        {"q0": answered("Bo", span(FIRST).model_copy(update={"article": "z"}))},
    ),
    "no record": (meetings(2), {}),
}


@pytest.mark.parametrize("kind", RUNS)
def test_every_kind_of_run_has_a_page(kind: str, tmp_path: Path) -> None:
    questions, answers = RUNS[kind]
    page = page_text(made(tmp_path / "run", questions, answers))
    parsed = Parsed(page)
    assert len(questions_of(page)) == len(answers)
    assert parsed.unbalanced == parsed.open == []
    assert "None" not in parsed.text
    assert "nan" not in parsed.text.lower().split()


def test_what_cannot_be_drawn_says_why(tmp_path: Path) -> None:
    page = page_text(made(tmp_path / "run", *RUNS["no record"]))
    assert "<svg" not in page
    assert "No confidence is recorded." in page
    assert "Nothing is scored: no question has a record yet." in page


def test_verdicts_of_questions_without_gold_are_no_verdicts(tmp_path: Path) -> None:
    (item,) = read_recorded(made(tmp_path / "run", *RUNS["no gold"])).items
    assert (item.verdict, item.misses_gold) == ("no gold", False)


def test_repetitions_have_scores_of_their_own(tmp_path: Path) -> None:
    run = made(tmp_path / "run", meetings(1), {("q0", 0): RIGHT, ("q0", 1): WRONG}, repeats=2)
    recorded = read_recorded(run)
    assert [item.value("answer_correct") for item in recorded.items] == [1, 0]
    assert [item.verdict for item in recorded.items] == ["right", "wrong"]
    page = page_text(run)
    assert "seed 0" in page
    assert "seed 1" in page
    assert len(questions_of(page)) == 2


def test_long_articles_are_shown_around_what_is_marked_and_once_as_a_whole(tmp_path: Path) -> None:
    filler = "\n\n".join(f"Paragraph {number} of the filler goes on and on." for number in range(600))
    article = Article(id="a", title="Talks", url="https://example.org/talks", text=f"{TEXT}\n\n{filler}")
    answers = {f"q{number}": RIGHT for number in range(5)}
    page = page_text(make_run(tmp_path / "run", meetings(5), [article], answers))
    assert page.count("Paragraph 5 of the filler") == 1
    assert f"The page leaves out the last {len(article.text) - 20_000} characters." in page
    assert 'href="https://example.org/talks" rel="noopener noreferrer nofollow"' in page


def test_bins_hold_every_confidence_and_never_part_equal_ones(tmp_path: Path) -> None:
    questions = (*meetings(20), *mysteries(5))
    answers = {
        **{f"q{number}": {**RIGHT, "confidence": 1.0 if number < 12 else number / 100} for number in range(20)},
        **{f"u{number}": refused(confidence=0.01) for number in range(5)},
    }
    bins = reliability_of(read_recorded(made(tmp_path / "run", questions, answers)).scores)
    assert sum(item.count for item in bins) == 25
    assert (bins[0].count, bins[0].answerable) == (5, 0)
    assert bins[0].confidence == pytest.approx(0.01)
    assert (bins[-1].count, bins[-1].low, bins[-1].answerable) == (12, 1.0, 1)
    assert all(one.high < other.low for one, other in pairwise(bins))


def test_bubbles_count_the_questions_of_one_place(tmp_path: Path) -> None:
    found = citations_of(read_recorded(every_kind(tmp_path / "run")))
    assert found is not None
    assert [(item.precision, item.recall, item.count) for item in found.bubbles] == [(0, 0, 2), (1, 1, 1)]


def test_plots_are_the_same_each_time_and_leave_no_trace() -> None:
    stages = [Stage("write $x$ <b>", 0.5, 2.0, 4), Stage("none", 0.0, 0.0, 4)]
    svg = latency_plot(stages)
    assert svg == latency_plot(stages)
    assert (mpl.rcParams["svg.hashsalt"], mpl.rcParams["svg.fonttype"]) == (None, "path")
    assert ">write $x$ &lt;b&gt;</text>" in svg
    assert not [placeholder for placeholder in COLOURS if placeholder in svg]
    assert "currentColor" in svg
    assert "DejaVu" not in svg
    assert svg.startswith("<svg viewBox=")


def test_the_page_is_the_same_each_time(tmp_path: Path) -> None:
    run = every_kind(tmp_path / "run")
    assert page_text(run) == page_text(Run(run.folder))


def report(capsys: pytest.CaptureFixture[str], *arguments: str | Path) -> tuple[int, str, str]:
    with pytest.raises(SystemExit) as caught:
        main(["report", *map(str, arguments)])
    printed = capsys.readouterr()
    return int(caught.value.code or 0), printed.out, printed.err


def test_the_command_writes_a_page_into_the_run(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run = made(tmp_path / "run", meetings(1), {"q0": RIGHT})
    status, out, err = report(capsys, run.folder)
    path = run.folder / "report.html"
    assert (status, err) == (0, "")
    assert out == f"{path}: {path.stat().st_size / 1000:.0f} kB\n"
    assert path.read_text(encoding="utf-8").startswith("<!doctype html>")


def test_the_command_writes_what_is_asked_for_and_tells_an_incomplete_run(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run = every_kind(tmp_path / "run")
    names = ("r.html", "new/r.md", "r.csv", "r.xml")
    options = zip(("--html", "--markdown", "--csv", "--junit"), names, strict=True)
    status, out, _ = report(
        capsys, run.folder, *(part for option, name in options for part in (option, tmp_path / name))
    )
    assert status == 3
    assert [line.partition(": ")[0] for line in out.splitlines()] == [str(tmp_path / name) for name in names]
    assert all((tmp_path / name).stat().st_size for name in names)
    assert not (run.folder / "report.html").exists()


def test_a_file_that_cannot_be_written_is_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run = made(tmp_path / "run", meetings(1), {"q0": RIGHT})
    status, _, err = report(capsys, run.folder, "--csv", run.folder / "run.json" / "r.csv")
    assert status == 1
    assert "cannot be written" in err
    assert report(capsys, tmp_path / "none")[0] == 1
