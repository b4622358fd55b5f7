"""Prices: ours, the user's, and what calls cost."""

from pathlib import Path
from typing import Any

import pytest
from langchain_core.messages import BaseMessage, HumanMessage

from assistant.llm.client import make_chat_model, stream_reply
from assistant.llm.prices import FREE, OURS, UNKNOWN, Price, Prices, Spent, cost_of, load_prices, spent_on
from assistant.llm.reply_json import UNCOUNTED, Usage
from assistant.render.cost import cost_in_words, dollars, spent_in_words, usage_in_words
from assistant.settings import Settings
from index.errors import ReplyError, SettingError
from tests.openai_server import OpenAIServer, Reply, Streamed

MESSAGES: list[BaseMessage] = [HumanMessage("Who won?")]
SCHEMA: dict[str, Any] = {
    "type": "object",
    "properties": {"S1": {"type": "string"}},
    "required": ["S1"],
    "additionalProperties": False,
}
USAGE = {
    "prompt_tokens": 1204,
    "completion_tokens": 96,
    "total_tokens": 1300,
    "prompt_tokens_details": {"cached_tokens": 1024},
}
GOOD = Streamed(['{"S1": "The Reds won."}'], usage=USAGE)
COST = (180 * 0.40 + 1024 * 0.10 + 96 * 1.60) / 1e6  # of GOOD with gpt-4.1-mini


def usage_of(*script: Reply, model: str = "gpt-4.1-mini", prices: Prices | None = None) -> Usage | None:
    """What a question took whose calls were answered by the script."""
    with OpenAIServer(*script) as server:
        chat = make_chat_model(Settings(retries=0), base_url=server.base_url, api_key=None, model=model)
        try:
            *_, last = stream_reply(chat, MESSAGES, SCHEMA, 99, prices or load_prices(None))
        except ReplyError as error:
            usage = error.usage
            assert isinstance(usage, Usage)
            return usage
        return last.usage


# What calls cost


def test_cached_tokens_have_a_price_of_their_own() -> None:
    usage = usage_of(GOOD)
    assert usage is not None
    assert usage.cost_usd == pytest.approx(COST)
    assert usage_in_words(usage) == "1,204 tokens read (1,024 cached), 96 written, $0.0003"


def test_without_a_price_for_them_cached_tokens_cost_as_much_as_others() -> None:
    price = Price(1, 2)
    assert cost_of(price, 1_000_000, 0, 400_000) == 1
    assert cost_of(price, 1_000_000, 1_000_000, None) == 3
    assert cost_of(Price(1, 2, 0.5), 100, 0, 200) == pytest.approx(50e-6)  # no server reads more again than it reads


def test_every_attempt_is_paid() -> None:
    usage = usage_of(Streamed(["The Reds won."], usage=USAGE), GOOD)
    assert usage is not None
    assert usage.calls == 2
    assert usage.cost_usd == pytest.approx(2 * COST)
    refused = usage_of(Streamed(["The Reds won."], usage=USAGE))
    assert refused is not None
    assert refused.prompt_tokens == 2408
    assert refused.cost_usd == pytest.approx(2 * COST)


def test_what_one_attempt_does_not_tell_is_not_taken_for_nothing() -> None:
    usage = usage_of(Streamed(["The Reds won."]), GOOD)
    assert usage is not None
    assert (usage.prompt_tokens, usage.cost_usd) == (1204, None)


def test_unknown_models_and_uncounted_tokens_have_no_known_cost() -> None:
    for usage in (usage_of(GOOD, model="m"), usage_of(Streamed(GOOD.pieces)), usage_of(GOOD, prices=UNKNOWN)):
        assert usage is not None
        assert usage.cost_usd is None
        assert usage_in_words(usage).endswith(" written, cost unknown")


def test_what_costs_nothing_costs_nothing_however_many_tokens() -> None:
    usage = usage_of(Streamed(GOOD.pieces), model="anything", prices=FREE)
    assert usage is not None
    assert usage.cost_usd == 0


# The files


def test_ours_have_every_price_and_its_date() -> None:
    listed = load_prices(None).listed
    assert {"gpt-4.1-mini", "gpt-4o-mini", "gpt-5-mini", "o4-mini", "claude-haiku-4-5"} <= listed.keys()
    for name, price in listed.items():
        assert price.as_of, name
        assert price.cached_input is not None, name
        assert 0 < price.cached_input < price.input < price.output, name


@pytest.mark.parametrize(
    ("name", "known"),
    [
        ("gpt-4.1-mini", True),
        ("gpt-4.1-mini-2025-04-14", True),
        ("claude-haiku-4-5-20251001", True),
        ("gpt-4.1-mini-preview", False),
        ("gpt-4.1-mini-2025", False),
        ("my-gpt-4.1-mini", False),
        ("", False),
    ],
)
def test_a_name_stands_for_its_dated_versions_and_nothing_else(name: str, known: bool) -> None:
    assert (load_prices(None).of(name) is not None) == known


def test_the_users_file_counts_before_ours(tmp_path: Path) -> None:
    own = tmp_path / "prices.toml"
    own.write_text('m = { input = 1, output = 2 }\n"gpt-4.1-mini" = { input = 9.0, output = 9.0 }\n')
    prices = load_prices(own)
    assert prices.of("m") == Price(1, 2)
    assert prices.of("gpt-4.1-mini") == Price(9, 9)
    assert prices.of("gpt-4.1") == load_prices(None).of("gpt-4.1")


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("m = { input = 1, output = 2 }\nn = = 3", "not valid TOML: Invalid value (at line 2, column 5)"),
        ("m = 3", 'price of "m": input should be a dictionary'),
        ("m = { input = 1 }", 'price of "m", output: field required'),
        ("m = { input = -1, output = 2 }", 'price of "m", input: input should be greater than or equal to 0'),
        ('m = { input = "1", output = 2 }', 'price of "m", input: input should be a valid number'),
        ("m = { input = nan, output = 2 }", 'price of "m", input: input should be'),
        ("m = { input = true, output = 2 }", 'price of "m", input: input should be a valid number'),
        ("m = { input = 1, output = 2, cached = 3 }", 'price of "m", cached: unexpected keyword argument'),
    ],
)
def test_a_wrong_file_is_named_with_its_entry(tmp_path: Path, text: str, told: str) -> None:
    own = tmp_path / "prices.toml"
    own.write_text(text)
    with pytest.raises(SettingError) as caught:
        load_prices(own)
    assert caught.value.problem.startswith(f"{own}: {told}")
    assert "cached_input" in caught.value.remedy


def test_a_file_that_is_not_there_is_a_wrong_setting(tmp_path: Path) -> None:
    with pytest.raises(SettingError, match=r"prices\.toml: prices cannot be read: No such file") as caught:
        load_prices(tmp_path / "prices.toml")
    assert "ASSISTANT_PRICES" in caught.value.remedy


def test_ours_is_packaged_beside_its_module() -> None:
    assert OURS.is_file()


# In words


@pytest.mark.parametrize(
    ("amount", "words"),
    [
        (0, "$0"),
        (0.00000412, "$0.000004"),
        (0.00033, "$0.0003"),
        (0.0131, "$0.0131"),
        (0.5, "$0.5000"),
        (1, "$1.00"),
        (1234.5, "$1,234.50"),
    ],
)
def test_amounts_keep_their_first_digit(amount: float, words: str) -> None:
    assert dollars(amount) == words


def test_several_answers_tell_what_is_not_known() -> None:
    known, unpriced = Usage(1000, 50, 200, 1, 0.25), Usage(500, 10, None, 2)
    assert spent_in_words(spent_on([known, None])) == (
        "2 answers: 1 call, 1,000 tokens read (200 cached), 50 written, $0.2500"
    )
    assert spent_in_words(spent_on([known, unpriced, UNCOUNTED])) == (
        "3 answers: 4 calls, at least 1,500 tokens read (200 cached), 60 written, "
        "at least $0.2500 (2 answers of unknown cost)"
    )
    assert cost_in_words(spent_on([unpriced])) == "cost unknown"
    assert cost_in_words(Spent()) == "$0"
