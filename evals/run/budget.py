"""Tracks what a run has cost, and stops it at its budget."""

from collections.abc import Iterable
from dataclasses import replace

from assistant.llm.client import only_model
from assistant.llm.prices import FORM, Spent, load_prices, spent_on
from assistant.llm.reply_json import UNCOUNTED, Usage
from assistant.settings import LOCAL, Settings, reveal
from evals.run.provenance import EXTRACTIVE
from evals.run.records import Record, Run
from index.errors import UsageError


class Budget:
    """Most that a run may cost, with what was recorded before.

    Args:
        limit: US dollars.
        before: records of earlier sittings.
    """

    def __init__(self, limit: float, run: Run, before: Iterable[Record]) -> None:
        self.limit = limit
        self._run = run
        self.spent = spent_on_records(run, before)

    @property
    def reached(self) -> bool:
        """Whether no further question may be asked."""
        return not self.spent.cost_usd < self.limit  # so put, a limit that is no number is reached at once

    def add(self, record: Record) -> None:
        """Count a new record.

        Raises:
            UsageError: the server tells nobody how many tokens it reads and writes.
        """
        usage = usage_of(self._run, record)
        self.spent = self.spent.plus(usage)
        if record.answer is not None and usage and usage.cost_usd is None and not self.spent.prompt_tokens:
            raise UsageError(
                "the server does not say how many tokens it reads and writes, so that no --budget can be kept",
                "leave out --budget; what was asked is recorded",
            )


def check_price(settings: Settings) -> None:
    """Make sure that a budget can be kept.

    Raises:
        UsageError: the price of the chat model is not known.
        ServiceError: the server cannot be asked for its only model.
    """
    if settings.uses_local_llm:
        return
    prices = load_prices(settings.prices)
    key = reveal(settings.api_key)
    model = settings.chat_model or only_model(str(settings.base_url), key, settings.timeout_seconds)
    if prices.of(model) is None:
        entry = FORM.replace("NAME", model)
        raise UsageError(
            f"what {model} costs is not known, so that no --budget can be kept",
            f"Write its price into a file and name that file by ASSISTANT_PRICES: {entry}",
        )


def spent_on_records(run: Run, records: Iterable[Record]) -> Spent:
    """What records of a run took together."""
    return spent_on(usage_of(run, record) for record in records)


def usage_of(run: Run, record: Record) -> Usage | None:
    """What a question took; None when no language model was asked. Of a question that failed nothing is known."""
    if record.answer is None:
        return replace(UNCOUNTED, cost_usd=0.0) if run.info.provenance.model in {LOCAL, EXTRACTIVE} else UNCOUNTED
    found = record.answer["usage"]
    if found is None:
        return None
    # Records of earlier versions lack some of it.
    return Usage(**{"cached_tokens": None, "calls": 0, **found})
