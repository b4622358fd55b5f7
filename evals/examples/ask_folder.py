"""Answer a question: ``python evals/examples/ask_folder.py FOLDER "Who did Blinken meet?"``."""

import sys
from tempfile import TemporaryDirectory

from assistant import Assistant

folder, question = sys.argv[1:]
with TemporaryDirectory() as index, Assistant.open(index) as assistant:
    assistant.add(folder)
    answer = assistant.ask(question)
    print(answer.status, answer.text)
    for citation in answer.citations:
        article = citation.article
        print(f"[{citation.n}] {citation.sentence}")
        print(f"    {article.title}, {article.published}, characters {citation.start} to {citation.end}")
