"""``evals run``: ask the questions of a suite."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from assistant.cassettes.cassette import cassette_of
from assistant.console.output import console
from assistant.llm.prompts import load_prompt
from assistant.render.cost import cost_in_words, dollars
from assistant.settings import load_settings
from assistant.text.tokens import count_tokens
from evals.commands.tally import Tally
from evals.run.budget import Budget, check_price
from evals.run.perturbations import PERTURBATIONS
from evals.run.processes import execute_in_processes
from evals.run.records import Record, Run
from evals.run.runner import Shard, execute, prepare_run, settings_of
from evals.run.suite import Suite, find_suite, load_material, read_suite
from index.errors import UsageError
from index.lifecycle.add import AddReport

if TYPE_CHECKING:
    from rich.progress import Progress, TaskID

EXIT_INCOMPLETE = 3
PLAIN_STEPS = 20  # lines of progress where there is no terminal


@click.command(
    "run",
    epilog="""\b
Examples:
  python -m evals run smoke
  python -m evals run newsroom --set k=4
  python -m evals run clapnq --limit 20 --dry-run
  python -m evals run clapnq --budget 0.50
  python -m evals run newsroom --repeats 5 --set temperature=0.3
  python -m evals run newsroom --perturb articles-order
  python -m evals run newsroom --extractive
  python -m evals run clapnq --processes 2
  python -m evals run clapnq --shard 1/2    and on another machine: --shard 2/2

Run the same command again after an interruption: what is recorded is not
asked again. Changed code or settings begin a new run; more repeats go on with
the same. Questions that wait for a reply of a cassette are asked again too.

Exit status: 0 well, 1 an error, 2 wrong usage, 3 the budget ended the run, or
questions wait for replies.""",
)
@click.argument("suite")
@click.option(
    "--to",
    "folder",
    type=click.Path(path_type=Path),
    help="Folder of the run; usually one below .runs/, named after suite, code and settings.",
)
@click.option("--set", "settings", multiple=True, metavar="NAME=VALUE", help="A setting of the assistant; repeatable.")
@click.option("--limit", type=click.IntRange(min=1), help="Ask only the first so many questions now.")
@click.option("--shard", default="1/1", metavar="I/N", help="Ask only this part of the questions.")
@click.option("--processes", default=1, type=click.IntRange(min=1), help="Processes that share the questions.")
@click.option("--workers", default=1, type=click.IntRange(min=1), help="Questions that each asks at the same time.")
@click.option("--repeats", type=click.IntRange(min=1), help="Ask every question with so many seeds.")
@click.option(
    "--perturb", type=click.Choice(PERTURBATIONS), help="Put articles or questions otherwise: a run of its own."
)
@click.option(
    "--extractive",
    is_flag=True,
    help="Answer with the sentences themselves, and no language model: a run of its own.",
)
@click.option(
    "--budget",
    type=click.FloatRange(min=0, min_open=True),
    metavar="USD",
    help="Ask nothing more once the run has cost so much, with what is recorded.",
)
@click.option("--dry-run", is_flag=True, help="Only say what would be asked, and what it may cost.")
def run_command(  # noqa: PLR0913 -- one parameter for each option
    suite: str,
    folder: Path | None,
    settings: tuple[str, ...],
    limit: int | None,
    shard: str,
    processes: int,
    workers: int,
    repeats: int | None,
    perturb: str | None,
    extractive: bool,
    budget: float | None,
    dry_run: bool,
) -> int:
    """Ask every question of SUITE, a TOML file or one of ours, and record what happens.

    Scores are computed afterwards, by `evals score`.
    """
    path = find_suite(suite)
    asked = {"repeats": repeats, "perturb": perturb, "extractive": extractive}
    chosen = _with_settings(read_suite(path), settings).model_copy(update={k: v for k, v in asked.items() if v})
    part = _shard(shard, processes)
    if budget is not None:
        check_price(load_settings(**chosen.settings))
    run = prepare_run(folder, chosen, load_material(chosen, path))
    keys = part.take(run.keys)[:limit]
    done = run.progress().records
    pending = [key for key in keys if key not in done]
    click.echo(f"{run.folder}: {len(keys)} questions, {len(keys) - len(pending)} of them recorded before", err=True)
    if dry_run:
        click.echo(_cost(run, len(pending)))
        return 0
    limited = None if budget is None else Budget(budget, run, done.values())
    before = [done[key] for key in keys if key in done]
    ask = partial(execute_in_processes, count=processes) if processes > 1 else partial(execute, shard=part)
    with _display(run, len(keys), before, processes * workers, limited) as shown:
        ask(run, limit=limit, workers=workers, indexing=shown.indexing, progress=shown.record, stop=shown.stop)
    if waiting := run.progress().waiting & set(keys):
        click.echo(_waiting(run, len(waiting)), err=True)
        return EXIT_INCOMPLETE
    left = len(keys) - shown.tally.count
    if limited and left:
        click.echo(f"stopped at the budget of {dollars(limited.limit)}; {left} questions are left", err=True)
        click.echo(f"so far: {cost_in_words(limited.spent, 'question')}; to go on, give a larger --budget", err=True)
        return EXIT_INCOMPLETE
    click.echo(f"next: python -m evals score {run.folder}", err=True)
    return 0


def _waiting(run: Run, count: int) -> str:
    """What to say of questions that the cassette has no reply to."""
    cassette = cassette_of(settings_of(run, run.info.suite.seed))
    if cassette and cassette.mode == "pending":
        return f"{count} questions wait for replies: {cassette.requests_path}"
    return f"{count} questions wait for replies; ASSISTANT_CASSETTE_MODE=pending writes their requests down"


def _with_settings(suite: Suite, assignments: tuple[str, ...]) -> Suite:
    changed: dict[str, Any] = dict(suite.settings)
    for assignment in assignments:
        name, equals, value = assignment.partition("=")
        if not (name and equals):
            raise UsageError(f"--set {assignment}: not of the form NAME=VALUE", "write --set k=4")
        changed[name] = value
    return suite.with_settings(changed)


def _shard(text: str, processes: int) -> Shard:
    if processes > 1 and text != "1/1":
        raise UsageError("--shard and --processes exclude each other", "start the processes of a shard by hand")
    number, _, count = text.partition("/")
    if number.isdigit() and count.isdigit() and 1 <= int(number) <= int(count):
        return Shard(int(number), int(count))
    raise UsageError(f"--shard {text}: not a part of a whole", "write --shard 2/4 for the second of four parts")


def _cost(run: Run, calls: int) -> str:
    """What is to be expected at most; measured means where the run has some already."""
    if run.info.suite.extractive:
        return f"{calls} questions to ask; no language model is asked"
    settings = settings_of(run, run.info.suite.seed)
    prompt = load_prompt("answer")
    fixed = sum(map(count_tokens, prompt.parts.values()))
    longest = max((count_tokens(question.question) for question in run.questions), default=0)
    most = calls * (fixed + longest + settings.evidence_tokens)
    lines = [
        f"{calls} questions to ask; refusals need no call",
        f"at most {calls} calls and {most} prompt tokens, without retries and the rewriting of follow-ups",
    ]
    used = [record.answer["usage"] for record in run.completed() if record.answer and record.answer["usage"]]
    counted = [(usage["prompt_tokens"], usage["completion_tokens"]) for usage in used if usage["prompt_tokens"]]
    if counted:
        share = len(used) / len(run.completed())
        read, written = (sum(column) / len(counted) for column in zip(*counted, strict=True))
        lines.append(
            f"as so far: {share * calls:.0f} calls, {share * calls * read:.0f} prompt and "
            f"{share * calls * written:.0f} completion tokens"
        )
    return "\n".join(lines)


@dataclass(frozen=True, slots=True)
class _Display:
    """A progress bar with running means and the time left; without a terminal, a line now and then."""

    bar: "Progress"
    task: "TaskID"
    tally: Tally
    total: int
    at_once: int
    budget: Budget | None

    def stop(self) -> bool:
        return self.budget is not None and self.budget.reached

    def indexing(self, report: AddReport) -> None:
        self.bar.update(self.task, description=f"adding articles: {report.articles}")

    def record(self, record: Record) -> None:
        self.tally.add(record)
        left = self.tally.time_left(self.total - self.tally.count, self.at_once)
        said = " · ".join(filter(None, (str(self.tally), left)))
        self.bar.update(self.task, description=said, advance=1)
        step = max(1, self.total // PLAIN_STEPS)
        if self.bar.disable and (self.tally.count % step == 0 or self.tally.count == self.total):
            sys.stderr.write(f"{self.tally.count}/{self.total} · {said}\n")
        if self.budget:
            self.budget.add(record)


@contextmanager
def _display(run: Run, total: int, before: list[Record], at_once: int, budget: Budget | None) -> Iterator[_Display]:
    tally = Tally(run, before)
    with _bar(console(stderr=True).is_terminal) as bar:
        yield _Display(bar, bar.add_task(str(tally), total=total, completed=len(before)), tally, total, at_once, budget)


def _bar(visible: bool) -> "Progress":
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

    columns = (BarColumn(20), MofNCompleteColumn(), TextColumn("{task.description}"))
    return Progress(*columns, console=console(stderr=True), disable=not visible)
