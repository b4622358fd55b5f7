"""Grades claims one after the other and shows how far it is."""

import sys
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, nullcontext
from pathlib import Path

from assistant.console.output import console
from evals.judge.agreement import answer_of
from evals.judge.claims import Claim
from evals.judge.grades import Grade, GradeLog, Grader, open_log
from evals.score.tables import shown_counts

PLAIN_STEPS = 20  # lines of progress where there is no terminal


def grade_all(claims: Sequence[Claim], grader: Grader, log: Path | None = None) -> tuple[Grade, ...]:
    """The grade of each claim.

    Args:
        claims: each with at least one sentence.
        log: file that keeps the grades, so that none is asked for again; None for graders that cost little.

    Raises:
        InputError: the file has a line that is no grade.
        UsageError: another process is adding to the file.
        AssistantError: one that would meet every claim; what was graded stays in the file.
    """
    with open_log(log, grader.info) if log else nullcontext() as kept:
        before = [kept.find(claim) if kept else None for claim in claims]
        if kept:
            known = sum(grade is not None for grade in before)
            sys.stderr.write(f"{log}: {len(claims)} claims, {known} of them graded before\n")
        with _shown(f"{grader.info.name}", len(claims)) as step:
            return tuple(
                step(grade or _grade(claim, grader, kept)) for claim, grade in zip(claims, before, strict=True)
            )


def _grade(claim: Claim, grader: Grader, log: GradeLog | None) -> Grade:
    grade = grader.grade(claim.text, claim.sentences)
    if log:
        log.add(claim, grade)
    return grade


@contextmanager
def _shown(name: str, total: int) -> Iterator[Callable[[Grade], Grade]]:
    """A progress bar with the counts so far; without a terminal, a line now and then."""
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    counts: Counter[str] = Counter()
    terminal, every = console(stderr=True), max(1, total // PLAIN_STEPS)
    columns = (BarColumn(20), MofNCompleteColumn(), TimeRemainingColumn(), TextColumn("{task.description}"))
    with Progress(*columns, console=terminal, disable=not terminal.is_terminal) as bar:
        task = bar.add_task(name, total=total)

        def step(grade: Grade) -> Grade:
            counts[answer_of(grade)] += 1
            said = f"{name} · {shown_counts(counts)}"
            bar.update(task, description=said, advance=1)
            if not terminal.is_terminal and (counts.total() % every == 0 or counts.total() == total):
                sys.stderr.write(f"{counts.total()}/{total} · {said}\n")
            return grade

        yield step
