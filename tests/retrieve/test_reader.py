"""The reader reads: what answers, by which words, whether a claim is stated; and its adapter is merged as it says."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from assistant.embedded.provider import ModelProvider
from index.errors import ModelError
from index.retrieve.adapter import ENCODER_LAYERS, PLACES, dequantised, initializers, merged, read_adapter, weight_name
from index.retrieve.cross_encoder import Passage
from index.retrieve.reader import ADAPTER, CLOSE_ADAPTER, LocalReader, Reader, adapters_digest
from index.split.sentences import split_sentences
from tests.parts import ROOT

WAIT_SECONDS = 120
MOST_BYTES = 9_000_000  # of the adapters in the package
TEXT = (
    "The storm cut power to 9,800 homes on Tuesday night. Engineers from three counties worked until Friday to mend "
    "the lines. Nobody was hurt, the fire service said. A new mast will be built next year."
)


def passage(text: str) -> Passage:
    return Passage(text, tuple((sentence.start, sentence.end) for sentence in split_sentences(text)))


@pytest.mark.parametrize(
    ("question", "answering", "words"),
    [
        ("How many households lost electricity?", 0, "9,800"),
        ("How long did it take to repair the cables?", 1, "Friday"),
        ("Who said that there were no injuries?", 2, "fire service"),
    ],
)
def test_the_sentence_that_answers_is_best_and_its_words_are_found(
    reader: Reader, question: str, answering: int, words: str
) -> None:
    (reading,) = reader.read(question, [passage(TEXT)])
    assert int(np.argmax(reading.sentences)) == answering
    assert reading.span is not None
    assert words in TEXT[reading.span.start : reading.span.end]


def test_a_passage_that_does_not_say_answers_less(reader: Reader) -> None:
    told, untold = (
        reader.read(question, [passage(TEXT)])[0].answers
        for question in ("How many homes lost power?", "What is the name of the mayor of Paris?")
    )
    assert told > untold


def test_claims_are_stated_or_not(reader: Reader) -> None:
    first = split_sentences(TEXT)[0].text
    claims = ["The storm left 9,800 homes without power.", "The storm destroyed 9,800 homes.", "It is."]
    true, false, other = reader.support([(claim, first) for claim in claims])
    assert true.stated > false.stated
    for one in (true, false, other):
        assert one.stated + one.partly + one.absent == pytest.approx(1, abs=1e-5)


FORKING = """
import os, sys, threading, time
from pathlib import Path
from index.retrieve.adapter import merged, read_adapter
from index.retrieve.reader import ADAPTER

model, adapter = Path(sys.argv[1]).read_bytes(), read_adapter(ADAPTER)
thread = threading.Thread(target=lambda: [merged(model, adapter) for _ in range(3)], daemon=True)
thread.start()
while thread.is_alive() and time.process_time() < 60:
    if os.fork() == 0:
        os._exit(0)
    os.wait()
    time.sleep(0.005)  # seconds
print(thread.is_alive())
"""


def test_a_process_that_forks_meanwhile_does_not_stop_the_merging(models: ModelProvider) -> None:
    path = models.reranker_folder() / "model.onnx"
    command = [sys.executable, "-W", "ignore", "-c", FORKING, str(path)]
    outcome = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=WAIT_SECONDS, check=False)
    assert (outcome.stdout, outcome.stderr) == ("False\n", "")


def test_what_is_read_together_is_read_as_it_is_alone(reader: Reader) -> None:
    question = "How many homes lost power?"
    passages = [
        passage(TEXT),
        passage("Nothing happened in Dunmere on Monday."),
        passage(TEXT.split(". ", maxsplit=1)[0] + "."),
    ]
    together = reader.read(question, passages)
    alone = [reader.read(question, [one])[0] for one in passages]
    for one, other in zip(together, alone, strict=True):
        # Int8 arithmetic scales with what is in a batch.
        assert one.answers == pytest.approx(other.answers, abs=1.5)
    assert [len(one.sentences) for one in together] == [len(one.sentences) for one in passages]
    assert reader.read(question, []) == ()


def test_what_lies_behind_the_last_token_is_no_answer(reader: Reader) -> None:
    long = passage(TEXT + " It rained." * 400)
    (reading,) = reader.read("How many homes lost power?", [long])
    assert len(reading.sentences) == len(long.sentences)
    assert reading.sentences[-1] < reading.sentences[0]


def test_a_passage_without_words_has_no_span(reader: Reader) -> None:
    assert reader.read("What?", [Passage("", ())])[0].span is None


def test_the_adapter_changes_every_layer_by_what_it_holds(models: ModelProvider) -> None:
    adapter = read_adapter(ADAPTER)
    model = (models.reranker_folder() / "model.onnx").read_bytes()
    changed = merged(model, adapter)
    assert len(changed) == 2 * ENCODER_LAYERS * len(PLACES)
    name = weight_name(3, "query")
    stored = initializers(model)
    update = float(adapter.about["scale"]) * adapter.arrays["3.query.b"] @ adapter.arrays["3.query.a"]
    wanted = dequantised(stored, name) + update.T
    step = float(changed[f"{name}_scale"])
    got = changed[f"{name}_quantized"].astype(np.float32) * step
    assert np.abs(got - wanted).max() <= step / 2 + 1e-6


def test_the_adapters_fit_into_the_package() -> None:
    assert ADAPTER.stat().st_size + CLOSE_ADAPTER.stat().st_size <= MOST_BYTES


def test_what_the_adapter_for_sentences_leaves_out_is_that_of_the_one_for_passages() -> None:
    below, close = read_adapter(ADAPTER), read_adapter(CLOSE_ADAPTER)
    assert below.arrays.keys() == close.arrays.keys()
    same = {name for name in below.arrays if np.array_equal(below.arrays[name], close.arrays[name])}
    assert {name for name in same if name[0].isdigit()} == {
        f"{layer}.{place}.{side}" for layer in range(4) for place in PLACES for side in "ab"
    }


def test_a_damaged_adapter_is_named(tmp_path: Path, models: ModelProvider) -> None:
    bad = tmp_path / "reader.npz"
    with pytest.raises(ModelError, match=r"reader\.npz"):
        LocalReader(models.reranker_folder(), bad).load()
    bad.write_bytes(ADAPTER.read_bytes()[:1000])
    with pytest.raises(ModelError, match=r"reader\.npz"):
        LocalReader(models.reranker_folder(), bad).load()
    with pytest.raises(ModelError, match=r"reader\.npz"):
        LocalReader(models.reranker_folder(), close=bad).load()


def test_an_adapter_over_another_than_it_was_made_for_is_refused(tmp_path: Path) -> None:
    (tmp_path / CLOSE_ADAPTER.name).write_bytes(CLOSE_ADAPTER.read_bytes())
    with np.load(ADAPTER, allow_pickle=False) as stored:
        np.savez_compressed(tmp_path / ADAPTER.name, allow_pickle=False, about=stored["about"])
    with pytest.raises(ModelError, match=r"close_reader\.npz was made for another reader\.npz"):
        read_adapter(tmp_path / CLOSE_ADAPTER.name)


def test_the_digest_is_that_of_both_adapters(reader: Reader) -> None:
    assert reader.digest == adapters_digest(ADAPTER, CLOSE_ADAPTER)
    assert len({reader.digest, adapters_digest(ADAPTER), adapters_digest(CLOSE_ADAPTER)}) == 3
