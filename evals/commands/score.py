"""``evals score``: every metric of a run."""

from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any

import click

from assistant.console.output import show
from evals.commands.run_argument import SCORES
from evals.run.ledger import looks_at, note_look
from evals.run.records import Run, find_run
from evals.run.suite import Suite, find_suite, read_suite
from evals.score.gates import GateResult, check_gates, gate_line
from evals.score.luck import luck_of
from evals.score.scoring import Measured, RunScores, score_run
from evals.score.stored import save_scores, scores_of
from evals.score.tables import luck_table, measured_table, run_line, seeds_line, spent_line
from index.printable import json_text

EXIT_GATE_FAILED = 1
EXIT_INCOMPLETE = 3


@click.command(
    "score",
    epilog="""\b
Examples:
  python -m evals score smoke
  python -m evals score news-test --ledger
  python -m evals score .runs/smoke-0a1b2c3d --all --json | jq .metrics.citation_f1_sentence

Exit status: 0 well, 1 a gate failed, 2 wrong usage, 3 the run or the
baseline is not complete.""",
)
@click.argument("name", metavar="RUN")
@click.option(
    "--baseline", metavar="RUN", type=SCORES, help="Run, or file of scores, that max_drop gates compare with."
)
@click.option("--save", type=click.Path(path_type=Path), help="Keep the scores in a small file, as a baseline.")
@click.option("--force", is_flag=True, help="Replace the file of --save when there is one.")
@click.option("--ledger", is_flag=True, help="Only list the earlier looks at this test list; compute nothing.")
@click.option("--all", "every", is_flag=True, help="Every metric, not only the headline.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object, with the scores of every question.")
def score_command(
    name: str, baseline: Run | None, save: Path | None, force: bool, ledger: bool, every: bool, as_json: bool
) -> int:
    """Compute every metric of RUN from its records; only nuggets need a model, the embedded reader, and only once.

    RUN is a folder, or the name of a suite, which stands for its newest run.
    """
    if ledger:
        click.echo("".join(f"{line}\n" for line in _ledger_lines(_suite(name))), nl=False)
        return 0
    run = find_run(name)
    scores, before = score_run(run), scores_of(baseline) if baseline else None
    looked = note_look(run, "score")
    if save:
        save_scores(scores, save, replace=force)
    if as_json:
        gates = check_gates(scores, before)
        click.echo(json_text({**scores_json(scores), "gates": list(map(_gate_json, gates))}))
    else:
        click.echo(run_line(scores))
        click.echo(f"{looked}\n" if looked else "", nl=False)
        click.echo(seeds_line(scores))
        click.echo(spent_line(scores))
        show(measured_table(tuple(scores.measured.values()) if every else scores.headline))
        _show_luck(scores)
        gates = check_gates(scores, before)
        for gate in gates:
            click.echo(gate_line(gate))
    if not (scores.complete and (before is None or before.complete)):
        return EXIT_INCOMPLETE
    return 0 if all(gate.passed for gate in gates) else EXIT_GATE_FAILED


def _suite(name: str) -> Suite:
    """The suite that is named, whether it was run here or not, or that of a run's folder."""
    return find_run(name).info.suite if Path(name).is_dir() else read_suite(find_suite(name))


def _ledger_lines(suite: Suite) -> Iterator[str]:
    if suite.list != "test":
        yield f"{suite.name} is no test list: looks at it are not counted"
        return
    looks = looks_at(suite.name)
    yield f"{suite.name}: {len(looks)} state{'' if len(looks) == 1 else 's'} of the system looked at"
    for look in looks:
        commit = look.commit[:10] or "no commit"
        yield f"  {look.at:%Y-%m-%d %H:%M}  {commit}  {look.scored} questions  {look.command}"


def _show_luck(scores: RunScores) -> None:
    table = luck_table(scores)
    if not table.row_count:
        return
    click.echo("\nLuck, as far as the repetitions tell:\n")
    show(table)
    click.echo("\nEvery one of k answers to a question is right (pass^k), or one at least (pass@k):\n")
    show(measured_table([item for name, item in scores.measured.items() if name.startswith(("pass^", "pass@"))]))


def scores_json(scores: RunScores) -> dict[str, Any]:
    """All scores in JSON types, with those of every question and the reasons of those that have none."""
    return {
        "run": scores.run.info.model_dump(mode="json", by_alias=True),
        "recorded": len(scores.outcomes),
        "missing": scores.missing,
        "spent": asdict(scores.spent),
        "luck": {name: asdict(parts) for name, (_, parts) in luck_of(scores).items()},
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
