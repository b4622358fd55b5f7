"""The type ``Outcome``: what happened to one question; the input of every metric."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from evals.questions.schema import Question, Span

# A cited sentence and a gold span are the same place when they share at least half of the shorter one: sentence
# splitters differ at the edges, and the gold of extractive sets is a phrase inside the sentence.
MIN_SHARED = 0.5


@dataclass(frozen=True, slots=True)
class Passage:
    """A piece of an article that was cited or retrieved; offsets in characters of the article's text.

    Attributes:
        number: the citation's number, or the hit's rank from 1.
        before: title, source and date of its article, and the text before, which say whom and when it means.
    """

    number: int
    article: str
    start: int
    end: int
    text: str
    before: str = ""

    @property
    def place(self) -> tuple[str, int, int]:
        return self.article, self.start, self.end


@dataclass(frozen=True, slots=True)
class Statement:
    """One claim of an answer and the numbers of the citations that it points at."""

    text: str
    citations: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Outcome:
    """A question with its gold, and what the system made of it.

    Attributes:
        answered: the system gave an answer; False is a refusal (or a failure, when ``error`` is set).
        status: what the system calls it, as ``assistant.Status`` does; empty when it does not say.
        statements: the claims as they were shown.
        citations: the sources as they were shown.
        beside: sentences that were shown with a refusal as the nearest ones.
        ranked: what was retrieved, best first; None when the system does not say.
        confidence: higher is surer; None when the system does not say.
        seconds: stage → time taken.
        cost_usd: US dollars for the chat model; 0 when it was not asked, None when that is not known.
        matches: nugget of the question → probability that the answer states it; empty without an answer.
        unmatched: why ``matches`` is not known; empty when it is.
        error: why the question failed, such as a time-out; empty when it did not.
    """

    question: Question
    answered: bool = False
    status: str = ""
    statements: tuple[Statement, ...] = ()
    citations: tuple[Passage, ...] = ()
    beside: tuple[Passage, ...] = ()
    ranked: tuple[Passage, ...] | None = ()
    confidence: float | None = None
    seconds: Mapping[str, float] = field(default_factory=dict)
    prompt_tokens: int | None = None
    completion_tokens: int | None = None
    cost_usd: float | None = None
    matches: Mapping[str, float] = field(default_factory=dict)
    unmatched: str = ""
    error: str = ""

    @property
    def failed(self) -> bool:
        return bool(self.error)

    @property
    def refused(self) -> bool:
        return not self.answered and not self.failed

    @property
    def text(self) -> str:
        """The answer without citation numbers; empty when there is none."""
        return " ".join(statement.text for statement in self.statements) if self.answered else ""


def same_place(passage: Passage, span: Span) -> bool:
    """Whether a passage and a gold span stand for the same place of the same article.

    Raises:
        ValueError: the span has no offsets; anchor the questions first.
    """
    if span.start is None or span.end is None:
        raise ValueError(f"gold span {span.text[:40]!r} of {span.article} has no offsets")
    if passage.article != span.article:
        return False
    shared = min(passage.end, span.end) - max(passage.start, span.start)
    return shared > 0 and shared >= MIN_SHARED * min(passage.end - passage.start, span.end - span.start)
