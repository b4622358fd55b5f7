"""The plots, as SVG text to be put into the page.

Colours are placeholders while a figure is drawn and become CSS variables of the page afterwards, so that the plots
follow its light and dark form.
"""

import io
import re
from collections.abc import Callable, Sequence
from contextlib import chdir
from pathlib import Path
from typing import TYPE_CHECKING, Any

from evals.metrics.abstention import MAX_RISK, RiskCoverage
from evals.report.series import Bin, ByRank, Citations, Stage
from evals.score.statistics import Interval

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

INK, MUTED, RULE, PAPER = "#010101", "#020202", "#030303", "#040404"
SERIES = ("#a10001", "#a10002", "#a10003", "#a10004")
COLOURS = {INK: "currentColor", MUTED: "var(--muted)", RULE: "var(--rule)", PAPER: "var(--paper)"} | {
    placeholder: f"var(--series-{number})" for number, placeholder in enumerate(SERIES, start=1)
}
MARKERS, LINES = ("o", "s", "D", "^"), ("-", "--", "-.", ":")
WIDTH, HEIGHT = 5.0, 3.2  # inches; the page scales the drawing
LEAST_SECONDS = 0.001  # what is drawn of a stage that takes no time: the axis has no zero
SVG_SETTINGS: dict[Any, Any] = {
    "svg.fonttype": "none",  # text stays text: the page's font, found by its search
    "text.parse_math": False,
    "font.size": 10,
    "axes.axisbelow": True,
    "axes.edgecolor": RULE,
    "axes.labelcolor": INK,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "grid.color": RULE,
    "grid.linewidth": 0.6,
    "legend.frameon": False,
    "text.color": INK,
    "xtick.color": MUTED,
    "ytick.color": MUTED,
}


def citation_plot(citations: Citations) -> str:
    """Citation precision and recall of each question; the area of a bubble is the number of questions."""

    def draw(figure: "Figure", axes: "Axes") -> None:
        largest = max(bubble.count for bubble in citations.bubbles)
        for bubble in citations.bubbles:
            size = 30 + 900 * bubble.count / largest
            axes.scatter(bubble.recall, bubble.precision, s=size, color=SERIES[0], alpha=0.35, linewidths=0)
            axes.annotate(
                str(bubble.count), (bubble.recall, bubble.precision), ha="center", va="center", size=8, color=INK
            )
        _cross(axes, citations)
        axes.set(xlim=(-0.12, 1.12), ylim=(-0.16, 1.16), xlabel="recall", ylabel="precision")
        axes.grid(visible=True)

    return _svg("citations", draw)


def _cross(axes: "Axes", citations: Citations) -> None:
    """The two means with their intervals."""
    across, up = citations.recall, citations.precision
    if across.metric.value is None or up.metric.value is None:
        return
    axes.errorbar(
        across.metric.value,
        up.metric.value,
        xerr=_ends(across.metric.value, across.interval),
        yerr=_ends(up.metric.value, up.interval),
        color=SERIES[1],
        marker="D",
        markersize=6,
        capsize=3,
        linewidth=1.6,
        label="means, with 95 % intervals",
    )
    axes.legend(loc="lower center", bbox_to_anchor=(0.5, 1), fontsize=9)


def risk_plot(curve: RiskCoverage) -> str:
    """The share of wrong answers as more answers are given, the surest first."""

    def draw(figure: "Figure", axes: "Axes") -> None:
        axes.axhline(MAX_RISK, color=MUTED, linewidth=1, linestyle=":")
        axes.annotate(f"{100 * MAX_RISK:.0f} % wrong", (1, MAX_RISK), ha="right", va="bottom", size=8, color=MUTED)
        axes.fill_between(curve.coverages, curve.risks, color=SERIES[0], alpha=0.15, linewidth=0)
        axes.plot(curve.coverages, curve.risks, color=SERIES[0], linewidth=1.8)
        axes.plot(curve.coverages[-1:], curve.risks[-1:], color=SERIES[0], marker="o", clip_on=False)
        axes.set(xlim=(0, 1), ylim=(0, max(0.12, *curve.risks) * 1.08))
        axes.set(xlabel="share of the answers given, the surest first", ylabel="share wrong among them")
        axes.grid(visible=True)

    return _svg("risk", draw)


def reliability_plot(bins: Sequence[Bin]) -> str:
    """For each bin, the share that is answerable as a bar, and the mean confidence as a mark."""

    def draw(figure: "Figure", axes: "Axes") -> None:
        places = range(len(bins))
        shares = [item.answerable for item in bins]
        axes.bar(places, shares, width=0.72, color=SERIES[0], alpha=0.35, linewidth=0, label="share answerable")
        for place, item in zip(places, bins, strict=True):
            axes.errorbar(
                place, item.answerable, yerr=_ends(item.answerable, item.interval), color=SERIES[0], capsize=2
            )
        confidences = [item.confidence for item in bins]
        axes.plot(places, confidences, color=SERIES[1], marker="D", markersize=6, linestyle="", label="mean confidence")
        labels = [f"{_short(item.confidence)}\nn={item.count}" for item in bins]
        axes.set_xticks(list(places), labels, fontsize=8)
        axes.set(ylim=(0, 1.06), xlabel="mean confidence of the bin, and how many questions are in it")
        axes.grid(visible=True, axis="y")
        axes.legend(loc="lower center", bbox_to_anchor=(0.5, 1), ncols=2, fontsize=9)

    return _svg("reliability", draw)


def latency_plot(stages: Sequence[Stage]) -> str:
    """Median and 95th percentile of each stage on a logarithmic axis."""

    def draw(figure: "Figure", axes: "Axes") -> None:
        places = list(range(len(stages)))[::-1]
        halves = [max(stage.median, LEAST_SECONDS) for stage in stages]
        tails = [max(stage.tail, LEAST_SECONDS) for stage in stages]
        axes.hlines(places, halves, tails, color=SERIES[0], linewidth=2.5, alpha=0.5)
        axes.plot(halves, places, color=SERIES[0], marker="o", linestyle="", markersize=7, label="median")
        axes.plot(
            tails, places, color=SERIES[1], marker="|", linestyle="", markersize=12, mew=2.5, label="95th percentile"
        )
        axes.set_xscale("log")
        axes.set_yticks(places, [stage.name for stage in stages], color=INK)
        axes.set(xlim=(LEAST_SECONDS / 1.5, max(*tails, 1) * 2), ylim=(-0.7, len(stages) - 0.3))
        axes.xaxis.set_major_formatter(lambda value, _: shown_seconds(value))
        axes.grid(visible=True, axis="x")
        axes.tick_params(axis="y", length=0)
        axes.legend(loc="lower center", bbox_to_anchor=(0.5, 1), ncols=2, fontsize=9)

    return _svg("latency", draw)


def retrieval_plot(lines: Sequence[ByRank]) -> str:
    """The retrieval metrics over the number of hits; a little apart, so that the intervals can be told."""

    def draw(figure: "Figure", axes: "Axes") -> None:
        ks = [k for k, _ in lines[0].points]
        for number, line in enumerate(lines):
            shift = (number - (len(lines) - 1) / 2) * 0.07
            for place, (_, item) in enumerate(line.points):
                value = item.metric.value or 0.0  # ranks_of leaves out what has none
                axes.errorbar(place + shift, value, yerr=_ends(value, item.interval), color=SERIES[number], alpha=0.6)
            axes.plot(
                [place + shift for place in range(len(ks))],
                [item.metric.value or 0.0 for _, item in line.points],
                color=SERIES[number],
                marker=MARKERS[number],
                linestyle=LINES[number],
                label=line.name,
            )
        axes.set_xticks(range(len(ks)), [str(k) for k in ks])
        axes.set(ylim=(0, 1.04), xlabel="hits taken (k)")
        axes.grid(visible=True, axis="y")
        axes.legend(loc="lower center", bbox_to_anchor=(0.5, 1), ncols=4, fontsize=9, handlelength=3)

    return _svg("retrieval", draw)


def shown_seconds(value: float) -> str:
    """``15 ms``, ``1.5 s``."""
    return f"{value * 1000:.0f} ms" if value < 0.9995 else f"{value:.3g} s"


def _short(confidence: float) -> str:
    """Two digits, and more only where they would round to certainty."""
    if 0.995 <= confidence < 1:
        return "≈ 1"
    return f"{confidence:.2f}"


def _ends(value: float, interval: Interval | None) -> list[list[float]] | None:
    """An interval as distances from the value, as error bars are given."""
    return None if interval is None else [[max(0.0, value - interval.low)], [max(0.0, interval.high - value)]]


def _svg(name: str, draw: "Callable[[Figure, Axes], None]") -> str:
    """Draw a figure and return its ``<svg>`` element, the same text for the same numbers.

    The settings of the SVG writer exist only as global ones; they are set for the time of drawing and put back.
    """
    with chdir(Path(__file__).parent):  # it reads a matplotlibrc of the current folder, which may come from anywhere
        import matplotlib as mpl
    from matplotlib.figure import Figure

    target = io.StringIO()
    with mpl.rc_context():
        mpl.rcdefaults()  # whatever the person's own matplotlibrc says
        mpl.rcParams.update({**SVG_SETTINGS, "svg.hashsalt": name})
        figure = Figure(figsize=(WIDTH, HEIGHT), layout="constrained")
        draw(figure, figure.add_subplot())
        nothing = dict.fromkeys(("Date", "Creator", "Format", "Type"))
        figure.savefig(target, format="svg", transparent=True, metadata=nothing)
    return _for_page(name, target.getvalue())


def _for_page(name: str, text: str) -> str:
    """The element alone, with identifiers that are unique in the page, its fonts and its colours."""
    svg = text[text.index("<svg") :]
    svg = re.sub(r"<defs>\s*<style.*?</style>\s*</defs>", "", svg, count=1, flags=re.DOTALL)
    svg = re.sub(r' xmlns(?::xlink)?="[^"]*"', "", svg)
    svg = re.sub(
        r"<svg[^>]*?(viewBox=\"[^\"]*\")[^>]*>", r'<svg \1 aria-hidden="true" focusable="false">', svg, count=1
    )
    svg = re.sub(r'\bid="([^"]*)"', rf'id="{name}-\1"', svg)
    svg = svg.replace("xlink:href", "href").replace('href="#', f'href="#{name}-').replace("url(#", f"url(#{name}-")
    svg = re.sub(r"font-family: [^;\"]*; ?", "", svg)
    for placeholder, colour in COLOURS.items():
        svg = svg.replace(placeholder, colour)
    return svg.strip()
