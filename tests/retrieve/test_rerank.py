"""The cross-encoder and the head on its states, with the real model."""

from pathlib import Path

import numpy as np
import pytest

from assistant.embedded.provider import ModelProvider
from index.errors import ModelError
from index.retrieve.cross_encoder import CrossEncoder, Passage
from index.retrieve.rerank import HEAD, UNREAD, LocalReranker, Reranker

TEXT = (
    "The lighthouse of Port Anselm was built in 1868. It is 41 metres high and consists of granite. "
    "On Sundays the keeper sells cake."
)
SENTENCES = ((0, 48), (49, 94), (95, len(TEXT)))


def best(reranker: Reranker, question: str) -> int:
    (judgement,) = reranker.read(question, [Passage(TEXT, SENTENCES)])
    return int(np.argmax(judgement.sentences))


@pytest.mark.parametrize(
    ("question", "number"),
    [
        ("When was the lighthouse of Port Anselm built?", 0),
        ("What is the lighthouse of Port Anselm made of?", 1),
        ("How high is the lighthouse of Port Anselm?", 1),
        ("What does the keeper of the lighthouse sell?", 2),
    ],
)
def test_a_sentence_is_understood_through_its_passage(reranker: Reranker, question: str, number: int) -> None:
    assert best(reranker, question) == number


def test_passages_keep_their_order_and_scores_are_those_of_reading(reranker: Reranker) -> None:
    texts = ["Cake.", TEXT, "The harbour of Port Anselm has 40 berths.", "Granite is a stone."]
    question = "What is the lighthouse made of?"
    read = reranker.read(question, [Passage(text) for text in texts])
    assert int(np.argmax([judgement.relevance for judgement in read])) == 1
    assert reranker.score(question, texts) == pytest.approx([judgement.relevance for judgement in read])
    alone = [float(reranker.score(question, [text])[0]) for text in texts]
    # The model is quantised while it runs, so that the other passages of a batch change a logit a little.
    assert alone == pytest.approx([judgement.relevance for judgement in read], abs=0.5)
    assert [judgement.sentences for judgement in read] == [()] * 4


def test_nothing_to_read_gives_nothing(reranker: Reranker) -> None:
    assert reranker.read("what?", []) == ()
    assert reranker.score("what?", []).shape == (0,)


def test_what_lies_behind_the_last_token_that_is_read_is_as_good_as_no_answer(reranker: Reranker) -> None:
    filler = "The sea was calm. " * 200
    text = filler + TEXT
    shifted = [(start + len(filler), end + len(filler)) for start, end in SENTENCES]
    (judgement,) = reranker.read("How high is the lighthouse?", [Passage(text, ((0, 17), *shifted))])
    assert judgement.sentences[1:] == (UNREAD,) * 3
    assert judgement.sentences[0] > UNREAD


def test_the_head_fits_the_states(reranker: Reranker) -> None:
    assert isinstance(reranker, LocalReranker)
    ((_, features),) = reranker.features("What is it?", [Passage(TEXT, SENTENCES)])
    weights = np.load(HEAD)
    assert features.shape == (len(SENTENCES), len(weights) - 1)
    assert np.isfinite(weights).all()
    assert weights.any()


def test_a_folder_without_a_model_is_an_error_with_the_way_out(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match=r"Weights.ensure\(mend=True\)"):
        LocalReranker(tmp_path).score("what?", ["that"])
    (tmp_path / "model.onnx").write_bytes(b"no model")
    (tmp_path / "tokenizer.json").write_text("{}")
    with pytest.raises(ModelError, match=r"Weights.ensure\(mend=True\)"):
        LocalReranker(tmp_path).score("what?", ["that"])


def test_a_loaded_model_keeps_no_copy_of_its_file(models: ModelProvider) -> None:
    session, _ = CrossEncoder(models.reranker_folder(), ()).load()
    assert not [name for name, value in vars(session).items() if isinstance(value, bytes) and value]
