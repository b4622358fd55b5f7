"""``assistant cassette``: what a cassette holds, and giving it replies."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from assistant.console.output import say
from index.errors import InputError, SettingError

if TYPE_CHECKING:
    from assistant.cassettes.cassette import Cassette

EXIT_PROBLEMS = 1


@click.group(
    "cassette",
    epilog="""\b
Examples:
  export ASSISTANT_CASSETTE=tape
  ASSISTANT_CASSETTE_MODE=record assistant ask "Who did Blinken meet?"    ask the model, keep its reply
  assistant ask "Who did Blinken meet?"                                   the same without the model
  ASSISTANT_CASSETTE_MODE=pending assistant ask "Who won?"                write the request to tape/requests.jsonl
  assistant cassette import answers.jsonl                                 and give it a reply""",
)
def cassette() -> None:
    """Replies of the chat model, kept in the folder ASSISTANT_CASSETTE and played from there."""


@cassette.command(
    "import",
    epilog="""\b
Examples:
  assistant cassette import answers.jsonl
  assistant cassette import answers.jsonl --force

\b
A line of the file, for a request whose digest is in requests.jsonl:
  {"digest": "5f0c…", "reply": {"S1": "Blinken met Cho Tae-Yong."}}
The reply is a text or an object; "usage" with prompt_tokens and
completion_tokens may stand beside it.

Exit status: 0 all was taken, 1 some lines were not.""",
)
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--force", is_flag=True, help="Take replies that nobody waits for, and in place of other replies.")
@click.pass_context
def import_command(context: click.Context, file: Path, force: bool) -> None:
    """Add the replies in FILE, JSON lines; lines that cannot be taken are named."""
    from assistant.cassettes.cassette import import_replies

    tape, problems = _cassette(), list[InputError]()
    taken = import_replies(tape, file, problems.append, force=force)
    for problem in problems:
        say(str(problem), err=True)
    say(f"replies taken: {taken}; requests that still wait: {len(tape.waiting())}")
    context.exit(EXIT_PROBLEMS if problems else 0)


@cassette.command("status", epilog="\b\nExample:\n  assistant cassette status")
def status() -> None:
    """Show how many replies there are, and how many requests wait for one."""
    tape = _cassette()
    say(f"cassette  {tape.folder}")
    say(f"mode      {tape.mode}")
    say(f"replies   {len(tape.replies())}")
    waiting = len(tape.waiting())
    say(f"waiting   {waiting}" + (f" in {tape.requests_path}" if waiting else ""))


def _cassette() -> "Cassette":
    from assistant.cassettes.cassette import cassette_of
    from assistant.settings import load_settings

    found = cassette_of(load_settings())
    if found is None:
        raise SettingError("no cassette is set", "Set ASSISTANT_CASSETTE to a folder.")
    return found
