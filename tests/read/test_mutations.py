"""Files that a fuzzer has changed: each gives articles or one line of reason, in time, and its neighbours are read.

``TEST_MUTATIONS=500`` changes so many files of every kind; what they gave is printed with ``-s``.
"""

import gzip
import json
import os
import random
from collections import Counter
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

import pytest

from index.articles import Article
from index.errors import InputError, InputWarning
from index.read.readers import Item, Reader
from index.split.sentences import split_sentences
from tests.files import ATOM, PAGE, RSS, pdf

MUTATIONS = int(os.environ.get("TEST_MUTATIONS", "40"))  # files of every kind
MOST_CHANGES = 6  # of one file
LONGEST_RUN = 3000  # of one piece over and over
RECORDS = (
    {"id": "1", "title": "Ferry", "text": "<p>It sails.</p><p>R&amp;D is glued.It stays.</p>", "date": 1706947200},
    {"headline": "Mill", "body": ["The mill turns.", {"text": "It stops."}], "source": {"name": "Post"}},
    {"title": {"rendered": "Wolf"}, "content": {"rendered": "A wolf came."}, "authors": [{"name": "Ann Ek"}]},
)
TABLE = 'sep=;\ntitle;text;published;Text\nFerry;"The ferry; it ""sails"".";2024/05/03;no\nMill;The mill turns.;soon;\n'
MATTER = "---\ntitle: Ferry\ndate: 2024-05-03 08:00 CEST\ntags: [a, b]\n---\n"
MARKDOWN = f"{MATTER}# Ferry\n\nIt *sails* ~~not~~ <b>on</b>.\n\n* a\n  * b\n"
BARE = "<div>Bare <a href=/x>text</a> stands here.<br><br>And <del>not</del> <ins>here</ins>.</div>"
NESTED = PAGE.replace("<ul>", f"{BARE}<ul><li>a<ul><li>b</li></ul></li>")
PAGES = pdf([["HILL 1", "The ferry sails at", "noon on Monday."], ["HILL 2", "It is late.", "2"]], "Ferry", "Ann Ek")

GOOD = {
    "a.txt": b"Ferry sails\n\nThe ferry sails.It is no. 7 today.\n",
    "a.md": MARKDOWN.encode(),
    "a.html": NESTED.encode(),
    "a.jsonl": "".join(json.dumps(record) + "\n" for record in RECORDS).encode(),
    "a.json": json.dumps({"status": "ok", "articles": RECORDS}).encode(),
    "a.csv": TABLE.encode(),
    "a.rss": RSS.encode(),
    "a.atom": ATOM.encode(),
    "a.pdf": PAGES,
    "a.jsonl.gz": gzip.compress(json.dumps(RECORDS[0]).encode() + b"\n"),
}
PIECES = (
    b"\0 \xff \xef\xbb\xbf \xfe\xff \xed\xa0\xbd \xe9 \x85 \r \n \t < > & &amp; &#x110000; &# ]]> <![CDATA[ <!-- --> "
    b'<? <!DOCTYPE </p> <p> <div> <ul><li> <br> <sup>2</sup> <table> <q> <x-y> {{ }} [ ] [[[[ {" "} " \' \\u \\ud83d '
    b", ; : --- ``` ~~ %PDF- endobj stream 1e999 -1 null true 99999999999999999999 2024-13-45 <item> </item> . ! ?"
).split(b" ")
COMMON = (b"<", b">", b'"', b"\n", b"title", b"text", b"1")


def changed(data: bytes, other: bytes, chance: random.Random) -> bytes:
    """The file after some changes of any kind."""
    for _ in range(chance.randint(1, MOST_CHANGES)):
        place = chance.randrange(len(data) + 1)
        end = place + chance.choice((1, 2, 8, 40, 200))
        piece = chance.choice(PIECES)
        data = chance.choice(
            (
                data[:place] + bytes([chance.randrange(256)]) + data[place + 1 :],
                data[:place] + data[end:],
                data[:place] + piece + data[place:],
                data[:place] + data[place:end] * 2 + data[end:],
                data[:place],
                data[:place] + other[chance.randrange(len(other)) :],
                data[:place] + piece * chance.randrange(LONGEST_RUN) + data[place:],
                data.replace(chance.choice(COMMON), piece, 3),
                data[:place] + data[place:end][::-1] + data[end:],
            )
        )
    return data


def check(item: Item, path: Path) -> str:
    """What an item is, once it is as it should be."""
    if isinstance(item, Article):
        assert item.id
        assert item.text.strip()
        assert item.digest  # no half letters
        assert not item.published or datetime.fromisoformat(item.published)
        for sentence in split_sentences(item.text):
            assert item.text[sentence.start : sentence.end] == sentence.text
        return "articles"
    assert item.problem.startswith(str(path))
    assert "\n" not in item.problem
    assert "Traceback" not in item.problem
    if "broke down" in item.problem or "takes longer" in item.problem:
        return "ended parsers"
    return "errors" if isinstance(item, InputError) else "warnings"


@pytest.fixture(scope="module")
def reader() -> Iterator[Reader]:
    with Reader() as opened:
        yield opened


@pytest.mark.parametrize("name", GOOD)
def test_changed_files_cost_themselves_at_most(reader: Reader, tmp_path: Path, name: str) -> None:
    chance = random.Random(name)
    before, path, after = tmp_path / "before.txt", tmp_path / name, tmp_path / f"after-{name}"
    before.write_text("The ferry is the first.", encoding="utf-8")
    after.write_bytes(GOOD[name])
    good = [item for item in reader.read([after]) if isinstance(item, Article)]
    assert good
    counts: Counter[str] = Counter()
    for number in range(MUTATIONS):
        path.write_bytes(changed(GOOD[name], GOOD[chance.choice(list(GOOD))], chance))
        first, *items = reader.read([before, path, after])
        assert isinstance(first, Article)
        ours = [item for item in items if not str(getattr(item, "problem", "")).startswith(str(after))]
        assert [item for item in ours if isinstance(item, Article)][-len(good) :] == good, f"number {number}"
        counts.update(check(item, path) for item in ours[: -len(good)])
        assert len(ours) > len(good), f"number {number}: nothing is said of the file"
    print(f"{name}: {MUTATIONS} files, {dict(counts)}")  # noqa: T201 -- with -s
    assert counts["ended parsers"] == 0


def test_the_changes_are_of_every_kind() -> None:
    assert isinstance(InputWarning("a"), UserWarning)
    chance = random.Random(1)
    assert len({changed(b"The ferry sails.", b"It rests.", chance) for _ in range(200)}) > 150
