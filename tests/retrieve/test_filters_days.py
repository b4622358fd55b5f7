"""What is listed under a day is found under it, whatever the zone; sources in any case; and filters without a match."""

import json
from pathlib import Path

import pytest

from assistant.question.time_window import overlap
from index.articles import Window, window_of
from index.embed.local import Embedder
from index.library import Library
from index.read.readers import read_articles
from index.store.records import Selection
from tests.parts import Loaded, Run

TIMES = {
    "honolulu": "2024-05-01T22:30:00-10:00",  # 2 May in UTC
    "auckland": "2024-05-01T05:00:00+12:00",  # 30 April in UTC
    "london": "2024-05-01T12:00:00+00:00",
    "bare": "2024-05-01",
    "before": "2024-04-30T23:59:00-10:00",
    "after": "2024-05-02T00:00:00+12:00",
}


@pytest.fixture(scope="module")
def index(tmp_path_factory: pytest.TempPathFactory, embedder: Embedder) -> Path:
    folder = tmp_path_factory.mktemp("days")
    lines = folder / "a.jsonl"
    records = (
        {"id": name, "title": name, "source": "Hill Courier", "published": time, "text": f"A crane came to {name}."}
        for name, time in TIMES.items()
    )
    lines.write_text("\n".join(json.dumps(record) for record in records), encoding="utf-8")
    Library(folder / "index", Loaded(embedder)).add(read_articles(lines))
    return folder / "index"


def ids(run: Run, index: Path, *options: str) -> set[str]:
    return {entry["id"] for entry in json.loads(run("index", "list", *options, "--json", "--index", index).out)}


DAYS = "those that have a date are of 30 April 2024 to 2 May 2024"
OF_THE_DAY = {"honolulu", "auckland", "london", "bare"}


def test_what_is_listed_under_a_day_is_found_under_it(run: Run, index: Path, embedder: Embedder) -> None:
    assert ids(run, index, "--since", "2024-05-01", "--until", "2024-05-01") == OF_THE_DAY
    assert ids(run, index, "--until", "2024-04-30") == {"before"}
    assert ids(run, index, "--since", "2024-05-02") == {"after"}
    for line in run(
        "index", "list", "--since", "2024-05-01", "--until", "2024-05-01", "--index", index
    ).out.splitlines():
        assert line.startswith("2024-05-01  ")
    library = Library(index, Loaded(embedder))
    for source in ("", "hill COURIER"):
        found = library.search(
            "crane came",
            k=9,
            candidates=9,
            selection=Selection((source,) if source else (), window_of("2024-05-01", "2024-05-01")),
        )
        assert {hit.chunk.article.id for hit in found.hits} == OF_THE_DAY


def test_moments_are_compared_as_moments(run: Run, index: Path) -> None:
    assert ids(run, index, "--since", "2024-05-02T08:00:00+00:00") == {"honolulu"}
    assert ids(run, index, "--until", "2024-04-30T18:00:00Z") == {"auckland"}


def test_the_overlap_of_windows_keeps_days_and_moments() -> None:
    day, moment = window_of("2024-05-01", "2024-05-01"), Window(until=1714600000)
    both = overlap(day, moment)
    assert both == Window(until=1714600000, first="2024-05-01", last="2024-05-01")
    assert overlap(day, window_of("2024-05-02")) is None
    assert overlap(day, Window(until=0)) is None
    assert overlap(window_of("2024-04-01"), window_of("", "2024-06-01")) == window_of("2024-04-01", "2024-06-01")


def test_capitals_of_sources_do_not_count(run: Run, index: Path) -> None:
    assert ids(run, index, "--source", "hill courier") == set(TIMES)


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (("--source", "Courrier"), "no source is called Courrier; name one of: Hill Courier"),
        (("--source", "courier"), "no source is called courier; name one of: Hill Courier"),
        (("--since", "2025-01-01"), f"no article was published then; {DAYS}"),
        (("--title", "zeppelin"), "no article has all of what was asked for (title zeppelin); ask for less"),
        (("--title", "z", "--until", "2024-04-30"), "no article has all of what was asked for (title z); ask for less"),
    ],
)  # fmt: skip
def test_filters_that_match_nothing_say_what_there_is(
    run: Run, index: Path, options: tuple[str, ...], said: str
) -> None:
    outcome = run("index", "list", *options, "--index", index)
    assert (outcome.status, outcome.out, outcome.err) == (0, "", f"{said}\n")
    assert run("index", "export", *options, "--index", index).err == f"{said}\n"
    asked = run("ask", "Where did a crane come?", *options, "--index", index)
    assert asked.status == 3
    assert f"Note: {said}." in " ".join(asked.out.split())
