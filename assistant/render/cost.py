"""Tokens and cost in words; pure functions, the same for one answer, a conversation and an evaluation run."""

import math

from assistant.llm.prices import Spent
from assistant.llm.reply_json import Usage

LEAST_DECIMALS = 4  # of amounts below a dollar


def dollars(amount: float) -> str:
    """``$0.0006``, ``$12.34``; of small amounts the first digit that is not 0."""
    if not 0 < amount < 1:
        return f"${amount:,.2f}" if amount else "$0"
    return f"${amount:.{max(LEAST_DECIMALS, -math.floor(math.log10(amount)))}f}"


def usage_in_words(usage: Usage) -> str:
    """``1,204 tokens read (1,024 cached), 96 written, $0.0003``."""
    read, written = map(_or_unknown, (usage.prompt_tokens, usage.completion_tokens))
    cost = "cost unknown" if usage.cost_usd is None else dollars(usage.cost_usd)
    return f"{read} tokens read{_cached(usage.cached_tokens)}, {written} written, {cost}"


def spent_in_words(spent: Spent, what: str = "answer") -> str:
    """``3 answers: 4 calls, 3,204 tokens read, 310 written, at least $0.0031 (2 answers of unknown cost)``.

    Args:
        what: was answered: a singular that an ``s`` makes a plural.
    """
    least = "at least " if spent.uncounted else ""
    tokens = f"{spent.prompt_tokens:,} tokens read{_cached(spent.cached_tokens)}, {spent.completion_tokens:,} written"
    calls = _counted(spent.calls, "call")
    return f"{_counted(spent.answers, what)}: {calls}, {least}{tokens}, {cost_in_words(spent, what)}"


def cost_in_words(spent: Spent, what: str = "answer") -> str:
    """``$0.0031``, ``at least $0.0031 (2 answers of unknown cost)``, or ``cost unknown``."""
    if not spent.unknown:
        return dollars(spent.cost_usd)
    if not spent.cost_usd:
        return "cost unknown"
    return f"at least {dollars(spent.cost_usd)} ({_counted(spent.unknown, what)} of unknown cost)"


def _counted(count: int, what: str) -> str:
    return f"{count:,} {what}{'' if count == 1 else 's'}"


def _cached(count: int | None) -> str:
    return f" ({count:,} cached)" if count else ""


def _or_unknown(count: int | None) -> str:
    return "an unknown number of" if count is None else f"{count:,}"
