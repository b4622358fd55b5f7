"""Collects everything that the report page shows, as values, and renders it; the templates only lay it out."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

from assistant.render.answer import readable_date
from evals.report.figures import Plot, plots_of
from evals.report.origin import Facts, facts_of, shown_model
from evals.report.question import QuestionView, places_of, question_view
from evals.report.recorded import Recorded
from evals.report.rendering import render
from evals.report.slices import COLUMNS, Slice, slices_of
from evals.score.scoring import Better, Measured
from evals.score.tables import measured_row, shown_interval, shown_name, shown_value, spent_line
from index.articles import Article

MOST_ARTICLE_CHARACTERS = 20_000  # of one whole article, so that a set of books stays a page
TILES = {
    "answer_correct": "questions treated rightly",
    "citation_precision_sentence": "of the cited sentences are gold",
    "citation_recall_sentence": "of the gold evidence is cited",
    "abstention_recall": "of the unanswerable are refused",
    "over_refusal": "of the answerable get no answer",
    "total_seconds_p50": "median time to an answer",
}
# The first theme of which a prefix fits takes the metric.
THEMES = (
    ("Retrieval", ("hit@", "recall@", "all_gold@", "ndcg@", "mrr")),
    ("Citations", ("citation_", "cited_", "claim_", "words_cited")),
    (
        "Refusals and confidence",
        ("abstention_", "over_refusal", "false_answer", "confidence", "refused", "aurc", "cover"),
    ),
    ("Robustness", ("paraphrase_", "pass^", "pass@", "planned_", "attack_", "premise_", "instead_")),
    ("Answers", ("answer_", "token_f1", "exact_", "rouge", "vital_", "nugget_")),
    ("Time, tokens and cost", ("",)),
)
THEME_ORDER = ("Answers", "Citations", "Refusals and confidence", "Retrieval", "Robustness", "Time, tokens and cost")
SLICE_KINDS = ("answerable", "type", "tag")  # in this order; others behind them
FILTERS = (
    ("right", "Right"),
    ("wrong", "Wrong"),
    ("refused", "Refused"),
    ("uncited", "Gold not cited"),
    ("error", "Errors"),
)


@dataclass(frozen=True, slots=True)
class Bar:
    """A share and its interval on a line from 0 to 100."""

    value: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Row:
    """A metric as text; ``bar`` is None for what is no share."""

    name: str
    value: str
    interval: str
    n: str
    unscored: str
    errors: str
    better: Better
    bar: Bar | None


@dataclass(frozen=True, slots=True)
class Tile:
    """One of the few numbers that stand first."""

    value: str
    label: str
    interval: str
    n: int


@dataclass(frozen=True, slots=True)
class Theme:
    """Metrics that answer one kind of question."""

    title: str
    rows: tuple[Row, ...]


@dataclass(frozen=True, slots=True)
class SliceRow:
    """A slice as text; each cell is a value, its interval (empty when there is none) and n."""

    name: str
    count: int
    cells: tuple[tuple[str, str, int], ...]


@dataclass(frozen=True, slots=True)
class SliceGroup:
    """The slices of one kind: by answerability, by type, by tag."""

    kind: str
    rows: tuple[SliceRow, ...]


@dataclass(frozen=True, slots=True)
class WholeArticle:
    """An article that is cited or gold; ``link`` is its address where that is one of the web."""

    anchor: str
    id: str
    title: str
    about: str
    link: str
    address: str
    paragraphs: tuple[str, ...]
    left_out: int


@dataclass(frozen=True, slots=True)
class Choice:
    """Something to filter by, and how many questions it leaves."""

    name: str
    label: str
    count: int


@dataclass(frozen=True, slots=True)
class Page:
    """The whole page."""

    title: str
    description: str
    facts: tuple[tuple[str, str], ...]
    missing: int
    expected: int
    tiles: tuple[Tile, ...]
    themes: tuple[Theme, ...]
    others: tuple[Theme, ...]
    plots: tuple[Plot, ...]
    slice_columns: tuple[str, ...]
    slices: tuple[SliceGroup, ...]
    provenance: tuple[Facts, ...]
    filters: tuple[Choice, ...]
    types: tuple[Choice, ...]
    tags: tuple[Choice, ...]
    questions: tuple[QuestionView, ...]
    articles: tuple[WholeArticle, ...]


def page_of(recorded: Recorded) -> Page:
    """The page of a run."""
    run, scores = recorded.run, recorded.scores
    articles = run.articles
    wanted = dict.fromkeys(name for item in recorded.items for name in places_of(item) if name in articles)
    anchors = {name: f"article-{number}" for number, name in enumerate(wanted, start=1)}
    questions = tuple(question_view(item, articles, anchors, with_seed=recorded.repeats > 1) for item in recorded.items)
    headline = scores.headline
    shown = {item.name for item in headline}
    return Page(
        title=run.name,
        description=run.info.suite.description,
        facts=_facts(recorded),
        missing=scores.missing,
        expected=len(run.keys),
        tiles=tuple(_tiles(headline)),
        themes=_themes(headline),
        others=_themes(item for item in scores.measured.values() if item.name not in shown),
        plots=plots_of(recorded),
        slice_columns=tuple(map(shown_name, COLUMNS)),
        slices=_slice_groups(slices_of(scores)),
        provenance=facts_of(run),
        filters=tuple(Choice(key, label, sum(key in item.flags for item in questions)) for key, label in FILTERS),
        types=choices_of(item.type for item in questions),
        tags=choices_of(name for item in questions for name in item.tag_names),
        questions=questions,
        articles=tuple(_whole(articles[name], anchor) for name, anchor in anchors.items()),
    )


def _facts(recorded: Recorded) -> tuple[tuple[str, str], ...]:
    """What stands under the title."""
    info = recorded.run.info
    provenance = info.provenance
    dirty = ", with changes" if provenance.dirty else ""
    statuses = Counter(item.status for item in recorded.items)
    counts = ", ".join(f"{statuses[status]} {status}" for status in ("answered", "refused", "failed"))
    return (
        ("suite", info.suite.name),
        ("questions", counts),
        ("system", f"{provenance.system}, imported") if provenance.system else ("model", shown_model(provenance)),
        ("tokens and cost", spent_line(recorded.scores)),
        ("commit", provenance.commit[:12] + dirty if provenance.commit else "not known"),
        ("begun", f"{info.created.day} {info.created:%B %Y, %H:%M %Z}"),
    )


def _tiles(headline: Iterable[Measured]) -> list[Tile]:
    found = {item.name: item for item in headline}
    return [_tile(found[name], label) for name, label in TILES.items() if name in found]


def _tile(item: Measured, label: str) -> Tile:
    """Shares in per cent here, where they are read as words."""
    value, interval = item.metric.value, item.interval
    if value is None or "_seconds_" in item.name:
        return Tile(shown_value(item.name, value), label, shown_interval(item.name, interval), item.metric.n)
    ends = f"{100 * interval.low:.0f} … {100 * interval.high:.0f} %" if interval else "no interval"
    return Tile(f"{100 * value:.0f}\N{NO-BREAK SPACE}%", label, ends, item.metric.n)


def _themes(items: Iterable[Measured]) -> tuple[Theme, ...]:
    groups: dict[str, list[Row]] = {title: [] for title in THEME_ORDER}
    for item in items:
        title = next(title for title, prefixes in THEMES if item.name.startswith(prefixes))
        groups[title].append(_row(item))
    return tuple(Theme(title, tuple(rows)) for title, rows in groups.items() if rows)


def _row(item: Measured) -> Row:
    return Row(*measured_row(item), better=item.better, bar=_bar(item))


def _bar(item: Measured) -> Bar | None:
    value, interval = item.metric.value, item.interval
    no_share = ("_seconds_" in item.name, item.name.endswith(("_tokens", "_usd")), item.name == "words_cited")
    if value is None or any(no_share):
        return None
    low, high = (interval.low, interval.high) if interval else (value, value)
    return Bar(*(round(100 * number, 2) for number in (value, low, high)))


def _slice_groups(slices: Iterable[Slice]) -> tuple[SliceGroup, ...]:
    groups: dict[str, list[SliceRow]] = {kind: [] for kind in SLICE_KINDS}
    for part in slices:
        kind, _, name = part.name.partition(":")
        groups.setdefault(kind, []).append(SliceRow(name, part.count, tuple(map(_cell, part.cells))))
    return tuple(SliceGroup(kind, tuple(rows)) for kind, rows in groups.items() if rows)


def _cell(item: Measured) -> tuple[str, str, int]:
    interval = shown_interval(item.name, item.interval) if item.interval else ""
    return shown_value(item.name, item.metric.value), interval, item.metric.n


def choices_of(names: Iterable[str]) -> tuple[Choice, ...]:
    """The names with how often each is there, in alphabetical order; an empty name is no choice."""
    return tuple(Choice(name, name, count) for name, count in sorted(Counter(names).items()) if name)


def _whole(article: Article, anchor: str) -> WholeArticle:
    about = " · ".join(filter(None, (article.source, article.author, readable_date(article.published))))
    link = article.url if article.url.lower().startswith(("https://", "http://")) else ""
    text = article.text[:MOST_ARTICLE_CHARACTERS]
    paragraphs = tuple(paragraph for paragraph in text.split("\n") if paragraph.strip())
    left_out = len(article.text) - len(text)
    return WholeArticle(anchor, article.id, article.title or article.id, about, link, article.url, paragraphs, left_out)


def render_page(page: Page) -> str:
    """The page; everything that is not the templates' own text is escaped."""
    return render("page.html.j2", page, ["page.css"])
