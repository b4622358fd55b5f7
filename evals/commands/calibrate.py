"""``evals calibrate``: compare graders with people."""

from collections.abc import Sequence
from contextlib import closing
from pathlib import Path

import click
from rich.table import Table

from assistant.console.output import show
from assistant.embedded.provider import ModelProvider
from assistant.settings import load_settings
from evals.commands.run_argument import RUN
from evals.judge.agreement import Judgement, answer_of, confusion
from evals.judge.calibration import Calibration, calibrate, write_calibration
from evals.judge.claims import ClaimSet, Label, LabelledClaim, pairs_to_label, read_claims, sample
from evals.judge.grades import Grader
from evals.judge.grading import grade_all
from evals.judge.judge import GRADERS, JUDGE, READER, make_grader
from evals.metrics.nuggets import TOLD
from evals.run.ledger import refuse_test_list
from evals.run.records import RUNS, Run
from evals.score.tables import measured_table
from index.errors import InputError, UsageError
from index.exports import new_file
from index.printable import json_text

CHEAP = tuple(name for name in GRADERS if name != JUDGE)


@click.command(
    "calibrate",
    epilog="""\b
Examples:
  python -m evals calibrate claims-dev.jsonl
  python -m evals calibrate claims-dev.jsonl --grader reranker --limit 150
  python -m evals calibrate claims-dev.jsonl --grader judge --limit 100 --json
  python -m evals calibrate labels.jsonl --pairs newsroom --limit 200
  python -m evals calibrate labels.jsonl --grader reader

The judge is the chat model of the settings. Its grades are kept beside the calibration record: run the same command
again after an interruption, and no claim is asked twice, not even
one whose reply could not be used. Kappa and balanced accuracy need labels; recall, reranker and reader
give scores, which have an area under the ROC curve, and labels only by a threshold: one is fitted on the other
questions' labels (cross-validated). The reader is what says which nuggets an answer tells; its own threshold is
measured as well.""",
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
@click.option("--pairs", type=RUN, metavar="RUN", help="Grade nothing: write the nuggets of RUN to CLAIMS, for labels.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object with the calibration records.")
@click.option(
    "--to",
    type=click.Path(path_type=Path),
    help="File of the calibration record; usually .runs/calibration-GRADER.json.",
)
def calibrate_command(
    claims: Path, graders: tuple[str, ...], limit: int | None, pairs: Run | None, as_json: bool, to: Path | None
) -> None:
    """Grade the labelled CLAIMS, or nuggets, and measure how well the grades agree with the labels."""
    if pairs:
        click.echo(_write_pairs(pairs, claims, limit))
        return
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


def _write_pairs(run: Run, path: Path, limit: int | None) -> str:
    refuse_test_list(run.info.suite)  # a threshold is fitted on the labels
    lines = pairs_to_label(run, limit)
    if not lines:
        raise InputError(f"{run.name} has no answer to a question with nuggets", "evals convert nuggets adds nuggets")
    with new_file(path, "choose another; that one may hold labels") as file:
        file.writelines(f"{line}\n" for line in lines)
    return f'{path}: {len(lines)} nuggets beside answers; write "yes", "partly" or "no" into each "told"'


def _calibrated(
    grader: Grader, everything: ClaimSet, chosen: Sequence[LabelledClaim], path: Path, quiet: bool
) -> Calibration:
    """Grade, write the record, and show it unless told to be quiet."""
    log = path.with_suffix(".grades.jsonl") if grader.info.name == JUDGE else None
    grades = grade_all([item.claim for item in chosen], grader, log)
    judgements = [Judgement(item.label, grade, item.claim.cluster) for item, grade in zip(chosen, grades, strict=True)]
    own = TOLD if grader.info.name == READER else None
    size = len(everything.claims)
    record, measured = calibrate(grader.info, judgements, everything.name, everything.digest, size, own)
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
    fitted = "" if record.threshold is None else f"threshold {record.threshold:.2f} fits best"
    prompt = f"prompt {info.prompt[:12]}" if info.prompt else ""
    parts = [info.name, info.model, prompt, f"{record.errors} errors", fitted]
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
