"""``evals calibrate``: compare graders with people."""

from collections.abc import Sequence
from contextlib import closing
from pathlib import Path

import click
from rich.table import Table

from assistant.console.output import show
from assistant.embedded.provider import ModelProvider
from assistant.settings import load_settings
from evals.judge.agreement import Judgement, answer_of, confusion
from evals.judge.calibration import Calibration, calibrate, write_calibration
from evals.judge.claims import ClaimSet, Label, LabelledClaim, read_claims, sample
from evals.judge.grades import Grader
from evals.judge.grading import grade_all
from evals.judge.judge import GRADERS, JUDGE, make_grader
from evals.run.records import RUNS
from evals.score.tables import measured_table
from index.errors import UsageError
from index.printable import json_text

CHEAP = tuple(name for name in GRADERS if name != JUDGE)


@click.command(
    "calibrate",
    epilog="""\b
Examples:
  python -m evals calibrate claims-dev.jsonl
  python -m evals calibrate claims-dev.jsonl --grader reranker --limit 150
  python -m evals calibrate claims-dev.jsonl --grader judge --limit 100 --json

The judge is the chat model of the settings. Its grades are kept beside the calibration record: run the same command
again after an interruption, and no claim is asked twice, not even
one whose reply could not be used. Kappa and balanced accuracy need labels; recall and reranker
give scores, which have an area under the ROC curve only.""",
)
@click.argument("claims", type=click.Path(path_type=Path))
@click.option(
    *("--grader", "graders"),
    multiple=True,
    default=CHEAP,
    show_default=True,
    type=click.Choice(GRADERS),
    help="What grades the claims; repeatable.",
)
@click.option("--limit", type=click.IntRange(min=1), help="Grade only so many claims; more of them include fewer.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object with the calibration records.")
@click.option(
    "--to",
    type=click.Path(path_type=Path),
    help="File of the calibration record; usually .runs/calibration-GRADER.json.",
)
def calibrate_command(
    claims: Path, graders: tuple[str, ...], limit: int | None, as_json: bool, to: Path | None
) -> None:
    """Grade the labelled CLAIMS and measure how well the grades agree with the labels."""
    names = tuple(dict.fromkeys(graders))
    if to and len(names) > 1:
        raise UsageError(f"--to {to} is one file for {len(names)} graders", "name one --grader")
    everything = read_claims(claims)
    chosen = sample(everything.claims, limit)
    if not as_json:
        click.echo(_data_line(everything, chosen))
    settings = load_settings()
    records = []
    with closing(ModelProvider(settings)) as models:
        for name in names:
            path = to or RUNS / f"calibration-{name}.json"
            records.append(_calibrated(make_grader(name, settings, models), everything, chosen, path, as_json))
    if as_json:
        dumped = [record.model_dump(mode="json", by_alias=True) for record in records]
        click.echo(json_text({"calibrations": dumped}))


def _calibrated(
    grader: Grader, everything: ClaimSet, chosen: Sequence[LabelledClaim], path: Path, quiet: bool
) -> Calibration:
    """Grade, write the record, and show it unless told to be quiet."""
    log = path.with_suffix(".grades.jsonl") if grader.info.name == JUDGE else None
    grades = grade_all([item.claim for item in chosen], grader, log)
    judgements = [Judgement(item.label, grade, item.claim.cluster) for item, grade in zip(chosen, grades, strict=True)]
    record, measured = calibrate(grader.info, judgements, everything.name, everything.digest, len(everything.claims))
    write_calibration(path, record)
    if not quiet:
        click.echo(f"\n{_grader_line(record)} → {path}")
        show(measured_table(tuple(measured.values())))
        if any(item.grade.score is None for item in judgements):
            show(confusion_table(judgements))
    return record


def _data_line(everything: ClaimSet, chosen: Sequence[LabelledClaim]) -> str:
    clusters = len({item.claim.cluster for item in chosen})
    counts = ", ".join(f"{sum(item.label is label for item in chosen)} {label}" for label in Label)
    lost = sum(bool(item.lost) for item in chosen)
    gaps = f"; {lost} lack a sentence that their label rests on" if lost else ""
    return f"{everything.name}: {len(chosen)} of {len(everything.claims)} claims in {clusters} clusters: {counts}{gaps}"


def _grader_line(record: Calibration) -> str:
    info = record.grader
    parts = [info.name, info.model, f"prompt {info.prompt[:12]}" if info.prompt else "", f"{record.errors} errors"]
    return " · ".join(part for part in parts if part)


def confusion_table(judgements: Sequence[Judgement]) -> Table:
    """Gold labels down, grades across."""
    given = [answer_of(item.grade) for item in judgements]
    counts = confusion([item.gold.value for item in judgements], given)
    columns = [*(label.value for label in Label), *sorted(set(given) - {label.value for label in Label})]
    table = Table(box=None, pad_edge=False)
    table.add_column("people say")
    for column in columns:
        table.add_column(f"graded {column}", justify="right")
    for label in Label:
        table.add_row(label.value, *(str(counts[label.value, column]) for column in columns))
    return table
