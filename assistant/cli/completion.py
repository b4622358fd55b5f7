"""``assistant completion``: prints the script with which a shell completes our commands and options."""

import click
from click.shell_completion import get_completion_class

VARIABLE = "_ASSISTANT_COMPLETE"  # as click names it
SHELLS = ("bash", "zsh", "fish")


@click.command(
    "completion",
    epilog="""\b
Examples:
  assistant completion bash >> ~/.bashrc
  assistant completion zsh >> ~/.zshrc
  assistant completion fish > ~/.config/fish/completions/assistant.fish

Open a new shell afterwards.""",
)
@click.argument("shell", type=click.Choice(SHELLS))
@click.pass_context
def completion(context: click.Context, shell: str) -> None:
    """Print the lines that let SHELL complete commands and options."""
    kind = get_completion_class(shell)
    if kind is None:
        raise AssertionError(f"click knows no {shell}")
    click.echo(kind(context.find_root().command, {}, "assistant", VARIABLE).source())
