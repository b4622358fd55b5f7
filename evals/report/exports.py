"""The scores of a run for other programs: Markdown to paste, CSV for tables, JUnit XML for build servers."""

import csv
import html
import io
import re
from collections.abc import Iterable
from xml.etree.ElementTree import Element, SubElement, tostring

from evals.metrics.outcome import Outcome
from evals.report.origin import facts_of
from evals.report.recorded import Item, Recorded
from evals.report.slices import COLUMNS, Slice, slices_of
from evals.score.tables import (
    MEASURED_COLUMNS,
    NOTHING,
    markdown_table,
    measured_row,
    run_line,
    shown_interval,
    shown_name,
    shown_value,
    spent_line,
)

# What XML 1.0 cannot hold in any form (section 2.2).
NOT_XML = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
FORMULA = ("=", "+", "-", "@", "\t", "\r")  # with these a spreadsheet takes a text for something to compute
MARKDOWN = re.compile(r"([\\`*_\[\]])")
DIGITS = 6


def markdown_report(recorded: Recorded) -> str:
    """Headline table, slices and provenance."""
    scores = recorded.scores
    parts = [f"## {_plain(recorded.run.name)}", _plain(run_line(scores)), _plain(spent_line(scores))]
    parts.append(markdown_table(MEASURED_COLUMNS, [measured_row(item) for item in scores.headline]))
    columns = ("slice", "asked", *map(shown_name, COLUMNS))
    parts += ["### Slices", markdown_table(columns, [_slice_row(part) for part in slices_of(scores)])]
    parts.append("### Provenance")
    rows = [(facts.title, name, _plain(value)) for facts in facts_of(recorded.run) for name, value in facts.rows]
    parts.append(markdown_table(("", "what", "value"), rows))
    return "\n\n".join(parts) + "\n"


def csv_report(recorded: Recorded) -> str:
    """One row for each question and seed; scores that there are not are empty, a text is never a formula."""
    metrics = tuple(dict.fromkeys(name for item in recorded.items for name in item.scores))
    stages = tuple(dict.fromkeys(stage for item in recorded.items for stage in item.outcome.seconds))
    target = io.StringIO()
    writer = csv.writer(target)
    writer.writerow(
        (
            *("id", "seed", "type", "tags", "answerable", "status", "correct", "confidence"),
            *metrics,
            *("seconds", *(f"seconds_{stage}" for stage in stages)),
            *("error_kind", "error"),
        )
    )
    writer.writerows(_csv_row(item, metrics, stages) for item in recorded.items)
    return target.getvalue()


def junit_report(recorded: Recorded) -> str:
    """One test case for each question and seed: a failure when it was treated wrongly, an error when it failed."""
    verdicts = [item.verdict for item in recorded.items]
    suite = Element(
        "testsuite",
        name=_xml(recorded.run.name),
        tests=str(len(verdicts)),
        failures=str(verdicts.count("wrong")),
        errors=str(verdicts.count("error")),
        skipped=str(verdicts.count("no gold")),
        time=f"{sum(item.record.seconds or 0 for item in recorded.items):.3f}",
    )
    for item in recorded.items:
        _test_case(suite, item, recorded)
    return tostring(suite, encoding="unicode", xml_declaration=False) + "\n"


def _plain(text: str) -> str:
    """Text that Markdown shows as it is."""
    return MARKDOWN.sub(r"\\\1", html.escape(text, quote=False))


def _slice_row(part: Slice) -> tuple[str, ...]:
    cells = (
        f"{shown_value(item.name, item.metric.value)} ({shown_interval(item.name, item.interval)}; n {item.metric.n})"
        if item.metric.n
        else NOTHING
        for item in part.cells
    )
    return (_plain(part.name), str(part.count), *cells)


def _csv_row(item: Item, metrics: Iterable[str], stages: Iterable[str]) -> tuple[str, ...]:
    outcome, record = item.outcome, item.record
    question = outcome.question
    correct = {"right": "true", "wrong": "false", "error": "false", "no gold": ""}[item.verdict]
    return (
        *(
            text_cell(question.id),
            str(record.seed),
            text_cell(question.question_type),
            text_cell("; ".join(question.tags)),
        ),
        *(str(question.answerable).lower(), item.status, correct, _number(outcome.confidence)),
        *(_number(item.value(metric)) for metric in metrics),
        *(_number(record.seconds), *(_number(outcome.seconds.get(stage)) for stage in stages)),
        *(text_cell(record.error_kind), text_cell(outcome.error)),
    )


def text_cell(text: str) -> str:
    """A text for a cell of CSV that no spreadsheet takes for something to compute."""
    return f"'{text}" if text.startswith(FORMULA) else text


def _number(value: float | None) -> str:
    return "" if value is None else str(round(value, DIGITS))


def _test_case(suite: Element, item: Item, recorded: Recorded) -> None:
    question = item.outcome.question
    seed = f" seed {item.record.seed}" if recorded.repeats > 1 else ""
    kind = question.question_type or "question"
    case = SubElement(
        suite,
        "testcase",
        classname=_xml(f"{recorded.run.info.suite.name}.{kind}"),
        name=_xml(question.id + seed),
        time=f"{item.record.seconds or 0:.3f}",
    )
    if item.verdict == "wrong":
        told = f"expected {_expected(item.outcome)}; got {item.outcome.text or 'a refusal'}"
        SubElement(case, "failure", type="wrong", message=_xml(told)).text = _xml(question.question)
    elif item.verdict == "error":
        kind = item.record.error_kind or "error"
        SubElement(case, "error", type=_xml(kind), message=_xml(item.outcome.error)).text = _xml(question.question)
    elif item.verdict == "no gold":
        SubElement(case, "skipped", message="the question has no gold answer")


def _expected(outcome: Outcome) -> str:
    question = outcome.question
    if not question.answerable:
        return "a refusal"
    return " and ".join(part[0] for part in question.answers) or "the gold evidence to be cited"


def _xml(text: str) -> str:
    """The text with a replacement character for what XML cannot hold."""
    return NOT_XML.sub("\N{REPLACEMENT CHARACTER}", text)
