"""Metrics of citations: do they point at the gold sentences?

Precision and recall of citations follow Gao et al., "Enabling Large Language Models to Generate Text with Citations"
(ALCE, EMNLP 2023), with gold spans in the place of an entailment model.
"""

from collections.abc import Callable, Iterable, Mapping
from typing import Literal

from evals.metrics.outcome import Outcome, Passage, same_place
from evals.metrics.scores import Metric, Score, mean, scored, unscored
from evals.questions.schema import Span

Level = Literal["sentence", "article"]

NO_EVIDENCE = "the question has no gold evidence"
NO_CITATION = "refused, nothing is cited"


def citation_precision(outcomes: Iterable[Outcome], level: Level = "sentence") -> Metric:
    """Mean share of the cited places that are gold; an answer that cites nothing has 0, a refusal has no score."""
    return mean(f"citation_precision_{level}", (_scored(outcome, level, _precision) for outcome in outcomes))


def citation_recall(outcomes: Iterable[Outcome], level: Level = "sentence") -> Metric:
    """Mean share of the evidence groups of which a span is cited; a refusal of an answerable question has 0."""
    return mean(f"citation_recall_{level}", (_scored(outcome, level, _recall) for outcome in outcomes))


def citation_f1(outcomes: Iterable[Outcome], level: Level = "sentence") -> Metric:
    """Mean of the harmonic means of each question's precision and recall; 0 where nothing right is cited."""
    return mean(f"citation_f1_{level}", (_scored(outcome, level, _harmonic) for outcome in outcomes))


def cited_first(outcomes: Iterable[Outcome]) -> Metric:
    """Share of the answerable questions whose first citation is gold: what a reader who checks one source finds."""
    return mean("cited_first", (_scored(outcome, "sentence", _first) for outcome in outcomes))


def _first(outcome: Outcome, level: Level) -> float:
    if not outcome.answered:
        return 0.0
    return float(any(covers(outcome.citations[:1], group, level) for group in outcome.question.evidence))


def citation_validity(outcomes: Iterable[Outcome], texts: Mapping[str, str]) -> Metric:
    """Mean share of the pointers from statements to citations that lead to a sentence that its article has there.

    Args:
        texts: article id → text.
    """
    return mean("citation_validity", (_validity(outcome, texts) for outcome in outcomes))


def citation_coverage(outcomes: Iterable[Outcome], texts: Mapping[str, str]) -> Metric:
    """Mean share of an answer's statements that have a citation of an article that there is.

    Args:
        texts: article id → text.
    """
    return mean("citation_coverage", (_coverage(outcome, texts) for outcome in outcomes))


def words_cited(outcomes: Iterable[Outcome]) -> Metric:
    """Mean number of words of an answer's cited places: what a reader has to read to check it."""
    return mean("words_cited", (_words(outcome) for outcome in outcomes))


def _scored(outcome: Outcome, level: Level, measure: Callable[[Outcome, Level], float | None]) -> Score:
    question = outcome.question
    if not question.evidence:
        return unscored(question, NO_EVIDENCE, error=outcome.failed)
    if outcome.failed:
        return scored(question, 0.0, error=True)
    value = measure(outcome, level)
    return unscored(question, NO_CITATION) if value is None else scored(question, value)


def _precision(outcome: Outcome, level: Level) -> float | None:
    if not outcome.answered:
        return None
    cited = {_key(passage, level): passage for passage in outcome.citations}
    gold = [span for group in outcome.question.evidence for span in group]
    right = sum(any(_matches(passage, span, level) for span in gold) for passage in cited.values())
    return right / len(cited) if cited else 0.0


def _recall(outcome: Outcome, level: Level) -> float:
    if not outcome.answered:
        return 0.0
    groups = outcome.question.evidence
    return sum(covers(outcome.citations, group, level) for group in groups) / len(groups)


def _harmonic(outcome: Outcome, level: Level) -> float:
    precision, recall = _precision(outcome, level) or 0.0, _recall(outcome, level)
    return 2 * precision * recall / (precision + recall) if precision + recall else 0.0


def covers(passages: Iterable[Passage], group: Iterable[Span], level: Level) -> bool:
    """Whether any of the passages is one of the interchangeable spans."""
    spans = tuple(group)
    return any(_matches(passage, span, level) for passage in passages for span in spans)


def _matches(passage: Passage, span: Span, level: Level) -> bool:
    return passage.article == span.article if level == "article" else same_place(passage, span)


def _key(passage: Passage, level: Level) -> object:
    return passage.article if level == "article" else passage.place


def _validity(outcome: Outcome, texts: Mapping[str, str]) -> Score:
    if (reason := _nothing_said(outcome)) is not None:
        return reason
    sound = {item.number for item in outcome.citations if _stands(item, texts)}
    pointers = [number for statement in outcome.statements for number in statement.citations]
    if not pointers:
        return unscored(outcome.question, "answered without citations")
    return scored(outcome.question, sum(number in sound for number in pointers) / len(pointers))


def _stands(passage: Passage, texts: Mapping[str, str]) -> bool:
    text = texts.get(passage.article)
    return text is not None and 0 <= passage.start < passage.end and text[passage.start : passage.end] == passage.text


def _coverage(outcome: Outcome, texts: Mapping[str, str]) -> Score:
    if (reason := _nothing_said(outcome)) is not None:
        return reason
    known = {item.number for item in outcome.citations if item.article in texts}
    covered = sum(any(number in known for number in statement.citations) for statement in outcome.statements)
    return scored(outcome.question, covered / len(outcome.statements))


def _words(outcome: Outcome) -> Score:
    if outcome.failed:
        return unscored(outcome.question, "failed", error=True)
    if not outcome.answered:
        return unscored(outcome.question, NO_CITATION)
    cited = {passage.place: passage for passage in outcome.citations}
    return scored(outcome.question, float(sum(len(passage.text.split()) for passage in cited.values())))


def _nothing_said(outcome: Outcome) -> Score | None:
    """The score of an outcome without statements; a failure is wrong, a refusal has no score."""
    if outcome.failed:
        return scored(outcome.question, 0.0, error=True)
    if not outcome.answered:
        return unscored(outcome.question, NO_CITATION)
    return None if outcome.statements else scored(outcome.question, 0.0)
