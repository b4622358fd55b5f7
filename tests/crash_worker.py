"""Writes to an index day after day until it is killed: ``python -m tests.crash_worker FOLDER FIRST_DAY``.

Prints “ready” when the model is loaded, and each day when all of it is written.
"""

import sys
from collections.abc import Iterator
from itertools import count
from pathlib import Path

from assistant.embedded.provider import ModelProvider
from assistant.settings import load_settings
from index.articles import Article
from index.library import Library
from index.store import chroma as store

TOWNS = ("Vellin", "Port Anselm", "Brackwater", "Tolle", "Harrow Sound", "Quillon", "Merrow")


def day(number: int) -> dict[str, Article]:
    """The articles that there are on a day, by id: each day some change, some grow or shrink, some go, some come."""
    return {name: article(name, number) for name in names(number)}


def names(number: int) -> Iterator[str]:
    for place in range(number, number + 120):
        yield f"report-{place}"  # the oldest one goes, a new one comes
    yield from (f"record-{place}" for place in range(30) if (place + number) % 5)


def article(name: str, number: int) -> Article:
    place = int(name.partition("-")[2])
    edition = number - number % (2 + place % 5)  # a new one every second to sixth day
    town = TOWNS[place % len(TOWNS)]
    vote = f"The council of {town} voted {place} to {edition + 1} on the plan of edition {edition}. "
    paragraphs = 1 + (place + edition) % 7 // 5 * 2
    text = "\n\n".join(vote * (9 if paragraphs > 1 else 1) + f"Part {part}." for part in range(paragraphs))
    return Article(name, f"{town}, report {place}", published=f"2023-05-{1 + place % 28:02}", text=text)


def write(library: Library, number: int) -> None:
    """Bring an index from any state to a day."""
    wanted = day(number)
    library.add(wanted.values())
    library.remove([entry.info.id for entry in library.list() if entry.info.id not in wanted])


def main(folder: Path, first: int) -> None:
    # Chroma writes its vector files in place whenever so many rows have changed: here in nearly every commit.
    store.HNSW = {**store.HNSW, "batch_size": 40, "sync_threshold": 80}
    models = ModelProvider(load_settings())
    models.embedder().embed_query("Which council voted?")
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    for number in count(first):
        write(Library(folder, models), number)
        sys.stdout.write(f"{number}\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]))
