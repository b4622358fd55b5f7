"""What the reader is trained on: claims made by rule, our own questions, and examples as tokens."""

import random
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from assistant.embedded.provider import ModelProvider
from evals.reader.claim_pairs import RULES, pairs, past
from evals.reader.close import NEAREST, Nearby, close_examples
from evals.reader.examples import Example, claim
from evals.reader.tokens import load, save, tokenised
from evals.reader.wikinews import WRITTEN, groups, read_lines
from index.retrieve.cross_encoder import Passage
from index.retrieve.reader import Reader
from index.split.sentences import split_sentences

SENTENCE = "Halm beat Quell by about 1,200 votes, which the council will confirm in March 2021."
NAMES = ["Teague", "Brackwater", "Halm", "Quell"]


def made(sentence: str, kind: str, label: str) -> set[str]:
    """Every claim of a kind that the rule can make, over some draws."""
    found = [pair for seed in range(100) for pair in pairs(sentence, NAMES, random.Random(seed))]
    return {pair.claim for pair in found if (pair.kind, pair.label) == (kind, label)}


@pytest.mark.parametrize(
    ("kind", "label", "claim_made"),
    [
        ("roles", "not", SENTENCE.replace("Halm beat Quell", "Quell beat Halm")),
        ("hedge", "partly", SENTENCE.replace("about ", "")),
        ("hedge", "stated", SENTENCE.replace("about", "around")),
        ("number", "stated", SENTENCE.replace("1,200", "1200")),
        ("plan", "not", SENTENCE.replace("will confirm", "confirmed")),
        ("negation", "not", SENTENCE.replace("will", "will not")),
        ("time", "not", SENTENCE.replace("March", "May")),
        ("shorter", "stated", "Halm beat Quell by about 1,200 votes."),
    ],
)
def test_a_rule_makes_its_claim(kind: str, label: str, claim_made: str) -> None:
    assert claim_made in made(SENTENCE, kind, label)


def test_a_front_is_left_out_and_a_direction_turned() -> None:
    assert made("On Monday, some prices rose in the north of it.", "shorter", "stated") == {
        "Some prices rose in the north of it."
    }
    assert "Some prices fell in the north of it." in made("Some prices rose in the north of it.", "direction", "not")
    assert made("Some prices rose in the north of it.", "wider", "not") == {"All prices rose in the north of it."}


def test_roles_change_with_the_order_of_names_unless_the_voice_does_too() -> None:
    defeated = "For a year Halm defeated Quell by a few votes."
    assert made(defeated, "roles", "stated") == {"For a year Quell was defeated by Halm by a few votes."}
    assert made(defeated, "roles", "not") == {
        "For a year Quell defeated Halm by a few votes.",
        "For a year Halm was defeated by Quell by a few votes.",
    }
    assert made("For a year Halm met Quell for an hour.", "roles", "stated") == {
        "For a year Quell met Halm for an hour."
    }
    assert not made("The vessel sailed from Quell in bad weather.", "roles", "not")  # "The vessel" is no name


@pytest.mark.parametrize(
    ("verb", "told"),
    [("visit", "visited"), ("close", "closed"), ("carry", "carried"), ("meet", "met"), ("stay", "stayed")],
)
def test_past_tense(verb: str, told: str) -> None:
    assert past(verb) == told


@given(st.text(max_size=200), st.integers(0, 9))
def test_any_text_gives_claims_that_differ_from_it(text: str, seed: int) -> None:
    plain = " ".join(text.split())
    for pair in pairs(text, NAMES, random.Random(seed)):
        assert pair.sentence == plain
        assert (pair.claim == plain) == (pair.kind == "same")
        assert pair.kind in {"same", *RULES}


def test_examples_survive_being_packed(tmp_path: Path, models: ModelProvider) -> None:
    examples = [claim("rule", "g", f"It is {n}.", f"It was {n}. Nobody knew.", n % 3) for n in range(5)]
    tokens = tokenised(examples, models.reranker_folder() / "tokenizer.json")
    save(tokens, tmp_path / "examples.npz")
    again = load(tmp_path / "examples.npz")
    assert len(again) == len(tokens)
    by_ids = {bytes(one.ids): one for one in again}
    for one in tokens:
        other = by_ids[bytes(one.ids)]
        assert (one.asked, one.span, one.support, one.kind) == (other.asked, other.span, other.support, other.kind)
        assert np.array_equal(one.sentences, other.sentences)


def stories(kind: str, name: str) -> set[str]:
    return {record["group"] for record in read_lines(WRITTEN / f"{kind}-{name}.jsonl")}


def test_the_lists_of_our_own_questions_share_no_story() -> None:
    held_out = stories("questions", "tune") | stories("claims", "tune")
    assert held_out
    assert not held_out & (stories("questions", "train") | stories("claims", "train"))


def test_overlapping_pieces_become_one_run() -> None:
    pieces = ["One came. Two came.", "Two came. Three came.", "Four left."]
    records = [{"source": "qamr-wikinews", "split_group": "g", "context": piece} for piece in pieces]
    assert groups(records)["g"].runs == (("One came.", "Two came.", "Three came."), ("Four left.",))


FERRY = "The ferry left Alder at noon. A pump in her steering gear failed. She hit the breakwater. Nobody was hurt."
LIGHTHOUSE = "The lighthouse of Alder was built in 1871. It is white. Its keeper left in 1969."


def record(question: str, context: str, answer: str, source: str = "qed") -> dict[str, object]:
    """A record of a source, without an answer where ``answer`` is empty."""
    start = context.find(answer)
    found = [{"start": start, "text": answer}] if answer else []
    return {
        "source": source, "split_group": context[:9], "title": "", "context": context, "question": question,
        "answerable": bool(answer), "answers": found, "evidence_sentences": [],
    }  # fmt: skip


def close(records: list[dict[str, object]], reader: Reader, written: list[Example] | None = None) -> list[Example]:
    """Every example that is made over some draws."""
    draws = (random.Random(seed) for seed in range(20))
    return [one for draw in draws for one in close_examples(records, written or [], reader, 1.0, draw)]


def test_the_answering_sentence_stands_with_the_one_before_it(reader: Reader) -> None:
    made = close([record("When was the lighthouse of Alder built?", LIGHTHOUSE, "1871")], reader)
    told = {(one.text, one.gold, one.answerable, one.support) for one in made if "Alder" in one.asked}
    first, second, *_ = LIGHTHOUSE.split(". ")
    assert (f"{first}.", (True,), True, 0) in told
    assert all(not gold or text == f"{first}." for text, (gold,), _, _ in told)
    # What stands behind the answer does not answer, and both together state what is asked.
    after = {answerable for text, (gold,), answerable, _ in told if text == f"{first}. {second}."}
    assert after == {True}


def test_a_passage_without_an_answer_gives_its_nearest_sentence(reader: Reader) -> None:
    made = close([record("Why did a pump explode?", FERRY, "")], reader)
    assert {one.text for one in made} == {" ".join(FERRY.split(". ")[:2]).replace("noon ", "noon. ") + "."}
    assert {(one.gold, one.answerable, one.support) for one in made} == {((False,), False, 2)}


def test_a_search_finds_near_misses_in_passages_that_no_record_has_for_the_question(tmp_path: Path) -> None:
    asked = "when did the keeper's boat leave the lighthouse"
    harbour = "The keeper of the harbour lighthouse left it in May. She rows."
    records = [
        record(asked, LIGHTHOUSE, "1969"),
        record(f"{asked}?", f"{LIGHTHOUSE} The keeper's boat is the lighthouse's.", "1969"),
        record(asked, LIGHTHOUSE.replace("1969", "1970"), "1970", "nq-swap"),
        record("Who keeps the boat?", "The boat left the lighthouse of the keeper in 1970.", "keeper"),
        {**record("What is rowed?", harbour, "She"), "title": "A harbour"},
    ]
    example = Example("question", "qed", "g", asked, LIGHTHOUSE, ((0, 46),), (True,), True, head="Its own title")
    (found,) = Nearby(records, tmp_path).without_answer(example, random.Random(0))
    assert found.text == harbour.partition(" She")[0]
    assert (found.head, found.gold, found.answerable, found.support) == ("A harbour", (False,), False, 2)


def test_another_sentence_with_the_answer_is_no_near_miss(reader: Reader) -> None:
    text = "Ada Holt rows. Who steers the boat of the club, is it Ada Holt? The boat is new."
    made = close([record("Who steers the boat of the club?", text, "Ada Holt")], reader)
    assert not [one for one in made if one.text.endswith("is it Ada Holt?") and one.asked.startswith("Who steers")]


def test_of_our_own_questions_the_likeliest_other_sentences_are_taken(reader: Reader) -> None:
    sentences = tuple((s.start, s.end) for s in split_sentences(FERRY))
    gold = (False, True, False, False)
    asked = Example("question", "written", "g", "Why did the ferry hit the wall?", FERRY, sentences, gold, True)
    (reading,) = reader.read(asked.asked, [Passage(FERRY, sentences)])
    others = sorted((0, 2, 3), key=lambda i: -reading.sentences[i])[:NEAREST]
    made = list(close_examples([], [asked], reader, 1.0, random.Random(0)))
    assert [FERRY.index(one.text[slice(*one.sentences[0])]) for one in made] == [sentences[i][0] for i in (1, *others)]
    assert [one.gold for one in made] == [(True,), (False,), (False,)]
