"""The command line: ``assistant ask``, ``cassette``, ``chat``, ``index``, ``models``, ``config``, ``completion``."""

from collections.abc import Sequence

import click

from assistant.console.lazy_commands import LazyGroup
from assistant.console.output import run, version_option

LAZY_COMMANDS = {
    "ask": "assistant.cli.ask:ask",
    "cassette": "assistant.cli.cassette:cassette",
    "chat": "assistant.chat.command:chat",
    "completion": "assistant.cli.completion:completion",
    "config": "assistant.cli.config:config",
    "index": "assistant.cli.index_add:index",
    "models": "assistant.cli.models:models",
}


@click.group(
    cls=LazyGroup,
    homes=LAZY_COMMANDS,
    context_settings={"help_option_names": ["-h", "--help"]},
    epilog="""\b
Examples:
  assistant index add articles/            add every article of a folder
  assistant ask "Who did Blinken meet?"    answer with citations
  assistant ask "…" --since 2023-11-01     only from articles since that day
  assistant chat                           ask several questions
  assistant models pull                    fetch the embedded models now
  assistant config                         show the settings; ASSISTANT_MODEL=anthropic:NAME asks another provider

Exit status: 0 answered, 3 the articles do not say, 1 error, 2 wrong usage.""",
)
@version_option
def cli() -> None:
    """Answer questions about news articles; every statement points at the sentence that says so."""


def main(arguments: Sequence[str] | None = None) -> None:
    """Run ``assistant``."""
    run(cli, "assistant", arguments)
