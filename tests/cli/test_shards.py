"""Commands on an index that is divided into shards."""

import json
import shutil
from pathlib import Path

import pytest

from tests.parts import Run

NEWS = {
    "ferry": "The ferry struck the harbour wall of Vellin on Monday. Two people were hurt.",
    "vote": "The council of Brackwater voted 7 to 3 for the new bridge.",
    "storm": "The storm took the roof of the market hall in Tolle. Nobody was hurt.",
    "school": "The school in Quillon opens in September. It has room for 300 children.",
}
QUESTION = "Who was hurt when the ferry struck the wall?"


@pytest.fixture
def news(tmp_path: Path) -> Path:
    folder = tmp_path / "news"
    folder.mkdir()
    for name, text in NEWS.items():
        (folder / f"{name}.md").write_text(f"---\nid: {name}\ntitle: The {name}\n---\n{text}\n", encoding="utf-8")
    return folder


@pytest.fixture
def index(run: Run, news: Path, tmp_path: Path) -> Path:
    folder = tmp_path / "index"
    assert run("index", "create", "--shards", "3", "--index", folder).out == f"an empty index of 3 shards in {folder}\n"
    assert "4 articles: 4 added" in run("index", "add", news, "--index", folder).out
    return folder


def test_all_commands_work_on_shards(run: Run, news: Path, index: Path, tmp_path: Path) -> None:
    (news / "school.md").unlink()
    added = run("index", "add", news, "--prune", "--dry-run", "--index", index)
    assert "0 added, 0 changed, 1 removed, 3 unchanged" in added.out
    assert "1 removed" in run("index", "add", news, "--prune", "--index", index).out
    status = json.loads(run("index", "status", "--json", "--index", index).out)
    assert (status["articles"], [shard["folder"] for shard in status["shards"]]) == (
        3,
        [str(index / f"shard-00{place}") for place in range(3)],
    )
    assert sum(shard["chunks"] for shard in status["shards"]) == status["chunks"]
    assert "shard-002   " in run("index", "status", "--index", index).out
    assert run("index", "check", "--index", index).out == "3 articles, 3 chunks: all parts agree\n"
    (ferry,) = json.loads(run("index", "list", "--title", "ferry", "--json", "--index", index).out)
    assert "Two people were hurt." in run("index", "show", ferry["id"], "--index", index).out
    assert len(run("index", "export", "--index", index).out.splitlines()) == 3
    assert "3 articles rebuilt" in run("index", "rebuild", "--index", index).out
    assert "1 removed" in run("index", "remove", ferry["id"], "--index", index).out
    assert len(run("index", "list", "--index", index).out.splitlines()) == 2


def test_create_says_what_to_do_where_there_is_an_index(run: Run, index: Path) -> None:
    refused = run("index", "create", "--shards", "2", "--index", index)
    assert (refused.status, refused.out) == (1, "")
    assert f"there is an index in {index}" in refused.err
    assert "assistant index reshard N" in refused.err


def test_reshard_divides_an_index(run: Run, news: Path, tmp_path: Path) -> None:
    index = tmp_path / "whole"
    run("index", "add", news, "--index", index)
    for number in ("2", "3"):
        done = run("index", "reshard", number, "--index", index)
        assert done.out == f"4 articles in {number} shards of {index}; 4 copied\n"
    assert run("index", "reshard", "3", "--index", index).out == f"{index} has 3 shards already\n"
    assert run("index", "check", "--index", index).status == 0
    assert "Two people were hurt" in run("ask", QUESTION, "--extractive", "--index", index).out


def test_an_answer_says_which_shards_did_not_answer(run: Run, index: Path) -> None:
    whole = json.loads(run("ask", QUESTION, "--extractive", "--json", "--index", index).out)
    assert whole["shards"] == {"asked": 3, "missing": []}
    holder = next(place for place in index.glob("shard-*") if not _holds(run, place, "ferry"))
    shutil.move(holder, index.with_name("away"))
    told = f"2 of 3 shards answered: {holder.name} did not (the folder {holder} is missing)"
    answer = run("ask", QUESTION, "--extractive", "--index", index)
    assert answer.status == 0
    assert f"Note: {told}." in " ".join(answer.out.split())
    found = json.loads(run("ask", QUESTION, "--extractive", "--json", "--index", index).out)["shards"]
    assert found == {"asked": 3, "missing": [{"shard": holder.name, "reason": f"the folder {holder} is missing"}]}
    refused = run("ask", QUESTION, "--extractive", "--all-shards", "--index", index)
    assert refused.status == 1
    assert told in " ".join(refused.err.split())


def _holds(run: Run, shard: Path, title: str) -> bool:
    return bool(run("index", "list", "--title", title, "--index", shard).out)
