"""``evals bench`` over the newsroom, with real retrieval and a scripted chat server."""

import json
from pathlib import Path

import pytest

from evals.commands.main import main
from tests.openai_server import OpenAIServer, Plain, Reply, Request, Streamed
from tests.parts import KEY

USAGE = {"prompt_tokens": 300, "completion_tokens": 9, "total_tokens": 309}


def reply(request: Request) -> Reply:
    """Every label gets a claim that its sentence will not support, so that the sentences speak for themselves."""
    if request.body.get("stream"):
        labels = request.body["response_format"]["json_schema"]["schema"]["required"]
        return Streamed([json.dumps(dict.fromkeys(labels, "Nobody knows."))], usage=USAGE)
    message = {"role": "assistant", "content": "Nobody knows."}
    choice = {"index": 0, "message": message, "finish_reason": "stop"}
    return Plain(200, {"id": "c", "object": "chat.completion", "created": 1, "model": "m", "choices": [choice]})


def test_every_stage_is_measured_and_compared_with_the_models_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    output = tmp_path / "bench.json"
    with OpenAIServer(answer=reply) as server:
        monkeypatch.setenv("OPENAI_BASE_URL", server.base_url)
        monkeypatch.setenv("OPENAI_API_KEY", KEY)
        monkeypatch.setenv("ASSISTANT_MODEL", "m")
        with pytest.raises(SystemExit) as exit_:
            main(["bench", "--questions", "3", "--runs", "1", "--output", str(output)])
    assert exit_.value.code == 0
    record = json.loads(output.read_text(encoding="utf-8"))
    lines = {line["name"]: line for line in record["lines"]}
    asked = record["questions"]
    answered = [one for one in asked if one["floor_writing"] is not None]
    assert len(asked) == lines["warm question"]["n"] == 3
    assert answered
    assert lines["warm question / floor, ratio"]["n"] == lines["stage write"]["n"] == len(answered)
    assert lines["completion, tokens"]["p50"] == USAGE["completion_tokens"]
    assert all(lines[f"questions a minute, {at_once} at once"]["p50"] > 0 for at_once in (1, 2, 4))
    assert lines["cold ask"]["n"] == lines["second ask"]["n"] == 1
    assert "loading the language model" not in lines  # it is a server's
    # The floor is the same prompt again, for as many tokens as were written.
    plain = [request for request in server.requests if not request.body.get("stream")]
    assert [request.body["max_tokens"] for request in plain] == [USAGE["completion_tokens"]] * len(answered)
    assert "warm question / floor, ratio" in capsys.readouterr().out
