"""Runs as arguments of commands."""

import click

from evals.records import Run, find_run


class RunType(click.ParamType[Run]):
    """A run's folder, or the name of a suite, which stands for its newest run."""

    name = "run"

    def convert(self, value: str | Run, param: click.Parameter | None, ctx: click.Context | None) -> Run:
        """The run.

        Raises:
            InputError: there is none.
        """
        return value if isinstance(value, Run) else find_run(value)


RUN = RunType()
