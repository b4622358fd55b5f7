"""The type ``Question``, as a person or a program asks it, its checks, and which articles it searches."""

from dataclasses import dataclass, field, replace
from datetime import UTC, datetime

from assistant.question.follow_up import Earlier
from assistant.question.time_window import QuestionTime, overlap, read_question_time, until_moment, without_spans
from index.articles import Window
from index.errors import UsageError
from index.store.records import Selection

MAX_QUESTION_CHARACTERS = 2000


@dataclass(frozen=True, slots=True)
class Question:
    """A question, and the publication times that its answer may come from.

    Attributes:
        k: chunks that the evidence is drawn from; None takes the setting's number.
        history: earlier questions of the conversation and their answers, oldest first; they only help to understand
            this one, and are no evidence.
        as_of: the present, as "yesterday" and "last month" understand it; articles published later are not searched.
            Without a zone it is taken as UTC; None is now.
        source: only articles whose source is called so, capitals apart; empty takes all.
        author, title: only articles with all these words, or parts of words, in the author's name or in the title.
        tag: only articles filed under it.
        extractive: answer with the sentences themselves, without a language model.
    """

    text: str
    window: Window = field(default_factory=Window)
    k: int | None = None
    history: tuple[Earlier, ...] = ()
    as_of: datetime | None = None
    source: str = ""
    author: str = ""
    title: str = ""
    tag: str = ""
    extractive: bool = False

    @property
    def selection(self) -> Selection:
        """The articles that the caller lets be searched."""
        sources, tags = ((name,) if name else () for name in (self.source, self.tag))
        return Selection(sources, self.window, self.title, self.author, tags)


def checked(question: str | Question) -> Question:
    """The question without needless blanks, its window ending at the present that it is asked in.

    Raises:
        UsageError: it is empty or too long, or nothing can have been published in its window.
    """
    asked = Question(question) if isinstance(question, str) else question
    text = " ".join(asked.text.split())
    if not text:
        raise UsageError("the question is empty", 'ask something: assistant ask "Who did Blinken meet?"')
    if len(text) > MAX_QUESTION_CHARACTERS:
        raise UsageError(
            f"the question has {len(text)} characters, at most {MAX_QUESTION_CHARACTERS} are read",
            "ask a shorter question; texts to be searched belong into the index: assistant index add PATH",
        )
    window = asked.window if asked.as_of is None else overlap(asked.window, until_moment(asked.as_of))
    if window is None:
        raise UsageError(
            "only articles from after the present were asked for",
            "let the window begin before the day that as_of (--as-of) names",
        )
    return replace(asked, text=text, window=window)


@dataclass(frozen=True, slots=True)
class Scope:
    """Where an answer is looked for.

    Attributes:
        selection: the articles that are searched.
        time: what the question says about time.
        narrowed: whether the question's own words narrow the search to a period.
    """

    selection: Selection
    time: QuestionTime
    narrowed: bool

    def wording(self, question: str) -> str:
        """The question as it is read: a period that the search kept to is no part of that."""
        return without_spans(question, self.time.spans if self.narrowed else ())


def scope_of(asked: Question, standalone: str) -> Scope:
    """Where to look for an answer; the caller's window is never left.

    Args:
        standalone: the question's wording that stands alone.
    """
    time = read_question_time(standalone, asked.as_of or datetime.now(UTC))
    both = overlap(asked.window, time.window) if time.strict and time.window else None
    return Scope(replace(asked.selection, window=both or asked.window), time, both is not None)
