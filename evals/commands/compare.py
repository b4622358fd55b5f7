"""``evals compare``: show what differs between two runs, and whether the difference is significant."""

from collections.abc import Iterator, Sequence
from dataclasses import asdict
from pathlib import Path
from string import ascii_uppercase
from typing import Any

import click

from assistant.console.output import show
from evals.commands.report import FILE, write_file
from evals.commands.run_argument import SCORES
from evals.commands.score import EXIT_INCOMPLETE
from evals.metrics.runs import answers_changed
from evals.questions.schema import Question
from evals.report.comparison_page import comparison_page_of, render_comparison
from evals.report.recorded import read_recorded
from evals.run.ledger import note_look
from evals.run.records import Run
from evals.score.comparison import KINDS, Change, RunComparison, Uncompared, compare_runs, compare_slices
from evals.score.comparison_tables import luck_line, slices_table, tested_table, untested_table
from evals.score.luck import OF_MEANS
from evals.score.scoring import RunScores
from evals.score.statistics import POWER
from evals.score.stored import scores_of
from evals.score.tables import run_line, shown_name, shown_value
from index.errors import UsageError
from index.printable import json_text

# What --by shows when no metric is chosen: right, well cited, true to its sources, and silent only when it has to be.
BY_DEFAULT = ("answer_correct", "citation_f1_sentence", "claim_support", "over_refusal", "false_answer_rate")


@click.command(
    "compare",
    epilog="""\b
Examples:
  python -m evals compare evals/baselines/newsroom.json newsroom
  python -m evals compare .runs/before .runs/after --by type,tag
  python -m evals compare .runs/before .runs/after --metric answer_correct --list
  python -m evals compare .runs/a .runs/b .runs/c --page comparison.html

Exit status: 0 compared, 2 wrong usage or runs that cannot be compared,
3 a run is not complete.""",
)
@click.argument("first", type=SCORES)
@click.argument("second", type=SCORES)
@click.argument("more", type=SCORES, nargs=-1)
@click.option("--by", metavar="KINDS", default="", help=f"Slices too; kinds with commas between: {', '.join(KINDS)}.")
@click.option("--metric", "names", metavar="NAME", multiple=True, help="Only this metric; repeatable.")
@click.option("--list", "listed", is_flag=True, help="Name the questions won and lost; needs --metric.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object, with the scores of every question.")
@click.option("--page", type=FILE, help="Write all of it to an HTML page, every question side by side.")
@click.option("--force", is_flag=True, help="Replace a page that is there already.")
def compare_command(  # noqa: PLR0913 -- one parameter for each option
    first: Run,
    second: Run,
    more: tuple[Run, ...],
    by: str,
    names: tuple[str, ...],
    listed: bool,
    as_json: bool,
    page: Path | None,
    force: bool,
) -> int:
    """Compare the runs FIRST and SECOND of the same questions, question by question; with --page also MORE.

    Each is a folder, a suite's name for its newest run, or a file of `evals score --save`; --page needs folders.
    """
    if listed and not names:
        raise UsageError("--list needs a metric by which questions are won and lost", "choose one: --metric NAME")
    if page is not None:
        if by or listed or as_json:
            raise UsageError("--page goes with none of --by, --list and --json", "ask for these in a call of its own")
        return _write_page((first, second, *more), names, page, replace=force)
    if more:
        raise UsageError("more than two runs are compared on a page only", "name its file: --page FILE.html")
    runs = (scores_of(first), scores_of(second))
    looked = [note_look(run, "compare") for run in (first, second) if run.has_texts]
    found = compare_runs(*runs, names)
    kinds = [kind.strip() for kind in by.split(",") if kind.strip()]
    slices, uncompared = compare_slices(found, names or BY_DEFAULT, kinds) if kinds else ((), ())
    if as_json:
        click.echo(json_text(comparison_json(found, slices, uncompared)))
    else:
        _show_runs(runs, found)
        click.echo("".join(f"{line}\n" for line in looked if line), nl=False)
        _show_changes(found, chosen=bool(names))
        _show_slices(slices)
        for item in (*found.uncompared, *uncompared):
            where = f" of {item.slice}" if item.slice else ""
            click.echo(f"not compared: {shown_name(item.name)}{where}: {item.reason}")
        for change in found.changes if listed else ():
            click.echo("\n" + "\n".join(_listed(change, found.second.run.questions)))
    return 0 if found.complete else EXIT_INCOMPLETE


def _write_page(runs: Sequence[Run], names: Sequence[str], path: Path, *, replace: bool) -> int:
    """Write the page, and say how large it is and how to open it.

    Raises:
        UsageError: the runs cannot be compared, one has no texts, or there is such a file already.
        AssistantError: it cannot be written there.
    """
    if without := [run for run in runs if not run.has_texts]:
        raise UsageError(f"{without[0].folder} has no texts to show", "give the folders of the runs")
    recorded = [read_recorded(run) for run in runs]
    looked = [note_look(run, "compare") for run in runs]
    written = write_file(path, lambda: render_comparison(comparison_page_of(recorded, names)), replace=replace)
    click.echo("".join(f"{line}\n" for line in dict.fromkeys(looked) if line), nl=False)
    for letter, of in zip(ascii_uppercase, recorded, strict=False):
        click.echo(f"{letter}: {run_line(of.scores)}")
    click.echo(f"{written}\nopen it in a browser: {path.resolve().as_uri()}")
    return 0 if all(of.scores.complete for of in recorded) else EXIT_INCOMPLETE


def comparison_json(
    found: RunComparison, slices: Sequence[Change] = (), uncompared: Sequence[Uncompared] = ()
) -> dict[str, Any]:
    """A comparison in JSON types; differences are second minus first."""
    return {
        "first": str(found.first.run.folder),
        "second": str(found.second.run.folder),
        "questions": found.questions,
        "missing": {"first": found.first.missing, "second": found.second.missing},
        "changed": changed_answers(found),
        "differences": [asdict(item) for item in found.differences],
        "metrics": [_change_json(change) for change in found.changes],
        "slices": [_change_json(change) for change in slices],
        "not_compared": [asdict(item) for item in (*found.uncompared, *uncompared)],
    }


def _change_json(change: Change) -> dict[str, Any]:
    tested, interval = change.tested, change.interval
    return {
        "metric": change.name,
        "slice": change.slice,
        "better": change.better,
        "first": change.first,
        "second": change.second,
        "difference": change.difference,
        "interval": None if interval is None else [interval.low, interval.high],
        "clusters": None if interval is None else interval.clusters,
        "n": change.n,
        "p_value": None if tested is None else tested.p_value,
        "p_value_holm": change.p_value,
        "verdict": change.verdict,
        "won": list(change.won),
        "lost": list(change.lost),
        "unpaired": [] if tested is None else list(tested.unpaired),
        "luck": change.luck,
        "detectable": None if tested is None else tested.detectable,
        "scores": {question: list(pair) for question, pair in change.scores.items()},
    }


def changed_answers(found: RunComparison) -> tuple[int, int] | None:
    """How many answers a perturbation changed, and of how many; None where there was none or texts are lacking."""
    runs = (found.first, found.second)
    if not any(scores.run.info.suite.perturb for scores in runs) or not all(scores.run.has_texts for scores in runs):
        return None
    return answers_changed(found.first.outcomes, found.second.outcomes)


def _show_runs(runs: Sequence[RunScores], found: RunComparison) -> None:
    for place, scores in zip(("first: ", "second:"), runs, strict=True):
        click.echo(f"{place} {run_line(scores)}")
    for item in found.differences:
        click.echo(f"  {item.name}: {item.first} → {item.second}")
    if not found.differences:
        click.echo("  made with the same code, models, settings and machine")
    if changed := changed_answers(found):
        agreement = f"agreement {1 - changed[0] / changed[1]:.3f}"
        click.echo(
            f"  {changed[0]} of {changed[1]} answers changed ({agreement}): refused in one run only, or other parts"
        )
    lacking = {"first": found.first.missing, "second": found.second.missing}
    waiting = [f"{count} still to be asked in the {place} run" for place, count in lacking.items() if count]
    if waiting:
        click.echo(f"NOT COMPLETE: {', '.join(waiting)};")
        click.echo(f"only the {found.questions} questions that both runs have asked are compared.")


def _show_changes(found: RunComparison, *, chosen: bool) -> None:
    tested = [change for change in found.changes if change.tested]
    untested = [change for change in found.changes if not change.tested]
    if tested:
        click.echo(f"\nBy question; p-values are adjusted for {len(tested)} metrics by Holm's method:\n")
        show(tested_table(tested))
        click.echo(
            f"\ncan show: a difference of this size would be found at p < .05, unadjusted, {POWER:.0%} of the time"
        )
        click.echo(luck_line([change for change in tested if chosen or change.name in OF_MEANS]))
    if untested:
        click.echo("\nOver all questions together, not tested:\n")
        show(untested_table(untested))


def _show_slices(slices: Sequence[Change]) -> None:
    for name in dict.fromkeys(change.name for change in slices):
        ours = [change for change in slices if change.name == name]
        click.echo(f"\n{shown_name(name)} by slices; p-values are adjusted for the slices of this metric:\n")
        show(slices_table(ours))


def _listed(change: Change, questions: Sequence[Question]) -> Iterator[str]:
    """The questions won and lost, with both scores; the greatest differences first."""
    name = shown_name(change.name)
    if change.tested is None:
        yield f"{name} is not a mean over questions, so none is won or lost"
        return
    texts = {question.group: question.question for question in reversed(questions)}  # paraphrases are scored together
    texts |= {question.id: question.question for question in questions}
    yield f"{name}: {len(change.won)} won, {len(change.lost)} lost, {len(change.tested.unpaired)} in one run only"
    for mark, ids in (("won ", change.won), ("lost", change.lost)):
        for question in sorted(ids, key=lambda key: -abs(change.scores[key][1] - change.scores[key][0])):
            first, second = (shown_value(change.name, value) for value in change.scores[question])
            yield f"  {mark}  {first} → {second}  {question}: {texts[question]}"
