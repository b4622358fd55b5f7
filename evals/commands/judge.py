"""``evals judge``: let a language model say which claims of a run its cited sentences support."""

from collections import Counter
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path

import click

from assistant.console.output import show
from assistant.embedded.provider import ModelProvider
from assistant.settings import load_settings
from evals.commands.run_argument import RUN
from evals.commands.score import EXIT_INCOMPLETE
from evals.judge.agreement import answer_of
from evals.judge.calibration import calibration_line, read_calibration
from evals.judge.claims import Claim, Label, claims_of_run
from evals.judge.grades import Grade
from evals.judge.grading import grade_all
from evals.judge.judge import JUDGE, make_grader
from evals.metrics.scores import Score, mean
from evals.run.records import Run
from evals.score.scoring import Measured, measured_mean
from evals.score.tables import measured_table, shown_counts

FILE = "judged.jsonl"
NO_SENTENCE = "cites no sentence"


@click.command(
    "judge",
    epilog="""\b
Examples:
  python -m evals judge smoke
  python -m evals judge smoke --calibration .runs/calibration-judge.json

The judge is the chat model of the settings. Its grades are kept in RUN/judged.jsonl: run the same command again after
an interruption, and no claim is asked twice, not even
one whose reply could not be used. Its score is no metric of `evals score`, and no gate rests on it.

\b
Exit status: 0 well, 1 an error, 2 wrong usage, 3 the run is not complete.""",
)
@click.argument("run", metavar="RUN", type=RUN)
@click.option(
    "--calibration", type=click.Path(path_type=Path), help="What `evals calibrate --grader judge` wrote for this judge."
)
def judge_command(run: Run, calibration: Path | None) -> int:
    """Grade every claim that RUN shows against the sentences that it cites."""
    record = read_calibration(calibration) if calibration else None
    claims = claims_of_run(run)
    records = run.completed()
    settings = load_settings()
    with closing(ModelProvider(settings)) as models:
        judge = make_grader(JUDGE, settings, models)
        info = judge.info
        cited = [claim for claim in claims if claim.sentences]
        grades = dict(zip((claim.id for claim in cited), grade_all(cited, judge, run.folder / FILE), strict=True))
    click.echo(f"{run.name} · judge {info.model} · prompt {info.prompt[:12]} · {_counts(claims, grades)}")
    show(measured_table((share_supported(claims, grades),)))
    failed, missing = sum(record.answer is None for record in records), len(run.keys) - len(records)
    if failed or missing:
        click.echo(f"no claims to grade: {failed} questions failed, {missing} are not asked yet")
    click.echo(calibration_line(info, record))
    return EXIT_INCOMPLETE if missing else 0


def share_supported(claims: Sequence[Claim], grades: dict[str, Grade]) -> Measured:
    """Share of the claims that the judge calls supported; an error, or a claim without sentences, is not supported.

    Args:
        claims: all that were shown.
        grades: claim id → grade, of the claims that cite a sentence.
    """
    return measured_mean(mean("judged_supported", (_score(claim, grades.get(claim.id)) for claim in claims)))


def _score(claim: Claim, grade: Grade | None) -> Score:
    supported = grade is not None and grade.label is Label.SUPPORTED
    error = grade is not None and bool(grade.error)
    return Score(claim.id, float(supported), error=error, cluster=claim.cluster)


def _counts(claims: Sequence[Claim], grades: dict[str, Grade]) -> str:
    words = (answer_of(grades[claim.id]) if claim.id in grades else NO_SENTENCE for claim in claims)
    return shown_counts(Counter(words)) or "no claims"
