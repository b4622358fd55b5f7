"""``assistant-evals``, or ``python -m evals``: measure how well questions are answered."""

import sys
from collections.abc import Sequence
from pathlib import Path

import click

from assistant.console.lazy_commands import LazyGroup
from assistant.console.output import run, version_option

SCRIPT = "assistant-evals"
COMMANDS = {
    "bench": "evals.commands.bench:bench_command",
    "calibrate": "evals.commands.calibrate:calibrate_command",
    "compare": "evals.commands.compare:compare_command",
    "convert": "evals.commands.convert:convert_command",
    "export": "evals.commands.exchange:export_command",
    "import": "evals.commands.exchange:import_command",
    "judge": "evals.commands.judge:judge_command",
    "peers": "evals.commands.peers:peers_command",
    "report": "evals.commands.report:report_command",
    "run": "evals.commands.run:run_command",
    "score": "evals.commands.score:score_command",
    "validate": "evals.commands.validate:validate",
}


@click.group(
    cls=LazyGroup,
    homes=COMMANDS,
    context_settings={"help_option_names": ["-h", "--help"]},
    epilog="""\b
Examples:
  python -m evals run smoke                           ask the questions of a suite
  python -m evals score smoke                         compute every metric from the records
  python -m evals report smoke                        write a page with every question and every score
  python -m evals compare .runs/before .runs/after    say what differs, and whether it is luck
  python -m evals peers newsroom --limit 100          the same questions to LangChain and LlamaIndex
  python -m evals bench                               measure how long answers take
  python -m evals validate questions.jsonl            check a question set
  python -m evals import smoke answers.jsonl          judge the answers of another system
  python -m evals export smoke --format trec --out x  write files for other programs
  python -m evals calibrate claims.jsonl              compare graders of claims with people
  python -m evals judge smoke                         let a language model grade a run's claims

Exit status: 0 well, 1 a fault or a gate that failed, 2 wrong usage,
3 the run is not complete.""",
)
@version_option
def evals() -> None:
    """Measure how well questions are answered."""


def main(arguments: Sequence[str] | None = None) -> None:
    """Run ``assistant-evals``, or ``python -m evals``."""
    run(evals, SCRIPT if Path(sys.argv[0]).stem == SCRIPT else "evals", arguments)
