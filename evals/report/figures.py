"""The plots with their titles, what they show in words, and their numbers as tables."""

from dataclasses import dataclass

from evals.report import plots
from evals.report.recorded import Recorded
from evals.report.series import citations_of, ranks_of, reliability_of, risk_of, stages_of
from evals.score.tables import shown_interval, shown_value

SHARES = (0.25, 0.5, 0.75, 1.0)  # coverages at which the table of the risk curve has a row


@dataclass(frozen=True, slots=True)
class Plot:
    """A plot; without anything to draw, ``svg`` is empty and ``nothing`` says why.

    Attributes:
        caption: how to read it.
        columns, rows: its numbers, for those who do not see it.
    """

    key: str
    title: str
    caption: str
    svg: str = ""
    nothing: str = ""
    columns: tuple[str, ...] = ()
    rows: tuple[tuple[str, ...], ...] = ()


def plots_of(recorded: Recorded) -> tuple[Plot, ...]:
    """The plots of a run, in their order."""
    return (_citations(recorded), _risk(recorded), _reliability(recorded), _retrieval(recorded), _latency(recorded))


def _citations(recorded: Recorded) -> Plot:
    found = citations_of(recorded)
    title = "Citations: precision and recall"
    if found is None:
        return Plot("citations", title, "", nothing="No answer to a question with gold evidence is recorded.")
    rows = tuple((f"{item.recall:.2f}", f"{item.precision:.2f}", str(item.count)) for item in found.bubbles)
    caption = (
        "Each bubble is the questions with the same precision (share of the cited sentences that are gold) and recall "
        "(share of the needed evidence that is cited); its number says how many. Top right is best. Failures stand at "
        "0, 0. Refusals have no precision and are not drawn; in the mean of the recall they count 0."
    )
    svg = plots.citation_plot(found)
    return Plot("citations", title, caption, svg, "", ("recall", "precision", "questions"), rows)


def _risk(recorded: Recorded) -> Plot:
    curve, title = risk_of(recorded.scores), "Risk and coverage"
    if curve is None:
        return Plot("risk", title, "", nothing="No answer with a confidence and a gold answer is recorded.")
    points = tuple(zip(curve.coverages, curve.risks, strict=True))
    chosen = [next(point for point in points if point[0] >= share - 1e-9) for share in SHARES]
    rows = tuple((f"{coverage:.2f}", f"{risk:.3f}") for coverage, risk in dict.fromkeys(chosen))
    measured = recorded.scores.measured
    area, coverage = measured["aurc"], measured["coverage_at_0.05"]
    caption = (
        "If only the surest answers were given: the share that would be wrong. A curve that rises to the right means "
        f"that the confidence is worth something. Area {shown_value('aurc', area.metric.value)} "
        f"({shown_interval('aurc', area.interval)}); {shown_value('', coverage.metric.value)} of the answers can be "
        f"given with at most 5 % wrong; n = {area.metric.n}."
    )
    return Plot("risk", title, caption, plots.risk_plot(curve), "", ("share given", "share wrong"), rows)


def _reliability(recorded: Recorded) -> Plot:
    bins, title = reliability_of(recorded.scores), "Reliability of the confidence"
    if not bins:
        return Plot("reliability", title, "", nothing="No confidence is recorded.")
    rows = tuple(
        (f"{item.low:.4f} … {item.high:.4f}", f"{item.confidence:.4f}", f"{item.answerable:.3f}", str(item.count))
        for item in bins
    )
    caption = (
        "Questions sorted by confidence and cut into bins of about equal size: how sure the assistant was that the "
        "articles answer (diamond), and how often they do (bar, with its 95 % interval). The nearer the diamond is to "
        "the top of its bar, the better the confidence."
    )
    columns = ("confidence from … to", "mean confidence", "share answerable", "questions")
    return Plot("reliability", title, caption, plots.reliability_plot(bins), "", columns, rows)


def _retrieval(recorded: Recorded) -> Plot:
    lines, title = ranks_of(recorded.scores), "Retrieval by number of hits"
    if not lines:
        return Plot("retrieval", title, "", nothing="No question with gold evidence is recorded.")
    rows = tuple(
        (f"{line.name}@{k}", shown_value("", item.metric.value), shown_interval("", item.interval), str(item.metric.n))
        for line in lines
        for k, item in line.points
    )
    caption = (
        "Over the best k hits: whether any evidence is among them (hit), which share of it (recall), whether all of it "
        "is (all gold), and how well it is ordered (nDCG). Means over questions with their 95 % intervals."
    )
    return Plot(
        "retrieval", title, caption, plots.retrieval_plot(lines), "", ("metric", "value", "95 % interval", "n"), rows
    )


def _latency(recorded: Recorded) -> Plot:
    stages, title = stages_of(recorded.scores), "Time by stage"
    if not stages:
        return Plot("latency", title, "", nothing="No question was finished.")
    rows = tuple(
        (stage.name, plots.shown_seconds(stage.median), plots.shown_seconds(stage.tail), str(stage.count))
        for stage in stages
    )
    caption = "Median and 95th percentile on a logarithmic axis, over the questions in which the stage ran."
    return Plot(
        "latency", title, caption, plots.latency_plot(stages), "", ("stage", "median", "95th percentile", "n"), rows
    )
