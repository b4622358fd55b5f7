"""``assistant index create`` and ``reshard``: divide an index into shards."""

import click

from assistant.console.options import index_option, open_assistant
from assistant.console.output import say

MOST_SHARDS = 1000


@click.command(
    epilog="""\b
Examples:
  assistant index create --shards 4
  assistant index create --shards 8 --index /srv/archive

Afterwards all commands work on it as on any other index. An index that was not created first is not divided."""
)
@click.option(
    "--shards", "number", type=click.IntRange(1, MOST_SHARDS), required=True, help="Into how many shards it is divided."
)
@index_option
def create(number: int, index_folder: str | None) -> None:
    """Make an empty index that is divided into shards, for more articles than one folder bears."""
    with open_assistant(index_folder) as assistant:
        assistant.library.create(number)
        say(f"an empty index of {number} shards in {assistant.settings.index}")


@click.command(
    epilog="""\b
Examples:
  assistant index reshard 8
  assistant index reshard 1

Nothing is embedded again. The index is in use as it was until the new shards are complete; other processes can ask
it meanwhile, and those that add wait. An interrupted call goes on when it is run again."""
)
@click.argument("number", metavar="N", type=click.IntRange(1, MOST_SHARDS))
@index_option
def reshard(number: int, index_folder: str | None) -> None:
    """Divide the index into N shards instead of as many as it has; also one that is not divided."""
    from assistant.console.progress import add_meter

    with open_assistant(index_folder) as assistant, add_meter(1, "copying") as meter:
        done = assistant.library.reshard(number, meter.show_resharded)
    if done.total:
        say(f"{done.articles} articles in {done.shards} shards of {assistant.settings.index}; {done.copied} copied")
    else:
        say(f"{assistant.settings.index} has {number} shards already")
