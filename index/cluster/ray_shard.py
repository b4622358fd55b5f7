"""The interface of a shard, over a Ray actor that runs it on the machine of its folder."""

from collections.abc import Callable, Sequence

from index.cluster.actors import ActorOfShard
from index.embed.local import Vectors
from index.lifecycle.check import CheckReport
from index.lifecycle.namesakes import Incoming
from index.lifecycle.rebuild import Rebuilt
from index.retrieve.pipeline import Current
from index.shards.shard import Added, Asked, Candidates, Counts, Made, Previewed
from index.store.bm25 import WordStatistics
from index.store.records import Entry, IndexStatus, Scored, Selection, Stored


class RayShard:
    """A shard on another machine of a cluster; each method does what the one of ``Shard`` does, over there.

    May be used from several threads, and of several programs at once.
    """

    def __init__(self, actor: ActorOfShard) -> None:
        self.name = actor.name
        self._call = actor.call
        self._let_go = actor.let_go

    def made(self) -> Made:
        """What it was made with; reads the catalog alone."""
        found: Made = self._call("made")
        return found

    def statistics(self, question: str) -> WordStatistics:
        """What its words are worth, for those of a question."""
        found: WordStatistics = self._call("statistics", question)
        return found

    def candidates(self, asked: Asked) -> Candidates:
        """The best rows for a question, with distances and BM25 scores."""
        found: Candidates = self._call("candidates", asked)
        return found

    def scores(self, asked: Asked, keys: Sequence[str]) -> dict[str, float]:
        """Row key → BM25 score by shared statistics, for the rows that are there."""
        found: dict[str, float] = self._call("scores", asked, keys)
        return found

    def current(self, keys: Sequence[str], store: int) -> Current:
        """The chunks of rows that were found in a store, as far as they still count."""
        found: Current = self._call("current", keys, store)
        return found

    def near(self, vectors: Vectors, limit: int) -> tuple[tuple[Scored, ...], ...]:
        """For each vector the rows nearest to it with their distances."""
        found: tuple[tuple[Scored, ...], ...] = self._call("near", vectors, limit)
        return found

    def preview(self, articles: Sequence[Incoming]) -> tuple[Previewed, ...]:
        """What ``add`` would do with each article, in their order; writes nothing."""
        found: tuple[Previewed, ...] = self._call("preview", articles)
        return found

    def add(self, articles: Sequence[Incoming]) -> Added:
        """Add articles, with the vectors that they bring or else embedded there; commits them before it returns."""
        done: Added = self._call("add", articles)
        return done

    def take(self, articles: Sequence[Stored]) -> int:
        """Copy articles of another index, those that are not there yet; their number."""
        done: int = self._call("take", articles)
        return done

    def finish(self) -> None:
        """Let other writers in."""
        self._call("finish")

    def list(self, selection: Selection | None = None) -> tuple[Entry, ...]:
        """The selected articles, oldest first."""
        found: tuple[Entry, ...] = self._call("list", selection)
        return found

    def get(self, article_ids: Sequence[str]) -> tuple[Stored, ...]:
        """Articles with texts, vectors and origins, those that are there, in this order."""
        found: tuple[Stored, ...] = self._call("get", article_ids)
        return found

    def known(self, article_ids: Sequence[str]) -> tuple[str, ...]:
        """Which of the ids are there."""
        found: tuple[str, ...] = self._call("known", article_ids)
        return found

    def remove(self, article_ids: Sequence[str]) -> None:
        """Remove articles; those that are not there are gone already."""
        self._call("remove", article_ids)

    def origins_below(self, folders: Sequence[str]) -> tuple[tuple[str, str], ...]:
        """(article id, file) for all that was read from folders."""
        found: tuple[tuple[str, str], ...] = self._call("origins_below", folders)
        return found

    def forget(self, gone: Sequence[tuple[str, str]], *, dry_run: bool) -> tuple[str, ...]:
        """Note that articles are no longer in files; the ids of those that are in no other, which are removed."""
        found: tuple[str, ...] = self._call("forget", gone, dry_run=dry_run)
        return found

    def counts(self, selection: Selection) -> Counts:
        """How many articles and chunks are selected."""
        found: Counts = self._call("counts", selection)
        return found

    def sources(self) -> tuple[str, ...]:
        """The names of the sources."""
        found: tuple[str, ...] = self._call("sources")
        return found

    def days(self) -> tuple[str, str]:
        """The first and the last day of publication, ISO 8601; empty where no article has one."""
        found: tuple[str, str] = self._call("days")
        return found

    def status(self) -> IndexStatus:
        """How it stands."""
        found: IndexStatus = self._call("status")
        return found

    def check(self) -> CheckReport:
        """Compare all that is stored; an interrupted commit is undone first."""
        found: CheckReport = self._call("check")
        return found

    def rebuild(self, progress: Callable[[Rebuilt], None] | None = None) -> Rebuilt:
        """Make it anew from its own articles; ``progress`` is told once, at the end."""
        done: Rebuilt = self._call("rebuild")
        if progress:
            progress(done)
        return done

    def close(self) -> None:
        """Let go of the actor, which goes on serving others."""
        self._let_go()
