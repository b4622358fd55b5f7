"""What the reader is trained on: claims made by rule, our own questions, and examples as tokens."""

import random
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from assistant.embedded.provider import ModelProvider
from evals.reader.claim_pairs import RULES, pairs, past
from evals.reader.examples import claim
from evals.reader.tokens import load, save, tokenised
from evals.reader.wikinews import WRITTEN, groups, read_lines

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
