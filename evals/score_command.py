"""``evals score``: every metric of a run."""

from pathlib import Path
from typing import Any

import click

from assistant.cli import show
from evals.gates import GateResult, check_gates, gate_line
from evals.records import Run
from evals.run_argument import RUN, SCORES
from evals.scoring import Measured, RunScores, score_run
from evals.stored import save_scores, scores_of
from evals.tables import measured_table, shown_counts
from index.printable import json_text

EXIT_GATE_FAILED = 1
EXIT_INCOMPLETE = 3


@click.command(
    "score",
    epilog="""\b
Examples:
  python -m evals score smoke
  python -m evals score .runs/smoke-0a1b2c3d --all --json | jq .metrics.citation_f1_sentence

Exit status: 0 well, 1 a gate failed, 2 wrong usage, 3 the run or the
baseline is not complete.""",
)
@click.argument("run", metavar="RUN", type=RUN)
@click.option(
    "--baseline", metavar="RUN", type=SCORES, help="Run, or file of scores, that max_drop gates compare with."
)
@click.option("--save", type=click.Path(path_type=Path), help="Keep the scores in a small file, as a baseline.")
@click.option("--all", "every", is_flag=True, help="Every metric, not only the headline.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object, with the scores of every question.")
def score_command(run: Run, baseline: Run | None, save: Path | None, every: bool, as_json: bool) -> int:
    """Compute every metric of RUN from its records; no model is needed.

    RUN is a folder, or the name of a suite, which stands for its newest run.
    """
    scores, before = score_run(run), scores_of(baseline) if baseline else None
    if save:
        save_scores(scores, save)
    if as_json:
        gates = check_gates(scores, before)
        click.echo(json_text({**scores_json(scores), "gates": list(map(_gate_json, gates))}))
    else:
        click.echo(run_line(scores))
        show(measured_table(tuple(scores.measured.values()) if every else scores.headline))
        gates = check_gates(scores, before)
        for gate in gates:
            click.echo(gate_line(gate))
    if not (scores.complete and (before is None or before.complete)):
        return EXIT_INCOMPLETE
    return 0 if all(gate.passed for gate in gates) else EXIT_GATE_FAILED


def run_line(scores: RunScores) -> str:
    """Name, commit, model, and how many questions were answered, refused, failed or not asked yet."""
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
    said = shown_counts({name: count for name, count in counts.items() if count})
    return " · ".join((scores.run.name, commit, model, said))


def scores_json(scores: RunScores) -> dict[str, Any]:
    """All scores in JSON types, with those of every question and the reasons of those that have none."""
    return {
        "run": scores.run.info.model_dump(mode="json", by_alias=True),
        "recorded": len(scores.outcomes),
        "missing": scores.missing,
        "metrics": {name: _metric_json(item) for name, item in scores.measured.items()},
    }


def _metric_json(item: Measured) -> dict[str, Any]:
    metric, interval = item.metric, item.interval
    return {
        "value": metric.value,
        "interval": None if interval is None else [interval.low, interval.high],
        "clusters": None if interval is None else interval.clusters,
        "better": item.better,
        "n": metric.n,
        "unscored": dict(metric.unscored),
        "errors": metric.errors,
        "without_errors": metric.without_errors,
        "scores": {score.question: score.value for score in metric.scores if score.value is not None},
    }


def _gate_json(result: GateResult) -> dict[str, Any]:
    interval = result.interval
    return {
        **result.gate.model_dump(),
        "passed": result.passed,
        "value": result.value,
        "interval": None if interval is None else [interval.low, interval.high],
        "reason": result.reason,
    }
