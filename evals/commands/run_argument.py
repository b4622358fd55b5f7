"""Finds the run that a command's argument names."""

from pathlib import Path

import click

from evals.run.records import Run, find_run
from evals.score.stored import StoredRun


class RunType(click.ParamType[Run]):
    """A run's folder, or the name of a suite, which stands for its newest run."""

    name = "run"

    def convert(self, value: str | Run, param: click.Parameter | None, ctx: click.Context | None) -> Run:
        """The run.

        Raises:
            InputError: there is none.
        """
        return value if isinstance(value, Run) else find_run(value)


class ScoresType(click.ParamType[Run]):
    """A run as above, or a file of scores that ``evals score --save`` wrote."""

    name = "run or file"

    def convert(self, value: str | Run, param: click.Parameter | None, ctx: click.Context | None) -> Run:
        """The run, or the file in its place.

        Raises:
            InputError: there is none.
        """
        if isinstance(value, str) and Path(value).is_file():
            return StoredRun(Path(value))
        return RUN.convert(value, param, ctx)


RUN, SCORES = RunType(), ScoresType()
