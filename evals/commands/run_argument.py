"""Finds the run that a command's argument names."""

from pathlib import Path

import click

from evals.run.records import Run, find_run
from evals.score.stored import StoredRun


class RunType(click.ParamType[Run]):
    """A run's folder, or the name of a suite, which stands for its newest run.

    Args:
        name: as messages call it.
        files: whether it may also be a file of scores that ``evals score --save`` wrote.
    """

    def __init__(self, name: str, *, files: bool = False) -> None:
        self.name = name
        self._files = files

    def convert(self, value: str | Run, param: click.Parameter | None, ctx: click.Context | None) -> Run:
        """The run, or the file in its place.

        Raises:
            InputError: there is none.
        """
        if isinstance(value, Run):
            return value
        return StoredRun(Path(value)) if self._files and Path(value).is_file() else find_run(value)


RUN, SCORES = RunType("run"), RunType("run or file", files=True)
