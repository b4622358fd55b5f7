"""Shows which modules a question passes through: ``python -m evals.experiments.trace_question "Who met Blinken?"``.

It indexes the articles in a temporary folder, asks the question, and notes each call of a function of ``assistant`` or
``index`` in the asking thread; calls in a row within one module are one visit. The first line of the output has the
stages and how often each was entered. Where the model replies in pieces, ``write`` and ``verify`` take turns. Below,
each stage lists its modules in the order of their first visit, with visits/calls. ``--visits`` lists every visit.
"""

import sys
from collections import Counter
from itertools import groupby
from pathlib import Path
from tempfile import TemporaryDirectory
from types import FrameType
from typing import Any

import click

from assistant import Assistant

NEWSROOM = Path(__file__).parents[1] / "datasets" / "newsroom" / "articles"
# The functions that begin a stage; every call until the next one belongs to it.
STAGES = {
    "assistant.answering.chain._understand": "understand",
    "index.library.searcher": "search",
    "assistant.evidence.select.select_evidence": "read",
    "assistant.selection.select.select_answers": "select",
    "assistant.answering.selected.__init__": "write",
    "assistant.answering.wide.__init__": "write",
    "assistant.llm.client.stream_reply": "write",
    "assistant.answering.turn.read": "verify",
    "assistant.answering.turn.finish": "answer",
}


class Trace:
    """A profile function for ``sys.setprofile``; ``calls`` holds the stage and the module of each call, in order."""

    def __init__(self) -> None:
        self.calls = [("begin", "assistant.assistant")]
        self._imports = 0  # under way

    def __call__(self, frame: FrameType, event: str, _: Any) -> None:
        """Note a call, unless an import makes it."""
        name, module = frame.f_code.co_name, str(frame.f_globals.get("__name__", ""))
        if name == "<module>" and event in {"call", "return"}:
            self._imports += 1 if event == "call" else -1
        elif event == "call" and not self._imports and module.startswith(("assistant.", "index.")):
            self.calls.append((STAGES.get(f"{module}.{name}", self.calls[-1][0]), module))


@click.command()
@click.argument("question")
@click.option("--articles", type=click.Path(exists=True), default=NEWSROOM, help="Instead of the sample newsroom.")
@click.option("--visits", is_flag=True, help="List every visit of a module.")
def main(question: str, articles: str, visits: bool) -> None:
    """Print the modules that a question passes through, stage by stage."""
    trace = Trace()
    with TemporaryDirectory() as folder, Assistant.open(Path(folder) / "index") as assistant:
        assistant.add(articles)
        sys.setprofile(trace)
        answer = assistant.ask(question)
        sys.setprofile(None)
    entered = Counter(stage for stage, _ in groupby(stage for stage, _ in trace.calls))
    click.echo(", ".join(f"{stage} × {times}" for stage, times in entered.items()) + f": {answer.status}")
    visited = Counter(visit for visit, _ in groupby(trace.calls))
    called = Counter(trace.calls)
    if visits:
        for (stage, module), calls in groupby(trace.calls):
            click.echo(f"{stage:<12}{module} × {len(list(calls))}")
        return
    for stage in entered:
        counts = [f"{module} {visited[at, module]}/{called[at, module]}" for at, module in called if at == stage]
        click.echo("\n" + click.wrap_text(", ".join(counts), 110, f"{stage:<12}", " " * 12))


if __name__ == "__main__":
    main()
