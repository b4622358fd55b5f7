"""Conversations for other people: nothing of them can break the form, and every number leads to its sentence."""

import json
import re
from collections.abc import Callable
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from assistant.answer import Claim
from assistant.render.export import answer_text, markdown, marked_articles, page, save_transcript
from assistant.render.transcript import Entry, Transcript
from index.articles import Article
from index.errors import AssistantError, UsageError
from index.hits import ShardsAsked, Unanswered
from tests.talks import ANSWERED, ARTICLES, FERRY, LOST, REFUSED, SANK, SHIP, STARTED, STOPPED, TALK

FETCHING = {"img", "script", "link", "iframe", "object", "embed", "audio", "video", "source", "form", "base"}


class Page(HTMLParser):
    """What of a page matters here: elements with attributes, the texts of the marks, and all text."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.marks: list[str] = []
        self.text = ""
        self._open: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))
        self._open.append(tag)
        if tag == "mark":
            self.marks.append("")

    def handle_endtag(self, tag: str) -> None:
        while self._open and self._open.pop() != tag:
            pass

    def handle_data(self, data: str) -> None:
        if "style" in self._open:
            return
        self.text += data
        if "mark" in self._open and "a" not in self._open:
            self.marks[-1] += data

    def attributes(self, name: str) -> list[str]:
        return [value for _, attributes in self.elements if (value := attributes.get(name))]


def shown(transcript: Transcript = TALK, find: Callable[[str], Article | None] = ARTICLES.get) -> Page:
    return Page(page(transcript, find))


def test_cited_sentences_are_marked_in_their_articles_word_for_word() -> None:
    assert [mark.strip() for mark in shown().marks] == [SANK.sentence, LOST.sentence, SHIP.sentence]
    assert "It lay [1] there." in shown().text


def test_every_number_leads_to_its_source_and_to_its_place() -> None:
    document = shown()
    targets = document.attributes("id")
    assert len(targets) == len(set(targets))
    links = [link[1:] for link in document.attributes("href") if link.startswith("#")]
    assert set(links) <= set(targets)
    assert {f"source-{n}" for n in (1, 2, 3)} | {f"mark-{n}" for n in (1, 2, 3)} <= set(targets)


def test_the_page_needs_nothing_beside_it_and_runs_nothing() -> None:
    document = shown()
    assert not FETCHING & {tag for tag, _ in document.elements}
    assert not [name for _, attributes in document.elements for name in attributes if name.startswith("on")]
    outside = [link for link in document.attributes("href") if not link.startswith("#")]
    assert outside
    assert {*outside} == {FERRY.url}  # "javascript:" became no link
    text = page(TALK, ARTICLES.get)
    assert "default-src 'none'" in text
    assert not re.search(r"url\(|@import|@font-face", text)


def test_texts_are_escaped() -> None:
    tags = {tag for tag, _ in shown().elements}
    assert not tags & {"b", "i", "sinks"}
    assert "Ferry <sinks> off Brack & Co" in shown().text


@given(st.text(max_size=40), st.text(max_size=40))
def test_no_text_adds_an_element(question: str, claim: str) -> None:
    answer = replace(ANSWERED, question=question, standalone=question, claims=(Claim(claim, (1,)),))
    plain = replace(ANSWERED, question="q", standalone="q", claims=(Claim("c", (1,)),))
    if question.strip():
        assert kinds(answer) == kinds(plain)


def kinds(answer: object) -> list[str]:
    entry = Entry(answer, STARTED)  # type: ignore[arg-type]
    return [tag for tag, _ in shown(Transcript(STARTED, (entry,))).elements]


def test_what_was_refused_stopped_limited_or_contested_is_said() -> None:
    text = " ".join(shown().text.split())
    for said in (
        "The articles do not say. Nothing that was found mentions: tungsten.",
        "The answer was stopped here; there may be more.",
        "Only articles since 1 November 2023 · The_Gazette.",
        "Sources differ: 14 [1] or 17 [2].",
        "Understood as: What *ferry* sank?",
        "Note: the prompt was <cut>",
    ):
        assert said in text


def test_shards_that_did_not_answer_are_named() -> None:
    missing = replace(ANSWERED, shards=ShardsAsked(4, (Unanswered("shard-2", "its machine is gone"),)))
    talk = replace(TALK, entries=(replace(TALK.entries[0], answer=missing),))
    said = "3 of 4 shards answered: shard-2 did not (its machine is gone)."
    assert said in shown(talk).text
    assert said in markdown(talk).replace("\\", "")


def test_an_article_that_was_changed_or_removed_keeps_its_cited_sentence() -> None:
    changed = replace(FERRY, text="Another text.")
    document = shown(find=lambda identifier: changed if identifier == "ferry" else None)
    assert document.marks == []
    assert SANK.sentence in document.text
    assert "The article was changed after [1] was cited" in document.text
    assert "The article of [3] is no longer in the index." in document.text
    links = [link[1:] for link in document.attributes("href") if link.startswith("#")]
    assert set(links) <= set(document.attributes("id"))


def test_pieces_of_an_article_join_to_its_text() -> None:
    for one in marked_articles(TALK.sources, ARTICLES.get):
        assert "".join(piece.text for piece in one.pieces) == ARTICLES[one.article.id].text


# Markdown


def plain(text: str) -> str:
    """What Markdown shows of a text."""
    tokens = MarkdownIt("commonmark").parse(text)
    inline = [child for token in tokens for child in token.children or ()]
    return "".join(child.content if child.type in {"text", "code_inline"} else "\n" for child in inline)


def test_markdown_has_a_footnote_for_every_source_and_none_besides() -> None:
    text = markdown(TALK)
    assert re.findall(r"^\[\^(\d+)\]: ", text, re.MULTILINE) == ["1", "2", "3"]
    assert set(re.findall(r"\[\^(\d+)\](?!:)", text)) == {"1", "2", "3"}
    assert f"](<{FERRY.url}>)" in text
    assert "](<javascript" not in text
    assert "**Sources differ: 14 [^1] or 17 [^2].**" in text


@given(st.text(st.characters(exclude_categories=["Cs", "Cc"]), min_size=1, max_size=60))
def test_markdown_shows_every_text_as_it_is(question: str) -> None:
    entry = Entry(replace(REFUSED, question=question, evidence=(), missing=()), STARTED)
    headings = [line for line in markdown(Transcript(STARTED, (entry,))).splitlines() if line.startswith("## ")]
    if question.split() and headings:
        assert " ".join(plain(headings[0]).split()) == " ".join(question.split())


# Plain text, and files


def test_the_clipboard_gets_the_answer_with_its_sources() -> None:
    text = answer_text(ANSWERED)
    assert text.startswith("What <i>sank</i> & when?\n\nThe ferry <b>sank</b> at noon. [1] Nobody_was_lost")
    assert f"[1] “{SANK.sentence}” Ferry <sinks> off Brack & Co · The_Gazette · 8 November 2023 {FERRY.url}\n" in text
    assert answer_text(REFUSED) == "Who?\n\nThe articles do not say.\n"
    assert "船は沈んだ。 [3]" in answer_text(STOPPED)


@pytest.mark.parametrize("name", ["talk.md", "talk.html", "talk.json", "TALK.HTML"])
def test_the_ending_of_the_name_says_the_form(tmp_path: Path, name: str) -> None:
    save_transcript(TALK, tmp_path / name, ARTICLES.get)
    text = (tmp_path / name).read_text(encoding="utf-8")
    if name.endswith("json"):
        assert json.loads(text) == TALK.to_dict()
    else:
        assert text == (markdown(TALK) if name.endswith("md") else page(TALK, ARTICLES.get))


def test_a_file_is_replaced_only_when_that_is_wanted(tmp_path: Path) -> None:
    file = tmp_path / "talk.md"
    file.write_text("mine")
    with pytest.raises(UsageError, match="exists already"):
        save_transcript(TALK, file, ARTICLES.get)
    assert file.read_text() == "mine"
    save_transcript(TALK, file, ARTICLES.get, overwrite=True)
    assert file.read_text(encoding="utf-8") == markdown(TALK)


def test_what_cannot_be_saved_says_why(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="unknown kind of file") as caught:
        save_transcript(TALK, tmp_path / "talk.doc", ARTICLES.get)
    assert ".md, .html, .json" in caught.value.remedy
    with pytest.raises(AssistantError, match="cannot be written"):
        save_transcript(TALK, tmp_path / "missing" / "talk.md", ARTICLES.get)
