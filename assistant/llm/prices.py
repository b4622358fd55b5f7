"""What language models cost: prices by name, the cost of a call, and sums over answers."""

import re
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from functools import cache
from pathlib import Path
from typing import Annotated, Any

from pydantic import ConfigDict, Field, TypeAdapter, ValidationError

from assistant.llm.reply_json import Usage
from index.errors import SettingError

OURS = Path(__file__).with_name("prices.toml")
MILLION = 1_000_000
FORM = '"NAME" = { input = 0.40, cached_input = 0.10, output = 1.60 }'
_DATED = re.compile(r"-(?:\d{4}-\d{2}-\d{2}|\d{8})$")

Dollars = Annotated[float, Field(strict=True, ge=0, allow_inf_nan=False)]


@dataclass(frozen=True, slots=True)
class Price:
    """US dollars for a million tokens.

    Attributes:
        cached_input: of tokens that the server had read before; None when they cost as much as others.
        as_of: when it was looked up; None when nobody says.
    """

    __pydantic_config__ = ConfigDict(extra="forbid")

    input: Dollars
    output: Dollars
    cached_input: Dollars | None = None
    as_of: date | None = None


@dataclass(frozen=True, slots=True)
class Prices:
    """Prices by the name of the model.

    Attributes:
        other: the price of every model that is not listed; None when that is not known.
    """

    listed: Mapping[str, Price] = field(default_factory=dict)
    other: Price | None = None

    def of(self, model: str) -> Price | None:
        """The price of a model, under its own name or without the date at its end; None when it is not known."""
        return self.listed.get(model) or self.listed.get(_DATED.sub("", model)) or self.other


UNKNOWN = Prices()
FREE = Prices(other=Price(0, 0))


def load_prices(own: Path | None) -> Prices:
    """Our prices, with those of the user's file before them.

    Raises:
        SettingError: the file cannot be read, is not TOML, or has an entry that is no price; names file and entry.
    """
    return Prices({**_read(OURS), **(_read(own) if own else {})})


def cost_of(price: Price | None, read: int | None, written: int | None, cached: int | None) -> float | None:
    """What tokens cost in US dollars; None when the price or a count is not known.

    Args:
        cached: those of ``read`` that the server had read before; None counts as none, which costs most.
    """
    if price is None:
        return None
    if price.input == price.output == 0:
        return 0.0
    if read is None or written is None:
        return None
    again = min(cached or 0, read)
    cached_input = price.input if price.cached_input is None else price.cached_input
    return ((read - again) * price.input + again * cached_input + written * price.output) / MILLION


@dataclass(frozen=True, slots=True)
class Spent:
    """What several answers took together, as far as it is known.

    Attributes:
        answers: all of them, with those for which no language model was asked.
        prompt_tokens, completion_tokens, cached_tokens, calls: as of ``Usage``.
        uncounted: answers whose tokens are not all known.
        cost_usd: of the answers whose cost is known.
        unknown: answers of unknown cost.
    """

    answers: int = 0
    calls: int = 0
    prompt_tokens: int = 0
    completion_tokens: int = 0
    cached_tokens: int = 0
    uncounted: int = 0
    cost_usd: float = 0.0
    unknown: int = 0

    def plus(self, usage: Usage | None) -> "Spent":
        """With one more answer; None when no language model was asked for it."""
        usage = usage or Usage(0, 0, 0, 0, 0.0)
        return Spent(
            self.answers + 1,
            self.calls + usage.calls,
            self.prompt_tokens + (usage.prompt_tokens or 0),
            self.completion_tokens + (usage.completion_tokens or 0),
            self.cached_tokens + (usage.cached_tokens or 0),
            self.uncounted + (usage.prompt_tokens is None or usage.completion_tokens is None),
            self.cost_usd + (usage.cost_usd or 0),
            self.unknown + (usage.cost_usd is None),
        )


def spent_on(usages: Iterable[Usage | None]) -> Spent:
    """What answers took together."""
    spent = Spent()
    for usage in usages:
        spent = spent.plus(usage)
    return spent


@cache
def _adapter() -> TypeAdapter[Price]:
    return TypeAdapter(Price)


def _read(path: Path) -> dict[str, Price]:
    try:
        found = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        problem = f"{path}: prices cannot be read: {error.strerror}"
        raise SettingError(problem, "Correct or unset the setting prices (ASSISTANT_PRICES).") from error
    except ValueError as error:  # not UTF-8, or TOMLDecodeError, "… (at line 3, column 7)"
        raise SettingError(f"{path}: not valid TOML: {error}", f"Write each price as {FORM}.") from error
    return {name: _price(path, name, entry) for name, entry in found.items()}


def _price(path: Path, name: str, entry: Any) -> Price:
    try:
        return _adapter().validate_python(entry)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        place = ", ".join((f'price of "{name}"', *map(str, first["loc"])))
        said = first["msg"][0].lower() + first["msg"][1:]
        raise SettingError(f"{path}: {place}: {said}", f"Write each price as {FORM}.") from error
