"""The filters of the chat: ``/since``, ``/until`` and ``/source`` limit which articles are searched."""

import difflib
from collections.abc import Sequence
from dataclasses import dataclass, replace

from assistant.render.answer import readable_date
from index.articles import Window, epoch_seconds, until_seconds, window_of
from index.errors import UsageError

MOST_NAMED = 8


@dataclass(frozen=True, slots=True)
class Limits:
    """Days of publication, both included, and the source; empty is no limit."""

    since: str = ""
    until: str = ""
    source: str = ""

    @property
    def window(self) -> Window:
        return window_of(self.since, self.until)

    @property
    def words(self) -> str:
        """``since 1 November 2023 · from World Desk``; empty without a limit."""
        since = f"since {readable_date(self.since)}" if self.since else ""
        until = f"until {readable_date(self.until)}" if self.until else ""
        source = f"from {self.source}" if self.source else ""
        return " · ".join(part for part in (since, until, source) if part)

    def from_day(self, text: str) -> "Limits":
        """With another first day; empty takes it away.

        Raises:
            UsageError: it is no date, or after the last day.
        """
        return _in_order(replace(self, since=_date("/since", text)))

    def to_day(self, text: str) -> "Limits":
        """With another last day; empty takes it away.

        Raises:
            UsageError: it is no date, or before the first day.
        """
        return _in_order(replace(self, until=_date("/until", text)))

    def of_source(self, text: str, sources: Sequence[str]) -> "Limits":
        """With another source, named in any case or by a part of its name; empty takes it away.

        Args:
            sources: those of the index.

        Raises:
            UsageError: none of them is meant, or several are.
        """
        folded = text.casefold()
        exact = [source for source in sources if source.casefold() == folded]
        meant = exact or [source for source in sources if folded in source.casefold()]
        if text and len(meant) != 1:
            near = meant or difflib.get_close_matches(text, sources, n=3, cutoff=0.4) or list(sources)
            problem = f"{len(meant)} sources are called so: {text}" if meant else f"there is no source {text}"
            raise UsageError(problem, f"name one of: {', '.join(near[:MOST_NAMED])}")
        return replace(self, source=meant[0] if text else "")


def _date(command: str, text: str) -> str:
    try:
        if text:
            epoch_seconds(text)
    except ValueError as error:
        raise UsageError(f"{text} is not a date", f"write it as {command} 2023-11-09") from error
    return text


def _in_order(limits: Limits) -> Limits:
    if limits.since and limits.until and epoch_seconds(limits.since) >= until_seconds(limits.until):
        raise UsageError(f"no day is inside: {limits.words}", "take one of them away: /since or /until without a date")
    return limits
