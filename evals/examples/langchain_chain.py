"""Compose the search and the answer chain with LangChain: ``python evals/examples/langchain_chain.py FOLDER``."""

import sys
from tempfile import TemporaryDirectory

from langchain_core.runnables import RunnableLambda

from assistant import Answer, Assistant


def as_footnotes(answer: Answer) -> str:
    """The answer as text, with its sources below."""
    return "\n".join([answer.text, *(f"[{citation.n}] {citation.article.title}" for citation in answer.citations)])


with TemporaryDirectory() as index, Assistant.open(index) as assistant:
    assistant.add(sys.argv[1])
    for document in assistant.retriever(k=3).invoke("arms deals"):
        print("found:", document.metadata["title"])
    chain = assistant.chain | RunnableLambda(as_footnotes)
    for text in chain.batch(["Who did Blinken meet?", "Where will Blinken go after South Korea?"]):
        print(text)
