"""The word index: what words find, what windows leave out, and that it can always be built again."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from index.articles import Article, Chunk, Window, epoch_seconds
from index.errors import DamagedError
from index.split.chunks import split_chunks
from index.store.tantivy_index import LexicalIndex

TEXTS = {
    "ferry": ("Ferry hits breakwater", "The ferries were striking the wall. Café Zoë stayed open.", "2023-07-09"),
    "strike": ("Port closed", "Dockers are on strike.", "2023-05-11"),
    "wolf": ("A wolf", "Nobody knows the date of this story about a wolf.", ""),
}


def chunks_of(*names: str) -> list[Chunk]:
    articles = [Article(name, TEXTS[name][0], published=TEXTS[name][2], text=TEXTS[name][1]) for name in names]
    return [chunk for article in articles for chunk in split_chunks(article)]


def found(lexical: LexicalIndex, question: str, window: Window | None = None, limit: int = 10) -> list[str]:
    """Names of the articles whose chunks are found, best first."""
    return [identifier.partition("#")[0] for identifier in lexical.search(question, limit, window or Window())]


@pytest.fixture
def lexical(tmp_path: Path) -> LexicalIndex:
    index = LexicalIndex(tmp_path / "words")
    index.put(chunks_of(*TEXTS), 1)
    return index


@pytest.mark.parametrize("question", ["ferry", "FERRIES", "ferry's", "cafe", "CAFÉ ZOE", "breakwaters", "walls?"])
def test_find_every_form_of_a_word_in_text_and_title(lexical: LexicalIndex, question: str) -> None:
    assert found(lexical, question) == ["ferry"]


def test_rank_by_how_well_the_words_fit(lexical: LexicalIndex) -> None:
    assert found(lexical, "Which dockers went on strike?") == ["strike", "ferry"]
    assert found(lexical, "Which dockers went on strike?", limit=1) == ["strike"]


def test_words_that_say_nothing_find_nothing(lexical: LexicalIndex) -> None:
    assert found(lexical, "the of and is") == []
    assert found(lexical, "zeppelin") == []
    assert found(lexical, "") == []


def test_windows_hold_for_words_too(lexical: LexicalIndex) -> None:
    may, july = epoch_seconds("2023-05-11"), epoch_seconds("2023-07-09")
    assert found(lexical, "strike wolf", Window(since=may, until=may + 1)) == ["strike"]
    assert found(lexical, "strike wolf", Window(since=may + 1)) == ["ferry"]
    assert found(lexical, "strike wolf", Window(until=july)) == ["strike"]
    assert found(lexical, "strike wolf", Window(until=may)) == []
    assert sorted(found(lexical, "strike wolf")) == ["ferry", "strike", "wolf"]


def test_a_window_does_not_change_the_order(lexical: LexicalIndex) -> None:
    everything = Window(since=0)
    assert found(lexical, "dockers strike", everything) == found(lexical, "dockers strike")


@given(question=st.text(max_size=60))
def test_any_question_can_be_asked(question: str, session_lexical: LexicalIndex) -> None:
    assert len(found(session_lexical, question)) <= len(TEXTS)


@pytest.mark.parametrize(
    "question", ['title:"', "a AND", "(((", "ferry^2", "id:ferry", "+-*~", "text:[a TO b]", "\x00"]
)
def test_no_question_is_read_as_a_query_language(lexical: LexicalIndex, question: str) -> None:
    assert found(lexical, f"{question} docker") in (["strike"], ["ferry", "strike"], ["strike", "ferry"])


def test_versions_stand_side_by_side_until_the_old_one_is_deleted(lexical: LexicalIndex) -> None:
    new = split_chunks(Article("strike", "Port open", text="The walkout has ended."))
    lexical.put(new, 2)
    assert (found(lexical, "dockers"), found(lexical, "walkout")) == (["strike"], ["strike"])
    assert sorted(lexical.keys()) == ["ferry#0@1", "strike#0@1", "strike#0@2", "wolf#0@1"]
    lexical.delete(["strike#0@1", "absent#0@1"])
    assert found(lexical, "dockers") == []
    assert found(lexical, "walkout") == ["strike"]
    assert lexical.count() == 3


def test_what_was_committed_is_there_at_the_next_opening(tmp_path: Path) -> None:
    first, second = LexicalIndex(tmp_path / "words"), LexicalIndex(tmp_path / "words")
    first.put(chunks_of("ferry"), 1)
    assert found(second, "ferry") == []
    second.reload()
    assert found(second, "ferry") == found(LexicalIndex(tmp_path / "words"), "ferry") == ["ferry"]
    first.rebuild((chunk, 2) for chunk in chunks_of("wolf"))
    assert list(LexicalIndex(tmp_path / "words").keys()) == ["wolf#0@2"]


def test_a_folder_with_something_else_is_an_error_with_a_way_out(tmp_path: Path) -> None:
    folder = tmp_path / "words"
    folder.mkdir()
    (folder / "meta.json").write_text("{}", encoding="utf-8")
    with pytest.raises(DamagedError, match="cannot be opened") as caught:
        LexicalIndex(folder)
    assert str(folder) in caught.value.problem
    assert "Library.rebuild()" in caught.value.remedy


@pytest.fixture(scope="session")
def session_lexical(tmp_path_factory: pytest.TempPathFactory) -> LexicalIndex:
    index = LexicalIndex(tmp_path_factory.mktemp("lexical") / "words")
    index.put(chunks_of(*TEXTS), 1)
    return index
