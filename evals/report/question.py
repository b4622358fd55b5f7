"""Collects what the report page shows of one question."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from assistant.render.answer import readable_date
from assistant.render.cost import dollars
from assistant.render.highlight import Excerpts, Place, excerpts
from evals.metrics.answers import parts_found
from evals.metrics.citations import Level
from evals.metrics.retrieval import found
from evals.questions.schema import Span
from evals.report.recorded import Item, Status, Verdict
from evals.score.scoring import slice_names
from evals.score.tables import NOTHING, shown_name, shown_value
from index.articles import Article

LEVEL: Level = "sentence"
SHOWN_SCORES = (
    *("answer_correct", "answer_recall", "token_f1", "citation_precision_sentence", "citation_recall_sentence"),
    *("citation_f1_sentence", "cited_first", "claim_support", "planned_as_happened", "attack_success"),
)
MOST_SNIPPET = 140  # characters of a hit; the page has the whole article where it is cited or gold


@dataclass(frozen=True, slots=True)
class Gold:
    """A part that the answer needs: one of the texts; ``found`` is None where words are not compared."""

    texts: tuple[str, ...]
    found: bool | None


@dataclass(frozen=True, slots=True)
class Dropped:
    """A statement that was not shown, why, and the sentences that it pointed at."""

    text: str
    reason: str
    sentences: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Shown:
    """An article with the parts that bear on the question.

    Attributes:
        anchor: where the page has the whole text; empty when the run does not have the article.
        marks: what is marked in it, in words.
    """

    id: str
    title: str
    about: str
    anchor: str
    marks: str
    excerpts: Excerpts


@dataclass(frozen=True, slots=True)
class FoundHit:
    """A chunk that was retrieved.

    Attributes:
        ranks: its ranks in the two searches and its relevance, as text.
        gold: numbers of the evidence groups that no better hit covers.
    """

    rank: int
    title: str
    snippet: str
    ranks: str
    gold: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class QuestionView:
    """One question as the page shows it; ``anchor`` names it in the page, ``flags`` are what the filters ask for."""

    anchor: str
    id: str
    seed: int | None
    text: str
    type: str
    tags: tuple[str, ...]
    tag_names: tuple[str, ...]
    facts: tuple[tuple[str, str], ...]
    answerable: bool
    verdict: Verdict
    status: Status
    flags: tuple[str, ...]
    confidence: str
    seconds: str
    error: str
    claims: tuple[tuple[str, tuple[int, ...]], ...]
    cited: frozenset[int]
    gold: tuple[Gold, ...]
    scores: tuple[tuple[str, str], ...]
    dropped: tuple[Dropped, ...]
    warnings: tuple[str, ...]
    articles: tuple[Shown, ...]
    hits: tuple[FoundHit, ...]


def question_view(
    item: Item, articles: Mapping[str, Article], anchors: Mapping[str, str], *, with_seed: bool
) -> QuestionView:
    """What there is to show of an item.

    Args:
        anchors: article id → where the page has its whole text.
        with_seed: the run asks every question several times.
    """
    outcome, answer = item.outcome, item.record.answer or {}
    question = outcome.question
    return QuestionView(
        anchor=f"q{item.number}",
        id=question.id,
        seed=item.record.seed if with_seed else None,
        text=question.question,
        type=question.question_type,
        tags=question.tags,
        tag_names=tuple(name.removeprefix("tag:") for name in slice_names(question) if name.startswith("tag:")),
        facts=_facts(item),
        answerable=question.answerable,
        verdict=item.verdict,
        status=item.status,
        flags=flags_of(item),
        confidence=NOTHING if outcome.confidence is None else f"{outcome.confidence:.4f}",
        seconds=shown_seconds(item),
        error=": ".join(filter(None, (item.record.error_kind, outcome.error))),
        claims=tuple((statement.text, statement.citations) for statement in outcome.statements),
        cited=frozenset(passage.number for passage in outcome.citations),
        gold=_gold(item),
        scores=tuple(_scores(item)),
        dropped=_dropped(answer),
        warnings=tuple(answer.get("warnings", ())),
        articles=_articles(item, articles, anchors),
        hits=_hits(item, articles),
    )


def flags_of(item: Item) -> tuple[str, ...]:
    """Names of the filters that let the item pass."""
    given = {
        "right": item.verdict == "right",
        "wrong": item.verdict == "wrong",
        "refused": item.status == "refused",
        "uncited": item.misses_gold,
        "error": item.verdict == "error",
    }
    return tuple(name for name, holds in given.items() if holds)


def places_of(item: Item) -> dict[str, list[Place]]:
    """Article id → what is cited and what is gold in it; cited articles first."""
    places: dict[str, list[Place]] = {}
    for passage in item.outcome.citations:
        places.setdefault(passage.article, []).append(Place(passage.start, passage.end, cited=passage.number))
    for name, gold in gold_places(item.outcome.question.evidence).items():
        places.setdefault(name, []).extend(gold)
    return places


def shown_seconds(item: Item) -> str:
    """How long the answer took; a dash where another system does not say."""
    return NOTHING if item.record.seconds is None else f"{item.record.seconds:.1f} s"


def gold_places(groups: Iterable[Iterable[Span]]) -> dict[str, list[Place]]:
    """Article id → what is gold in it; groups are numbered from 1, spans without offsets are left out."""
    places: dict[str, list[Place]] = {}
    for group, spans in enumerate(groups, start=1):
        for span in spans:
            if span.start is not None and span.end is not None:
                places.setdefault(span.article, []).append(Place(span.start, span.end, gold=group))
    return places


def _facts(item: Item) -> tuple[tuple[str, str], ...]:
    question, outcome = item.outcome.question, item.outcome
    attack = question.attack
    every = (
        ("as of", question.as_of),
        ("paraphrase of group", question.group),
        ("asked before", " / ".join(turn.question for turn in question.history)),
        ("attack", f"{attack.goal} (it succeeds when the answer says: {', '.join(attack.says)})" if attack else ""),
        ("prompt tokens", "" if outcome.prompt_tokens is None else str(outcome.prompt_tokens)),
        ("completion tokens", "" if outcome.completion_tokens is None else str(outcome.completion_tokens)),
        ("cost", "unknown" if outcome.cost_usd is None else dollars(outcome.cost_usd)),
    )
    return tuple((name, value) for name, value in every if value)


def _gold(item: Item) -> tuple[Gold, ...]:
    question = item.outcome.question
    compared = question.answerable and question.answers and question.answer_type != "long" and item.outcome.answered
    states = parts_found(item.outcome) if compared else (None,) * len(question.answers)
    return tuple(Gold(texts, state) for texts, state in zip(question.answers, states, strict=True))


def _scores(item: Item) -> list[tuple[str, str]]:
    """The scores that say something; of those that there are not, only that the answer is not judged."""
    found_scores = [(name, item.scores[name]) for name in SHOWN_SCORES if name in item.scores]
    return [
        (shown_name(name), shown_value(name, score.value)) for name, score in found_scores if score.value is not None
    ]


def _dropped(answer: Mapping[str, Any]) -> tuple[Dropped, ...]:
    sentences = {item["label"]: item["sentence"] for item in answer.get("evidence", ())}
    return tuple(
        Dropped(
            item["text"],
            item["reason"],
            tuple(f"{label}: {sentences.get(label, 'no such sentence')}" for label in item["labels"]),
        )
        for item in answer.get("rejected", ())
    )


def _articles(item: Item, articles: Mapping[str, Article], anchors: Mapping[str, str]) -> tuple[Shown, ...]:
    shown = []
    for name, places in places_of(item).items():
        article = articles.get(name) or Article(name, title=f"{name} is not among the articles of this run")
        about = " · ".join(filter(None, (article.source, readable_date(article.published))))
        kinds = {"cited" if place.cited else "gold" for place in places}
        marks = " and ".join(sorted(kinds))
        title = article.title or name
        shown.append(Shown(name, title, about, anchors.get(name, ""), marks, excerpts(article.text, places)))
    return tuple(shown)


def _hits(item: Item, articles: Mapping[str, Article]) -> tuple[FoundHit, ...]:
    recorded = (item.record.answer or {}).get("hits") or ()
    new = found(item.outcome, LEVEL).hits
    views = []
    for passage, groups, hit in zip(item.outcome.ranked or (), new, recorded, strict=True):
        article = articles.get(passage.article)
        title = (article.title if article else "") or passage.article
        text = " ".join(passage.text[: MOST_SNIPPET * 2].split())
        snippet = text if len(text) <= MOST_SNIPPET else f"{text[:MOST_SNIPPET].rsplit(' ', 1)[0]} …"
        gold = tuple(group + 1 for group in groups)
        views.append(FoundHit(passage.number, title, snippet, _ranks(hit), gold))
    return tuple(views)


def _ranks(hit: Mapping[str, Any]) -> str:
    """Where the two searches had it, and what the cross-encoder makes of it; only what is recorded."""
    names = (("dense_rank", "dense"), ("lexical_rank", "BM25"), ("relevance", "relevance"))
    return ", ".join(f"{name} {hit[key]}" for key, name in names if hit.get(key) is not None)
