"""Collects what the page of two or more compared runs shows, as values; the templates only lay it out."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from string import ascii_uppercase

from evals.questions.schema import Question
from evals.report.failures import KINDS
from evals.report.origin import shown_commit, shown_model
from evals.report.page import Choice, choices_of
from evals.report.paired_metrics import MetricRow, metric_rows
from evals.report.recorded import Item, Recorded
from evals.report.rendering import counted, render
from evals.report.side_by_side import SHOWN_FATES, Row, row_of
from evals.run.ledger import looks_at
from evals.score.comparison import RunComparison, compare_runs
from index.articles import Article
from index.errors import UsageError

MOST_RUNS = 6  # more columns than that nobody reads
MOST_TEXT = 2_000_000  # characters of articles on the page; beyond it they are cut to what is near the marks


@dataclass(frozen=True, slots=True)
class System:
    """One of the runs; ``differences`` are those to the first: what, there, here."""

    letter: str
    name: str
    facts: tuple[tuple[str, str], ...]
    differences: tuple[tuple[str, str, str], ...]


@dataclass(frozen=True, slots=True)
class FailureRow:
    """A kind of failure: in how many questions each system shows it, and where."""

    name: str
    label: str
    says: str
    count: int
    counts: tuple[int, ...]
    places: tuple[tuple[str, tuple[tuple[str, str], ...]], ...]


@dataclass(frozen=True, slots=True)
class ComparisonPage:
    """The whole page.

    Attributes:
        notices: what a reader has to know before any number.
        fates: how often each system met each fate: its words, and a count for each system.
    """

    title: str
    description: str
    facts: tuple[tuple[str, str], ...]
    notices: tuple[str, ...]
    systems: tuple[System, ...]
    metrics: tuple[MetricRow, ...]
    tested: int
    fates: tuple[tuple[str, tuple[int, ...]], ...]
    failures: tuple[FailureRow, ...]
    filters: tuple[Choice, ...]
    types: tuple[Choice, ...]
    tags: tuple[Choice, ...]
    questions: tuple[Row, ...]

    @property
    def labels(self) -> Mapping[str, str]:
        """Kind of failure → its words."""
        return {row.name: row.label for row in self.failures}


def comparison_page_of(runs: Sequence[Recorded], names: Sequence[str] = ()) -> ComparisonPage:
    """The page of two or more runs over the same questions.

    Args:
        names: metrics; none given: those of the headline for which a run has a value.

    Raises:
        UsageError: too many runs, other questions or articles, no question in common, or no such metric.
    """
    if not 2 <= len(runs) <= MOST_RUNS:
        raise UsageError(f"{len(runs)} runs do not fit on one page", f"give 2 to {MOST_RUNS}")
    found = tuple(compare_runs(runs[0].scores, other.scores, names) for other in runs[1:])
    letters = ascii_uppercase[: len(runs)]
    rows = _rows(dict(zip(letters, runs, strict=True)))
    suite = runs[0].run.info.suite
    return ComparisonPage(
        title=" and ".join(f"{letter}: {of.run.name}" for letter, of in zip(letters, runs, strict=True)),
        description=suite.description,
        facts=_facts(runs, rows),
        notices=tuple(_notices(runs, letters, found)),
        systems=_systems(runs, letters, found),
        metrics=tuple(metric_rows([of.scores for of in runs], found, names)),
        tested=max(sum(change.tested is not None for change in pair.changes) for pair in found),
        fates=tuple((words, counts) for fate, words in SHOWN_FATES.items() if any(counts := _with_fate(rows, fate))),
        failures=tuple(_failures(rows, letters)),
        filters=tuple(_filters(rows, letters)),
        types=choices_of(row.type for row in rows),
        tags=choices_of(tag for row in rows for tag in row.tags),
        questions=rows,
    )


def render_comparison(page: ComparisonPage) -> str:
    """The page; everything that is not the templates' own text is escaped."""
    return render("comparison.html.j2", page, ["page.css", "comparison.css"])


def _seeded(runs: Iterable[Recorded]) -> bool:
    return any(of.repeats > 1 for of in runs)


def _rows(runs: Mapping[str, Recorded]) -> tuple[Row, ...]:
    """A row for each question and repetition of which a run has a record."""
    first, *_ = runs.values()
    found = {letter: _by_repetition(of) for letter, of in runs.items()}
    repetitions = max(of.repeats for of in runs.values())
    keys = [(question, n) for n in range(repetitions) for question in first.run.questions]
    asked = [
        (question, {letter: items.get((question.id, n)) for letter, items in found.items()}) for question, n in keys
    ]
    asked = [(question, items) for question, items in asked if any(items.values())]
    articles = first.run.articles
    whole, seeded = _text_of(asked, articles) <= MOST_TEXT, _seeded(runs.values())
    return tuple(
        row_of(number, question, items, articles, seeded=seeded, whole=whole)
        for number, (question, items) in enumerate(asked, start=1)
    )


def _by_repetition(of: Recorded) -> dict[tuple[str, int], Item]:
    """Question and which repetition of it, from 0 → what is recorded."""
    first = of.run.info.suite.seed
    return {(item.record.question, item.record.seed - first): item for item in of.items}


def _text_of(asked: Iterable[tuple[Question, Mapping[str, Item | None]]], articles: Mapping[str, Article]) -> int:
    """Characters of all articles, once for each question that shows them."""
    total = 0
    for question, items in asked:
        gold = (span.article for group in (question.evidence or question.instead) for span in group)
        cited = (passage.article for item in items.values() if item for passage in item.outcome.citations)
        total += sum(len(articles[name].text) for name in {*gold, *cited} if name in articles)
    return total


def _facts(runs: Sequence[Recorded], rows: Sequence[Row]) -> tuple[tuple[str, str], ...]:
    suite, run = runs[0].run.info.suite, runs[0].run
    names = dict.fromkeys(of.run.info.suite.name for of in runs)
    every = (
        ("suite", ", ".join(names)),
        ("list", suite.marks or "none"),
        ("looks at the test list", _looks(names) if suite.list == "test" else ""),
        ("questions", str(len(run.questions))),
        ("asked with seeds", counted(len(rows), "record") if _seeded(runs) else ""),
        ("articles", str(len(run.articles))),
    )
    return tuple((name, value) for name, value in every if value)


def _looks(suites: Iterable[str]) -> str:
    count = sum(len(looks_at(name)) for name in suites)
    return f"{counted(count, 'state')} of the system so far"


def _notices(runs: Sequence[Recorded], letters: str, found: Sequence[RunComparison]) -> Iterable[str]:
    for letter, of in zip(letters, runs, strict=True):
        if of.scores.missing:
            yield (
                f"{letter} is not complete: {of.scores.missing} of {counted(len(of.run.keys), 'question')} "
                f"{'has' if of.scores.missing == 1 else 'have'} no record yet."
            )
    if any(not pair.complete for pair in found):
        pairs = ", ".join(
            f"{n} in A and {letter}" for letter, n in zip(letters[1:], (p.questions for p in found), strict=True)
        )
        yield f"Values rest on what a run has; differences on the questions that were asked in both: {pairs}."
    if runs[0].run.info.suite.in_house:
        yield "Questions and articles were written for this project: scores are too high for news in the wild."


def _systems(runs: Sequence[Recorded], letters: str, found: Sequence[RunComparison]) -> tuple[System, ...]:
    differences = [(), *(tuple((d.name, d.first, d.second) for d in pair.differences) for pair in found)]
    return tuple(
        System(letter, of.run.name, _system_facts(of), unlike)
        for letter, of, unlike in zip(letters, runs, differences, strict=True)
    )


def _system_facts(of: Recorded) -> tuple[tuple[str, str], ...]:
    info = of.run.info
    settings = ", ".join(f"{name} = {value}" for name, value in info.suite.settings.items())
    every = (
        ("begun", f"{info.created.day} {info.created:%B %Y, %H:%M %Z}"),
        ("model", shown_model(info.provenance)),
        ("set by the suite or by hand", settings),
        ("perturbation", info.suite.perturb),
        ("seeds", ", ".join(map(str, info.suite.seeds))),
        ("commit", shown_commit(info.provenance)),
        ("code", info.provenance.code[:12]),
    )
    return tuple((name, value) for name, value in every if value)


def _with_fate(rows: Sequence[Row], fate: str) -> tuple[int, ...]:
    return tuple(sum(side.fate == fate for side in sides) for sides in zip(*(row.sides for row in rows), strict=True))


def _failures(rows: Sequence[Row], letters: str) -> Iterable[FailureRow]:
    """Kinds that occur, with their questions."""
    for kind in KINDS:
        places = {
            letter: tuple((row.anchor, row.id) for row in rows if f"{kind.name}.{letter}" in row.failures)
            for letter in letters
        }
        if any(places.values()):
            count = sum(kind.name in row.failures for row in rows)
            counts = tuple(map(len, places.values()))
            yield FailureRow(kind.name, kind.label, kind.says, count, counts, tuple(places.items()))


def _filters(rows: Sequence[Row], letters: str) -> Iterable[Choice]:
    two = len(letters) == 2
    labels = {
        **{f"only-{letter}": f"Only {letter} right" for letter in letters},
        "none": "Both wrong" if two else "All wrong",
        "all": "Both right" if two else "All right",
        "differ": "Differ",
        "unjudged": "Not compared",
    }
    for name, label in labels.items():
        count = sum(name in row.flags for row in rows)
        if count or name != "unjudged":
            yield Choice(name, label, count)
