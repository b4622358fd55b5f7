"""Answers of models that read whole passages: what they are given, what is verified, and what is asked again."""

import asyncio
import json
from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from threading import Event
from typing import Any

import pytest
from langchain_core.messages import BaseMessage
from langchain_openai.chat_models.base import BaseChatOpenAI
from pydantic import SecretStr

from assistant.answer import Answer, Status
from assistant.answering.chain import AnswerChain
from assistant.answering.verification import find_fault
from assistant.evidence.passages import MOST_BEHIND, NEAREST, Passages, label_passages, with_bearing
from assistant.testing import ScriptedChat
from assistant.text.escaping import as_data
from assistant.text.tokens import count_tokens
from index.embed.local import Embedder
from index.library import Library
from index.retrieve.cross_encoder import Passage
from index.retrieve.reader import Reader, Reading, Support
from index.retrieve.rerank import Reranker
from tests.openai_server import OpenAIServer, Plain, Request, Streamed
from tests.parts import KEY, LIMITS, Chats, Loaded, listed

MET = "Who did Blinken meet?"
WIDE = replace(LIMITS, passage_tokens=2000)
Reply = str | Callable[[Sequence[BaseMessage]], str]


def reply(status: str, *claims: tuple[str, list[str]], missing: str = "", searches: Sequence[str] = ()) -> str:
    told = [{"text": text, "labels": labels} for text, labels in claims]
    return json.dumps({"status": status, "claims": told, "missing": missing, "searches": list(searches)})


def asked(library: Library, question: str, *replies: Reply, **limits: Any) -> tuple[Answer, ScriptedChat]:
    chat = ScriptedChat(replies=list(replies))
    return AnswerChain(library, Chats(chat), replace(WIDE, **limits)).invoke(question), chat


def label_of(messages: Sequence[BaseMessage], words: str) -> str:
    return next(label for message in messages for label, text in listed(message.text).items() if words in text)


def citing(words: str, text: str, status: str = "answered", **more: Any) -> Reply:
    """A reply with one claim that cites the sentence with some words."""
    return lambda messages: reply(status, (text, [label_of(messages, words)]), **more)


def passages_of(library: Library, question: str, tokens: int) -> Passages:
    return label_passages(library.search(question, k=20, candidates=30).hits, tokens)


# What the model reads


def test_it_reads_whole_passages_under_title_source_and_date(newsroom: Library) -> None:
    _, chat = asked(newsroom, MET, reply("insufficient"))
    prompt = chat.prompts[0][-1].text
    assert "Article: " in prompt
    assert "2023-11-09" in prompt
    assert list(listed(prompt)) == [f"S{n}" for n in range(1, len(listed(prompt)) + 1)]
    assert len(listed(prompt)) > LIMITS.evidence.sentences
    assert prompt.endswith(f"Question: {MET}")


@pytest.mark.parametrize("tokens", [500, 1000, 3000])
def test_passages_fit_into_their_tokens_and_are_never_cut(newsroom: Library, tokens: int) -> None:
    passages = passages_of(newsroom, MET, tokens)
    shown = {item.sentence for item in passages.sentences.values()}
    assert sum(map(count_tokens, shown)) <= tokens
    for chunk in passages.chunks:
        texts = [sentence.text for sentence in chunk.sentences]
        assert all(text in shown for text in texts) or not any(text in shown for text in texts)


def test_passages_far_behind_the_best_are_left_out(newsroom: Library) -> None:
    found = newsroom.search(MET, k=5, candidates=30).hits
    behind = [(0.0, 9), (MOST_BEHIND, None), (MOST_BEHIND + 1, NEAREST), (MOST_BEHIND + 1, NEAREST + 1), (20.0, None)]
    hits = [replace(hit, relevance=3 - far, dense_rank=rank) for hit, (far, rank) in zip(found, behind, strict=True)]
    assert with_bearing(hits) == tuple(hits[:3])
    unread = [replace(hit, relevance=None) for hit in hits]
    assert with_bearing(unread) == tuple(unread)


def test_the_model_is_not_shown_what_has_no_bearing(
    newsroom: Library, embedder: Embedder, reranker: Reranker, reader: Reader
) -> None:
    with closing(Library(newsroom.folder, Loaded(embedder, reranker, reader))) as library:
        answer, chat = asked(library, "What colour is the roof of the opera in Sydney?", reply("insufficient"))
    prompt = chat.prompts[0][-1].text
    shown = [hit for hit in answer.hits if as_data(hit.chunk.sentences[0].text) in prompt]
    assert len(shown) < len(answer.hits)
    assert set(shown) <= set(with_bearing(answer.hits))


def test_further_passages_are_new_and_their_labels_go_on(newsroom: Library) -> None:
    first = passages_of(newsroom, MET, 800)
    hits = newsroom.search("Why did the ferry hit the breakwater?", k=8, candidates=30).hits
    more = first.with_further(hits)
    assert set(first.sentences) < set(more.sentences)
    assert list(more.sentences) == [f"S{n}" for n in range(1, len(more.sentences) + 1)]
    assert all(first.sentences[label] == more.sentences[label] for label in first.sentences)
    assert "breakwater" in more.text
    there = {item.sentence for item in more.sentences.values()}
    shown = [hit for hit in hits if hit.chunk.sentences[0].text in there]
    left_out = [hit for hit in hits if hit not in shown]
    assert more.with_further(shown).text == ""
    assert left_out[0].chunk.sentences[0].text in more.with_further(left_out).text


# What is shown of its reply


def test_claims_cite_all_sentences_that_state_them(newsroom: Library) -> None:
    def both(messages: Sequence[BaseMessage]) -> str:
        met, ministers = (label_of(messages, words) for words in ("Cho Tae-Yong, in Seoul on", "the Group of Seven."))
        text = "Blinken met Cho Tae-Yong in Seoul, and in Japan he had met the foreign ministers of the Group of Seven."
        return reply("answered", (text, [met, f"[{ministers.lower()}]", met]))

    answer, chat = asked(newsroom, MET, both)
    assert answer.status is Status.ANSWERED
    assert [claim.citations for claim in answer.claims] == [(1, 2)]
    assert ["Cho Tae-Yong" in citation.sentence for citation in answer.citations] == [True, False]
    assert {citation.sentence for citation in answer.citations} <= {item.sentence for item in answer.evidence}
    assert len(chat.prompts) == 1


def test_an_invented_claim_is_asked_for_again_and_then_left_out(newsroom: Library) -> None:
    invented = citing("Cho Tae-Yong, in Seoul on", "Blinken met 40 senators of Freedonia.")
    answer, chat = asked(newsroom, "What does a ticket to the moon cost?", citing("", "A ticket costs 40 crowns."))
    assert answer.status is Status.INSUFFICIENT
    assert {item.text for item in answer.rejected} == {"A ticket costs 40 crowns."}
    answer, chat = asked(newsroom, MET, invented)
    assert len(chat.prompts) == 2
    assert "40 senators" in chat.prompts[1][-1].text
    assert all("Freedonia" not in claim.text for claim in answer.claims)


def test_a_repaired_claim_is_shown(newsroom: Library) -> None:
    words = "Cho Tae-Yong, in Seoul on"
    answer, chat = asked(
        newsroom, MET, citing(words, "Blinken met 40 senators."), citing(words, "Blinken met Cho Tae-Yong in Seoul.")
    )
    assert [claim.text for claim in answer.claims] == ["Blinken met Cho Tae-Yong in Seoul."]
    assert [item.text for item in answer.rejected] == ["Blinken met 40 senators."]
    assert len(chat.prompts) == 2


def test_labels_that_it_was_not_given_are_no_source(newsroom: Library) -> None:
    answer, _ = asked(newsroom, MET, reply("answered", ("Blinken met Cho Tae-Yong.", ["S999"])))
    assert answer.claims == ()
    assert answer.rejected[0].reason == "there is no sentence with this label"


@pytest.mark.parametrize(("status", "expected"), [("partly", Status.PARTLY), ("false_premise", Status.FALSE_PREMISE)])
def test_the_status_is_the_models(newsroom: Library, status: str, expected: Status) -> None:
    claim = "Blinken met South Korea’s national security adviser, Cho Tae-Yong, in Seoul on Thursday."
    answer, _ = asked(newsroom, MET, citing("Cho Tae-Yong, in Seoul on", claim, status), second_look=False)
    assert answer.status is expected
    assert answer.status.refuses is (expected is Status.FALSE_PREMISE)
    assert len(answer.claims) == 1


def test_sources_that_contradict_each_other_are_named(newsroom: Library) -> None:
    def sides(messages: Sequence[BaseMessage]) -> str:
        labels = [label_of(messages, words) for words in ("Cho Tae-Yong, in Seoul on", "the Group of Seven.")]
        texts = "Blinken met Cho Tae-Yong in Seoul.", "Blinken met the foreign ministers of the Group of Seven."
        return reply("conflicting", *((text, [label]) for text, label in zip(texts, labels, strict=True)))

    answer, _ = asked(newsroom, MET, sides)
    assert answer.status is Status.CONFLICTING
    assert answer.disagreements == ("Sources differ: [1] or [2]",)
    assert asked(newsroom, MET, citing("Cho Tae-Yong, in Seoul on", "Blinken met Cho Tae-Yong."))[0].disagreements == ()


@pytest.mark.parametrize(
    ("missing", "shown"),
    [("whom Blinken met later", "whom Blinken met later"), ("why he met 40 senators", ""), ("what Kim did", "")],
)
def test_what_is_missing_brings_nothing_new(newsroom: Library, missing: str, shown: str) -> None:
    claim = "Blinken met South Korea’s national security adviser, Cho Tae-Yong, in Seoul on Thursday."
    said = citing("Cho Tae-Yong, in Seoul on", claim, "partly", missing=missing)
    assert asked(newsroom, MET, said)[0].unanswered == shown


def test_a_name_may_be_longer_than_its_article_has_it(newsroom: Library) -> None:
    told = "Gregor Lund had hoped to join Governor Ingrid Vass's visit but was kept away by a council meeting."
    question = "Which visit of the governor was Gregor Lund kept away from by a council meeting?"
    answer, chat = asked(newsroom, question, citing("Gregor Lund, had hoped", told))
    assert (answer.text, len(chat.prompts)) == (f"{told} [1]", 1)


def test_words_that_the_model_has_read_are_not_said_to_be_missing(newsroom: Library) -> None:
    question = "Which coach did the striker of the derby blame for the wolf and the xylophone?"
    answer, chat = asked(newsroom, question, reply("insufficient"))
    assert "wolf" in chat.prompts[0][-1].text.partition("Question: ")[0]
    assert "wolf" not in answer.missing
    assert "xylophone" in answer.missing


def test_claims_beside_insufficient_are_not_shown(newsroom: Library) -> None:
    claim = "Blinken met South Korea’s national security adviser, Cho Tae-Yong, in Seoul on Thursday."
    answer, _ = asked(newsroom, MET, citing("Cho Tae-Yong, in Seoul on", claim, "insufficient"))
    assert (answer.status, answer.claims, answer.citations) == (Status.INSUFFICIENT, (), ())


def test_a_reply_that_cannot_be_used_gives_way_to_the_sentences(newsroom: Library) -> None:
    answer, chat = asked(newsroom, MET, "I would rather not.")
    assert len(chat.prompts) == 2
    assert answer.status is Status.ANSWERED
    assert "Cho Tae-Yong" in answer.text
    assert any("quoted instead" in warning for warning in answer.warnings)


def test_a_reply_stands_when_the_next_one_cannot_be_used(newsroom: Library) -> None:
    words = "Cho Tae-Yong, in Seoul on"

    def first(messages: Sequence[BaseMessage]) -> str:
        label = label_of(messages, words)
        claims = ("Blinken met Cho Tae-Yong in Seoul.", [label]), ("Blinken met 40 senators.", [label])
        return reply("answered", *claims)

    answer, chat = asked(newsroom, MET, first, "I would rather not.")
    assert [claim.text for claim in answer.claims] == ["Blinken met Cho Tae-Yong in Seoul."]
    assert answer.status is Status.ANSWERED
    assert len(chat.prompts) == 3  # the further one twice
    assert answer.warnings[-1].endswith("the model's first reply is shown")


# The second look


def test_the_model_may_search_once_more(newsroom: Library) -> None:
    first = reply("insufficient", searches=["Why did the ferry Sea Lark hit the breakwater?", "ferry", "third"])
    second = citing("breakwater", "The ferry Sea Lark hit the breakwater.")
    answer, chat = asked(newsroom, "What does a ticket to the moon cost?", first, second, passage_tokens=500)
    assert answer.searches == ("Why did the ferry Sea Lark hit the breakwater?", "ferry")
    assert "Further passages" in chat.prompts[1][-1].text
    assert chat.prompts[1][: len(chat.prompts[0])] == chat.prompts[0]  # read once by servers that keep prompts
    assert answer.timings_ms["second look"] > 0
    assert answer.usage is not None
    assert answer.usage.calls == len(chat.prompts)


def test_a_second_look_can_be_switched_off(newsroom: Library) -> None:
    answer, chat = asked(newsroom, MET, reply("insufficient", searches=["ferry"]), second_look=False)
    assert (len(chat.prompts), answer.searches) == (1, ())


def test_the_asynchronous_way_gives_the_same(newsroom: Library) -> None:
    replies = [reply("insufficient", searches=["ferry"]), citing("Cho Tae-Yong, in Seoul on", "Blinken met 40 men.")]
    answer, _ = asked(newsroom, MET, *replies)
    chain = AnswerChain(newsroom, Chats(ScriptedChat(replies=replies)), WIDE)
    other = asyncio.run(chain.ainvoke(MET))
    assert replace(other, timings_ms={}) == replace(answer, timings_ms={})


@dataclass(frozen=True, slots=True)
class ReaderThrough:
    """The reader, through which a test sees what is read."""

    reader: Reader

    @property
    def name(self) -> str:
        return self.reader.name

    @property
    def digest(self) -> str:
        return self.reader.digest

    def read(self, question: str, passages: Sequence[Passage]) -> tuple[Reading, ...]:
        return self.reader.read(question, passages)

    def read_closely(self, question: str, passages: Sequence[Passage]) -> tuple[Reading, ...]:
        return self.reader.read_closely(question, passages)

    def support(self, pairs: Sequence[tuple[str, str]]) -> tuple[Support, ...]:
        return self.reader.support(pairs)

    def orders(self, sentences: Sequence[str]) -> tuple[float, ...]:
        return self.reader.orders(sentences)


@dataclass(frozen=True, slots=True)
class ReaderBehind(ReaderThrough):
    """Reads no passage before the chat model has been asked."""

    asked: Event

    def read(self, question: str, passages: Sequence[Passage]) -> tuple[Reading, ...]:
        assert self.asked.wait(60), "the chat model waits for the reader"
        return self.reader.read(question, passages)


def test_the_model_writes_while_the_reader_reads(newsroom: Library, embedder: Embedder, reader: Reader) -> None:
    behind = ReaderBehind(reader, Event())

    def answer(messages: Sequence[BaseMessage]) -> str:
        behind.asked.set()
        return reply("answered", ("Blinken met Cho Tae-Yong.", [label_of(messages, "Cho Tae-Yong, in Seoul on")]))

    with closing(Library(newsroom.folder, Loaded(embedder, loaded_reader=behind))) as library:
        found, _ = asked(library, MET, answer)
    assert found.status is Status.ANSWERED
    assert found.confidence is not None
    assert found.evidence[0].scores is not None


# A context that is short


def chat_of(server: OpenAIServer) -> BaseChatOpenAI:
    return BaseChatOpenAI(model="m", base_url=server.base_url, api_key=SecretStr(KEY), max_retries=0)


def test_a_short_context_gets_fewer_passages(newsroom: Library) -> None:
    def answer(request: Request) -> Streamed | Plain:
        prompt = request.body["messages"][-1]["content"]
        if count_tokens(prompt) > 700:
            return Plain(400, {"error": {"message": "maximum context length is 1500 tokens", "code": "context_length"}})
        return Streamed([reply("insufficient")])

    with OpenAIServer(answer=answer, models=["m"]) as server:
        told = AnswerChain(newsroom, Chats(chat_of(server)), WIDE).invoke(MET)
    assert told.status is Status.INSUFFICIENT
    assert told.warnings == ("the model's context is short: it was shown only 500 tokens of what was found",)


def test_a_context_too_short_for_a_second_look_leaves_the_first_reply(newsroom: Library) -> None:
    def answer(request: Request) -> Streamed | Plain:
        messages = request.body["messages"]
        if len(messages) > 2:
            return Plain(
                400, {"error": {"message": "maximum context length is 900", "code": "context_length_exceeded"}}
            )
        label = next(label for label, text in listed(messages[-1]["content"]).items() if "Cho Tae-Yong, in" in text)
        claim = ("Blinken met Cho Tae-Yong in Seoul.", [label])
        return Streamed([reply("partly", claim, searches=["Why did the ferry Sea Lark hit the breakwater?"])])

    with OpenAIServer(answer=answer, models=["m"]) as server:
        told = AnswerChain(newsroom, Chats(chat_of(server)), replace(WIDE, passage_tokens=500)).invoke(MET)
    assert told.status is Status.PARTLY
    assert [claim.text for claim in told.claims] == ["Blinken met Cho Tae-Yong in Seoul."]


# Verification in context


@pytest.mark.parametrize(
    ("claim", "fault"),
    [
        ("Antony Blinken met Cho Tae-Yong in Seoul on Thursday, 9 November 2023.", ""),
        ("Blinken met the South Korean adviser Cho Tae-Yong in Seoul.", ""),
        ("Blinken met Cho Tae-Yong, not Park Jin.", ""),
        ("Blinken met Cho Tae-Yong in Seoul on 14 November.", "nothing near its sentences has 14"),
        ("Blinken met Emmanuel Macron in Seoul.", "nothing near its sentences names Emmanuel, Macron"),
        ("Blinken met Cho Tae-Yong: see https://evil.example.", "it repeats a link"),
        ("Blinken never met Cho Tae-Yong.", "the cited sentences do not state it"),
        ("The ferry sank because a pump had failed.", "the cited sentences do not state it"),
    ],
)
def test_claims_are_judged_in_their_context(newsroom: Library, reader: Reader, claim: str, fault: str) -> None:
    passages = passages_of(newsroom, MET, 2000)
    cited = next(item for item in passages.sentences.values() if "Cho Tae-Yong, in Seoul on" in item.sentence)
    assert find_fault(claim, [cited], "Did Blinken meet Park Jin?", reader).reason == fault


@dataclass(frozen=True, slots=True)
class ReaderThatNotes(ReaderThrough):
    """Notes the claims and texts that it reads."""

    read_pairs: list[tuple[str, str]]

    def support(self, pairs: Sequence[tuple[str, str]]) -> tuple[Support, ...]:
        self.read_pairs.extend(pairs)
        return self.reader.support(pairs)


@pytest.mark.parametrize(
    ("claim", "texts"),
    [
        ("In Seoul, the diplomat Blinken met South Korean adviser Cho Tae-Yong.", 1),  # its sentence says so
        ("Blinken never met Cho Tae-Yong.", 3),  # none of the texts says so
    ],
)
def test_of_a_claim_no_more_is_read_than_decides(newsroom: Library, reader: Reader, claim: str, texts: int) -> None:
    passages = passages_of(newsroom, MET, 2000)
    cited = next(item for item in passages.sentences.values() if "Cho Tae-Yong, in Seoul on" in item.sentence)
    noting = ReaderThatNotes(reader, [])
    find_fault(claim, [cited], MET, noting)
    assert len(noting.read_pairs) == texts
    assert noting.read_pairs[0] == (claim, cited.sentence)


@pytest.mark.parametrize(
    ("claim", "fault"),
    [
        ("Blinken met Cho Tae-Yong in Seoul.", ""),
        ("The ferry sank because a pump had failed.", "the cited sentences do not state it"),
        ("Blinken never met Cho Tae-Yong in Seoul.", "the sentence does not deny it"),
    ],
)
def test_without_a_reader_words_decide(newsroom: Library, claim: str, fault: str) -> None:
    passages = passages_of(newsroom, MET, 2000)
    cited = next(item for item in passages.sentences.values() if "Cho Tae-Yong, in Seoul on" in item.sentence)
    assert find_fault(claim, [cited], MET, None).reason == fault
