"""BM25 over several word indexes ranks as one index does that holds everything."""

from functools import reduce
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from index.articles import ArticleInfo, Chunk, Window
from index.store.bm25 import Estimate, WordStatistics, among_best, undecided
from index.store.records import Scored
from index.store.tantivy_index import LexicalIndex, best_first

WORDS = ("ferry", "minister", "vote", "flood", "storm", "Vellin", "harbour", "the", "strike", "İzmir", "café", "東京")
words = st.lists(st.sampled_from(WORDS), min_size=1, max_size=30).map(" ".join)
rows = st.lists(st.tuples(st.lists(st.sampled_from(WORDS), max_size=4).map(" ".join), words), min_size=1, max_size=40)
TOLERANCE = 2e-3  # scores are compared to three decimals


def chunks(texts: list[tuple[str, str]]) -> list[Chunk]:
    return [Chunk(ArticleInfo(f"a{n}", title), 0, 0, text, ()) for n, (title, text) in enumerate(texts)]


def index_of(folder: Path, held: list[Chunk]) -> LexicalIndex:
    index = LexicalIndex(folder)
    if held:
        index.put(held, 1)
    return index


def together(indexes: list[LexicalIndex], question: str, limit: int, window: Window) -> tuple[Scored, ...]:
    """The rows of several indexes, ranked by the statistics of all."""
    shared = reduce(WordStatistics.plus, (index.statistics(question) for index in indexes))
    found = []
    for index in indexes:
        estimates = {row.key: row for row in index.scored(question, limit, window, shared=shared)}
        scores = index.scores(question, list(estimates), shared)
        assert scores.keys() == estimates.keys()
        for key, score in scores.items():
            estimate = index.bounds(shared).estimate(estimates[key])
            assert estimate.least <= score <= estimate.most
        found += [Scored(key, score) for key, score in scores.items()]
    return best_first(found)[:limit]


def agree(one: tuple[Scored, ...], several: tuple[Scored, ...]) -> None:
    """The same scores, and the same rows but for those that tie with the last one, of which an index takes any."""
    assert [row.score for row in several] == pytest.approx([row.score for row in one], abs=TOLERANCE)
    if one:
        least = one[-1].score + TOLERANCE
        assert {row.key for row in several if row.score > least} == {row.key for row in one if row.score > least}


@settings(max_examples=40, suppress_health_check=[HealthCheck.too_slow])
@given(texts=rows, question=words, parts=st.integers(1, 4), limit=st.integers(1, 12), seed=st.randoms())
def test_any_division_ranks_as_one_index(
    texts: list[tuple[str, str]], question: str, parts: int, limit: int, seed: Random
) -> None:
    held = chunks(texts)
    places = [seed.randrange(parts) for _ in held]
    with TemporaryDirectory() as folder:
        one = index_of(Path(folder) / "one", held)
        several = [
            index_of(Path(folder) / str(part), [c for c, place in zip(held, places, strict=True) if place == part])
            for part in range(parts)
        ]
        agree(one.scored(question, limit, Window()), together(several, question, limit, Window()))


estimates = st.lists(st.tuples(st.integers(0, 60), st.integers(0, 20), st.floats(0, 1)), max_size=40)


@given(drawn=estimates, limit=st.integers(1, 12))
def test_rows_whose_order_is_decided_need_no_exact_score(drawn: list[tuple[int, int, float]], limit: int) -> None:
    """Each row's score lies anywhere within its estimate; the best are the same as by the exact scores of all."""
    rows = [Estimate(f"{n}", float(least), float(least + wide)) for n, (least, wide, _) in enumerate(drawn)]
    exact = {
        row.key: row.least + share * (row.most - row.least) for row, (_, _, share) in zip(rows, drawn, strict=True)
    }
    likely = among_best(rows, limit)
    unsure = undecided(likely)
    found = best_first(Scored(row.key, exact[row.key] if row.key in unsure else row.middle) for row in likely)
    expected = best_first(Scored(key, score) for key, score in exact.items())
    assert [row.key for row in found[:limit]] == [row.key for row in expected[:limit]]


def test_rows_far_apart_are_decided() -> None:
    rows = [Estimate("a", 1.0, 2.0), Estimate("b", 3.0, 6.0), Estimate("c", 4.0, 5.0), Estimate("d", 5.5, 7.0)]
    assert undecided(rows) == {"b", "c", "d"}
    assert [row.key for row in among_best(rows, 1)] == ["d", "b"]


def test_a_word_that_is_rare_in_one_index_alone_does_not_count_more_there(tmp_path: Path) -> None:
    """By their own statistics the indexes would rank their rows otherwise than all together."""
    common = [Chunk(ArticleInfo(f"c{n}", ""), 0, 0, "flood flood warning", ()) for n in range(20)]
    rare = [Chunk(ArticleInfo("r0", ""), 0, 0, "flood", ())]
    other = [
        Chunk(ArticleInfo(f"o{n}", ""), 0, 0, "a long story of other things that nobody asked for", ())
        for n in range(20)
    ]
    one = index_of(tmp_path / "one", [*common, *rare, *other])
    several = [index_of(tmp_path / "a", common), index_of(tmp_path / "b", [*rare, *other])]
    expected = one.scored("flood", 5, Window())
    agree(expected, together(several, "flood", 5, Window()))
    alone = best_first([row for index in several for row in index.scored("flood", 5, Window())])
    assert [row.key for row in alone[:5]] != [row.key for row in expected]


def test_what_was_found_first_is_looked_up_further_until_nothing_can_be_better(tmp_path: Path) -> None:
    """Among long rows the short ones come last, and in the whole, whose rows are short, they are the best."""
    long = [Chunk(ArticleInfo(f"l{n:02}"), 0, 0, "flood " * 6 + "other " * (200 + n), ()) for n in range(30)]
    short = [Chunk(ArticleInfo(f"s{n}"), 0, 0, "flood " + "other " * (19 + 4 * n), ()) for n in range(3)]
    rest = [Chunk(ArticleInfo(f"r{n:03}"), 0, 0, "vote", ()) for n in range(400)]
    one = index_of(tmp_path / "one", [*long, *short, *rest])
    several = [index_of(tmp_path / "a", [*long, *short]), index_of(tmp_path / "b", rest)]
    expected = one.scored("flood", 3, Window())
    assert {row.key[0] for row in expected} == {"s"}
    assert {row.key[0] for row in several[0].scored("flood", 25, Window())} == {"l"}
    agree(expected, together(several, "flood", 3, Window()))


def test_an_index_without_rows_has_no_words(tmp_path: Path) -> None:
    assert index_of(tmp_path / "none", []).statistics("flood in Vellin").rows == 0
    assert index_of(tmp_path / "none", []).scored("flood", 3, Window(), shared=WordStatistics()) == ()


def test_statistics_follow_what_is_written(tmp_path: Path) -> None:
    index = index_of(tmp_path / "index", chunks([("A flood", "flood in the harbour"), ("", "no word of it")]))
    before = index.statistics("flood")
    index.put([Chunk(ArticleInfo("new"), 0, 0, "flood", ())], 2)
    after = index.statistics("flood")
    assert (before.rows, after.rows) == (2, 3)
    assert before.found_in == {("title", "flood"): 1, ("text", "flood"): 1}
    assert after.found_in == {("title", "flood"): 1, ("text", "flood"): 2}
    assert after.lengths["text"] == before.lengths["text"] + 1
