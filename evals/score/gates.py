"""Gates: check that a run's scores meet its suite's demands; pure functions.

A gate looks at the bad end of the 95 % interval, so that luck does not pass it. What cannot be measured fails.
"""

from dataclasses import dataclass

from evals.run.suite import Gate
from evals.score.comparison import RunComparison, compare_runs, require_metrics
from evals.score.comparison_tables import shown_change, shown_change_interval
from evals.score.scoring import Measured, RunScores, better_of
from evals.score.statistics import Interval
from evals.score.tables import shown_interval, shown_name, shown_reasons, shown_value
from index.errors import UsageError

ONE_CLUSTER = "all of it rests on one cluster of questions, so there is no interval"


@dataclass(frozen=True, slots=True)
class GateResult:
    """What became of a gate.

    Attributes:
        value: of the metric, or its change against the baseline; None when there is none.
        interval: of the value; None when there is none.
        reason: why the gate could not be measured, and fails; empty when it could.
    """

    gate: Gate
    passed: bool
    value: float | None = None
    interval: Interval | None = None
    reason: str = ""


def check_gates(scores: RunScores, baseline: RunScores | None = None) -> tuple[GateResult, ...]:
    """Check the gates of the run's suite.

    Args:
        baseline: what ``max_drop`` is measured against.

    Raises:
        UsageError: a gate names no metric, or needs a baseline that was not given; the baseline has other questions or
            articles.
    """
    gates = scores.run.info.suite.gates
    require_metrics((gate.metric for gate in gates), (scores,))
    relative = [gate.metric for gate in gates if gate.max_drop is not None]
    if relative and baseline is None:
        raise UsageError(f"the gate on {relative[0]} limits its drop against another run", "name it: --baseline RUN")
    found = compare_runs(baseline, scores, relative) if relative and baseline else None
    return tuple(
        _check_level(gate, scores.measured.get(gate.metric))
        if found is None or gate.max_drop is None
        else _check_drop(gate, gate.max_drop, found)
        for gate in gates
    )


def gate_line(result: GateResult) -> str:
    """✓ or ✗, the metric, what is demanded of it, and what was measured."""
    gate, name = result.gate, result.gate.metric
    mark = "✓" if result.passed else "✗"
    if gate.max_drop is None:
        said = f"{shown_value(name, result.value)} ({shown_interval(name, result.interval)})"
    else:
        said = f"{shown_change(name, result.value)} ({shown_change_interval(name, result.interval)})"
    return f"{mark} {shown_name(name)} {_demand(gate)}: {result.reason or said}"


def _demand(gate: Gate) -> str:
    if gate.min is not None:
        return f"at least {gate.min:g}"
    if gate.max is not None:
        return f"at most {gate.max:g}"
    way = "rises" if better_of(gate.metric) == "lower" else "drops"
    return f"{way} by at most {gate.max_drop:g}"


def _check_level(gate: Gate, measured: Measured | None) -> GateResult:
    """A metric that is known but was not measured is a latency of a stage that no question went through."""
    if measured is None:
        return GateResult(gate, False, reason="nothing was measured")
    value, interval = measured.metric.value, measured.interval
    if value is None:
        reasons = shown_reasons(measured.metric.unscored)
        return GateResult(gate, False, reason=f"no question has a score{reasons and f': {reasons}'}")
    if interval is None:
        return GateResult(gate, False, value, reason=f"{shown_value(gate.metric, value)}, but {ONE_CLUSTER}")
    low_enough = gate.max is None or interval.high <= gate.max
    high_enough = gate.min is None or interval.low >= gate.min
    return GateResult(gate, low_enough and high_enough, value, interval)


def _check_drop(gate: Gate, limit: float, found: RunComparison) -> GateResult:
    change = next((item for item in found.changes if item.name == gate.metric), None)
    if change is None:
        reasons = [item.reason for item in found.uncompared if item.name == gate.metric]
        return GateResult(gate, False, reason="".join(reasons) or "neither run has a value for it")
    if change.interval is None:
        said = shown_change(gate.metric, change.difference)
        return GateResult(gate, False, change.difference, reason=f"{said}, but {ONE_CLUSTER}")
    drop = change.interval.high if change.better == "lower" else -change.interval.low
    return GateResult(gate, drop <= limit, change.difference, change.interval)
