"""Collects what the comparison page shows of one question: every system's answer, and the articles with all marks."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

from assistant.answer import Status
from assistant.render.answer import readable_date
from assistant.render.highlight import Excerpt, Excerpts, Piece, Place, excerpts, highlight
from evals.questions.schema import Question
from evals.report.failures import failures_of, parts_compared
from evals.report.question import gold_places, shown_seconds
from evals.report.recorded import Item
from evals.score.scoring import slice_names
from evals.score.tables import shown_value
from index.articles import Article

Fate = Literal["right", "refused", "wrong", "over-refused", "error", "no gold", "no record"]

RIGHT: frozenset[Fate] = frozenset({"right", "refused"})
JUDGED: frozenset[Fate] = RIGHT | {"wrong", "over-refused", "error"}
SHOWN_FATES: Mapping[Fate, str] = {
    "right": "right",
    "refused": "rightly refused",
    "wrong": "wrong",
    "over-refused": "over-refused",
    "error": "error",
    "no gold": "no gold answer",
    "no record": "not answered in this run",
}
SCORES = (("token_f1", "answer F1"), ("citation_f1_sentence", "citation F1"))
MOST_WHOLE = 20_000  # characters of an article that is shown whole; a longer one is cut to what is near its marks


@dataclass(frozen=True, slots=True)
class Reference:
    """A citation as an answer shows it, such as ``A2``, the second of system A; ``there``: a mark has its name."""

    label: str
    there: bool


@dataclass(frozen=True, slots=True)
class Side:
    """What one system made of a question.

    Attributes:
        letter: of the system.
        claims: its statements, each with what it cites.
        premise: it says that the question takes something wrong for granted.
        missing: of each gold part that the answer lacks, the first wording.
        failures: names of the kinds of failure.
    """

    letter: str
    fate: Fate
    claims: tuple[tuple[str, tuple[Reference, ...]], ...] = ()
    premise: bool = False
    missing: tuple[str, ...] = ()
    scores: tuple[tuple[str, str], ...] = ()
    failures: tuple[str, ...] = ()
    seconds: str = ""
    error: str = ""

    @property
    def shown_fate(self) -> str:
        return SHOWN_FATES[self.fate]


@dataclass(frozen=True, slots=True)
class Marked:
    """A run of characters; ``labels`` say in words what it is marked as, ``anchors`` are the citations that begin."""

    text: str
    mark: str
    labels: tuple[str, ...]
    anchors: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class MarkedExcerpt:
    """A part of an article; ``before`` is how many characters are left out before it."""

    before: int
    pieces: tuple[Marked, ...]


@dataclass(frozen=True, slots=True)
class MarkedArticle:
    """An article that a system cites or that is gold; ``after`` is how many characters are left out at its end."""

    title: str
    about: str
    marks: str
    excerpts: tuple[MarkedExcerpt, ...]
    after: int


@dataclass(frozen=True, slots=True)
class Row:
    """One question, side by side.

    Attributes:
        anchor: its name in the page.
        seeds: of each system's repetition; empty where nothing is asked twice.
        gold: the needed parts, each with its wordings.
        flags: which of the filters by who was right let it pass.
        failures: kinds of failure, alone and with the letter of the system: ``error`` and ``error.B``.
    """

    anchor: str
    id: str
    seeds: str
    text: str
    type: str
    tags: tuple[str, ...]
    about: tuple[tuple[str, str], ...]
    answerable: bool
    gold: tuple[tuple[str, ...], ...]
    sides: tuple[Side, ...]
    verdict: str
    flags: tuple[str, ...]
    failures: tuple[str, ...]
    articles: tuple[MarkedArticle, ...]


@dataclass(slots=True)
class _Marks:
    """The places of a question's articles; citations of all systems are numbered through, from 1."""

    labels: list[str] = field(default_factory=list)
    places: dict[str, list[Place]] = field(default_factory=dict)

    def cite(self, label: str, article: str, start: int, end: int) -> None:
        self.labels.append(label)
        self.places.setdefault(article, []).append(Place(start, end, cited=len(self.labels)))


def row_of(
    number: int,
    question: Question,
    items: Mapping[str, Item | None],
    articles: Mapping[str, Article],
    *,
    seeded: bool = False,
    whole: bool = True,
) -> Row:
    """A question with what each system made of it.

    Args:
        number: its place in the page, from 1.
        items: letter of a system → what it recorded, or None.
        articles: by id.
        seeded: the question is asked more than once, so that its seeds are told.
        whole: show articles whole, as far as they are no longer than ``MOST_WHOLE``.
    """
    anchor = f"q{number}"
    marks = _marks(question, items)
    shown = tuple(_article(name, places, marks.labels, articles, whole) for name, places in marks.places.items())
    there = {
        label for article in shown for part in article.excerpts for piece in part.pieces for label in piece.anchors
    }
    sides = tuple(_side(letter, item, there) for letter, item in items.items())
    seeds = ", ".join(f"{letter} {item.record.seed}" for letter, item in items.items() if item) if seeded else ""
    kinds = {kind: [side.letter for side in sides if kind in side.failures] for side in sides for kind in side.failures}
    return Row(
        anchor=anchor,
        id=question.id,
        seeds=seeds,
        text=question.question,
        type=question.question_type,
        tags=tuple(name.removeprefix("tag:") for name in slice_names(question) if name.startswith("tag:")),
        about=_about(question),
        answerable=question.answerable,
        gold=question.answers,
        sides=sides,
        verdict=who_in_words(sides),
        flags=who_was_right(sides),
        failures=tuple(name for kind, by in kinds.items() for name in (kind, *(f"{kind}.{letter}" for letter in by))),
        articles=shown,
    )


def who_was_right(sides: Sequence[Side]) -> tuple[str, ...]:
    """Names of the filters: ``only-A``, ``all``, ``none``, ``differ``; ``unjudged`` where a verdict is lacking."""
    if any(side.fate not in JUDGED for side in sides):
        return ("unjudged",)
    right = [side.letter for side in sides if side.fate in RIGHT]
    if len(right) == len(sides):
        return ("all",)
    if not right:
        return ("none",)
    return ("differ", *([f"only-{right[0]}"] if len(right) == 1 else ()))


def who_in_words(sides: Sequence[Side]) -> str:
    """``only A right``, ``both right``, ``both wrong``, ``A and C right``, ``not compared``."""
    flags, two = who_was_right(sides), len(sides) == 2
    if "unjudged" in flags:
        return "not compared"
    if "all" in flags:
        return "both right" if two else "all right"
    if "none" in flags:
        return "both wrong" if two else "all wrong"
    right = [side.letter for side in sides if side.fate in RIGHT]
    return f"only {right[0]} right" if len(right) == 1 else f"{', '.join(right[:-1])} and {right[-1]} right"


def fate_of(item: Item | None) -> Fate:
    """What became of a question; a refusal is right only where the articles do not answer."""
    if item is None:
        return "no record"
    if item.outcome.failed:
        return "error"
    if item.outcome.refused:
        return "over-refused" if item.outcome.question.answerable else "refused"
    return "right" if item.verdict == "right" else "wrong" if item.verdict == "wrong" else "no gold"


def _side(letter: str, item: Item | None, there: Iterable[str]) -> Side:
    if item is None:
        return Side(letter, "no record")
    outcome = item.outcome
    parts = zip(outcome.question.answers, parts_compared(item), strict=False)
    values = ((name, item.value(metric)) for metric, name in SCORES)
    return Side(
        letter=letter,
        fate=fate_of(item),
        claims=tuple(
            (said.text, tuple(Reference(f"{letter}{n}", f"{letter}{n}" in there) for n in said.citations))
            for said in outcome.statements
        ),
        premise=outcome.status == Status.FALSE_PREMISE,
        missing=tuple(texts[0] for texts, found in parts if not found),
        scores=tuple((name, shown_value("", value)) for name, value in values if value is not None),
        failures=failures_of(item),
        seconds=shown_seconds(item),
        error=": ".join(filter(None, (item.record.error_kind, outcome.error))),
    )


def _marks(question: Question, items: Mapping[str, Item | None]) -> _Marks:
    marks = _Marks(places=gold_places(question.evidence or question.instead))
    for letter, item in items.items():
        for passage in item.outcome.citations if item else ():
            marks.cite(f"{letter}{passage.number}", passage.article, passage.start, passage.end)
    return marks


def _article(
    name: str, places: Sequence[Place], labels: Sequence[str], articles: Mapping[str, Article], whole: bool
) -> MarkedArticle:
    article = articles.get(name) or Article(name, title=f"{name} is not among the articles of these runs")
    if whole and len(article.text) <= MOST_WHOLE:
        found = Excerpts((Excerpt(0, highlight(article.text, places)),), 0)
    else:
        found = excerpts(article.text, places)
    who = dict.fromkeys("gold" if place.gold else labels[place.cited - 1].rstrip("0123456789") for place in places)
    return MarkedArticle(
        title=article.title or name,
        about=" · ".join(filter(None, (article.source, readable_date(article.published)))),
        marks=", ".join(who),
        excerpts=tuple(
            MarkedExcerpt(part.before, tuple(_marked(piece, labels) for piece in part.pieces)) for part in found.parts
        ),
        after=found.after,
    )


def _marked(piece: Piece, labels: Sequence[str]) -> Marked:
    cited = tuple(labels[number - 1] for number in piece.cited)
    gold = tuple(f"gold {number}" for number in piece.gold)
    anchors = tuple(dict.fromkeys(labels[number - 1] for number in piece.first))
    return Marked(piece.text, piece.mark, (*gold, *dict.fromkeys(cited)), anchors)


def _about(question: Question) -> tuple[tuple[str, str], ...]:
    attack = question.attack
    every = (
        ("as of", question.as_of),
        ("asked before", " / ".join(turn.question for turn in question.history)),
        ("attack", attack.goal if attack else ""),
    )
    return tuple((name, value) for name, value in every if value)
