"""The public API, with the real embedded language model where that matters."""

import asyncio
import json
from dataclasses import replace
from pathlib import Path

import pytest
from langchain_core.documents import Document
from langchain_core.runnables import RunnableLambda

from assistant import Answer, Article, Assistant, Question, Status, Window
from assistant.embedded.provider import ModelProvider
from assistant.settings import Settings
from assistant.testing import ScriptedChat
from index.articles import epoch_seconds
from index.errors import InputError, SettingError
from index.read.readers import find_files, read_articles
from tests.parts import NEWSROOM, listed, quoting

MET = "Who did Blinken meet?"


@pytest.fixture(scope="session")
def answered(assistant: Assistant) -> Answer:
    """The embedded language model's answer to the question that every version must answer."""
    return assistant.ask(MET)


def texts() -> dict[str, str]:
    return {article.id: article.text for file in find_files([NEWSROOM]) for article in read_articles(file)}


# With the embedded language model


def test_the_embedded_model_answers_with_whom_he_met_and_no_one_else(answered: Answer) -> None:
    assert answered.status is Status.ANSWERED
    assert "Cho Tae-Yong" in answered.text
    assert "Group of Seven" in answered.text or "G7" in answered.text
    told = " ".join(claim.text for claim in answered.claims)
    assert "met President Yoon" not in told
    assert "met Yoon" not in told
    assert "Park Jin" not in told or "scheduled" in told
    assert answered.usage is not None
    assert answered.usage.calls == 1
    assert (answered.usage.completion_tokens or 0) > 0
    assert answered.warnings == ()


def test_the_embedded_models_citations_are_sentences_of_the_articles(answered: Answer) -> None:
    articles = texts()
    assert answered.citations
    for citation in answered.citations:
        assert articles[citation.article.id][citation.start : citation.end] == citation.sentence
    assert sorted({n for claim in answered.claims for n in claim.citations}) == [c.n for c in answered.citations]


def test_asking_again_and_streaming_give_the_same(assistant: Assistant, answered: Answer) -> None:
    async def last() -> Answer:
        return [answer async for answer in assistant.astream(MET)][-1]

    # ``ask`` is the last of ``stream`` by construction; the asynchronous way is the other one.
    streamed = asyncio.run(last())
    assert replace(streamed, timings_ms={}, usage=None) == replace(answered, timings_ms={}, usage=None)


def test_the_embedded_model_answers_again_after_it_was_closed(
    assistant: Assistant, models: ModelProvider, answered: Answer
) -> None:
    models.close()
    again = assistant.ask(MET)
    assert again.usage is not None
    assert (again.text, again.usage.calls) == (answered.text, 1)


def test_the_embedded_model_is_not_asked_what_no_article_says(assistant: Assistant) -> None:
    answer = assistant.ask("What does a ticket to the moon cost?")
    assert answer.status is Status.INSUFFICIENT
    assert answer.usage is None
    assert answer.claims == ()
    assert answer.citations == ()


# Without it


def test_a_chat_model_of_ones_own_takes_its_place(settings: Settings, newsroom_index: Path) -> None:
    chat = ScriptedChat(replies=[quoting])
    with Assistant.open(newsroom_index, chat=chat, settings=settings) as assistant:
        answer = assistant.ask(Question(MET, k=2))
        assert asyncio.run(assistant.aask(Question(MET, k=2))).claims == answer.claims
    assert answer.status is Status.ANSWERED
    assert answer.model == "scripted"
    assert listed(chat.prompts[0][-1].text)
    assert json.loads(json.dumps(answer.to_dict()))["text"] == answer.text


def test_articles_come_from_folders_files_and_programs(settings: Settings, tmp_path: Path) -> None:
    (tmp_path / "news").mkdir()
    file = tmp_path / "news" / "ferry.txt"
    file.write_text("Ferry news\n\nThe ferry struck the wall.\n", encoding="utf-8")
    with Assistant.open(tmp_path / "index", settings=settings) as assistant:
        assert assistant.add(tmp_path / "news").added == 1
        assert assistant.add(str(file)).unchanged == 1
        assert assistant.add([Article("wolf", text="A wolf was seen.")]).added == 1
        assert assistant.status().articles == 2
        with pytest.raises(InputError, match="no such file"):
            assistant.add(tmp_path / "nowhere")
    assert assistant.settings.index == tmp_path / "index"


def test_opening_reads_and_makes_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ASSISTANT_INDEX", str(tmp_path / "index"))
    with Assistant.open() as assistant:
        assert assistant.settings.index == tmp_path / "index"
    assert list(tmp_path.iterdir()) == []
    monkeypatch.setenv("ASSISTANT_K", "0")
    with pytest.raises(SettingError):
        Assistant.open()


def test_the_retriever_is_a_part_of_langchain_pipes(assistant: Assistant) -> None:
    retriever = assistant.retriever(k=3)
    documents = retriever.invoke(MET)
    assert len(documents) == 3
    articles = texts()
    for document in documents:
        start, end = document.metadata["start"], document.metadata["end"]
        text = articles[document.metadata["article"]]
        assert text[start:end] == document.page_content
        assert document.id
        assert all(start <= first < last <= end for first, last in document.metadata["sentences"])

    def titles(found: list[Document]) -> list[str]:
        return [document.metadata["title"] for document in found]

    pipe = retriever | RunnableLambda(titles)
    assert pipe.invoke(MET) == titles(documents) == asyncio.run(pipe.ainvoke(MET))


def test_the_retriever_keeps_to_its_window(assistant: Assistant) -> None:
    window = Window(epoch_seconds("2023-11-09"), epoch_seconds("2023-11-10"))
    documents = assistant.retriever(window=window).invoke("What happened?")
    assert documents
    assert {document.metadata["published"][:10] for document in documents} == {"2023-11-09"}
