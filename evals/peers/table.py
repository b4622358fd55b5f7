"""The table of the systems side by side, and their differences to ours."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from assistant.answer import Status
from evals.metrics.outcome import Outcome
from evals.metrics.scores import Metric, mean, scored, unscored
from evals.peers.align import READINGS, Reading, unaligned
from evals.peers.record import answer_of
from evals.peers.reply import FIELD, Reply, reply_of
from evals.peers.systems import OURS
from evals.run.records import Record, Run
from evals.score.comparison import Change, compare_runs
from evals.score.comparison_tables import shown_change, shown_p_value
from evals.score.outcomes import Reader
from evals.score.scoring import Measured, RunScores, measured_mean, score_records
from evals.score.statistics import ALPHA
from evals.score.tables import NOTHING, shown_name, shown_value

Row = tuple[str, ...]

OF_CITATIONS = (
    *("citation_precision_sentence", "citation_recall_sentence", "citation_f1_sentence"),
    *("claim_support", "claim_facts", "words_cited"),
)
OF_ANSWERS = ("answer_correct", "answer_recall", "token_f1", "vital_nugget_recall", "nugget_f1")
OF_REFUSALS = ("abstention_recall", "over_refusal", "abstention_precision")
NEAR_MISSES = "refused_of_near_misses"
OF_COSTS = ("total_seconds_p50", "prompt_tokens", "completion_tokens")
SAID: Mapping[Reading, str] = {"given": "", "chunk": " (whole chunks)", "sentence": " (each sentence)"}
COMPARED = (*OF_ANSWERS, *OF_CITATIONS, *OF_REFUSALS, *OF_COSTS)


@dataclass(frozen=True, slots=True)
class SystemScores:
    """A system's run, scored over the questions that every system was asked.

    Attributes:
        readings: the scores for each way to read its citations.
        records: what the scores were computed from.
    """

    name: str
    readings: Mapping[Reading, RunScores]
    records: tuple[Record, ...]

    @property
    def scores(self) -> RunScores:
        return self.readings["given"]


def score_systems(runs: Mapping[str, Run], limit: int | None) -> tuple[SystemScores, ...]:
    """Score what is recorded of the first ``limit`` questions in every run."""
    recorded = {name: run.progress().records for name, run in runs.items()}
    keys = [key for key in next(iter(runs.values())).keys[:limit] if all(key in found for found in recorded.values())]
    return tuple(_scored(name, run, [recorded[name][key] for key in keys]) for name, run in runs.items())


def _scored(name: str, run: Run, records: Sequence[Record]) -> SystemScores:
    scores = score_records(run, records)
    readings = {
        reading: scores if reading == "given" else replace(scores, outcomes=_reread(scores, records, reading))
        for reading in READINGS
    }
    return SystemScores(name, readings, tuple(records))


def _reread(scores: RunScores, records: Sequence[Record], reading: Reading) -> tuple[Outcome, ...]:
    """The outcomes with their citations read otherwise; the assistant's own cite sentences in every reading."""
    reader = Reader(scores.run)
    return tuple(
        _outcome(outcome, record, reader, scores.run, reading)
        for outcome, record in zip(scores.outcomes, records, strict=True)
    )


def _outcome(outcome: Outcome, record: Record, reader: Reader, run: Run, reading: Reading) -> Outcome:
    reply = reply_of(record.answer) if record.answer else None
    if reply is None or not outcome.answered:
        return outcome
    answer = answer_of(outcome.question.question, reply, run.articles, "", reading)
    read = reader.outcome(record.model_copy(update={"answer": answer}))
    return replace(outcome, statements=read.statements, citations=read.citations)


def near_misses(outcomes: Sequence[Outcome]) -> Metric:
    """Share of the near misses that were refused; a failure is no refusal."""

    def near(outcome: Outcome) -> bool:
        return "near-miss" in (outcome.question.question_type, *outcome.question.tags)

    scores = (
        scored(outcome.question, float(outcome.refused), error=outcome.failed)
        if near(outcome)
        else unscored(outcome.question, "no near miss", error=outcome.failed)
        for outcome in outcomes
    )
    return mean(NEAR_MISSES, scores)


def columns_of(systems: Sequence[SystemScores]) -> Row:
    """The heads of ``table_rows``."""
    return ("", *(system.name for system in systems))


def table_rows(systems: Sequence[SystemScores]) -> tuple[Row, ...]:
    """A row for each count and metric, a cell for each system; what no system has a value for is left out."""
    rows = [*_counts(systems)]
    rows += [_row(name, name, [system.scores.measured.get(name) for system in systems]) for name in OF_ANSWERS]
    for reading in READINGS:
        for name in OF_CITATIONS:
            measured = [system.readings[reading].measured.get(name) for system in systems]
            rows.append(_row(name + SAID[reading], name, measured))
    rows += [_row(name, name, [system.scores.measured.get(name) for system in systems]) for name in OF_REFUSALS]
    rows.append(_row(NEAR_MISSES, NEAR_MISSES, [measured_mean(near_misses(item.scores.outcomes)) for item in systems]))
    rows += [_row(name, name, [system.scores.measured.get(name) for system in systems]) for name in OF_COSTS]
    return tuple(row for row in rows if any(cell not in {NOTHING, ""} for cell in row[1:]))


def _counts(systems: Sequence[SystemScores]) -> list[Row]:
    def row(name: str, values: Sequence[object]) -> Row:
        return (name, *map(str, values))

    outcomes = [system.scores.outcomes for system in systems]
    return [
        row("questions", [len(found) for found in outcomes]),
        row("answered", [sum(item.answered for item in found) for found in outcomes]),
        row("refused", [sum(item.refused for item in found) for found in outcomes]),
        row("errors, counted as wrong", [sum(item.failed for item in found) for found in outcomes]),
    ]


def _row(label: str, name: str, measured: Sequence[Measured | None]) -> Row:
    return (shown_name(label), *(_cell(name, item) for item in measured))


def _cell(name: str, item: Measured | None) -> str:
    if item is None or item.metric.value is None:
        return NOTHING
    interval = item.interval
    around = f" ({shown_value(name, interval.low)}–{shown_value(name, interval.high)})" if interval else ""
    return f"{shown_value(name, item.metric.value)}{around}"


def reply_lines(systems: Sequence[SystemScores]) -> tuple[str, ...]:
    """For each peer: the forms of its replies, quotes that stand nowhere, and the words of its refusals."""
    return tuple(_reply_line(system) for system in systems if system.name != OURS and system.records)


def _reply_line(system: SystemScores) -> str:
    answers = [record.answer for record in system.records if record.answer]
    replies = [reply for answer in answers if (reply := reply_of(answer))]
    forms = Counter(reply.form for reply in replies)
    refusals = Counter(answer[FIELD]["refusal"] for answer in answers if answer["status"] == Status.INSUFFICIENT)
    parts = [f"replies by {_counted(forms)}"]
    if quotes := sum(len(reply.quotes or ()) for reply in replies):
        parts.append(f"{_unaligned(replies, system.scores.run)} of {quotes} quotes stand nowhere in their article")
    if refusals:
        parts.append(f"refusals: {_counted(refusals)}")
    return f"{system.name}: {'; '.join(parts)}"


def _unaligned(replies: Sequence[Reply], run: Run) -> int:
    return sum(unaligned(reply, run.articles) for reply in replies)


def _counted(counts: Mapping[str, int]) -> str:
    return ", ".join(f"{count} × {name}" for name, count in sorted(counts.items(), key=lambda item: -item[1]))


def difference_rows(systems: Sequence[SystemScores]) -> tuple[Row, ...]:
    """Each peer minus ours on the same questions, with the 95 % interval; ``*`` where it is significant."""
    ours = next((system for system in systems if system.name == OURS), None)
    peers = [system for system in systems if system.name != OURS]
    if ours is None or not peers or not ours.records:
        return ()
    changes = [{change.name: change for change in compare_runs(ours.scores, peer.scores).changes} for peer in peers]
    rows = ((name, [found.get(name) for found in changes]) for name in COMPARED)
    return tuple((shown_name(name), *map(_difference, found)) for name, found in rows if any(found))


def difference_columns(systems: Sequence[SystemScores]) -> Row:
    """The heads of ``difference_rows``."""
    return ("minus ours", *(system.name for system in systems if system.name != OURS))


def _difference(change: Change | None) -> str:
    if change is None:
        return NOTHING
    shown, name, interval = shown_change(change.name, change.difference), change.name, change.interval
    around = f" ({shown_change(name, interval.low)} … {shown_change(name, interval.high)})" if interval else ""
    star = "*" if change.p_value is not None and change.p_value < ALPHA else ""
    told = f", p {shown_p_value(change.p_value)}{star}" if change.p_value is not None else ""
    return f"{shown}{around}{told}"
