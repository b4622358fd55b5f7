"""What the articles of several shards have in common: counts, sources and days."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from index.lifecycle.check import SHOWN, CheckReport
from index.shards.asking import ask_each
from index.shards.shard import Shard
from index.store.records import Entry, Selection, called_so


@dataclass(frozen=True, slots=True)
class KnownOfShards:
    """What there is to select from in all shards; asks them anew each time."""

    shards: Sequence[Shard]

    def counts(self, selection: Selection | None = None) -> tuple[int, int]:
        """Number of articles and of chunks; of the selected ones, if some are."""
        found = ask_each(self.shards, lambda shard: shard.counts(selection or Selection())).values()
        return sum(one.articles for one in found), sum(one.chunks for one in found)

    def sources(self, called: Sequence[str] = ()) -> tuple[str, ...]:
        """The names of all sources; or of those called so but for capitals, as given where there are none."""
        found = ask_each(self.shards, lambda shard: shard.sources())
        return called_so(sorted({name for names in found.values() for name in names}), called)

    def days(self) -> tuple[str, str]:
        """The first and the last day of publication, ISO 8601; empty when no article has one."""
        found = [days for days in ask_each(self.shards, lambda shard: shard.days()).values() if days[0]]
        return min((first for first, _ in found), default=""), max((last for _, last in found), default="")


def oldest_first(entries: Iterable[Entry]) -> tuple[Entry, ...]:
    """Articles by time of publication and id, those without a date last, as a catalog lists them."""

    def place(entry: Entry) -> tuple[bool, int, str]:
        published = entry.info.published_at
        return published is None, published or 0, entry.info.id

    return tuple(sorted(entries, key=place))


def check_all(shards: Sequence[Shard], homes: Sequence[set[str]], found: Sequence[CheckReport]) -> CheckReport:
    """What checks of shards found, as one.

    Args:
        homes: for each shard the ids of its articles that belong to other shards.
    """
    problems: list[str] = []
    for shard, strangers, report in zip(shards, homes, found, strict=True):
        problems += [f"{shard.name}: {problem}" for problem in report.problems]
        if strangers:
            named = ", ".join(sorted(strangers)[:SHOWN])
            problems.append(f"{shard.name}: {len(strangers)} articles belong to other shards: {named}")
    articles, chunks, undone = (sum(getattr(one, name) for one in found) for name in ("articles", "chunks", "undone"))
    return CheckReport(articles, chunks, undone, tuple(problems))
