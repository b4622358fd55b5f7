"""Scores as text; pure functions, the same words in the terminal, in Markdown and in HTML."""

from collections.abc import Collection, Mapping, Sequence

from rich.table import Table

from assistant.render.cost import cost_in_words, dollars, spent_in_words
from evals.score.luck import luck_of
from evals.score.scoring import Measured, RunScores
from evals.score.statistics import Interval

NOTHING = "–"  # no value, no interval


def shown_name(name: str) -> str:
    """``citation_f1_sentence`` as ``citation f1 sentence``."""
    return name.replace("_", " ")


def shown_value(name: str, value: float | None) -> str:
    """A metric's value with its unit: seconds, dollars, a count, or a share with three digits."""
    if value is None:
        return NOTHING
    if "_seconds_" in name:
        return f"{value:.2f} s"
    if name.endswith("_usd"):
        return dollars(value)
    if name.endswith("_tokens") or name == "words_cited":
        return f"{value:.0f}"
    return f"{value:.3f}"


def shown_interval(name: str, interval: Interval | None) -> str:
    """Both ends of an interval."""
    if interval is None:
        return NOTHING
    return f"{shown_value(name, interval.low)} … {shown_value(name, interval.high)}"


def shown_counts(counts: Mapping[str, int]) -> str:
    """``3 refused, 1 failed``; most frequent first."""
    ordered = sorted(counts.items(), key=lambda item: (-item[1], item[0]))
    return ", ".join(f"{count} {reason}" for reason, count in ordered)


def shown_reasons(counts: Mapping[str, int]) -> str:
    """``41 × the question has no gold evidence``; most frequent first."""
    return shown_counts({f"× {reason}": count for reason, count in counts.items()})


def measured_row(item: Measured) -> tuple[str, str, str, str, str, str]:
    """Name, value, interval, n, what was not scored and why, errors (with the value without them)."""
    metric = item.metric
    errors = str(metric.errors) if metric.errors else ""
    if metric.errors and metric.without_errors is not None:
        errors += f" ({shown_value(metric.name, metric.without_errors)} without)"
    return (
        shown_name(metric.name),
        shown_value(metric.name, metric.value),
        shown_interval(metric.name, item.interval),
        str(metric.n),
        shown_reasons(metric.unscored),
        errors,
    )


LUCK_COLUMNS = ("metric", "mean", "variance between questions", "by luck", "ICC", "standard error by luck")
MEASURED_COLUMNS = ("metric", "value", "95 % interval", "n", "not scored", "errors")


def measured_table(items: Sequence[Measured]) -> Table:
    """The metrics, one a row."""
    table = _table(MEASURED_COLUMNS, right=(1, 2, 3))
    for item in items:
        table.add_row(*measured_row(item))
    return table


def luck_table(scores: RunScores) -> Table:
    """The main metrics with what they owe to the seeds; no row without repetitions."""
    table = _table(LUCK_COLUMNS, right=range(1, len(LUCK_COLUMNS)))
    for name, (metric, parts) in luck_of(scores).items():
        numbers = (parts.between, parts.within, parts.correlation, parts.standard_error)
        shown = (NOTHING if number is None else f"{number:.4f}" for number in numbers)
        table.add_row(shown_name(name), shown_value(name, metric.value), *shown)
    return table


def _table(columns: Sequence[str], right: Collection[int]) -> Table:
    table = Table(box=None, pad_edge=False)
    for position, name in enumerate(columns):
        table.add_column(name, justify="right" if position in right else "left", no_wrap=position < 4)
    return table


def table_of(columns: Sequence[str], rows: Sequence[Sequence[str]]) -> Table:
    """A table for the terminal, whose first column names the rows."""
    table = _table(columns, right=())
    for row in rows:
        table.add_row(*row)
    return table


def markdown_table(columns: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A table in GitHub-flavoured Markdown; bars in cells are escaped."""

    def line(cells: Sequence[str]) -> str:
        return "| " + " | ".join(cell.replace("|", "\\|").replace("\n", " ") for cell in cells) + " |"

    return "\n".join((line(columns), line(["---"] * len(columns)), *map(line, rows)))


def run_line(scores: RunScores) -> str:
    """Name, list, commit, model, and how many questions were answered, refused, failed or not asked yet."""
    provenance = scores.run.info.provenance
    counts = {
        "answered": sum(outcome.answered for outcome in scores.outcomes),
        "refused": sum(outcome.refused for outcome in scores.outcomes),
        "failed": sum(outcome.failed for outcome in scores.outcomes),
        "not asked yet": scores.missing,
    }
    dirty = " with changes" if provenance.dirty else ""
    commit = f"commit {provenance.commit[:12]}{dirty}" if provenance.commit else f"code {provenance.code[:12]}"
    model = f"model {provenance.model or 'of the server'}"
    if provenance.system:  # its model and code are not known
        commit, model = f"answers {provenance.code[:12]}", f"of {provenance.system}, imported"
    said = shown_counts({name: count for name, count in counts.items() if count})
    marks = scores.run.info.suite.marks
    return " · ".join((scores.run.name, *([marks] if marks else ()), commit, model, said))


def seeds_line(scores: RunScores) -> str:
    """Temperature and seeds, which decide what luck there is, and how the run was perturbed."""
    info = scores.run.info
    if info.provenance.system:
        return "temperature and seeds are not told"
    seeds = info.suite.seeds
    parts = [
        f"temperature {info.provenance.settings.get('temperature', 'not recorded')}",
        f"{'seed' if len(seeds) == 1 else 'seeds'} {', '.join(map(str, seeds))}",
        info.suite.perturb,
    ]
    return " · ".join(filter(None, parts))


def spent_line(scores: RunScores) -> str:
    """What all questions took together; of another system's calls only what it tells."""
    spent = scores.spent
    if not scores.run.info.provenance.system:
        return spent_in_words(spent, "question")
    if spent.uncounted == spent.answers:
        return f"{spent.answers} questions: tokens and cost are not told"
    least = "at least " if spent.uncounted else ""
    tokens = f"{least}{spent.prompt_tokens:,} tokens read, {spent.completion_tokens:,} written"
    return f"{spent.answers} questions: {tokens}, {cost_in_words(spent, 'question')}"
