"""Ask a question and a follow-up, and print claims as they arrive: ``python evals/examples/follow_up.py FOLDER``."""

import sys
from tempfile import TemporaryDirectory

from assistant import Assistant, Earlier, Question

with TemporaryDirectory() as index, Assistant.open(index) as assistant:
    assistant.add(sys.argv[1])
    history: tuple[Earlier, ...] = ()
    for text in ("Who did Blinken meet in Seoul?", "And when is he to meet the president?"):
        printed = 0
        for answer in assistant.stream(Question(text, history=history)):
            for claim in answer.claims[printed:]:
                print(f"- {claim.text}")
            printed = max(printed, len(answer.claims))
        print(f"{answer.status}: {text}")
        history = (*history, Earlier(text, answer.text))
