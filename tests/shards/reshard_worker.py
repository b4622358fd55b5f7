"""Divides an index anew until it is killed: ``python -m tests.shards.reshard_worker FOLDER SHARDS``.

Prints “ready” when the libraries are loaded, and “done” at the end.
"""

import sys
from pathlib import Path

from assistant.embedded.provider import ModelProvider
from assistant.settings import load_settings
from index.shards import reshard
from index.shards.opened import OpenLibrary


def main(folder: Path, number: int) -> None:
    vars(reshard)["FLUSH_CHUNKS"] = 4  # many small commits, so that there is time to be killed between them
    library = OpenLibrary(folder, ModelProvider(load_settings()))
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    library.reshard(number)
    sys.stdout.write("done\n")


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]))
